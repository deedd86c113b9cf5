// NETLINK_NETFILTER without rules: the generation, lists, objects by name, and transactions without changes.
#include "guest.h"
struct head { uint32_t length; uint16_t type, flags; uint32_t sequence, port; uint8_t family, version, resource[2]; };
static uint32_t buffer[512];
static long s;
/* Shows all answers: the type, and of errors the number. */
static void answers(void) {
  for (;;) {
    long n = sock6(12, __NR_recvfrom, s, (long)buffer, sizeof buffer, 0x40, 0, 0);
    if (n < 0) break;
    for (long at = 0; at + 16 <= n;) {
      struct head *h = (void *)((char *)buffer + at);
      said(" %x/%x", h->type, h->flags);
      if (h->type == 2) said(":%d", *(int *)(h + 1) & 0 ? 0 : (int)((uint32_t *)h)[4]);
      else if (h->type == 3) said(":%d", (int)((uint32_t *)h)[4]);
      else said(":%d %d %x", h->length > 44 ? 1 : 0, h->resource[1], ((uint32_t *)h)[6]);
      at += (h->length + 3) & ~3u;
    }
  }
}
static void ask(int type, int flags, int family, const char *name) {
  struct { struct head h; uint16_t length, type; char name[8]; } m = {{20, type, flags | 1, 7, 0, family, 0, {0, 0}}, 0, 1, {0}};
  if (name) {
    int i = 0;
    for (; name[i]; i++) m.name[i] = name[i];
    m.length = 5 + i, m.h.length += (m.length + 3) & ~3;
  }
  said("\n%x %x %d%s:", type, flags, family, (long)(name ? name : ""));
  sock6(11, __NR_sendto, s, (long)&m, m.h.length, 0, 0, 0);
  answers();
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  static const int gets[] = {1, 4, 7, 10, 19, 23};
  said("namespace %d", sys1(__NR_unshare, 0x40000000));
  s = sys3(__NR_socket, 16, 3, 12);
  said(" socket %d", s >= 0);
  ask(0xa10, 0, 0, 0), ask(0xa10, 4, 2, 0);
  for (int i = 0; i < 6; i++) ask(0xa00 | gets[i], 0x300, 0, 0), ask(0xa00 | gets[i], 0x304, 2, 0), ask(0xa00 | gets[i], 0x300, 10, i == 3 ? "nosuch" : 0);
  ask(0xa01, 0, 2, "nosuch"), ask(0xa04, 0, 2, "nosuch"), ask(0xa0a, 0, 2, "nosuch");
  ask(0xa99, 0, 2, 0), ask(0x1f00, 0, 2, 0);
  struct { struct head begin; uint16_t length, type; uint8_t id[4]; struct head middle; struct head end; } batch = {
    {28, 16, 1, 1, 0, 0, 0, {0, 10}}, 8, 1, {0, 0, 0, 1}, {20, 0xa02, 5, 2, 0, 0, 0, {0, 0}}, {20, 17, 1, 3, 0, 0, 0, {0, 10}}};
  said("\nflush %d", sock6(11, __NR_sendto, s, (long)&batch, sizeof batch, 0, 0, 0)), answers();
  batch.id[3] = 9;
  said("\nold %d", sock6(11, __NR_sendto, s, (long)&batch, 28, 0, 0, 0)), answers();
  said("\nuser %d", sys3(__NR_setresuid, 5, 5, 5));
  ask(0xa10, 0, 0, 0), ask(0xa01, 0x300, 0, 0);
  say("\n");
  return 0;
}
