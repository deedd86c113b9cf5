/* Ways to make a kernel keep things: each mode piles up objects of one kind until it is refused, and then waits to be looked at.
   gcc -O1 -static -pthread -o piles piles.c piles-objects.c; ./piles list names them; ./piles MODE runs one. It prints how far it came and why it stopped. */
#define _GNU_SOURCE
#include "piles.h"
#include <arpa/inet.h>
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

long most = 100000000;
char page[1 << 20];
struct progress *shown;
long stop(long n, const char *what) {
    shown->error = errno;
    (void)what;
    return n;
}

void many_files(void) {
    struct rlimit r = { 1 << 20, 1 << 20 };
    setrlimit(RLIMIT_NOFILE, &r);
}

/* Memory. */
static void anon(void) {
    for (long i = 0; i < MANY; i++) {
        char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) { stop(i, "mmap"); return; }
        memset(p, 1, 1 << 20);
        STEP(i);
    }
}
static void shared_anon(void) {
    for (long i = 0; i < MANY; i++) {
        char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) { stop(i, "mmap"); return; }
        memset(p, 1, 1 << 20);
        STEP(i);
    }
}
static void shared_anon_fork(void) {
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            char *p = mmap(0, 256 << 10, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (p != MAP_FAILED) memset(p, 1, 256 << 10);
            pause();
            _exit(0);
        }
        STEP(i);
    }
}
/* Pages that are promised and never written. */
static void promised_pages(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd = memfd_create("promised", 0);
        if (fd < 0 || fallocate(fd, 0, 0, 1 << 20)) { stop(i, "fallocate"); return; }
        STEP(i);
    }
}
static void memfds(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd = memfd_create("x", 0);
        if (fd < 0) { stop(i, "memfd"); return; }
        if (write(fd, page, 65536) < 0) { stop(i, "write"); return; }
        STEP(i);
    }
}
static void memfd_mapped(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd = memfd_create("x", 0);
        if (fd < 0 || ftruncate(fd, 65536) < 0) { stop(i, "memfd"); return; }
        char *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) { stop(i, "mmap"); return; }
        memset(p, 1, 65536);
        close(fd);
        STEP(i);
    }
}
static void vmas(void) {
    for (long i = 0; i < 60; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            for (long k = 0; k < 70000; k++)
                if (mmap(0, 4096, k & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) break;
            pause();
            _exit(0);
        }
        STEP(i);
        usleep(100000);
    }
}
static void page_tables(void) {
    char *p = mmap(0, 1L << 45, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) { stop(0, "mmap"); return; }
    for (long i = 0; i < (1L << 45) >> 22; i++) {
        *(volatile char *)(p + (i << 22));
        STEP(i);
    }
}
static void page_tables_moving(void) {
    for (long i = 0; i < 2000000; i++) {
        char *p = mmap((void *)(0x100000000 + (i << 22)), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (p == MAP_FAILED) { stop(i, "mmap"); return; }
        *(volatile char *)p;
        munmap(p, 4096);
        STEP(i);
    }
}
static void ldts(void) {
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            struct user_desc d = { .entry_number = 8191, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1 };
            syscall(SYS_modify_ldt, 1, &d, sizeof d);
            pause();
            _exit(0);
        }
        STEP(i);
    }
}
static void big_args(void) {
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            static char text[100000];
            memset(text, 'x', sizeof text - 1);
            char *argv[] = { "piles", "sleep", text, text, text, text, text, text, text, text, 0 };
            execv("/proc/self/exe", argv);
            _exit(1);
        }
        STEP(i);
    }
}

