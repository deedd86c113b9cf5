// Rings of packet sockets: frames of the loopback in memory that the program maps, in a network namespace of its own.
#include "guest.h"
enum { NEWNET = 0x40000000, INET = 2, PACKET = 17, DGRAM = 2, RAW = 3, SOL = 263 };
enum { RX_RING = 5, STATISTICS = 6, VERSION = 10, HDRLEN = 11, RESERVE = 12 };
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static long set(long s, int option, const void *p, int n) { return sys5(__NR_setsockopt, s, SOL, option, p, n); }
static long setWord(long s, int option, unsigned v) { return set(s, option, &v, 4); }
static long get(long s, int option, int v) {
  int four = 4;
  long x = sys5(__NR_getsockopt, s, SOL, option, &v, &four);
  return x < 0 ? x : v;
}
#ifdef __x86_64__
#define MMAP(n, s) sys6(__NR_mmap, 0, n, 3, 1, s, 0)
static long send_(long s, const void *p, long n, const void *to, long length) { return sys6(__NR_sendto, s, L(p), n, 0, L(to), length); }
#else
#define MMAP(n, s) sys1(__NR_mmap, ((long[6]){0, n, 3, 1, s, 0}))
static long send_(long s, const void *p, long n, const void *to, long length) { return sys2(__NR_socketcall, 11, ((long[6]){s, L(p), n, 0, L(to), length})); }
#endif
static long ring(long s, unsigned size, unsigned count, unsigned frame, unsigned frames, int length) {
  unsigned r[7] = {size, count, frame, frames, 20, 8, 0};
  return set(s, RX_RING, r, length);
}
static long polls(long s) {
  struct { int fd; int16_t events, revents; } p = {s, 1, 0};
  long x = sys3(__NR_poll, &p, 1, 0);
  return x << 8 | p.revents;
}
static long lo_socket(int type, int version) {
  long s = socket_(PACKET, type, 0);
  uint8_t any[20] = {PACKET, 0, 0x88, 0xb5, 1};
  if (version >= 0) setWord(s, VERSION, version);
  sys3(__NR_bind, s, any, 20);
  return s;
}
static uint8_t frame[3000] = {0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 0x88, 0xb5};
static void emit(long s, int length, int mark) {
  uint8_t to[20] = {PACKET, 0, 0x88, 0xb5, 1};
  for (int i = 14; i < length; i++) frame[i] = mark;
  send_(s, frame, length, to, 20);
}
static void options(void) {
  long s = socket_(PACKET, RAW, 0);
  said("header %d %d %d %d", get(s, HDRLEN, 0), get(s, HDRLEN, 1), get(s, HDRLEN, 2), get(s, HDRLEN, 3));
  said(" version %d %d %d %d", get(s, VERSION, 9), setWord(s, VERSION, 3), setWord(s, VERSION, 1), get(s, VERSION, 9));
  said(" short %d reserve %d %d %d\n", set(s, VERSION, "", 1), setWord(s, RESERVE, 0x80000000), setWord(s, RESERVE, 100), get(s, RESERVE, 9));
  said("map %d ring: short %d block %d page %d", MMAP(4096, s), ring(s, 4096, 1, 256, 16, 15), ring(s, 0, 1, 256, 16, 16), ring(s, 4000, 1, 256, 16, 16));
  said(" small %d aligned %d count %d frames %d", ring(s, 4096, 1, 144, 28, 16), ring(s, 4096, 1, 264, 15, 16), ring(s, 4096, 2, 256, 16, 16), ring(s, 0, 0, 0, 1, 16));
  said(" long frame %d right %d", ring(s, 4096, 1, 8192, 1, 16), ring(s, 4096, 2, 256, 32, 16));
  said(" again %d version %d reserve %d map %d\n", ring(s, 4096, 2, 256, 32, 16), setWord(s, VERSION, 0), setWord(s, RESERVE, 0), MMAP(4096, s));
  said("end %d again %d version %d", ring(s, 0, 0, 0, 0, 16), ring(s, 0, 0, 0, 0, 16), setWord(s, VERSION, 2));
  said(" three: short %d own %d right %d", ring(s, 4096, 1, 256, 16, 16), ring(s, 4096, 1, 256, 16, 27), ring(s, 4096, 1, 256, 16, 28));
  unsigned r[7] = {4096, 1, 4096, 1, 20, 3u << 30, 0};
  said(" end %d too much %d\n", ring(s, 0, 0, 0, 0, 28), set(s, RX_RING, r, 28));
}
static void frames_(int version) {
  int step = version == 0 ? 8 : 4;
  long s = lo_socket(RAW, version), d = lo_socket(DGRAM, version), out = socket_(PACKET, RAW, 0);
  said("version %d ring %d %d", version, ring(s, 4096, 1, 1024, 4, 16), ring(d, 4096, 1, 1024, 4, 16));
  uint8_t *m = (uint8_t *)MMAP(4096, s), *n = (uint8_t *)MMAP(4096, d);
  said(" poll %x", polls(s));
  for (int i = 0; i < 5; i++) emit(out, i == 1 ? 2000 : 60 + i, 'a' + i);
  said(" poll %x\n", polls(s));
  for (int i = 0; i < 4; i++) {
    uint8_t *f = m + 1024 * i, *g = n + 1024 * i;
    int mac = word(f, step + 8) & 0xffff, net = word(f, step + 8) >> 16, at = get(s, HDRLEN, version);
    said(" %x len %d snap %d mac %d net %d first %x", L(word(f, 0)), L(word(f, step)), L(word(f, step + 4)), L(mac), L(net), L(f[mac + 14]));
    at = (at + 15) & ~15;
    said(" from %x %x %x %x", L(word(f, at)), L(word(f, at + 4)), L(word(f, at + 8)), L(word(f, at + 12)));
    said(" data %x len %d mac %d first %x\n", L(word(g, 0)), L(word(g, step)), L(word(g, step + 8) & 0xffff), L(g[word(g, step + 8) & 0xffff]));
  }
  uint32_t counts[3] = {0};
  int length = 12;
  long x = sys5(__NR_getsockopt, s, SOL, STATISTICS, counts, &length);
  said(" statistics %d %d %d length %d", x, L(counts[0]), L(counts[1]), L(length));
  *(uint64_t *)m = 0;
  emit(out, 70, 'z');
  said(" after %x first %x", L(word(m, 0)), L(m[(word(m, step + 8) & 0xffff) + 14]));
  said(" receives %d\n", sys5(__NR_recvmmsg, s, 0, 0, 0x40, 0));
}
static void blocks(void) {
  long s = lo_socket(RAW, 2), out = socket_(PACKET, RAW, 0);
  said("blocks %d", ring(s, 4096, 2, 1024, 8, 28));
  uint8_t *m = (uint8_t *)MMAP(8192, s);
  said(" version %d own %d status %x poll %x", L(word(m, 0)), L(word(m, 4)), L(word(m, 8)), polls(s));
  emit(out, 60, 'a');
  said(" open %x poll %x\n", L(word(m, 8)), polls(s));
  for (int i = 0; i < 60 && !word(m, 8); i++) sys2(__NR_nanosleep, ((long[2]){0, 5000000}), 0);
  said(" status %x packets %d first %d length %d sequence %d poll %x\n", L(word(m, 8)), L(word(m, 12)), L(word(m, 16)), L(word(m, 20)), L(word(m, 24)), polls(s));
  uint8_t *p = m + word(m, 16);
  said(" next %d snap %d len %d status %x", L(word(p, 0)), L(word(p, 12)), L(word(p, 16)), L(word(p, 20)));
  said(" mac %x from %x first %x\n", L(word(p, 24)), L(word(p, 48)), L(p[(word(p, 24) & 0xffff) + 14]));
  uint8_t *q = m + 4096;
  for (int i = 0; i < 8; i++) emit(out, 1000, 'b' + i);
  said(" second %x packets %d first %d length %d sequence %d", L(word(q, 8)), L(word(q, 12)), L(word(q, 16)), L(word(q, 20)), L(word(q, 24)));
  p = q + word(q, 16);
  for (unsigned i = 0; i < word(q, 12) && i < 9; i++, p += word(p, 0)) said(" %d %x", L(word(p, 0)), L(p[(word(p, 24) & 0xffff) + 14]));
  said(" first %x\n", L(word(m, 8)));
  *(uint32_t *)(m + 8) = 0;
  emit(out, 1000, 'y');
  *(uint32_t *)(q + 8) = 0;
  for (int i = 0; i < 5; i++) emit(out, 1000, 'k' + i);
  said(" first %x packets %d sequence %d", L(word(m, 8)), L(word(m, 12)), L(word(m, 24)));
  uint32_t counts[3] = {7, 7, 7};
  int length = 12;
  long x = sys5(__NR_getsockopt, s, SOL, STATISTICS, counts, &length);
  said(" statistics %d %d %d length %d\n", x, L(counts[0]), L(counts[1]), L(length));
}
/* A struct virtio_net_hdr is before each frame. */
static void virtio(void) {
  long s = socket_(PACKET, RAW, 0x8), d = socket_(PACKET, DGRAM, 0x8), u = socket_(INET, DGRAM, 0), v = socket_(INET, DGRAM, 0);
  uint8_t at[16] = {INET, 0, 0x41, 1, 127, 0, 0, 1}, in[64] = {0}, to[20] = {PACKET, 0, 8, 0, 1};
  sys3(__NR_bind, u, at, 16);
  said("virtio dgram %d short %d", setWord(d, 15, 1), set(s, 15, "", 1));
  said(" raw %d %d", setWord(s, 15, 1), get(s, 15, 9));
  send_(v, "data", 4, at, 16);
  long n = sys3(__NR_read, s, in, sizeof in);
  said(" read %d:", n);
  for (int i = 0; i < 26; i++) said(" %x", L(in[i]));
  said(" sends %d", send_(s, frame, 9, to, 20));
  memset(frame, 0, 10);
  said(" %d", send_(s, frame, 23, to, 20));
  said(" %d\n", send_(s, frame, 100, to, 20));
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  uint8_t up[40] = "lo";
  up[16] = 1;
  said("unshare %d", sys1(__NR_unshare, NEWNET));
  said(" up %d\n", sys3(__NR_ioctl, socket_(INET, DGRAM, 0), 0x8914, up));
  options();
  frames_(0);
  frames_(1);
  blocks();
  virtio();
  return 0;
}
