# about: gdb: record, reverse-step, reverse-continue, a call of a function, core files, gdbserver
# equal: amd64 i386
# packages: gdb gdbserver gcc libc6-dev
# seconds: 300
# memory: 2G
# mask: 0x[0-9a-f]{4,} => ADDRESS
# mask: process \d+|LWP \d+|pid \d+|pid = \d+ => process N
cat >a.c <<'END'
int total;
static int add(int n) { total += n; return total; }
int main(void) { for (int i = 1; i <= 3; i++) add(i); total = 100; return 0; }
END
gcc -g -O0 -o a a.c; cat >cmds <<'END'
set pagination off
set width 0
set debuginfod enabled off
break main
run
record
next
next
next
print total
reverse-next
reverse-step
print total
reverse-continue
print total
continue
record stop
print add(7)
generate-core-file core
kill
quit
END
gdb -nx -q -batch -x cmds ./a 2>&1 | grep -vE '^(\[|Using host|warning|Download|This GDB|Saved)'; gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'bt' -ex 'print total' ./a core 2>&1 | grep -E '^(#0|\$1)'; gdbserver --once 127.0.0.1:4000 ./a >/dev/null 2>&1 & sleep 1; gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'target remote 127.0.0.1:4000' -ex 'break add' -ex 'continue' -ex 'print n' -ex 'kill' ./a 2>&1 | grep -E '^(\$1|Breakpoint)'; wait
