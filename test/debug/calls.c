/* A program that reads a line, and functions for a debugger to call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int var = -42;
static char line[16];

int change(void) {
  var = 22;
  return var;
}
int length(const char *text) { return (int)strlen(text); }
int sum(int a, int b, int c, int d, int e, int f, int g, int h) { return a + b + c + d + e + f + g + h; }
double half(double of) { return of / 2; }
char *first(void) { return line; }
int crash(void) { return *(volatile int *)0; }
int leave(void) {
  var = 8;
  exit(3);
}
int inner(void) { return var; }
int outer(void) {
  var = 7;
  return inner();
}
static void here(void) {}

int main(void) {
  char *room = malloc(8);
  here();
  ssize_t n = read(0, line, sizeof line - 1);
  printf("var %d, read %zd: %s", var, n, line);
  free(room);
  return 0;
}
