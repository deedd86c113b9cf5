// The silicon oracle: runs machine code on the processor under us, one case after another, and writes down the state after
// each. Input on stdin, output on stdout, records in oracle.h.
//
// One signal a case, no ptrace: the signal that ends a case enters handle(), which saves the outcome from the signal frame,
// lays out memory for the next case, puts that case's registers into the same frame, and returns by rt_sigreturn straight into
// it. A forked worker does this; when a case kills it, its parent starts another one at the next case.
#define _GNU_SOURCE
#include "oracle.h"
#include <asm/ldt.h>
#include <errno.h>
#include <immintrin.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <x86intrin.h>

enum { PAGE = 4096, USER_CS = 0x33 };
enum { EFLAGS_TF = 0x100, EFLAGS_NT = 0x4000, EFLAGS_AC = 0x40000, EFLAGS_ID = 0x200000, EFLAGS_RESERVED = 2, EFLAGS_IF = 0x200 };

// XSAVE area, SDM Vol. 1 13.4. The kernel describes its frame in bytes 464 to 511 (struct _fpx_sw_bytes).
enum { FX_SAVED = 416, FX_SW_BYTES = 464, XSTATE_BV = 512, XSTATE_YMM = 576 };
enum { XSTATE_X87 = 1, XSTATE_SSE = 2, XSTATE_AVX = 4 };
// What the software bytes begin with if a whole XSAVE area is there. Linux arch/x86/include/uapi/asm/sigcontext.h
enum { FP_XSTATE_MAGIC1_VALUE = 0x46505853 };

static struct oracle_header header;
static struct user_desc *descriptors;
static struct oracle_case *cases;
static struct oracle_result *results;        // shared with the worker
static volatile uint32_t *next;              // shared: the case after the one that runs
static uint8_t *code, *data;

extern char __executable_start[], etext[];

static const int gpr_index[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void die(const char *what) {
  fprintf(stderr, "oracle: %s: %s\n", what, strerror(errno));
  exit(2);
}

// ---- one case: into the frame, out of the frame -------------------------------------------------------------------------

static void load_segments(const struct state *s) {
  __asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs" ::"r"(s->selector[DS]), "r"(s->selector[ES]),
                   "r"(s->selector[FS]), "r"(s->selector[GS]));
  if (s->selector[CS] == USER_CS) {
    _writefsbase_u64(s->fs_base);
    _writegsbase_u64(s->gs_base);
  }
}

static void save_segments(struct state *s) {
  __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                   : "=r"(s->selector[DS]), "=r"(s->selector[ES]), "=r"(s->selector[FS]), "=r"(s->selector[GS]));
  s->fs_base = _readfsbase_u64();
  s->gs_base = _readgsbase_u64();
}

/* Without XSAVE a frame ends after FXSAVE's 512 bytes. */
static int has_xstate(const uint8_t *fx) { return *(const uint32_t *)(fx + FX_SW_BYTES) == FP_XSTATE_MAGIC1_VALUE; }

static void load_case(const struct oracle_case *c, ucontext_t *uc) {
  memset(code, 0xcc, PAGE);
  memcpy(code + c->code_offset, c->code, c->code_length);
  memset(data, 0, 2 * PAGE);
  memcpy(data + header.window_offset, c->window, sizeof c->window);

  const struct state *s = &c->before;
  greg_t *g = uc->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) g[gpr_index[i]] = s->gpr[i];
  g[REG_RIP] = s->rip;
  g[REG_EFL] = (s->rflags & ~EFLAGS_TF) | (c->flags & RUN ? 0 : EFLAGS_TF);
  // Linux arch/x86/kernel/signal_64.c restore_sigcontext() leaves NT and ID as they are: set them in our own flags.
  __writeeflags(EFLAGS_RESERVED | EFLAGS_IF | (s->rflags & (EFLAGS_NT | EFLAGS_ID)));
  g[REG_CSGSFS] = s->selector[CS] | (uint64_t)s->selector[SS] << 48;
  load_segments(s);

  uint8_t *fx = (uint8_t *)uc->uc_mcontext.fpregs;
  memcpy(fx, s->fxsave, FX_SW_BYTES);
  if (!has_xstate(fx)) return;
  memcpy(fx + XSTATE_YMM, s->ymm_high, sizeof s->ymm_high);
  *(uint64_t *)(fx + XSTATE_BV) = XSTATE_X87 | XSTATE_SSE | XSTATE_AVX;
}

