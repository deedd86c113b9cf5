// Prints the errors of what the arguments name: n NUMBER a system call with arguments 0, s FAMILY a socket, f TYPE a
// mount, p PATH a file.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *what = argv[i + 1];
    errno = 0;
    if (argv[i][0] == 'n') syscall(atoi(what), 0, 0, 0, 0, 0, 0);
    if (argv[i][0] == 's') socket(atoi(what), SOCK_RAW, 0);
    if (argv[i][0] == 'f') mount("none", "/tmp", what, 0, "");
    if (argv[i][0] == 'p') access(what, F_OK);
    printf("%s %s %d\n", argv[i], what, errno);
  }
  return 0;
}
