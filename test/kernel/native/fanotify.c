// fanotify: instances, marks of inodes, mounts and file systems, events with descriptors and identifiers, ignore masks, questions.
#include "guest.h"
#include <linux/fanotify.h>
static char buf[8192], path[64], name_[300];
static long init(long flags, long event) { return sys2(__NR_fanotify_init, flags, event); }
static long mark(long fd, long flags, unsigned long mask, long dir, const char *p) {
#ifdef __x86_64__
  return sys5(__NR_fanotify_mark, fd, flags, mask, dir, p);
#else
  // Six registers: the mask takes two.
  long r;
  struct { long nr, fd, flags, low, high, dir, path; } a = {__NR_fanotify_mark, fd, flags, mask, 0, dir, (long)p};
  __asm__ volatile("push %%ebx; push %%ebp; mov %1, %%eax; mov 4(%%eax), %%ebx; mov 8(%%eax), %%ecx; mov 12(%%eax), %%edx; mov 16(%%eax), %%esi; mov 20(%%eax), %%edi; mov 24(%%eax), %%ebp; mov (%%eax), %%eax; int $0x80; pop %%ebp; pop %%ebx"
                   : "=a"(r) : "r"(&a) : "ecx", "edx", "esi", "edi", "memory", "cc");
  return r;
#endif
}
static long me;
static void put_number(char *p, long n) {
  char b[12];
  int i = 12;
  do b[--i] = '0' + n % 10;
  while (n /= 10);
  while (i < 12) *p++ = b[i++];
  *p = 0;
}
static const char *last(const char *p) {
  const char *l = p;
  for (; *p; p++) if (*p == '/') l = p + 1;
  return l;
}
// The events of an instance: masks, names of the files, or records.
static void events(const char *what, long fd) {
  long n = sys3(__NR_read, fd, buf, sizeof buf);
  say(" %s:%s", what, n == -11 ? " none" : "");
  if (n < 0 && n != -11) say(" %d", n);
  for (long at = 0; n > 0 && at < n;) {
    struct fanotify_event_metadata *m = (void *)(buf + at);
    say(" [%x", L(m->mask));
    if (m->vers != 3 || m->metadata_len != 24) say(" odd head");
    if (m->pid != me) say(" %s pid", m->pid > 0 ? "other" : "no");
    if (m->fd >= 0) {
      char link[40] = "/proc/self/fd/";
      put_number(link + 14, m->fd);
      long k = sys3(__NR_readlink, link, name_, sizeof name_ - 1);
      name_[k < 0 ? 0 : k] = 0;
      say(" %s", last(name_));
      sys1(__NR_close, m->fd);
    }
    for (long r = at + 24; r < at + (long)m->event_len;) {
      struct fanotify_event_info_header *h = (void *)(buf + r);
      say(" %d", L(h->info_type));
      if (h->info_type == 4) {
        int p = ((struct fanotify_event_info_pidfd *)h)->pidfd;
        say(" pidfd %d", L(p >= 0));
        sys1(__NR_close, p);
      } else {
        unsigned *fh = (unsigned *)(buf + r + 12);
        char *nm = (char *)(fh + 2) + fh[0];
        int has = h->info_type == 2 || h->info_type == 10 || h->info_type == 12;
        say(" %s%s", fh[0] == 12 ? "fid" : "odd", has ? ":" : "");
        if (has) say("%s", nm);
      }
      r += h->len;
    }
    say("]");
    at += m->event_len;
  }
  say("\n");
}
static void touch(const char *p) {
  int f = sys3(__NR_open, p, 0102, 0600);
  sys3(__NR_write, f, "x", 1);
  sys1(__NR_close, f);
}
static void peek(const char *p) {
  int f = sys3(__NR_open, p, 0, 0);
  char b[4];
  sys3(__NR_read, f, b, 1);
  sys1(__NR_close, f);
}
static void instances(void) {
  say("instances\n");
  say(" unknown %d, event flags %d, access %d, both classes %d, pidfd and tid %d\n", init(0x100000, 0), init(0, 0200), init(0, 3), init(0xc, 0), init(0x180, 0));
  say(" class with fid %d, name %d, target %d %d\n", init(0x204, 0), init(0x800, 0), init(0x1200, 0), init(0x1c00, 0));
  long f = init(FAN_CLOEXEC | FAN_NONBLOCK, 0);
  say(" made %d, cloexec %d, flags %x, empty %d, write %d, short %d\n", L(f > 0), sys3(__NR_fcntl, f, 1, 0), sys3(__NR_fcntl, f, 3, 0) & 04003, sys3(__NR_read, f, buf, 100), sys3(__NR_write, f, buf, 8), sys3(__NR_write, f, buf, 4));
  say(" marks: nothing %d, no command %d, both types %d, two commands %d, flush with mask flag %d, high mask bits %d, both ignores %d\n", mark(f, 1, 0, -100, "a"), mark(f, 0, 1, -100, "a"), mark(f, 0x111, 1, -100, "a"), mark(f, 3, 1, -100, "a"),
      mark(f, 0x84, 0, -100, "a"), mark(f, 1, 0x2000, -100, "a"), mark(f, 0x421, 1, -100, "a"));
  say(" closed %d, other file %d, none %d, bad %d, only directories %d, permission %d, name event %d, self event %d, rename %d\n", mark(99, 1, 1, -100, "a"), mark(0, 1, 1, -100, "a"), mark(f, 1, 1, -100, "nothing"), mark(f, 1, 1, -100, (void *)16),
      mark(f, 9, 1, -100, "a"), mark(f, 1, FAN_OPEN_PERM, -100, "a"), mark(f, 1, FAN_CREATE, -100, "d"), mark(f, 1, FAN_DELETE_SELF, -100, "a"), mark(f, 1, FAN_RENAME, -100, "d"));
  say(" remove without one %d, evictable mount %d, error of an inode %d\n", mark(f, 2, 1, -100, "a"), mark(f, 0x211, 1, -100, "a"), mark(f, 1, FAN_FS_ERROR, -100, "a"));
  sys1(__NR_close, f);
}
static void descriptors(void) {
  say("descriptors\n");
  long f = init(FAN_NONBLOCK, 0);
  say(" mark %d\n", mark(f, FAN_MARK_ADD, FAN_OPEN | FAN_ACCESS | FAN_MODIFY | FAN_CLOSE, -100, "a"));
  touch("a");
  events("written", f);
  peek("a");
  events("read", f);
  peek("a"), touch("a");
  events("merged", f);
  peek("b");
  events("another", f);
  say(" buffer too small %d\n", (peek("a"), sys3(__NR_read, f, buf, 20)));
  events("still there", f);
  say(" add exec %d, remove open %d\n", mark(f, FAN_MARK_ADD, FAN_OPEN_EXEC, -100, "a"), mark(f, FAN_MARK_REMOVE, FAN_OPEN, -100, "a"));
  peek("a");
  events("without open", f);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    peek("a");
    finish(0);
  }
  end(pid);
  events("of a child", f);
  say(" directory %d", mark(f, FAN_MARK_ADD, FAN_OPEN | FAN_CLOSE | FAN_EVENT_ON_CHILD, -100, "d"));
  touch("d/in");
  events("child of a directory", f);
  sys1(__NR_close, sys3(__NR_open, "d", 0, 0));
  events("itself", f);
  say(" with directories %d", mark(f, FAN_MARK_ADD, FAN_ONDIR, -100, "d"));
  sys1(__NR_close, sys3(__NR_open, "d", 0, 0));
  sys1(__NR_close, sys3(__NR_open, "d/sub", 0, 0));
  events("directories", f);
  say(" flush %d", mark(f, FAN_MARK_FLUSH, 0, -100, 0));
  peek("a"), touch("d/in");
  events("flushed", f);
  // Ignore masks.
  mark(f, FAN_MARK_ADD, FAN_OPEN | FAN_ACCESS | FAN_MODIFY, -100, "a");
  say(" ignore %d", mark(f, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_OPEN, -100, "a"));
  peek("a");
  events("ignored open", f);
  touch("a"), peek("a");
  events("not after a write", f);
  say(" surviving %d", mark(f, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, -100, "a"));
  touch("a"), peek("a");
  events("after a write too", f);
  say(" new kind of a directory %d, of a mount %d, downgrade %d\n", mark(f, FAN_MARK_ADD | FAN_MARK_IGNORE, FAN_OPEN, -100, "d"), mark(f, FAN_MARK_ADD | FAN_MARK_IGNORE | FAN_MARK_MOUNT, FAN_OPEN, -100, "d"),
      mark(f, FAN_MARK_ADD | FAN_MARK_IGNORE, FAN_OPEN, -100, "a"));
  // Mounts and file systems.
  mark(f, FAN_MARK_FLUSH, 0, -100, 0);
  say(" mount %d", mark(f, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, -100, "."));
  touch("b"), touch("d/in");
  events("of a mount", f);
  say(" ignored in it %d", mark(f, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_CLOSE_WRITE, -100, "b"));
  touch("b"), touch("a");
  events("all but b", f);
  say(" remove %d, again %d, flush of file systems %d", mark(f, FAN_MARK_REMOVE | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, -100, "."), mark(f, FAN_MARK_REMOVE | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, -100, "."), mark(f, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, -100, 0));
  say(", file system %d", mark(f, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, -100, "a"));
  peek("d/in"), peek("/proc/self/status");
  events("of a file system", f);
  sys1(__NR_close, f);
  f = init(FAN_NONBLOCK | FAN_REPORT_PIDFD, 02);
  mark(f, FAN_MARK_ADD, FAN_OPEN, -100, "a");
  peek("a");
  events("with a pidfd", f);
  sys1(__NR_close, f);
}
static void identifiers(void) {
  say("identifiers\n");
  long f = init(FAN_NONBLOCK | FAN_REPORT_FID, 0);
  say(" mark %d %d\n", mark(f, FAN_MARK_ADD, FAN_OPEN | FAN_ATTRIB | FAN_DELETE_SELF | FAN_MOVE_SELF, -100, "a"), mark(f, FAN_MARK_ADD, FAN_CREATE | FAN_DELETE | FAN_MOVE | FAN_ONDIR, -100, "d"));
  peek("a"), sys2(__NR_chmod, "a", 0640);
  events("opened and changed", f);
  touch("d/new"), sys2(__NR_mkdir, "d/dir", 0755);
  events("created", f);
  sys2(__NR_rename, "d/new", "d/newer"), sys1(__NR_rmdir, "d/dir");
  events("moved and removed", f);
  sys2(__NR_rename, "a", "a2"), sys2(__NR_rename, "a2", "a");
  events("moved itself", f);
  sys1(__NR_unlink, "d/newer");
  events("deleted", f);
  sys1(__NR_close, f);
  f = init(FAN_NONBLOCK | FAN_REPORT_DFID_NAME, 0);
  say(" mark %d %d\n", mark(f, FAN_MARK_ADD, FAN_CREATE | FAN_DELETE | FAN_MOVE | FAN_OPEN | FAN_CLOSE | FAN_ONDIR | FAN_EVENT_ON_CHILD, -100, "d"), mark(f, FAN_MARK_ADD, FAN_OPEN, -100, "a"));
  touch("d/new");
  events("created and opened", f);
  peek("a");
  events("a file", f);
  sys1(__NR_close, sys3(__NR_open, "d", 0, 0));
  events("the directory", f);
  sys2(__NR_rename, "d/new", "b2"), sys2(__NR_rename, "b2", "d/back"), sys1(__NR_unlink, "d/back");
  events("out, back and gone", f);
  sys1(__NR_close, f);
  f = init(FAN_NONBLOCK | FAN_REPORT_DFID_NAME_TARGET, 0);
  say(" mark %d, file %d\n", mark(f, FAN_MARK_ADD, FAN_CREATE | FAN_RENAME | FAN_ONDIR, -100, "d"), mark(f, FAN_MARK_ADD, FAN_CREATE, -100, "a"));
  touch("d/new"), sys2(__NR_rename, "d/new", "d/other"), sys2(__NR_rename, "d/other", "out"), sys2(__NR_rename, "out", "d/other");
  events("renames", f);
  sys1(__NR_unlink, "d/other");
  sys1(__NR_close, f);
  f = init(FAN_NONBLOCK | FAN_REPORT_DIR_FID | FAN_REPORT_FID, 0);
  say(" file system %d, of proc %d, inode of proc %d\n", mark(f, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_CLOSE_WRITE | FAN_DELETE, -100, "."), mark(f, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, -100, "/proc"), L(mark(f, FAN_MARK_ADD, FAN_OPEN, -100, "/proc/self/status") <= 0));
  touch("d/new"), sys1(__NR_unlink, "d/new");
  events("everywhere", f);
  sys1(__NR_close, f);
}
static void questions(void) {
  say("questions\n");
  long f = init(FAN_CLASS_CONTENT, 0);
  say(" mark %d, of proc %d\n", mark(f, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_ACCESS_PERM, -100, "a"), mark(f, FAN_MARK_ADD, FAN_OPEN_PERM, -100, "/proc/self/status"));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys1(__NR_close, f);
    int g = sys3(__NR_open, "a", 0, 0);
    say(" open %d", L(g > 0));
    say(", read %d", sys3(__NR_read, g, buf, 1));
    say(", denied %d", sys3(__NR_open, "a", 0, 0));
    say(", to write %d", L(sys3(__NR_open, "a", 1, 0) > 0));
    say(", read denied %d", sys3(__NR_read, g, buf, 1));
    say(", allowed when the instance ends %d\n", L(sys3(__NR_open, "a", 0, 0) > 0));
    finish(7);
  }
  static const unsigned answers[] = {FAN_ALLOW, FAN_ALLOW, FAN_DENY, FAN_ALLOW, FAN_DENY};
  unsigned masks = 0;
  for (int i = 0; i < 5; i++) {
    sys3(__NR_read, f, buf, 24);
    struct fanotify_event_metadata *m = (void *)buf;
    masks = masks * 16 + (unsigned)(m->mask >> 16);
    struct fanotify_response r = {m->fd, answers[i]};
    if (i == 0) {
      struct fanotify_response odd = {m->fd, 3}, none = {99, FAN_ALLOW}, negative = {-1, FAN_ALLOW}, audit = {m->fd, FAN_ALLOW | FAN_AUDIT};
      say(" odd %d, none %d, negative %d, audit %d\n", sys3(__NR_write, f, &odd, 8), sys3(__NR_write, f, &none, 8), sys3(__NR_write, f, &negative, 8), sys3(__NR_write, f, &audit, 8));
    }
    sys3(__NR_write, f, &r, 8);
    sys1(__NR_close, m->fd);
  }
  sys1(__NR_close, f);
  say(" child ended %x, kinds %x\n", L(end(pid)), L(masks));
}
static int body(int argc, char **argv, char **envp) {
  me = sys0(__NR_getpid);
  say("namespace %d\n", sys1(__NR_unshare, 0x20000));
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  sys5(__NR_mount, "none", "/tmp", "tmpfs", 0, 0);
  sys1(__NR_chdir, "/tmp");
  touch("a"), touch("b"), sys2(__NR_mkdir, "d", 0755), sys2(__NR_mkdir, "d/sub", 0755);
  instances();
  descriptors();
  identifiers();
  questions();
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresuid, 50, 50, 50);
    long f = init(FAN_REPORT_FID | FAN_NONBLOCK, 0);
    say("other user: plain %d, class %d, with identifiers %d, mount %d, unlimited %d\n", init(0, 0), init(FAN_CLASS_CONTENT | FAN_REPORT_FID, 0), L(f > 0), mark(f, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, -100, "."), init(FAN_REPORT_FID | FAN_UNLIMITED_MARKS, 0));
    say(" mark %d", mark(f, FAN_MARK_ADD, FAN_OPEN, -100, "d"));
    say(" not readable %d\n", mark(f, FAN_MARK_ADD, FAN_OPEN, -100, "a"));
    finish(0);
  }
  end(pid);
  return 0;
}
