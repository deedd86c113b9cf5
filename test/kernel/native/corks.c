// UDP sockets that keep bytes for one packet: MSG_MORE and UDP_CORK.
#include "guest.h"
enum { INET = 2, DGRAM = 2, DONTWAIT = 0x40, MORE = 0x8000 };
static char in[70000];
static long send_(long s, const char *text, long n, long flags, const void *to) { return sock6(11, __NR_sendto, s, L(text), n, flags, L(to), to ? 16 : 0); }
static void got(long s) {
  long n = sock6(12, __NR_recvfrom, s, L(in), sizeof in - 1, DONTWAIT, 0, 0);
  in[n > 0 && n < 100 ? n : 0] = 0;
  say(" got %d %s", n, in);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  uint8_t a[16] = {INET, 0, 0, 0, 127, 0, 0, 1}, b[16] = {INET, 0, 0, 0, 127, 0, 0, 1};
  int length = 16, one = 1, zero = 0;
  long r = sys3(__NR_socket, INET, DGRAM, 0), o = sys3(__NR_socket, INET, DGRAM, 0), s = sys3(__NR_socket, INET, DGRAM, 0);
  sys3(__NR_bind, r, a, 16), sys3(__NR_getsockname, r, a, &length);
  sys3(__NR_bind, o, b, 16), sys3(__NR_getsockname, o, b, &length);
  said("no receiver %d", send_(s, "x", 1, MORE, 0));
  said(" first %d", send_(s, "one ", 4, MORE, a));
  got(r);
  said(" second %d", send_(s, "two ", 4, MORE, b));
  said(" last %d", send_(s, "three", 5, 0, 0));
  got(r), got(o);
  said("\nplain %d", send_(s, "alone", 5, 0, b));
  got(o);
  said("\ncork %d", sys5(__NR_setsockopt, s, 17, 1, &one, 4));
  said(" %d %d", send_(s, "a", 1, 0, a), send_(s, "b", 1, 0, a));
  got(r);
  said(" free %d", sys5(__NR_setsockopt, s, 17, 1, &zero, 4));
  got(r);
  long x = sys5(__NR_getsockopt, s, 17, 1, &one, &length);
  said(" option %d %d\n", x, L(one));
  said("long %d", send_(s, in, 60000, MORE, a));
  said(" too long %d", send_(s, in, 6000, MORE, a));
  said(" end %d", send_(s, in, 100, 0, a));
  got(r);
  said("\nconnect %d", sys3(__NR_connect, s, a, 16));
  said(" more %d", send_(s, "c", 1, MORE, 0));
  said(" write %d", sys3(__NR_write, s, "d", 1));
  got(r);
  say("\n");
  return 0;
}
