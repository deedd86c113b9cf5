// Times of arrival and other control messages: SO_TIMESTAMP and its relatives, SIOCGSTAMP, pidfds and groups
// of peers, TCP_INQ, UDP_SEGMENT.
#include "guest.h"
struct iov { void *base; size_t n; };
struct msg { void *name; int namelen; struct iov *iov; size_t iovlen; void *control; size_t controllen; int flags; };
struct cmsg { size_t len; int level, type; };
static long set(long s, int level, int option, int value) { return sys5(__NR_setsockopt, s, level, option, &value, 4); }
static long get(long s, int level, int option) {
  int v = 0, n = 4;
  long r = sys5(__NR_getsockopt, s, level, option, &v, &n);
  return r < 0 ? r : v;
}
/* Shows the control messages of the next message: level, type and length; the value of a number; for a time,
   if it is of this century. */
static void receive(const char *what, long s) {
  static char bytes[4096], control[512];
  struct iov iov = {bytes, sizeof bytes};
  struct msg m = {0, 0, &iov, 1, control, sizeof control, 0};
  long n = sys3(__NR_recvmsg, s, &m, 0x40);
  said(" %s %d", L(what), n);
  for (size_t at = 0; n >= 0 && at + sizeof(struct cmsg) <= m.controllen;) {
    struct cmsg *c = (void *)(control + at);
    uint64_t first = *(uint32_t *)(c + 1);
    said(" %d/%d/%d", c->level, c->type, c->len - sizeof *c);
    if (c->level == 1 && (c->type == 29 || c->type == 35 || c->type == 37 || c->type >= 63)) said(" time %d", first > 1500000000);
    else if (c->type == 4) said(" fd %d", (int)first >= 0), sys1(__NR_close, first);
    else if (c->level == 6) said(" %d", first);
    at += (c->len + sizeof(long) - 1) & -sizeof(long);
  }
}
static void stamps(const char *name, long to, long from, const void *address) {
  static const int options[] = {29, 35, 63, 64, 37, 65};
  say("%s", name);
  for (int i = 0; i < 6; i++) {
    said("\n %d: %d", options[i], set(to, 1, options[i], options[i] == 37 || options[i] == 65 ? 0x18 : 1));
    sock6(11, __NR_sendto, from, L("abc"), 3, 0, L(address), address ? 16 : 0);
    receive("got", to);
    for (int j = 0; j < 6; j++) said(" %d", get(to, 1, options[j]));
  }
  said("\n off %d %d", set(to, 1, 29, 0), set(to, 1, 37, 0));
  sock6(11, __NR_sendto, from, L("abc"), 3, 0, L(address), address ? 16 : 0);
  receive("got", to);
  said(" refused %d %d %d %d\n", set(to, 1, 37, 1 << 30), set(to, 1, 37, 1 << 16), set(to, 1, 37, 1 << 12), set(to, 1, 37, -1));
}
/* An own network: other programs of the host send over its loopback device too. */
static void isolate(void) {
  struct { char name[16]; short flags; char rest[22]; } request = {"lo", 1, {0}};
  long s = (sys1(__NR_unshare, 0x40000000), sys3(__NR_socket, 2, 2, 0));
  say("network %d\n", sys3(__NR_ioctl, s, 0x8914, &request));
  sys1(__NR_close, s);
}
static char many[2000];
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  isolate();
  int pair[2], length = 16, n;
  uint8_t a[16] = {2, 0, 0, 0, 127, 0, 0, 1}, buffer[64];
  long r = sys3(__NR_socket, 2, 2, 0), s = sys3(__NR_socket, 2, 2, 0), raw = sys3(__NR_socket, 2, 3, 17);
  sys3(__NR_bind, r, a, 16), sys3(__NR_getsockname, r, a, &length);
  long times[2] = {0, 0};
  said("before %d", sys3(__NR_ioctl, r, 0x8906, times));
  sock6(11, __NR_sendto, s, L("abc"), 3, 0, L(a), 16), receive("got", r);
  said(" after %d %d", sys3(__NR_ioctl, r, 0x8906, times), (unsigned long)times[0] > 1500000000);
  sock6(11, __NR_sendto, s, L("abc"), 3, 0, L(a), 16), sock6(12, __NR_recvfrom, r, L(buffer), 64, 0, 0, 0);
  said(" again %d %d\n", sys3(__NR_ioctl, r, 0x8907, times), (unsigned long)times[0] > 1500000000);
  stamps("udp", r, s, a);
  while (sock6(12, __NR_recvfrom, raw, L(buffer), 64, 0x40, 0, 0) >= 0) ;
  stamps("raw", raw, s, a);
  while (sock6(12, __NR_recvfrom, r, L(buffer), 64, 0x40, 0, 0) >= 0) ;
  sys4(__NR_socketpair, 1, 2, 0, pair);
  stamps("unix", pair[0], pair[1], 0);
  sys4(__NR_socketpair, 1, 1, 0, pair);
  stamps("stream", pair[0], pair[1], 0);
  said("pidfd %d", set(pair[0], 1, 76, 1));
  sys3(__NR_write, pair[1], "x", 1), receive("got", pair[0]);
  said(" both %d", set(pair[0], 1, 16, 1));
  sys3(__NR_write, pair[1], "x", 1), receive("got", pair[0]);
  said(" peer %d", get(pair[0], 1, 77) >= 0);
  said(" none %d", get(sys3(__NR_socket, 1, 1, 0), 1, 77));
  int groups[3] = {7, 5, 9};
  said("\ngroups %d", sys2(__NR_setgroups, 3, groups));
  sys4(__NR_socketpair, 1, 1, 0, pair);
  n = 4, said(" short %d", sys5(__NR_getsockopt, pair[0], 1, 59, buffer, &n)), said(" %d", n);
  n = 64, said(" whole %d", sys5(__NR_getsockopt, pair[0], 1, 59, buffer, &n)), said(" %d %d %d", n, buffer[0], buffer[8]);
  n = 8, said(" net %d", sys5(__NR_getsockopt, r, 1, 71, buffer, &n)), said(" %d", n);
  n = 8, said(" cookie %d", sys5(__NR_getsockopt, r, 1, 57, buffer, &n)), said(" %d", n);
  n = 7, said(" %d\n", sys5(__NR_getsockopt, r, 1, 57, buffer, &n));
  uint8_t t[16] = {2, 0, 0, 0, 127, 0, 0, 1};
  long l = sys3(__NR_socket, 2, 1, 0), c = sys3(__NR_socket, 2, 1, 0);
  length = 16, sys3(__NR_bind, l, t, 16), sys2(__NR_listen, l, 1), sys3(__NR_getsockname, l, t, &length);
  said("fast open %d", sock6(11, __NR_sendto, c, L("0123456789"), 10, 0x20000000, L(t), 16));
  long e = sys4(__NR_accept4, l, 0, 0, 0);
  said(" inq %d", set(e, 6, 36, 1));
  struct iov iov = {buffer, 4};
  char control[64];
  struct msg m = {0, 0, &iov, 1, control, 64, 0};
  said(" read %d", sys3(__NR_recvmsg, e, &m, 0));
  said(" %d %d %d %d", m.controllen == sizeof(struct cmsg) + sizeof(long), ((struct cmsg *)control)->level, ((struct cmsg *)control)->type, *(int *)((struct cmsg *)control + 1));
  said(" again %d", sock6(11, __NR_sendto, c, L("abc"), 3, 0x20000000, L(t), 16));
  said(" nothing %d\n", sock6(11, __NR_sendto, sys3(__NR_socket, 2, 1, 0), L("abc"), 3, 0x20000000, 0, 0));
  said("segment %d", set(s, 17, 103, 4));
  said(" send %d", sock6(11, __NR_sendto, s, L("0123456789"), 10, 0, L(a), 16));
  for (int i = 0; i < 4; i++) said(" %d", sock6(12, __NR_recvfrom, r, L(buffer), 64, 0x40, 0, 0));
  said(" too many %d", set(s, 17, 103, 1)), said(" %d", sock6(11, __NR_sendto, s, L(many), sizeof many, 0, L(a), 16));
  struct { struct cmsg head; uint16_t size; char pad[16]; } cut = {{sizeof(struct cmsg) + 2, 17, 103}, 3, {0}};
  struct iov whole = {"0123456789", 7};
  struct msg out = {a, 16, &whole, 1, &cut, (sizeof(struct cmsg) + 2 + sizeof(long) - 1) & -sizeof(long), 0};
  said(" message %d", sys3(__NR_sendmsg, s, &out, 0));
  for (int i = 0; i < 4; i++) said(" %d", sock6(12, __NR_recvfrom, r, L(buffer), 64, 0x40, 0, 0));
  uint8_t later[16] = {2, 0, 0, 0, 127, 0, 0, 1};
  long b = sys3(__NR_socket, 2, 1, 0);
  length = 16;
  said("\nlater %d %d", set(b, 0, 24, 1), sys3(__NR_bind, b, later, 16));
  sys3(__NR_getsockname, b, later, &length);
  said(" port %d", later[2] | later[3]);
  long ranged = sys3(__NR_socket, 2, 2, 0);
  uint8_t own[16] = {2, 0, 0, 0, 127, 0, 0, 1};
  said(" range %d %d", set(ranged, 0, 51, 40003 << 16 | 40001), sys3(__NR_bind, ranged, own, 16));
  sys3(__NR_getsockname, ranged, own, &length);
  int port = own[2] << 8 | own[3];
  said(" %d\n", port >= 40001 && port <= 40003);
  return 0;
}
