// Ways to keep the host busy with objects that do work by themselves: rings, terminals, timers, mounts.
#include "busy.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>

static void fail(const char *what) { perror(what), exit(3); }
static void many_files(void) {
  struct rlimit r = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_NOFILE, &r);
}
static void into_folder(void) {
  char name[] = "/tmp/busyXXXXXX";
  if (!mkdtemp(name) || chdir(name)) fail("folder");
}

/* Rings of io_uring. */
static struct ring {
  int fd;
  struct io_uring_params p;
  char *memory;
  struct io_uring_sqe *sqes;
  unsigned tail;
} ring;
static void open_ring(unsigned entries) {
  ring.fd = syscall(SYS_io_uring_setup, entries, &ring.p);
  if (ring.fd < 0) fail("io_uring_setup");
  ring.memory = mmap(0, ring.p.sq_off.array + ring.p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
  ring.sqes = mmap(0, ring.p.sq_entries * sizeof *ring.sqes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
  if (ring.memory == MAP_FAILED || ring.sqes == MAP_FAILED) fail("mmap");
}
static struct io_uring_sqe *entry(int opcode) {
  unsigned slot = ring.tail & (ring.p.sq_entries - 1);
  struct io_uring_sqe *sqe = ring.sqes + slot;
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = opcode;
  ((unsigned *)(ring.memory + ring.p.sq_off.array))[slot] = slot;
  *(volatile unsigned *)(ring.memory + ring.p.sq_off.tail) = ++ring.tail;
  return sqe;
}
static void submit(unsigned count) {
  syscall(SYS_io_uring_enter, ring.fd, count, 0, 0, 0, 0);
  *(volatile unsigned *)(ring.memory + ring.p.cq_off.head) = *(volatile unsigned *)(ring.memory + ring.p.cq_off.tail);
}
static void transfers(unsigned count, int flags) {
  int zero = open("/dev/zero", O_RDONLY);
  char *to = map(1 << 24);
  open_ring(count);
  for (;;) {
    for (unsigned n = 0; n < count; n++) {
      struct io_uring_sqe *sqe = entry(IORING_OP_READ);
      sqe->fd = zero, sqe->addr = (long)to, sqe->len = 1 << 24, sqe->flags = flags;
    }
    submit(count);
  }
}
static void uring_chain(void) { transfers(32768, IOSQE_IO_LINK); }
static void uring_async(void) { transfers(16384, IOSQE_ASYNC); }
static void uring_nops(void) {
  open_ring(32768);
  for (;;) {
    for (int n = 0; n < 32768; n++) entry(IORING_OP_NOP)->flags = IOSQE_IO_LINK;
    submit(32768);
  }
}
static void uring_polls(void) {
  int event = eventfd(0, EFD_NONBLOCK);
  open_ring(8192);
  for (int n = 0; n < 8000; n++) {
    struct io_uring_sqe *sqe = entry(IORING_OP_POLL_ADD);
    sqe->fd = event, sqe->poll32_events = POLLIN, sqe->len = IORING_POLL_ADD_MULTI;
  }
  submit(8000);
  for (uint64_t value = 1;; value = 1) {
    if (write(event, &value, 8) != 8 || read(event, &value, 8) != 8) fail("eventfd");
    submit(0);
  }
}
static void uring_counted(void) {
  static struct __kernel_timespec far = {1000000, 0};
  open_ring(32768);
  for (int n = 0; n < 20000; n++) {
    struct io_uring_sqe *sqe = entry(IORING_OP_TIMEOUT);
    sqe->addr = (long)&far, sqe->len = 1, sqe->off = 1000000000;
  }
  submit(20000);
  for (;;) {
    for (int n = 0; n < 4096; n++) entry(IORING_OP_NOP);
    submit(4096);
  }
}
static void uring_buffers(void) {
  static struct iovec all[16384];
  char *areas = map(30000 * 4096L);
  for (int n = 0; n < 30000; n += 2) mprotect(areas + n * 4096L, 4096, PROT_READ);
  for (int n = 0; n < 16384; n++) all[n] = (struct iovec){areas, 30000 * 4096L};
  open_ring(4);
  for (;;) {
    syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, all, 16384);
    syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, 0, 0);
  }
}

