// Small programs whose threads end in several ways: generated, and run by a model in all interleavings.
// program.ts has them as C.
import { Random } from "../../../src/machine/explore/random.ts";

/** An operation of a thread: `a` is a variable, `v` a value, `to` a thread. */
export interface Op {
  readonly kind: Kind;
  readonly a: number;
  readonly v: number;
  readonly to: number;
}
/** Thread 0 is the first one: it makes the others, joins those that it outlives, and writes a report. */
export type Threads = readonly (readonly Op[])[];
/** The report has a place for the result of each operation. */
export const MOST_OPS = 5;
export const VARIABLES = 2;
/** The handler of signals adds this to the last variable. */
export const HANDLER_ADDS = 3;
/** Results of a wait: the value was another one, it was woken, a signal came. */
export const WAITED = { differs: 1, woken: 2, signal: 3 } as const;
/** Results of a signal. */
export const SENT = { yes: 1, none: 2 } as const;
/** Exit statuses: of a thread, the process, the process on a condition, and by the handler of SIGSEGV. */
export const CODES = { leave: 1, quit: 10, quitIf: 20, faults: 30 } as const;

interface Thread {
  pc: number;
  step: number;
  read: number;
  isSignalled: boolean;
  hasEnded: boolean;
}
interface State {
  readonly memory: number[];
  /** The word of a page, which threads drop and protect. */
  page: number;
  isProtected: boolean;
  /** Bytes in the pipe. */
  pipe: number[];
  /** Threads that sleep on each variable, in order. */
  readonly sleepers: number[][];
  readonly threads: Thread[];
  readonly results: number[][];
  /** The thread that has the mutex; -1: none. */
  owner: number;
  output: string;
  /** Set once the process has ended. */
  end: string;
  /** The status of the last thread that has ended. */
  status: number;
}
/** An operation's step: it is over, has more of them, or cannot go on now. */
type Step = "next" | "stay" | "none";
interface Here {
  readonly s: State;
  readonly t: number;
  readonly thread: Thread;
  readonly note: (result: number) => void;
}

const kinds = {
  store: ({ a, v }: Op, { s }: Here): Step => ((s.memory[a] = v), "next"),
  load: ({ a }: Op, { s, note }: Here): Step => (note(s.memory[a] as number), "next"),
  add: ({ a }: Op, { s, note }: Here): Step => {
    note(s.memory[a] as number);
    s.memory[a]!++;
    return "next";
  },
  wait: ({ a, v }: Op, { s, t, thread, note }: Here): Step => {
    const list = s.sleepers[a] as number[];
    if (thread.step === 0) {
      if (s.memory[a] !== v) return (note(WAITED.differs), "next");
      list.push(t);
      thread.step = 1;
      return "stay";
    }
    if (!list.includes(t)) return (note(WAITED.woken), "next");
    if (!thread.isSignalled) return "none";
    list.splice(list.indexOf(t), 1);
    note(WAITED.signal);
    return "next";
  },
  wake: ({ a }: Op, { s, note }: Here): Step => {
    note(s.sleepers[a]?.shift() === undefined ? 0 : 1);
    return "next";
  },
  send: ({ v }: Op, { s }: Here): Step => (s.pipe.push(v + 1), "next"),
  receive: (_: Op, { s, thread, note }: Here): Step => {
    const byte = s.pipe.shift();
    if (byte !== undefined) return (note(byte), "next");
    if (thread.step === 0) return ((thread.step = 1), "stay");
    return thread.isSignalled ? (note(0), "next") : "none";
  },
  // The kernel reads and writes the variables.
  sendFrom: ({ a }: Op, { s }: Here): Step => (s.pipe.push(s.memory[a] as number), "next"),
  receiveTo: ({ a }: Op, { s, thread }: Here): Step => {
    const byte = s.pipe.shift();
    if (byte !== undefined) return ((s.memory[a] = byte), "next");
    if (thread.step === 0) return ((thread.step = 1), "stay");
    return thread.isSignalled ? "next" : "none";
  },
  count: ({ a }: Op, { s }: Here): Step => ((s.memory[a] = s.pipe.length), "next"),
  clear: ({ a }: Op, { s }: Here): Step => ((s.memory[a] = 0), "next"),
  // Mappings change under accesses.
  drop: (_: Op, { s }: Here): Step => ((s.page = 0), "next"),
  replace: (_: Op, { s }: Here): Step => ((s.page = 0), (s.isProtected = false), "next"),
  protect: (_: Op, { s }: Here): Step => ((s.isProtected = true), "next"),
  allow: (_: Op, { s }: Here): Step => ((s.isProtected = false), "next"),
  peek: (_: Op, { s, note }: Here): Step => (s.isProtected ? faults(s) : (note(s.page), "next")),
  poke: ({ v }: Op, { s }: Here): Step => (s.isProtected ? faults(s) : ((s.page = v + 1), "next")),
  put: (_: Op, { s, t }: Here): Step => ((s.output += "abcd"[t] as string), "next"),
  signal: ({ to }: Op, { s, t, note }: Here): Step => {
    const target = s.threads[to] as Thread;
    // A thread takes its own signal at the end of the call.
    if (to === t) s.memory[VARIABLES - 1]! += HANDLER_ADDS;
    if (to === t) return (note(SENT.yes), "next");
    note(target.hasEnded ? SENT.none : SENT.yes);
    if (!target.hasEnded) target.isSignalled = true;
    return "next";
  },
  looks: ({ to }: Op, { s, note }: Here): Step => (note(s.threads[to]?.hasEnded ? 0 : 1), "next"),
  locked: ({ a }: Op, { s, t, thread, note }: Here): Step => {
    const at = thread.step++;
    if (at === 0) {
      if (s.owner >= 0) return ((thread.step = 0), "none");
      s.owner = t;
    } else if (at === 1) note((thread.read = s.memory[a] as number));
    else if (at === 2) s.memory[a] = thread.read + 1;
    else s.owner = -1;
    return at === 3 ? "next" : "stay";
  },
  tries: (_: Op, { s, t, thread, note }: Here): Step => {
    if (thread.step === 1) return ((s.owner = -1), "next");
    if (s.owner >= 0) return "next";
    note(1);
    s.owner = t;
    thread.step = 1;
    return "stay";
  },
  leave: ({ v }: Op, here: Here): Step => (endThread(here, CODES.leave + v), "stay"),
  quit: ({ v }: Op, { s }: Here): Step => ((s.end = `exit ${CODES.quit + v}`), "stay"),
  quitIf: ({ a, v }: Op, { s, thread }: Here): Step => {
    if (thread.step === 1) return ((s.end = `exit ${CODES.quitIf + v}`), "stay");
    return s.memory[a] === v ? ((thread.step = 1), "stay") : "next";
  },
} as const;
/** The kinds of operations. */
export type Kind = keyof typeof kinds;

