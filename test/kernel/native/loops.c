// Loop devices: a file as a block device, its sizes, offset and limit, and how it is released.
#include "guest.h"
#ifdef __x86_64__
#define PREAD(fd, b, n, at) sys4(__NR_pread64, fd, b, n, at)
#define PWRITE(fd, b, n, at) sys4(__NR_pwrite64, fd, b, n, at)
#define WORD 0x80081200u
#define FSTAT(fd, b) sys2(__NR_fstat, fd, b)
#else
#define PREAD(fd, b, n, at) sys5(__NR_pread64, fd, b, n, at, 0)
#define PWRITE(fd, b, n, at) sys5(__NR_pwrite64, fd, b, n, at, 0)
#define WORD 0x80041200u
#endif
enum { SET_FD = 0x4c00, CLR_FD, SET_STATUS, GET_STATUS, SET_STATUS64, GET_STATUS64, SET_BLOCK_SIZE = 0x4c09, CONFIGURE, GET_FREE = 0x4c82 };
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})
struct info { uint64_t device, inode, rdevice, offset, limit; uint32_t number, cipher, key_size, flags; char file[64], crypt[64]; uint8_t key[32]; uint64_t init[2]; } __attribute__((packed, aligned(8)));
struct config { uint32_t fd, block_size; struct info info; uint64_t reserved[8]; };
static struct info info;
static struct config config;
static char b[8192];
static long ioctl_(long fd, long request, long arg) { return sys3(__NR_ioctl, fd, request, arg); }
static long size(long fd) {
  uint64_t n = 0;
  long r = ioctl_(fd, (long)(WORD | 0x72), (long)&n);
  return r < 0 ? r : (long)n;
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  long file = sys2(__NR_memfd_create, "disk", 0), control = sys3(__NR_open, "/dev/loop-control", 2, 0), n = ioctl_(control, GET_FREE, 0);
  sys2(__NR_ftruncate, file, 100 * 1024 + 100);
  say("free %d wrong request %d\n", L(n >= 0), ioctl_(control, 0x4c99, 0));
  char path[] = "/dev/loop0\0\0";
  if (n < 10) path[9] = (char)('0' + n);
  else path[9] = (char)('0' + n / 10), path[10] = (char)('0' + n % 10);
  long dev = sys3(__NR_open, path, 2, 0);
  say("open %d size %d read %d status %d clear %d\n", L(dev >= 0), size(dev), sys3(__NR_read, dev, b, 512), ioctl_(dev, GET_STATUS64, (long)&info), ioctl_(dev, CLR_FD, 0));
  say("attach nothing %d a pipe end %d", ioctl_(dev, SET_FD, 99), ioctl_(dev, SET_FD, control));
  say(" %d twice %d\n", ioctl_(dev, SET_FD, file), ioctl_(dev, SET_FD, file));
  int sector = 0;
  unsigned long sectors = 0;
  say("size %d sectors %d %d", size(dev), ioctl_(dev, 0x1260, (long)&sectors), L(sectors));
  say(" sector %d %d read-only %d", ioctl_(dev, 0x1268, (long)&sector), L(sector), ioctl_(dev, 0x125e, (long)&sector));
  say(" %d\n", L(sector));
  memset(b, 'x', sizeof b);
  say("write %d flush %d sync %d", PWRITE(dev, b, 4096, 8192), ioctl_(dev, 0x1261, 0), sys1(__NR_fsync, dev));
  memset(b, 0, sizeof b);
  say(" in the file %d %c", PREAD(file, b, 4096, 8192), L(b[0]));
  say(" at the end %d beyond %d read beyond %d", PWRITE(dev, b, 4096, 100 * 1024 - 1024), PWRITE(dev, b, 4096, 100 * 1024), PREAD(dev, b, 4096, 200 * 1024));
  say(" seek to the end %d\n", sys3(__NR_lseek, dev, 0, 2));
  memset(&info, 0, sizeof info);
  say("status %d", ioctl_(dev, GET_STATUS64, (long)&info));
  say(" offset %d limit %d number %d flags %d", L(info.offset), L(info.limit), L(info.number == n), L(info.flags));
  info.offset = 4096, info.limit = 8192;
  memcpy(info.file, "a name", 7);
  say(" set %d size %d", ioctl_(dev, SET_STATUS64, (long)&info), size(dev));
  memset(&info, 0, sizeof info);
  ioctl_(dev, GET_STATUS64, (long)&info);
  say(" offset %d limit %d name %s", L(info.offset), L(info.limit), L(info.file));
  say(" read %d %c\n", PREAD(dev, b, 1, 4096), L(b[0]));
  say("holes %d odd %d", ioctl_(dev, 0x1277, (long)(uint64_t[]){4096, 4096}), ioctl_(dev, 0x1277, (long)(uint64_t[]){100, 4096}));
  say(" now %d %d\n", PREAD(dev, b, 1, 4096), L(b[0]));
  say("clear %d while open %d then %d", ioctl_(dev, CLR_FD, 0), L(size(dev) >= 0), sys1(__NR_close, dev));
  dev = sys3(__NR_open, path, 2, 0);
  say(" again %d size %d", L(dev >= 0), size(dev));
  config.fd = (uint32_t)file, config.info.offset = 512, config.info.flags = 1 | 4;
  say(" configure %d size %d write %d read-only %d", ioctl_(dev, CONFIGURE, (long)&config), size(dev), sys3(__NR_write, dev, b, 512), ioctl_(dev, 0x125e, (long)&sector));
  say(" %d", L(sector));
  config.info.flags = 2;
  say(" flags %d mount %d other type %d\n", ioctl_(dev, CONFIGURE, (long)&config), sys5(__NR_mount, path, "/proc", "nothing", 0, 0), sys3(__NR_readlink, path, b, 5));
  sys1(__NR_close, dev);
  return 0;
}
