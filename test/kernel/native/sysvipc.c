// System V IPC in a namespace of its own: segments, semaphores, queues, their files in /proc and, in 32 bits, ipc(2).
#include "guest.h"
#define CREAT 01000
#define EXCL 02000
#define NOWAIT 04000
#define UNDO 0x1000
struct op { uint16_t num; int16_t n; int16_t flags; };

#ifdef __x86_64__
static long semop(long id, struct op *ops, long n) { return sys3(__NR_semop, id, ops, n); }
static long semtimedop(long id, struct op *ops, long n, long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  return sys4(__NR_semtimedop, id, ops, n, ts);
}
#else
struct six { long v[6]; };
static long ipc(long call, long first, long second, long third, const void *ptr, long fifth) {
  struct six a = {{call, first, second, third, (long)ptr, fifth}}, *p = &a;
  long r = __NR_ipc;
  __asm__ volatile("push %%ebx; push %%ebp; mov 0(%%edi), %%ebx; mov 4(%%edi), %%ecx; mov 8(%%edi), %%edx; mov 12(%%edi), %%esi;"
                   "mov 20(%%edi), %%ebp; mov 16(%%edi), %%edi; int $0x80; pop %%ebp; pop %%ebx"
                   : "+a"(r), "+D"(p) : : "ecx", "edx", "esi", "memory", "cc");
  return r;
}
static long semop(long id, struct op *ops, long n) { return ipc(1, id, n, 0, ops, 0); }
static long semtimedop(long id, struct op *ops, long n, long ms) {
  long long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  return sys4(__NR_semtimedop_time64, id, ops, n, ts);
}
#endif
static long one(long id, int num, int n, int flags) {
  struct op o = {num, n, flags};
  return semop(id, &o, 1);
}
static long shmget(long key, long size, long flags) { return sys3(__NR_shmget, key, size, flags); }
static long shmat(long id, void *at, long flags) { return sys3(__NR_shmat, id, at, flags); }
static long shmdt(void *at) { return sys1(__NR_shmdt, at); }
static long shmctl(long id, long cmd, void *buf) { return sys3(__NR_shmctl, id, cmd, buf); }
static long semget(long key, long n, long flags) { return sys3(__NR_semget, key, n, flags); }
static long semctl(long id, long num, long cmd, long arg) { return sys4(__NR_semctl, id, num, cmd, arg); }
static long msgget(long key, long flags) { return sys2(__NR_msgget, key, flags); }
static long msgctl(long id, long cmd, void *buf) { return sys3(__NR_msgctl, id, cmd, buf); }
static long msgsnd(long id, void *m, long n, long flags) { return sys4(__NR_msgsnd, id, m, n, flags); }
static long msgrcv(long id, void *m, long n, long type, long flags) { return sys5(__NR_msgrcv, id, m, n, type, flags); }
static void pause_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
#define BAD ((void *)16)
static char page[4096];
/* 1 for an address. */
static long ok(long r) { return (unsigned long)r < -4096ul ? 1 : r; }

