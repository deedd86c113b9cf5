// Options of TCP sockets by number: initial values, values that are refused, stored or changed.
// Bytes that a cork holds, and TCP_INFO.
#include "guest.h"
static char b[70000];
static struct { unsigned short family, port; unsigned int ip; char zero[8]; } a;
static long get(long fd, int level, int option, void *to, int size) {
  int n = size;
  long r = sys5(__NR_getsockopt, fd, level, option, to, &n);
  return r < 0 ? r : n;
}
static long set(long fd, int level, int option, int value) { return sys5(__NR_setsockopt, fd, level, option, &value, 4); }
/* The options whose values programs ask for; 13 is a name that the host's administrator chooses. */
static const int asked[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 18, 23, 25, 27, 30, 34, 43};
static void values(const char *what, long fd) {
  for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
    unsigned int v = 0;
    long r = get(fd, 6, asked[i], &v, 4);
    // The segment and the window of a connection depend on the device.
    say("%s %d: %d %d\n", what, (long)asked[i], r, v > 10000 ? 10000 : (long)(int)v);
  }
}
static const int tried[] = {-1, 0, 1, 2, 5, 100, 1000, 32767, 32768, 100000, 0x7fffffff};
static void changes(long fd) {
  for (unsigned k = 0; k < sizeof asked / sizeof *asked; k++) {
    say("option %d:", (long)asked[k]);
    for (unsigned i = 0; i < sizeof tried / sizeof *tried; i++) {
      unsigned int v = 0;
      long r = set(fd, 6, asked[k], tried[i]);
      get(fd, 6, asked[k], &v, 4);
      say(" %d", r);
      if (r == 0) say("=%d", (long)(int)v);
    }
    say("\n");
  }
}
static long server, client, far;
static void connect(void) {
  a.family = 2, a.port = 0, a.ip = 0x0100007f;
  server = sys3(__NR_socket, 2, 1, 0);
  sys3(__NR_bind, server, &a, 16);
  sys2(__NR_listen, server, 5);
  int n = 16;
  sys3(__NR_getsockname, server, &a, &n);
  client = sys3(__NR_socket, 2, 1, 0);
  say("connect %d\n", sys3(__NR_connect, client, &a, 16));
  far = sys4(__NR_accept4, server, 0, 0, 0);
}
static long send(long n, int how) { return sys6(__NR_sendto, client, L(b), n, how, 0, 0); }
enum { DONTWAIT = 0x40, MORE = 0x8000 };
static long waiting(long fd, int what) {
  int n = -1;
  long r = sys3(__NR_ioctl, fd, what, &n);
  return r < 0 ? r : n;
}
static void sleep(long ms) {
  long t[2] = {0, ms * 1000000};
  sys2(__NR_nanosleep, t, 0);
}
/* What has arrived: packets of the loopback need a moment. */
static long receive(void) {
  sleep(10);
  return sys6(__NR_recvfrom, far, L(b), sizeof b, DONTWAIT, 0, 0);
}
static void step(const char *what, long done) {
  say("%s %d,", what, done);
  say(" arrives %d,", receive());
  say(" readable %d unsent %d\n", waiting(far, 0x541b), waiting(client, 0x894b));
}
static int body(int argc, char **argv, char **envp) {
  long fd = sys3(__NR_socket, 2, 1, 0);
  values("closed", fd);
  changes(fd);
  sys1(__NR_close, fd);
  connect();
  values("connected", client);
  step("more", send(10, MORE));
  step("then", send(1, 0));
  step("more", send(10, MORE));
  sleep(300);
  step("later", 0);
  step("cork", set(client, 6, 3, 1));
  step("some", send(5, 0));
  step("more", send(6, 0));
  step("uncork", set(client, 6, 3, 0));
  set(client, 6, 3, 1);
  step("cork", send(7, 0));
  step("no delay", set(client, 6, 1, 1));
  step("again", send(7, 0));
  set(client, 6, 3, 0);
  step("no delay, more", send(9, MORE));
  set(client, 6, 1, 0);
  step("shutdown", sys2(__NR_shutdown, client, 1));
  sys1(__NR_close, client);
  sys1(__NR_close, far);
  client = sys3(__NR_socket, 2, 1, 0);
  sys3(__NR_connect, client, &a, 16);
  far = sys4(__NR_accept4, server, 0, 0, 0);
  step("more", send(8, MORE));
  step("close", sys1(__NR_close, client));
  client = sys3(__NR_socket, 2, 1, 0);
  static unsigned char info[512];
  long r = get(client, 6, 11, info, 512);
  say("info %d state %d\n", (long)(r > 200), (long)info[0]);
  sys3(__NR_connect, client, &a, 16);
  far = sys4(__NR_accept4, server, 0, 0, 0);
  send(1000, 0);
  send(234, 0);
  receive();
  get(client, 6, 11, info, 512);
  say("client: state %d retransmits %d options %x\n", (long)info[0], (long)info[2], (unsigned long)info[5]);
  uint32_t *w = (uint32_t *)(info + 8);
  say("unacked %d lost %d retrans %d pmtu %d ssthresh %d advmss %d\n", (long)w[4], (long)w[6], (long)w[7], (long)w[13], (long)w[17], (long)w[19]);
  uint64_t *q = (uint64_t *)(info + 104);
  say("acked %d received %d segments %d %d\n", (long)q[2], (long)q[3], (long)*(uint32_t *)(info + 136), (long)*(uint32_t *)(info + 140) > 0);
  get(far, 6, 11, info, 512);
  say("server: state %d received %d\n", (long)info[0], (long)q[3]);
  get(server, 6, 11, info, 512);
  say("listener: state %d queue %d of %d\n", (long)info[0], (long)w[4], (long)w[5]);
  say("short %d %d\n", get(client, 6, 11, info, 8), get(client, 6, 11, info, 0));
  say("congestion %d", sys5(__NR_setsockopt, client, 6, 13, "cubic", 5));
  say(" %d", sys5(__NR_setsockopt, client, 6, 13, "nothing", 7));
  say(" %d\n", sys5(__NR_setsockopt, client, 6, 13, "", 0));
  return 0;
}
