# about: sshd, ssh, scp, sftp over the loopback, with keys and a pseudo-terminal
# equal: amd64 i386
# packages: openssh-server openssh-client
# seconds: 180
mkdir -p /run/sshd ~/.ssh; chmod 700 ~/.ssh; ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys; printf 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\nPort 2222\n' >~/.ssh/config
[ -f /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd -p 2222 -o ListenAddress=127.0.0.1 -o UsePAM=no; sleep 1; ssh 127.0.0.1 'echo in; echo $SSH_CONNECTION | cut -d" " -f1,4; exit 3' || echo status $?; seq 1000 | ssh 127.0.0.1 'wc -l'; ssh -tt 127.0.0.1 'tty; stty size' </dev/null | tr -d '\r'; seq 100 >f; scp -q f 127.0.0.1:/w/g; cmp f g && echo copied
printf 'put f h\nls -1 /w\nget g k\n' | sftp -q -b - 127.0.0.1:/w | grep -v '^sftp>'; cmp k f && echo sftp; ssh -fN -L 7000:127.0.0.1:7001 127.0.0.1; kill "$(cat /run/sshd.pid)"; ssh 127.0.0.1 true || echo status $?
