// Descriptors of all kinds, each duplicated once for the tracer, with their lines in /proc/PID/fdinfo.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static void twice(int fd) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", dup(fd));
  FILE *info = fopen(path, "r");
  while (fgets(line, sizeof line, info))
    if (!strstr("pos:mnt_id:ino:Pid:NSpid:eventfd-id:", strtok(line, "\t ")) && strncmp(line, "it_value", 8))
      printf("%d %s %s", fd, line, strtok(NULL, "") ?: "\n");
  fclose(info);
}
static void pair(int type) {
  int s[2];
  socketpair(AF_UNIX, type, 0, s);
  twice(s[0]), twice(s[1]);
}
int main(void) {
  int p[2], one, two;
  pipe(p);
  twice(p[0]);
  pair(SOCK_STREAM), pair(SOCK_DGRAM), pair(SOCK_SEQPACKET);

  struct sockaddr_un name = {AF_UNIX, "s<\033>"};
  one = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(one, (void *)&name, sizeof name), listen(one, 1);
  two = socket(AF_UNIX, SOCK_STREAM, 0);
  connect(two, (void *)&name, sizeof name);
  twice(one), twice(accept(one, 0, 0)), twice(two);
  unlink(name.sun_path);
  one = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(one, (void *)&(struct sockaddr_un){AF_UNIX, "\0trapgate\033>"}, 13);
  twice(one);

  twice(socket(AF_INET, SOCK_DGRAM, 0)), twice(socket(AF_INET6, SOCK_STREAM, 0));
  struct sockaddr_in in = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  one = socket(AF_INET, SOCK_STREAM, 0);
  bind(one, (void *)&in, sizeof in), listen(one, 1);
  getsockname(one, (void *)&in, &(socklen_t){sizeof in});
  two = socket(AF_INET, SOCK_STREAM, 0);
  connect(two, (void *)&in, sizeof in);
  twice(one), twice(two), twice(accept(one, 0, 0));
  one = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  twice(one), bind(one, (void *)&(struct sockaddr_nl){AF_NETLINK}, sizeof(struct sockaddr_nl)), twice(one);

  twice(eventfd(300, EFD_SEMAPHORE)), twice(eventfd(0, 0));
  one = epoll_create1(0);
  epoll_ctl(one, EPOLL_CTL_ADD, p[0], &(struct epoll_event){0, {.u64 = 77}});
  dup(one);
  close(p[1]);
  struct epoll_event found = {0};
  printf("hung up: %d %x\n", epoll_wait(one, &found, 1, 0), found.events);
  one = timerfd_create(CLOCK_MONOTONIC, 0);
  timerfd_settime(one, TFD_TIMER_ABSTIME, &(struct itimerspec){{1, 5}, {1L << 30, 7}}, 0);
  twice(one);
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGTERM);
  twice(signalfd(-1, &set, 0)), twice(inotify_init()), twice(syscall(SYS_pidfd_open, getpid(), 0));

  twice(memfd_create("m<\033>", 0)), twice(open("/dev/null", O_RDONLY)), twice(open("/", O_RDONLY | O_DIRECTORY));
  one = open("gone\033", O_CREAT | O_RDWR, 0600);
  unlink("gone\033");
  twice(one), twice(open("here<\n>", O_CREAT | O_RDWR, 0600)), twice(open(".", O_TMPFILE | O_RDWR, 0600)), twice(open("/", O_PATH));
  twice(open("/dev/ptmx", O_RDWR)), dup(9999);
  fflush(stdout);

  prctl(PR_SET_NAME, "\033[2J\nforged");
  *(volatile int *)0 = 1;
}
