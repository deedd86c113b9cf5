# about: gcc's sanitizers: addresses, undefined behaviour, threads, leaks; gcov and gprof
# equal: amd64
# packages: gcc libc6-dev
# architectures: amd64
# seconds: 400
# memory: 3G
# mask: 0x[0-9a-f]{4,} => ADDRESS
# mask: ==\d+== => ==PID==
printf '#include <stdlib.h>\nint main(int c, char **v) { char *p = malloc(10); p[c + 9] = 1; free(p); return 0; }' >a.c; gcc -g -fsanitize=address -o a a.c; ./a 2>&1 | grep -o -m1 'heap-buffer-overflow' || echo none; printf '#include <limits.h>\nint main(int c, char **v) { int x = INT_MAX; return (x + c) == 0; }' >u.c; gcc -fsanitize=undefined -o u u.c; ./u 2>&1 | grep -o 'signed integer overflow.*'; printf '#include <pthread.h>\nint g; void *f(void *p) { g++; return p; }\nint main(void) { pthread_t t; pthread_create(&t, 0, f, 0); g++; pthread_join(t, 0); return 0; }' >t.c; gcc -g --coverage -o c t.c; ./c; gcov c-t.gcda t.c 2>/dev/null | grep -m1 executed; gcc -pg -o g t.c; ./g; ls gmon.out
