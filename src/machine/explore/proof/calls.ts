// The calls of a proof: what they concern besides the kernel's own state. A proof needs to know with which
// accesses and calls of other tasks their order can matter (events.ts).
import type { Cpu } from "../../../cpu/cpu.ts";
import { R } from "../../../cpu/machine/state.ts";
import type { Task } from "../../../kernel/core/task.ts";
import { isOwnCall } from "../../accessing-instructions.ts";

/** What a call concerns. */
export interface Concern {
  readonly call: string;
  /** The bytes of the program's memory that it is about: a futex, the id that an end clears. */
  readonly address: number;
  readonly bytes: number;
  readonly reads: boolean;
  readonly writes: boolean;
  /** The status of a thread that ends. */
  readonly status?: number;
  /** The thread that gets its signal; `ANY`: one of the process. */
  readonly target?: number;
  /** Its order among all events of other tasks matters. */
  readonly isWide?: boolean;
}

/** A signal for a process: each of its threads may get it. */
export const ANY = 0;

/** Where the thread's id is among the arguments of calls that send signals. */
const SIGNALS: Readonly<Record<string, number | undefined>> = { tgkill: 1, tkill: 0, rt_tgsigqueueinfo: 1 };
const TO_PROCESS = /^(kill|rt_sigqueueinfo|pidfd_send_signal)$/;
/** Which signals a task takes, and how: these matter to signals alone. */
const HANDLERS = /^(rt_sigaction|sigaction|signal)$/;
const MASKS = /^(rt_sigprocmask|sigprocmask)$/;
/** Calls for which the kernel touches memory later, or that of others. */
const WIDE = /^(process_.*|io_.*|vmsplice|userfaultfd|ptrace|sem(timed)?op.*|mq_notify)$/;

/** FUTEX_WAIT, WAKE, WAIT_BITSET, WAKE_BITSET: one word, and no write. man 2 futex */
const PLAIN_FUTEX: ReadonlySet<number> = new Set([0, 1, 9, 10]);
const WAKES: ReadonlySet<number> = new Set([1, 10]);

/** True for calls about signals that are events of a proof, although they concern the caller alone. */
export const isOnSignals = (call: string): boolean => HANDLERS.test(call) || MASKS.test(call);
/** The threads of a process share their handlers. */
export const isOnHandlers = (call: string): boolean => HANDLERS.test(call);

/** Calls that concern the caller alone, but for calls whose names match. */
const SEEN: Readonly<Record<string, RegExp | undefined>> = {
  uname: /^set(host|domain)name$/,
  sched_getaffinity: /^sched_setaffinity$/,
  brk: /^brk$/,
  getrandom: /^getrandom$/,
};
/** Limits concern all that a process does. */
const LIMITS = /^(prlimit64|getrlimit)$/;
/** True for calls that are no events of a proof as a rule (accessing-instructions.ts), nor in this one. */
export const isUnseen = (call: string): boolean => isOwnCall(call) && !LIMITS.test(call) && SEEN[call] === undefined;
/** The order of two calls matters; undefined: neither of them concerns the caller alone. */
export const areOwnDependent = (a: string, b: string): boolean | undefined => {
  const isOwn = (call: string): boolean => isOwnCall(call) && !LIMITS.test(call);
  return isOwn(a) || isOwn(b) ? SEEN[a]?.test(b) === true || SEEN[b]?.test(a) === true : undefined;
};

/** Calls that read, write or cut files: by descriptors, and by a path. */
const FILES =
  /^(p?(read|write)v?|p(read|write)64|p(read|write)v2?|ftruncate(64)?|fallocate|sendfile(64)?|copy_file_range|splice|fadvise64)$/;
const PATHS = /^truncate(64)?$/;
/** A call is about a file that the process has mapped, so that threads may access it as memory. */
export const isOnMappedFile = (task: Task, cpu: Cpu, call: string): boolean => {
  const isPath = PATHS.test(call);
  if (!isPath && !FILES.test(call)) return false;
  const argument = argumentsOf(task, cpu);
  const files: unknown[] = ([0, 1, 2] as const).map(
    (n) => (task.files.get(argument(n)) as { readonly inode?: unknown } | undefined)?.inode,
  );
  for (const { file } of task.mem.mappings()) if (file && (isPath || files.includes(file.backing))) return true;
  return false;
};

/** The arguments of a call that a task is about to make. */
const argumentsOf = (task: Task, cpu: Cpu): ((n: 0 | 1 | 2) => number) => {
  const { u32 } = cpu.state;
  const { long } = task.program.abi;
  return (n) => {
    const r = long === 4 ? ([R.bx, R.cx, R.dx] as const)[n] : ([R.di, R.si, R.dx] as const)[n];
    return long === 4 ? (u32[2 * r] as number) : (u32[2 * r + 1] as number) * 2 ** 32 + (u32[2 * r] as number);
  };
};

/** What a call that a task is about to make concerns. */
export const concernOf = (task: Task, cpu: Cpu, call: string): Concern => {
  const argument = argumentsOf(task, cpu);
  const none = { call, address: 0, bytes: 0, reads: false, writes: false };
  if (call === "exit") {
    const own = { ...none, status: argument(0) & 0xff, writes: true };
    // Locks of a list that the kernel marks, and those with inheritance.
    if (holdsRobust(task) || task.kernel.futexes.lockWaiters.size > 0) return { ...own, isWide: true };
    return task.clearChildTid === 0 ? own : { ...own, address: task.clearChildTid, bytes: 4 };
  }
  if (call.startsWith("futex")) {
    const op = argument(1) & 0x7f;
    if (!/^futex(_time64)?$/.test(call) || !PLAIN_FUTEX.has(op)) return { ...none, isWide: true };
    // A wake does not look at the word.
    return { ...none, address: argument(0), bytes: 4, reads: !WAKES.has(op) };
  }
  if (HANDLERS.test(call)) return { ...none, reads: argument(2) !== 0 };
  const at = SIGNALS[call];
  if (at !== undefined) return { ...none, target: argument(at as 0 | 1) };
  if (TO_PROCESS.test(call)) return { ...none, target: ANY };
  return WIDE.test(call) ? { ...none, isWide: true } : none;
};

/** The parts of a program that a proof does not cover: other processes, and another order of deadlines. */
export const uncovered = ({ process, kernel }: Task): string | undefined => {
  if (process.parent !== kernel.init || process.children.size > 0) return "it has several processes";
  // A deadline that is far away could come first, too, on a processor that is slow enough.
  return kernel.programs > 1 && kernel.timers.next !== Infinity ? "a task waited with a deadline beside others" : undefined;
};

/** It holds a robust mutex, or is about to take one or give it back. man 2 set_robust_list */
const holdsRobust = ({ robustList: head, robustListSize, mem }: Task): boolean => {
  if (head === 0) return false;
  const long = robustListSize === 12 ? 4 : 8;
  const [first, pending] = [mem.word(head, long), mem.word(head + 2 * long, long)];
  return (first >= 0 && first !== head) || pending > 0;
};
