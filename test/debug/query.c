// A program that is asked: a line of standard input and bytes of a file go through copies, a pipe, a socket and
// a child; a descriptor is closed early; a counter is written.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int counter;
char from_input[64], from_file[64], by_pipe[64], by_socket[64], shouted[64], copied[64];
unsigned char lucky;

static void __attribute__((noinline)) add(int n) { counter += n; }
static void __attribute__((noinline)) clean_up(int fd) { close(fd); }

__attribute__((optimize("O0"))) static void shout(char *to, const char *from) {
  for (int i = 0; from[i]; i++) to[i] = from[i] >= 'a' && from[i] <= 'z' ? from[i] - 32 : from[i];
}

int main(int argc, char **argv) {
  for (int i = 1; i <= 4; i++) add(i);
  fgets(from_input, sizeof from_input, stdin);
  int fd = open(argv[1], O_RDONLY);
  lseek(fd, 3, SEEK_SET);
  read(fd, from_file, 8);

  int pipes[2], pair[2];
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  if (fork() == 0) {
    char local[64];
    memcpy(local, from_file, 64);
    write(pipes[1], "..", 2);
    write(pipes[1], local, 8);
    write(pair[1], from_input, strlen(from_input));
    _exit(0);
  }
  wait(NULL);
  read(pipes[0], by_pipe, 2);
  read(pipes[0], by_pipe, 8);
  recv(pair[0], by_socket, 64, 0);
  memcpy(copied, by_pipe, sizeof copied);
  shout(shouted, by_socket);
  clean_up(fd);
  getrandom(&lucky, 1, 0);
  if (argc > 2 && lucky < 128) {
    puts("lucky");
    return 0;
  }
  for (volatile int i = 0; i < 2000; i++);
  if (read(fd, from_file, 1) < 0) {
    printf("%s: %s\n", shouted, strerror(errno));
    return 3;
  }
  return 0;
}
