// A long computation that writes `last` once, at its beginning. Its argument: thousands of rounds of 12
// instructions.
#include <stdio.h>
#include <stdlib.h>

_Alignas(4096) volatile long last;
_Alignas(4096) volatile unsigned long sink;

int main(int argc, char **argv) {
    unsigned long x = 88172645463325252ul;
    long rounds = argc > 1 ? atol(argv[1]) * 1000 : 1000;
    last = 42;
    for (long i = 0; i < rounds; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        sink = x;
    }
    printf("%ld\n", last);
    return 0;
}