static int is_zero(const uint8_t *p, size_t n) { return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0; }

static void save_result(const struct oracle_case *c, int steps, const siginfo_t *info, const ucontext_t *uc, struct oracle_result *r) {
  const greg_t *g = uc->uc_mcontext.gregs;
  r->id = c->id;
  r->signal = info->si_signo;
  r->trap = g[REG_TRAPNO];
  r->steps = steps;
  r->error = g[REG_ERR];
  r->si_code = info->si_code;
  r->address = (uintptr_t)info->si_addr;
  r->cr2 = g[REG_CR2];

  struct state *s = &r->after;
  for (int i = 0; i < 16; i++) s->gpr[i] = g[gpr_index[i]];
  s->rip = g[REG_RIP];
  s->rflags = g[REG_EFL] & ~EFLAGS_TF;
  s->selector[CS] = g[REG_CSGSFS];
  s->selector[SS] = (uint64_t)g[REG_CSGSFS] >> 48;
  save_segments(s);

  const uint8_t *fx = (const uint8_t *)uc->uc_mcontext.fpregs;
  uint64_t in_use = has_xstate(fx) ? *(const uint64_t *)(fx + XSTATE_BV) : XSTATE_X87 | XSTATE_SSE; // what is not in use has its initial value: xmm and ymm are 0
  memcpy(s->fxsave, fx, FX_SAVED);
  if (!(in_use & XSTATE_SSE)) memset(s->fxsave + 160, 0, 256);
  if (in_use & XSTATE_AVX) memcpy(s->ymm_high, fx + XSTATE_YMM, sizeof s->ymm_high);

  size_t window_end = header.window_offset + sizeof r->window;
  memcpy(r->window, data + header.window_offset, sizeof r->window);
  r->spilled = !is_zero(data, header.window_offset) || !is_zero(data + window_end, 2 * PAGE - window_end);
}

// ---- the worker ------------------------------------------------------------------------------------------------------------

/* The last pages of the user's half are what cases at its edge reach: nothing of ours is to be there. Nobody returns to this stack. */
static void leave_first_stack(void) {
  uintptr_t end = 0x7ffffffff000, size = 1 << 24;
  if (munmap((void *)(end - size), size)) _exit(2);
}

/* A case hangs that has had so much of the processor, in nanoseconds: on a busy machine others may have had it for longer. */
enum { HANGS = 30000000 };
static int64_t processor_time(void) {
  struct timespec t;
  syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void handle(int signal, siginfo_t *info, void *frame) {
  static int running, steps;
  static uint32_t ticked;
  static int64_t since;
  __writeeflags(__readeflags() & ~EFLAGS_AC); // the kernel leaves AC as the case had it

  ucontext_t *uc = frame;
  if (running) {
    const struct oracle_case *c = &cases[*next - 1];
    if (signal == SIGALRM) {
      int64_t now = processor_time();
      if (ticked != *next) ticked = *next, since = now;
      if (now - since < HANGS) return;
    }
    if (signal == SIGTRAP && info->si_code == TRAP_TRACE && ++steps < c->steps) return;
    save_result(c, steps, info, uc, &results[*next - 1]);
  }
  if (*next == header.cases) _exit(0);
  if (!running) leave_first_stack();
  running = 1;
  steps = 0;
  load_case(&cases[(*next)++], uc);
}

// System calls of a case must not happen. Ours come from this file's own text; a case's come from anywhere else.
static void trap_system_calls(void) {
  const uint32_t ip = offsetof(struct seccomp_data, instruction_pointer);
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)((uintptr_t)etext >> 32), 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(uintptr_t)__executable_start, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)(uintptr_t)etext, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) die("seccomp");
}

