// Small programs with assumptions and loops that wait: generated, run by a model, and as C.
import { Random } from "../../../src/machine/explore/random.ts";

/** An operation of a thread on one or two of two variables. */
interface Op {
  readonly kind: Kind;
  readonly a: number;
  readonly b: number;
  readonly v: number;
  readonly w: number;
}
/** The number of reads of a program's report has a place for each operation. */
export const MOST_OPS = 5;
const VARIABLES = 2;

/** A state of a thread within an operation: what it has read, and how far it is. */
interface Thread {
  pc: number;
  step: number;
  read: number;
}
interface State {
  readonly memory: number[];
  readonly threads: Thread[];
  readonly reads: number[][];
}

/** C for an operation (`r`: its result), and a step of the model: "next", "stay", "stop", or "none". */
const kinds = {
  write: { text: ({ a, v }: Op) => `m[${a}] = ${v};`, step: ({ a, v }: Op, m: number[]) => ((m[a] = v), "next") },
  read: {
    text: ({ a }: Op, r: string) => `${r} = m[${a}];`,
    step: ({ a }: Op, m: number[], _: Thread, note: (value: number) => void) => (note(m[a] as number), "next"),
  },
  exchange: {
    text: ({ a, v }: Op, r: string) => `${r} = __atomic_exchange_n(&m[${a}], ${v}, 5);`,
    step: ({ a, v }: Op, m: number[], _: Thread, note: (value: number) => void) => (note(m[a] as number), (m[a] = v), "next"),
  },
  add: {
    text: ({ a }: Op, r: string) => `${r} = __atomic_fetch_add(&m[${a}], 1, 5);`,
    step: ({ a }: Op, m: number[], _: Thread, note: (value: number) => void) => (note(m[a] as number), m[a] as number, m[a]!++, "next"),
  },
  // A call whose order with others of its kind matters; the value is not looked at.
  random: { text: () => "{ int value; syscall(SYS_getrandom, &value, sizeof value, 0); }", step: () => "next" },
  assume: {
    text: ({ a, v }: Op) => `assume(m[${a}] == ${v});`,
    step: ({ a, v }: Op, m: number[]) => (m[a] === v ? "next" : "stop"),
  },
  // Two reads, and what lies between them.
  assumeEither: {
    text: ({ a, b, v, w }: Op) => `{ int p = m[${a}], q = m[${b}]; assume(p == ${v} || q == ${w}); }`,
    step: ({ a, b, v, w }: Op, m: number[], t: Thread) => {
      if (t.step++ === 0) return ((t.read = m[a] as number), "stay");
      return t.read === v || m[b] === w ? "next" : "stop";
    },
  },
  assumeSection: {
    text: ({ a, b, v }: Op) => `{ section = 1; int p = m[${a}], q = m[${b}]; section = 0; assume(p + q >= ${v}); }`,
    step: ({ a, b, v }: Op, m: number[]) => ((m[a] as number) + (m[b] as number) >= v ? "next" : "stop"),
  },
  // A lock by assumptions, and what it guards.
  guarded: {
    text: ({ a, b }: Op, r: string) =>
      `section = 1; assume(m[${a}] == 0); m[${a}] = 1; section = 0; ${r} = m[${b}]; m[${b}] = ${r} + 1; m[${a}] = 0;`,
    step: ({ a, b }: Op, m: number[], t: Thread, note: (value: number) => void) => {
      const at = t.step++;
      if (at === 0) return m[a] === 0 ? ((m[a] = 1), "stay") : "stop";
      if (at === 1) return (note((t.read = m[b] as number)), "stay");
      if (at === 2) return ((m[b] = t.read + 1), "stay");
      return ((m[a] = 0), "next");
    },
  },
  wait: { text: ({ a, v }: Op) => `while (m[${a}] != ${v});`, step: ({ a, v }: Op, m: number[]) => (m[a] === v ? "next" : "none") },
  waitEither: {
    text: ({ a, b, v, w }: Op) => `while (m[${a}] != ${v} && m[${b}] != ${w});`,
    step: ({ a, b, v, w }: Op, m: number[], t: Thread) => {
      if (t.step === 0) return m[a] === v ? "next" : ((t.step = 1), "stay");
      return m[b] === w ? "next" : ((t.step = 0), "stay");
    },
  },
  spin: {
    text: ({ a }: Op) => `while (__atomic_exchange_n(&m[${a}], 1, 5) == 1);`,
    step: ({ a }: Op, m: number[]) => (m[a] === 1 ? "none" : ((m[a] = 1), "next")),
  },
  // What a failed attempt writes can be seen.
  undo: {
    text: ({ a }: Op) => `while (__atomic_fetch_add(&m[${a}], 1, 5) != 0) __atomic_fetch_add(&m[${a}], -1, 5);`,
    step: ({ a }: Op, m: number[], t: Thread) => {
      if (t.step === 1) return (m[a]!--, (t.step = 0), "stay");
      return m[a]!++ === 0 ? "next" : ((t.step = 1), "stay");
    },
  },
} as const;
type Kind = keyof typeof kinds;
const plain: readonly Kind[] = ["write", "write", "read", "read", "exchange", "add"];
const waiting: readonly Kind[] = [
  "assume",
  "assumeEither",
  "assumeSection",
  "guarded",
  "guarded",
  "wait",
  "waitEither",
  "spin",
  "undo",
  "undo",
];