/* Words of a structure; those of times and pids only as zero or not. */
static void dump(const char *what, long r, uint32_t *w, int from, int n, uint64_t vague) {
  say(" %s %d:", what, r);
  for (int i = from; i < from + n; i++) {
    if (vague >> i & 1) say(" %s", w[i] ? "set" : "0");
    else say(" %x", L(w[i]));
  }
  say("\n");
}
#define WORDS(n) ((n) * (int)sizeof(long) / 4)
static int perm(void) { return sizeof(long) == 8 ? 12 : 9; }
static void stat_shm(const char *what, long id) {
  uint32_t w[64];
  memset(w, 0xee, sizeof w);
  long r = shmctl(id, 2, w);
  int p = perm() + WORDS(1);
  dump(what, r, w, 0, p, 0);
  say("  atime %d dtime %d ctime %d cpid %d lpid %d nattch %d rest %d %d\n", L(w[p] != 0), L(w[p + 2] != 0), L(w[p + 4] != 0), L(w[p + 6] != 0),
      L(w[p + 7] != 0), L(w[p + 8]), L(w[p + 8 + WORDS(1)]), L(w[p + 8 + WORDS(2)]));
}
static void stat_sem(const char *what, long id) {
  uint32_t w[64];
  memset(w, 0xee, sizeof w);
  long r = semctl(id, 0, 2, (long)w);
  int p = perm();
  dump(what, r, w, 0, p, 0);
  say("  otime %d %d ctime %d %d nsems %d %d %d\n", L(w[p] != 0), L(w[p + WORDS(1)]), L(w[p + WORDS(2)] != 0), L(w[p + WORDS(3)]), L(w[p + WORDS(4)]),
      L(w[p + WORDS(5)]), L(w[p + WORDS(6)]));
}
static void stat_msg(const char *what, long id) {
  uint32_t w[64];
  memset(w, 0xee, sizeof w);
  long r = msgctl(id, 2, w);
  int p = perm();
  dump(what, r, w, 0, p, 0);
  say("  stime %d rtime %d ctime %d cbytes %d qnum %d qbytes %d lspid %d lrpid %d rest %d %d\n", L(w[p] != 0), L(w[p + 2] != 0), L(w[p + 4] != 0), L(w[p + 6]),
      L(w[p + 6 + WORDS(1)]), L(w[p + 6 + WORDS(2)]), L(w[p + 6 + WORDS(3)] != 0), L(w[p + 7 + WORDS(3)] != 0), L(w[p + 8 + WORDS(3)]),
      L(w[p + 8 + WORDS(4)]));
}
/* A file, with long runs of digits (times, pids) kept out by the caller's choice of what to print: only the first `n` columns. */
static void file(const char *path, int columns) {
  static char b[4096];
  long fd = sys3(__NR_open, path, 0, 0), n = sys3(__NR_read, fd, b, sizeof b);
  sys1(__NR_close, fd);
  say(" %s %d\n", path, fd < 0 ? fd : L(0));
  if (fd < 0) return;
  for (long i = 0, column = 0; i < n; i++) {
    if (b[i] == '\n') column = 0;
    else if (++column > columns) continue;
    say("%c", L(b[i]));
  }
}

