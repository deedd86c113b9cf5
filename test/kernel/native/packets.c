// Packet mode of pseudo-terminals: control bytes of flushes, stops, starts, flow control and EXTPROC.
#include "guest.h"
enum { NONBLOCK = 04000, NOCTTY = 0400 };
struct termios { uint32_t iflag, oflag, cflag, lflag; uint8_t line, cc[19]; };
static long io(long fd, long request, void *arg) { return sys3(__NR_ioctl, fd, request, arg); }
static long master;
static void got(const char *what) {
  unsigned char b[16];
  struct { int fd; short events, revents; } p = {(int)master, 3, 0};
  long r, i, ready;
  sys3(__NR_poll, &p, 1, 0);
  ready = p.revents;
  r = sys3(__NR_read, master, b, 16);
  say("%s: poll %x read %d", what, ready, r);
  for (i = 0; i < r; i++) say(" %x", (unsigned long)b[i]);
  say("\n");
}
static int body(int argc, char **argv, char **envp) {
  int n = 0, on = 1, off = 0;
  struct termios t;
  char name[] = "/dev/pts/00000";
  long slave;
  (void)argc, (void)argv, (void)envp;
  master = sys3(__NR_open, "/dev/ptmx", 2 | NONBLOCK | NOCTTY, 0);
  // The number goes where the lock was: another order would lock a terminal whose number is not 0.
  { long unlocked = io(master, 0x40045431, &n);
    say("unlock %d number %d\n", unlocked, io(master, 0x80045430, &n)); }
  { long i = 9;
    char b[8], *d = b + 8;
    do *--d = (char)('0' + n % 10);
    while (n /= 10);
    while (d < b + 8) name[i++] = *d++;
    name[i] = 0; }
  slave = sys3(__NR_open, name, 2 | NOCTTY, 0);
  n = 7;
  say("get %d is %d bad %d\n", io(master, 0x80045438, &n), (long)n, io(master, 0x5420, 0));
  say("slave %d\n", io(slave, 0x5420, &on));
  say("on %d", io(master, 0x5420, &on));
  say(" get %d is %d\n", io(master, 0x80045438, &n), (long)n);
  got("nothing");
  sys3(__NR_write, slave, "hello", 5);
  got("data");
  say("flush in %d", io(slave, 0x540b, 0)), got("");
  say("flush out %d", io(slave, 0x540b, (void *)1)), got("");
  say("flush both %d", io(slave, 0x540b, (void *)2)), got("");
  say("stop %d", io(slave, 0x540a, 0)), got("");
  say("start %d", io(slave, 0x540a, (void *)1)), got("");
  say("again %d", io(slave, 0x540a, (void *)1)), got("");
  io(slave, 0x5401, &t);
  t.iflag &= ~02000u;
  say("no flow %d", io(slave, 0x5402, &t)), got("");
  t.iflag |= 02000;
  say("flow %d", io(slave, 0x5402, &t)), got("");
  t.cc[8] = 1;
  say("other start %d", io(slave, 0x5402, &t)), got("");
  t.lflag |= 0200000;
  say("extproc %d", io(slave, 0x5402, &t)), got("");
  t.lflag &= ~0200000u;
  say("no extproc %d", io(slave, 0x5402, &t)), got("");
  sys3(__NR_write, slave, "ab", 2);
  say("event and data %d", io(slave, 0x540a, 0)), got(""), got("");
  say("off %d", io(master, 0x5420, &off)), got("");
  io(slave, 0x540a, (void *)1);
  sys3(__NR_write, slave, "cd", 2);
  got("plain");
  say("signal %d %d", io(master, 0x40045436, (void *)2), io(master, 0x40045436, (void *)9));
  say(" slave %d\n", io(slave, 0x40045436, (void *)2));
  sys3(__NR_write, slave, "efgh", 4);
  char two[2];
  struct { int fd; short events, revents; } p = {(int)master, 1, 0};
  say("poll %d read %d", sys3(__NR_poll, &p, 1, 2000), sys3(__NR_read, master, two, 2));
  say(" bad %d, output %d", io(master, 0x540b, (void *)3), io(master, 0x540b, (void *)1));
  say(" read %d", sys3(__NR_read, master, two, 1));
  say(" input %d", io(master, 0x540b, 0));
  got(" then");
  say("both %d", io(master, 0x540b, (void *)2)), got("");
  return 0;
}
