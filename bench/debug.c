// A loop that calls a function: for single steps and for breakpoints.
#include <stdio.h>
volatile unsigned long ticks;
__attribute__((noinline)) void tick(void) { ticks++; }
int main(void) {
  for (;;) tick();
}
