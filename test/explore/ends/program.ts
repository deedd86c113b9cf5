// The programs of model.ts as C: without a C library's threads, or with them.
import { CODES, HANDLER_ADDS, type Kind, MOST_OPS, type Op, SENT, type Threads, VARIABLES, WAITED } from "./model.ts";

/** `r` is the place of the result. */
const texts: Readonly<Record<Kind, (op: Op, r: string) => string>> = {
  store: ({ a, v }) => `m[${a}] = ${v};`,
  load: ({ a }, r) => `${r} = m[${a}];`,
  add: ({ a }, r) => `${r} = __atomic_fetch_add(&m[${a}], 1, 5);`,
  wait: ({ a, v }, r) =>
    `{ long e = call(202, (long)&m[${a}], 0, ${v}); ${r} = e == 0 ? ${WAITED.woken} : e == -11 ? ${WAITED.differs} : ${WAITED.signal}; }`,
  wake: ({ a }, r) => `${r} = call(202, (long)&m[${a}], 1, 1);`,
  send: ({ v }) => `{ char byte = ${v + 1}; call(1, fds[1], (long)&byte, 1); }`,
  receive: (_, r) => `{ char byte = 0; call(0, fds[0], (long)&byte, 1); ${r} = byte; }`,
  sendFrom: ({ a }) => `call(1, fds[1], (long)&m[${a}], 1);`,
  receiveTo: ({ a }) => `call(0, fds[0], (long)&m[${a}], 1);`,
  count: ({ a }) => `call(16, fds[0], 0x541b, (long)&m[${a}]);`,
  clear: ({ a }) => `call(309, (long)&m[${a}], 0, 0);`,
  drop: () => "call(28, (long)page, 4096, 4);",
  replace: () => "map();",
  protect: () => "call(10, (long)page, 4096, 0);",
  allow: () => "call(10, (long)page, 4096, 3);",
  peek: (_, r) => `${r} = page[0];`,
  poke: ({ v }) => `page[0] = ${v + 1};`,
  put: () => "call(1, 1, (long)&letter, 1);",
  signal: ({ to }, r) => `${r} = call(234, first, first + ${to}, 10) == 0 ? ${SENT.yes} : ${SENT.none};`,
  looks: ({ to }, r) => `${r} = ids[${to}] != 0;`,
  locked: ({ a }, r) => `pthread_mutex_lock(&mutex); ${r} = m[${a}]; m[${a}] = ${r} + 1; pthread_mutex_unlock(&mutex);`,
  tries: (_, r) => `if (pthread_mutex_trylock(&mutex) == 0) { ${r} = 1; pthread_mutex_unlock(&mutex); }`,
  leave: ({ v }) => `call(60, ${CODES.leave + v}, 0, 0);`,
  quit: ({ v }) => `call(231, ${CODES.quit + v}, 0, 0);`,
  quitIf: ({ a, v }) => `if (m[${a}] == ${v}) call(231, ${CODES.quitIf + v}, 0, 0);`,
};

const HEAD = (count: number): string => `
static volatile int m[${VARIABLES}];
static int fds[2];
static volatile int r[${count}][${MOST_OPS}];
static int first;
static volatile int ids[${count}];
__attribute__((noinline)) static long call(long n, long a, long b, long c) {
  register long timeout __asm__("r10") = 0;
  __asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(timeout) : "rcx", "r11", "memory");
  return n;
}
static volatile int page[1024] __attribute__((aligned(4096)));
static char behind[4096];
/** MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS. man 2 mmap */
static void map(void) {
  register long flags __asm__("r10") = 0x32;
  register long file __asm__("r8") = -1;
  register long offset __asm__("r9") = 0;
  long n = 9;
  __asm__ volatile("syscall" : "+a"(n) : "D"(page), "S"(4096L), "d"(3L), "r"(flags), "r"(file), "r"(offset) : "rcx", "r11", "memory");
}
static void report(void) {
  char text[${count * MOST_OPS + VARIABLES + 1}], *at = text;
  for (int t = 0; t < ${count}; t++) for (int i = 0; i < ${MOST_OPS}; i++) *at++ = '0' + r[t][i];
  for (int i = 0; i < ${VARIABLES}; i++) *at++ = '0' + m[i];
  *at++ = '\\n';
  call(1, 1, (long)text, at - text);
}
`;
const bodies = (threads: Threads): string =>
  threads
    .map(
      (ops, t) =>
        `static void body${t}(void) {\nchar letter = '${"abcd"[t]}'; (void)letter;\n${ops.map((op, i) => texts[op.kind](op, `r[${t}][${i}]`)).join("\n")}\n}`,
    )
    .join("\n");