/* Terminals: the line is full, and the echo is not read. */
static int master, slave;
static void open_terminal(void) {
  int unlocked = 0, number;
  char name[32];
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) || ioctl(master, TIOCGPTN, &number)) fail("terminal");
  snprintf(name, sizeof name, "/dev/pts/%d", number);
  slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
}
static void typed(const char *text, size_t period) {
  static char all[1 << 20];
  open_terminal();
  for (size_t n = 0; n < sizeof all; n++) all[n] = text[n % period];
  for (;;) {
    if (write(master, all, sizeof all) < 0 && errno != EAGAIN) fail("write");
  }
}
static void tty_line(void) { typed("x", 1); }
static void tty_erase(void) { typed("xy\x7f\x7f", 4); }
static void tty_reprint(void) {
  char text[4096];
  memset(text, 'x', sizeof text);
  memset(text + 2000, 'R' & 31, 2000);
  text[4095] = 'U' & 31;
  typed(text, sizeof text);
}
static void tty_tabs(void) {
  char text[4096];
  memset(text, '\t', sizeof text);
  text[4090] = 'U' & 31;
  typed(text, sizeof text);
}
static void tty_output(void) {
  static char tabs[1 << 20];
  struct termios t;
  open_terminal();
  tcgetattr(slave, &t);
  t.c_oflag |= XTABS;
  tcsetattr(slave, TCSANOW, &t);
  memset(tabs, '\t', sizeof tabs);
  for (;;) {
    if (write(slave, tabs, sizeof tabs) < 0 && errno != EAGAIN) fail("write");
    tcflush(master, TCIOFLUSH);
  }
}