static void *map_at(uint32_t address, size_t size, int protection, int flags, int fd) {
  void *at = (void *)(uintptr_t)address;
  if (mmap(at, size, protection, flags | MAP_FIXED_NOREPLACE, fd, 0) != at) die("mmap of a fixed address");
  return at;
}

static void map_memory(void) {
  code = map_at(header.code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  int fd = memfd_create("data", 0);
  if (fd < 0 || ftruncate(fd, 2 * PAGE)) die("memfd_create");
  data = map_at(header.data, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd);
  uint8_t *alias = map_at(header.alias, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd);
  if (mprotect(alias + PAGE, PAGE, PROT_READ)) die("mprotect");
  close(fd);
}

// LSL shows the processor's number (arch/x86/kernel/cpu/common.c setup_getcpu): let it be 0.
static void stay_on_first_cpu(void) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  sched_setaffinity(0, sizeof first, &first);
}

static _Noreturn void work(void) {
  static uint8_t stack[1 << 16] __attribute__((aligned(64)));
  stay_on_first_cpu();
  map_memory();
  for (uint32_t i = 0; i < header.descriptors; i++) {
    if (syscall(SYS_modify_ldt, 0x11, &descriptors[i], sizeof descriptors[i])) die("modify_ldt");
  }
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, 0);
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigfillset(&action.sa_mask); // a fault inside the handler ends the worker
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGSYS, SIGALRM};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 20000}, {0, 20000}}, 0);
  trap_system_calls();
  __asm__ volatile("int3" ::: "memory");
  abort();
}

// ---- the parent ------------------------------------------------------------------------------------------------------------

static void transfer(ssize_t (*step)(int, void *, size_t), int fd, void *at, size_t size) {
  for (uint8_t *p = at, *end = p + size; p < end;) {
    ssize_t n = step(fd, p, end - p);
    if (n <= 0) die(n ? "transfer" : "the input ends early");
    p += n;
  }
}
static ssize_t write_from(int fd, void *at, size_t size) { return write(fd, at, size); }

// Far from where a case's bit offsets reach from the end of the address space.
static void *allocate(size_t size) {
  static char *hint = (char *)0x100000000000;
  hint += 0x1000000000;
  void *at = mmap(hint, size + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

// Without address space randomisation nothing of ours ever lies where a case's memory must, or within 4 GiB of its end.
static void fix_addresses(char **argv) {
  int now = personality(0xffffffff);
  if (now < 0 || now & ADDR_NO_RANDOMIZE) return;
  personality(now | ADDR_NO_RANDOMIZE);
  execv("/proc/self/exe", argv);
  die("execv");
}

int main(int argc, char **argv) {
  (void)argc;
  fix_addresses(argv);
  transfer(read, 0, &header, sizeof header);
  if (header.case_size != sizeof *cases || header.result_size != sizeof *results) {
    fprintf(stderr, "oracle: records have %zu and %zu bytes here\n", sizeof *cases, sizeof *results);
    return 2;
  }
  descriptors = allocate(header.descriptors * sizeof *descriptors);
  cases = allocate(header.cases * sizeof *cases);
  results = allocate(header.cases * sizeof *results);
  next = allocate(sizeof *next);
  transfer(read, 0, descriptors, header.descriptors * sizeof *descriptors);
  transfer(read, 0, cases, header.cases * sizeof *cases);

  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int status = -1; status != 0;) {
    pid_t worker = fork();
    if (worker < 0) die("fork");
    if (worker == 0) work();
    while (waitpid(worker, &status, 0) < 0) {}
    if (status == 0) break;
    if (WIFEXITED(status) || *next == 0) die("the worker cannot start");
    results[*next - 1] = (struct oracle_result){.id = cases[*next - 1].id, .signal = 0x80 | WTERMSIG(status)};
    if (*next == header.cases) break;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  uint64_t microseconds = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
  if (getenv("ORACLE_VERBOSE")) {
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    uint64_t busy = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    fprintf(stderr, "oracle: %u cases in %lu us, %lu us of processor time\n", header.cases, microseconds, busy);
  }
  transfer(write_from, 1, results, header.cases * sizeof *results);
  return 0;
}
