# about: ltrace and valgrind: library calls, memory errors, leaks, cachegrind
# equal: amd64
# packages: ltrace valgrind gcc libc6-dev
# architectures: amd64
# seconds: 600
# memory: 2G
# mask: ==\d+== => ==PID==
# mask: 0x[0-9A-Fa-f]{4,} => ADDRESS
cat >a.c <<'END'
#include <stdlib.h>
#include <string.h>
int main(void) { char *p = malloc(10); strcpy(p, "hello"); char *q = malloc(20); q[0] = p[5]; free(p); return p[1] == 'x'; }
END
gcc -g -O0 -no-pie -fno-builtin -o a a.c; ltrace -e malloc+strcpy+free ./a 2>&1 | grep -c malloc || echo no ltrace; valgrind -q --leak-check=full ./a 2>&1 | grep -E 'Invalid read|definitely lost|at |by ' | head -n 12; valgrind --tool=cachegrind --cachegrind-out-file=o ./a 2>&1 | grep -c 'I *refs'; valgrind --tool=helgrind ./a 2>&1 | grep 'ERROR SUMMARY'
