# about: gpg with its agent: keys, signatures, encryption
# equal: amd64 i386
# packages: gnupg gpgv
# seconds: 180
export GNUPGHOME=/w/g; mkdir -m 700 g; seq 10 >n; gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-gen-key t@x ed25519 sign 2>/dev/null; gpg -q --list-keys --with-colons | cut -d: -f1 | sort | uniq -c; gpg -q --batch -s -b n; gpg --verify n.sig 2>&1 | grep -c Good
gpg -q --batch --pinentry-mode loopback --passphrase pw -c n; gpg -q --batch --pinentry-mode loopback --passphrase pw -d n.gpg | md5sum; gpg --batch --pinentry-mode loopback --passphrase no -d n.gpg >/dev/null 2>&1 || echo status $?; gpg --print-md sha256 n; gpg --version | head -n 1; gpgconf --kill all; gpgv --keyring /w/g/pubring.kbx n.sig n 2>&1 | grep -c Good