static void segments(void) {
  say("segments\n");
  long a = shmget(0, 5000, 0600), b = shmget(0x1234, 4096, CREAT | 0640);
  say(" new %d %d, again %d, exclusive %d, larger %d, smaller %d, absent %d\n", a, b, shmget(0x1234, 0, 0), shmget(0x1234, 1, CREAT | EXCL), shmget(0x1234, 4097, 0),
      shmget(0x1234, 1, 0600), shmget(0x77, 1, 0));
  say(" size 0: %d, huge pages: %d %d, much: %d\n", shmget(0, 0, 0600), shmget(0, 4096, 04600), shmget(0, 4096, 04600 | 5 << 26), sizeof(long) == 8 ? shmget(0, -1, 0600) : 0);
  char *p = (char *)shmat(a, 0, 0);
  say(" attached %d\n", L((unsigned long)p % 4096 == 0 && ok((long)p) == 1));
  stat_shm("stat", a);
  p[0] = 'x';
  p[4999] = 'y';
  char *q = (char *)shmat(a, 0, 010000);
  say(" second %c%c\n", L(q[0]), L(q[4999]));
  stat_shm("stat", a);
  // A read-only attach cannot be made writable.
  say(" writable: %d, readable: %d\n", sys3(__NR_mprotect, q, 8192, 3), sys3(__NR_mprotect, q, 8192, 1));
  say(" there: %d, remap: %d, odd: %d, rounded: %d, remap at 0: %d, id -1: %d, wrong id: %d %d\n", shmat(b, q, 0), L(shmat(b, q, 040000) == (long)q), shmat(b, q + 12, 0),
      L(shmat(b, q + 4096 + 12, 020000 | 040000) == (long)(q + 4096)), shmat(b, 0, 040000), shmat(-1, 0, 0), shmat(5, 0, 0), shmat(a + 32768, 0, 0));
  stat_shm("after remap", a);
  stat_shm("after remap", b);
  // Parts of one attach.
  char *s = (char *)shmat(a, 0, 0);
  sys3(__NR_mprotect, s, 4096, 1);
  stat_shm("split", a);
  sys3(__NR_mprotect, s, 4096, 3);
  stat_shm("equal again", a);
  say(" detach: middle %d, odd %d, start %d, again %d\n", shmdt(s + 4096), shmdt(s + 1), shmdt(s), shmdt(s));
  stat_shm("detached", a);
  s = (char *)shmat(a, 0, 0);
  sys2(__NR_munmap, s, 4096);
  say(" rest of a cut one: %d\n", shmdt(s));
  stat_shm("after munmap", a);
  // A child.
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    stat_shm("in a child", a);
    p[1] = 'c';
    say(" child detaches %d\n", shmdt(p));
    finish(0);
  }
  end(pid);
  say(" from the child %c\n", L(p[1]));
  stat_shm("after the child", a);
  // Removal.
  say(" remove %d, attach after %d\n", shmctl(a, 0, 0), ok((long)(q = (char *)shmat(a, 0, 0))));
  stat_shm("removed", a);
  say(" byte %c\n", L(q[1]));
  say(" detach %d %d, then %d %d\n", shmdt(p), shmdt(q), shmctl(a, 2, page), ok(shmat(a, 0, 0)));
  // Attributes.
  uint32_t w[64];
  shmctl(b, 2, w);
  w[1] = 7, w[2] = 8, w[5] = 0111644;
  say(" set %d bad %d, lock %d", shmctl(b, 1, w), shmctl(b, 1, BAD), shmctl(b, 11, 0));
  stat_shm("", b);
  say(" unlock %d", shmctl(b, 12, 0));
  stat_shm("", b);
  memset(w, 0xee, sizeof w);
  dump("limits", shmctl(0, 3, w), w, 0, WORDS(5), 0);
  memset(w, 0xee, sizeof w);
  dump("info", shmctl(0, 14, w), w, 0, 1, 0);
  say(" tot %d\n", L(w[WORDS(1)]));
  say(" by index %d, any %d, of none %d, bad command %d %d, bad buffer %d\n", shmctl(1, 13, w), shmctl(1, 15, w), shmctl(9, 13, w), shmctl(b, 77, w), shmctl(b, -1, w),
      shmctl(b, 2, BAD));
  file("/proc/sysvipc/shm", 48);
  // Another user.
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresgid, 50, 50, 50);
    sys3(__NR_setresuid, 50, 50, 50);
    say(" other: get %d %d, attach %d %d, stat %d, any %d, remove %d, set %d, lock %d\n", shmget(0x1234, 1, 0), shmget(0x1234, 1, 0222), shmat(b, 0, 0),
        ok(shmat(b, 0, 010000)), shmctl(b, 2, w), shmctl(1, 15, w), shmctl(b, 0, 0), shmctl(b, 1, w), shmctl(b, 11, 0));
    say(" other: huge %d\n", shmget(0, 4096, 04600));
    finish(0);
  }
  end(pid);
  say(" remove %d, twice %d\n", shmctl(b, 0, 0), shmctl(b, 0, 0));
  // Identifiers go round.
  for (int i = 0; i < 4; i++) {
    long id = shmget(0, 1, 0);
    say(" id %d", id);
    shmctl(id, 0, 0);
  }
  say("\n");
}

static void attachedThroughExec(char *self) {
  say("exec\n");
  long id = shmget(0, 4096, 0600);
  shmat(id, 0, 0);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    char *argv[] = {self, "look", 0}, *envp[] = {0};
    sys3(__NR_execve, self, argv, envp);
    finish(9);
  }
  say(" ended %d\n", L(end(pid)));
  stat_shm("after", id);
  shmctl(id, 0, 0);
}

