/* Instructions that Linux emulates where the processor has UMIP, often enough to be compiled. */
#include <stdio.h>
static unsigned long last[9];
#define CASE(n, text) \
  { \
    unsigned long r = 0x1122334455667788; \
    __asm__ volatile(text : "+r"(r)); \
    last[n] = r; \
  }
int main(int count, char **args) {
  (void)args;
  for (int i = 0; i < (count > 1 ? 200000 : 1); i++) {
    CASE(0, "smsw %w0") CASE(1, "smsw %k0") CASE(2, "smsw %q0")
    CASE(3, "sldt %w0") CASE(4, "sldt %k0") CASE(5, "sldt %q0")
    CASE(6, "str %w0") CASE(7, "str %k0") CASE(8, "str %q0")
  }
  for (int n = 0; n < 9; n++) printf("%lx\n", last[n]);
}
