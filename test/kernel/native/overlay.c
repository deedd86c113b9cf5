// overlayfs: several directories as one, copies on write, whiteouts, opaque directories.
#include "guest.h"
enum { NEWNS = 0x20000, REC = 16384, PRIVATE = 1 << 18, CREAT = 0100, EXCL = 0200, TRUNC = 01000, APPEND = 02000 };
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})
static long mount(const char *from, const char *to, const char *type, long flags, const char *data) { return sys5(__NR_mount, from, to, type, flags, data); }
static long mkdir_(const char *p) { return sys2(__NR_mkdir, p, 0755); }
static long put_(const char *p, const char *text_, long flags) {
  long fd = sys3(__NR_open, p, 1 | flags, 0644), n = 0;
  if (fd < 0) return fd;
  while (text_[n]) n++;
  n = sys3(__NR_write, fd, text_, n);
  sys1(__NR_close, fd);
  return n;
}
static char content[256];
static long get(const char *p) {
  long fd = sys3(__NR_open, p, 0, 0), n;
  content[0] = 0;
  if (fd < 0) return fd;
  n = sys3(__NR_read, fd, content, 255);
  content[n > 0 ? n : 0] = 0;
  sys1(__NR_close, fd);
  return n;
}
static void show(const char *p) {
  long n = get(p);
  say(" %s: %d %s\n", L(p), n, L(content));
}
struct entry { uint64_t ino; int64_t off; uint16_t len; uint8_t type; char name[]; };
/* The names in a directory, sorted, with their types. */
static void list(const char *p) {
  static char b[8192];
  char *names[64];
  uint8_t types[64];
  int count = 0;
  long fd = sys3(__NR_open, p, 0200000, 0), n;
  say(" %s:", L(p));
  while ((n = sys3(__NR_getdents64, fd, b, sizeof b)) > 0) {
    for (long at = 0; at < n; at += ((struct entry *)(b + at))->len) {
      struct entry *e = (void *)(b + at);
      if (e->name[0] == '.') continue;
      int i = count++;
      for (; i > 0; i--) {
        const char *x = names[i - 1], *y = e->name;
        while (*x && *x == *y) x++, y++;
        if (*x < *y) break;
        names[i] = names[i - 1], types[i] = types[i - 1];
      }
      names[i] = e->name, types[i] = e->type;
    }
    break;
  }
  for (int i = 0; i < count; i++) say(" %s(%d)", L(names[i]), L(types[i]));
  say("\n", 0);
  sys1(__NR_close, fd);
}
static long opaque(const char *p) { return sys4(__NR_getxattr, p, "trusted.overlay.opaque", content, 8); }
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  say("%d", sys1(__NR_unshare, NEWNS));
  say(" %d", mount("none", "/", 0, REC | PRIVATE, 0));
  say(" %d\n", mount("x", "/tmp", "tmpfs", 0, "mode=0755"));
  sys1(__NR_chdir, "/tmp");
  mkdir_("l1"), mkdir_("l2"), mkdir_("u"), mkdir_("w"), mkdir_("m"), mkdir_("m2");
  put_("l1/top", "from l1", CREAT), put_("l2/top", "from l2", CREAT), put_("l2/only", "only l2", CREAT), put_("l1/gone", "x", CREAT), put_("l1/link me", "linked", CREAT);
  mkdir_("l1/d"), mkdir_("l2/d"), put_("l1/d/a", "a1", CREAT), put_("l2/d/a", "a2", CREAT), put_("l2/d/b", "b2", CREAT), mkdir_("l2/e"), put_("l2/e/f", "f", CREAT);
  sys2(__NR_symlink, "top", "l1/sym"), mkdir_("l2/empty"), put_("u/fresh", "upper", CREAT);
  say("no options %d upper alone %d missing %d one lower %d", mount("o", "m", "overlay", 0, 0), mount("o", "m", "overlay", 0, "lowerdir=l1,upperdir=u"), mount("o", "m", "overlay", 0, "lowerdir=none:l1"), mount("o", "m", "overlay", 0, "lowerdir=l1"));
  say(" inside each other %d mount %d\n", mount("o", "m", "overlay", 0, "lowerdir=l1,upperdir=u,workdir=u/x"), mount("o", "m", "overlay", 0, "lowerdir=l1:l2,upperdir=u,workdir=w"));
  list("m"), list("m/d"), show("m/top"), show("m/only"), show("m/d/a"), show("m/d/b"), show("m/sym"), show("m/fresh");
  say("append %d", put_("m/only", "+more", APPEND));
  say(" mode %d rename %d\n", sys2(__NR_chmod, "m/d/b", 0600), sys2(__NR_rename, "m/top", "m/d/moved"));
  show("m/only"), show("l2/only"), show("u/only"), show("m/d/moved"), show("m/top"), list("u"), list("u/d"), list("m");
  say("unlink %d again %d", sys1(__NR_unlink, "m/gone"), sys1(__NR_unlink, "m/gone"));
  say(" in place %d %d", get("m/gone"), put_("m/gone", "new", CREAT | EXCL));
  show("m/gone"), show("l1/gone");
  say("rmdir full %d empty %d", sys1(__NR_rmdir, "m/d"), sys1(__NR_rmdir, "m/empty"));
  say(" there %d make %d", get("m/empty/x"), mkdir_("m/empty"));
  say(" opaque %d", opaque("u/empty"));
  say(" unlink %d rmdir %d make %d", sys1(__NR_unlink, "m/e/f"), sys1(__NR_rmdir, "m/e"), mkdir_("m/e"));
  say(" hidden %d opaque %d\n", get("m/e/f"), opaque("u/e"));
  list("u"), list("m/e"), list("m");
  say("rename of a lower directory %d of a new one %d", sys2(__NR_rename, "m/d", "m/d2"), mkdir_("m/n"));
  say(" %d %d", put_("m/n/in", "in", CREAT), sys2(__NR_rename, "m/n", "m/n2"));
  show("m/n2/in");
  say("link %d", sys2(__NR_link, "m/link me", "m/linked"));
  say(" write %d", put_("m/linked", "both", TRUNC));
  show("m/link me"), show("l1/link me");
  long fd = sys3(__NR_open, "m/d/a", 0, 0), n;
  say("copied while open %d", put_("m/d/a", "changed", TRUNC));
  n = sys3(__NR_read, fd, content, 255), content[n > 0 ? n : 0] = 0;
  say(" %d %s\n", n, L(content));
  fd = sys3(__NR_open, "m/keep", CREAT | 2, 0644);
  say("unlinked while open %d %d", sys1(__NR_unlink, "m/keep"), sys3(__NR_write, fd, "kept", 4));
  sys3(__NR_lseek, fd, 0, 0);
  n = sys3(__NR_read, fd, content, 255), content[n > 0 ? n : 0] = 0;
  say(" %d %s\n", n, L(content));
  uint32_t *p = (void *)0;
  (void)p;
  say("truncate %d", sys2(__NR_truncate, "m/d/b", 1));
  show("m/d/b"), show("l2/d/b");
  say("umount %d", sys2(__NR_umount2, "m", 0));
  sys1(__NR_close, fd);
  say(" %d %d\n", sys2(__NR_umount2, "m", 2), sys2(__NR_umount2, "m", 0));
  list("u"), list("u/d");
  say("again %d", mount("o", "m", "overlay", 0, "lowerdir=l1:l2,upperdir=u,workdir=w"));
  say("\n", 0);
  list("m"), list("m/d"), list("m/e");
  say("read-only %d", mount("o", "m2", "overlay", 0, "lowerdir=l1:l2"));
  say(" create %d write %d mkdir %d unlink %d chmod %d", put_("m2/x", "x", CREAT), put_("m2/top", "x", 0), mkdir_("m2/x"), sys1(__NR_unlink, "m2/top"), sys2(__NR_chmod, "m2/top", 0600));
  show("m2/top");
  return 0;
}
