# about: gdb: attach, threads, detach, gcore, Python scripts, disassembly, catch points
# equal: amd64 i386
# packages: gdb gcc libc6-dev
# seconds: 400
# memory: 2G
# mask: 0x[0-9a-f]{4,} => ADDRESS
cat >a.c <<'END'
#include <pthread.h>
#include <unistd.h>
volatile int stop; int value = 42;
static void *spin(void *p) { while (!stop) usleep(1000); return p; }
int main(void) { pthread_t t[2]; for (int i = 0; i < 2; i++) pthread_create(&t[i], 0, spin, 0); for (int i = 0; i < 2; i++) pthread_join(t[i], 0); write(1, "stopped\n", 8); return 5; }
END
gcc -g -O0 -o a a.c -pthread; ./a & p=$!; sleep 0.5; gdb -nx -q -batch -p $p -ex 'set debuginfod enabled off' -ex 'print value' -ex 'info threads' -ex 'set var stop = 1' -ex detach 2>/dev/null | grep -E '^\$1|^[* ] [0-9]' | sed 's/ (LWP.*//;s/Thread.*/Thread/'; wait $p || echo status $?; gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'break main' -ex run -ex 'set var stop = 1' -ex 'catch syscall write' -ex continue -ex 'python print(gdb.parse_and_eval("value") + 1)' -ex 'x/2i main' -ex kill --args ./a 2>/dev/null | grep -E '^[0-9]|Catchpoint|=>' | head -n 4; gdb -nx -q -batch -ex 'disassemble /r spin' ./a | tail -n 3 | cut -c1-40 | wc -l; gdb -nx -q -batch -ex 'info line main' -ex 'ptype spin' -ex 'print sizeof(pthread_t)' ./a | tail -n 2