static void all(const char *what, long id) {
  uint16_t v[8] = {0};
  say(" %s %d:", what, semctl(id, 0, 13, (long)v));
  for (int i = 0; i < 4; i++) say(" %d", L(v[i]));
  say("\n");
}
static void waits(const char *what, long id) {
  say(" %s:", what);
  for (int i = 0; i < 4; i++) say(" %d/%d", semctl(id, i, 14, 0), semctl(id, i, 15, 0));
  say("\n");
}
/* A child that does operations and ends with their errno. */
static long doing(long id, struct op *ops, int n) {
  long pid = sys0(__NR_fork);
  if (pid == 0) finish(-semop(id, ops, n));
  pause_ms(20);
  return pid;
}
static void nothing(int sig, void *i, void *c) { say(" signal %d\n", L(sig)); }

static void semaphores(void) {
  say("semaphores\n");
  long id = semget(0x99, 4, CREAT | 0600);
  say(" new %d, none %d, many %d %d, more %d, fewer %d, absent %d\n", id, semget(0, 0, 0600), semget(0, 32001, 0600), semget(0, -1, 0600), semget(0x99, 5, 0),
      semget(0x99, 2, 0), semget(0x98, 2, 0));
  stat_sem("stat", id);
  uint16_t v[4] = {1, 2, 3, 40000};
  say(" range %d", semctl(id, 0, 17, (long)v));
  v[3] = 0;
  say(", set %d, bad %d, one %d, range %d %d, no such %d %d\n", semctl(id, 0, 17, (long)v), semctl(id, 0, 17, 16), semctl(id, 1, 16, 32767), semctl(id, 1, 16, 32768),
      semctl(id, 1, 16, -1), semctl(id, 4, 16, 1), semctl(id, -1, 12, 0));
  all("values", id);
  say(" value %d, pid %d, wrong command %d, wrong id %d %d\n", semctl(id, 1, 12, 0), L(semctl(id, 1, 11, 0) == sys0(__NR_getpid)), semctl(id, 0, 99, 0), semctl(3, 0, 12, 0),
      semctl(-1, 0, 12, 0));
  struct op up = {3, 1, 0}, down = {3, -1, 0}, zero = {3, 0, 0};
  say(" up %d", semop(id, &up, 1));
  say(" down %d", semop(id, &down, 1));
  say(" zero %d, more than all %d, at once %d %d, above %d\n", semop(id, &zero, 1), one(id, 1, 1, 0), one(id, 0, -2, NOWAIT), one(id, 0, 0, NOWAIT), one(id, 4, 1, 0));
  static struct op many[501];
  say(" none %d, many %d, bad %d, id %d\n", semop(id, &up, 0), semop(id, many, 501), semop(id, BAD, 1), semop(77, &up, 1));
  // All or nothing.
  struct op both[2] = {{0, 5, 0}, {3, -1, NOWAIT}};
  say(" together %d\n", semop(id, both, 2));
  all("values", id);
  struct op twice[3] = {{3, 1, 0}, {3, 1, 0}, {3, -2, 0}};
  say(" thrice %d\n", semop(id, twice, 3));
  say(" timed %d", semtimedop(id, &down, 1, 5));
  say(" %d\n", semtimedop(id, &up, 1, 5));
  semctl(id, 3, 16, 0);
  // Who waits, and who goes on.
  struct op d1 = {3, -1, 0}, d2 = {3, -2, 0}, z0 = {0, 0, 0}, cross[2] = {{3, -1, 0}, {0, 1, 0}};
  semctl(id, 0, 16, 1);
  long a = doing(id, &d2, 1), b = doing(id, &d1, 1), c = doing(id, &z0, 1), d = doing(id, cross, 2);
  waits("waiting", id);
  long r = one(id, 3, 1, 0);
  pause_ms(20);
  say(" up %d\n", r);
  waits("waiting", id);
  all("values", id);
  r = one(id, 3, 3, 0);
  pause_ms(20);
  say(" up %d\n", r);
  all("values", id);
  waits("waiting", id);
  r = semctl(id, 0, 16, 0);
  pause_ms(20);
  say(" set %d\n", r);
  say(" ended %d", L(end(a)));
  say(" %d", L(end(b)));
  say(" %d", L(end(c)));
  say(" %d\n", L(end(d)));
  // A signal, and removal under a waiting one.
  a = sys0(__NR_fork);
  if (a == 0) {
    on(10, nothing, SA_RESTART);
    say(" interrupted: %d\n", semop(id, &d1, 1));
    finish(0);
  }
  pause_ms(20);
  sys2(__NR_kill, a, 10);
  end(a);
  // Undo.
  semctl(id, 0, 16, 3);
  a = sys0(__NR_fork);
  if (a == 0) {
    say(" undo: %d %d %d\n", one(id, 2, 4, UNDO), one(id, 0, -1, UNDO), one(id, 0, -1, UNDO));
    all("inside", id);
    finish(0);
  }
  end(a);
  all("undone", id);
  stat_sem("stat", id);
  a = sys0(__NR_fork);
  if (a == 0) {
    say(" set: %d, undo before: %d\n", semctl(id, 0, 16, 9), one(id, 0, -1, UNDO));
    finish(0);
  }
  end(a);
  all("set since", id);
  a = sys0(__NR_fork);
  if (a == 0) {
    one(id, 2, 20, UNDO);
    semctl(id, 2, 16, 1);
    one(id, 2, 7, UNDO);
    one(id, 2, -7, 0);
    finish(0);
  }
  end(a);
  all("not below zero", id);
  a = sys0(__NR_fork);
  if (a == 0) {
    semctl(id, 2, 16, 0);
    one(id, 2, 32767, UNDO);
    one(id, 2, -32767, 0);
    say(" too much to undo %d\n", one(id, 2, 2, UNDO));
    say(" unshared %d\n", sys1(__NR_unshare, 0x40000));
    all("unshared", id);
    finish(0);
  }
  end(a);
  uint32_t w[64];
  semctl(id, 0, 2, (long)w);
  w[1] = 3, w[2] = 4, w[5] = 0604;
  say(" attributes %d, bad %d", semctl(id, 0, 1, (long)w), semctl(id, 0, 1, 16));
  stat_sem("", id);
  memset(w, 0xee, sizeof w);
  dump("limits", semctl(0, 0, 3, (long)w), w, 0, 10, 0);
  dump("info", semctl(0, 0, 19, (long)w), w, 0, 10, 0);
  say(" by index %d, any %d, none %d\n", semctl(0, 0, 18, (long)w), semctl(0, 0, 20, (long)w), semctl(5, 0, 18, (long)w));
  file("/proc/sysvipc/sem", 60);
  a = sys0(__NR_fork);
  if (a == 0) {
    sys3(__NR_setresgid, 50, 50, 50);
    sys3(__NR_setresuid, 50, 50, 50);
    say(" other: get %d %d, up %d, zero %d, read %d, set %d, remove %d, beyond %d\n", semget(0x99, 1, 0), semget(0x99, 1, 0200), one(id, 0, 1, 0), one(id, 3, 0, NOWAIT),
        semctl(id, 0, 12, 0), semctl(id, 0, 16, 1), semctl(id, 0, 0, 0), one(id, 9, 1, 0));
    finish(0);
  }
  end(a);
  semctl(id, 3, 16, 0);
  a = doing(id, &d1, 1);
  say(" remove %d", semctl(id, 0, 0, 0));
  say(" ended %d\n", L(end(a)));
  say(" gone %d\n", semop(id, &d1, 1));
}