/* Pipes and sockets. */
static void pipes(void) {
    many_files();
    for (long i = 0; i < 6000; i++) {
        int fd[2];
        if (pipe2(fd, O_NONBLOCK) < 0) { stop(i, "pipe"); return; }
        fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
        if (write(fd[1], page, 1 << 20) < 0) { stop(i, "write"); return; }
        STEP(i);
    }
}
static void pipe_bytes(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd[2];
        if (pipe2(fd, O_NONBLOCK | O_DIRECT) < 0) { stop(i, "pipe"); return; }
        while (write(fd[1], page, 1) == 1);
        if (errno != EAGAIN) { stop(i, "write"); return; }
        STEP(i);
    }
}
static void empty_pipes(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd[2];
        if (pipe(fd) < 0) { stop(i, "pipe"); return; }
        STEP(i);
    }
}
static void unix_queue(int type, int size) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd[2];
        if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd) < 0) { stop(i, "socketpair"); return; }
        for (int side = 0; side < 2; side++) {
            while (write(fd[side], page, size) > 0);
            if (errno != EAGAIN) { stop(i, "write"); return; }
        }
        STEP(i);
    }
}
static void unix_stream(void) { unix_queue(SOCK_STREAM, 65536); }
static void unix_stream_bytes(void) { unix_queue(SOCK_STREAM, 1); }
static void unix_dgram(void) { unix_queue(SOCK_DGRAM, 65536); }
static void unix_seqpacket(void) { unix_queue(SOCK_SEQPACKET, 1); }
static void empty_sockets(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        if (socket(AF_UNIX, SOCK_STREAM, 0) < 0) { stop(i, "socket"); return; }
        STEP(i);
    }
}
/* Senders that a full socket has turned away, and that are closed. */
static void turned_away(void) {
    struct sockaddr_un a = { AF_UNIX, "" };
    socklen_t n = offsetof(struct sockaddr_un, sun_path) + 5;
    memcpy(a.sun_path + 1, "full", 4);
    int full = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (bind(full, (void *)&a, n)) { stop(0, "bind"); return; }
    for (long i = 0; i < 300000; i++) {
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (fd < 0) { stop(i, "socket"); return; }
        while (sendto(fd, page, 1, 0, (void *)&a, n) == 1);
        close(fd);
        STEP(i);
    }
}
static void abstract_names(void) {
    many_files();
    for (long i = 0; i < 300000; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        struct sockaddr_un a = { AF_UNIX, "" };
        snprintf(a.sun_path + 1, 100, "%099ld", i);
        if (fd < 0 || bind(fd, (void *)&a, sizeof a) < 0) { stop(i, "bind"); return; }
        close(fd);
        STEP(i);
    }
}
static void udp(void) {
    many_files();
    for (long i = 0; i < 20000; i++) {
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
        socklen_t n = sizeof a;
        if (fd < 0 || bind(fd, (void *)&a, sizeof a) < 0 || getsockname(fd, (void *)&a, &n) < 0) { stop(i, "socket"); return; }
        for (int k = 0; k < 8; k++)
            if (sendto(fd, page, 60000, 0, (void *)&a, sizeof a) < 0) { stop(i, "sendto"); return; }
        STEP(i);
    }
}
static int tcp_listener(struct sockaddr_in *a, int backlog) {
    int l = socket(AF_INET, SOCK_STREAM, 0);
    *a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof *a;
    bind(l, (void *)a, sizeof *a);
    listen(l, backlog);
    getsockname(l, (void *)a, &n);
    return l;
}
static void tcp_queue(int size) {
    many_files();
    struct sockaddr_in a;
    int l = tcp_listener(&a, 10);
    for (long i = 0; i < 20000; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (void *)&a, sizeof a) < 0 || accept(l, 0, 0) < 0) { stop(i, "connect"); return; }
        fcntl(fd, F_SETFL, O_NONBLOCK);
        while (write(fd, page, size) > 0);
        if (errno != EAGAIN) { stop(i, "write"); return; }
        STEP(i);
    }
}
static void tcp(void) { tcp_queue(65536); }
static void tcp_bytes(void) { tcp_queue(1); }
static void backlogs(void) {
    many_files();
    for (long i = 0; i < 1000; i++) {
        struct sockaddr_in a;
        if (tcp_listener(&a, 4096) < 0) { stop(i, "listen"); return; }
        for (int k = 0; k < 4000; k++) {
            int fd = socket(AF_INET, SOCK_STREAM, 0);
            if (fd < 0 || connect(fd, (void *)&a, sizeof a) < 0) { stop(i, "connect"); return; }
            close(fd);
        }
        STEP(i);
    }
}
static int send_fd(int over, int fd) {
    char buf[CMSG_SPACE(sizeof fd)] = { 0 }, byte = 'x';
    struct iovec io = { &byte, 1 };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof buf };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(over, &m, 0);
}
/* Each pair is on its way through the next one: no descriptor but the last leads to it. */
static void scm_rights(void) {
    int fd[2] = { -1, -1 };
    for (long i = 0; i < MANY; i++) {
        int next[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, next) < 0) { stop(i, "socketpair"); return; }
        if (i > 0 && (send_fd(next[0], fd[0]) < 0 || send_fd(next[0], fd[1]) < 0)) { stop(i, "sendmsg"); close(fd[0]), close(fd[1]); return; }
        close(fd[0]), close(fd[1]);
        fd[0] = next[0], fd[1] = next[1];
        STEP(i);
    }
}
static void netlink(void) {
    many_files();
    struct { uint32_t len; uint16_t type, flags; uint32_t seq, pid; char family[16]; } ask = { 32, 18, 0x301, 1, 0, { 0 } };
    for (long i = 0; i < MANY; i++) {
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
        if (fd < 0) { stop(i, "socket"); return; }
        for (int k = 0; k < 500; k++)
            if (send(fd, &ask, 32, 0) < 0) break;
        STEP(i);
    }
}

