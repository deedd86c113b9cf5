# about: expect: a shell with keys, interrupts, stop, echo off, end of file
# equal: amd64 i386
# packages: expect
# seconds: 120
cat >s.exp <<'END'
log_user 0
set timeout 30
set env(PS1) "% "
set stty_init "rows 30 cols 100"
spawn sh -i
expect "% "
send "stty size\r"; expect -re {(\d+ \d+)\r\n}; puts "size $expect_out(1,string)"
send "cat\r"; send "line\r"; expect -re {line\r\nline\r\n}; puts echoed; send "\004"; expect "% "
send "sleep 30\r"; sleep 0.5; send "\003"; expect "% "; send "echo st=\$?\r"; expect -re {st=(\d+)}; puts "status $expect_out(1,string)"
send "stty -echo; read x; echo got \$x; stty echo\r"; sleep 0.5; send "secret\r"; expect -re {got (\w+)}; puts $expect_out(1,string)
send "sleep 30\r"; sleep 0.5; send "\032"; expect -re {Stopped|Suspended}; puts stopped; expect "% "; send "kill -9 %1\r"; expect "% "; sleep 0.2; send "wait\r"; expect "% "; send "tty\r"; expect -re {(/dev/pts/\d+)}; puts "at a terminal"; send "exit 5\r"; expect { "% " { exp_continue } eof { } }; puts "end [lindex [wait] 3]"
END
expect s.exp; expect -c 'spawn -noecho cat; send "abc\n"; expect -re {abc.*abc}; puts "[string length $expect_out(0,string)]"; close; wait; spawn -noecho sh -c "exit 4"; expect eof; puts [lindex [wait] 3]' | tr -d '\r'
