// Capabilities of files: accepted bytes of the attribute, permissions, its form in namespaces, the
// capabilities that a program gets, and the changes of a file that remove them.
#include "guest.h"
#include <fcntl.h>
#define NAME "security.capability"
enum { NET_RAW = 1 << 13, NET_ADMIN = 1 << 12, SETFCAP = 1u << 31, EFFECTIVE = 1, V1 = 1 << 24, V2 = 2 << 24, V3 = 3 << 24 };
static struct { uint32_t magic, permitted, inheritable, permitted_high, inheritable_high, root; } caps;
static const char *self, *copy = "filecaps-copy";
static char **environment;
static long set_(const char *path, uint32_t magic, uint32_t permitted, uint32_t inheritable, long size) {
  memset(&caps, 0, sizeof caps);
  caps.magic = magic, caps.permitted = permitted, caps.inheritable = inheritable;
  return sys5(__NR_setxattr, path, NAME, &caps, size, 0);
}
static long set3(const char *path, uint32_t root) {
  memset(&caps, 0, sizeof caps);
  caps.magic = V3 | EFFECTIVE, caps.permitted = NET_RAW, caps.root = root;
  return sys5(__NR_setxattr, path, NAME, &caps, 24, 0);
}
static void show(const char *path) {
  memset(&caps, 0xff, sizeof caps);
  long n = sys4(__NR_getxattr, path, NAME, &caps, sizeof caps);
  if (n < 0) say("  attribute %d\n", n);
  else say("  attribute %d: %x permitted %x inheritable %x root %x\n", n, L(caps.magic), L(caps.permitted), L(caps.inheritable), L(n == 24 ? caps.root : 0));
}
static struct { uint32_t effective, permitted, inheritable; } sets[2];
static uint32_t header[2] = {0x20080522, 0};
static long setsets(uint32_t effective, uint32_t permitted, uint32_t inheritable) {
  memset(sets, 0, sizeof sets);
  sets[0].effective = effective, sets[0].permitted = permitted, sets[0].inheritable = inheritable;
  return sys2(__NR_capset, header, sets);
}
static void become(int uid) {
#ifdef __x86_64__
  sys3(__NR_setresgid, uid, uid, uid), sys3(__NR_setresuid, uid, uid, uid);
#else
  sys3(__NR_setresgid32, uid, uid, uid), sys3(__NR_setresuid32, uid, uid, uid);
#endif
}
static void owner(const char *path, int uid) {
#ifdef __x86_64__
  sys3(__NR_chown, path, uid, uid);
#else
  sys3(__NR_chown32, path, uid, uid);
#endif
}
static void mode(const char *path, int bits) { sys2(__NR_chmod, path, bits); }
/* The sets of a program that was just executed. */
static int report(char **envp) {
  char **p = envp;
  long secure = -1;
  while (*p) p++;
  for (long *aux = (long *)(p + 1); aux[0]; aux += 2)
    if (aux[0] == 23) secure = aux[1];
  sys2(__NR_capget, header, sets);
  long ambient = 0;
  for (long i = 0; i < 32; i++) ambient |= sys5(__NR_prctl, 47, 1, i, 0, 0) == 1 ? 1L << i : 0;
#ifdef __x86_64__
  long euid = sys0(__NR_geteuid);
#else
  long euid = sys0(__NR_geteuid32);
#endif
  say("  program: permitted %x effective %x inheritable %x ambient %x euid %d secure %d dumpable %d\n", L(sets[0].permitted), L(sets[0].effective),
      L(sets[0].inheritable), ambient & 0xffffffff, euid, secure, sys1(__NR_prctl, 3));
  return 0;
}
static void run(void) {
  char *args[] = {(char *)copy, "report", 0};
  say("  exec %d\n", sys3(__NR_execve, copy, args, environment));
  finish(1);
}
enum { PLAIN, PRIVILEGES = 1, TRACED = 2, BOUNDED = 4, INHERITS = 8, AMBIENT = 16, ROOTED = 32 };
static void program(const char *what, int how) {
  say("%s\n", what);
  long pid = sys0(__NR_fork);
  if (!pid) {
    if (how & BOUNDED) sys5(__NR_prctl, 24, 13, 0, 0, 0);
    if (how & ROOTED) sys5(__NR_prctl, 28, 3, 0, 0, 0);
    if (how & (INHERITS | AMBIENT)) sys5(__NR_prctl, 8, 1, 0, 0, 0);
    if (!(how & ROOTED)) become(1000);
    if (how & (INHERITS | AMBIENT)) setsets(NET_ADMIN, NET_ADMIN | NET_RAW, NET_ADMIN | (how & AMBIENT ? NET_RAW : 0));
    if (how & AMBIENT) sys5(__NR_prctl, 47, 2, 12, 0, 0);
    if (how & PRIVILEGES) sys5(__NR_prctl, 38, 1, 0, 0, 0);
    if (how & TRACED) sys4(__NR_ptrace, 0, 0, 0, 0);
    run();
  }
  int status = 0;
  while (sys4(__NR_wait4, pid, &status, 0, 0) > 0 && (status & 0xff) == 0x7f) sys4(__NR_ptrace, 7, pid, 0, 0);
  say("  end %x\n", L(status));
}
static void fresh(void) {
  static char bytes[65536];
  sys1(__NR_unlink, copy);
  long from = sys3(__NR_open, self, O_RDONLY, 0), to = sys3(__NR_open, copy, O_CREAT | O_WRONLY | O_TRUNC, 0755), n;
  while ((n = sys3(__NR_read, from, bytes, sizeof bytes)) > 0) sys3(__NR_write, to, bytes, n);
  sys1(__NR_close, from), sys1(__NR_close, to);
  mode(copy, 0755);
}
static void bytes(void) {
  say("bytes: %d %d %d %d %d %d %d %d\n", set_(copy, V1, 1, 1, 12), set_(copy, V2, 1, 1, 12), set_(copy, V2, 1, 1, 24), set_(copy, V3, 1, 1, 20), set_(copy, V2 | 2, 1, 1, 20),
      set_(copy, 0, 0, 0, 20), set_(copy, 4 << 24, 0, 0, 24), set_(copy, V2, 1, 1, 3));
  show(copy);
  say("set: %d\n", set_(copy, V2 | EFFECTIVE, NET_RAW, NET_ADMIN, 20));
  say("  short %d, length %d\n", sys4(__NR_getxattr, copy, NAME, &caps, 19), sys4(__NR_getxattr, copy, NAME, 0, 0));
  show(copy);
  say("root 0: %d\n", set3(copy, 0)), show(copy);
  say("root 1000: %d\n", set3(copy, 1000)), show(copy);
  say("no bytes: %d\n", set_(copy, 0, 0, 0, 0)), show(copy);
  say("remove: %d,", sys2(__NR_removexattr, copy, NAME)), say(" again %d\n", sys2(__NR_removexattr, copy, NAME));
  long pid = sys0(__NR_fork);
  if (!pid) {
    become(1000);
    say("as user: %d, bad bytes %d, remove %d, absent", set_(copy, V2, 1, 1, 20), set_(copy, V1, 1, 1, 12), sys2(__NR_removexattr, copy, NAME));
    say(" %d\n", sys4(__NR_getxattr, copy, NAME, &caps, 20));
    finish(0);
  }
  end(pid);
  pid = sys0(__NR_fork);
  if (!pid) {
    setsets(SETFCAP, SETFCAP, 0);
    say("with CAP_SETFCAP: %d, other attributes %d\n", set_(copy, V2, 1, 1, 20), sys5(__NR_setxattr, copy, "security.other", "x", 1, 0));
    finish(0);
  }
  end(pid);
}
static void programs(void) {
  fresh(), set_(copy, V2 | EFFECTIVE, NET_RAW, 0, 20);
  program("permitted and effective", PLAIN);
  program("no_new_privs", PRIVILEGES);
  program("bounded", BOUNDED);
  program("ambient is cleared", AMBIENT);
  program("as root with SECBIT_NOROOT", ROOTED);
  set_(copy, V2, NET_RAW, 0, 20);
  program("permitted", PLAIN);
  program("bounded, not effective", BOUNDED);
  set_(copy, V2 | EFFECTIVE, 0, NET_ADMIN, 20);
  program("inheritable, not inherited", PLAIN);
  program("inheritable", INHERITS);
  set_(copy, V2 | EFFECTIVE, NET_RAW, 0, 20), mode(copy, 04755);
  program("set-user-ID root and capabilities", PLAIN);
  set_(copy, V2, 0, 0, 20);
  program("set-user-ID root and no capabilities", PLAIN);
  program("as root with SECBIT_NOROOT, no capabilities", ROOTED);
  sys2(__NR_removexattr, copy, NAME);
  program("set-user-ID root", PLAIN);
  fresh(), set3(copy, 1000);
  program("of another root", PLAIN);
  fresh(), set3(copy, 0);
  program("of root 0", PLAIN);
  fresh();
  program("none", AMBIENT);
}
static void traced(void) {
  fresh(), set_(copy, V2 | EFFECTIVE, NET_RAW, 0, 20);
  long pid = sys0(__NR_fork);
  if (!pid) {
    become(1000);
    program("traced by a user", TRACED);
    mode(copy, 0755);
    finish(0);
  }
  end(pid);
  sys2(__NR_removexattr, copy, NAME), mode(copy, 04755);
  pid = sys0(__NR_fork);
  if (!pid) {
    become(1000);
    program("set-user-ID root, traced by a user", TRACED);
    finish(0);
  }
  end(pid);
}
static int descriptor(int flags) { return (int)sys3(__NR_open, copy, flags, 0); }
static void again(const char *what) { show(copy), say("%s\n", what), fresh(), set_(copy, V2, 1, 1, 20); }
static void taken(void) {
  fresh(), set_(copy, V2, 1, 1, 20);
  again("write"), sys3(__NR_write, descriptor(O_WRONLY), "x", 1);
  again("write nothing"), sys3(__NR_write, descriptor(O_WRONLY), "x", 0);
  again("truncate"), sys2(__NR_truncate, copy, 100);
  again("same size"), sys2(__NR_ftruncate, descriptor(O_WRONLY), 4096);
  again("O_TRUNC"), descriptor(O_WRONLY | O_TRUNC);
  again("chown"), owner(copy, 1000);
  again("chown to nobody in particular"), owner(copy, -1);
  again("chmod"), mode(copy, 0700);
  again("rename"), sys2(__NR_rename, copy, "filecaps-new"), sys2(__NR_rename, "filecaps-new", copy);
#ifdef __x86_64__
  again("fallocate"), sys4(__NR_fallocate, descriptor(O_WRONLY), 0, 0, 8192);
  again("pwritev"), sys4(__NR_pwritev, descriptor(O_WRONLY), ((long[2]){(long)"abc", 3}), 1, 5);
#endif
  again("end");
}
static void map(const char *line) {
  say(" map %d", put_file("/proc/self/setgroups", "deny")), say(" %d", put_file("/proc/self/uid_map", line)), say(" %d\n", put_file("/proc/self/gid_map", line));
}
static void inside(void) {
  fresh(), owner(copy, 1000);
  mode(".", 0777);
  long pid = sys0(__NR_fork);
  if (!pid) {
    become(1000), sys2(__NR_prctl, 4, 1);
    say("unshare %d\n", sys1(__NR_unshare, 0x10000000));
    map("0 1000 1");
    say(" root 5 %d,", set3(copy, 5)), say(" set %d\n", set_(copy, V2 | EFFECTIVE, NET_RAW, 0, 20)), show(copy);
    run();
    finish(0);
  }
  end(pid);
  pid = sys0(__NR_fork);
  if (!pid) {
    become(1000), sys2(__NR_prctl, 4, 1);
    sys1(__NR_unshare, 0x10000000), map("0 1000 1");
    say(" other attributes %d, capabilities of another's file %d\n", sys5(__NR_setxattr, copy, "security.other", "x", 1, 0), set_(self, V2, 1, 1, 20));
    finish(0);
  }
  end(pid);
  show(copy);
  program("outside", PLAIN);
  set3(copy, 1001);
  pid = sys0(__NR_fork);
  if (!pid) {
    become(1000), sys2(__NR_prctl, 4, 1);
    sys1(__NR_unshare, 0x10000000);
    map("7 1000 1");
    show(copy);
    finish(0);
  }
  end(pid);
  fresh();
}
static int body(int argc, char **argv, char **envp) {
  if (argc > 1) return report(envp);
  self = argv[0], environment = envp;
  // Not every machine lets its root have all capabilities.
  sys5(__NR_prctl, 24, 24, 0, 0, 0);
  fresh();
  bytes(), programs(), traced(), taken(), inside();
  sys1(__NR_unlink, copy);
  return 0;
}
