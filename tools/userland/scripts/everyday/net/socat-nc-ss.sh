# about: socat, nc, ss: TCP, UDP, Unix and abstract sockets, IPv6, pseudo-terminals
# mask: ^[\d/]+ [\d:]+ socat\[\d+\] => socat
# equal: amd64 i386
# packages: socat netcat-openbsd iproute2
socat TCP-LISTEN:5000,reuseaddr,fork EXEC:'tr a-z A-Z' & sleep 0.7; echo hello | socat -t 2 - TCP:127.0.0.1:5000; echo again | nc -N 127.0.0.1 5000; ss -Htln | tr -s ' ' | cut -d' ' -f1,4; kill $!; socat UNIX-LISTEN:/w/s,fork PIPE & sleep 0.5; ss -Hxl | grep /w | tr -s ' ' | cut -d' ' -f2,5; echo unix | socat - UNIX:/w/s; echo unix | nc -NU /w/s; kill $!
socat -u UDP-RECV:5001 - >u & sleep 0.5; echo udp | socat - UDP:127.0.0.1:5001; sleep 0.3; kill $!; cat u; socat -t 1 - EXEC:'stty size',pty,setsid,ctty </dev/null; socat -u ABSTRACT-LISTEN:abs - & sleep 0.5; echo abstract | socat - ABSTRACT-CONNECT:abs; wait; nc -z 127.0.0.1 1 || echo refused
socat -u TCP6-LISTEN:5002 - & sleep 0.5; echo six | socat -u - TCP6:[::1]:5002; wait; socat -V | head -n 2 | tail -n 1 | cut -c1-13; nc -l 5003 >n & sleep 0.3; nc -4 -N localhost 5003 <u; wait; cat n; (sleep 0.5; echo late) | nc -l -N 5004 & sleep 0.3; nc -d 127.0.0.1 5004; wait; socat -u OPEN:u CREATE:v; cat v; socat - SYSTEM:'cat; echo done' <u; nc -u -l -w 1 5005 >w & sleep 0.3; echo d | nc -u -w 1 127.0.0.1 5005; wait; cat w; ss -Hs 2>/dev/null | head -n 1 | cut -d: -f1