const withLibrary = (threads: Threads): string => `
#include <pthread.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
${HEAD(threads.length)}${bodies(threads)}
${threads.map((_, t) => `static void *thread${t}(void *_) { body${t}(); return 0; }`).join("\n")}
int main(void) {
  pthread_t threads[${threads.length}];
  call(22, (long)fds, 0, 0);
  ${threads.map((_, t) => (t === 0 ? "" : `pthread_create(&threads[${t}], 0, thread${t}, 0);`)).join("\n  ")}
  body0();
  for (int t = 1; t < ${threads.length}; t++) pthread_join(threads[t], 0);
  report();
  call(231, 0, 0, 0);
}
`;

/** CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, PARENT_SETTID, CHILD_CLEARTID. man 2 clone */
const FLAGS = 0x350f00;
/** SA_RESTORER. arch/x86/include/uapi/asm/signal.h */
const RESTORER = 0x04000000;
const bare = (threads: Threads): string => `
${HEAD(threads.length)}
static char stacks[${threads.length}][8192] __attribute__((aligned(4096)));
static void faults(int _) { call(231, ${CODES.faults}, 0, 0); }
static void handler(int _) { __atomic_fetch_add(&m[${VARIABLES - 1}], ${HANDLER_ADDS}, 5); }
void restore(void);
__asm__("restore: mov $15, %eax; syscall");
${bodies(threads)}
static void ends(void) { for (;;) call(60, 0, 0, 0); }
${threads.map((_, t) => `static void thread${t}(void) { body${t}(); ends(); }`).join("\n")}
static void begin(int t, void (*body)(void)) {
  void (**top)(void) = (void *)(stacks[t] + sizeof stacks[t] - 8);
  *top = body;
  register long cleared __asm__("r10") = (long)&ids[t];
  long n = 56;
  __asm__ volatile("syscall\\n test %%eax, %%eax\\n jnz 1f\\n ret\\n1:" : "+a"(n) : "D"(${FLAGS}L), "S"(top), "d"(&ids[t]), "r"(cleared) : "rcx", "r11", "memory");
}
int start(void) {
  static struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } actions[] = {
    { handler, ${RESTORER}, restore, 0 }, { faults, ${RESTORER}, restore, 0 }
  };
  for (int i = 0; i < 2; i++) {
    register long size __asm__("r10") = 8;
    long n = 13;
    __asm__ volatile("syscall" : "+a"(n) : "D"(i == 0 ? 10L : 11L), "S"(&actions[i]), "d"(0L), "r"(size) : "rcx", "r11", "memory");
  }
  map();
  call(22, (long)fds, 0, 0);
  first = call(39, 0, 0, 0);
  ${threads.map((_, t) => (t === 0 ? "" : `begin(${t}, thread${t});`)).join("\n  ")}
  body0();
  for (int t = 1, id; t < ${threads.length}; t++) while ((id = ids[t]) != 0) call(202, (long)&ids[t], 0, id);
  report();
  call(231, 0, 0, 0);
  return 0;
}
__asm__(".globl _start\\n_start: xor %ebp, %ebp\\n and $-16, %rsp\\n call start");
`;

/** The program as C, and the compiler's options for it. */
export const programOf = (threads: Threads, isLibrary: boolean): { readonly text: string; readonly flags: readonly string[] } =>
  isLibrary
    ? { text: withLibrary(threads), flags: ["-pthread", "-Wl,-z,now"] }
    : { text: bare(threads), flags: ["-nostdlib", "-static", "-fno-stack-protector", "-fcf-protection=none"] };