/* File systems. */
int in_tmp(void) {
    char name[] = "/tmp/pileXXXXXX";
    return mkdtemp(name) ? chdir(name) : -1;
}
static void tmpfs_data(void) {
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, page, 1 << 20) < 0) { stop(i, "write"); return; }
        close(fd);
        STEP(i);
    }
}
static void tmpfs_files(void) {
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0) { stop(i, "open"); return; }
        close(fd);
        STEP(i);
    }
}
static void tmpfs_dirs(void) {
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        if (mkdir(name, 0700) < 0) { stop(i, "mkdir"); return; }
        STEP(i);
    }
}
static void deep_dirs(void) {
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        if (mkdir("d", 0700) < 0 || chdir("d") < 0) { stop(i, "mkdir"); return; }
        STEP(i);
    }
}
static void long_names(void) {
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        char name[256];
        snprintf(name, sizeof name, "/tmp/%0249ld", i);
        if (mknod(name, S_IFREG | 0600, 0) < 0) { stop(i, "mknod"); return; }
        STEP(i);
    }
}
/* Names at the end of long paths. */
static void long_paths(void) {
    in_tmp();
    char path[4096] = "";
    for (int k = 0; k < 2000; k++) strcat(path, "./");
    char *end = path + strlen(path);
    for (long i = 0; i < MANY; i++) {
        snprintf(end, 64, "name%016ld", i);
        if (mknod(path, S_IFREG | 0600, 0) < 0) { stop(i, "mknod"); return; }
        STEP(i);
    }
}
static void symlinks(void) {
    in_tmp();
    char target[4096];
    memset(target, 'x', sizeof target - 1);
    target[4095] = 0;
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        if (symlink(target, name) < 0) { stop(i, "symlink"); return; }
        STEP(i);
    }
}
static void hard_links(void) {
    in_tmp();
    close(open("f", O_CREAT, 0600));
    for (long i = 0; i < MANY; i++) {
        char name[256];
        snprintf(name, sizeof name, "%0200ld", i);
        if (link("f", name) < 0) { stop(i, "link"); return; }
        STEP(i);
    }
}
static void xattrs(void) {
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "%ld", i);
        close(open(name, O_CREAT, 0600));
        for (int k = 0; k < 200; k++) {
            char attribute[32];
            snprintf(attribute, sizeof attribute, "user.%d", k);
            if (setxattr(name, attribute, page, 1, 0) < 0) { stop(i, "setxattr"); return; }
        }
        STEP(i);
    }
}
static void unlinked_files(void) {
    many_files();
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        int fd = open("f", O_CREAT | O_RDWR, 0600);
        if (fd < 0 || write(fd, page, 32768) < 0) { stop(i, "write"); return; }
        unlink("f");
        STEP(i);
    }
}
static void mounts(void) {
    unshare(CLONE_NEWNS);
    in_tmp();
    mkdir("m", 0700);
    for (long i = 0; i < MANY; i++) {
        if (mount("none", "m", "tmpfs", 0, "size=1m") < 0) { stop(i, "mount"); return; }
        int fd = open("m/f", O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, page, 1 << 20) < 0) { stop(i, "write"); return; }
        close(fd);
        STEP(i);
    }
}
/* Mounted, filled, and unmounted: what is open of it keeps it. */
static void mounts_lazy(void) {
    unshare(CLONE_NEWNS);
    many_files();
    in_tmp();
    mkdir("m", 0700);
    for (long i = 0; i < MANY; i++) {
        if (mount("none", "m", "tmpfs", 0, 0) < 0) { stop(i, "mount"); return; }
        int fd = open("m/f", O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, page, 1 << 20) < 0) { stop(i, "write"); return; }
        close(fd);
        if (open("m", O_PATH) < 0) { stop(i, "open"); return; }
        umount2("m", MNT_DETACH);
        STEP(i);
    }
}
/* The same, and nothing keeps it: this may go on for ever. */
static void mounts_gone(void) {
    unshare(CLONE_NEWNS);
    in_tmp();
    mkdir("m", 0700);
    for (long i = 0; i < 1000; i++) {
        if (mount("none", "m", "tmpfs", 0, 0) < 0) { stop(i, "mount"); return; }
        int fd = open("m/f", O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, page, 1 << 20) < 0) { stop(i, "write"); return; }
        close(fd);
        umount2("m", MNT_DETACH);
        STEP(i);
    }
}
static void bind_mounts(void) {
    for (long n = 0; n < MANY; n++) {
        pid_t pid = fork();
        if (pid < 0) { stop(n, "fork"); return; }
        if (pid == 0) {
            unshare(CLONE_NEWNS);
            for (int i = 0; i < 4096; i++)
                if (mount("/tmp", "/tmp", 0, MS_BIND, 0) < 0) break;
            pause();
            _exit(0);
        }
        STEP(n);
        usleep(200000);
    }
}
static void cow_writes(void) {
    for (long i = 0; i < MANY; i++) {
        char name[64];
        snprintf(name, sizeof name, "/host/new%ld", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, page, 1 << 16) < 0) { stop(i, "write"); return; }
        close(fd);
        STEP(i);
    }
}
static void record_locks(void) {
    in_tmp();
    int fd = open("f", O_CREAT | O_RDWR, 0600);
    for (long i = 0; i < 5000; i++) {
        struct flock l = { .l_type = F_WRLCK, .l_start = 2 * i, .l_len = 1 };
        if (fcntl(fd, F_OFD_SETLK, &l) < 0) { stop(i, "fcntl"); return; }
        STEP(i);
    }
}
static void flocks(void) {
    many_files();
    in_tmp();
    for (long i = 0; i < MANY; i++) {
        int fd = open("f", O_CREAT | O_RDWR, 0600);
        if (fd < 0 || flock(fd, LOCK_SH) < 0) { stop(i, "flock"); return; }
        STEP(i);
    }
}
static void proc_files(void) {
    many_files();
    for (int k = 0; k < 3000; k++) mmap(0, 4096, k & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; i < MANY; i++) {
        int fd = open("/proc/self/maps", O_RDONLY);
        if (fd < 0 || read(fd, page, 16) < 0) { stop(i, "read"); return; }
        STEP(i);
    }
}
static void ptys(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY), off = 0;
        if (fd < 0) { stop(i, "ptmx"); return; }
        ioctl(fd, 0x40045431, &off);
        char name[32];
        int n;
        ioctl(fd, 0x80045430, &n);
        snprintf(name, sizeof name, "/dev/pts/%d", n);
        int slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
        while (slave >= 0 && write(slave, page, 4096) > 0);
        STEP(i);
    }
}

