// File handles: made, compared, opened again after renames, and stale.
#include "guest.h"
#define FOLLOW 0x400
#define EMPTY 0x1000
#define FID 0x200
struct handle { unsigned bytes; int type; unsigned char data[128]; };
static struct handle h[8];
static int id;
static long name(int i, int dir, const char *path, int flags) { return sys5(__NR_name_to_handle_at, dir, path, &h[i], &id, flags); }
static long open_handle(int dir, int i, int flags) { return sys3(__NR_open_by_handle_at, dir, &h[i], flags); }
static int same(int a, int b) {
  if (h[a].bytes != h[b].bytes || h[a].type != h[b].type) return 0;
  for (unsigned i = 0; i < h[a].bytes; i++) if (h[a].data[i] != h[b].data[i]) return 0;
  return 1;
}
static void room(void) { for (int i = 0; i < 8; i++) h[i].bytes = 128; }
static int body(int argc, char **argv, char **envp) {
  say("namespace %d\n", sys1(__NR_unshare, 0x20000));
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  say("mount %d\n", sys5(__NR_mount, "none", "/tmp", "tmpfs", 0, 0));
  sys1(__NR_chdir, "/tmp");
  int f = sys3(__NR_open, "file", 0102, 0600), d = sys2(__NR_mkdir, "dir", 0755), e;
  sys3(__NR_write, f, "content", 7);
  sys2(__NR_symlink, "file", "link");
  sys2(__NR_symlink, "nothing", "dangling"), sys2(__NR_symlink, "dir", "todir");
  // O_TMPFILE | O_WRONLY, without and with O_NOFOLLOW.
  say("nameless in a link: %d %d, to a directory %d %d\n", sys3(__NR_open, "dangling", 020200001, 0600), sys3(__NR_open, "dangling", 020600001, 0600),
      L(sys3(__NR_open, "todir", 020200001, 0600) > 0), sys3(__NR_open, "todir", 020600001, 0600));
  sys2(__NR_link, "file", "hard");
  room();
  say("name %d", name(0, -100, "file", 0));
  say(" bytes %d type %d, id %d\n", L(h[0].bytes), L(h[0].type), L(id > 0));
  say("again %d, hard link %d, symbolic link %d, followed %d, directory %d, descriptor %d\n", name(1, -100, "/tmp/file", 0), name(2, -100, "hard", 0), name(3, -100, "link", 0), name(4, -100, "link", FOLLOW), name(5, -100, "dir", 0),
      name(6, f, "", EMPTY));
  say("same %d %d %d %d %d %d\n", L(same(0, 1)), L(same(0, 2)), L(same(0, 3)), L(same(0, 4)), L(same(0, 5)), L(same(0, 6)));
  say("flags %d, none %d, closed %d, bad name %d, bad handle %d, bad id %d, empty %d\n", name(7, -100, "file", 2), name(7, -100, "nothing", 0), name(7, 99, "file", 0), name(7, -100, (void *)16, 0),
      sys5(__NR_name_to_handle_at, -100, "file", 16, &id, 0), sys5(__NR_name_to_handle_at, -100, "file", &h[7], 16, 0), name(7, -100, "", 0));
  h[7].bytes = 0;
  say("asks for the size %d", name(7, -100, "file", 0));
  say(" %d\n", L(h[7].bytes));
  h[7].bytes = 129;
  say("too much %d\n", name(7, -100, "file", 0));
  room();
  say("proc %d, as an identifier %d, pipe %d\n", name(7, -100, "/proc/self", 0), name(7, -100, "/proc/self", FID), name(7, ({ int p[2]; sys1(__NR_pipe, p); p[0]; }), "", EMPTY));
  long g = open_handle(-100, 0, 0);
  char buf[16] = {0};
  say("open %d", L(g > 0));
  say(" read %d", sys3(__NR_read, g, buf, 15));
  say(" %s\n", buf);
  sys2(__NR_rename, "file", "dir/moved");
  sys1(__NR_unlink, "hard");
  say("after a rename %d, by a descriptor of the mount %d, of another %d, for writing %d\n", L(open_handle(-100, 0, 0) > 0), L(open_handle(f, 0, 0) > 0), open_handle(sys3(__NR_open, "/proc", 0, 0), 0, 0), L(open_handle(-100, 0, 2) > 0));
  say("directory %d, as a file %d, link %d, path %d, create %d, closed %d, bad %d\n", L(open_handle(-100, 5, 0200000) > 0), open_handle(-100, 0, 0200000), open_handle(-100, 3, 0), L(open_handle(-100, 3, 010000000) > 0), open_handle(-100, 5, 2), open_handle(99, 0, 0),
      sys3(__NR_open_by_handle_at, -100, 16, 0));
  h[7] = h[0], h[7].bytes = 0;
  say("empty %d", open_handle(-100, 7, 0));
  h[7].bytes = 129;
  say(", too long %d", open_handle(-100, 7, 0));
  h[7] = h[0], h[7].type = 77;
  say(", type %d", L(open_handle(-100, 7, 0) > 0));
  h[7] = h[0], h[7].bytes = 4;
  say(", short %d\n", open_handle(-100, 7, 0));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresuid, 50, 50, 50);
    say("other user: name %d, open %d\n", name(6, -100, "dir", 0), open_handle(-100, 0, 0));
    finish(0);
  }
  end(pid);
  sys1(__NR_unlink, "dir/moved");
  say("unlinked, but open %d\n", L(open_handle(-100, 0, 0) > 0));
  for (int i = 3; i < 40; i++) sys1(__NR_close, i);
  say("gone %d, rmdir %d", open_handle(-100, 0, 0), sys1(__NR_rmdir, "dir"));
  say(", directory %d\n", open_handle(-100, 5, 0));
  return 0;
}
