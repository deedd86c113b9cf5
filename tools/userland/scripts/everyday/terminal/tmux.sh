# about: tmux: sessions, windows, panes, keys, capture, resizing
# equal: amd64 i386
# packages: tmux ncurses-base
# seconds: 120
export SHELL=/bin/sh PS1='> '; tmux -f /dev/null new-session -d -s a -x 60 -y 12 'exec sh -i'; sleep 1; tmux send-keys -t a 'echo one; stty size; tty' Enter; sleep 1; tmux split-window -t a -v 'exec sh -i'; sleep 1; tmux send-keys -t a.1 'echo two' Enter; sleep 1; tmux capture-pane -p -t a.0; tmux capture-pane -p -t a.1; tmux list-panes -t a -F '#{pane_index} #{pane_width}x#{pane_height}'
tmux resize-pane -t a.0 -y 3; sleep 0.5; tmux send-keys -t a.0 'clear; stty size' Enter; sleep 1; tmux capture-pane -p -t a.0; tmux send-keys -t a.1 'sleep 50' Enter; sleep 0.5; tmux send-keys -t a.1 C-c; sleep 0.5; tmux send-keys -t a.1 'echo st $?' Enter; sleep 0.7; tmux capture-pane -p -t a.1 | grep -c 'st 130'; tmux list-sessions -F '#{session_name} #{session_windows}'; tmux kill-server; sleep 0.5; tmux ls 2>&1 | head -n 1 | cut -c1-10
