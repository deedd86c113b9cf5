# about: entr, incron-free fswatch, watch, at a changing file
# equal: amd64 i386
# packages: entr procps
# seconds: 120
echo 1 >f; (ls f | entr -n -p sh -c 'echo changed; cat f' >log 2>&1 || :) & sleep 1; echo 2 >f; sleep 1; echo 3 >f; sleep 1; kill $(pidof entr); wait; cat log; (sleep 1; echo x >f) & ls f | entr -n -z -p sh -c 'echo once; exit 4' || echo status $?; wait; ls nothing 2>/dev/null | entr true 2>&1 || echo status $?
