# about: screen: a detached session, keys, hard copy
# equal: amd64 i386
# packages: screen
# seconds: 120
# mask: \d+\.z => PID.z
export PS1='> '; screen -dmS z sh -i; sleep 1; screen -ls | grep -c Detached; screen -S z -X stuff 'echo in screen; stty size; tty
'; sleep 1; screen -S z -X hardcopy /w/h; sleep 0.5; sed '/^$/d' h; screen -S z -X screen sh -i; sleep 0.5; screen -S z -p 1 -X stuff 'echo second
'; sleep 0.7; screen -S z -p 1 -X hardcopy /w/i; sleep 0.5; sed '/^$/d' i; screen -S z -X quit; sleep 0.7; screen -ls | tail -n 2 | head -n 1
