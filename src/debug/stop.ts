// The reasons for which a debugged program stands still.

/** Why a program has stopped. Signals have Linux's numbers. */
export type WhyStopped =
  | { readonly kind: "step" | "interrupt" | "start" | "vforkdone" }
  /** `isIgnored`: it has gone, and a debugger sees it as one of Linux does. */
  | { readonly kind: "signal"; readonly signo: number; readonly isIgnored?: true }
  | { readonly kind: "breakpoint"; readonly how: "swbreak" | "hwbreak" }
  | { readonly kind: "watch"; readonly on: WatchKind; readonly address: number }
  | { readonly kind: "syscall"; readonly way: "entry" | "return"; readonly nr: number }
  /** clone: a thread of the same process. */
  | { readonly kind: "child"; readonly how: "fork" | "vfork" | "clone"; readonly child: number }
  | { readonly kind: "exec"; readonly path: string }
  | { readonly kind: "ended"; readonly status: number }
  /** A thread of a process that goes on. */
  | { readonly kind: "thread-ended"; readonly status: number }
  | { readonly kind: "thread-created" }
  /** All threads that were to run have ended; others are held. */
  | { readonly kind: "no-resumed" }
  /** It was told to stop, for no reason of the program. */
  | { readonly kind: "halted" }
  /** A function that gdb called in the past has ended the program, which is back before the call. */
  | { readonly kind: "call-ended" }
  | { readonly kind: "history"; readonly end: "begin" | "end" }
  /** A condition of `monitor stop`. */
  | { readonly kind: "condition"; readonly text: string };

/** A stop: of this process, in this thread. */
export interface Stop {
  readonly pid: number;
  readonly tid: number;
  readonly why: WhyStopped;
}

/** Z2, Z3 and Z4. */
export type WatchKind = "write" | "read" | "access";

/** A watchpoint of a process. */
export interface Watch {
  readonly pid: number;
  readonly address: number;
  readonly length: number;
  readonly on: WatchKind;
}
/** Conditions that only this machine can stop at. `door`: int80, sysenter, syscall32, syscall64. */
export type StopCondition = { readonly kind: "denied"; readonly filter?: number } | { readonly kind: "door"; readonly door: string };

/** Which events of processes are reported. */
export interface Events {
  fork: boolean;
  vfork: boolean;
  exec: boolean;
  /** Threads begin and end. */
  threads: boolean;
  /** The same for single threads: that they make others, and that they end. */
  readonly clones: Set<number>;
  readonly ends: Set<number>;
  /** The last thread that runs has ended, and others are held. */
  noResumed: boolean;
}

/** What a debugger stops at, beside its points. It holds for each program that it runs. */
export interface Wanted {
  /** Numbers of calls to catch. "all", or none. */
  catches: "all" | ReadonlySet<number> | undefined;
  /** Signals that are delivered without a stop. */
  passes: ReadonlySet<number>;
  readonly events: Events;
  readonly conditions: StopCondition[];
  /** True: the history of the debugged process ends before it executes another program. */
  endsAtExec: boolean;
  /** Gets the output of breakpoints' commands, one character a byte. */
  print: (text: string) => void;
}
