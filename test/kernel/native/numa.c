// Memory policies on one node: of the task, of mappings, of children; masks of all lengths; pages and nodes.
#include "guest.h"
enum { BIND = 2, STATIC = 0x8000, RELATIVE = 0x4000, BALANCING = 0x2000, NODE = 1, ADDR = 2, MEMS = 4 };
static unsigned long mask[1024];
static char *at;
static char *map(long length) {
#ifdef __x86_64__
  return (char *)sys6(__NR_mmap, 0, length, 3, 0x22, -1, 0);
#else
  long a[6] = {0, length, 3, 0x22, -1, 0};
  return (char *)sys1(__NR_mmap, a);
#endif
}
static long bind(void *p, long length, long mode, void *nodes, long most, long flags) {
  return sys6(__NR_mbind, L(p), length, mode, L(nodes), most, flags);
}
static void report(const char *what, void *p, long flags) {
  int mode = -1;
  unsigned long got[4] = {~0ul, ~0ul, ~0ul, ~0ul};
  long r = sys5(__NR_get_mempolicy, &mode, got, 65, p, flags);
  say("%s: %d mode %x nodes %x\n", what, r, (unsigned long)(unsigned)mode, got[0]);
}
static void set(long mode, unsigned long nodes, long most) {
  mask[0] = nodes;
  say("set %x %x %d: %d\n", mode, nodes, most, sys3(__NR_set_mempolicy, mode, mask, most));
}
static int body(int argc, char **argv, char **envp) {
  report("at first", 0, 0);
  static const long modes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, -1, 1 | STATIC, 2 | STATIC, 2 | RELATIVE, 2 | STATIC | RELATIVE, 2 | BALANCING, 3 | BALANCING, 4 | STATIC};
  for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
    for (unsigned long nodes = 0; nodes < 4; nodes++) {
      set(modes[i], nodes, 65);
      report(" reads", 0, 0);
    }
  sys3(__NR_set_mempolicy, 0, 0, 0);
  set(BIND, 1, 0);
  set(BIND, 1, 1);
  set(BIND, 1, 2);
  set(BIND, 3, 2);
  set(BIND, 2, 2);
  set(BIND, 1, 32769);
  set(BIND, 1, 32770);
  mask[100] = 1;
  set(BIND, 1, 32000);
  mask[100] = 0;
  say("no mask %d, bad mask %d\n", sys3(__NR_set_mempolicy, BIND, 0, 65), sys3(__NR_set_mempolicy, BIND, 8, 65));
  set(3, 1, 65);
  report("interleaved node", 0, NODE);
  set(BIND, 1, 65);
  report("bound node", 0, NODE);
  report("allowed", 0, MEMS);
  report("allowed and address", 0, MEMS | ADDR);
  report("flags", 0, 8);
  report("address without flag", &mask, 0);
  int mode;
  say("lengths %d %d %d %d\n", sys5(__NR_get_mempolicy, &mode, mask, 0, 0, 0), sys5(__NR_get_mempolicy, &mode, mask, 1, 0, 0),
      sys5(__NR_get_mempolicy, &mode, mask, 4096 * 8 + 1, 0, 0), sys5(__NR_get_mempolicy, &mode, mask, 4096 * 8 + 66, 0, 0));
  say("bad pointers %d %d\n", sys5(__NR_get_mempolicy, 8, 0, 0, 0, 0), sys5(__NR_get_mempolicy, 0, 8, 65, 0, 0));
  at = map(5 * 4096);
  sys2(__NR_munmap, at + 4 * 4096, 4096);
  mask[0] = 1;
  say("bind %d", bind(at + 4096, 4096, BIND, mask, 65, 0));
  say(" %d", bind(at + 4096, 8192, 3 | STATIC, mask, 65, 1));
  say(" unaligned %d", bind(at + 1, 4096, BIND, mask, 65, 0));
  say(" empty %d", bind(at, 0, BIND, mask, 65, 0));
  say(" flags %d", bind(at, 4096, BIND, mask, 65, 8));
  say(" hole %d", bind(at, 5 * 4096, BIND, mask, 65, 0));
  say(" default over the hole %d", bind(at + 3 * 4096, 2 * 4096, 0, 0, 0, 0));
  say(" all a hole %d", bind(at + 4 * 4096, 4096, 0, 0, 0, 0));
  say(" all %d\n", bind(at, 4096, BIND, mask, 65, 4));
  for (int i = 0; i < 5; i++) report(" page", at + i * 4096, ADDR);
  report("node of a page", at, ADDR | NODE);
  report("node of a hole", at + 4 * 4096, ADDR | NODE);
  say("home %d %d %d %d %d\n", sys4(__NR_set_mempolicy_home_node, at, 4096, 0, 0), sys4(__NR_set_mempolicy_home_node, at + 4096, 4096, 0, 0),
      sys4(__NR_set_mempolicy_home_node, at + 3 * 4096, 4096, 0, 0), sys4(__NR_set_mempolicy_home_node, at, 4096, 1, 0),
      sys4(__NR_set_mempolicy_home_node, at, 4096, 0, 1));
  at[0] = 1, at[4096] = 1;
  void *pages[4] = {at, at + 2 * 4096, at + 4 * 4096, at + 4096};
  int status[4] = {99, 99, 99, 99}, nodes[4] = {0, 0, 0, 0};
  say("where %d:", sys6(__NR_move_pages, 0, 4, L(pages), 0, L(status), 0));
  for (int i = 0; i < 4; i++) say(" %d", (long)status[i]);
  say("\nmove %d:", sys6(__NR_move_pages, 0, 4, L(pages), L(nodes), L(status), 2));
  for (int i = 0; i < 4; i++) say(" %d", (long)status[i]);
  nodes[1] = 1;
  say("\nnowhere %d", sys6(__NR_move_pages, 0, 4, L(pages), L(nodes), L(status), 2));
  say(" flags %d process %d pages %d\n", sys6(__NR_move_pages, 0, 4, L(pages), 0, L(status), 1), sys6(__NR_move_pages, 99999, 0, 0, 0, 0, 0),
      sys6(__NR_move_pages, 0, 4, 8, 0, L(status), 0));
  unsigned long from = 1, to = 1, other = 2;
  say("migrate %d %d %d\n", sys4(__NR_migrate_pages, 0, 65, &from, &to), sys4(__NR_migrate_pages, 0, 65, &from, &other),
      sys4(__NR_migrate_pages, 99999, 65, &from, &to));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    report("child", 0, 0);
    report("child's page", at + 4096, ADDR);
    finish(0);
  }
  end(pid);
  return 0;
}
