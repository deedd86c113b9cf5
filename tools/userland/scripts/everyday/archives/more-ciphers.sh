# about: age, minisign, signify, certtool, rhash, b3sum,, gnutls
# equal: amd64 i386
# packages: age minisign gnutls-bin rhash signify-openbsd
# seconds: 120
seq 500 >n; age-keygen -o k 2>/dev/null; age -r "$(grep -o 'age1.*' k)" -o n.age n; age -d -i k n.age | md5sum; minisign -G -W -p p -s s >/dev/null 2>&1; minisign -S -s s -m n -t c >/dev/null 2>&1; minisign -V -p p -m n | head -n 1; signify-openbsd -G -n -p q.pub -s q.sec; signify-openbsd -S -s q.sec -m n -x n.sig; signify-openbsd -V -p q.pub -m n -x n.sig; rhash --sha3-256 --crc32 --tiger --bsd n; certtool --generate-privkey --key-type ed25519 --outfile g 2>/dev/null; certtool -k --infile g | head -n 3 | grep -i algorithm; gnutls-cli --list | grep -c TLS
