// Sockets towards the world outside of a machine, one way of use an argument.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in to(const char *ip, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, ip, &a.sin_addr);
  return a;
}
static int dial(int how, const char *ip, int port) {
  int fd = socket(AF_INET, SOCK_STREAM | how, 0);
  struct sockaddr_in a = to(ip, port);
  errno = 0;
  connect(fd, (void *)&a, sizeof a);
  return fd;
}
static const char *name(int error) { return error ? strerrorname_np(error) : "0"; }
static void show(const char *what, int fd, int (*get)(int, struct sockaddr *, socklen_t *)) {
  struct sockaddr_in a = {0};
  socklen_t n = sizeof a;
  char text[64];
  if (get(fd, (void *)&a, &n)) printf("%s %s\n", what, name(errno));
  else printf("%s %s %s\n", what, inet_ntop(AF_INET, &a.sin_addr, text, sizeof text), ntohs(a.sin_port) ? "port" : "-");
}

/** A connection that is opened without waiting; both directions end one after the other. */
static void talk(const char *ip, int port) {
  int fd = dial(SOCK_NONBLOCK, ip, port), error = 0;
  socklen_t n = sizeof error;
  printf("connect %s\n", name(errno));
  struct pollfd p = {fd, POLLOUT | POLLIN, 0};
  poll(&p, 1, -1);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
  printf("poll %s%s error %s\n", p.revents & POLLOUT ? "out" : "", p.revents & POLLIN ? "in" : "", name(error));
  show("own", fd, getsockname);
  show("peer", fd, getpeername);
  char buffer[256];
  ssize_t got = read(fd, buffer, sizeof buffer);
  printf("early read %zd %s\n", got, name(errno));
  write(fd, "hello", 5);
  shutdown(fd, SHUT_WR);
  int ep = epoll_create1(0);
  struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
  for (;;) {
    epoll_wait(ep, &ev, 1, -1);
    got = read(fd, buffer, sizeof buffer - 1);
    if (got <= 0) break;
    buffer[got] = 0;
    printf("read %s\n", buffer);
  }
  printf("end %zd\n", got);
}
/** The errno of a connection, of a read from it, and of a write. */
static void fails(const char *ip, int port) {
  int fd = dial(0, ip, port);
  printf("connect %s\n", name(errno));
  char byte;
  errno = 0;
  ssize_t got = read(fd, &byte, 1);
  printf("read %zd %s\n", got, name(errno));
  errno = 0;
  signal(SIGPIPE, SIG_IGN);
  write(fd, "x", 1);
  printf("write %s\n", name(errno));
}
/** Bytes that fit before a reader takes any, in units of 4 MB. */
static void fill(const char *ip, int port) {
  int fd = dial(0, ip, port);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  static char block[65536];
  long sum = 0;
  for (int idle = 0; idle < 10;) {
    ssize_t n = write(fd, block, sizeof block);
    if (n > 0) sum += n, idle = 0;
    else usleep(20000), idle++;
  }
  printf("%s\n", sum < 16 << 20 ? "bounded" : "unbounded");
  fflush(stdout);
  _exit(0);
}
/** Many connections at a time. */
static void many(const char *ip, int port, int times) {
  struct rlimit limit = {20000, 20000};
  setrlimit(RLIMIT_NOFILE, &limit);
  int begun = 0, refused = 0;
  for (int i = 0; i < times; i++) {
    int fd = dial(SOCK_NONBLOCK, ip, port);
    if (fd >= 0 && errno == EINPROGRESS) begun++;
    if (fd >= 0 && errno == ENOBUFS) refused++;
  }
  printf("%s begun, other %d\n", begun <= 512 ? "at most 512" : begun <= 1024 ? "at most 1024" : "more", times - begun - refused);
}
/** Ports that accept a connection, of a range. */
static void scan(const char *ip, int first, int last) {
  int open = 0;
  for (int port = first; port <= last; port++) {
    int fd = dial(0, ip, port);
    if (errno == 0) open++;
    close(fd);
  }
  printf("%s: %d open\n", ip, open);
}
/** A thread counts while the main thread waits for bytes of the other side. */
static volatile long counted;
static void *count(void *stop) {
  struct timespec little = {0, 1000000};
  while (!*(volatile int *)stop) nanosleep(&little, 0), counted++;
  return 0;
}
static void meanwhile(const char *ip, int port) {
  int stop = 0, fd = dial(0, ip, port);
  pthread_t thread;
  pthread_create(&thread, 0, count, &stop);
  char byte;
  ssize_t got = read(fd, &byte, 1);
  stop = 1;
  pthread_join(thread, 0);
  printf("read %zd, counted %s\n", got, counted >= 5 ? "meanwhile" : "not");
}
/** A read that ends by SO_RCVTIMEO. */
static void deadline(const char *ip, int port) {
  int fd = dial(0, ip, port);
  struct timeval wait = {0, 200000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  struct timespec from, until;
  clock_gettime(CLOCK_MONOTONIC, &from);
  char byte;
  read(fd, &byte, 1);
  int error = errno;
  clock_gettime(CLOCK_MONOTONIC, &until);
  double passed = (until.tv_sec - from.tv_sec) + (until.tv_nsec - from.tv_nsec) / 1e9;
  printf("%s after %s\n", name(error), passed >= 0.2 && passed < 5 ? "the time" : "another time");
}
/** Packets: one that is answered, and one of a stranger that is not heard. */
static void packets(const char *ip, int port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = to(ip, port), from;
  printf("send %zd\n", sendto(fd, "ping", 4, 0, (void *)&a, sizeof a));
  struct timeval wait = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  char buffer[64], text[64];
  for (int i = 0; i < 2; i++) {
    socklen_t n = sizeof from;
    ssize_t got = recvfrom(fd, buffer, sizeof buffer - 1, 0, (void *)&from, &n);
    if (got < 0) {
      printf("%s\n", name(errno));
      break;
    }
    buffer[got] = 0;
    printf("%s from %s %s\n", buffer, inet_ntop(AF_INET, &from.sin_addr, text, sizeof text), ntohs(from.sin_port) == port ? "same port" : "other port");
    wait = (struct timeval){0, 300000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }
}
/** A server of one TCP client, or of packets: what it sends back is in capitals. */
static void serve(int type, int port) {
  int fd = socket(AF_INET, type, 0);
  struct sockaddr_in a = to("0.0.0.0", port);
  if (bind(fd, (void *)&a, sizeof a)) perror("bind");
  char buffer[65536];
  ssize_t got;
  if (type == SOCK_DGRAM) {
    puts("ready"), fflush(stdout);
    for (int i = 0; i < 2; i++) {
      socklen_t n = sizeof a;
      got = recvfrom(fd, buffer, sizeof buffer, 0, (void *)&a, &n);
      for (ssize_t j = 0; j < got; j++) buffer[j] &= ~0x20;
      sendto(fd, buffer, got, 0, (void *)&a, n);
    }
    return;
  }
  listen(fd, 8);
  puts("ready"), fflush(stdout);
  int client = accept(fd, 0, 0);
  show("client", client, getpeername);
  show("server", client, getsockname);
  while ((got = read(client, buffer, sizeof buffer)) > 0) {
    for (ssize_t j = 0; j < got; j++) buffer[j] &= ~0x20;
    if (write(client, buffer, got) != got) break;
  }
  printf("client ended %zd\n", got);
  // It sends what it has, then ends at once: all of it must arrive.
  memset(buffer, '!', sizeof buffer);
  for (int i = 0; i < 32; i++) write(client, buffer, sizeof buffer);
}
/** The names and addresses of the devices are looked at by others; here, what a local address may be. */
static void local(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = to("10.0.2.15", 4000), b = to("203.0.113.9", 4001), c = to("127.0.0.1", 4002), far = to("203.0.113.9", 80);
  printf("bind own %s\n", bind(fd, (void *)&a, sizeof a) ? name(errno) : "0");
  listen(fd, 1);
  printf("connect own %s\n", connect(other, (void *)&a, sizeof a) ? name(errno) : "0");
  show("from", other, getsockname);
  int third = socket(AF_INET, SOCK_STREAM, 0);
  printf("bind other %s\n", bind(third, (void *)&b, sizeof b) ? name(errno) : "0");
  bind(third, (void *)&c, sizeof c);
  printf("loopback to far %s\n", connect(third, (void *)&far, sizeof far) ? name(errno) : "0");
  struct sockaddr_in group = to("224.0.0.1", 9);
  printf("multicast %s\n", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&group, sizeof group) ? name(errno) : "0");
}

int main(int argc, char **argv) {
  const char *way = argv[1], *ip = argc > 2 ? argv[2] : "";
  int port = argc > 3 ? atoi(argv[3]) : 0;
  setvbuf(stdout, 0, _IOLBF, 0);
  if (!strcmp(way, "talk")) talk(ip, port);
  if (!strcmp(way, "fails")) fails(ip, port);
  if (!strcmp(way, "fill")) fill(ip, port);
  if (!strcmp(way, "many")) many(ip, port, atoi(argv[4]));
  if (!strcmp(way, "scan")) scan(ip, port, atoi(argv[4]));
  if (!strcmp(way, "meanwhile")) meanwhile(ip, port);
  if (!strcmp(way, "deadline")) deadline(ip, port);
  if (!strcmp(way, "packets")) packets(ip, port);
  if (!strcmp(way, "serve")) serve(SOCK_STREAM, atoi(ip));
  if (!strcmp(way, "serve-packets")) serve(SOCK_DGRAM, atoi(ip));
  if (!strcmp(way, "local")) local();
}
