// /dev/kmsg: records that programs write and read, positions, small buffers; who may open /proc/kmsg.
#include "guest.h"
enum { NONBLOCK = 0x800 };
static char buffer[9000];
static long length(const char *s) {
  long n = 0;
  while (s[n]) n++;
  return n;
}
/* The level, the flags and the text of the next record that holds `mine`; its number and time differ. */
static void show(const char *what, long fd, const char *mine) {
  for (;;) {
    long n = sys3(__NR_read, fd, buffer, sizeof buffer - 1), i = 0, commas = 0;
    if (n < 0) {
      say("%s %d\n", what, n);
      return;
    }
    buffer[n] = 0;
    while (buffer[i] && commas < 3) commas += buffer[i++] == ',';
    long from = i, j = 0;
    while (buffer[i] && buffer[i] != ';') i++;
    while (mine[j] && buffer[i + 1 + j] == mine[j]) j++;
    if (mine[j]) continue;
    long level = 0;
    for (long k = 0; buffer[k] != ','; k++) level = level * 10 + buffer[k] - '0';
    say("%s %d: level %d %s", what, L(n == i + 1 + length(buffer + i + 1)), level, buffer + from);
    return;
  }
}
static int polled(long fd, int wait) {
  struct { int fd; short events, revents; } p = {(int)fd, 0x7fff, 0};
  sys3(__NR_poll, &p, 1, wait);
  return p.revents;
}
/* A record can be read when its writer is through with it: some time after the write. */
static void writes(long fd, const char *text, long n) {
  say("write %d\n", sys3(__NR_write, sys3(__NR_open, "/dev/kmsg", 1, 0), text, n));
  polled(fd, 2000);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  long fd = sys3(__NR_open, "/dev/kmsg", NONBLOCK, 0);
  say("open %d\n", L(fd > 0));
  static const int whences[] = {0, 1, 2, 3, 4};
  for (int i = 0; i < 5; i++) say("seek %d: %d", L(whences[i]), sys3(__NR_lseek, fd, 0, whences[i])), say(" %d\n", sys3(__NR_lseek, fd, 1, whences[i]));
  sys3(__NR_lseek, fd, 0, 2);
  say("at the end %d, poll %x\n", sys3(__NR_read, fd, buffer, sizeof buffer), L(polled(fd, 0)));
  writes(fd, "trapgate-kmsg one\n", 18);
  say("poll %x", L(polled(fd, 0)));
  say(" small %d\n", sys3(__NR_read, fd, buffer, 8));
  show("plain", fd, "trapgate-kmsg");
  writes(fd, "<14>trapgate-kmsg \x01\\two\n", 24);
  show("level", fd, "trapgate-kmsg");
  writes(fd, "<3>trapgate-kmsg three\n", 23);
  show("no facility", fd, "trapgate-kmsg");
  writes(fd, "<x>trapgate-kmsg\n", 17);
  show("no number", fd, "<x>");
  for (int i = 0; i < 2000; i++) buffer[i] = 'y';
  say("long %d\n", sys3(__NR_write, sys3(__NR_open, "/dev/kmsg", 1, 0), buffer, 1025));
  say("last %d\n", sys3(__NR_read, fd, buffer, sizeof buffer));
  say("write to a reader %d, read of a writer %d\n", sys3(__NR_write, fd, "x", 1), sys3(__NR_read, sys3(__NR_open, "/dev/kmsg", 1, 0), buffer, 100));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    uint32_t header[2] = {0x20080522, 0}, none[6] = {0};
    say("proc %d", L(sys3(__NR_open, "/proc/kmsg", NONBLOCK, 0) > 0));
    say(" capset %d", sys2(__NR_capset, header, none));
    say(" proc %d\n", sys3(__NR_open, "/proc/kmsg", NONBLOCK, 0));
    finish(0);
  }
  end(pid);
  return 0;
}
