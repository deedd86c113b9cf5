// Every number of an option on every kind of socket: its first value, and the one after five values are set.
// Left out are those that Linux has changed since 6.12, those of netfilter and IPsec, and those that show
// numbers and limits of the host.
#include "guest.h"
static const struct { const char *name; short domain, type, protocol; } kinds[] = {
  {"tcp", 2, 1, 0}, {"tcp6", 10, 1, 0}, {"udp", 2, 2, 0}, {"udp6", 10, 2, 0}, {"stream", 1, 1, 0}, {"dgram", 1, 2, 0},
  {"raw", 2, 3, 1}, {"raw6", 10, 3, 58}, {"packet", 17, 3, 0}, {"netlink", 16, 3, 0}};
static const short levels[] = {0, 1, 6, 17, 41, 58, 136, 255, 263, 270};
static int skips(int level, int option, int sets) {
  switch (level) {
  case 0: return option >= 64 || (option >= 35 && option <= 48) || (sets && (option == 4 || option == 5 || option == 16 || option == 17));
  case 1: return option == 16 || option == 34 || option == 57 || option == 76 || option == 51 || option == 52 || option == 68 || option >= 78 ||
                 (sets && (option == 22 || option == 24));
  case 6: return option == 11 || option == 13 || option == 14 || (option >= 19 && option <= 22) || option == 24 || option == 26 || option == 29 ||
                 option == 32 || option == 35 || option >= 38;
  case 41: return option == 7 || option == 32 || option == 34 || option == 35 || option == 48 || option >= 64 && option <= 65 || option == 68 || option == 69 || option >= 79 ||
                  (sets && (option == 6 || option == 24 || option == 27 || option == 28 || option == 42 || option == 50 || option >= 54 && option <= 59));
  case 255: return option == 7;
  case 263: return option == 13 || option == 18 || option == 21 || option == 22 || option == 24;
  }
  return 0;
}
static long fresh(int k) { return sys3(__NR_socket, kinds[k].domain, kinds[k].type, kinds[k].protocol); }
static void shown(const uint8_t *b, long n) {
  for (long i = 0; i < n && i < 16; i++) say("%x.", b[i]);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  static const int values[] = {-1, 0, 1, 2, 100};
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
    for (unsigned l = 0; l < sizeof levels / sizeof *levels; l++) {
      int level = levels[l];
      long s = fresh(k), none = level == 58 && kinds[k].protocol == 58 ? -92 : 0;
      say("%s %d:", kinds[k].name, (long)level);
      for (int o = 0; o < 120; o++) {
        uint8_t b[64] = {0};
        int n = 64;
        if (skips(level, o, 0)) continue;
        long r = sys5(__NR_getsockopt, s, level, o, b, &n);
        if (!none) none = r;
        if (r == none) continue;
        say(" %d=", (long)o);
        if (r < 0) say("%d", r);
        else say("%d:", (long)n), shown(b, n);
      }
      say("\n");
      sys1(__NR_close, s);
      for (int o = 0; o < 90; o++) {
        if (skips(level, o, 1)) continue;
        long refused = 0;
        for (int i = 0; i < 5; i++) {
          uint8_t b[64] = {0};
          int n = 4;
          // The greatest buffers are the host's.
          if (level == 1 && (o == 7 || o == 8 || o == 18) && values[i] < 0) continue;
          // Networks of the host have more devices.
          if ((level == 1 && o == 62 || level == 41 && o == 17) && values[i] > 1) continue;
          s = fresh(k);
          long r = sys5(__NR_setsockopt, s, level, o, &values[i], 4);
          if (r == -92 || r == -95) refused = r;
          else {
            long g = sys5(__NR_getsockopt, s, level, o, b, &n);
            say("%s%d/%d %d: %d,", i ? " " : " set ", (long)level, (long)o, (long)values[i], r);
            if (g < 0) say("%d", g);
            else shown(b, n);
          }
          sys1(__NR_close, s);
          if (refused) break;
        }
        if (!refused) say("\n");
      }
      say("\n");
    }
  return 0;
}
