# about: ipcs, ipcmk, ipcrm, lsipc: System V objects between processes; perl's IPC modules
# equal: amd64 i386
# packages: util-linux util-linux-extra perl
# mask: ^(0x[0-9a-f]{8}) => KEY
ipcmk -M 4096 -p 600 | cut -d: -f1; ipcmk -Q | cut -d: -f1; ipcmk -S 3 | cut -d: -f1; ipcs -m | tail -n 2 | head -n 1 | tr -s ' ' | cut -d' ' -f3-; ipcs -l | grep -c =; ipcs -u | grep -c allocated; lsipc -m -o PERMS,SIZE,NATTCH -n | tail -n 1; ipcrm -m 0; ipcrm -a; ipcs -q | wc -l; cat >s.pl <<'END'
use strict; use IPC::SysV qw(:all); use IPC::Msg; use IPC::Semaphore; use IPC::SharedMem;
my $m = IPC::Msg->new(IPC_PRIVATE, S_IRUSR | S_IWUSR); my $s = IPC::Semaphore->new(IPC_PRIVATE, 2, S_IRUSR | S_IWUSR | IPC_CREAT); $s->setall(0, 1); my $h = IPC::SharedMem->new(IPC_PRIVATE, 100, S_IRUSR | S_IWUSR); $h->attach;
if (!fork) { $s->op(1, -1, SEM_UNDO); $h->write("shared", 0, 6); $m->snd(5, "message"); $s->op(0, 1, 0); select(undef, undef, undef, 1); exit } $s->op(0, -1, 0); my $b; print $m->rcv($b, 99), " $b ", $h->read(0, 6), " ", join(",", $s->getall), "\n"; wait; print join(",", $s->getall), " ", $m->stat->qnum, " ", $h->stat->nattch, "\n"; print $m->rcv($b, 99, 0, IPC_NOWAIT) // "none: $!", "\n"; $m->remove; $s->remove; $h->detach; $h->remove; print ftok("/w") > 0 ? "key\n" : "";
END
perl s.pl; ls /dev/mqueue | wc -l; cat /proc/sysvipc/sem | wc -l
