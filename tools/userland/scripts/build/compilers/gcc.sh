# about: gcc and g++: C, C++, libraries, threads, link-time optimisation, sanitizer-free warnings, as, ld, ar, nm, objdump
# equal: amd64 i386
# packages: gcc g++ libc6-dev binutils
# seconds: 300
# memory: 2G
cat >a.c <<'END'
#include <stdio.h>
#include <pthread.h>
#include <math.h>
#include <stdlib.h>
extern int twice(int);
static void *work(void *p) { *(double *)p = sqrt(*(double *)p); return NULL; }
int main(int argc, char **argv) { double d[4] = {1, 4, 9, 16}; pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, work, &d[i]); for (int i = 0; i < 4; i++) { pthread_join(t[i], NULL); printf("%g ", d[i]); } printf("%d %zu\n", twice(21), sizeof(void *)); return argc > 1 ? atoi(argv[1]) : 0; }
END
echo 'int twice(int x) { return 2 * x; }' >b.c; cat >c.cc <<'END'
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>
#include <algorithm>
#include <stdexcept>
int main() { std::map<std::string, int> m; for (auto w : {"b", "a", "b"}) m[w]++; for (auto &[k, v] : m) std::cout << k << v << ' '; std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end()); std::thread t([&] { v.push_back(9); }); t.join(); for (int x : v) std::cout << x; try { v.at(99); } catch (std::out_of_range &e) { std::cout << " caught\n"; } }
END
gcc -O2 -c a.c b.c; gcc -o a a.o b.o -lm -pthread; ./a; ./a 3 || echo status $?; gcc -shared -fPIC -o libb.so b.c; gcc -o d a.c -L. -lb -lm -Wl,-rpath,/w; ./d; gcc -O2 -flto -static -o s a.c b.c -lm; ./s; g++ -O1 -o c c.cc; ./c; ar rcs libb.a b.o; nm libb.a | grep twice; objdump -d b.o | grep -c ret; readelf -h a | grep -E 'Class|Type'; size b.o | tail -n 1 | cut -f4; strip a; ./a; gcc -E -dM - </dev/null | grep -c __; echo 'int main(void) { return x; }' | gcc -x c - 2>&1 | grep -c error; gcc -S -O2 -o - b.c | grep -c twice; gcc -dumpversion; gcc -g -O0 a.c b.c -o g -lm; addr2line -e g -f main | tail -n 1 | cut -d: -f1 >/dev/null; gcc -Wall -c -x c - -o /dev/null <<'END'
int f(void) { int y; }
END
printf '#include <stdio.h>\nint main(void){puts("pipe");}' | gcc -pipe -x c - -o p; ./p
