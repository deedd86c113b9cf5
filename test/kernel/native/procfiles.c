// Files of /proc: their modes, which of them can be spliced, and the contents that follow from the caller.
#include "guest.h"
static char buffer[65536];
static long load(const char *path) {
  long fd = sys3(__NR_open, path, 0, 0), n = 0, r;
  if (fd < 0) return fd;
  while ((r = sys3(__NR_read, fd, buffer + n, sizeof buffer - 1 - n)) > 0) n += r;
  sys1(__NR_close, fd);
  buffer[r < 0 ? 0 : n] = 0;
  return r < 0 ? r : n;
}
// The file's type and mode, and errnos: open, splice to a pipe, sendfile to a file, copy_file_range to it.
static void kind(const char *name) {
  struct { uint32_t mask, block; uint64_t attributes; uint32_t links, uid, gid; uint16_t mode, rest[113]; } st;
  int p[2];
  long r = sys5(__NR_statx, -100, name, 0, 2, &st), fd = sys3(__NR_open, name, 0x800, 0), in, out = 0;
  if (r < 0 || fd < 0) {
    say("%s %d %d\n", name, r, fd);
    return;
  }
  sys2(__NR_pipe2, p, 0x800);
  out = sys3(__NR_open, "/tmp/trapgate-procfiles", 2 | 0x40, 0600);
  in = sys6(__NR_splice, fd, 0, p[1], 0, 1, 2);
  sys3(__NR_lseek, fd, 0, 0);
  r = sys4(__NR_sendfile, out, fd, 0, 1);
  say("%s %x splice %d sendfile %d copy %d\n", name, L(st.mode), in, r, sys6(__NR_copy_file_range, fd, 0, out, 0, 1, 0));
  sys1(__NR_close, fd), sys1(__NR_close, out), sys1(__NR_close, p[0]), sys1(__NR_close, p[1]);
}
static const char *const all[] = {
    "/proc/stat", "/proc/meminfo", "/proc/vmstat", "/proc/swaps", "/proc/buddyinfo", "/proc/zoneinfo", "/proc/slabinfo", "/proc/interrupts",
    "/proc/softirqs", "/proc/diskstats", "/proc/cgroups", "/proc/execdomains", "/proc/dma", "/proc/iomem", "/proc/misc", "/proc/tty/drivers",
    "/proc/tty/ldiscs", "/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sys/kernel/sem",
    "/proc/net/tcp", "/proc/net/dev", "/proc/self/maps", "/proc/self/smaps", "/proc/self/stat", "/proc/self/status", "/proc/self/cmdline",
    "/proc/self/environ", "/proc/self/mounts", "/proc/self/mountinfo", "/proc/self/mountstats", "/proc/self/numa_maps", "/proc/self/cpuset",
    "/proc/self/sched", "/proc/self/oom_score", "/proc/self/oom_adj", "/proc/self/oom_score_adj", "/proc/self/projid_map", "/proc/self/timers",
    "/proc/self/fdinfo/0", "/proc/self/mem", "/proc/self/pagemap", "/proc/thread-self/children", "/proc/thread-self/timers",
    "/proc/self/children", "/proc/thread-self/coredump_filter", "/proc/thread-self/timerslack_ns", "/proc/thread-self/numa_maps",
    "/sys/devices/system/cpu/online"};
