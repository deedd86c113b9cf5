/* Ways to pile up objects that other objects own: entries of rings, echo, memberships, keys, layers of domains. */
#define _GNU_SOURCE
#include "piles.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

static struct io_uring_params shape;
static int open_ring(unsigned entries) {
    memset(&shape, 0, sizeof shape);
    return syscall(SYS_io_uring_setup, entries, &shape);
}
/* Registered: buffers, credentials and groups of provided buffers. */
static void uring_registered(void) {
    static struct iovec all[16384];
    for (int n = 0; n < 16384; n++) all[n] = (struct iovec){ page, 1 };
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd = open_ring(1);
        if (fd < 0 || syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, all, 16384) < 0) { stop(i, "buffers"); return; }
        for (int n = 0; n < 10000; n++)
            if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_PERSONALITY, 0, 0) < 0) { stop(i, "personality"); return; }
        STEP(i);
    }
}
/* One entry of a ring, again and again. */
static void uring_repeat(struct io_uring_sqe like, int counts) {
    int fd = open_ring(1);
    char *memory = mmap(0, shape.sq_off.array + 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
    struct io_uring_sqe *sqe = mmap(0, sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
    if (memory == MAP_FAILED || sqe == MAP_FAILED) { stop(0, "mmap"); return; }
    for (long i = 0; i < MANY; i++) {
        *sqe = like;
        if (counts) sqe->buf_group = i;
        (*(volatile unsigned *)(memory + shape.sq_off.tail))++;
        if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, 0, 0) < 0 && errno != EBUSY) { stop(i, "enter"); return; }
        if (like.opcode != IORING_OP_NOP)
            *(volatile unsigned *)(memory + shape.cq_off.head) = *(volatile unsigned *)(memory + shape.cq_off.tail);
        STEP(i);
    }
}
/* Completions that nobody takes. */
static void uring_overflow(void) { uring_repeat((struct io_uring_sqe){ .opcode = IORING_OP_NOP }, 0); }
static void uring_provided(void) {
    uring_repeat((struct io_uring_sqe){ .opcode = IORING_OP_PROVIDE_BUFFERS, .fd = 10000, .addr = (long)page, .len = 1 }, 1);
}
static void raw_packets(void) {
    many_files();
    for (int n = 0; n < 1000; n++) socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = { AF_INET, htons(9), { htonl(INADDR_LOOPBACK) } };
    for (long i = 0; i < 3000; i++) {
        if (sendto(s, page, 60000, 0, (void *)&to, sizeof to) < 0 && errno != ECONNREFUSED) { stop(i, "sendto"); return; }
        STEP(i);
    }
}
/* Pages that are spliced to a pipe that takes all at once. */
static void spliced(void) {
    int fd[2];
    if (pipe(fd) || fcntl(fd[1], F_SETPIPE_SZ, 1 << 30) < 0) { stop(0, "pipe"); return; }
    char *from = mmap(0, 1L << 31, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct iovec all = { from, (1L << 31) - 4096 };
    for (long i = 0; i < 100; i++) {
        if (vmsplice(fd[1], &all, 1, SPLICE_F_NONBLOCK) < 0) { stop(i, "vmsplice"); return; }
        STEP(i);
    }
}
/* Output with tabs that nobody reads, and echo of it. */
static void echoes(void) {
    many_files();
    static char erased[1 << 16];
    for (size_t n = 0; n < sizeof erased; n++) erased[n] = "xy\x7f\x7f"[n % 4];
    memset(page, '\t', sizeof page);
    for (long i = 0; i < MANY; i++) {
        int off = 0, number;
        char name[32];
        struct termios t;
        int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (master < 0 || ioctl(master, TIOCSPTLCK, &off) || ioctl(master, TIOCGPTN, &number)) { stop(i, "ptmx"); return; }
        snprintf(name, sizeof name, "/dev/pts/%d", number);
        int slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (slave < 0 || tcgetattr(slave, &t)) { stop(i, "pts"); return; }
        t.c_oflag |= XTABS;
        tcsetattr(slave, TCSANOW, &t);
        for (int n = 0; n < 4; n++) if (write(slave, page, sizeof page) < 0) break;
        for (int n = 0; n < 4; n++) if (write(master, erased, sizeof erased) < 0) break;
        STEP(i);
    }
}
static void memberships(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int s = socket(AF_INET, SOCK_DGRAM, 0);
        if (s < 0) { stop(i, "socket"); return; }
        for (int group = 0; group < 20; group++)
            for (int source = 0; source < 10; source++) {
                struct ip_mreq_source m = { .imr_multiaddr = { htonl(0xe8000200 + group) }, .imr_interface = { htonl(INADDR_LOOPBACK) }, .imr_sourceaddr = { htonl(0x0a000000 + source) } };
                if (setsockopt(s, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &m, sizeof m)) break;
            }
        STEP(i);
    }
}
static void userfaults(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        if (syscall(SYS_userfaultfd, O_NONBLOCK) < 0) { stop(i, "userfaultfd"); return; }
        STEP(i);
    }
}
static void big_keys(void) {
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        if (syscall(SYS_add_key, "big_key", name, page, sizeof page - 1, KEY_SPEC_PROCESS_KEYRING) < 0) { stop(i, "add_key"); return; }
        STEP(i);
    }
}
static void keyrings(void) {
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        if (syscall(SYS_add_key, "keyring", name, 0, 0, KEY_SPEC_PROCESS_KEYRING) < 0) { stop(i, "add_key"); return; }
        STEP(i);
    }
}
static void domains(void) {
    struct landlock_ruleset_attr rights = { .handled_access_fs = 0x1fff };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    in_tmp();
    int rules = syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0);
    for (int n = 0; n < 1000; n++) {
        char name[16];
        snprintf(name, sizeof name, "%d", n);
        mkdir(name, 0700);
        struct landlock_path_beneath_attr rule = { .allowed_access = 0x1fff, .parent_fd = open(name, O_PATH) };
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        close(rule.parent_fd);
    }
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            for (int n = 0; n < 15; n++) syscall(SYS_landlock_restrict_self, rules, 0);
            pause();
            _exit(0);
        }
        STEP(i);
        usleep(1000);
    }
}

