/* The number of the processor by all its ways: calls, the vDSO, LSL, RDTSCP, RDPID, rseq, /proc. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int has_rdpid(void) {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1 << 22));
}
static int of_stat(void) {
  char text[2048], *at;
  FILE *f = fopen("/proc/thread-self/stat", "r");
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = 0;
  at = strrchr(text, ')');
  for (int field = 2; field < 39; field++) at = strchr(at + 1, ' ');
  return atoi(at);
}
static void show(const char *who) {
  unsigned cpu, node, limit, aux, low, high;
  unsigned long pid = -1;
  syscall(SYS_getcpu, &cpu, &node, 0);
  __asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(15 * 8 + 3));
  __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
  if (has_rdpid()) __asm__ volatile("rdpid %0" : "=r"(pid));
  else pid = aux;
  struct rseq *area = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
  printf("%s: getcpu %u.%u, sched_getcpu %d, lsl %u, rdtscp %u, rdpid %lu, rseq %u %u, stat %d\n", who, cpu, node, sched_getcpu(), limit & 0xfff,
         aux & 0xfff, pid & 0xfff, area->cpu_id, area->cpu_id_start, of_stat());
}
static int on(pid_t pid, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(pid, sizeof set, &set);
}
static void *thread(void *arg) {
  show("a thread inherits");
  on(0, 0);
  show("a thread on 0");
  return arg;
}
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  int to_child[2], from_child[2];
  char c;
  for (int cpu = 1; cpu >= 0; cpu--) {
    printf("to %d: %d\n", cpu, on(0, cpu));
    show("the program");
  }
  on(0, 1);
  pthread_t t;
  pthread_create(&t, 0, thread, 0);
  pthread_join(t, 0);
  show("the program");
  pipe(to_child);
  pipe(from_child);
  pid_t child = fork();
  if (child == 0) {
    show("a child inherits");
    write(from_child[1], "1", 1);
    read(to_child[0], &c, 1);
    show("a child that was moved");
    _exit(0);
  }
  read(from_child[0], &c, 1);
  on(child, 0);
  write(to_child[1], "1", 1);
  waitpid(child, 0, 0);
  return 0;
}
