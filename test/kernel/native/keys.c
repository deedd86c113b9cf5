// Keys and keyrings: types, payloads, searches, permissions, quotas, timeouts, sessions, threads and children.
#include "guest.h"
enum { GET_ID, JOIN, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK, UNLINK, SEARCH, READ, INSTANTIATE, NEGATE, SET_REQKEY, SET_TIMEOUT,
  ASSUME, GET_SECURITY, TO_PARENT, REJECT, INSTANTIATE_IOV, INVALIDATE, PERSISTENT, DH, PKEY_QUERY, RESTRICT = 29, MOVE, CAPABILITIES, WATCH };
#define THREAD -1
#define PROCESS -2
#define SESSION -3
#define USER -4
#define USER_SESSION -5
static char buf[9000];
static long add(const char *type, const char *desc, const void *data, long n, long ring) { return sys5(__NR_add_key, type, desc, data, n, ring); }
static long request(const char *type, const char *desc, const char *info, long ring) { return sys4(__NR_request_key, type, desc, info, ring); }
#define keyctl(op, a, b, c, d) sys5(__NR_keyctl, op, a, b, c, d)
static long flat(long r) { return r > 0 ? 1 : r; }
static void describe(const char *what, long id) {
  memset(buf, 0, 200);
  say(" %s: %d", what, flat(keyctl(DESCRIBE, id, buf, sizeof buf, 0)));
  // Serial numbers in names are random.
  say(" %s\n", buf);
}
static void read_text(const char *what, long id, long n) {
  memset(buf, '.', 20);
  buf[20] = 0;
  long r = keyctl(READ, id, buf, n, 0);
  say(" %s: %d %s\n", what, r, buf);
}
static long count(long ring) {
  long r = keyctl(READ, ring, 0, 0, 0);
  return r < 0 ? r : r / 4;
}
// The lines of this process's own keyrings in /proc/keys that hold a text.
static char text_file[1 << 16];
static long slurp(const char *path) {
  long fd = sys3(__NR_open, path, 0, 0), n = 0, r;
  while ((r = sys3(__NR_read, fd, text_file + n, sizeof text_file - 1 - n)) > 0) n += r;
  sys1(__NR_close, fd);
  text_file[n] = 0;
  return n;
}
static int same(const char *a, const char *b) {
  while (*b && *a == *b) a++, b++;
  return !*b;
}
static void line_of(const char *needle) {
  slurp("/proc/keys");
  char *start = text_file;
  for (char *p = text_file; *p; p++) {
    if (*p == '\n') start = p + 1;
    if (!same(p, needle)) continue;
    char *e = p;
    while (*e && *e != '\n') e++;
    *e = 0;
    // Without the serial number and the count of uses.
    start[8 + 9] = 0;
    say(" proc:%s|%s\n", start + 8, start + 8 + 10 + 5);
    return;
  }
  say(" proc: no %s\n", needle);
}
static void usage(const char *what, unsigned uid) {
  slurp("/proc/key-users");
  char *p = text_file;
  while (*p) {
    unsigned n = 0;
    char *q = p;
    while (*q == ' ') q++;
    while (*q >= '0' && *q <= '9') n = n * 10 + *q++ - '0';
    char *e = q;
    while (*e && *e != '\n') e++;
    int more = *e;
    if (n == uid) {
      *e = 0;
      // After the uses and the counts of keys, which the collector changes later.
      while (*q && *q != '/') q++;
      while (*q && *q != ' ') q++;
      say(" %s:%s\n", what, q);
      return;
    }
    p = e + (more ? 1 : 0);
  }
  say(" %s: none\n", what);
}
static void types(void) {
  say("types\n");
  static char big[40000];
  long r = PROCESS;
  say(" user %d, empty %d, no name %d, null name %d, long %d, greatest %d\n", flat(add("user", "a", "x", 1, r)), add("user", "a", "", 0, r), add("user", "", "x", 1, r),
      add("user", 0, "x", 1, r), add("user", "a", big, 32768, r), flat(add("user", "b", big, 32767, r)));
  say(" logon %d, colon first %d, plain %d\n", flat(add("logon", "x:y", "p", 1, r)), add("logon", ":y", "p", 1, r), add("logon", "y", "p", 1, r));
  say(" keyring %d, with data %d, dot %d, dot user %d\n", flat(add("keyring", "ring", 0, 0, r)), add("keyring", "r2", "x", 1, r), add("keyring", ".r", 0, 0, r),
      flat(add("user", ".u", "x", 1, r)));
  say(" unknown %d, dot type %d, empty type %d, long type %d, bad type %d\n", add("nothing", "a", "x", 1, r), add(".user", "a", "x", 1, r), add("", "a", "x", 1, r),
      add("0123456789012345678901234567890123456789", "a", "x", 1, r), add((void *)16, "a", "x", 1, r));
  say(" bad desc %d, bad data %d, null data %d, too long %d\n", add("user", (void *)16, "x", 1, r), add("user", "a", (void *)16, 1, r), add("user", "a", 0, 1, r),
      add("user", "a", "x", 1 << 20, r));
  memset(big, 'd', 5000);
  say(" long desc %d", add("user", big, "x", 1, r));
  big[4095] = 0;
  say(" %d\n", flat(add("user", big, "x", 1, r)));
  say(" into a key %d, none %d, zero %d, group %d, requester %d, authority %d, -9 %d\n", add("user", "q", "x", 1, add("user", "a", "x", 1, r)), add("user", "q", "x", 1, 77),
      add("user", "q", "x", 1, 0), add("user", "q", "x", 1, -6), add("user", "q", "x", 1, -8), add("user", "q", "x", 1, -7), add("user", "q", "x", 1, -9));
  say(" count %d, clear %d, count %d\n", count(r), keyctl(CLEAR, r, 0, 0, 0), count(r));
}
static void payloads(void) {
  say("payloads\n");
  long k = add("user", "key", "hello", 5, PROCESS), l = add("logon", "s:key", "hidden", 6, PROCESS), g = add("keyring", "ring", 0, 0, PROCESS);
  describe("user", k);
  describe("logon", l);
  describe("keyring", g);
  describe("process", PROCESS);
  describe("none", 99);
  say(" describe short %d, null %d, bad %d\n", flat(keyctl(DESCRIBE, k, buf, 4, 0)), flat(keyctl(DESCRIBE, k, 0, 0, 0)), keyctl(DESCRIBE, k, 16, 100, 0));
  read_text("read", k, 20);
  read_text("exact", k, 5);
  read_text("short", k, 4);
  say(" length %d, bad %d, logon %d, ring odd %d, ring %d\n", keyctl(READ, k, 0, 0, 0), keyctl(READ, k, 16, 100, 0), keyctl(READ, l, buf, 20, 0), keyctl(READ, PROCESS, buf, 5, 0),
      keyctl(READ, PROCESS, buf, 8, 0));
  say(" update %d, empty %d, large %d, ring %d, logon %d, none %d, bad %d\n", keyctl(UPDATE, k, "changed", 7, 0), keyctl(UPDATE, k, "", 0, 0), keyctl(UPDATE, k, buf, 4097, 0),
      keyctl(UPDATE, g, "x", 1, 0), keyctl(UPDATE, l, "x", 1, 0), keyctl(UPDATE, 99, "x", 1, 0), keyctl(UPDATE, k, 16, 4, 0));
  read_text("updated", k, 20);
  say(" again %d", L(add("user", "key", "by add_key", 10, PROCESS) == k));
  read_text("", k, 20);
  say(" another ring %d, replaced ring %d\n", L(add("keyring", "ring", 0, 0, PROCESS) == g), flat(keyctl(GET_ID, g, 0, 0, 0)));
  say(" security %d", keyctl(GET_SECURITY, k, buf, 100, 0));
  say(" %d, bad %d, none %d\n", L(buf[0]), keyctl(GET_SECURITY, k, 16, 10, 0), keyctl(GET_SECURITY, 99, buf, 10, 0));
  memset(buf, 0xff, 8);
  say(" capabilities %d", keyctl(CAPABILITIES, buf, 4, 0, 0));
  // Without public keys, Diffie-Hellman, big keys and notifications, which are options.
  say(" %x %x %x, none %d, bad %d\n", L(buf[0] & 0xe3), L(buf[1] & 3), L(buf[2]), keyctl(CAPABILITIES, 0, 0, 0, 0), keyctl(CAPABILITIES, 16, 2, 0, 0));
  say(" unknown %d %d\n", keyctl(99, 0, 0, 0, 0), keyctl(-1, 0, 0, 0, 0));
  line_of("by add_key");
  line_of("key: 10");
  line_of("s:key");
  keyctl(CLEAR, PROCESS, 0, 0, 0);
}
static void links(void) {
  say("links\n");
  long a = add("keyring", "a", 0, 0, PROCESS), b = add("keyring", "b", 0, 0, a), c = add("keyring", "c", 0, 0, b), k = add("user", "deep", "v", 1, c);
  say(" search %d, other type %d, other name %d, in a key %d, none %d\n", L(keyctl(SEARCH, PROCESS, "user", "deep", 0) == k), keyctl(SEARCH, PROCESS, "logon", "deep", 0),
      keyctl(SEARCH, PROCESS, "user", "deeper", 0), keyctl(SEARCH, k, "user", "deep", 0), keyctl(SEARCH, 99, "user", "deep", 0));
  say(" unknown type %d, dot %d, bad %d %d\n", keyctl(SEARCH, PROCESS, "nothing", "deep", 0), keyctl(SEARCH, PROCESS, ".x", "deep", 0), keyctl(SEARCH, PROCESS, 16, "deep", 0),
      keyctl(SEARCH, PROCESS, "user", 16, 0));
  say(" itself %d, into %d, count %d, into a key %d\n", L(keyctl(SEARCH, a, "keyring", "a", 0) == a), L(keyctl(SEARCH, PROCESS, "user", "deep", a) == k), count(a),
      keyctl(SEARCH, PROCESS, "user", "deep", k));
  say(" cycle %d %d, itself %d, key into key %d, none %d %d\n", keyctl(LINK, a, c, 0, 0), keyctl(LINK, a, b, 0, 0), keyctl(LINK, a, a, 0, 0), keyctl(LINK, a, k, 0, 0),
      keyctl(LINK, 99, a, 0, 0), keyctl(LINK, k, 99, 0, 0));
  say(" twice %d %d, count %d\n", keyctl(LINK, k, b, 0, 0), keyctl(LINK, k, b, 0, 0), count(b));
  say(" unlink %d, again %d, none %d, from a key %d, ids %d\n", keyctl(UNLINK, k, b, 0, 0), keyctl(UNLINK, k, b, 0, 0), keyctl(UNLINK, 99, b, 0, 0), keyctl(UNLINK, k, k, 0, 0),
      keyctl(UNLINK, k, THREAD, 0, 0));
  say(" move flags %d, move %d, gone %d, same %d, missing %d\n", keyctl(MOVE, k, a, b, 2), keyctl(MOVE, k, a, b, 0), keyctl(MOVE, k, a, b, 0), keyctl(MOVE, k, b, b, 0), keyctl(MOVE, k, PROCESS, b, 0));
  long other = add("user", "deep", "w", 1, a);
  say(" exclusive %d, displaced %d, counts %d %d\n", keyctl(MOVE, other, a, b, 1), keyctl(MOVE, other, a, b, 0), count(a), count(b));
  long d = add("keyring", "d", 0, 0, c), e = add("keyring", "e", 0, 0, d), f = add("keyring", "f", 0, 0, e), g = add("keyring", "g", 0, 0, f);
  long far = add("user", "far", "v", 1, f), farther = add("user", "farther", "v", 1, g);
  say(" far %d, farther %d, from inside %d\n", L(keyctl(SEARCH, PROCESS, "user", "far", 0) == far), L(keyctl(SEARCH, PROCESS, "user", "farther", 0) == farther), L(keyctl(SEARCH, b, "user", "farther", 0) == farther));
  long top = add("keyring", "top", 0, 0, PROCESS);
  say(" too deep %d, one below %d\n", keyctl(LINK, a, top, 0, 0), keyctl(LINK, b, top, 0, 0));
  say(" restrict %d, again %d, add %d, link %d, type %d, text %d, unknown %d, a key %d\n", keyctl(RESTRICT, top, 0, 0, 0), keyctl(RESTRICT, top, 0, 0, 0), flat(add("user", "z", "x", 1, top)), keyctl(LINK, a, top, 0, 0),
      keyctl(RESTRICT, a, "user", 0, 0), keyctl(RESTRICT, a, "user", "x", 0), keyctl(RESTRICT, a, "nothing", "x", 0), keyctl(RESTRICT, a, 0, "x", 0));
  keyctl(CLEAR, PROCESS, 0, 0, 0);
}
static void ends(void) {
  say("ends\n");
  long k = add("user", "k", "v", 1, PROCESS), g = add("keyring", "g", 0, 0, PROCESS), in = add("user", "in", "v", 1, g);
  say(" revoke %d", keyctl(REVOKE, k, 0, 0, 0));
  say(", read %d, revoke %d, link %d, search %d, describe %d, linked %d\n", keyctl(READ, k, buf, 10, 0), keyctl(REVOKE, k, 0, 0, 0), keyctl(LINK, k, g, 0, 0), keyctl(SEARCH, PROCESS, "user", "k", 0),
      keyctl(DESCRIBE, k, buf, 100, 0), count(PROCESS));
  say(" request %d, new %d\n", flat(request("user", "k", 0, 0)), L(add("user", "k", "new", 3, PROCESS) != k));
  say(" revoke ring %d, add %d, read %d, inner %d\n", keyctl(REVOKE, g, 0, 0, 0), flat(add("user", "x", "x", 1, g)), keyctl(READ, g, buf, 8, 0), flat(keyctl(READ, in, buf, 8, 0)));
  long i = add("user", "i", "v", 1, PROCESS);
  say(" invalidate %d, read %d, none %d\n", keyctl(INVALIDATE, i, 0, 0, 0), keyctl(READ, i, buf, 10, 0), keyctl(INVALIDATE, 99, 0, 0, 0));
  long t = add("user", "t", "v", 1, PROCESS);
  say(" timeout %d", keyctl(SET_TIMEOUT, t, 1, 0, 0));
  say(" before %d", keyctl(READ, t, buf, 10, 0));
  long ts[2] = {1, 100000000};
  sys2(__NR_nanosleep, ts, 0);
  say(" after %d, search %d, request %d, describe %d, timeout %d\n", keyctl(READ, t, buf, 10, 0), keyctl(SEARCH, PROCESS, "user", "t", 0), request("user", "t", 0, 0), keyctl(DESCRIBE, t, buf, 100, 0),
      keyctl(SET_TIMEOUT, t, 0, 0, 0));
  line_of("t: 1");
  long again = add("user", "t", "new", 3, PROCESS);
  say(" add again %d", L(again == t));
  read_text("", again, 10);
  say(" clear %d, timeout of none %d\n", keyctl(CLEAR, PROCESS, 0, 0, 0), keyctl(SET_TIMEOUT, 99, 1, 0, 0));
}
static void special(void) {
  say("special\n");
  say(" thread %d", keyctl(GET_ID, THREAD, 0, 0, 0));
  long t = keyctl(GET_ID, THREAD, 1, 0, 0), p = keyctl(GET_ID, PROCESS, 1, 0, 0);
  say(" made %d, process %d, other %d\n", L(t > 0), L(p > 0), L(t != p));
  say(" group %d, authority %d, requester %d, zero %d, -9 %d, number %d\n", keyctl(GET_ID, -6, 1, 0, 0), keyctl(GET_ID, -7, 1, 0, 0), keyctl(GET_ID, -8, 1, 0, 0), keyctl(GET_ID, 0, 1, 0, 0),
      keyctl(GET_ID, -9, 1, 0, 0), L(keyctl(GET_ID, t, 0, 0, 0) == t));
  describe("thread", t);
  describe("user", USER);
  describe("user session", USER_SESSION);
  describe("session", SESSION);
  long j = keyctl(JOIN, 0, 0, 0, 0);
  say(" join %d", L(j > 0));
  describe("session", SESSION);
  long named = keyctl(JOIN, "native-keys-test", 0, 0, 0);
  say(" named %d, again %d, dot %d, empty %d, bad %d\n", L(named > 0), flat(keyctl(JOIN, "native-keys-test", 0, 0, 0)), keyctl(JOIN, ".x", 0, 0, 0), keyctl(JOIN, "", 0, 0, 0), keyctl(JOIN, 16, 0, 0, 0));
  describe("session", SESSION);
  keyctl(JOIN, 0, 0, 0, 0);
  say(" new one %d\n", L(keyctl(GET_ID, SESSION, 0, 0, 0) != named));
  say(" reqkey %d", keyctl(SET_REQKEY, -1, 0, 0, 0));
  say(" %d %d %d", keyctl(SET_REQKEY, 1, 0, 0, 0), keyctl(SET_REQKEY, 4, 0, 0, 0), keyctl(SET_REQKEY, 7, 0, 0, 0));
  say(" group %d, beyond %d, -2 %d, now %d\n", keyctl(SET_REQKEY, 6, 0, 0, 0), keyctl(SET_REQKEY, 8, 0, 0, 0), keyctl(SET_REQKEY, -2, 0, 0, 0), keyctl(SET_REQKEY, 0, 0, 0, 0));
  long k = keyctl(PERSISTENT, -1, PROCESS, 0, 0);
  say(" persistent %d, none %d, a key %d\n", L(k > 0), keyctl(PERSISTENT, -1, 99, 0, 0), keyctl(PERSISTENT, -1, add("user", "u", "x", 1, PROCESS), 0, 0));
  say(" bad id %d\n", keyctl(PERSISTENT, 0x7ffffffe, 99, 0, 0));
  say(" authority: instantiate %d, negate %d, reject %d %d, iov %d, assume %d %d %d\n", keyctl(INSTANTIATE, k, "x", 1, 0), keyctl(NEGATE, k, 1, 0, 0), keyctl(REJECT, k, 1, 0, 0), keyctl(REJECT, k, 1, 126, 0),
      keyctl(INSTANTIATE_IOV, k, 0, 0, 0), keyctl(ASSUME, k, 0, 0, 0), keyctl(ASSUME, 0, 0, 0, 0), keyctl(ASSUME, -1, 0, 0, 0));
  keyctl(CLEAR, PROCESS, 0, 0, 0);
}
static void requests(void) {
  say("requests\n");
  keyctl(CLEAR, SESSION, 0, 0, 0);
  long k = add("user", "there", "v", 1, SESSION), ring = add("keyring", "dest", 0, 0, PROCESS);
  say(" found %d, into %d, count %d, into a key %d, none %d\n", L(request("user", "there", 0, 0) == k), L(request("user", "there", 0, ring) == k), count(ring), request("user", "there", 0, k), request("user", "nowhere", 0, 0));
  say(" unknown type %d, dot %d, bad %d %d %d\n", request("nothing", "x", 0, 0), request(".x", "x", 0, 0), request((void *)16, "x", 0, 0), request("user", (void *)16, 0, 0), request("user", "nowhere", (void *)16, 0));
  say(" keyring by name %d\n", request("keyring", "nowhere", "info", 0));
  // There is no /sbin/request-key: the new key is never instantiated.
  keyctl(CLEAR, PROCESS, 0, 0, 0);
  long r = request("user", "made", "info", PROCESS);
  int id = 0;
  // ENOENT without /sbin/request-key. A host may have it: then the key is negative.
  say(" constructed %d, left %d", r == -2 ? -126 : r, count(PROCESS));
  keyctl(READ, PROCESS, &id, 4, 0);
  say(", read %d, describe %d, search %d, request %d\n", keyctl(READ, id, buf, 9, 0), flat(keyctl(DESCRIBE, id, buf, 100, 0)), keyctl(SEARCH, PROCESS, "user", "made", 0), request("user", "made", 0, 0));
  describe("negative", id);
  line_of("made");
  say(" add %d, the same %d", L(add("user", "made", "now", 3, PROCESS) == id), L(keyctl(SEARCH, PROCESS, "user", "made", 0) == id));
  read_text("", id, 10);
  keyctl(CLEAR, PROCESS, 0, 0, 0);
}
static void permissions(void) {
  say("permissions\n");
  long k = add("user", "k", "value", 5, PROCESS), other = add("user", "other", "v", 1, PROCESS);
  say(" setperm %d, odd %d, chown %d, same %d, to user 61 %d\n", keyctl(SETPERM, k, 0x3f3f0000, 0, 0), keyctl(SETPERM, k, 0x40000000, 0, 0), keyctl(CHOWN, k, -1, -1, 0), keyctl(CHOWN, k, 0, 0, 0), keyctl(CHOWN, other, 61, 61, 0));
  describe("chowned", other);
  usage("of 61", 61);
  keyctl(UNLINK, other, PROCESS, 0, 0);
  long perms[] = {0x01000000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x00010000, 0x00020000, 0x3f000000, 0};
  for (int i = 0; i < 10; i++) {
    long key = add("user", "p", "value", 5, PROCESS);
    keyctl(SETPERM, key, perms[i], 0, 0);
    say(" %x: view %d read %d write %d search %d link %d", perms[i], flat(keyctl(DESCRIBE, key, 0, 0, 0)), flat(keyctl(READ, key, buf, 10, 0)), keyctl(UPDATE, key, "x", 1, 0), flat(keyctl(SEARCH, PROCESS, "user", "p", 0)),
        keyctl(LINK, key, PROCESS, 0, 0));
    say(" timeout %d chown %d revoke %d\n", keyctl(SET_TIMEOUT, key, 0, 0, 0), keyctl(CHOWN, key, 0, -1, 0), keyctl(REVOKE, key, 0, 0, 0));
    keyctl(UNLINK, key, PROCESS, 0, 0);
  }
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    // The process keyring is not inherited; the session is.
    say(" child: process %d, read %d, session %d\n", keyctl(GET_ID, PROCESS, 0, 0, 0), keyctl(READ, k, buf, 10, 0), L(keyctl(GET_ID, SESSION, 0, 0, 0) > 0));
    sys3(__NR_setresgid, 60, 60, 60);
    sys3(__NR_setresuid, 60, 60, 60);
    say(" other user: read %d, describe %d, chown %d, setperm %d, link %d, persistent %d\n", keyctl(READ, k, buf, 10, 0), keyctl(DESCRIBE, k, buf, 100, 0), keyctl(CHOWN, k, 60, -1, 0), keyctl(SETPERM, k, 0, 0, 0),
        keyctl(LINK, k, PROCESS, 0, 0), keyctl(PERSISTENT, 0, PROCESS, 0, 0));
    describe("their user", USER);
    describe("their session", SESSION);
    long mine = add("user", "mine", "v", 1, PROCESS);
    say(" chown %d, to a group %d, own group %d, invalidate %d\n", keyctl(CHOWN, mine, 0, -1, 0), keyctl(CHOWN, mine, -1, 0, 0), keyctl(CHOWN, mine, -1, 60, 0), keyctl(INVALIDATE, k, 0, 0, 0));
    finish(0);
  }
  end(pid);
  keyctl(SETPERM, k, 0x3f3f0002, 0, 0);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresuid, 60, 60, 60);
    say(" readable by others: %d, view %d, update %d\n", keyctl(READ, k, buf, 10, 0), keyctl(DESCRIBE, k, buf, 100, 0), keyctl(UPDATE, k, "x", 1, 0));
    finish(0);
  }
  end(pid);
  keyctl(CLEAR, PROCESS, 0, 0, 0);
}
static void quotas(void) {
  say("quotas\n");
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresgid, 62, 62, 62);
    sys3(__NR_setresuid, 62, 62, 62);
    keyctl(JOIN, 0, 0, 0, 0);
    keyctl(GET_ID, PROCESS, 1, 0, 0);
    usage("start", 62);
    long k = add("user", "0123456789", "12345", 5, PROCESS);
    usage("a key", 62);
    keyctl(UPDATE, k, "1234567890", 10, 0);
    usage("updated", 62);
    add("keyring", "ring", 0, 0, PROCESS);
    usage("a ring", 62);
    static char big[20001];
    say(" too big %d", add("user", "big", big, 20000, PROCESS));
    usage("", 62);
    int n = 0;
    char name[] = "many-000";
    long e;
    for (;; n++) {
      name[5] = '0' + n / 100, name[6] = '0' + n / 10 % 10, name[7] = '0' + n % 10;
      if ((e = add("user", name, "x", 1, PROCESS)) < 0) break;
    }
    say(" %d keys, then %d\n", L(n), e);
    usage("full", 62);
    say(" session %d, process in a child ", keyctl(JOIN, 0, 0, 0, 0));
    long c = sys0(__NR_fork);
    if (c == 0) {
      say("%d\n", L(keyctl(GET_ID, PROCESS, 1, 0, 0) > 0));
      finish(0);
    }
    end(c);
    finish(0);
  }
  end(pid);
}
static void sessions(void) {
  say("sessions\n");
  long mine = keyctl(JOIN, 0, 0, 0, 0);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say(" inherited %d", L(keyctl(GET_ID, SESSION, 0, 0, 0) == mine));
    say(", the same to the parent %d", keyctl(TO_PARENT, 0, 0, 0, 0));
    long own = keyctl(JOIN, 0, 0, 0, 0);
    keyctl(SETPERM, own, 0x3f3f0000, 0, 0);
    say(", another %d\n", keyctl(TO_PARENT, 0, 0, 0, 0));
    finish(0);
  }
  end(pid);
  say(" changed %d\n", L(keyctl(GET_ID, SESSION, 0, 0, 0) != mine));
  long t = keyctl(GET_ID, THREAD, 1, 0, 0);
  sys1(__NR_setfsuid, 63);
  sys1(__NR_setfsgid, 64);
  describe("thread's owner follows", t);
  sys1(__NR_setfsuid, 0);
  sys1(__NR_setfsgid, 0);
  // A namespace of its own has other user keyrings, and its names are its own.
  long named = keyctl(JOIN, "native-keys-name", 0, 0, 0);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    say(" unshare %d\n", sys1(__NR_unshare, 0x10000000));
    put_file("/proc/self/uid_map", "0 0 1");
    put_file("/proc/self/setgroups", "deny");
    put_file("/proc/self/gid_map", "0 0 1");
    describe("user", USER);
    say(" joined the same %d, chown %d %d\n", L(keyctl(JOIN, "native-keys-name", 0, 0, 0) == named), keyctl(CHOWN, SESSION, 5, -1, 0), keyctl(CHOWN, SESSION, -1, 5, 0));
    finish(0);
  }
  end(pid);
}
static int body(int argc, char **argv, char **envp) {
  keyctl(JOIN, 0, 0, 0, 0);
  types();
  payloads();
  links();
  ends();
  special();
  requests();
  permissions();
  quotas();
  sessions();
  return 0;
}