struct message { long type; char text[64]; };
static void fill(struct message *m, long type, const char *s) {
  memset(m, 0, sizeof *m);
  m->type = type;
  for (int i = 0; s[i]; i++) m->text[i] = s[i];
}
static long sent(long id, long type, const char *s, long n) {
  struct message m;
  fill(&m, type, s);
  return msgsnd(id, &m, n, NOWAIT);
}
static void got(const char *what, long id, long n, long type, long flags) {
  struct message m;
  fill(&m, -5, "");
  long r = msgrcv(id, &m, n, type, flags);
  say(" %s: %d type %d %s\n", what, r, m.type, m.text);
}
static void queues(void) {
  say("queues\n");
  long id = msgget(0x55, CREAT | 0600);
  say(" new %d, again %d, exclusive %d, absent %d\n", id, msgget(0x55, 0), msgget(0x55, CREAT | EXCL), msgget(0x56, 0));
  stat_msg("stat", id);
  say(" type 0: %d, -1: %d, long: %d %d, bad: %d, id: %d %d\n", sent(id, 0, "x", 1), sent(id, -1, "x", 1), sent(id, 1, "x", 8193), sent(id, 1, "x", -1), msgsnd(id, BAD, 1, 0),
      sent(9, 1, "x", 1), sent(-1, 1, "x", 1));
  say(" send from the last %d %d %d %d %d\n", sent(id, 5, "", 0), sent(id, 1, "uno", 4), sent(id, 2, "two", 4), sent(id, 1, "one", 4), sent(id, 3, "three", 6));
  stat_msg("stat", id);
  got("copy of the second", id, 60, 1, 040000 | NOWAIT);
  got("copy of none", id, 60, 9, 040000 | NOWAIT);
  got("copy that waits", id, 60, 1, 040000);
  got("short", id, 2, 3, 0);
  got("cut", id, 2, 3, 010000);
  got("at most 2", id, 60, -2, 0);
  got("but not 1", id, 60, 1, 020000);
  got("any", id, 60, 0, 0);
  got("none of 4", id, 60, 4, NOWAIT);
  got("negative", id, -1, 0, NOWAIT);
  got("empty", id, 60, 0, 0);
  got("nothing", id, 60, 0, NOWAIT);
  got("id", 9, 60, 0, NOWAIT);
  stat_msg("stat", id);
  // Waiting receivers: by type, and one whose room is too small.
  long a = sys0(__NR_fork);
  if (a == 0) finish(-msgrcv(id, page, 2, 7, 0));
  pause_ms(20);
  long b = sys0(__NR_fork);
  if (b == 0) { got("seven", id, 60, 7, 0); finish(0); }
  pause_ms(20);
  long c = sys0(__NR_fork);
  if (c == 0) { got("low", id, 60, -6, 0); finish(0); }
  pause_ms(20);
  sent(id, 7, "seven", 6);
  pause_ms(20);
  sent(id, 6, "six", 4);
  pause_ms(20);
  say(" small %d\n", L(end(a)));
  end(b), end(c);
  stat_msg("stat", id);
  // A full queue.
  uint32_t w[64];
  msgctl(id, 2, w);
  int q = perm() + 6 + WORDS(2);
  w[q] = 10;
  say(" limit %d\n", msgctl(id, 1, w));
  say(" fill from the last %d %d %d\n", sent(id, 2, "", 0), sent(id, 1, "abc", 3), sent(id, 1, "eight by", 8));
  a = sys0(__NR_fork);
  if (a == 0) {
    struct message m;
    fill(&m, 4, "later");
    int r = msgsnd(id, &m, 6, 0);
    // The receiver prints first.
    pause_ms(10);
    say(" sent later %d\n", r);
    finish(0);
  }
  pause_ms(20);
  got("first", id, 60, 0, 0);
  pause_ms(20);
  end(a);
  got("second", id, 60, 0, 0);
  got("third", id, 60, 0, 0);
  w[q] = 16000;
  w[1] = 9, w[2] = 10, w[5] = 0644;
  say(" attributes %d, bad %d", msgctl(id, 1, w), msgctl(id, 1, BAD));
  stat_msg("", id);
  memset(w, 0xee, sizeof w);
  dump("limits", msgctl(0, 3, w), w, 0, 8, 0);
  memset(w, 0xee, sizeof w);
  dump("info", msgctl(0, 12, w), w, 0, 8, 0);
  say(" by index %d, any %d, none %d\n", msgctl(0, 11, w), msgctl(0, 13, w), msgctl(5, 11, w));
  file("/proc/sysvipc/msg", 51);
  a = sys0(__NR_fork);
  if (a == 0) {
    sys3(__NR_setresgid, 50, 50, 50);
    sys3(__NR_setresuid, 50, 50, 50);
    say(" other: get %d, send %d, receive %d, remove %d\n", msgget(0x55, 0600), sent(id, 1, "x", 1), msgrcv(id, page, 1, 0, NOWAIT), msgctl(id, 0, 0));
    finish(0);
  }
  end(a);
  a = sys0(__NR_fork);
  if (a == 0) {
    on(10, nothing, SA_RESTART);
    got("interrupted", id, 60, 0, 0);
    finish(0);
  }
  pause_ms(20);
  sys2(__NR_kill, a, 10);
  end(a);
  sent(id, 1, "bad buffer", 4);
  say(" bad buffer %d", msgrcv(id, BAD, 60, 0, NOWAIT));
  say(", lost %d\n", msgrcv(id, page, 60, 0, NOWAIT));
  a = sys0(__NR_fork);
  if (a == 0) { got("removed", id, 60, 0, 0); finish(0); }
  pause_ms(20);
  long r = msgctl(id, 0, 0);
  end(a);
  say(" remove %d\n", r);
  say(" gone %d\n", sent(id, 1, "x", 1));
}

