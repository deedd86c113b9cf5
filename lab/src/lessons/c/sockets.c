// Three sockets. A filter sees the numbers that stand for these names.
#include <sys/socket.h>
#include <sys/syscall.h>

static long call3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

void _start(void) {
  call3(SYS_socket, AF_INET, SOCK_STREAM, 0);
  call3(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  call3(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  call3(SYS_exit_group, 0, 0, 0);
}
