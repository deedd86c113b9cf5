// Loops that a compiler makes AVX2, FMA and BMI of, and what it makes of them only when asked: gathers, PDEP and PEXT, half precision.
// Prints hashes of all results.
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static uint64_t x = 88172645463325252ull;
static uint64_t rnd(void) { x ^= x << 13; x ^= x >> 7; x ^= x << 17; return x; }
enum { N = 4096 };
static float a[N], b[N], c[N]; static double d[N], e[N]; static int32_t p[N], q[N]; static uint8_t s[N], t[N];
static uint64_t hash(const void *v, size_t n) { const uint8_t *u = v; uint64_t h = 1469598103934665603ull; for (size_t i = 0; i < n; i++) h = (h ^ u[i]) * 1099511628211ull; return h; }
int main(void) {
  for (int i = 0; i < N; i++) { a[i] = (float)(int32_t)rnd() / 65536; b[i] = (float)(rnd() & 0xffff) / 77; c[i] = i; d[i] = (double)(int64_t)rnd() / 1e9; e[i] = i * 1.1; p[i] = rnd(); q[i] = rnd() % N; s[i] = rnd(); t[i] = rnd(); }
  for (int k = 0; k < 20; k++) for (int i = 0; i < N; i++) c[i] = a[i] * b[i] + c[i] * 0.5f;
  for (int k = 0; k < 20; k++) for (int i = 0; i < N; i++) e[i] = d[i] * 0.25 - e[i] * 0.75;
  int32_t sum = 0; for (int i = 0; i < N; i++) sum += p[q[i]] >> (q[i] & 15);
  for (int i = 0; i < N; i++) s[i] = s[i] > t[i] ? s[i] - t[i] : t[i] - s[i];
  uint64_t bits = 0; for (int i = 0; i < N; i++) bits += __builtin_popcountll(_pdep_u64(p[i], 0x5555aaaa1234ull) ^ _pext_u64((uint64_t)p[i] * q[i], 0xff00ff00ff00ffull)) + __builtin_ctzll(p[i] | 1) + _lzcnt_u32(p[i]);
  float m = 0; for (int i = 0; i < N; i++) m = fmaxf(m, fabsf(a[i])); double r = 0; for (int i = 0; i < N; i++) r += sqrt(fabs(d[i]));
  __m256i g = _mm256_setzero_si256(); for (int i = 0; i < N; i += 8) g = _mm256_add_epi32(g, _mm256_i32gather_epi32(p, _mm256_loadu_si256((void *)(q + i)), 4));
  uint16_t h[8]; _mm_storeu_si128((void *)h, _mm256_cvtps_ph(_mm256_loadu_ps(a), 0));
  __m256 hf = _mm256_cvtph_ps(_mm_loadu_si128((void *)h)); float hs[8]; _mm256_storeu_ps(hs, hf);
  printf("%016lx %016lx %d %016lx %lu %a %a %016lx %016lx\n", hash(c, sizeof c), hash(e, sizeof e), sum, hash(s, sizeof s), bits, m, r, hash(&g, sizeof g), hash(hs, sizeof hs));
  return 0;
}
