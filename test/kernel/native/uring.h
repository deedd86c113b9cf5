// What the programs about io_uring share: a ring in memory, submissions and completions.
#include "guest.h"
#include <linux/io_uring.h>
struct ring {
  long fd;
  struct io_uring_params p;
  char *ring;
  struct io_uring_sqe *sqes;
  unsigned queued;
};
#ifdef __x86_64__
#define MMAP(n, fd, off) sys6(__NR_mmap, 0, n, 3, 0x8001, fd, off)
#else
static long mmap6(long n, long fd, long pages) {
  long a[6] = {0, n, 3, 0x8001, fd, pages}, *p = a, r = __NR_mmap2;
  __asm__ volatile("push %%ebx; push %%ebp; mov 0(%%edi), %%ebx; mov 4(%%edi), %%ecx; mov 8(%%edi), %%edx; mov 12(%%edi), %%esi;"
                   "mov 20(%%edi), %%ebp; mov 16(%%edi), %%edi; int $0x80; pop %%ebp; pop %%ebx"
                   : "+a"(r), "+D"(p) : : "ecx", "edx", "esi", "memory", "cc");
  return r;
}
#define MMAP(n, fd, off) mmap6(n, fd, (off) / 4096)
#endif
static long enter6(long fd, long n, long min, long flags, void *arg, long size) {
#ifdef __x86_64__
  return sys6(__NR_io_uring_enter, fd, n, min, flags, (long)arg, size);
#else
  long a[6] = {fd, n, min, flags, (long)arg, size}, *p = a, r = __NR_io_uring_enter;
  __asm__ volatile("push %%ebx; push %%ebp; mov 0(%%edi), %%ebx; mov 4(%%edi), %%ecx; mov 8(%%edi), %%edx; mov 12(%%edi), %%esi;"
                   "mov 20(%%edi), %%ebp; mov 16(%%edi), %%edi; int $0x80; pop %%ebp; pop %%ebx"
                   : "+a"(r), "+D"(p) : : "ecx", "edx", "esi", "memory", "cc");
  return r;
#endif
}
static struct ring R;
static void zero(void *p, size_t n) { memset(p, 0, n); }
static long setup(struct ring *r, unsigned entries, unsigned flags) {
  zero(r, sizeof *r);
  r->p.flags = flags;
  r->fd = sys2(__NR_io_uring_setup, entries, &r->p);
  if (r->fd < 0) return r->fd;
  long n = r->p.sq_off.array + 4 * r->p.sq_entries;
  r->ring = (char *)MMAP(n, r->fd, 0);
  r->sqes = (struct io_uring_sqe *)MMAP(64 * r->p.sq_entries, r->fd, 0x10000000);
  return r->fd;
}
#define AT(r, field) (*(volatile unsigned *)((r)->ring + (r)->p.field))
static struct io_uring_sqe *add(struct ring *r, int op, long fd, const void *addr, unsigned len, uint64_t off, uint64_t user) {
  unsigned tail = AT(r, sq_off.tail), i = tail & (r->p.sq_entries - 1);
  struct io_uring_sqe *s = &r->sqes[i];
  zero(s, sizeof *s);
  s->opcode = op, s->fd = fd, s->addr = (unsigned long)addr, s->len = len, s->off = off, s->user_data = user;
  ((unsigned *)(r->ring + r->p.sq_off.array))[i] = i;
  AT(r, sq_off.tail) = tail + 1;
  r->queued++;
  return s;
}
static long submit(struct ring *r, unsigned wait) {
  unsigned n = r->queued;
  r->queued = 0;
  return enter6(r->fd, n, wait, wait ? IORING_ENTER_GETEVENTS : 0, 0, 8);
}
/* All completions: user=result(flags). Sorted by nothing: the order is part of what is compared. */
static void done(struct ring *r, const char *what) {
  say(" %s:", what);
  unsigned head = AT(r, cq_off.head);
  while (head != AT(r, cq_off.tail)) {
    struct io_uring_cqe *c = (struct io_uring_cqe *)(r->ring + r->p.cq_off.cqes) + (head & (r->p.cq_entries - 1));
    say(" %d=%d", L(c->user_data), L(c->res));
    // Since 6.17 local sockets tell that more bytes are there (IORING_CQE_F_SOCK_NONEMPTY).
    if (c->flags & ~4) say("(%x)", L(c->flags & ~4));
    head++;
  }
  AT(r, cq_off.head) = head;
  say("\n");
}
static void pause_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static void *bad = (void *)16;
static char buf[256], buf2[256];
#define ALL(n) submit(&R, n)
