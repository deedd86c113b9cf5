// Ways out of a mounted folder, by name: `ways-out NAME OUTSIDE`, in the mounted folder. OUTSIDE is a folder of the host beside it, with a
// file `victim` and a folder `folder`; the mounted folder has links to them (test/hostile/surroundings.ts). What is read is printed.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static char outside[512], victim[600], folder[600];
static const struct timespec times[2] = {{1000, 0}, {2000, 0}};
#define TRY(call) (errno = 0, said(#call, (long)(call)))
static long said(const char *call, long result) {
  printf("%s = %ld %s\n", call, result, result < 0 ? strerror(errno) : "");
  return result;
}
/* Everything that changes or shows an open file. */
static void use(int fd) {
  char b[64] = "";
  TRY(read(fd, b, 32));
  printf("[%s]\n", b);
  TRY(pwrite(fd, "out", 3, 0));
  TRY(ftruncate(fd, 1));
  TRY(fchmod(fd, 0777));
  TRY(fchown(fd, 1234, 1234));
  TRY(futimens(fd, times));
  TRY(fsetxattr(fd, "user.out", "x", 1, 0));
}
/* The same by descriptor alone, which may be one of O_PATH. */
static void use_place(int fd) {
  char b[64];
  sprintf(b, "/proc/self/fd/%d", fd);
  TRY(fchownat(fd, "", 1234, 1234, AT_EMPTY_PATH));
  TRY(syscall(SYS_utimensat, fd, NULL, times, 0));
  TRY(chmod(b, 0777));
  TRY(chown(b, 1234, 1234));
  TRY(truncate(b, 0));
  TRY(utimensat(AT_FDCWD, b, times, 0));
  TRY(fchmod(fd, 0777));
  TRY(fchown(fd, 1234, 1234));
}
static void use_path(const char *path) {
  int fd;
  TRY(chmod(path, 0777));
  TRY(chown(path, 1234, 1234));
  TRY(lchown(path, 1234, 1234));
  TRY(truncate(path, 0));
  TRY(utimensat(AT_FDCWD, path, times, 0));
  TRY(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
  TRY(setxattr(path, "user.out", "x", 1, 0));
  TRY(lsetxattr(path, "user.out", "x", 1, 0));
  for (int flags = O_RDONLY; flags <= O_RDWR; flags++)
    if ((fd = TRY(open(path, flags | O_NONBLOCK))) >= 0) use(fd), close(fd);
  if ((fd = TRY(open(path, O_WRONLY | O_TRUNC | O_NONBLOCK))) >= 0) close(fd);
  if ((fd = TRY(open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0666))) >= 0) use(fd), close(fd);
}
static void use_folder(int dir) {
  static char b[4096];
  int fd, copy = openat(dir, ".", O_RDONLY | O_DIRECTORY);
  DIR *d = copy < 0 ? NULL : fdopendir(copy);
  for (struct dirent *e; d && (e = readdir(d));) printf("[%s]", e->d_name);
  if (d) closedir(d);
  if ((fd = TRY(openat(dir, "inner", O_RDWR))) >= 0) use(fd), close(fd);
  if ((fd = TRY(openat(dir, "made", O_RDWR | O_CREAT, 0666))) >= 0) use(fd), close(fd);
  TRY(mkdirat(dir, "made-folder", 0777));
  TRY(symlinkat("x", dir, "made-link"));
  TRY(linkat(dir, "inner", dir, "made-name", 0));
  TRY(renameat(dir, "inner", dir, "renamed"));
  TRY(unlinkat(dir, "renamed", 0));
  TRY(unlinkat(dir, "inner", 0));
  TRY(fchmodat(dir, "inner", 0777, 0));
  TRY(fchownat(dir, "inner", 1234, 1234, AT_SYMLINK_NOFOLLOW));
  TRY(utimensat(dir, "inner", times, AT_SYMLINK_NOFOLLOW));
  TRY(readlinkat(dir, "inner-link", b, sizeof b));
  TRY(fchmod(dir, 0777));
  TRY(fchown(dir, 1234, 1234));
  TRY(futimens(dir, times));
}
static void use_folder_path(const char *path) {
  int dir;
  if ((dir = TRY(open(path, O_RDONLY | O_DIRECTORY))) >= 0) use_folder(dir), close(dir);
  if ((dir = TRY(open(path, O_PATH))) >= 0) use_folder(dir), close(dir);
  int here = open(".", O_RDONLY);
  if (TRY(chdir(path)) == 0) use_folder(AT_FDCWD);
  TRY(fchdir(here));
  close(here);
}
static int made(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  TRY(write(fd, "inside", 6));
  return fd;
}

