/* A list that a function empties, a filter that denies a call, and a read of the list's head. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
struct node {
  struct node *next;
  int value;
};
static struct node *list;
int counter;
static void add(int value) {
  struct node *node = malloc(sizeof *node);
  node->value = value;
  node->next = list;
  list = node;
  counter += value;
}
static void confine(void) {
  struct sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
int main(void) {
  for (int i = 1; i <= 4; i++)
    add(i);
  printf("counter %d\n", counter);
  fflush(stdout);
  confine();
  if (getppid() < 0)
    list = NULL;
  return list->value;
}
