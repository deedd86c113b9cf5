// Ways to give the kernel work that grows with what a program has made. `busy-kernel list` prints their names; `busy-kernel NAME` makes its things
// and does its work for ever; `busy-kernel NAME N` does N of it once, and prints what clocks say of the work alone: nanoseconds of the monotonic one.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>

#define PAGE 4096ul

static void fail(const char *what) {
  perror(what);
  exit(2);
}
#define MUST(x) ({ long r_ = (long)(x); if (r_ == -1) fail(#x); r_; })

static char *anonymous(size_t length, int prot, int flags) {
  char *at = mmap(0, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (at == MAP_FAILED) fail("mmap");
  return at;
}
static int memfd(void) { return MUST(memfd_create("busy", 0)); }
static long clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000l + t.tv_nsec;
}

// ---- Mappings: n of them, alternating permissions.
static char *area;
static void make_areas(long n) {
  area = anonymous(n * PAGE, PROT_READ | PROT_WRITE, 0);
}
static void mprotect_frag(long n) {
  for (long i = 0; i < n; i += 2) MUST(mprotect(area + i * PAGE, PAGE, PROT_READ));
  MUST(mprotect(area, n * PAGE, PROT_READ | PROT_WRITE));
}
static void mmap_many(long n) {
  char *low = (char *)-1, *high = 0;
  for (long i = 0; i < n; i++) {
    char *at = anonymous(PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, 0);
    if (at < low) low = at;
    if (at > high) high = at;
  }
  MUST(munmap(low, high + PAGE - low));
}
static void make_fragments(long n) {
  make_areas(n);
  for (long i = 0; i < n; i += 2) MUST(mprotect(area + i * PAGE, PAGE, PROT_READ));
}
static void read_all(const char *path) {
  static char buffer[1 << 16];
  int fd = MUST(open(path, O_RDONLY));
  while (MUST(read(fd, buffer, sizeof buffer)) > 0) {
  }
  close(fd);
}
static void maps(long n) { (void)n; read_all("/proc/self/maps"); }
static void touch_fragments(long n) {
  for (long i = 1; i < n; i += 2) area[i * PAGE] = 1;
  MUST(madvise(area, n * PAGE, MADV_DONTNEED));
}
static void fork_areas(long n) {
  (void)n;
  pid_t pid = MUST(fork());
  if (pid == 0) _exit(0);
  waitpid(pid, 0, 0);
}
static void mremap_pages(long n) {
  char *to = area + 2 * n * PAGE;
  for (int i = 0; i < 8; i++) {
    MUST((long)mremap(area, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
    MUST((long)mremap(to, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area));
  }
}
static void make_filled(long n) {
  area = anonymous(4 * n * PAGE, PROT_READ | PROT_WRITE, 0);
  memset(area, 1, n * PAGE);
}

// ---- Ranges of which little exists.
static void make_sparse(long n) {
  // A page in each of n pieces of 4 MiB.
  area = anonymous(n << 22, PROT_READ | PROT_WRITE, 0);
  for (long i = 0; i < n; i++) area[i << 22] = 1;
}
static void unmap_sparse(long n) {
  for (long i = 0; i < n; i++) MUST(munmap(area + (i << 22), PAGE));
}
static void make_huge(long n) { area = anonymous(n << 30, PROT_READ | PROT_WRITE, 0); }
static void mincore_huge(long n) {
  unsigned char *vec = (unsigned char *)anonymous(n << 18, PROT_READ | PROT_WRITE, 0);
  mincore(area, n << 30, vec);
  MUST(munmap(vec, n << 18));
}
static void msync_huge(long n) {
  MUST(msync(area, n << 30, MS_SYNC));
  MUST(madvise(area, n << 30, MADV_DONTNEED));
}
static void map_huge(long n) {
  MUST(munmap(anonymous(n << 30, PROT_READ | PROT_WRITE, 0), n << 30));
}
static void populate_read(long n) { madvise(area, n << 30, MADV_POPULATE_READ); }
static void populate(long n) { MUST(munmap(anonymous(n * PAGE, PROT_READ | PROT_WRITE, MAP_POPULATE), n * PAGE)); }
static void lock(long n) {
  char *at = anonymous(n * PAGE, PROT_READ | PROT_WRITE, 0);
  mlock(at, n * PAGE);
  MUST(munmap(at, n * PAGE));
}
static int file;
static void make_file(long n) {
  file = memfd();
  MUST(ftruncate(file, 1l << 50));
  for (long i = 0; i < n; i++) MUST(pwrite(file, "x", 1, i << 20));
}
static void punch(long n) {
  MUST(fallocate(file, 3, 0, 1l << 50));
  for (long i = 0; i < n; i++) {
    MUST(pwrite(file, "x", 1, i << 20));
    MUST(fallocate(file, 3, i << 20, 1l << 49));
  }
}
static void truncate_holes(long n) {
  for (long i = 0; i < n; i++) {
    MUST(ftruncate(file, (1l << 50) - PAGE));
    MUST(ftruncate(file, 1l << 50));
  }
}
static void seek_data(long n) {
  for (long i = 0; i < n; i++) {
    MUST(lseek(file, (i << 20) + PAGE, SEEK_HOLE));
    lseek(file, (i << 20) + PAGE, SEEK_DATA);
  }
}
static void make_shared(long n) {
  file = memfd();
  MUST(ftruncate(file, n * PAGE));
  area = mmap(0, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (area == MAP_FAILED) fail("mmap");
  memset(area, 1, n * PAGE);
}
static void read_dirty(long n) {
  char byte;
  for (long i = 0; i < n; i++) MUST(pread(file, &byte, 1, i * PAGE));
}
static void sync_dirty(long n) {
  for (long i = 0; i < n; i++) MUST(msync(area + i * PAGE, PAGE, MS_SYNC));
}

// ---- Directories and names.
static char folder[] = "/tmp/busy-XXXXXX";
static void make_folder(void) {
  if (!mkdtemp(folder)) fail("mkdtemp");
  MUST(chdir(folder));
}
static void make_names(long n) {
  char name[32];
  make_folder();
  for (long i = 0; i < n; i++) {
    sprintf(name, "f%ld", i);
    close(MUST(open(name, O_CREAT | O_WRONLY, 0600)));
  }
}
static void list_names(long n) {
  DIR *dir = opendir(".");
  long seen = 0;
  while (readdir(dir)) seen++;
  closedir(dir);
  if (seen < n) fail("readdir");
}
static void rename_names(long n) {
  char from[32], to[32];
  for (long i = 0; i < n; i++) {
    sprintf(from, "f%ld", i);
    sprintf(to, "g%ld", i);
    MUST(rename(from, to));
    MUST(rename(to, from));
  }
}
static void make_deep(long n) {
  make_folder();
  for (long i = 0; i < n; i++) {
    MUST(mkdir("d", 0700));
    MUST(chdir("d"));
  }
}
static void climb(long n) {
  static char path[4096];
  for (int i = 0; i < 8; i++) {
    getcwd(path, sizeof path);
    path[0] = 0;
    for (int k = 0; k < 1300; k++) strcat(path, "../");
    for (long left = n; left > 0; left -= 1300) {
      struct stat st;
      MUST(stat(path, &st));
    }
  }
}
static void make_links(long n) {
  char name[32];
  static char target[4096];
  make_folder();
  MUST(mkdir("a", 0700));
  for (long i = 0; i < n; i++) {
    target[0] = 0;
    for (int k = 0; k < 800; k++) strcpy(target + 5 * k, "a/../");
    if (i > 0) sprintf(target + 4000, "l%ld", i - 1);
    sprintf(name, "l%ld", i);
    MUST(symlink(target, name));
  }
}
static void long_links(long n) {
  char name[32];
  struct stat st;
  sprintf(name, "l%ld", n - 1);
  MUST(stat(name, &st));
}
static void make_attributes(long n) {
  (void)n;
  make_folder();
  file = MUST(open("x", O_CREAT | O_RDWR, 0600));
}
static void attributes(long n) {
  char name[32];
  for (long i = 0; i < n; i++) {
    sprintf(name, "user.a%ld", i);
    if (fsetxattr(file, name, "x", 1, 0) < 0 && errno != ENOSPC && errno != EOPNOTSUPP) fail("fsetxattr");
  }
}

// ---- Descriptors.
static int *fds;
static void more_descriptors(long n) {
  struct rlimit most = {n + 100, n + 100};
  setrlimit(RLIMIT_NOFILE, &most);
}
static void make_descriptors(long n) {
  more_descriptors(n);
  fds = calloc(n, sizeof *fds);
  for (long i = 0; i < n; i++) fds[i] = MUST(eventfd(0, EFD_NONBLOCK));
}
static void reuse_descriptors(long n) {
  for (long i = 0; i < n; i++) {
    close(fds[n - 1]);
    fds[n - 1] = MUST(fcntl(fds[0], F_DUPFD, 3));
  }
}
static void list_descriptors(long n) {
  char name[64], target[64];
  for (long i = 0; i < n; i++) {
    sprintf(name, "/proc/self/fd/%d", fds[i]);
    MUST(readlink(name, target, sizeof target));
  }
  DIR *dir = opendir("/proc/self/fd");
  while (readdir(dir)) {
  }
  closedir(dir);
}
static struct pollfd *polled;
static void make_polled(long n) {
  make_descriptors(n);
  polled = calloc(n, sizeof *polled);
  for (long i = 0; i < n; i++) polled[i] = (struct pollfd){fds[i], POLLIN, 0};
}
static void poll_many(long n) {
  for (int i = 0; i < 8; i++) MUST(poll(polled, n, 0));
}
static void make_epoll(long n) {
  make_descriptors(n);
  file = MUST(epoll_create1(0));
}
static void epoll_many(long n) {
  struct epoll_event e = {EPOLLIN, {0}};
  for (long i = 0; i < n; i++) MUST(epoll_ctl(file, EPOLL_CTL_ADD, fds[i], &e));
  for (long i = 0; i < n; i++) {
    eventfd_write(fds[i], 1);
    MUST(epoll_wait(file, &e, 1, 0));
    eventfd_t v;
    eventfd_read(fds[i], &v);
  }
  for (long i = 0; i < n; i++) MUST(epoll_ctl(file, EPOLL_CTL_DEL, fds[i], 0));
}
static int levels[5][64];
static void make_levels(long n) {
  // Five levels of n instances, each watching all of the next level.
  more_descriptors(5 * n);
  for (int l = 0; l < 5; l++)
    for (long i = 0; i < n; i++) levels[l][i] = MUST(epoll_create1(0));
}
static void epoll_wide(long n) {
  struct epoll_event e = {EPOLLIN, {0}};
  for (int l = 3; l >= 0; l--)
    for (long i = 0; i < n; i++)
      for (long k = 0; k < n; k++) epoll_ctl(levels[l][i], EPOLL_CTL_ADD, levels[l + 1][k], &e);
  for (int i = 0; i < 100; i++) MUST(epoll_wait(levels[0][0], &e, 1, 0));
}
static void make_locks(long n) {
  (void)n;
  file = memfd();
}
static void locks(long n) {
  for (long i = 0; i < n; i++) {
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2 * i, .l_len = 1};
    MUST(fcntl(file, F_SETLK, &l));
  }
  struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  MUST(fcntl(file, F_SETLK, &l));
}

// ---- What waits in queues.
static int ends[2];
static void make_pipe(long n) {
  MUST(pipe2(ends, O_NONBLOCK));
  fcntl(ends[1], F_SETPIPE_SZ, n * 4096);
}
static void pipe_packets(long n) {
  char byte = 0;
  for (long i = 0; i < n; i++) write(ends[1], &byte, 1);
  for (long i = 0; i < n; i++) read(ends[0], &byte, 1);
}
static void make_stream(long n) {
  (void)n;
  MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
}
/** A descriptor in the queue of a socket, which is in the queue of the next one, and so on. */
static void rights_chain(long n) {
  int inner = MUST(eventfd(0, 0));
  for (long i = 0; i < n; i++) {
    int pair[2];
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec v = {&byte, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &inner, sizeof inner);
    MUST(sendmsg(pair[0], &m, 0));
    close(pair[0]);
    close(inner);
    inner = pair[1];
  }
  close(inner);
}
static void make_signals(long n) {
  struct rlimit most = {n, n};
  sigset_t all;
  setrlimit(RLIMIT_SIGPENDING, &most);
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, 0);
}
static void queued_signals(long n) {
  sigset_t all;
  siginfo_t info;
  struct timespec now = {0, 0};
  sigfillset(&all);
  for (long i = 0; i < n; i++) sigqueue(getpid(), SIGRTMIN + i % 8, (union sigval){0});
  while (sigtimedwait(&all, &info, &now) > 0) {
  }
}
static void make_timer(long n) {
  fds = calloc(n, sizeof *fds);
  more_descriptors(n);
  for (long i = 0; i < n; i++) fds[i] = MUST(timerfd_create(CLOCK_MONOTONIC, 0));
}
static void timers(long n) {
  for (int round = 0; round < 8; round++)
    for (long i = 0; i < n; i++) {
      struct itimerspec far = {{0, 0}, {1000000 - i, 0}};
      MUST(timerfd_settime(fds[i], 0, &far, 0));
    }
}

// ---- Processes.
static void make_children(long n) {
  for (long i = 0; i < n; i++) {
    pid_t pid = MUST(fork());
    if (pid == 0)
      for (;;) pause();
  }
}
static void kill_all(long n) {
  (void)n;
  for (int i = 0; i < 8; i++) MUST(kill(0, 0));
}
static void proc_scan(long n) {
  (void)n;
  char name[300];
  DIR *dir = opendir("/proc");
  for (struct dirent *e; (e = readdir(dir));) {
    if (e->d_name[0] < '0' || e->d_name[0] > '9') continue;
    sprintf(name, "/proc/%s/stat", e->d_name);
    read_all(name);
  }
  closedir(dir);
}
static void zombies(long n) {
  for (long i = 0; i < n; i++) {
    pid_t pid = MUST(fork());
    if (pid == 0) _exit(0);
  }
  for (long i = 0; i < n; i++) MUST(wait(0));
}
static void robust_loop(long n) {
  struct {
    uint64_t next, offset, pending;
  } head;
  uint64_t node[4] = {(uint64_t)node, 0, 0, 0};
  head.next = (uint64_t)node;
  head.offset = 16;
  head.pending = 0;
  for (long i = 0; i < n; i++) {
    pid_t pid = MUST(fork());
    if (pid == 0) {
      syscall(SYS_set_robust_list, &head, 24);
      _exit(0);
    }
    waitpid(pid, 0, 0);
  }
}
static void make_groups(long n) {
  gid_t *list = calloc(n, sizeof *list);
  for (long i = 0; i < n; i++) list[i] = 1000 + i;
  make_folder();
  close(MUST(open("x", O_CREAT | O_WRONLY, 0070)));
  chown("x", 0, 5);
  MUST(setgroups(n, list));
  setresuid(1000, 1000, 1000);
}
static void groups(long n) {
  for (long i = 0; i < n; i++) access("x", R_OK);
}

// ---- Mounts.
static void make_mounts(long n) {
  make_folder();
  MUST(unshare(CLONE_NEWNS));
  mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
  for (long i = 0; i < n; i++) {
    MUST(mkdir("m", 0700));
    MUST(mount(folder, "m", 0, MS_BIND, 0));
    MUST(mount("none", "m", "tmpfs", 0, 0));
    MUST(chdir("m"));
  }
}
static void mounts(long n) {
  (void)n;
  read_all("/proc/self/mountinfo");
  pid_t pid = MUST(fork());
  if (pid == 0) _exit(unshare(CLONE_NEWNS) < 0);
  waitpid(pid, 0, 0);
}
static void make_flat(long n) {
  char name[32];
  make_folder();
  MUST(unshare(CLONE_NEWNS));
  mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
  for (long i = 0; i < n; i++) {
    sprintf(name, "m%ld", i);
    MUST(mkdir(name, 0700));
    MUST(mount("none", name, "tmpfs", 0, 0));
  }
}
static void make_pile(long n) {
  make_folder();
  MUST(unshare(CLONE_NEWNS));
  mount(0, "/", 0, MS_REC | MS_PRIVATE, 0);
  MUST(mkdir("m", 0700));
  for (long i = 0; i < n; i++) {
    MUST(mount("none", "m", "tmpfs", 0, 0));
  }
  close(MUST(open("m/x", O_CREAT | O_WRONLY, 0600)));
}
static void pile(long n) {
  struct stat st;
  for (long i = 0; i < n; i++) MUST(stat("m/x", &st));
}

static void nothing(long n) { (void)n; }
static const struct mode {
  const char *name;
  void (*make)(long n);
  void (*work)(long n);
  /** What of it: for ever, and where growth is measured. 0: not measured. */
  long most, some;
} modes[] = {
    {"mprotect-frag", make_areas, mprotect_frag, 60000, 4000},
    {"mmap-many", nothing, mmap_many, 60000, 4000},
    {"maps", make_fragments, maps, 60000, 4000},
    {"touch-fragments", make_fragments, touch_fragments, 8000, 1000},
    {"fork-areas", make_fragments, fork_areas, 60000, 4000},
    {"fork-pages", make_filled, fork_areas, 8000, 1000},
    {"mremap-pages", make_filled, mremap_pages, 8000, 1000},
    {"unmap-sparse", make_sparse, unmap_sparse, 8000, 1000},
    {"mincore-huge", make_huge, mincore_huge, 32768, 1},
    {"msync-huge", make_huge, msync_huge, 32768, 0},
    {"map-huge", make_huge, map_huge, 32768, 0},
    {"populate-read-huge", make_huge, populate_read, 32768, 0},
    {"populate", make_areas, populate, 1 << 24, 1000},
    {"mlock", make_areas, lock, 1 << 24, 1000},
    {"punch-huge", make_file, punch, 4000, 500},
    {"truncate-holes", make_file, truncate_holes, 8000, 1000},
    {"seek-data", make_file, seek_data, 8000, 1000},
    {"read-dirty", make_shared, read_dirty, 8000, 1000},
    {"sync-dirty", make_shared, sync_dirty, 8000, 1000},
    {"getdents", make_names, list_names, 30000, 2000},
    {"rename", make_names, rename_names, 30000, 2000},
    {"deep-dir", make_deep, climb, 30000, 2000},
    {"symlink-long", make_links, long_links, 39, 4},
    {"tmpfs-xattr", make_attributes, attributes, 8000, 500},
    {"descriptors", make_descriptors, reuse_descriptors, 60000, 2000},
    {"proc-fd", make_descriptors, list_descriptors, 60000, 1000},
    {"poll-many", make_polled, poll_many, 60000, 4000},
    {"epoll-many", make_epoll, epoll_many, 60000, 2000},
    {"epoll-wide", make_levels, epoll_wide, 60, 0},
    {"locks-many", make_locks, locks, 60000, 2000},
    {"pipe-packets", make_pipe, pipe_packets, 60000, 4000},
    {"stream-bytes", make_stream, pipe_packets, 200000, 4000},
    {"rights-chain", nothing, rights_chain, 30000, 2000},
    {"queued-signals", make_signals, queued_signals, 30000, 2000},
    {"timers", make_timer, timers, 30000, 2000},
    {"kill-all", make_children, kill_all, 2000, 250},
    {"proc-scan", make_children, proc_scan, 2000, 250},
    {"zombies", nothing, zombies, 2000, 250},
    {"robust-loop", nothing, robust_loop, 1000, 0},
    {"setgroups", make_groups, groups, 65536, 4000},
    {"mounts-nested", make_mounts, mounts, 1900, 0},
    {"mounts-flat", make_flat, mounts, 1900, 200},
    {"mounts-piled", make_pile, pile, 4000, 400},
};
#define MODES (sizeof modes / sizeof *modes)

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  for (size_t i = 0; i < MODES; i++) {
    const struct mode *m = &modes[i];
    if (!strcmp(argv[1], "list")) puts(m->name);
    if (!strcmp(argv[1], "measured") && m->some) printf("%s %ld\n", m->name, m->some);
    if (strcmp(argv[1], m->name)) continue;
    long n = argc > 2 ? atol(argv[2]) : m->most;
    m->make(n);
    if (argc > 2) {
      puts("made");
      fflush(stdout);
      long begun = clock_now();
      m->work(n);
      printf("%ld\n", clock_now() - begun);
      return 0;
    }
    for (;;) m->work(n);
  }
  return 0;
}