static void link_owner(void) {
  TRY(symlink(victim, "l"));
  TRY(lchown("l", 1234, 1234));
  TRY(fchownat(AT_FDCWD, "l", 1234, 1234, AT_SYMLINK_NOFOLLOW));
}
static void link_times(void) {
  TRY(symlink(victim, "l"));
  TRY(utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
}
static void link_descriptor(void) {
  TRY(symlink(victim, "l"));
  int fd = TRY(open("l", O_PATH | O_NOFOLLOW));
  TRY(fchownat(fd, "", 1234, 1234, AT_EMPTY_PATH));
  TRY(utimensat(fd, "", times, AT_EMPTY_PATH));
  use_place(fd);
}
static void stale_file(void) {
  TRY(mkdir("a", 0777));
  int fd = made("a/victim");
  TRY(rename("a", "c"));
  TRY(mkdir("a", 0777));
  TRY(symlink(victim, "a/victim"));
  use(fd);
  use_place(fd);
}
static void stale_parent(void) {
  TRY(mkdir("a", 0777));
  int fd = made("a/victim");
  TRY(rename("a", "c"));
  TRY(symlink(outside, "a"));
  use(fd);
  use_place(fd);
}
static void stale_hard_link(void) {
  struct stat st;
  int fd = made("f");
  TRY(link("f", "second"));
  TRY(stat("second", &st));
  TRY(unlink("second"));
  TRY(symlink(victim, "second"));
  use(fd);
  use_place(fd);
}
static void stale_folder(void) {
  TRY(mkdir("a", 0777)), TRY(mkdir("a/d", 0777));
  int fd = TRY(open("a/d", O_RDONLY | O_DIRECTORY));
  TRY(rename("a", "c"));
  TRY(mkdir("a", 0777));
  TRY(symlink(folder, "a/d"));
  use_folder(fd);
  use_place(fd);
  TRY(rename("c/d", "e"));
  TRY(symlink(folder, "c/d"));
  use_folder(fd);
  use_place(fd);
}
static void stale_path_descriptor(void) {
  TRY(mkdir("a", 0777));
  close(made("a/victim"));
  int fd = TRY(open("a/victim", O_PATH)), dir = TRY(open("a", O_PATH));
  TRY(rename("a", "c"));
  TRY(mkdir("a", 0777));
  TRY(symlink(victim, "a/victim"));
  use_place(fd);
  TRY(rename("a", "b"));
  TRY(symlink(outside, "a"));
  use_place(fd);
  use_folder(dir);
  use_place(dir);
}
static void links(void) {
  static const char *const known[] = {"to-victim", "up-to-victim", "to-folder/inner", "up-to-folder/inner", "chain", "sub/up-to-victim"};
  for (unsigned i = 0; i < sizeof known / sizeof *known; i++) use_path(known[i]);
}
static void folder_links(void) {
  use_folder_path("to-folder");
  use_folder_path("up-to-folder");
  use_folder_path("to-folder/.");
  use_folder_path("to-root");
}
static void dangling(void) {
  struct sockaddr_un at = {AF_UNIX, "dangling"};
  int fd = TRY(open("dangling", O_CREAT | O_WRONLY, 0666));
  TRY(write(fd, "out", 3));
  TRY(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0666));
  TRY(mkdir("dangling", 0777));
  TRY(mknod("dangling", S_IFREG | 0666, 0));
  TRY(mknod("dangling", S_IFIFO | 0666, 0));
  TRY(symlink("x", "dangling"));
  TRY(link("file", "dangling"));
  TRY(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&at, sizeof at));
  TRY(rename("file", "dangling/"));
  TRY(mkdir("dangling/", 0777));
}
static void dots(void) {
  char path[4096] = "";
  TRY(open("../outside/victim", O_RDWR | O_TRUNC));
  TRY(open("sub/../../outside/victim", O_RDWR | O_TRUNC));
  for (int i = 0; i < 40; i++) {
    strcat(path, "../");
    char name[8192];
    sprintf(name, "%s%s", path, victim + 1);
    use_path(name);
  }
  for (int i = 0; i < 40; i++) chdir("..");
  use_path(victim);
  int fd = open("/m/sub", O_RDONLY);
  TRY(openat(fd, "../../outside/victim", O_RDWR | O_TRUNC));
  TRY(unlinkat(fd, "../../outside/victim", 0));
  TRY(renameat(fd, "..", fd, "x"));
  TRY(mkdir("/m/sub/..", 0777));
  TRY(rmdir("/m/.."));
}
static void moved_directory(void) {
  TRY(mkdir("a", 0777));
  TRY(mkdir("a/b", 0777));
  TRY(mkdir("a/b/outside", 0777));
  TRY(chdir("a/b"));
  TRY(rename("/m/a/b", "/m/b"));
  TRY(rmdir("/m/a"));
  use_path("../../outside/victim");
  use_path("../outside/victim");
  TRY(symlink(outside, "/m/a"));
  use_path("../a/victim");
}
static void each_component(void) {
  static const char *const parts[] = {"d", "d/e", "d/e/f", "d/e/f/inner"};
  for (int n = 0; n < 4; n++) {
    TRY(mkdir("d", 0777)), TRY(mkdir("d/e", 0777)), TRY(mkdir("d/e/f", 0777));
    int fd = made("d/e/f/inner"), dir = TRY(open("d/e/f", O_RDONLY));
    char away[16];
    sprintf(away, "away%d", n);
    TRY(rename(parts[n], away));
    TRY(symlink(n == 3 ? victim : folder, parts[n]));
    use(fd), use_folder(dir), use_path("d/e/f/inner"), use_path("d/inner"), use_path("d/e/inner"), use_folder_path(parts[n]);
    TRY(unlink(parts[n]));
    sprintf(away, "gone%d", n);
    TRY(rename("d", away));
  }
}
static void hard_links(void) {
  TRY(link("to-victim", "h"));
  TRY(linkat(AT_FDCWD, "to-victim", AT_FDCWD, "h2", AT_SYMLINK_FOLLOW));
  int fd = TRY(open("to-victim", O_PATH | O_NOFOLLOW));
  TRY(linkat(fd, "", AT_FDCWD, "h3", AT_EMPTY_PATH));
  char b[64];
  sprintf(b, "/proc/self/fd/%d", fd);
  TRY(linkat(AT_FDCWD, b, AT_FDCWD, "h4", AT_SYMLINK_FOLLOW));
  TRY(link(victim, "h5"));
  TRY(link("file", victim));
  for (int n = 0; n < 6; n++) sprintf(b, n ? "h%d" : "h", n), use_path(b);
}
static void renames(void) {
  TRY(rename("to-victim", "r"));
  use_path("r");
  TRY(rename("file", "r"));
  TRY(rename("file", "to-folder/file"));
  TRY(rename("to-folder/inner", "stolen"));
  TRY(rename("sub", "to-folder/sub"));
  TRY(rename("sub", "to-folder"));
  TRY(rename("file", victim));
  TRY(rename(victim, "stolen"));
  TRY(rename("file", "/tmp/file"));
  TRY(rename("/m", "/n"));
  TRY(rename("/m/sub", "/m/../n"));
  use_path("stolen");
}
static void exchange(void) {
  TRY(mkdir("d", 0777));
  int fd = made("d/inner"), dir = TRY(open("d", O_RDONLY));
  TRY(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "to-folder", RENAME_EXCHANGE));
  use(fd), use_folder(dir), use_folder_path("d"), use_path("d/inner");
  TRY(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "to-victim", RENAME_EXCHANGE));
  use_path("file"), use_path("to-victim");
  TRY(syscall(SYS_renameat2, AT_FDCWD, "sub", AT_FDCWD, "to-folder", RENAME_NOREPLACE));
  TRY(syscall(SYS_renameat2, AT_FDCWD, "sub", AT_FDCWD, "w", RENAME_WHITEOUT));
}
static void chroots(void) {
  int out = TRY(open(".", O_RDONLY | O_DIRECTORY));
  TRY(chroot("sub"));
  TRY(fchdir(out));
  for (int i = 0; i < 20; i++) chdir("..");
  use_path(victim + 1);
  use_folder_path(folder + 1);
  TRY(chroot("."));
  use_path(victim);
  TRY(fchdir(out));
  TRY(chroot("to-folder"));
  TRY(chroot("/m/to-root"));
  use_path(victim);
}
static void bind_mounts(void) {
  TRY(unshare(CLONE_NEWNS));
  TRY(mkdir("/x", 0777));
  TRY(mount("to-folder", "/x", NULL, MS_BIND, NULL));
  use_folder_path("/x");
  TRY(mount("/m/sub", "/x", NULL, MS_BIND, NULL));
  use_path("/x/../outside/victim");
  use_path("/x/up-to-victim");
  TRY(mount("/x", "to-folder", NULL, MS_BIND, NULL));
  TRY(mount("/m", "/m/sub", NULL, MS_BIND | MS_REC, NULL));
  use_path("sub/../../outside/victim");
  TRY(mount(NULL, "/m", NULL, MS_REMOUNT | MS_BIND, NULL));
  TRY(mount("/dev", "sub", NULL, MS_MOVE, NULL));
  TRY(umount2("/m", MNT_DETACH));
  use_path("up-to-victim");
  use_path("../outside/victim");
}
static void proc_links(void) {
  char b[64];
  int fd = TRY(open("to-victim", O_PATH | O_NOFOLLOW)), dir = TRY(open("to-folder", O_PATH | O_NOFOLLOW));
  sprintf(b, "/proc/self/fd/%d", fd);
  use_path(b);
  sprintf(b, "/proc/self/fd/%d/inner", dir);
  use_path(b);
  sprintf(b, "/proc/self/fd/%d", dir);
  use_folder_path(b);
  use_path("/proc/self/cwd/to-victim");
  use_path("/proc/self/cwd/../outside/victim");
  sprintf(b, "/proc/self/root%s", victim);
  use_path(b);
  for (int n = 0; n < 64; n++) sprintf(b, "/proc/self/fd/%d/../outside/victim", n), open(b, O_RDWR | O_TRUNC);
}
static void special_files(void) {
  static const char *const known[] = {"fifo", "device", "block", "socket"};
  for (int i = 0; i < 4; i++) {
    use_path(known[i]);
    int fd = TRY(open(known[i], O_PATH));
    use_place(fd);
    struct sockaddr_un at = {AF_UNIX, ""};
    strcpy(at.sun_path, known[i]);
    TRY(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&at, sizeof at));
  }
  TRY(mknod("own-device", S_IFCHR | 0666, 0x103));
  TRY(mknod("own-block", S_IFBLK | 0666, 0x800));
  TRY(mknod("own-fifo", S_IFIFO | 0666, 0));
  use_path("own-device"), use_path("own-block"), use_path("own-fifo");
}
static void long_names(void) {
  char name[300], path[16384] = "", b[1024];
  memset(name, 'n', sizeof name);
  for (int n = 250; n < 260; n++) name[n] = 0, TRY(mkdir(name, 0777)), TRY(symlink(victim, name)), name[n] = 'n';
  name[200] = 0;
  for (int n = 0; n < 40; n++) {
    if (TRY(mkdir(name, 0777)) < 0 || chdir(name) < 0) break;
    strcat(strcat(path, name), "/");
  }
  TRY(symlink(victim, "l"));
  TRY(symlink(folder, "lf"));
  use_path("l"), use_folder_path("lf");
  int fd = TRY(open("l", O_PATH | O_NOFOLLOW));
  use_place(fd);
  TRY(readlink("l", b, sizeof b));
  use_path(path);
  memset(path, '/', 4000), strcpy(path + 4000, victim);
  use_path(path);
  for (int n = 0; n < 60; n++) chdir("..");
  use_path("outside/victim");
}
static void attributes(void) {
  TRY(setxattr("to-victim", "user.out", "x", 1, 0));
  TRY(setxattr("to-folder", "user.out", "x", 1, 0));
  TRY(setxattr("to-folder/inner", "trusted.out", "x", 1, 0));
  TRY(lsetxattr("to-victim", "security.out", "x", 1, 0));
  TRY(removexattr("to-victim", "user.kept"));
  int fd = TRY(open("file", O_RDWR));
  TRY(rename("file", "away"));
  TRY(symlink(victim, "file"));
  TRY(fsetxattr(fd, "user.out", "x", 1, 0));
}
static void unlinked(void) {
  int fd = made("f");
  TRY(unlink("f"));
  TRY(symlink(victim, "f"));
  use(fd), use_place(fd);
  TRY(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH));
  use_path("back");
}
static void huge_unlinked(void) {
  char b[16] = "";
  for (int bits = 30; bits <= 40; bits += 10) {
    int fd = made("huge");
    TRY(ftruncate(fd, 1L << bits));
    TRY(unlink("huge"));
    TRY(pwrite(fd, "end", 3, (1L << bits) - 3));
    TRY(pread(fd, b, 3, (1L << bits) - 3));
    TRY(close(fd));
  }
  int fd = made("huge");
  TRY(ftruncate(fd, 1L << 40));
  close(made("other"));
  TRY(rename("other", "huge"));
  TRY(pread(fd, b, 6, 0));
}
static void mapped(void) {
  TRY(mkdir("a", 0777));
  int fd = made("a/victim");
  TRY(ftruncate(fd, 8192));
  char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) return;
  close(fd);
  TRY(rename("a", "c"));
  TRY(symlink(outside, "a"));
  strcpy(p, "out"), strcpy(p + 4096, "out");
  TRY(msync(p, 8192, MS_SYNC));
  TRY(munmap(p, 8192));
}
static void nameless(void) {
  char b[64];
  int fd = TRY(open(".", O_TMPFILE | O_RDWR, 0600));
  TRY(open("to-folder", O_TMPFILE | O_RDWR, 0600));
  sprintf(b, "/proc/self/fd/%d", fd);
  TRY(linkat(AT_FDCWD, b, AT_FDCWD, "to-folder/made", AT_SYMLINK_FOLLOW));
  TRY(linkat(AT_FDCWD, b, AT_FDCWD, "dangling", AT_SYMLINK_FOLLOW));
  int other = syscall(SYS_memfd_create, "m", 0);
  sprintf(b, "/proc/self/fd/%d", other);
  TRY(linkat(AT_FDCWD, b, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  use_path("named");
}
static void replaced(void) {
  int fd = made("f");
  TRY(symlink(victim, "l"));
  TRY(rename("l", "f"));
  use(fd), use_place(fd);
  int second = made("g");
  TRY(rename("g", "f"));
  use(second);
  TRY(mkdir("d", 0777));
  int dir = TRY(open("d", O_RDONLY));
  TRY(rmdir("d"));
  TRY(symlink(folder, "d"));
  use_folder(dir), use_place(dir);
}
static void removed_directory(void) {
  TRY(mkdir("d", 0777));
  TRY(chdir("d"));
  TRY(rmdir("/m/d"));
  TRY(symlink(folder, "/m/d"));
  use_folder(AT_FDCWD);
  use_path("inner"), use_path("../outside/victim");
}
static void execution(void) {
  char *argv[] = {"x", NULL}, *env[] = {NULL};
  TRY(chmod("to-victim", 0777));
  TRY(execve("to-victim", argv, env));
  int fd = TRY(open("to-victim", O_PATH | O_NOFOLLOW));
  TRY(syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH));
  TRY(syscall(SYS_execveat, AT_FDCWD, "to-victim", argv, env, 0));
  TRY(syscall(SYS_execveat, AT_FDCWD, "../outside/victim", argv, env, 0));
}
static void resolution(void) {
  static const unsigned long limits[] = {0, RESOLVE_IN_ROOT, RESOLVE_BENEATH, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS};
  static const char *const known[] = {"to-victim", "up-to-victim", "to-folder/inner", "../outside/victim", "sub/up-to-victim"};
  int dir = TRY(open(".", O_PATH)), fd;
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 5; j++) {
      struct open_how how = {.flags = O_RDWR | O_TRUNC, .resolve = limits[i]};
      if ((fd = TRY(syscall(SYS_openat2, dir, known[j], &how, sizeof how))) >= 0) use(fd), close(fd);
    }
}
static void inherited(void) {
  TRY(mkdir("a", 0777));
  int fd = made("a/victim"), status, pair[2];
  pipe(pair);
  if (fork() == 0) {
    char b;
    read(pair[0], &b, 1);
    use(fd), use_place(fd);
    fflush(stdout);
    _exit(0);
  }
  TRY(rename("a", "c"));
  TRY(mkdir("a", 0777));
  TRY(symlink(victim, "a/victim"));
  TRY(close(fd));
  write(pair[1], "x", 1);
  wait(&status);
}
static void transfers(void) {
  int in = TRY(open("to-victim", O_RDONLY)), fd = made("f"), own = made("g");
  TRY(sendfile(fd, in, NULL, 100));
  TRY(rename("f", "away"));
  TRY(symlink(victim, "f"));
  off_t at = 0;
  TRY(sendfile(fd, own, &at, 6));
  TRY(copy_file_range(own, &at, fd, NULL, 6, 0));
  TRY(fallocate(fd, 0, 0, 100));
  TRY(posix_fallocate(fd, 0, 100));
}
/* Another process of the host swaps d, f and l with links meanwhile. */
static void swapped(void) {
  freopen("/dev/null", "w", stdout);
  for (int i = 0; i < 40; i++) {
    use_folder_path("d");
    use_path("d/inner");
    use_path("f");
    int fd = open("f", O_RDWR | O_NOFOLLOW | O_NONBLOCK), dir = open("d", O_RDONLY | O_NOFOLLOW), place = open("f", O_PATH | O_NOFOLLOW);
    use(fd), use_folder(dir), use_place(dir), use_place(place);
    link("f", "h"), linkat(AT_FDCWD, "d/inner", AT_FDCWD, "h2", 0), use_path("h"), unlink("h"), unlink("h2");
    rename("d/inner", "d/other"), rename("d/other", "d/inner"), rename("f", "g"), rename("g", "f");
    close(fd), close(dir), close(place);
  }
}

