// System calls in progress: a decoded call that waits or restarts, and a call before its checks are complete.
import type { Abi } from "../../abi/abi.ts";
import type { Entry } from "../syscall/declaration.ts";
import type { Notification } from "../user-notif/notification.ts";

/** An entry instruction in one mode, for people. */
export type DoorName = "int80" | "sysenter" | "syscall32" | "syscall64";

/** A decoded call, stored while it waits and for restart_syscall(2). */
export interface PendingCall {
  readonly entry: Entry;
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
  /** The notification that the filters' listener got. */
  notification?: Notification | undefined;
}
