// System calls in progress: a decoded call that waits or restarts, and a call before its checks are complete.

import type { Abi } from "../../abi/abi.ts";
import type { DoorName } from "../../abi/door.ts";
import type { Processor } from "../base/processor.ts";
import type { Task } from "../core/task.ts";
import type { TableEntry } from "./declaration.ts";

declare module "../core/task.ts" {
  interface TaskMembers {
    /** The call that a tracer or a listener of filters delays. */
    incoming: Incoming | undefined;
    /** The waiting call, if any. */
    call: PendingCall | undefined;
    /** Set by restart_syscall if the resumed call waits again: a signal then restarts that call. */
    resumes: PendingCall | undefined;
    /** The state that restart_syscall(2) continues with. Linux struct restart_block. */
    restartBlock: { readonly call: PendingCall; readonly deadline: number | undefined } | undefined;
  }
}

/** One entry instruction in one mode. */
export interface Door {
  readonly name: DoorName;
  readonly abi: Abi;
  /** It returns to the landing pad instead of the next instruction. */
  readonly lands: boolean;
  /**
   * Copies registers to task.origAx and task.args. Not 0: the call fails with this -errno before all checks.
   */
  enter(task: Task, cpu: Processor): number;
}

/** A decoded call, stored while it waits and for restart_syscall(2). */
export interface PendingCall {
  readonly entry: TableEntry;
  readonly abi: Abi;
  readonly args: Record<string, unknown>;
}

/**
 * A call before it runs. The steps of work.ts check it in turn, and each may make the task wait. Plain data.
 */
export interface Incoming {
  readonly abi: Abi;
  readonly door: DoorName;
  /** As decoded at the door. Undefined for a number without a table entry. */
  readonly call: PendingCall | undefined;
  /** Index of the current step. */
  step: number;
  /** The tracer has stopped the task in this step, and may change the number and the registers. */
  stopped?: "call" | "event";
  /** The tracer runs the call itself (PTRACE_SYSEMU). */
  emulated?: boolean;
  /** A tracer may have changed the number and the arguments. */
  mayBeChanged?: boolean;
  /** All steps have allowed it. */
  checked?: true;
  /** A jump to the vsyscall page: the number of its entry point, its address, and where it returns to. */
  readonly vsyscall?: { readonly nr: number; readonly rip: number; readonly caller: number; readonly sp: number };
}
