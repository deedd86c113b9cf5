# about: dialog, whiptail and htop in tmux: boxes, keys, answers
# equal: amd64 i386
# packages: dialog whiptail tmux ncurses-term
# seconds: 120
tmux -f /dev/null new-session -d -s a -x 60 -y 16 'dialog --menu choose 12 40 3 1 one 2 two 3 three 2>/w/answer; sleep 9'; sleep 1.5; tmux capture-pane -p -t a | grep -E 'choose|two'; tmux send-keys -t a Down; sleep 0.3; tmux send-keys -t a Enter; sleep 0.7; cat answer; echo; tmux kill-server; sleep 0.3; tmux -f /dev/null new-session -d -s b -x 60 -y 16 'whiptail --inputbox name 8 40 2>/w/name; sleep 9'; sleep 1.5; tmux send-keys -t b 'typed'; sleep 0.3; tmux send-keys -t b Enter; sleep 0.7; cat name; echo; tmux kill-server; infocmp -1 xterm | wc -l; tput -T xterm cols; tput -T vt100 bold | od -c | head -n 1; tic -V | cut -d' ' -f1; toe 2>/dev/null | wc -l | grep -c .
