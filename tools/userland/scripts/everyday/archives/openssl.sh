# about: openssl: digests, ciphers, RSA and EC keys, certificates, a TLS connection
# equal: amd64 i386
# packages: openssl
# seconds: 120
seq 1000 >n; for d in md5 sha1 sha256 sha512 sha3-256 blake2b512; do openssl dgst -$d n; done
for c in aes-128-cbc camellia-128-cbc; do openssl enc -$c -K 000102030405060708090a0b0c0d0e0f -iv 000102030405060708090a0b0c0d0e0f -in n | md5sum; done; openssl enc -chacha20 -K 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f -iv 000102030405060708090a0b0c0d0e0f -in n | md5sum
openssl ecparam -genkey -name prime256v1 -out k; openssl req -x509 -new -key k -subj /CN=localhost -days 3650 -out c; openssl x509 -in c -noout -subject; openssl verify -CAfile c c; openssl pkeyutl -sign -inkey k -in n -rawin -out s; openssl pkeyutl -verify -pubin -inkey k -in n -rawin -sigfile s 2>/dev/null || openssl pkeyutl -verify -inkey k -in n -rawin -sigfile s
openssl genrsa 1024 2>/dev/null | openssl rsa -noout -check 2>&1; echo pw | openssl passwd -6 -salt abc -stdin; openssl rand 16 | wc -c; openssl prime 97; openssl version; openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt pass:p -kdfopt salt:s -kdfopt iter:1000 PBKDF2
openssl s_server -accept 4433 -cert c -key k -www -quiet >/dev/null 2>&1 & sleep 2; printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect 127.0.0.1:4433 -CAfile c -quiet -verify_quiet 2>/dev/null | grep -m1 -o 'HTTP/1.0 200'; kill $!
