# about: timeout, nice, nohup, stdbuf, env, kill, sleep, tee, yes, chroot, id, tty, uname, limits
# equal: amd64 i386
# packages: coreutils
timeout 0.2 sleep 5 || echo status $?; timeout -s KILL 0.2 sleep 5 || echo status $?; nice -n 5 nice; nohup echo hi </dev/null 2>/dev/null
yes | head -n 3; seq 3 | tee copy | tac; cat copy; stdbuf -oL tr 12 ab <copy; id; tty || echo status $?; uname -s -m; arch
env -u HOME -C / pwd; chroot / /bin/echo in; sleep 5 & kill $!; wait $! || echo status $?; pwd; printenv HOME; logname 2>/dev/null || echo no login name
sh -c 'kill -SEGV $$' || echo status $?; sh -c 'ulimit -n 64; ulimit -n'; sh -c 'umask 027; touch m; stat -c %a m'; stty size </dev/null 2>&1 || echo status $?
timeout --preserve-status -k 1 0.2 sh -c 'trap "echo term; exit 3" TERM; sleep 1 & wait' || echo status $?; sh -c 'ulimit -t 1; ulimit -t'; whoami; groups; hostid | wc -c
sh -c 'ulimit -f 4; head -c 100000 /dev/zero >big' || echo status $?; stat -c %s big; sh -c 'ulimit -v 100000; ulimit -v'; hostname; users; runcon -V | head -n 1 | cut -d' ' -f1
