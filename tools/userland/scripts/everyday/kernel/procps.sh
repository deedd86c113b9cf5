# about: ps, pgrep, pkill, pidof, pmap, free, vmstat, uptime, top -b, pwdx, sysctl
# mask: ^( +\d+ )(init|sh)$ => $1sh
# differs: The flag of a process that has used a privilege (4 in column F of ps) is not kept.
# packages: procps sysvinit-utils
sleep 30 & s=$!; ps -o pid,ppid,stat,tty,args -p $$,$s | tr -s ' ' | cut -d' ' -f4-6; ps -o comm= -C sleep,ps; [ $(pgrep -x sleep) = $s ] && [ $(pidof sleep) = $s ] && echo found; ps -o rss= -p $s | grep -c '[0-9]'; pmap $s | tail -n 1 | tr -s ' ' | cut -d' ' -f2; free | tr -s ' ' | cut -d' ' -f1; vmstat | tail -n 1 | wc -w; uptime | grep -c 'load average'
top -b -n 1 -p $s | tail -n 1 | tr -s ' ' | sed 's/^ //' | cut -d' ' -f2,12; pwdx $s | cut -d: -f2; ps -L -o nlwp -p $s; ps -o nice,pri,sched,cls -p $s; pkill sleep; wait $s 2>/dev/null || echo status $?; ps -o user,uid,gid,tpgid,f -p $$; sysctl -n kernel.ostype kernel.threads-max | head -n 1; kill -0 $$ && echo alive; ps nothing || echo status $?; ps -o lstart= -p $$ | wc -w; ps -o blocked,caught,ignored -p $s || :; ps axo pid,ni,wchan:20,comm --no-headers | wc -l | grep -c .; snice -V | cut -d' ' -f1; ps -o label,cgroup= -p $$ >/dev/null && echo ok; w -h | wc -l
