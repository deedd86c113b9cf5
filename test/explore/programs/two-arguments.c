// openat2 reads its path and its struct open_how, one after the other. Thread 2 first forbids to leave the
// folder, and then names a file outside. So no state of memory at one moment opens that file, but a call that
// reads one argument before, and the other one after these writes does.
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char path[32] = "self";
static struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};

static void *changes(void *unused) {
  how.resolve = RESOLVE_BENEATH;
  strcpy(path, "../etc/passwd");
  return unused;
}

int main(void) {
  int folder = open("/proc", O_RDONLY | O_DIRECTORY);
  pthread_t thread;
  if (folder < 0 || pthread_create(&thread, NULL, changes, NULL) != 0) return 2;
  int file = syscall(SYS_openat2, folder, path, &how, sizeof how);
  if (file >= 0) {
    char byte;
    // /proc/self is a folder: only the file outside can be read.
    if (read(file, &byte, 1) == 1) abort();
  }
  pthread_join(thread, NULL);
  return 0;
}