static const struct { const char *name; void (*go)(void); } ways[] = {
  {"link-owner", link_owner}, {"link-times", link_times}, {"link-descriptor", link_descriptor}, {"stale-file", stale_file},
  {"stale-parent", stale_parent}, {"stale-hard-link", stale_hard_link}, {"stale-folder", stale_folder},
  {"stale-path-descriptor", stale_path_descriptor}, {"links", links}, {"folder-links", folder_links}, {"dangling", dangling}, {"dots", dots},
  {"moved-directory", moved_directory}, {"each-component", each_component}, {"hard-links", hard_links}, {"renames", renames},
  {"exchange", exchange}, {"chroots", chroots}, {"bind-mounts", bind_mounts}, {"proc-links", proc_links}, {"special-files", special_files},
  {"long-names", long_names}, {"attributes", attributes}, {"unlinked", unlinked}, {"huge-unlinked", huge_unlinked}, {"mapped", mapped},
  {"nameless", nameless}, {"replaced", replaced}, {"removed-directory", removed_directory}, {"execution", execution},
  {"resolution", resolution}, {"inherited", inherited}, {"transfers", transfers}, {"swapped", swapped},
};

int main(int argc, char **argv) {
  strcpy(outside, argv[2]);
  sprintf(victim, "%s/victim", outside), sprintf(folder, "%s/folder", outside);
  signal(SIGPIPE, SIG_IGN), umask(0);
  for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
    if (strcmp(ways[i].name, argv[1])) continue;
    ways[i].go();
    fflush(stdout);
    return 7;
  }
  return 1;
}
