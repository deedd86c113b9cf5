// The same text with every set of instructions: loops that the compiler made several times over, and the C library's strings.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define VERSIONS __attribute__((target_clones("default", "sse4.2", "avx2", "arch=x86-64-v3"), optimize("O3")))

VERSIONS static uint32_t mix(const uint32_t *a, size_t n) {
  uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (size_t i = 0; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; j++) h[j] = (h[j] ^ a[i + j]) * 0x9e3779b1u + (h[j] >> 15);
  uint32_t sum = 0;
  for (int j = 0; j < 8; j++) sum += h[j];
  return sum;
}
VERSIONS static void blur(uint8_t *to, const uint8_t *from, size_t n) {
  for (size_t i = 1; i + 1 < n; i++) to[i] = (from[i - 1] + 2 * from[i] + from[i + 1] + 2) >> 2;
}
/* Without contraction (-ffp-contract=off) the same with FMA or not. */
VERSIONS static double horner(const double *x, size_t n) {
  double best = 0;
  for (size_t i = 0; i < n; i++) {
    double y = ((x[i] * 0.25 - 1.5) * x[i] + 3.0) * x[i];
    best = y > best ? y : best;
  }
  return best;
}
VERSIONS static int bits(const uint64_t *a, size_t n) {
  int count = 0;
  for (size_t i = 0; i < n; i++) count += __builtin_popcountll(a[i]) * 3 + __builtin_ctzll(a[i] | 1ull << 63) - __builtin_clzll(a[i] | 1);
  return count;
}

static uint8_t a[1 << 14], b[1 << 14];
static double x[512];

int main(void) {
  uint32_t s = 12345;
  for (size_t i = 0; i < sizeof a; i++) a[i] = (s = s * 1103515245 + 12345) >> 16;
  for (int i = 0; i < 512; i++) x[i] = (int)(s = s * 1103515245 + 12345) / 3e8;
  printf("mix %08x\n", mix((uint32_t *)a, sizeof a / 4));
  blur(b, a, sizeof a);
  printf("blur %08x\n", mix((uint32_t *)b, sizeof b / 4));
  printf("horner %.17g\n", horner(x, 512));
  printf("bits %d\n", bits((uint64_t *)a, sizeof a / 8));

  uint32_t h = 0;
  for (int from = 0; from < 40; from++)
    for (int n = 0; n < 300; n += 7) {
      char *p = (char *)b + from, *q = (char *)b + 4096 + (from * 5) % 64;
      for (int i = 0; i < n; i++) p[i] = 'a' + (a[i + from] & 15);
      p[n] = 0;
      memmove(q, p, n + 1);
      h = h * 31 + strlen(q);
      h = h * 31 + (strcmp(p, q) == 0) + (memcmp(p, q + 1, n) > 0) + strncmp(p + 1, q, n) / 256;
      h = h * 31 + (strchr(p, 'p') ? strchr(p, 'p') - p : 500) + (strrchr(p, 'b') ? strrchr(p, 'b') - p : 501);
      h = h * 31 + (memchr(p, 'd', n) ? (char *)memchr(p, 'd', n) - p : 502) + strspn(p, "abcdefgh") + strcspn(p, "nop");
      h = h * 31 + (n > 20 && strstr(q, p + n - 9) ? strstr(q, p + n - 9) - q : 503);
      h = h * 31 + (n > 20 && memmem(q, n, p + n / 2, 6) ? (char *)memmem(q, n, p + n / 2, 6) - q : 504);
      strcpy(q + 400, p), strcat(q + 400, p), memset(q + 1200, n, n), h = h * 31 + mix((uint32_t *)b, 2048);
    }
  wchar_t w[100];
  for (int i = 0; i < 99; i++) w[i] = 'a' + i % 7;
  w[99] = 0;
  printf("strings %08x, wide %zu %td\n", h, wcslen(w + 3), wcschr(w + 5, 'c') - w);
  return 0;
}