/* Descriptors. */
static void fd_tables(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            dup2(1, 1000000 - 1);
            pause();
            _exit(0);
        }
        STEP(i);
    }
}
static void dups(void) {
    many_files();
    for (long n = 0; n < MANY; n++) {
        pid_t pid = fork();
        if (pid < 0) { stop(n, "fork"); return; }
        if (pid == 0) {
            for (int i = 0; i < 100000; i++) if (dup(1) < 0) break;
            pause();
            _exit(0);
        }
        STEP(n);
        usleep(50000);
    }
}
static void eventfds(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        if (eventfd(0, 0) < 0) { stop(i, "eventfd"); return; }
        STEP(i);
    }
}
static void timerfds(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        int fd = timerfd_create(CLOCK_MONOTONIC, 0);
        struct itimerspec far = { { 0, 0 }, { 1000000, 0 } };
        if (fd < 0 || timerfd_settime(fd, 0, &far, 0) < 0) { stop(i, "timerfd"); return; }
        STEP(i);
    }
}
/* One timer, set again and again. */
static void timer_resets(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    for (long i = 0; i < 1000000; i++) {
        struct itimerspec far = { { 0, 0 }, { 1000000 + i, 0 } };
        if (timerfd_settime(fd, 0, &far, 0) < 0) { stop(i, "timerfd"); return; }
        STEP(i);
    }
}
static void epolls(void) {
    many_files();
    int event = eventfd(0, 0);
    for (long i = 0; i < MANY; i++) {
        int ep = epoll_create1(0);
        struct epoll_event e = { EPOLLIN | EPOLLET, { 0 } };
        if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, event, &e) < 0) { stop(i, "epoll"); return; }
        STEP(i);
    }
}
static void epoll_items(void) {
    many_files();
    int fds[300];
    for (int k = 0; k < 300; k++) fds[k] = eventfd(0, 0);
    for (long i = 0; i < MANY; i++) {
        int ep = epoll_create1(0);
        if (ep < 0) { stop(i, "epoll"); return; }
        for (int k = 0; k < 300; k++) {
            struct epoll_event e = { EPOLLIN | EPOLLET, { 0 } };
            if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[k], &e) < 0) { stop(i, "epoll_ctl"); return; }
        }
        STEP(i);
    }
}

