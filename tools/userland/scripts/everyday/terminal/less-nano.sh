# about: less and nano in tmux, as a person uses them
# equal: amd64 i386
# packages: less nano tmux
# seconds: 120
seq 100 >t; tmux -f /dev/null new-session -d -s a -x 60 -y 12 'less -X t'; sleep 1; tmux send-keys -t a G; sleep 0.5; tmux capture-pane -p -t a | tail -n 3; tmux send-keys -t a g; sleep 0.3; tmux send-keys -t a '/77' Enter; sleep 0.7; tmux capture-pane -p -t a | head -n 2; tmux new-session -d -s b -x 60 -y 12 'nano t'; sleep 2; tmux send-keys -t b 'typed text' Enter; sleep 0.5; tmux capture-pane -p -t b | sed -n '3,5p'
tmux send-keys -t b C-o; sleep 0.3; tmux send-keys -t b Enter; sleep 0.5; tmux send-keys -t b C-x; sleep 0.7; head -n 3 t; tmux kill-server || :
