// A system call under way: kept while it waits, and for restart_syscall(2).
import type { Abi } from "../../abi/abi.ts";
import type { Entry } from "../syscall/declaration.ts";
import type { Notification } from "../user-notif/notification.ts";

export interface PendingCall {
  readonly entry: Entry;
  readonly abi: Abi;
  readonly args: Record<string, unknown>;
}

/** A call on its way in: the steps of work.ts look at it in turn, and one of them may make the task wait. Plain data. */
export interface Incoming {
  readonly abi: Abi;
  /** As it was when it came; undefined for a number that no table has. */
  readonly call: PendingCall | undefined;
  /** Which step is at it. */
  step: number;
  /** The tracer has stopped the task here; the number and the registers may be others afterwards. */
  stopped?: "call" | "event";
  /** The tracer runs the call itself (PTRACE_SYSEMU). */
  emulated?: boolean;
  /** Somebody may have changed it. */
  touched?: boolean;
  /** Everybody has let it pass. */
  checked?: true;
  /** What the filters' listener was told. */
  notification?: Notification | undefined;
}