/* Processes, signals, timers. */
static void posix_timers(void) {
    for (long i = 0; i < MANY; i++) {
        struct sigevent e = { .sigev_notify = SIGEV_NONE };
        timer_t id;
        if (timer_create(CLOCK_MONOTONIC, &e, &id) < 0) { stop(i, "timer_create"); return; }
        struct itimerspec far = { { 0, 0 }, { 1000000, 0 } };
        timer_settime(id, 0, &far, 0);
        STEP(i);
    }
}
static void signals(void) {
    struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
    setrlimit(RLIMIT_SIGPENDING, &r);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    for (long n = 0; n < MANY; n++) {
        pid_t pid = fork();
        if (pid < 0) { stop(n, "fork"); return; }
        if (pid == 0) {
            for (int i = 0; i < 5000; i++) {
                union sigval v = { i };
                if (sigqueue(getpid(), SIGRTMIN + 1 + i % 20, v) < 0) break;
            }
            for (;;) sleep(1000);
        }
        STEP(n);
        usleep(50000);
    }
}
static void processes(void) {
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) { pause(); _exit(0); }
        STEP(i);
    }
}
static void zombies(void) {
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) _exit(0);
        STEP(i);
    }
}
static void *sleeper(void *at) { (void)at; pause(); return 0; }
static void threads(void) {
    for (long i = 0; i < MANY; i++) {
        pthread_t t;
        pthread_attr_t a;
        pthread_attr_init(&a);
        pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN);
        if ((errno = pthread_create(&t, &a, sleeper, 0)) != 0) { stop(i, "pthread_create"); return; }
        STEP(i);
    }
}
static void *futex_sleeper(void *at) {
    syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
    return 0;
}
static void futexes(void) {
    static uint32_t words[1 << 20];
    for (long i = 0; i < MANY; i++) {
        pthread_t t;
        pthread_attr_t a;
        pthread_attr_init(&a);
        pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN);
        if ((errno = pthread_create(&t, &a, futex_sleeper, words + i)) != 0) { stop(i, "pthread_create"); return; }
        STEP(i);
    }
}
/* Threads with a list of robust futexes each: kept in their own memory. */
static void *robust(void *at) {
    struct { void *next; long offset; void *pending; } *list = malloc(64 << 10);
    (void)at;
    list->next = list, list->offset = 0, list->pending = 0;
    syscall(SYS_set_robust_list, list, 24);
    memset(list + 1, 1, 60 << 10);
    pause();
    return 0;
}
static void robust_lists(void) {
    for (long i = 0; i < MANY; i++) {
        pthread_t t;
        pthread_attr_t a;
        pthread_attr_init(&a);
        pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN);
        if ((errno = pthread_create(&t, &a, robust, 0)) != 0) { stop(i, "pthread_create"); return; }
        STEP(i);
    }
}
static void groups(void) {
    static gid_t list[65536];
    for (int k = 0; k < 65536; k++) list[k] = k + 1;
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            setgroups(65536, list);
            pause();
            _exit(0);
        }
        STEP(i);
        usleep(1000);
    }
}
static void namespaces(int flags) {
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            unshare(flags);
            pause();
            _exit(0);
        }
        STEP(i);
    }
}
static void user_namespaces(void) { namespaces(CLONE_NEWUSER); }
static void pid_namespaces(void) { namespaces(CLONE_NEWPID); }
static void net_namespaces(void) { namespaces(CLONE_NEWNET); }
static void mnt_namespaces(void) { namespaces(CLONE_NEWNS); }
static void uts_namespaces(void) { namespaces(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP); }
/* No process is in them: descriptors hold them. */
static void held_namespaces(void) {
    many_files();
    for (long i = 0; i < MANY; i++) {
        if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) < 0) { stop(i, "unshare"); return; }
        if (open("/proc/self/ns/mnt", O_RDONLY) < 0 || open("/proc/self/ns/net", O_RDONLY) < 0) { stop(i, "open"); return; }
        STEP(i);
    }
}
/* Nothing holds them: this may go on for ever. */
static void left_namespaces(void) {
    for (long i = 0; i < 100000; i++) {
        if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) < 0) { stop(i, "unshare"); return; }
        STEP(i);
    }
}

