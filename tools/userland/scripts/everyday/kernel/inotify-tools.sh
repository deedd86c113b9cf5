# about: inotifywait and inotifywatch on a tree that changes
# equal: amd64 i386
# packages: inotify-tools
mkdir d; inotifywait -q -m -r --format '%e %w%f' d >log & sleep 1; echo a >d/f; mv d/f d/g; mkdir d/s; sleep 0.5; echo b >d/s/h; rm d/g; chmod 600 d/s/h; sleep 0.5; kill $!; wait $! || :; cat log; inotifywait -q -t 1 d || echo status $?
(sleep 0.5; touch d/late) & inotifywait -q -e create --format %f d; wait; inotifywait nothing 2>&1 | tail -n 1; inotifywatch -q -t 2 d 2>/dev/null & sleep 0.5; cat d/late; touch d/x; wait; (sleep 1.5; echo 1 >>d/tailed; sleep 0.5; echo 2 >>d/tailed) & timeout 4 tail -n 0 -F d/tailed 2>/dev/null || :; wait
