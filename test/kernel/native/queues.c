// Requests of ioctl(2) about the queues of sockets.
#include "guest.h"
enum { UNIX = 1, INET = 2, PACKET = 17, NETLINK = 16, STREAM = 1, DGRAM = 2, RAW = 3 };
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static void asked(const char *who, long s) {
  static const unsigned requests[] = {0x8905, 0x5411, 0x541b, 0x894b};
  say("%s", who);
  for (int i = 0; i < 4; i++) {
    int value = 77;
    said(" %x: %d", requests[i], sys3(__NR_ioctl, s, requests[i], &value));
    said(" %d nowhere %d", value, sys3(__NR_ioctl, s, requests[i], 8));
  }
  say("\n");
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  uint8_t a[16] = {INET, 0, 0, 0, 127, 0, 0, 1};
  int length = 16, pair[2];
  long t = socket_(INET, STREAM, 0), l = socket_(INET, STREAM, 0), c = socket_(INET, STREAM, 0);
  said("bind %d listen %d", sys3(__NR_bind, l, a, 16), sys2(__NR_listen, l, 5));
  said(" name %d connect %d", sys3(__NR_getsockname, l, a, &length), sys3(__NR_connect, c, a, 16));
  long d = sys4(__NR_accept4, l, 0, 0, 0);
  said(" write %d pair %d\n", sys3(__NR_write, c, "hello", 5), sys4(__NR_socketpair, UNIX, STREAM, 0, pair));
  sys3(__NR_write, pair[1], "abc", 3);
  asked("fresh", t), asked("listening", l), asked("sender", c), asked("receiver", d);
  asked("udp", socket_(INET, DGRAM, 0)), asked("unix", socket_(UNIX, STREAM, 0)), asked("pair", pair[0]);
  asked("raw", socket_(INET, RAW, 1)), asked("packet", socket_(PACKET, RAW, 0)), asked("netlink", socket_(NETLINK, RAW, 0));
  return 0;
}
