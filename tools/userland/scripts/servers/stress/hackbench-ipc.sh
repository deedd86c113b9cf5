# about: stress-ng: messages, shared memory, sockets, timers, locks, files with verification
# equal: amd64 i386
# packages: stress-ng
# seconds: 400
for s in msg shm sem-sysv sock udp eventfd flock lockf rename link symlink dup kill sigq clock itimer mq epoll; do stress-ng --$s 1 --$s-ops 20 --verify -t 20 --temp-path /w >log 2>&1 && echo $s ok || { echo $s status $?; tail -n 2 log; }; done