/** The threads of a program: two or three, with at most two operations that assume or wait. */
export type Threads = readonly (readonly Op[])[];
export const generate = (seed: number): Threads => {
  const random = new Random(seed);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  let left = 2;
  const op = (): Op => {
    const waits = left > 0 && random.below(3) === 0;
    if (waits) left--;
    const [a, b, v, w] = [random.below(VARIABLES), random.below(VARIABLES), random.below(3), random.below(3)];
    return { kind: pick(waits ? waiting : plain), a, b, v, w };
  };
  return Array.from({ length: 2 + random.below(2) }, () => Array.from({ length: 2 + random.below(2) }, op));
};

/** The reports of all schedules in which all threads end: their results, then the variables. */
export const reports = (threads: Threads): Set<string> => {
  const found = new Set<string>();
  const seen = new Set<string>();
  const start: State = {
    memory: Array(VARIABLES).fill(0),
    threads: threads.map(() => ({ pc: 0, step: 0, read: 0 })),
    reads: threads.map(() => Array(MOST_OPS).fill(0)),
  };
  for (const states = [start]; states.length > 0; ) {
    const state = states.pop() as State;
    const key = JSON.stringify(state);
    if (seen.has(key)) continue;
    seen.add(key);
    if (threads.every((ops, t) => state.threads[t]?.pc === ops.length)) found.add([...state.reads.flat(), ...state.memory].join(""));
    threads.forEach((ops, t) => {
      const next = structuredClone(state);
      const thread = next.threads[t] as Thread;
      const op = ops[thread.pc];
      if (!op) return;
      const note = (value: number): void => void ((next.reads[t] as number[])[thread.pc] = value);
      const result = kinds[op.kind].step(op, next.memory, thread, note);
      if (result === "none") return;
      if (result === "next") next.threads[t] = { pc: thread.pc + 1, step: 0, read: 0 };
      if (result === "stop") thread.pc = MOST_OPS;
      states.push(next);
    });
  }
  return found;
};

/** The same as C. The last thread that ends writes the report. */
export const programOf = (threads: Threads): string => `
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
static volatile int section, m[${VARIABLES}];
static int done, r[${threads.length}][${MOST_OPS}];
static void stop(void) {
  if (section) section = 0;
  for (;;) syscall(SYS_futex, &section, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
}
#define assume(condition) do { if (!(condition)) stop(); } while (0)
static void ends(void) {
  if (__atomic_fetch_add(&done, 1, 5) != ${threads.length - 1}) return;
  char text[${threads.length * MOST_OPS + VARIABLES + 1}], *at = text;
  for (int t = 0; t < ${threads.length}; t++) for (int i = 0; i < ${MOST_OPS}; i++) *at++ = '0' + r[t][i];
  for (int i = 0; i < ${VARIABLES}; i++) *at++ = '0' + m[i];
  *at++ = '\\n';
  write(1, text, at - text);
}
${threads
  .map(
    (ops, t) =>
      `static void *thread${t}(void *_) {\n${ops.map((op, i) => kinds[op.kind].text(op, `r[${t}][${i}]`)).join("\n")}\nends(); return 0;\n}`,
  )
  .join("\n")}
int main(void) {
  pthread_t threads[${threads.length}];
  ${threads.map((_, t) => `pthread_create(&threads[${t}], 0, thread${t}, 0);`).join("\n  ")}
  for (int t = 0; t < ${threads.length}; t++) pthread_join(threads[t], 0);
  return 0;
}
`;
