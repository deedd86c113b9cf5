// request_key(2) with a program that constructs keys: run as /sbin/request-key it instantiates, refuses or ignores a key by its description.
#include "guest.h"
static char buf[200], desc[200];
#define keyctl(op, a, b, c, d) sys5(__NR_keyctl, op, a, b, c, d)
static int same(const char *a, const char *b) {
  while (*b && *a == *b) a++, b++;
  return !*b;
}
static long parse(const char *s) {
  long n = 0;
  while (*s) n = n * 10 + *s++ - '0';
  return n;
}
// request-key OP KEY UID GID THREAD PROCESS SESSION
static int construct(int argc, char **argv, char **envp) {
  long key = parse(argv[2]);
  int n = 0;
  while (envp[n]) n++;
  keyctl(6, key, desc, sizeof desc, 0);
  long authority = keyctl(16, key, 0, 0, 0), info = keyctl(11, authority, buf, sizeof buf, 0);
  char *name = desc;
  for (char *p = desc; *p; p++) if (*p == ';') name = p + 1;
  // A console is not open: the results go into the payload.
  if (same(name, "ignored")) return 3;
  if (same(name, "refused")) return -keyctl(19, key, 60, 129, -3);
  char *q = buf + info;
  *q++ = '0' + argc, *q++ = '0' + n, *q++ = *argv[3], *q++ = authority > 0 ? '+' : '-', *q++ = keyctl(11, -8, 0, 0, 0) == 4 ? '+' : '-';
  if (same(name, "given")) return -keyctl(12, key, buf, q - buf, 0);
  struct { void *at; long n; } parts[2] = {{"iov:", 4}, {buf, q - buf}};
  return -keyctl(20, key, parts, 2, -1);
}
static void ask(const char *name) {
  int id = 0;
  long ring = sys5(__NR_add_key, "keyring", "r", 0, 0, -2), r = sys4(__NR_request_key, "user", name, "info:", ring);
  keyctl(11, ring, &id, 4, 0);
  say("%s: %d, in the ring %d", name, r > 0 ? 1L : r, L(id == r));
  memset(buf, 0, sizeof buf);
  long n = keyctl(11, id, buf, sizeof buf, 0);
  say(", read %d %s, again %d\n", n, buf, L(sys4(__NR_request_key, "user", name, 0, ring) == r));
}
static int body(int argc, char **argv, char **envp) {
  if (argc == 8) return construct(argc, argv, envp);
  keyctl(1, 0, 0, 0, 0);
  ask("given");
  ask("in parts");
  ask("refused");
  ask("ignored");
  return 0;
}
