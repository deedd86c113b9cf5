// User and group ids, capabilities, no_new_privs and set-user-ID programs: who may become whom.
#include "guest.h"
#define SIGCHLD 17
static void ids(const char *what) {
  unsigned r = 9, e = 9, s = 9, gr = 9, ge = 9, gs = 9;
#ifdef __x86_64__
  sys3(__NR_getresuid, &r, &e, &s);
  sys3(__NR_getresgid, &gr, &ge, &gs);
#else
  sys3(__NR_getresuid32, &r, &e, &s);
  sys3(__NR_getresgid32, &gr, &ge, &gs);
#endif
  say("  %s: uid %d %d %d gid %d %d %d\n", what, L((int)r), L((int)e), L((int)s), L((int)gr), L((int)ge), L((int)gs));
}
static void caps(const char *what) {
  uint32_t header[2] = {0x20080522, 0}, data[6] = {0};
  long r = sys2(__NR_capget, header, data);
  /* Only the parts that every kernel since 5.9 has. */
  say("  %s: capget %d effective %d permitted %d inheritable %d\n", what, r, L(data[0] != 0), L(data[1] != 0), L(data[2] != 0));
}
#ifdef __x86_64__
#define N(x) __NR_##x
#else
#define N(x) __NR_##x##32
#endif
static void in_child(const char *what, void (*f)(void)) {
  say("%s\n", what);
  long pid = sys0(__NR_fork);
  int status = 0;
  if (!pid) { f(); finish(0); }
  sys4(__NR_wait4, pid, &status, 0, 0);
  if (status) say("  ended with %x\n", L(status));
}
static void setuid_(void) {
  say("  setuid -1: %d\n", sys1(N(setuid), -1));
  say("  setuid 1000: %d\n", sys1(N(setuid), 1000));
  ids("after");
  caps("after");
  say("  back: %d, setgid 5: %d, setgroups: %d\n", sys1(N(setuid), 0), sys1(N(setgid), 5), sys2(N(setgroups), 0, 0));
  say("  same: %d\n", sys1(N(setuid), 1000));
}
static void seteuid(void) {
  say("  setresuid: %d\n", sys3(N(setresuid), -1, 1000, -1));
  ids("euid 1000");
  caps("euid 1000");
  say("  back: %d\n", sys3(N(setresuid), -1, 0, -1));
  caps("back");
  say("  setreuid 1,2: %d\n", sys2(N(setreuid), 1, 2));
  ids("setreuid");
  say("  swap: %d, to 3: %d, setresuid to 3: %d\n", sys2(N(setreuid), 2, 1), sys2(N(setreuid), 3, -1), sys3(N(setresuid), 3, -1, -1));
  ids("swap");
}
static void keepcaps(void) {
  say("  keepcaps: %d %d\n", sys2(__NR_prctl, 8, 1), sys1(__NR_prctl, 7));
  sys1(N(setuid), 1000);
  caps("with keepcaps");
  say("  get: %d\n", sys1(__NR_prctl, 7));
}
static void fsids(void) {
  long a = sys1(N(setfsuid), 7), b = sys1(N(setfsuid), -1), c = sys1(N(setfsgid), 8), d = sys1(N(setfsgid), -1);
  say("  setfsuid %d %d setfsgid %d %d\n", a, b, c, d);
}
static void groups(void) {
  unsigned list[3] = {30, 10, 20}, got[4] = {0};
  say("  set %d", sys2(N(setgroups), 3, list));
  say(" count %d", sys2(N(getgroups), 0, 0));
  say(" small %d", sys2(N(getgroups), 2, got));
  say(" get %d", sys2(N(getgroups), 4, got));
  say(" %d %d %d\n", L(got[0]), L(got[1]), L(got[2]));
  list[0] = -1;
  say("  bad %d %d %d\n", sys2(N(setgroups), 1, list), sys2(N(setgroups), 70000, list), sys2(N(setgroups), 1, 16));
}
static void securebits(void) {
  say("  get %d, set NOROOT %d, bad %d\n", sys1(__NR_prctl, 27), sys2(__NR_prctl, 28, 1), sys2(__NR_prctl, 28, 0x10000));
  say("  bounding: read %d, bad %d\n", sys2(__NR_prctl, 23, 0), sys2(__NR_prctl, 23, 63));
  say("  drop %d", sys2(__NR_prctl, 24, 0));
  say(", read %d\n", sys2(__NR_prctl, 23, 0));
  say("  ambient: is set %d, bad %d, raise without inheritable %d, clear %d\n", sys5(__NR_prctl, 47, 1, 5, 0, 0), sys5(__NR_prctl, 47, 9, 5, 0, 0), sys5(__NR_prctl, 47, 2, 5, 0, 0), sys5(__NR_prctl, 47, 4, 0, 0, 0));
}
static void capset(void) {
  uint32_t header[2] = {0x20080522, 0}, data[6] = {0}, old[2] = {0x19980330, 0}, bad[2] = {1, 0};
  sys2(__NR_capget, header, data);
  data[0] &= ~1u; data[3] = data[3];
  say("  drop one effective: %d\n", sys2(__NR_capset, header, data));
  data[0] |= 1;
  say("  take it again: %d\n", sys2(__NR_capset, header, data));
  data[1] &= ~1u; data[0] &= ~1u;
  say("  drop permitted: %d\n", sys2(__NR_capset, header, data));
  data[1] |= 1;
  say("  take it again: %d\n", sys2(__NR_capset, header, data));
  say("  old version %d, unknown %d -> %x, probe %d\n", sys2(__NR_capget, old, data), sys2(__NR_capget, bad, data), L(bad[0]), sys2(__NR_capget, bad, 0));
  header[1] = 999999;
  say("  nobody %d, of another %d\n", sys2(__NR_capget, header, data), sys2(__NR_capset, header, data));
}
static char *self;
static void run_setuid(int nnp) {
  char *args[] = {self, "ids", 0}, *env[] = {0};
  say("  chmod: %d chown %d\n", sys2(__NR_chmod, self, 06755), sys3(N(chown), self, 1001, 1002));
  say("  chmod: %d\n", sys2(__NR_chmod, self, 06755));
  sys3(N(setresgid), 1000, 1000, 1000);
  sys3(N(setresuid), 1000, 1000, 1000);
  if (nnp) sys5(__NR_prctl, 38, 1, 0, 0, 0);
  say("  exec: %d\n", sys3(__NR_execve, self, args, env));
}
/* The namespace has a number for the caller only: the file's bits have no effect. */
static void setuid_exec_unmapped(void) {
  char *args[] = {self, "ids", 0}, *env[] = {0};
  sys2(__NR_chmod, self, 06755);
  sys3(N(setresgid), 1000, 1000, 1000);
  sys3(N(setresuid), 1000, 1000, 1000);
  sys5(__NR_prctl, 4, 1, 0, 0, 0);
  say("  unshare %d", sys1(__NR_unshare, 0x10000000));
  say(" map %d\n", put_file("/proc/self/uid_map", "0 1000 1"));
  sys3(__NR_execve, self, args, env);
}
static void setuid_exec(void) { run_setuid(0); }
static void setuid_exec_nnp(void) { run_setuid(1); }
#ifdef __i386__
static void narrow(void) {
  uint16_t r = 9, e = 9, s = 9;
  sys3(__NR_setresuid32, 70000, -1, -1);
  say("  16-bit getuid of 70000: %d\n", sys0(__NR_getuid));
  sys3(__NR_getresuid, &r, &e, &s);
  say("  16-bit getresuid: %d %d %d\n", L(r), L(e), L(s));
  say("  16-bit setresuid -1: %d\n", sys3(__NR_setresuid, 0xffff, 5, 0xffff));
  ids("after");
}
#endif
static int body(int argc, char **argv, char **envp) {
  (void)envp;
  if (argc == 2 && argv[1][0] == 'i') {
    ids("executed");
    caps("executed");
    say("  dumpable %d nnp %d\n", L(sys1(__NR_prctl, 3) == 1), sys5(__NR_prctl, 39, 0, 0, 0, 0));
    return 0;
  }
  self = argv[0];
  ids("start");
  caps("start");
  in_child("setuid", setuid_);
  in_child("seteuid", seteuid);
  in_child("keepcaps", keepcaps);
  in_child("fsids", fsids);
  in_child("groups", groups);
  in_child("securebits", securebits);
  in_child("capset", capset);
#ifdef __i386__
  in_child("narrow", narrow);
#endif
  in_child("set-user-ID program", setuid_exec);
  in_child("set-user-ID program with no_new_privs", setuid_exec_nnp);
  in_child("set-user-ID program of an owner without a number", setuid_exec_unmapped);
  return 0;
}
