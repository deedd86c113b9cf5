# about: GNU parallel, time, moreutils (sponge, pee, combine, ifne, chronic)
# equal: amd64 i386
# packages: parallel time moreutils
# seconds: 120
seq 4 | parallel -k -j 3 'echo {}; sleep 0.0{}'; /usr/bin/time -f '%x %C' true; seq 3 >f; tac f | sponge f; cat f; seq 3 | pee 'cat' 'sleep 0.2; wc -l'; printf '1\n2\n' >g
combine f and g; seq 3 | ifne wc -l; chronic true; isutf8 f && echo utf8; seq 2 | parallel -k --dry-run echo {} {#}; parallel -k echo ::: a b ::: 1 2; /usr/bin/time -f %x sh -c 'exit 3' || echo status $?
