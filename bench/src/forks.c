// fork, exit at once, wait, N times: what a process costs without a program.
#include "common.h"
#include <sys/wait.h>
#include <unistd.h>
int main(int c, char **v) {
  int n = c > 1 ? atoi(v[1]) : 300, ok = 0;
  for (int i = 0; i < n; i++) {
    pid_t p = fork();
    if (!p) _exit(7);
    int st;
    waitpid(p, &st, 0);
    ok += WIFEXITED(st) && WEXITSTATUS(st) == 7;
  }
  printf("forks %d\n", ok);
  return 0;
}