#ifndef __x86_64__
/* ipc(2), with the structures of today and the old ones. */
static void multiplexed(void) {
  say("ipc\n");
  uint32_t w[64];
  uint32_t at = 0, arg;
  long id = ipc(23, 0, 4096, 0640, 0, 0), sem = ipc(2, 0, 2, 0600, 0, 0), msg = ipc(13, 0, 0600, 0, 0, 0);
  say(" new %d %d %d\n", L(id >= 0), L(sem >= 0), L(msg >= 0));
  say(" attach %d %d, version 1: %d, bad: %d\n", ipc(21, id, 0, (long)&at, 0, 0), L(at != 0 && at % 4096 == 0), ipc(1 << 16 | 21, id, 0, (long)&at, 0, 0),
      ipc(21, id, 0, 16, 0, 0));
  memset(w, 0xee, sizeof w);
  say(" old stat %d", ipc(24, id, 2, 0, w, 0));
  for (int i = 0; i < 5; i++) say(" %x", L(w[i]));
  say(" nattch %d end %x\n", L(w[9] & 0xffff), L(w[12]));
  say(" stat %d", ipc(24, id, 2 | 0x100, 0, w, 0));
  for (int i = 0; i < 10; i++) say(" %x", L(i == 6 ? 0 : w[i]));
  say("\n");
  memset(w, 0xee, sizeof w);
  dump("old limits", ipc(24, 0, 3, 0, w, 0), w, 0, 6, 0);
  say(" detach %d\n", ipc(22, 0, 0, 0, (void *)at, 0));
  arg = 7;
  say(" setval %d, no union %d, bad %d", ipc(3, sem, 1, 16, &arg, 0), ipc(3, sem, 1, 16, 0, 0), ipc(3, sem, 1, 16, BAD, 0));
  arg = 0;
  say(", getval %d %d\n", ipc(3, sem, 1, 12 | 0x100, &arg, 0), ipc(3, sem, 1, 12, &arg, 0));
  arg = (uint32_t)w;
  memset(w, 0xee, sizeof w);
  dump("old stat", ipc(3, sem, 0, 2, &arg, 0), w, 0, 12, 1 << 4 | 1 << 5 | 1 << 3);
  struct op down = {0, -1, 0};
  long ts[2] = {0, 1000000};
  say(" timed %d\n", ipc(4, sem, 1, 0, &down, (long)ts));
  struct message m;
  fill(&m, 5, "text");
  say(" send %d %d\n", ipc(11, msg, 5, 0, &m, 0), ipc(11, msg, -1, 0, &m, 0));
  memset(w, 0xee, sizeof w);
  dump("old stat", ipc(14, msg, 2, 0, w, 0), w, 0, 15, 1 << 6 | 1 << 8 | 1 << 3 | 1ull << 12 | 1 << 13);
  fill(&m, 0, "");
  struct { void *p; long type; } kludge = {&m, 5};
  say(" receive %d", ipc(12, msg, 60, 0, &kludge, 0));
  say(" %d %s, none: %d %d\n", m.type, m.text, ipc(12, msg, 60, NOWAIT, &kludge, 0), ipc(12, msg, 60, NOWAIT, 0, 0));
  ipc(11, msg, 5, 0, &m, 0);
  say(" receive %d\n", ipc(1 << 16 | 12, msg, 60, NOWAIT, &m, 0));
  say(" unknown %d %d, with the bit %d %d %d\n", ipc(0, 0, 0, 0, 0, 0), ipc(25, 0, 0, 0, 0, 0), shmctl(id, 2 | 0x100, w), semctl(sem, 0, 2 | 0x100, (long)w),
      msgctl(msg, 2 | 0x100, w));
  say(" remove %d %d %d\n", ipc(24, id, 0, 0, 0, 0), ipc(3, sem, 0, 0, &arg, 0), ipc(14, msg, 0, 0, 0, 0));
}
#else
static void multiplexed(void) {
  uint32_t w[64];
  long id = semget(0, 1, 0600), shm = shmget(0, 1, 0600);
  say("with the bit %d %d\n", shmctl(shm, 2 | 0x100, w), semctl(id, 0, 2 | 0x100, (long)w));
}
#endif

