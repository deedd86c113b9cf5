# about: clang: C and C++, -O3 vectorised loops, its assembler, static analysis
# equal: amd64 i386
# packages: clang libc6-dev
# seconds: 400
# memory: 2G
cat >a.c <<'END'
#include <stdio.h>
float a[1000], b[1000]; int main(void) { for (int i = 0; i < 1000; i++) a[i] = i, b[i] = 1000 - i; float s = 0; for (int i = 0; i < 1000; i++) s += a[i] * b[i]; printf("%.1f\n", s); return __builtin_popcount(255); }
END
clang -O3 -ffast-math -o a a.c; ./a || echo status $?; clang -fsyntax-only -Wall -x c - <<'END' 2>&1 | grep -c warning
int f(int x) { if (x = 1) return 2; }
END
clang --version | head -n 1 | cut -c1-25; clang -S -emit-llvm -O1 -o - a.c | grep -c define; echo 'int main(){return [](auto x){return x+1;}(4);}' | clang++ -x c++ - -o l 2>/dev/null && ./l || echo status $?; clang -c -g a.c && ls a.o
