# about: ssh-keygen, ssh-agent, ssh-add, ssh
# equal: amd64 i386
# packages: openssh-client
for t in ed25519 ecdsa rsa; do ssh-keygen -q -t $t -N '' -f k_$t -C c; ssh-keygen -l -f k_$t | cut -d' ' -f1,3,4; done; ssh-keygen -y -f k_rsa | cut -d' ' -f1; ssh-keygen -q -p -P '' -N newpass -f k_rsa | tail -n 1; echo data >d; ssh-keygen -q -Y sign -n file -f k_ed25519 d 2>/dev/null
printf 'c %s\n' "$(cat k_ed25519.pub)" >allowed; ssh-keygen -Y verify -f allowed -I c -n file -s d.sig <d | cut -d' ' -f1-4; eval "$(ssh-agent -s)" >/dev/null; ssh-add -q k_ed25519; ssh-add -l | cut -d' ' -f1,3,4; ssh-agent -k | tail -n 1 | cut -c1-10; ssh -Q kex | head -n 2; ssh -V 2>&1 | cut -c1-8; ssh -o BatchMode=yes -p 1 127.0.0.1 true || echo status $?
