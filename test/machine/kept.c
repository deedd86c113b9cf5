// Hot enough to be compiled: calls by pointers, a switch by a table, memory that is touched for the first time. K is in the code alone.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) unsigned add(unsigned a) { return a + K; }
static __attribute__((noinline)) unsigned turn(unsigned a) { return (a << 5 | a >> 27) ^ K; }
static unsigned (*volatile ways[2])(unsigned) = {add, turn};

static __attribute__((noinline)) unsigned pass(const unsigned char *code, unsigned length, unsigned a) {
  for (unsigned n = 0; n < length; n++)
    switch (code[n]) {
    case 0: a += n; break;
    case 1: a ^= a >> 3; break;
    case 2: a = ways[a & 1](a); break;
    case 3: a *= 5; break;
    case 4: a -= 7; break;
    case 5: a = ~a; break;
    case 6: a = ways[1](a); break;
    default: a = a << 1 | a >> 31;
    }
  return a;
}

int main(int argc, char **argv) {
  unsigned rounds = argc > 1 ? atoi(argv[1]) : 2000, a = 1;
  unsigned char code[256];
  for (unsigned n = 0; n < sizeof code; n++) code[n] = n * 7 % 8;
  for (unsigned n = 0; n < rounds; n++) {
    a = pass(code, sizeof code, a);
    char *fresh = malloc(1 << 18);
    for (unsigned at = 0; at < 1 << 18; at += 4096) fresh[at] = a + at;
    a += fresh[(a & 63) << 12];
    free(fresh);
  }
  printf("%u\n", a);
  return 0;
}