static void starts(const char *name, const char *with) {
  long n = load(name), i = 0;
  while (with[i] && buffer[i] == with[i]) i++;
  say("%s %d %d\n", name, L(n > 0 ? 1 : n), L(with[i] == 0));
}
static long find(const char *what) {
  for (long i = 0; buffer[i]; i++) {
    long j = 0;
    while (what[j] && buffer[i + j] == what[j]) j++;
    if (!what[j]) return i;
  }
  return -1;
}
static void heads(void) {
  starts("/proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
  starts("/proc/execdomains", "0-0\tLinux           \t[kernel]\n");
  starts("/proc/dma", " 4: cascade\n");
  starts("/proc/slabinfo", "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables");
  starts("/proc/buddyinfo", "Node 0, zone ");
  starts("/proc/softirqs", "                    CPU0       ");
  starts("/proc/diskstats", "   7       0 loop0 ");
  starts("/proc/tty/drivers", "/dev/tty             /dev/tty        5       0 system:/dev/tty\n");
  load("/proc/zoneinfo");
  say("zone %d %d %d\n", L(find("  pages free     ") > 0), L(find("\n        managed  ") > 0), L(find("\n      nr_free_pages ") > 0));
  load("/proc/vmstat");
  say("vmstat %d %d\n", L(find("\npgfault ") > 0), L(find("\nnr_anon_pages ") > 0));
  load("/proc/devices");
  say("devices %d %d\n", L(find(" 10 misc\n") > 0), L(find("Block devices:\n") > 0));
}
// Attributes of security modules, and the scale of the older setting of the memory killer.
static long put_at(const char *path, const char *s) { return put_file(path, s); }
// Without CAP_SYS_RESOURCE, which root may lack.
static void plain(void) {
  uint32_t header[2] = {0x20080522, 0}, sets[6];
  sys2(__NR_capget, header, sets);
  sets[0] &= ~(1u << 24);
  say("capset %d\n", sys2(__NR_capset, header, sets));
}
static void settings(void) {
  plain();
  static const char *const names[] = {"/proc/self/attr/current", "/proc/self/attr/prev", "/proc/self/attr/exec", "/proc/1/attr/exec"};
  for (int i = 0; i < 4; i++) say("attr %d %d\n", load(names[i]), put_at(names[i], "x"));
  static const char *const values[] = {"-17", "-16", "-1", "0", "1", "8", "15", "16", "-18", "x"};
  for (int i = 0; i < 10; i++) {
    long r = put_at("/proc/self/oom_adj", values[i]);
    load("/proc/self/oom_score_adj");
    say("oom_adj %s: %d, score %s", values[i], r, buffer);
    load("/proc/self/oom_adj");
    say("%s", buffer);
  }
  // It goes down to the least value that a privileged writer has set.
  say("adj %d\n", put_at("/proc/self/oom_score_adj", "100"));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys1(__NR_setuid, 1000);
    sys5(__NR_prctl, 4, 1, 0, 0, 0);
    say("up %d, back %d,", put_at("/proc/self/oom_score_adj", "500"), put_at("/proc/self/oom_score_adj", "100"));
    say(" below %d, older %d\n", put_at("/proc/self/oom_score_adj", "99"), put_at("/proc/self/oom_adj", "0"));
    finish(0);
  }
  end(pid);
  put_at("/proc/self/oom_score_adj", "0");
}
static void ids(void) {
  load("/proc/self/projid_map");
  say("projects %s", buffer);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say("unshare %d", sys1(__NR_unshare, 0x10000000));
    load("/proc/self/projid_map");
    say(" [%s] %d %d\n", buffer, put_at("/proc/self/projid_map", "0 5 3"), put_at("/proc/self/projid_map", "0 5 3"));
    load("/proc/self/projid_map");
    say("%s", buffer);
    finish(0);
  }
  end(pid);
}
// Policies of mappings: the line of an area.
static void numa(long at, const char *what) {
  char name[24];
  struct line l = {.n = 0};
  number(&l, at, 16);
  put(&l, ' ');
  memcpy(name, l.text, l.n), name[l.n] = 0;
  long n = load("/proc/self/numa_maps"), i = find(name);
  if (n < 0 || i < 0) {
    say("%s %d %d\n", what, n, i);
    return;
  }
  long from = i + l.n, to = from;
  while (buffer[to] && buffer[to] != '\n') to++;
  buffer[to] = 0;
  say("%s:%s\n", what, buffer + from - 1);
}
static void policies(void) {
#ifdef __x86_64__
  long at = sys6(__NR_mmap, 0, 8 * 4096, 3, 0x22, -1, 0);
#else
  long at = sys6(__NR_mmap2, 0, 8 * 4096, 3, 0x22, -1, 0);
#endif
  unsigned long node = 1;
  numa(at, "untouched");
  ((volatile char *)at)[0] = 1, ((volatile char *)at)[4096] = 1;
  sys6(__NR_mbind, at, 4 * 4096, 2, (long)&node, 64, 0);
  numa(at, "bound");
  sys6(__NR_mbind, at, 4 * 4096, 3 | 0x8000, (long)&node, 64, 0);
  numa(at, "interleaved");
  sys6(__NR_mbind, at, 4 * 4096, 4, 0, 0, 0);
  numa(at, "local");
  sys3(__NR_set_mempolicy, 1, &node, 64);
  numa(at + 4 * 4096, "of the task");
  sys3(__NR_set_mempolicy, 0, 0, 0);
}
static long next_word(long i) {
  while (buffer[i] && buffer[i] != ' ') i++;
  return i;
}
// The fields of stat from 18 on: priority, nice; 40 and 41: real-time priority, policy.
static void stat_of(const char *what) {
  load("/proc/self/stat");
  long i = find(") ") + 2;
  say("%s", what);
  for (int field = 3; field <= 41; field++) {
    long to = next_word(i);
    char was = buffer[to];
    buffer[to] = 0;
    if (field == 18 || field == 19 || field >= 40) say(" %s", buffer + i);
    buffer[to] = was;
    i = to + 1;
  }
  say("\n");
}
static void scheduling(void) {
  int priority = 7, none = 0;
  stat_of("other");
  sys3(__NR_setpriority, 0, 0, 5);
  stat_of("nice");
  sys3(__NR_sched_setscheduler, 0, 1, &priority);
  stat_of("first in, first out");
  sys3(__NR_sched_setscheduler, 0, 2 | 0x40000000, &priority);
  stat_of("round robin");
  sys3(__NR_sched_setscheduler, 0, 5, &none);
  stat_of("idle");
  sys3(__NR_sched_setscheduler, 0, 0, &none);
  sys3(__NR_setpriority, 0, 0, 0);
  unsigned long mask = 1;
  sys3(__NR_sched_setaffinity, 0, sizeof mask, &mask);
  load("/proc/self/status");
  long i = find("Cpus_allowed_list:");
  buffer[i + 20] = 0;
  say("%s\n", buffer + i);
}
// Timers, the newest first, and the children of a thread.
static void tasks(void) {
  struct { long value; int signo, notify; long rest[12]; } event = {0x1234, 10, 0, {0}};
  int id;
  sys3(__NR_timer_create, 1, 0, &id);
  sys3(__NR_timer_create, 0, &event, &id);
  event.notify = 1;
  sys3(__NR_timer_create, 2, &event, &id);
  long n = load("/proc/self/timers"), pid, to = 0;
  // The process's number differs.
  for (long i = 0; i < n; i++) {
    int skips = to > 3 && buffer[to - 4] == 'p' && buffer[to - 2] == 'd' && buffer[to - 1] == '.' && buffer[i] != '\n';
    if (!skips) buffer[to++] = buffer[i];
  }
  buffer[n = to] = 0;
  for (long i = 0; i < n; i += 200) {
    char was = buffer[i + 200 < n ? i + 200 : n];
    buffer[i + 200 < n ? i + 200 : n] = 0;
    say("%s", buffer + i);
    if (i + 200 < n) buffer[i + 200] = was;
  }
  long before = load("/proc/thread-self/children");
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys0(__NR_pause);
    finish(0);
  }
  struct line l = {.n = 0};
  number(&l, pid, 10);
  put(&l, ' '), put(&l, 0);
  load("/proc/thread-self/children");
  say("children %d, then the child %d\n", before, find(l.text));
  sys2(__NR_kill, pid, 9);
  end(pid);
}
// The files of a process that has changed its user belong to root, but it has its own descriptors.
static void changed(void) {
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    static const char *const names[] = {"/proc/self/fd", "/proc/self/fd/0", "/proc/thread-self/fd/0", "/proc/self/fdinfo", "/proc/self/fdinfo/0", "/proc/self/ns",
        "/proc/self/ns/mnt", "/proc/self/environ", "/proc/self/exe", "/proc/1/fd", "/proc/1/fdinfo/0"};
    sys3(__NR_dup3, sys3(__NR_open, "/tmp", 0x10000, 0), 0, 0);
    say("user %d", sys1(__NR_setuid, 1000));
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) say(" %s %d", names[i], L(sys3(__NR_open, names[i], 0, 0) > 0));
    say(" of a descriptor %d", sys3(__NR_open, "/proc/self/fd/0/trapgate-none", 0, 0));
    say(" access %d %d\n", sys2(__NR_access, "/proc/self/fd/0", 4), sys2(__NR_access, "/proc/self/fd", 2));
    finish(0);
  }
  end(pid);
}
// What a process has read and written: calls and bytes. The block device depends on the file system.
static void counts(const char *what) {
  long n = load("/proc/self/io");
  for (long i = 0; i < n; i++) if (buffer[i] == '\n') buffer[i] = ' ';
  buffer[find("read_bytes")] = 0;
  say("%s %s\n", what, buffer);
}
static void transfers(void) {
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    counts("new");
    long fd = sys2(__NR_memfd_create, "x", 0), p[4];
    struct { const void *at; size_t n; } two[2] = {{"abc", 3}, {"de", 2}};
    sys3(__NR_write, fd, "0123456789", 10);
    sys3(__NR_writev, fd, two, 2);
    counts("written");
    sys3(__NR_lseek, fd, 0, 0);
    sys3(__NR_read, fd, p, 4);
    sys3(__NR_read, fd, buffer, 100);
    sys3(__NR_read, fd, buffer, 100);
    sys3(__NR_read, 99, buffer, 100);
    sys3(__NR_read, fd, 1, 0);
    counts("read");
    int ends[2];
    sys2(__NR_pipe2, ends, 0);
    sys3(__NR_write, ends[1], "x", 1);
    sys4(__NR_sendfile, ends[1], fd, 0, 1);
    sys3(__NR_lseek, fd, 0, 0);
    sys4(__NR_sendfile, ends[1], fd, 0, 5);
    counts("copied");
    finish(0);
  }
  end(pid);
}
// The user that logged in: set once, changed with privilege, handed down, refused to others.
static void logins(void) {
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    static const char *const values[] = {"", "x", "-1", "1x", "4294967296", "1000", "1001\n", "4294967295", "1002", "+7"};
    for (int i = 0; i < 10; i++) {
      long r = put_at("/proc/self/loginuid", values[i]);
      load("/proc/self/loginuid");
      say("login %s: %d, is %s\n", values[i], r, buffer);
    }
    long set = load("/proc/self/sessionid") < 10;
    long child = sys0(__NR_fork);
    if (child == 0) {
      load("/proc/self/loginuid");
      say("child's %s", buffer);
      plain();
      uint32_t header[2] = {0x20080522, 0}, none[6] = {0};
      sys2(__NR_capset, header, none);
      say(" without privilege %d", put_at("/proc/self/loginuid", "5"));
      finish(0);
    }
    end(child);
    say(" session %d, a parent's %d\n", set, put_at("/proc/1/loginuid", "5"));
    finish(0);
  }
  end(pid);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) kind(all[i]);
  heads();
  settings();
  ids();
  policies();
  scheduling();
  tasks();
  logins();
  transfers();
  sys1(__NR_unlink, "/tmp/trapgate-procfiles");
  changed();
  return 0;
}
