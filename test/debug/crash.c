/* A list that something empties, and a read of its head. */
#include <stdio.h>
#include <stdlib.h>
int counter;
struct node {
  struct node *next;
  int value;
};
static struct node *list;
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static void add(int v) {
  struct node *n = malloc(sizeof *n);
  n->value = v;
  n->next = list;
  list = n;
  counter += v;
}
int main(void) {
  for (int i = 0; i < 5; i++)
    add(i);
  printf("fib %d\n", fib(10));
  list = NULL;
  printf("%d\n", list->value);
  return 0;
}