/* Filters. */
static struct sock_filter code[4096];
static struct sock_fprog program(int length) {
    for (int i = 0; i < length - 1; i++) code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 4 * (i % 12));
    code[length - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return (struct sock_fprog){ length, code };
}
static void call_often(int calls) {
    for (int i = 0; i < calls; i++) syscall(SYS_getppid);
}
static void filters(void) {
    struct sock_fprog f = program(4096);
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) {
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f) < 0) _exit(1);
            call_often(300);
            pause();
            _exit(0);
        }
        STEP(i);
        usleep(10000);
    }
}
static void stacked_filters(void) {
    struct sock_fprog f = program(12);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (long n = 0; n < MANY; n++) {
        pid_t pid = fork();
        if (pid < 0) { stop(n, "fork"); return; }
        if (pid == 0) {
            for (int i = 0; i < 2500; i++) if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f) < 0) break;
            call_often(20);
            pause();
            _exit(0);
        }
        STEP(n);
        usleep(100000);
    }
}
static void notifications(void) {
    many_files();
    static struct sock_filter ask[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog f = { 4, ask };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &f) < 0) { stop(0, "seccomp"); return; }
    for (long i = 0; i < MANY; i++) {
        pid_t pid = fork();
        if (pid < 0) { stop(i, "fork"); return; }
        if (pid == 0) { syscall(SYS_getppid); _exit(0); }
        STEP(i);
    }
}
static void audit_log(void) {
    static struct sock_filter log[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog f = { 4, log };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f);
    for (long i = 0; i < 1000000; i++) {
        syscall(SYS_getppid);
        STEP(i);
    }
}

/* Code. */
static void jit_bomb(void) {
    size_t size = 64 << 10;
    unsigned char *p = mmap(0, 24 << 20, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long n = 0; n < (24 << 20) / (long)size; n++) {
        unsigned char *q = p + n * size, *from = q;
        /* mov ecx, 2000; then blocks of arithmetic that jumps tie together; dec ecx; jnz */
        *q++ = 0xb9, memcpy(q, &(int){ 2000 }, 4), q += 4;
        unsigned char *loop = q;
        for (int k = 0; k < 2000; k++) {
            *q++ = 0x05, memcpy(q, &(int){ (int)(k * 2654435761u + n) }, 4), q += 4;
            *q++ = 0x35, memcpy(q, &(int){ (int)(k * 40503u) }, 4), q += 4;
            *q++ = 0x73, *q++ = 0x02, *q++ = 0xff, *q++ = 0xc2;
        }
        *q++ = 0xff, *q++ = 0xc9, *q++ = 0x0f, *q++ = 0x85;
        memcpy(q, &(int){ (int)(loop - (q + 4)) }, 4), q += 4;
        *q++ = 0xc3;
        ((void (*)(void))from)();
        STEP(n);
    }
}
static void rewritten_code(void) {
    unsigned char *p = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; i < 20000; i++) {
        unsigned char *q = p;
        *q++ = 0xb9, memcpy(q, &(int){ 3000 }, 4), q += 4;
        *q++ = 0x05, memcpy(q, &i, 4), q += 4;
        *q++ = 0xff, *q++ = 0xc9, *q++ = 0x75, *q++ = 0xf7, *q++ = 0xc3;
        ((void (*)(void))p)();
        STEP(i);
    }
}

