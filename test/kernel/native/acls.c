// POSIX access control lists: what they are, which modes they make, who they let in, and what new files inherit.
#include "guest.h"
struct entry { uint16_t tag, perm; uint32_t id; };
struct list { uint32_t version; struct entry e[12]; };
enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };
#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
static struct list list, got;
static int count;
static void begin_list(void) { list.version = 2, count = 0; }
static void add(int tag, int perm, unsigned id) { list.e[count++] = (struct entry){(uint16_t)tag, (uint16_t)perm, id}; }
static void basic(int user, int group, int other) { begin_list(), add(USER_OBJ, user, -1u), add(GROUP_OBJ, group, -1u), add(OTHER, other, -1u); }
static void named(int tag, int perm, unsigned id, int mask) {
  begin_list(), add(USER_OBJ, 6, -1u);
  if (tag == USER) add(USER, perm, id);
  add(GROUP_OBJ, 4, -1u);
  if (tag == GROUP) add(GROUP, perm, id);
  add(MASK, mask, -1u), add(OTHER, 0, -1u);
}
static long set_(const char *path, const char *name, int flags) { return sys5(__NR_setxattr, path, name, &list, 4 + 8 * count, flags); }
#ifdef __x86_64__
struct status { char pad[24]; uint32_t mode; char rest[200]; };
#define STAT __NR_stat
#else
struct status { char pad[16]; uint32_t mode; char rest[200]; };
#define STAT __NR_stat64
#endif
static long mode(const char *path) {
  struct status s;
  return sys2(STAT, path, &s) < 0 ? -1 : (long)s.mode;
}
static void show(const char *path, const char *name) {
  long n = sys4(__NR_getxattr, path, name, &got, sizeof got);
  say("  %s %s %d mode %x:", path, name + 17, n, mode(path));
  for (int i = 0; i < (n - 4) / 8; i++) say(" %d/%d/%d", L(got.e[i].tag), L(got.e[i].perm), L((int)got.e[i].id));
  say("\n");
}
static void names(const char *path) {
  char b[256], *p = b;
  long n = sys3(__NR_listxattr, path, b, sizeof b);
  say("  names %d:", n);
  for (; p < b + n; p++) {
    say(" %s", p);
    while (*p) p++;
  }
  say("\n");
}
/* What a user with some groups may do: read, write, execute. */
static void as(const char *path, int uid, int gid, int other) {
  long pid = sys0(__NR_fork);
  if (!pid) {
#ifdef __x86_64__
    uint32_t groups[1] = {(uint32_t)other};
    sys2(__NR_setgroups, 1, groups);
    sys3(__NR_setresgid, gid, gid, gid), sys3(__NR_setresuid, uid, uid, uid);
#else
    uint32_t groups[1] = {(uint32_t)other};
    sys2(__NR_setgroups32, 1, groups);
    sys3(__NR_setresgid32, gid, gid, gid), sys3(__NR_setresuid32, uid, uid, uid);
#endif
    say("  as %d %d %d: r %d w %d x %d rw %d\n", L(uid), L(gid), L(other), sys2(__NR_access, path, 4), sys2(__NR_access, path, 2), sys2(__NR_access, path, 1), sys2(__NR_access, path, 6));
    if (uid == 1000) {
      basic(7, 7, 7);
      long set = set_(path, ACCESS, 0);
      say("  others set %d get %d remove %d\n", set, L(sys4(__NR_getxattr, path, ACCESS, &got, sizeof got) > 0), sys2(__NR_removexattr, path, ACCESS));
    }
    finish(0);
  }
  end(pid);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  long fd;
  say("own mounts %d tmpfs", sys1(__NR_unshare, 0x20000));
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  say(" %d\n", sys5(__NR_mount, "none", "/tmp", "tmpfs", 0, 0));
  sys1(__NR_chdir, "/tmp"), sys1(__NR_umask, 022);
  fd = sys3(__NR_open, "f", 0102, 0640), sys1(__NR_close, fd);
  say("none"), show("f", ACCESS);
  basic(6, 6, 4);
  say("basic %d", set_("f", ACCESS, 0)), show("f", ACCESS), names("f");
  named(USER, 7, 1000, 6);
  say("user %d create %d replace %d", set_("f", ACCESS, 0), set_("f", ACCESS, 1), set_("f", ACCESS, 2)), show("f", ACCESS);
  sys5(__NR_setxattr, "f", "user.z", "1", 1, 0), sys5(__NR_setxattr, "f", "security.b", "12", 2, 0), sys5(__NR_setxattr, "f", "trusted.a", "1", 1, 0), names("f");
  as("f", 1000, 5, 6), as("f", 7, 0, 6), as("f", 7, 5, 0), as("f", 7, 5, 6);
  say("chmod %d", sys2(__NR_chmod, "f", 0604)), show("f", ACCESS);
  as("f", 1000, 5, 6), as("f", 7, 5, 6);
  say("chmod %d", sys2(__NR_chmod, "f", 0777)), show("f", ACCESS);
  named(GROUP, 3, 50, 7);
  say("group %d", set_("f", ACCESS, 0)), show("f", ACCESS);
  as("f", 8, 50, 6), as("f", 8, 6, 50), as("f", 8, 0, 50), as("f", 8, 0, 6);
  say("asks %d", sys4(__NR_getxattr, "f", ACCESS, 0, 0)), say(" short %d", sys4(__NR_getxattr, "f", ACCESS, &got, 8)), say(" other name %d %d\n", sys4(__NR_getxattr, "f", "system.other", &got, 8), sys5(__NR_setxattr, "f", "system.other", &got, 8, 0));
  begin_list(), add(USER_OBJ, 6, -1u), add(GROUP_OBJ, 4, -1u);
  say("no other %d", set_("f", ACCESS, 0));
  add(OTHER, 8, -1u), say(" perm %d", set_("f", ACCESS, 0));
  basic(6, 4, 4), list.version = 1, say(" version %d", set_("f", ACCESS, 0));
  basic(6, 4, 4), list.e[0].tag = 3, say(" tag %d", set_("f", ACCESS, 0));
  basic(6, 4, 4), list.e[0].tag = OTHER, list.e[2].tag = USER_OBJ, say(" order %d", set_("f", ACCESS, 0));
  named(USER, 7, -1u, 7), say(" id %d", set_("f", ACCESS, 0));
  named(USER, 7, 9, 7), list.e[3].tag = OTHER, count = 4, say(" no mask %d", set_("f", ACCESS, 0));
  named(USER, 7, 9, 7), say(" odd %d short %d", sys5(__NR_setxattr, "f", ACCESS, &list, 15, 0), sys5(__NR_setxattr, "f", ACCESS, &list, 3, 0));
  say(" header %d\n", sys5(__NR_setxattr, "f", ACCESS, &list, 4, 0)), show("f", ACCESS);
  begin_list(), add(USER_OBJ, 7, -1u), add(USER, 4, 9), add(USER, 6, 3), add(USER, 6, 3), add(GROUP_OBJ, 4, -1u), add(GROUP, 2, 9), add(GROUP, 1, 4), add(MASK, 5, -1u), add(OTHER, 1, -1u);
  say("unsorted %d", set_("f", ACCESS, 0)), show("f", ACCESS);
  as("f", 3, 0, 6), as("f", 12, 9, 4), as("f", 12, 6, 4), as("f", 12, 6, 7);
  say("default of a file %d remove %d %d get %d\n", set_("f", DEFAULT, 0), sys2(__NR_removexattr, "f", DEFAULT), sys2(__NR_removexattr, "f", ACCESS), sys4(__NR_getxattr, "f", ACCESS, &got, sizeof got));
  show("f", ACCESS), names("f");
  sys2(__NR_symlink, "f", "l");
  say("link %d %d %d\n", sys5(__NR_lsetxattr, "l", ACCESS, &list, 4 + 8 * count, 0), sys4(__NR_lgetxattr, "l", ACCESS, &got, sizeof got), sys5(__NR_setxattr, "l", ACCESS, &list, 4 + 8 * count, 0));
  sys2(__NR_mkdir, "d", 02775);
  sys2(__NR_chmod, "d", 02775);
  begin_list(), add(USER_OBJ, 7, -1u), add(USER, 7, 1000), add(GROUP_OBJ, 5, -1u), add(MASK, 7, -1u), add(OTHER, 4, -1u);
  say("default %d", set_("d", DEFAULT, 0)), show("d", DEFAULT), show("d", ACCESS), names("d");
  fd = sys3(__NR_open, "d/f", 0102, 0666), sys1(__NR_close, fd), show("d/f", ACCESS), show("d/f", DEFAULT);
  fd = sys3(__NR_open, "d/g", 0102, 0600), sys1(__NR_close, fd), show("d/g", ACCESS);
  sys2(__NR_mkdir, "d/d", 0777), show("d/d", ACCESS), show("d/d", DEFAULT);
  sys2(__NR_mkdir, "d/d/p", 0700), show("d/d/p", ACCESS), show("d/d/p", DEFAULT);
  sys3(__NR_mknod, "d/fifo", 010666, 0), show("d/fifo", ACCESS);
  sys2(__NR_symlink, "f", "d/l"), say("link %d\n", sys4(__NR_lgetxattr, "d/l", ACCESS, &got, sizeof got));
  fd = sys3(__NR_open, "d", 020200002, 0666);
  say("unnamed %d get %d\n", L(fd >= 0), sys4(__NR_fgetxattr, fd, ACCESS, &got, sizeof got));
  basic(7, 5, 0);
  say("basic default %d", set_("d", DEFAULT, 0)), show("d", DEFAULT);
  fd = sys3(__NR_open, "d/h", 0102, 0666), sys1(__NR_close, fd), show("d/h", ACCESS);
  basic(7, 7, 7);
  say("basic access %d", set_("d", ACCESS, 0)), show("d", ACCESS);
  say("gone %d", sys2(__NR_removexattr, "d", DEFAULT)), show("d", DEFAULT);
  fd = sys3(__NR_open, "d/i", 0102, 0666), sys1(__NR_close, fd), show("d/i", ACCESS);
  say("rmdir %d proc", sys1(__NR_rmdir, "d/d/p"));
  say(" %d %d\n", sys5(__NR_setxattr, "/proc/self/status", ACCESS, &list, 4 + 8 * count, 0), sys4(__NR_getxattr, "/proc/self/status", ACCESS, &got, sizeof got));
  return 0;
}
