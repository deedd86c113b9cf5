# about: lsof, fuser, pstree, killall
# equal: amd64 i386
# packages: lsof psmisc
# mask: ^p\d+$ => pPID
exec 5>f; sleep 20 & lsof -a -p $! -d cwd,5 -F ftn; fuser f 2>/dev/null | wc -w; pstree -A $$; lsof -a -p $$ -d 5 | tail -n 1 | tr -s ' ' | cut -d' ' -f4,5,7,9; lsof -i 2>/dev/null || echo no sockets; killall sleep; wait || :; fuser -k nothing || echo status $?; lsof -v 2>&1 | grep revision; exec 5>&-; sleep 20 <f & fuser -v f 2>&1 | tail -n 1 | tr -s ' ' | cut -d' ' -f2,4,5; fuser -k -s f || :; killall -q nosuch || echo status $?
