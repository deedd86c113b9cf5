// A system call under way: kept while it waits, and for restart_syscall(2).
import type { Abi } from "../../abi/abi.ts";
import type { Entry } from "../syscall.ts";

export interface PendingCall {
  readonly entry: Entry;
  readonly abi: Abi;
  readonly args: Record<string, unknown>;
}
