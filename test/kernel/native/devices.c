// Programs that decide on the devices of a control group: bpf(2), what is refused, what they refuse.
#include "guest.h"
enum { NEWNS = 0x20000, SIGCHLD = 17, DEVICE = 15, ATTACH_DEVICE = 6, OVERRIDE = 1, MULTI = 2, REPLACE = 4 };
struct insn { uint8_t code, regs; int16_t off; int32_t imm; };
#define I(code, dst, src, off, imm) {code, (dst) | (src) << 4, off, imm}
static union { struct { uint32_t type, count; uint64_t insns, license; uint32_t rest[30]; } load;
  struct { uint32_t target, program, type, flags, replace; } attach;
  struct { uint32_t target, type, flags, had; uint64_t ids; uint32_t count; } query; char all[144]; } attr;
static long bpf(long command) {
#ifdef __x86_64__
  return sys3(321, command, &attr, 128);
#else
  return sys3(357, command, &attr, 128);
#endif
}
static long load(struct insn *code, int n) {
  memset(&attr, 0, sizeof attr);
  attr.load.type = DEVICE, attr.load.count = (uint32_t)n, attr.load.insns = (uintptr_t)code, attr.load.license = (uintptr_t)"GPL";
  return bpf(5);
}
#define LOAD(code) load(code, sizeof code / sizeof *code)
static long attach(long group, long program, int flags, int replace) {
  memset(&attr, 0, sizeof attr);
  attr.attach.target = (uint32_t)group, attr.attach.program = (uint32_t)program, attr.attach.type = ATTACH_DEVICE;
  attr.attach.flags = (uint32_t)flags, attr.attach.replace = (uint32_t)replace;
  return bpf(8);
}
static long detach(long group, long program) {
  memset(&attr, 0, sizeof attr);
  attr.attach.target = (uint32_t)group, attr.attach.program = (uint32_t)program, attr.attach.type = ATTACH_DEVICE;
  return bpf(9);
}
static void count(long group, int flags) {
  long r;
  memset(&attr, 0, sizeof attr);
  attr.query.target = (uint32_t)group, attr.query.type = ATTACH_DEVICE, attr.query.flags = (uint32_t)flags;
  r = bpf(16);
  say(" query %d flags %d count %d", r, (long)attr.query.had, (long)attr.query.count);
}
static long open_(const char *path, long flags) { return sys3(__NR_open, path, flags, 0644); }
static long tries(const char *path, long flags) {
  long fd = open_(path, flags);
  if (fd < 0) return fd;
  sys1(__NR_close, fd);
  return 0;
}

static struct insn all[] = {I(0xb7, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0)};
static struct insn none[] = {I(0xb7, 0, 0, 0, 0), I(0x95, 0, 0, 0, 0)};
// Character devices 1:3 for reading and writing, 1:5 for reading.
static struct insn some[] = {
  I(0x61, 2, 1, 0, 0), I(0x54, 2, 0, 0, 0xffff), I(0x61, 3, 1, 0, 0), I(0x74, 3, 0, 0, 16), I(0x61, 4, 1, 4, 0), I(0x61, 5, 1, 8, 0),
  I(0x55, 2, 0, 7, 2), I(0x55, 4, 0, 6, 1), I(0x15, 5, 0, 3, 3), I(0x55, 5, 0, 4, 5), I(0xbc, 1, 3, 0, 0), I(0x45, 1, 0, 2, 4),
  I(0xb4, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0), I(0xb4, 0, 0, 0, 0), I(0x95, 0, 0, 0, 0)};

