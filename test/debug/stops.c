/* Hot calls, and few writes. */
#include <stdio.h>
int counter;
__attribute__((noinline)) int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(void) {
  int sum = fib(24);
  counter = sum;
  for (int i = 0; i < 3; i++)
    sum += fib(22);
  printf("%d\n", sum);
  return 0;
}