/* One call for many things. */
static void netlink_requests(void) {
  static char all[200000], answer[1 << 16];
  int s = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
  for (size_t n = 0; n + 20 <= sizeof all; n += 20) *(uint32_t *)(all + n) = 20, *(uint16_t *)(all + n + 4) = 18, *(uint16_t *)(all + n + 6) = 0x301;
  for (;;) {
    if (send(s, all, sizeof all, 0) < 0 && errno != ENOBUFS) fail("send");
    while (recv(s, answer, sizeof answer, 0) > 0);
  }
}
static void execute_pointers(void) {
  char **arguments = map(3000000 * sizeof *arguments);
  for (int n = 0; n < 2999999; n++) arguments[n] = "x";
  for (;;) {
    // The list is too long with the last pointer, and nearly so without it.
    arguments[500000] = arguments[500000] ? 0 : "x";
    if (fork() == 0) {
      execv("/proc/self/exe", arguments);
      _exit(0);
    }
  }
}
static void mq_priorities(void) {
  struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
  struct mq_attr shape = {.mq_maxmsg = 65536, .mq_msgsize = 1};
  setrlimit(RLIMIT_MSGQUEUE, &all);
  mqd_t q = mq_open("/busy", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &shape);
  if (q < 0) fail("mq_open");
  for (int n = 0; n < 20000; n++) mq_send(q, "x", 1, n);
  for (char text[8];;) {
    if (mq_receive(q, text, sizeof text, 0) < 0 || mq_send(q, "x", 1, 0) < 0) fail("mq");
  }
}
static void keyrings(void) {
  long ring_of[3][40];
  for (int level = 0; level < 3; level++)
    for (int n = 0; n < 40; n++) {
      char name[32];
      snprintf(name, sizeof name, "%d-%d", level, n);
      ring_of[level][n] = syscall(SYS_add_key, "keyring", name, 0, 0, KEY_SPEC_PROCESS_KEYRING);
    }
  for (int level = 0; level < 2; level++)
    for (int n = 0; n < 40; n++)
      for (int below = 0; below < 40; below++) syscall(SYS_keyctl, KEYCTL_LINK, ring_of[level + 1][below], ring_of[level][n]);
  for (;;) syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, "user", "none", 0);
}
static void epolls(void) {
  int event = eventfd(0, EFD_NONBLOCK);
  many_files();
  for (int n = 0; n < 4000; n++) {
    struct epoll_event e = {EPOLLIN, {0}};
    epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, event, &e);
  }
  for (uint64_t value = 1;; value = 1)
    if (write(event, &value, 8) != 8 || read(event, &value, 8) != 8) fail("eventfd");
}
static void timerfds(void) {
  int all = epoll_create1(0);
  many_files();
  for (int n = 0; n < 2000; n++) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec often = {{0, 1}, {0, 1}};
    struct epoll_event e = {EPOLLIN, {.fd = fd}};
    timerfd_settime(fd, 0, &often, 0);
    epoll_ctl(all, EPOLL_CTL_ADD, fd, &e);
  }
  for (struct epoll_event e[64];;) {
    int count = epoll_wait(all, e, 64, -1);
    uint64_t value;
    for (int n = 0; n < count; n++)
      if (read(e[n].data.fd, &value, 8) != 8) fail("read");
  }
}
static void timers_asleep(void) {
  signal(SIGRTMIN, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  for (int n = 0; n < 2000; n++) {
    struct sigevent how = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec often = {{0, 1}, {0, 1}};
    timer_t id;
    if (timer_create(CLOCK_MONOTONIC, &how, &id)) break;
    timer_settime(id, 0, &often, 0);
  }
  for (;;) sleep(1000);
}
static void mounts_doubled(void) {
  unshare(CLONE_NEWNS);
  into_folder();
  mkdir("a", 0700);
  for (long n = 0;; n++) {
    char name[32];
    snprintf(name, sizeof name, "a/%ld", n % 20);
    if (n % 20 == 0) {
      umount2("a", MNT_DETACH);
      mount("none", "a", "tmpfs", 0, 0);
      mount(0, "a", 0, MS_SHARED, 0);
    }
    mkdir(name, 0700);
    mount("a", name, 0, MS_BIND | MS_REC, 0);
  }
}

/* Packet sockets whose filters search the longest list of attributes: one frame is work for all of them. */
static void filters_attributes(void) {
  static struct sock_filter code[4096];
  static char list[60000];
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = 1, .sll_halen = 6};
  struct ifreq lo = {.ifr_name = "lo"};
  int s = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
  ioctl(s, SIOCGIFFLAGS, &lo);
  lo.ifr_flags |= IFF_UP;
  ioctl(s, SIOCSIFFLAGS, &lo);
  code[0] = (struct sock_filter){BPF_LDX | BPF_IMM, 0, 0, 77};
  for (int n = 1; n < 4095; n++)
    code[n] = n & 1 ? (struct sock_filter){BPF_LD | BPF_IMM, 0, 0, 0} : (struct sock_filter){BPF_LD | BPF_W | BPF_ABS, 0, 0, SKF_AD_OFF + SKF_AD_NLATTR};
  code[4095] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, 0};
  struct sock_fprog program = {4096, code};
  for (int n = 0; n < 100; n++) {
    s = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)) fail("filter");
  }
  for (int n = 0; n < sizeof list; n += 4) list[n] = 4;
  for (;;)
    if (sendto(s, list, sizeof list, 0, (void *)&to, sizeof to) < 0) fail("sendto");
}
/* A full kernel log: polls of its unread bytes. */
static void kernel_log(void) {
  static char text[1000];
  static struct pollfd all[60000];
  many_files();
  int log = open("/dev/kmsg", O_WRONLY), reader = open("/proc/kmsg", O_RDONLY | O_NONBLOCK);
  if (log < 0 || reader < 0) fail("kmsg");
  memset(text, 1, sizeof text);
  for (int n = 0; n < 5000; n++) write(log, text, sizeof text);
  for (int n = 0; n < 60000; n++) all[n] = (struct pollfd){reader, POLLIN};
  for (;;)
    if (poll(all, 60000, 0) < 0) fail("poll");
}

static const struct way all[] = {
    {"uring-chain", uring_chain},
    {"uring-async", uring_async},
    {"uring-nops", uring_nops},
    {"uring-polls", uring_polls},
    {"uring-counted", uring_counted},
    {"uring-buffers", uring_buffers},
    {"tty-line", tty_line},
    {"tty-erase", tty_erase},
    {"tty-reprint", tty_reprint},
    {"tty-tabs", tty_tabs},
    {"tty-output", tty_output},
    {"netlink-requests", netlink_requests},
    {"execute-pointers", execute_pointers},
    {"mq-priorities", mq_priorities},
    {"keyrings", keyrings},
    {"epolls", epolls},
    {"timerfds", timerfds},
    {"timers-asleep", timers_asleep},
    {"mounts-doubled", mounts_doubled},
    {"filters-attributes", filters_attributes},
    {"kernel-log", kernel_log},
};

int main(int argc, char **argv) { return busy(argc, argv, all, sizeof all / sizeof *all); }
