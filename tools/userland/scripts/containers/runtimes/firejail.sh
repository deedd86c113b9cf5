# about: firejail: a sandbox with its filter, without capabilities, with private and read-only folders
# equal: amd64 i386
# mask: [0-9.]+ ms$ => T
# packages: firejail
# seconds: 180
# In a pid namespace without kernel threads firejail starts no sandbox: one process has the name of such a thread.
cp /bin/sleep kthreadd; echo 4 >/proc/sys/kernel/ns_last_pid; ./kthreadd 100 & cat /proc/5/comm
firejail --noprofile --seccomp --caps.drop=all --nonewprivs sh -c 'grep -E "Seccomp:|CapEff|NoNewPrivs" /proc/self/status; id -u' 2>&1 || echo status $?; firejail --quiet --noprofile --seccomp.drop=mkdir,mkdirat sh -c 'mkdir /w/x && echo made || echo denied' 2>&1 || echo status $?
firejail --quiet --noprofile --private sh -c 'ls -a ~ | wc -l' 2>&1 || echo status $?; firejail --quiet --noprofile --read-only=/w sh -c 'touch /w/y && echo made || echo read-only' 2>&1; firejail --quiet --noprofile --blacklist=/etc/hostname cat /etc/hostname 2>&1 || echo status $?; firejail --quiet --noprofile --seccomp.keep=read,write,exit_group,execve,brk,mmap,openat,close,fstat,newfstatat,mprotect,munmap,access,arch_prctl,prctl,set_tid_address,set_robust_list,rseq,prlimit64,getrandom,pread64,fadvise64,statx,ioctl,futex,uname,rt_sigaction,rt_sigprocmask,dup2,getuid,getgid,geteuid,getegid,getpid,getppid cat /w/kthreadd 2>&1 | wc -c; firejail --version | head -n 1; kill 5 2>/dev/null || :
