# about: gdb: breakpoints, conditions, watchpoints in hardware, backtraces, threads, signals, finish, display
# equal: amd64 i386
# packages: gdb gcc libc6-dev
# seconds: 300
# memory: 2G
# mask: 0x[0-9a-f]{4,} => ADDRESS
# mask: \(LWP \d+\) => (LWP N)
# mask: process \d+ => process N
cat >a.c <<'END'
#include <stdio.h>
#include <pthread.h>
#include <signal.h>
int counter, total;
static int add(int n) { total += n; return total; }
static void *work(void *p) { counter++; return p; }
static void handler(int s) { puts("handled"); }
int main(void) { for (int i = 1; i <= 5; i++) add(i); pthread_t t; pthread_create(&t, 0, work, 0); pthread_join(t, 0); signal(SIGUSR1, handler); raise(SIGUSR1); int *bad = 0; printf("%d\n", total); fflush(stdout); *bad = 1; return 0; }
END
gcc -g -O0 -o a a.c -pthread; cat >cmds <<'END'
set pagination off
set width 0
set debuginfod enabled off
break add if n == 3
run
bt
print total
info locals
finish
watch total
continue
continue
delete
tbreak work
continue
bt 1
handle SIGUSR1 nostop noprint pass
rwatch counter
continue
delete
continue
print $_siginfo.si_signo
print $_siginfo._sifields._sigfault.si_addr
x/i $pc
info registers eflags
kill
quit
END
gdb -nx -q -batch -x cmds ./a 2>&1 | grep -vE '^(\[New|\[Switching|Using host|\[Thread debug|warning|\[Thread .*exited|Download|This GDB)'
