// Makes filters with libseccomp, as a judge of what its rules mean. Reads filters as lines, writes each as a count and its instructions:
//   filter DEFAULT-ACTION OPTIMIZE
//   arch NAME
//   rule ACTION SYSCALL [ARG OP VALUE VALUE2]...
//   end
// With an argument it writes the pseudo filter code too, as a count of bytes and these.
// A count above 2^31 is a negative errno. man seccomp_rule_add(3), seccomp_export_bpf(3)
#define _GNU_SOURCE
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum scmp_compare operator(const char *name) {
  static const char *const names[] = {"", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"};
  for (int i = 1; i < 8; i++)
    if (!strcmp(name, names[i])) return (enum scmp_compare)i;
  exit(2);
}

static int add_rule(scmp_filter_ctx filter, char *line) {
  struct scmp_arg_cmp args[12];
  unsigned count = 0;
  char *at = NULL;
  uint32_t action = strtoul(strtok_r(line, " \n", &at), NULL, 0);
  int nr = seccomp_syscall_resolve_name(strtok_r(NULL, " \n", &at));
  if (nr == __NR_SCMP_ERROR) return 0;
  for (char *index; (index = strtok_r(NULL, " \n", &at)) && count < 12; count++) {
    args[count].arg = atoi(index);
    args[count].op = operator(strtok_r(NULL, " \n", &at));
    args[count].datum_a = strtoull(strtok_r(NULL, " \n", &at), NULL, 0);
    args[count].datum_b = strtoull(strtok_r(NULL, " \n", &at), NULL, 0);
  }
  return seccomp_rule_add_array(filter, action, nr, count, args);
}

static void write_filter(scmp_filter_ctx filter, int error) {
  int fd = memfd_create("filter", 0);
  struct stat st;
  int32_t count = error;
  if (!error && (count = seccomp_export_bpf(filter, fd)) == 0) {
    fstat(fd, &st);
    count = st.st_size / 8;
  }
  fwrite(&count, 4, 1, stdout);
  if (count > 0) {
    void *bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    fwrite(bytes, 8, count, stdout);
    munmap(bytes, st.st_size);
  }
  close(fd);
}

static void write_pseudo_code(scmp_filter_ctx filter, int error) {
  int fd = memfd_create("pseudo code", 0);
  struct stat st = {0};
  if (!error && seccomp_export_pfc(filter, fd) == 0) fstat(fd, &st);
  int32_t count = st.st_size;
  fwrite(&count, 4, 1, stdout);
  if (count > 0) {
    void *bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    fwrite(bytes, 1, count, stdout);
    munmap(bytes, st.st_size);
  }
  close(fd);
}

int main(int argc, char **argv) {
  (void)argv;
  char *line = NULL;
  size_t size = 0;
  scmp_filter_ctx filter = NULL;
  int error = 0;
  while (getline(&line, &size, stdin) > 0) {
    if (!strncmp(line, "filter ", 7)) {
      char *rest;
      uint32_t action = strtoul(line + 7, &rest, 0);
      filter = seccomp_init(action);
      error = filter ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, atoi(rest)) : -EINVAL;
    } else if (!strncmp(line, "arch ", 5)) {
      line[strcspn(line, "\n")] = 0;
      int result = seccomp_arch_add(filter, seccomp_arch_resolve_name(line + 5));
      if (result && result != -EEXIST && !error) error = result;
    } else if (!strncmp(line, "rule ", 5)) {
      int result = add_rule(filter, line + 5);
      if (result && !error) error = result;
    } else {
      write_filter(filter, error);
      if (argc > 1) write_pseudo_code(filter, error);
      seccomp_release(filter);
    }
  }
  return 0;
}
