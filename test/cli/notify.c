// Requests of user notification, and other numbers of which a trace shows the names. Read by notify.test.ts.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

// Newer than some headers.
#define NOTIF_SET_FLAGS 0x40082104
#define ADDFD_SEND 2
#define PASSPIDFD 76
#define DROPPABLE 8

int main(void) {
  struct seccomp_notif_sizes sizes;
  syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
  syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, 1);
  mmap(0, 4096, PROT_READ | PROT_WRITE, DROPPABLE | MAP_ANONYMOUS, -1, 0);
  struct statfs fs;
  statfs("/proc", &fs);

  int pair[2], one = 1;
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  setsockopt(pair[1], SOL_SOCKET, PASSPIDFD, &one, sizeof one);
  write(pair[0], "x", 1);
  char control[200], byte;
  struct iovec vector = {&byte, 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  recvmsg(pair[1], &message, 0);

  struct sock_filter insns[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, insns};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fork() == 0) {
    for (int i = 0; i < 3; i++) syscall(SYS_getppid);
    _exit(0);
  }
  ioctl(fd, NOTIF_SET_FLAGS, 1);
  ioctl(fd, NOTIF_SET_FLAGS, 6);
  for (int i = 0; i < 3; i++) {
    struct seccomp_notif request = {0};
    ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request);
    ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &request.id);
    struct seccomp_notif_addfd add = {.id = request.id, .srcfd = 1};
    if (i == 1) add.flags = SECCOMP_ADDFD_FLAG_SETFD, add.newfd = 9, add.newfd_flags = O_CLOEXEC;
    if (i == 2) add.flags = ADDFD_SEND;
    ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    struct seccomp_notif_resp response = {.id = request.id};
    if (i == 0) response.val = 77;
    if (i == 1) response.error = -1;
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
    response.flags = 6;
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
  struct seccomp_notif_resp resume = {.id = 12345, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resume);
  ioctl(fd, 0x8008cafe, 1);
  wait(0);
  return 0;
}
