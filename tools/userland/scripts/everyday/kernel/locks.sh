# about: flock, lslocks, POSIX locks by perl and python-free tools, lockfile, dotlockfile
# equal: amd64 i386
# packages: util-linux perl liblockfile-bin procmail
# seconds: 120
flock l sh -c "cat /proc/locks | tr -s ' ' | cut -d' ' -f2-4,7-; lslocks -n -o COMMAND,TYPE,MODE,START,END"; exec 9>l; flock 9; flock -n l true || echo busy; flock -u 9; flock -n l echo free; cat >s.pl <<'END'
use strict; use Fcntl; open my $f, "+>", "p"; sub lk { my ($t, $s, $n) = @_; fcntl($f, F_SETLK, pack("s s x4 q q l x4", $t, 0, $s, $n, 0)) } print lk(F_WRLCK, 0, 10) ? "locked\n" : "no: $!\n"; lk(F_RDLCK, 20, 0); print join("\n", map { s/^\d+: //r =~ s/ \d+ [0-9a-f:]+/ PID FILE/r } `cat /proc/locks`); if (!fork) { open $f, "+<", "p"; print lk(F_RDLCK, 5, 1) ? "locked\n" : "no: $!\n"; print lk(F_RDLCK, 30, 1) ? "shared\n" : "no: $!\n"; exit } wait;
END
perl s.pl; lockfile -r 0 x.lock && echo lock; lockfile -r 0 x.lock 2>/dev/null || echo status $?; rm -f x.lock; dotlockfile -r 0 y.lock && echo dot; dotlockfile -r 0 y.lock || echo status $?; dotlockfile -u y.lock; ls *.lock 2>/dev/null || echo none
