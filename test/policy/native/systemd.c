// Attaches the filters that the host's systemd makes of lines in a file: SystemCallFilter=, SystemCallErrorNumber=, SystemCallArchitectures=,
// SystemCallLog=. Its own parsers and loaders do the work; only the order is ours, that of systemd's src/core/exec-invoke.c.
//   systemd LIBRARY FILE
// The parsers write into a struct of unknown layout: it is zeroed before, so that words that are not zero are the list or the error.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

typedef int parser(const char *unit, const char *file, unsigned line, const char *section, unsigned section_line, const char *key, int type,
                   const char *value, void *data, void *user);
enum { ALLOW = 0x7fff0000, LOG = 0x7ffc0000, ERRNO = 0x00050000, KILL = INT32_MAX - 1 };

static void *core;
static void *need(const char *name) {
  void *found = dlsym(core, name);
  if (found == NULL) exit(3);
  return found;
}

struct list {
  void *calls;
  bool allows;
};
static struct list list_in(const unsigned char *context, size_t size) {
  struct list list = {NULL, false};
  for (size_t at = 0; at < size; at += 8) {
    void *word;
    memcpy(&word, context + at, 8);
    if ((uintptr_t)word >> 40) list.calls = word;
    else if (word) list.allows = true;
  }
  return list;
}

static int refusal_in(const unsigned char *context, size_t size) {
  int refusal = 0;
  for (size_t at = 0; at < size && refusal == 0; at += 4) memcpy(&refusal, context + at, 4);
  return refusal == 0 ? KILL : refusal;
}

int main(int argc, char **argv) {
  static unsigned char filter_context[1 << 16], log_context[1 << 16], errno_context[1 << 16], unit[1 << 16];
  void *archs = NULL;
  char line[1 << 14];
  FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
  if (file == NULL || (core = dlopen(argv[1], RTLD_NOW)) == NULL) return 2;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *value = strchr(line, '=');
    if (value == NULL) continue;
    *value++ = 0;
    const char *parse = NULL;
    void *data = NULL;
    if (!strcmp(line, "SystemCallFilter")) parse = "config_parse_syscall_filter", data = filter_context;
    if (!strcmp(line, "SystemCallLog")) parse = "config_parse_syscall_log", data = log_context;
    if (!strcmp(line, "SystemCallArchitectures")) parse = "config_parse_syscall_archs", data = &archs;
    if (!strcmp(line, "SystemCallErrorNumber")) parse = "config_parse_syscall_errno", data = errno_context;
    if (parse && ((parser *)need(parse))("judged.service", "judged.service", 1, "Service", 1, line, 0, value, data, unit) < 0) return 4;
  }
  int (*load)(uint32_t, void *, uint32_t, bool) = need("seccomp_load_syscall_filter_set_raw");
  int (*add)(void *, bool, const char *) = need("seccomp_filter_set_add_by_name");
  int (*restrict_archs)(void *) = need("seccomp_restrict_archs");
  struct list filter = list_in(filter_context, sizeof filter_context), log = list_in(log_context, sizeof log_context);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (archs && restrict_archs(archs) < 0) return 5;
  if (log.calls && load(log.allows ? ALLOW : LOG, log.calls, log.allows ? LOG : ALLOW, false) < 0) return 6;
  if (filter.calls) {
    int refusal = refusal_in(errno_context, sizeof errno_context);
    uint32_t refuse = refusal == KILL ? 0x80000000 : ERRNO | (refusal & 0xffff);
    if (add(filter.calls, filter.allows, "write") < 0) return 7;
    if (load(filter.allows ? refuse : ALLOW, filter.calls, filter.allows ? ALLOW : refuse, false) < 0) return 8;
  }
  return 0;
}
