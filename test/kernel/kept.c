// Files that a program still has, after memory was short: memfds, overlays and roots without a mount, queues.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Takes all memory, in vain: the search for unreachable objects begins. */
static void exhaust(void) {
  int fd = memfd_create("large", 0);
  int r = fallocate(fd, 0, 0, 1L << 30);
  printf("fallocate %d errno %d\n", r, errno);
  close(fd);
}
static void show(const char *name, int fd) {
  char text[64] = "";
  ssize_t n = pread(fd, text, sizeof text - 1, 0);
  printf("%s: %zd %s\n", name, n, text);
}
static int made(const char *name) {
  int fd = open(name, O_CREAT | O_RDWR, 0600);
  if (write(fd, name, strlen(name)) < 0) perror(name);
  return fd;
}
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  int small = memfd_create("small", 0);
  if (write(small, "small", 5) != 5) perror("memfd");
  char *shared = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(shared, "shared");
  char *segment = shmat(shmget(IPC_PRIVATE, 4096, 0600), 0, 0);
  strcpy(segment, "segment");
  mkdir("/layer", 0755), mkdir("/view", 0755), mkdir("/root", 0755);
  mount("tmpfs", "/layer", "tmpfs", 0, 0);
  mkdir("/layer/low", 0755), mkdir("/layer/up", 0755), mkdir("/layer/work", 0755);
  close(made("/layer/low/file"));
  int r = mount("overlay", "/view", "overlay", 0, "lowerdir=/layer/low,upperdir=/layer/up,workdir=/layer/work");
  printf("overlay %d, unmounted %d\n", r, umount2("/layer", MNT_DETACH));
  unshare(CLONE_NEWIPC);
  mqd_t queue = mq_open("/queue", O_CREAT | O_RDWR, 0600, 0);
  mq_send(queue, "message", 8, 0);
  exhaust();
  show("memfd", small);
  printf("%s %s\n", shared, segment);
  show("overlay", open("/view/file", O_RDONLY));
  char text[8192];
  printf("queue: %zd %s\n", mq_receive(queue, text, sizeof text, 0), text);
  int old = made("/file-of-the-first-root");
  mount("tmpfs", "/root", "tmpfs", 0, 0);
  mkdir("/root/old", 0755);
  chdir("/root");
  r = syscall(SYS_pivot_root, ".", "old");
  printf("pivot_root %d, unmounted %d\n", r, umount2("/old", MNT_DETACH));
  exhaust();
  show("first root", old);
  show("memfd", small);
  int more = memfd_create("more", 0);
  printf("memfd %zd\n", write(more, "more", 4));
  exhaust();
  show("more", more);
}
