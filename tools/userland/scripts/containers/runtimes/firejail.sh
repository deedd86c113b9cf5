# about: firejail: a private sandbox with its seccomp filter and without capabilities
# mask: 1ff[ef]effffff|1ffffffffff => ALL
# packages: firejail
# seconds: 180
firejail --quiet --noprofile --seccomp --caps.drop=all --nonewprivs sh -c 'grep -E "Seccomp:|CapEff|NoNewPrivs" /proc/self/status; id -u' 2>&1 || echo status $?; firejail --quiet --noprofile --seccomp.drop=mkdir,mkdirat sh -c 'mkdir /w/x && echo made || echo denied' 2>&1 || echo status $?; firejail --quiet --noprofile --private sh -c 'ls -a ~ | wc -l' 2>&1 || echo status $?; firejail --quiet --noprofile --read-only=/w sh -c 'touch /w/y && echo made || echo read-only' 2>&1; firejail --quiet --noprofile --blacklist=/etc/hostname cat /etc/hostname 2>&1 || echo status $?; firejail --version | head -n 1
