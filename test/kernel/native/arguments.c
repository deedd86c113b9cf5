// Arguments and environments of execve: bytes of all values, lengths at the limits, bad addresses, scripts.
#include "guest.h"

#define MAX_STRING 131072
#define PAGE 4096
#ifdef __x86_64__
#define MMAP __NR_mmap
#else
#define MMAP __NR_mmap2
#endif

static unsigned hash;
static void hashes(const char *s, long n) {
  for (long i = 0; i < n; i++) hash = (hash ^ (unsigned char)s[i]) * 16777619u;
}
static long length(const char *s) {
  long n = 0;
  while (s[n]) n++;
  return n;
}

/* The new program: its strings, as it finds them and as the kernel shows them. */
static int shows(int argc, char **argv, char **envp, int from) {
  static char part[PAGE];
  int vars = 0;
  for (int i = from; i < argc && i < from + 4; i++) {
    long n = length(argv[i]);
    hash = 2166136261u;
    hashes(argv[i], n);
    say("    %d bytes, %x\n", n, L(hash));
  }
  hash = 2166136261u;
  for (int i = from; i < argc; i++) hashes(argv[i], length(argv[i]) + 1);
  for (int i = 1; i < argc; i++)
    if (argv[i] != argv[i - 1] + length(argv[i - 1]) + 1) say("    a gap before %d\n", L(i));
  say("    argc %d, %x\n", L(argc), L(hash));
  hash = 2166136261u;
  while (envp[vars]) hashes(envp[vars], length(envp[vars]) + 1), vars++;
  say("    %d variables, %x\n", L(vars), L(hash));
  if (from == 0) {
    const char *names[] = {"/proc/self/cmdline", "/proc/self/environ"};
    for (int i = 0; i < 2; i++) {
      long fd = sys3(__NR_open, names[i], 0, 0), n, all = 0;
      hash = 2166136261u;
      while ((n = sys3(__NR_read, fd, part, sizeof part)) > 0) hashes(part, n), all += n;
      say("    %s: %d bytes, %x\n", names[i], all, L(hash));
    }
  }
  return 0;
}

static char *self;
static void runs(const char *what, const char *path, char **args, char **env) {
  say("%s\n", what);
  int pid = (int)sys0(__NR_fork);
  if (!pid) {
    say("  %d\n", sys3(__NR_execve, path, args, env));
    finish(1);
  }
  say("  status %x\n", L(end(pid)));
}

static char bytes[256], letters[MAX_STRING + 1], script[600];
static char *many[40002];

static int body(int argc, char **argv, char **envp) {
  char *child[] = {"CHILD=\xff\x80\xc3", "", "B=\xe4", 0};
  if (argc > 1 && length(argv[1]) == 9 && argv[1][0] == '(') return shows(argc, argv, envp, 3);
  if (envp[0] && envp[0][0] == 'C' && envp[0][1] == 'H') return shows(argc, argv, envp, 0);
  self = argv[0];
  for (int i = 0; i < 255; i++) bytes[i] = (char)(i + 1);
  memset(letters, 'y', MAX_STRING);

  runs("all bytes", self, (char *[]){"\xfe", bytes, "", "\xc3\xa4\xff", "", 0}, child);
  runs("no arguments", self, 0, child);
  runs("an empty list", self, (char *[]){0}, child);
  runs("as long as may be", self, (char *[]){"x", letters + 1, 0}, child);
  runs("longer", self, (char *[]){"x", letters, 0}, child);
  runs("a variable as long as may be", self, (char *[]){"x", 0}, (char *[]){child[0], letters + 1, 0});
  runs("a longer variable", self, (char *[]){"x", 0}, (char *[]){child[0], letters, 0});

  for (int n = 12; n < 17; n += 2) {
    for (int i = 0; i < n; i++) many[i] = letters + 1 + i;
    many[n] = 0;
    runs("long ones", self, many, child);
  }
  for (int n = 10000; n <= 40000; n *= 2) {
    for (int i = 0; i < n; i++) many[i] = letters + MAX_STRING - i % 7;
    many[n] = 0;
    runs("many short ones", self, many, child);
  }
  many[3] = 0;

  char *end = (char *)sys6(MMAP, 0, 3 * PAGE, 3, 0x22, -1, 0) + 2 * PAGE;
  sys2(__NR_munmap, end, PAGE);
  memset(end - PAGE - 100, 'z', PAGE + 100);
  runs("a string into nowhere", self, (char *[]){"x", end - PAGE - 50, 0}, child);
  runs("a variable into nowhere", self, (char *[]){"x", 0}, (char *[]){child[0], end - 1, 0});
  end[-1] = 0;
  runs("a string up to the end", self, (char *[]){"x", end - PAGE - 50, end - 1, 0}, child);
  runs("nowhere", self, (char *[]){"x", (char *)1, 0}, child);
  char **list = (char **)end - 2;
  list[0] = list[1] = "w";
  runs("a list into nowhere", self, list, child);
  runs("variables into nowhere", self, (char *[]){"x", 0}, list);
  list[1] = 0;
  runs("a list up to the end", self, list, child);

  long limit[2] = {256 << 10, 8 << 20};
  sys2(__NR_setrlimit, 3, limit);
  runs("a small stack", self, (char *[]){"x", letters + MAX_STRING - 100000, 0}, child);
  runs("a small stack, too much", self, (char *[]){"x", letters + MAX_STRING - 100000, letters + MAX_STRING - 31000, 0}, child);
  runs("a small stack, not quite", self, (char *[]){"x", letters + MAX_STRING - 100000, letters + MAX_STRING - 30000, 0}, child);

  /* The name of the script has no fixed length natively, so it is not shown. */
  long n = 0, fd = sys2(__NR_memfd_create, "script", 0);
  const char *head[] = {"#! ", self, " (\xff\xfe and\t) \nrest"};
  for (int i = 0; i < 3; i++)
    for (const char *s = head[i]; *s; s++) script[n++] = *s;
  sys3(__NR_write, fd, script, n);
  sys2(__NR_dup2, fd, 40);
  runs("a script", "/proc/self/fd/40", (char *[]){"dropped", "\xf0\xf1", bytes, "", 0}, child);
  runs("a script without arguments", "/proc/self/fd/40", (char *[]){0}, child);
  return 0;
}
