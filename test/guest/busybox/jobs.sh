# Background jobs, wait, kill, pipes between processes, signals to a group of them.
(exit 3) & wait $!; echo "waited $?"
sleep 100 & victim=$!
kill -TERM $victim; wait $victim; echo "killed $?"
for n in 3 1 2; do (sleep 0.$((n * 2)); echo "job $n") & done; wait; echo all
mkfifo queue; (cat queue; echo drained) & printf 'through a fifo\n' > queue; wait
(trap 'echo caught; exit 5' TERM; echo ready > flag; while :; do sleep 0.01; done) & child=$!
while [ ! -s flag ]; do sleep 0.01; done
kill -TERM $child; wait $child; echo "child $?"
kill -0 $$ && echo alive; kill -0 999999 2>/dev/null || echo "nobody"
seq 1 1000 | (sleep 0.01; awk '{ s += $1 } END { print s }')
(echo start; exec sh -c 'echo replaced')
timeout 0.05 sleep 10; echo "timeout $?"
echo $(for i in 1 2 3; do echo $i & wait; done)
yes 2>/dev/null | head -n 1