static void limits(void) {
  say("limits\n");
  const char *names[] = {"shmmax", "shmall", "shmmni", "shm_rmid_forced", "sem", "msgmax", "msgmnb", "msgmni", "shm_next_id"};
  for (int i = 0; i < 9; i++) {
    char path[64] = "/proc/sys/kernel/";
    int n = 17;
    for (const char *s = names[i]; *s; s++) path[n++] = *s;
    file(path, 60);
  }
  say(" max %d", put_file("/proc/sys/kernel/shmmax", "8192\n"));
  say(", beyond %d\n", shmget(0, 8193, 0600));
  say(" all %d", put_file("/proc/sys/kernel/shmall", "1"));
  say(", beyond %d\n", shmget(0, 8192, 0600));
  say(" mni %d", put_file("/proc/sys/kernel/shmmni", "0"));
  say(" %d\n", shmget(0, 4096, 0600));
  say(" sem %d", put_file("/proc/sys/kernel/sem", "10 20 2 5"));
  say(", beyond %d %d\n", semget(0, 11, 0600), semget(0, 10, 0600) < 0);
  file("/proc/sys/kernel/sem", 60);
  say(" id %d", put_file("/proc/sys/kernel/msg_next_id", "65541"));
  say(" %d\n", msgget(0, 0600));
  file("/proc/sys/kernel/msg_next_id", 60);
}

static int body(int argc, char **argv, char **envp) {
  if (argc > 1) {
    say(" executed\n");
    return 3;
  }
  say("own namespace %d\n", sys1(__NR_unshare, 0x8000000));
  segments();
  attachedThroughExec(argv[0]);
  semaphores();
  queues();
  multiplexed();
  // Another namespace has none of them.
  long id = shmget(0x777, 4096, CREAT | 0600), pid = sys0(__NR_fork);
  if (pid == 0) {
    char *p = (char *)shmat(id, 0, 0);
    say("another namespace %d", sys1(__NR_unshare, 0x8000000));
    say(": %d %d", shmget(0x777, 1, 0), shmget(0, 1, 0600));
    p[0] = 1;
    say(", detach %d\n", shmdt(p));
    finish(0);
  }
  end(pid);
  limits();
  return 0;
}