/** The handler of SIGSEGV ends the process. */
const faults = (s: State): Step => ((s.end = `exit ${CODES.faults}`), "stay");
const endThread = ({ s, thread }: Here, status: number): void => {
  thread.hasEnded = true;
  s.status = status;
  if (s.threads.every(({ hasEnded }) => hasEnded)) s.end = `exit ${status}`;
};

/** Kinds of operations without a C library's threads, and with them: those have signals of their own. */
const RAW: readonly Kind[] = [
  ...(["store", "store", "load", "load", "add", "add"] as const),
  ...(["wait", "wait", "wake", "wake", "send", "receive", "put", "signal", "looks", "leave", "quit", "quitIf", "quitIf"] as const),
];
/** Kinds in which the kernel touches the program's memory, and those with a page. */
const KERNEL: readonly Kind[] = [
  ...(["store", "load", "load", "add", "sendFrom", "sendFrom", "receiveTo", "receive", "count", "clear", "quitIf"] as const),
  ...(["drop", "replace", "protect", "allow", "peek", "peek", "poke"] as const),
];
const LIBRARY: readonly Kind[] = [...RAW.filter((kind) => kind !== "signal" && kind !== "looks"), "locked", "locked", "locked", "tries"];

/** Two or three threads with at most four operations each. */
export const generate = (seed: number, kind: "raw" | "library" | "kernel"): Threads => {
  const random = new Random(seed);
  const list = { raw: RAW, library: LIBRARY, kernel: KERNEL }[kind];
  const count = 2 + random.below(2);
  const most = count === 2 ? 4 : 3;
  return Array.from({ length: count }, (_, t) =>
    Array.from({ length: 1 + random.below(most) }, () => {
      const drawn = list[random.below(list.length)] as Kind;
      const op = { a: random.below(VARIABLES), v: random.below(2), to: random.below(count) };
      // Another thread's id is there once that thread is.
      const isThere = op.to > 0 && (t === 0 || op.to < t);
      return { ...op, kind: drawn === "looks" && !isThere ? "load" : drawn };
    }),
  );
};

/** The output and the end of the process: "exit N", or "stuck". */
export interface Outcome {
  readonly output: string;
  readonly end: string;
}

/** One step of a thread. False: it cannot go on now. */
const stepOf = (threads: Threads, s: State, t: number): boolean => {
  const thread = s.threads[t] as Thread;
  if (thread.hasEnded) return false;
  const note = (result: number): void => void ((s.results[t] as number[])[thread.pc] = result);
  const here: Here = { s, t, thread, note };
  const op = threads[t]?.[thread.pc];
  const isInCall = thread.step === 1 && (op?.kind === "wait" || op?.kind === "receive" || op?.kind === "receiveTo");
  if (thread.isSignalled && !isInCall) {
    thread.isSignalled = false;
    s.memory[VARIABLES - 1]! += HANDLER_ADDS;
    return true;
  }
  if (op) {
    const step = kinds[op.kind](op, here);
    if (step === "next") [thread.pc, thread.step] = [thread.pc + 1, 0];
    return step !== "none";
  }
  if (t > 0) return (endThread(here, 0), true);
  if (s.threads.some(({ hasEnded }, other) => other > 0 && !hasEnded)) return false;
  s.output += `${[...s.results.flat(), ...s.memory].map((value) => String.fromCharCode(48 + value)).join("")}\n`;
  s.end = "exit 0";
  return true;
};

/** The outcomes of all interleavings. */
export const outcomes = (threads: Threads): Outcome[] => {
  const found = new Map<string, Outcome>();
  const seen = new Set<string>();
  const start: State = {
    memory: Array(VARIABLES).fill(0),
    page: 0,
    isProtected: false,
    pipe: [],
    sleepers: Array.from({ length: VARIABLES }, () => []),
    threads: threads.map(() => ({ pc: 0, step: 0, read: 0, isSignalled: false, hasEnded: false })),
    results: threads.map(() => Array(MOST_OPS).fill(0)),
    owner: -1,
    output: "",
    end: "",
    status: 0,
  };
  const add = (output: string, end: string): void => void found.set(`${output}|${end}`, { output, end });
  for (const states = [start]; states.length > 0; ) {
    const state = states.pop() as State;
    const key = JSON.stringify(state);
    if (seen.has(key)) continue;
    seen.add(key);
    if (state.end !== "") {
      add(state.output, state.end);
      continue;
    }
    const before = states.length;
    for (const t of threads.keys()) {
      const next = structuredClone(state);
      if (stepOf(threads, next, t)) states.push(next);
    }
    if (states.length === before) add(state.output, "stuck");
  }
  return [...found.values()];
};