static void refused(void) {
  struct insn no_result[] = {I(0x95, 0, 0, 0, 0)}, unknown[] = {I(0xff, 0, 0, 0, 0), I(0x95, 0, 0, 0, 0)};
  struct insn far[] = {I(0xb7, 0, 0, 0, 1), I(0x05, 0, 0, 9, 0), I(0x95, 0, 0, 0, 0)}, falls[] = {I(0xb7, 0, 0, 0, 1)};
  struct insn unset[] = {I(0xbf, 0, 5, 0, 0), I(0x95, 0, 0, 0, 0)}, beyond[] = {I(0x61, 0, 1, 12, 0), I(0x95, 0, 0, 0, 0)};
  struct insn dead[] = {I(0xb7, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0), I(0x95, 0, 0, 0, 0)}, frame[] = {I(0xb7, 10, 0, 0, 1), I(0xb7, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0)};
  struct insn pointer[] = {I(0xbf, 0, 1, 0, 0), I(0x95, 0, 0, 0, 0)}, merged[] = {I(0x61, 2, 1, 0, 0), I(0x55, 2, 0, 1, 0), I(0xb7, 0, 0, 0, 1), I(0x95, 0, 0, 0, 0)};
  say("no result %d unknown %d far %d falls %d", LOAD(no_result), LOAD(unknown), LOAD(far), LOAD(falls));
  say(" unset %d beyond %d dead %d frame %d pointer %d merged %d\n", LOAD(unset), LOAD(beyond), LOAD(dead), LOAD(frame), LOAD(pointer), LOAD(merged));
  say("empty %d", load(all, 0));
  say(" null %d", load(0, 2));
  say(" good %d", LOAD(all) >= 0 ? 0 : -1L);
  say(" command %d", bpf(9999));
#ifdef __x86_64__
  say(" size %d fault %d\n", sys3(321, 5, &attr, 5000), sys3(321, 5, 0, 128));
#else
  say(" size %d fault %d\n", sys3(357, 5, &attr, 5000), sys3(357, 5, 0, 128));
#endif
}

static int body(int argc, char **argv, char **envp) {
  long group, a, b, c, pid, top;
  (void)argc, (void)argv, (void)envp;
  sys1(__NR_unshare, NEWNS);
  sys5(__NR_mount, "none", "/", 0, 0x44000, 0);
  sys5(__NR_mount, "x", "/tmp", "tmpfs", 0, 0);
  sys2(__NR_mkdir, "/tmp/c", 0755);
  sys5(__NR_mount, "none", "/tmp/c", "cgroup2", 0, 0);
  refused();
  sys1(__NR_rmdir, "/tmp/c/trapgate-d/in"), sys1(__NR_rmdir, "/tmp/c/trapgate-d");
  say("mkdir %d", sys2(__NR_mkdir, "/tmp/c/trapgate-d", 0755));
  say(" %d\n", sys2(__NR_mkdir, "/tmp/c/trapgate-d/in", 0755));
  top = open_("/tmp/c/trapgate-d", 0), group = open_("/tmp/c/trapgate-d/in", 0);
  a = LOAD(all), b = LOAD(none), c = LOAD(some);
  say("attach: no fd %d no group %d no program %d", attach(99, a, 0, 0), attach(0, a, 0, 0), attach(group, 99, 0, 0));
  say(" flags %d both %d replace %d\n", attach(group, a, 1 << 20, 0), attach(group, a, OVERRIDE | MULTI, 0), attach(group, a, REPLACE, 0));
  count(group, 0);
  say("\ntop %d", attach(top, c, MULTI, 0));
  say(" in %d", attach(group, a, MULTI, 0));
  say(" again %d other flags %d", attach(group, a, MULTI, 0), attach(group, b, 0, 0));
  count(group, 0), count(group, 1), count(top, 0);
  say("\n");
  pid = sys0(__NR_fork);
  if (pid == 0) {
    say("enter %d", put_file("/tmp/c/trapgate-d/in/cgroup.procs", "0") > 0);
    say(" null %d %d zero %d %d full %d\n", tries("/dev/null", 0), tries("/dev/null", 2), tries("/dev/zero", 0), tries("/dev/zero", 1), tries("/dev/full", 0));
    say(" mknod null %d zero %d fifo %d\n", sys3(__NR_mknod, "/tmp/n", 0020644, 0x103), sys3(__NR_mknod, "/tmp/z", 0020644, 0x105), sys3(__NR_mknod, "/tmp/f", 0010644, 0));
    finish(0);
  }
  say("end %x\n", (long)end(pid));
  say("replace %d", attach(group, b, MULTI | REPLACE, (int)a));
  say(" missing %d", attach(group, c, MULTI | REPLACE, (int)a));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    put_file("/tmp/c/trapgate-d/in/cgroup.procs", "0");
    say(" none: null %d\n", tries("/dev/null", 0));
    finish(0);
  }
  end(pid);
  say("detach %d", detach(group, b));
  say(" again %d top %d\n", detach(group, b), detach(top, c));
  say("rmdir %d", sys1(__NR_rmdir, "/tmp/c/trapgate-d/in"));
  say(" %d\n", sys1(__NR_rmdir, "/tmp/c/trapgate-d"));
  return 0;
}
