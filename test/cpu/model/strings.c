// The C library's string and mathematical functions, which it chooses by CPUID: the same results for every choice.
#include <stdio.h>
#include <string.h>
#include <math.h>
static unsigned long x = 12345; static unsigned rnd(void) { x = x * 6364136223846793005ul + 1442695040888963407ul; return x >> 33; }
int main(void) {
  static char a[9000], b[9000]; unsigned long h = 0;
  for (int k = 0; k < 300; k++) {
    int n = rnd() % 4000, o = rnd() % 64, u = rnd() % 64;
    memset(a, 0, sizeof a); for (int i = 0; i < n; i++) a[o + i] = 1 + rnd() % 3;
    memcpy(b + u, a + o, n + 1); memmove(b + u + rnd() % 9, b + u, n);
    b[u + n] = 0; if (n) b[u + rnd() % n] ^= rnd() % 2;
    h = h * 31 + strlen(a + o) + 7 * (strcmp(a + o, b + u) > 0) + 3 * (memcmp(a + o, b + u, n) < 0) + (strchr(a + o, 3) ? strchr(a + o, 3) - a : 0);
    h = h * 31 + (strrchr(a + o, 2) ? strrchr(a + o, 2) - a : 0) + (memchr(b, 1, 4000) ? (char *)memchr(b, 1, 4000) - b : 0) + strnlen(b + u, 100) + strspn(a + o, "\1\2") + (strstr(a + o, "\1\2\3\1\2") ? 1 : 0);
  }
  double s = 0; for (int i = 1; i < 300; i++) s += sin(i) * exp(1.0 / i) + log(i) * pow(1.0001, i) + atan2(i, 3) + cosf(i) ;
  printf("%lx %a\n", h, s);
}
