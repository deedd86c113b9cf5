// Filters of sockets: classic BPF on datagrams, frames and messages.
#include "guest.h"
struct insn { uint16_t code; uint8_t jt, jf; uint32_t k; };
struct prog { uint16_t n; const struct insn *at; };
static long attach(long s, const struct insn *p, int n) {
  struct prog f = {n, p};
  return sys5(__NR_setsockopt, s, 1, 26, &f, sizeof f);
}
static long set(long s, int option, int value) { return sys5(__NR_setsockopt, s, 1, option, &value, 4); }
static char in[256];
static void got(long s) { said(" %d", sock6(12, __NR_recvfrom, s, L(in), sizeof in, 0x40, 0, 0)); }
#define filter(s, ...) attach(s, (const struct insn[]){__VA_ARGS__}, sizeof((const struct insn[]){__VA_ARGS__}) / sizeof(struct insn))
#define RET(n) {0x06, 0, 0, n}
/* Returns the value that the first instruction loads, so that the kept length shows it. */
#define SHOW(code, k) filter(r, {code, 0, 0, k}, {0x14, 0, 0, 0}, {0x16, 0, 0, 0})
static uint8_t a[16] = {2, 0, 0, 0, 127, 0, 0, 1};
static long s;
static void send_(int n) { sock6(11, __NR_sendto, s, L("0123456789012345678901234567890123456789012345678901234567890123456789"), n, 0, L(a), 16); }
/* An own network: other programs of the host send over its loopback device too. */
static void isolate(void) {
  struct { char name[16]; short flags; char rest[22]; } request = {"lo", 1, {0}};
  long s = (sys1(__NR_unshare, 0x40000000), sys3(__NR_socket, 2, 2, 0));
  say("network %d\n", sys3(__NR_ioctl, s, 0x8914, &request));
  sys1(__NR_close, s);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  isolate();
  int length = 16, pair[2], n;
  long r = sys3(__NR_socket, 2, 2, 0);
  s = sys3(__NR_socket, 2, 2, 0);
  sys3(__NR_bind, r, a, 16), sys3(__NR_getsockname, r, a, &length);
  said("none %d", set(r, 27, 0)), said(" locked %d", set(r, 44, 0));
  said(" drop %d", filter(r, RET(0))), send_(20), got(r);
  said(" all %d", filter(r, RET(-1))), send_(20), got(r);
  said(" some %d", filter(r, RET(15))), send_(20), got(r);
  said(" header %d", filter(r, RET(3))), send_(20), got(r);
  said(" off %d", set(r, 27, 0)), send_(20), got(r);
  said("\nrefused %d", filter(r, {0xffff, 0, 0, 0}, RET(0))), said(" %d", filter(r, {0, 0, 0, 1}));
  said(" %d", attach(r, 0, 1)), said(" %d", attach(r, (void *)-4096L, 2)), said(" %d", attach(r, 0, 0)), said(" %d", filter(r, {0x20, 0, 0, 0xfffff001}, RET(0)));
  said(" %d", filter(r, {0x34, 0, 0, 0}, RET(0))), said(" %d", filter(r, {0x60, 0, 0, 0}, RET(0))), said(" %d", filter(r, {0x5, 0, 0, 1}, RET(0)));
  said(" length %d", sys5(__NR_setsockopt, r, 1, 26, &n, 4));
  static const struct { const char *what; uint16_t code; uint32_t k; } loads[] = {
    {"length", 0x80, 0}, {"udp length", 0x28, 4}, {"byte", 0x30, 8}, {"ip header", 0x30, 0xfff00000}, {"ttl", 0x30, 0xfff00008},
    {"ether", 0x28, 0xffe0000c}, {"beyond", 0x30, 500}, {"beyond", 0x20, 26}, {"below", 0x30, 0xf0000000}, {"protocol", 0x20, 0xfffff000}, {"kind", 0x20, 0xfffff004},
    {"device", 0x20, 0xfffff008}, {"hardware", 0x20, 0xfffff01c}, {"mark", 0x20, 0xfffff014}, {"queue", 0x20, 0xfffff018}, {"xor", 0x20, 0xfffff028},
    {"vlan", 0x20, 0xfffff02c}, {"vlan", 0x20, 0xfffff030}, {"payload", 0x20, 0xfffff034}};
  for (unsigned i = 0; i < sizeof loads / sizeof *loads; i++) {
    said("\n %s %d", L(loads[i].what), SHOW(loads[i].code, loads[i].k)), send_(20), got(r);
    /* The lower bits of greater values. */
    filter(r, {loads[i].code, 0, 0, loads[i].k}, {0x54, 0, 0, 15}, {0x4, 0, 0, 9}, {0x16, 0, 0, 0}), send_(20), got(r);
  }
  said("\nindirect %d", filter(r, {0x01, 0, 0, 4}, {0x48, 0, 0, 0}, {0x16, 0, 0, 0})), send_(20), got(r);
  said(" msh %d", filter(r, {0xb1, 0, 0, 0xfff00000}, {0x87, 0, 0, 0}, {0x16, 0, 0, 0})), send_(20), got(r);
  said(" jump %d", filter(r, {0x28, 0, 0, 4}, {0x15, 0, 1, 28}, RET(-1), RET(0))), send_(20), got(r), send_(21), got(r);
  said(" divide %d", filter(r, {0x80, 0, 0, 0}, {0x3c, 0, 0, 0}, RET(-1))), send_(20), got(r);
  n = 0, said("\nread %d", sys5(__NR_getsockopt, r, 1, 26, in, &n)), said(" %d", n);
  n = 2, said(" %d", sys5(__NR_getsockopt, r, 1, 26, in, &n)), said(" %d", n);
  n = 3, said(" %d", sys5(__NR_getsockopt, r, 1, 26, in, &n)), said(" %d %x %x", n, *(int *)in, *(int *)(in + 8));
  said(" lock %d", set(r, 44, 1)), said(" %d %d", set(r, 27, 0), filter(r, RET(0))), said(" %d", set(r, 44, 0)), said(" %d", set(r, 44, 1));
  long raw = sys3(__NR_socket, 2, 3, 17), frames = sys3(__NR_socket, 17, 3, 0x300), cooked = sys3(__NR_socket, 17, 2, 0x300);
  r = raw;
  said("\nraw %d", SHOW(0x28, 2)), send_(20), got(r), said(" %d", filter(r, {0x30, 0, 0, 0}, {0x16, 0, 0, 0})), send_(20), got(r);
  static const struct { uint16_t code; uint32_t k; } looks[] = {{0x30, 14}, {0x30, 0}, {0x20, 0xfffff004}, {0x20, 0xfffff034}, {0x30, 0xfff00000}, {0x80, 0}};
  for (int i = 0; i < 6; i++) {
    filter(frames, {looks[i].code, 0, 0, looks[i].k}, {0x4, 0, 0, 1}, {0x16, 0, 0, 0}), filter(cooked, {looks[i].code, 0, 0, looks[i].k}, {0x4, 0, 0, 1}, {0x16, 0, 0, 0});
    while (sock6(12, __NR_recvfrom, frames, L(in), 1, 0x40, 0, 0) >= 0) ;
    while (sock6(12, __NR_recvfrom, cooked, L(in), 1, 0x40, 0, 0) >= 0) ;
    send_(20);
    said("\nframe"), got(frames), got(frames), got(frames), said(" cooked"), got(cooked), got(cooked), got(cooked);
  }
  sys4(__NR_socketpair, 1, 2, 0, pair);
  said("\nunix %d", filter(pair[0], {0x30, 0, 0, 1}, {0x16, 0, 0, 0}));
  said(" %d", sys3(__NR_write, pair[1], "x\3yz.", 5)), got(pair[0]), said(" %d", sys3(__NR_write, pair[1], "x\0yz.", 5)), got(pair[0]), said(" %d", sys3(__NR_write, pair[1], "x", 1)), got(pair[0]);
  said("\n");
  return 0;
}