/* The settings of a network namespace, each with a value of its own. */
static const char *settings[1000];
static int setting_count;
static void find_settings(const char *folder) {
    DIR *open_folder = opendir(folder);
    for (struct dirent *e; open_folder && (e = readdir(open_folder));) {
        char path[512];
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR) find_settings(path);
        else if (setting_count < 1000) settings[setting_count++] = strdup(path);
    }
    closedir(open_folder);
}
static void net_settings(void) {
    many_files();
    find_settings("/proc/sys/net");
    for (long i = 0; i < MANY; i++) {
        if (unshare(CLONE_NEWNET) < 0 || open("/proc/self/ns/net", O_RDONLY) < 0) { stop(i, "namespace"); return; }
        for (int n = 0; n < setting_count; n++) {
            char now[300];
            int fd = open(settings[n], O_RDWR), length = fd < 0 ? 0 : read(fd, now, sizeof now);
            if (length > 0) pwrite(fd, now, length, 0);
            if (fd >= 0) close(fd);
        }
        STEP(i);
    }
}

/* Great datagrams to a group, of which each of many members has a copy. */
static void group_datagrams(void) {
    struct sockaddr_in group = { .sin_family = AF_INET, .sin_port = htons(999), .sin_addr.s_addr = htonl(0xe0000001) };
    struct ip_mreqn m = { .imr_multiaddr = group.sin_addr, .imr_ifindex = 1 };
    int on = 1, s = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof m);
    many_files();
    for (int n = 0; n < 6000; n++) {
        int member = socket(AF_INET, SOCK_DGRAM, 0);
        setsockopt(member, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(member, (void *)&group, sizeof group) || setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m)) { stop(n, "member"); return; }
    }
    for (long i = 0; i < MANY && i < 100; i++) {
        if (sendto(s, page, 60000, 0, (void *)&group, sizeof group) < 0) { stop(i, "sendto"); return; }
        STEP(i);
    }
    stop(100, "enough");
}

const struct pile object_piles[] = {
    { "uring-registered", uring_registered }, { "uring-overflow", uring_overflow }, { "uring-provided", uring_provided },
    { "raw-packets", raw_packets }, { "spliced", spliced }, { "echoes", echoes }, { "memberships", memberships }, { "userfaults", userfaults },
    { "big-keys", big_keys }, { "keyrings", keyrings }, { "domains", domains },
    { "net-settings", net_settings }, { "group-datagrams", group_datagrams },
};
const unsigned object_pile_count = sizeof object_piles / sizeof *object_piles;
