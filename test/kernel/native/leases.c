// Owners and signals of files, leases, O_ASYNC and F_NOTIFY.
#include "guest.h"
#define TMP "/tmp/leases-test"
#ifdef __x86_64__
static long fcntl(long fd, long cmd, long arg) { return sys3(__NR_fcntl, fd, cmd, arg); }
#else
static long fcntl(long fd, long cmd, long arg) { return sys3(__NR_fcntl64, fd, cmd, arg); }
#endif
static volatile long seen, code, band, desc;
static void handler(int sig, void *info, void *c) {
  seen = sig;
  code = (int)word(info, 8);
  band = longAt(info, sizeof(long) == 8 ? 16 : 12);
  desc = word(info, sizeof(long) == 8 ? 24 : 16);
}
static void told(const char *what) {
  say(" %s: signal %d code %d band %x fd %d\n", what, seen, code, band, desc);
  seen = code = band = desc = 0;
}
static long opened(const char *path, long flags) { return sys3(__NR_open, path, flags, 0644); }
static void pause_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
#define SETOWN 8
#define GETOWN 9
#define SETSIG 10
#define GETSIG 11
#define SETOWN_EX 15
#define GETOWN_EX 16
#define SETLEASE 1024
#define GETLEASE 1025
#define NOTIFY 1026
static void owners(void) {
  int p[2], ex[2];
  long me = sys0(__NR_getpid);
  sys1(__NR_pipe, p);
  say("owners\n");
  say(" get %d, set none %d, set absent %d, group %d\n", fcntl(p[0], GETOWN, 0), fcntl(p[0], SETOWN, 0), fcntl(p[0], SETOWN, 999999), fcntl(p[0], SETOWN, -999999));
  say(" get_ex %d", fcntl(p[0], GETOWN_EX, (long)ex));
  say(" %d %d, bad %d\n", L(ex[0]), L(ex[1]), fcntl(p[0], GETOWN_EX, 16));
  say(" set %d", fcntl(p[0], SETOWN, me));
  say(" is me %d", L(fcntl(p[0], GETOWN, 0) == me));
  fcntl(p[0], GETOWN_EX, (long)ex);
  say(" type %d\n", L(ex[0]));
  for (int type = 0; type < 4; type++) {
    ex[0] = type, ex[1] = type == 2 ? sys0(__NR_getpgrp) : me;
    say(" type %d: %d", L(type), fcntl(p[0], SETOWN_EX, (long)ex));
    say(" get %d\n", L(fcntl(p[0], GETOWN, 0) == (type >= 2 ? -sys0(__NR_getpgrp) : me)));
  }
  ex[0] = 1, ex[1] = 999999;
  say(" absent %d, bad %d, signal %d %d %d\n", fcntl(p[0], SETOWN_EX, (long)ex), fcntl(p[0], SETOWN_EX, 16), fcntl(p[0], SETSIG, 65), fcntl(p[0], SETSIG, 10), fcntl(p[0], GETSIG, 0));
  fcntl(p[0], SETOWN, me);
  fcntl(p[0], SETSIG, 10);
  on(10, handler, SA_SIGINFO);
  on(29, handler, SA_SIGINFO);
  say(" async %d", fcntl(p[0], 4, 020000));
  sys3(__NR_write, p[1], "x", 1);
  told("written");
  fcntl(p[0], SETSIG, 0);
  sys3(__NR_write, p[1], "x", 1);
  say(" plain signal %d\n", seen);
  seen = 0;
  fcntl(p[0], 4, 0);
  sys3(__NR_write, p[1], "x", 1);
  say(" off: signal %d\n", seen);
  sys1(__NR_close, p[0]), sys1(__NR_close, p[1]);
}
static void leases(void) {
  say("leases\n");
  long fd = opened(TMP "/f", 0102), pid, other;
  say(" get %d, none %d, wrong %d, directory %d\n", fcntl(fd, GETLEASE, 0), fcntl(fd, SETLEASE, 2), fcntl(fd, SETLEASE, 7), fcntl(opened(TMP, 0), SETLEASE, 0));
  say(" read on a writer %d, write %d", fcntl(fd, SETLEASE, 0), fcntl(fd, SETLEASE, 1));
  say(", get %d", fcntl(fd, GETLEASE, 0));
  say(", drop %d", fcntl(fd, SETLEASE, 2));
  say(", get %d\n", fcntl(fd, GETLEASE, 0));
  other = opened(TMP "/f", 0);
  say(" write with a reader %d\n", fcntl(fd, SETLEASE, 1));
  sys1(__NR_close, fd);
  say(" read %d", fcntl(other, SETLEASE, 0));
  say(", upgrade %d", fcntl(other, SETLEASE, 1));
  say(", down %d", fcntl(other, SETLEASE, 0));
  fd = opened(TMP "/f", 0);
  say(", second reader %d", fcntl(fd, SETLEASE, 0));
  say(", write beside it %d\n", fcntl(fd, SETLEASE, 1));
  sys1(__NR_close, fd);
  // A break.
  fcntl(other, SETSIG, 10);
  say(" open for reading %d\n", L((fd = opened(TMP "/f", 0)) > 0));
  sys1(__NR_close, fd);
  told("not broken");
  say(" not to wait %d", opened(TMP "/f", 04001));
  told("");
  say(" during the break %d\n", fcntl(other, GETLEASE, 0));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    long w = opened(TMP "/f", 1);
    finish(w > 0 ? 5 : 6);
  }
  pause_ms(30);
  say(" give up %d", fcntl(other, SETLEASE, 2));
  say(", opener ended %d\n", L(end(pid)) / 256);
  say(" write lease %d", fcntl(other, SETLEASE, 1));
  pid = sys0(__NR_fork);
  if (pid == 0) finish(opened(TMP "/f", 0) > 0 ? 5 : 6);
  pause_ms(30);
  told("read");
  say(" must become %d", fcntl(other, GETLEASE, 0));
  say(", becomes %d", fcntl(other, SETLEASE, 0));
  say(", opener ended %d\n", L(end(pid)) / 256);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys1(__NR_close, other);
    finish(sys2(__NR_truncate, TMP "/f", 3) == 0 ? 5 : 6);
  }
  pause_ms(30);
  told("truncation");
  sys1(__NR_close, other);
  say(" after the close %d\n", L(end(pid)) / 256);
  other = opened(TMP "/f", 0);
  fcntl(other, SETLEASE, 0);
  put_file("/proc/sys/fs/lease-break-time", "1");
  say(" forced %d", L(opened(TMP "/f", 1) > 0));
  say(", left %d\n", fcntl(other, GETLEASE, 0));
  put_file("/proc/sys/fs/lease-break-time", "45");
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresuid, 50, 50, 50);
    say(" not mine %d\n", fcntl(opened(TMP "/f", 0), SETLEASE, 0));
    finish(0);
  }
  end(pid);
}
static void directories(void) {
  say("directories\n");
  long d = opened(TMP, 0200000), f = opened(TMP "/n", 0102);
  seen = 0;
  fcntl(d, SETSIG, 10);
  say(" file %d, set %d\n", fcntl(f, NOTIFY, 4), fcntl(d, NOTIFY, 4));
  sys1(__NR_close, opened(TMP "/new", 0102));
  told("created");
  sys1(__NR_close, opened(TMP "/new2", 0102));
  told("once");
  fcntl(d, NOTIFY, 0x80000000 | 2 | 8 | 0x20);
  sys3(__NR_write, f, "x", 1);
  told("modified");
  sys2(__NR_chmod, TMP "/n", 0600);
  told("attributes");
  sys1(__NR_unlink, TMP "/new");
  told("deleted");
  sys2(__NR_rename, TMP "/new2", TMP "/new3");
  told("renamed");
  sys2(__NR_mkdir, TMP "/sub", 0755);
  seen = code = band = desc = 0;
  sys1(__NR_close, opened(TMP "/sub/new3", 0102));
  sys2(__NR_rename, TMP "/new3", TMP "/new6");
  told("still the events before");
  fcntl(d, NOTIFY, 0);
  fcntl(d, NOTIFY, 0x80000000 | 0x10);
  sys2(__NR_rename, TMP "/new6", TMP "/sub/new3");
  told("moved out");
  sys2(__NR_rename, TMP "/sub/new3", TMP "/new4");
  told("moved in");
  sys2(__NR_rename, TMP "/new4", TMP "/new5");
  told("renamed within");
  fcntl(d, NOTIFY, 0x80000000 | 0x20);
  sys2(__NR_chmod, TMP, 0711);
  told("its own attributes");
  fcntl(d, NOTIFY, 0);
  sys3(__NR_write, f, "x", 1);
  told("off");
}
static int body(int argc, char **argv, char **envp) {
  sys1(__NR_unshare, 0x20000);
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  sys2(__NR_mkdir, TMP, 0755);
  say("tmpfs %d\n", sys5(__NR_mount, "none", TMP, "tmpfs", 0, 0));
  owners();
  leases();
  directories();
  sys2(__NR_umount2, TMP, 2);
  sys1(__NR_rmdir, TMP);
  return 0;
}