static const struct pile own_piles[] = {
    { "anon", anon }, { "shared-anon", shared_anon }, { "shared-anon-fork", shared_anon_fork }, { "memfds", memfds }, { "promised-pages", promised_pages }, { "memfd-mapped", memfd_mapped },
    { "vmas", vmas }, { "page-tables", page_tables }, { "page-tables-moving", page_tables_moving }, { "ldts", ldts }, { "big-args", big_args },
    { "pipes", pipes }, { "pipe-bytes", pipe_bytes }, { "empty-pipes", empty_pipes }, { "unix-stream", unix_stream },
    { "unix-stream-bytes", unix_stream_bytes }, { "unix-dgram", unix_dgram }, { "unix-seqpacket", unix_seqpacket },
    { "empty-sockets", empty_sockets }, { "turned-away", turned_away }, { "abstract-names", abstract_names }, { "udp", udp }, { "tcp", tcp }, { "tcp-bytes", tcp_bytes },
    { "backlogs", backlogs }, { "scm-rights", scm_rights }, { "netlink", netlink }, { "tmpfs-data", tmpfs_data }, { "tmpfs-files", tmpfs_files },
    { "tmpfs-dirs", tmpfs_dirs }, { "deep-dirs", deep_dirs }, { "long-names", long_names }, { "long-paths", long_paths }, { "symlinks", symlinks },
    { "hard-links", hard_links }, { "xattrs", xattrs }, { "unlinked-files", unlinked_files }, { "mounts", mounts }, { "mounts-lazy", mounts_lazy },
    { "mounts-gone", mounts_gone }, { "bind-mounts", bind_mounts }, { "cow-writes", cow_writes }, { "record-locks", record_locks }, { "flocks", flocks },
    { "proc-files", proc_files }, { "ptys", ptys }, { "fd-tables", fd_tables }, { "dups", dups }, { "eventfds", eventfds }, { "timerfds", timerfds },
    { "timer-resets", timer_resets }, { "epolls", epolls }, { "epoll-items", epoll_items }, { "posix-timers", posix_timers }, { "signals", signals },
    { "processes", processes }, { "zombies", zombies }, { "threads", threads }, { "futexes", futexes }, { "robust-lists", robust_lists },
    { "groups", groups }, { "user-namespaces", user_namespaces }, { "pid-namespaces", pid_namespaces }, { "net-namespaces", net_namespaces },
    { "mnt-namespaces", mnt_namespaces }, { "uts-namespaces", uts_namespaces }, { "held-namespaces", held_namespaces },
    { "left-namespaces", left_namespaces }, { "filters", filters }, { "stacked-filters", stacked_filters }, { "notifications", notifications },
    { "audit-log", audit_log }, { "jit-bomb", jit_bomb }, { "rewritten-code", rewritten_code },
};

static void note(int signal) {
    char text[32];
    if (write(1, text, sprintf(text, "signal %d\n", signal)) < 0) _exit(2);
}
/* For the limits that are none of memory. */
static void spin(int catches) {
    if (catches) signal(SIGXCPU, note);
    for (volatile long i = 0;; i++);
}
/* Writes of many sizes, 3 MB in all. */
static int letters(void) {
    for (int n = 0; n < 1500; n++) {
        size_t size = n * 977 % 4099;
        memset(page, 'a' + n % 26, size);
        if (write(1, page, size) < 0) return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "list";
    if (strcmp(mode, "sleep") == 0) pause();
    if (strcmp(mode, "spin") == 0) spin(0);
    if (strcmp(mode, "spin-on") == 0) spin(1);
    if (strcmp(mode, "doze") == 0) return sleep(30);
    if (strcmp(mode, "print") == 0) for (;;) if (write(1, page, sizeof page) < 0) return 1;
    if (strcmp(mode, "letters") == 0) return letters();
    memset(page, 'x', sizeof page);
    shown = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const unsigned own = sizeof own_piles / sizeof *own_piles;
    for (unsigned i = 0; i < own + object_pile_count; i++) {
        const struct pile way = i < own ? own_piles[i] : object_piles[i - own];
        if (strcmp(mode, "list") == 0) puts(way.name);
        else if (strcmp(mode, way.name) == 0) {
            pid_t pid = fork();
            if (pid == 0) {
                setpgid(0, 0);
                if (argc > 2) most = atol(argv[2]);
                way.run();
                while (argc > 2) pause();
                _exit(0);
            }
            int status;
            waitpid(pid, &status, 0);
            printf("%ld: %s\n", shown->count, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : shown->error ? strerror(shown->error) : "done");
            fflush(stdout);
            kill(-pid, SIGKILL);
            return 0;
        }
    }
    return strcmp(mode, "list") != 0;
}
