// Segment bases and descriptors of a traced task: PTRACE_ARCH_PRCTL, PTRACE_GET_THREAD_AREA,
// PTRACE_SET_THREAD_AREA. Linux arch/x86/kernel/ptrace.c arch_ptrace(), x32_arch_ptrace(), tls.c.
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { S } from "../../cpu/machine/state.ts";
import type { Task } from "../core/task.ts";
import { ARCH, archPrctl64, getThreadArea, setThreadArea } from "../task/thread-pointer.ts";
import { withRegisters } from "./registers.ts";

/** Reads or writes an entry of the target; the struct user_desc is in the tracer. 0 or -errno. */
export const threadArea = (write: boolean, tracer: Task, target: Task, entry: number, address: number): number => {
  const number = entry | 0;
  // A double does not hold the lower bits of a negative number.
  if (!Number.isSafeInteger(entry) || number < 0) return -E.EIO;
  const call = { mem: tracer.mem, entry: number };
  if (!write) return getThreadArea(target, address, call);
  const failed = setThreadArea(target, address, false, call);
  if (failed === 0) target.staleSegments = true;
  return failed;
};

/** arch_prctl(`code`, `address`) on the target, by a 64-bit call only. 0 or -errno. */
export const segmentBases = (tracer: Task, target: Task, code: number, address: number, abi: Abi): number => {
  if (abi.long !== 8) return -E.EIO;
  const result = withRegisters(target, (cpu) => archPrctl64(cpu, code | 0, address, tracer.mem));
  if (result !== 0) return result;
  // A selector that the tracer wrote before is null now.
  if (code === ARCH.ARCH_SET_FS) target.trace?.selectors?.delete(S.fs);
  if (code === ARCH.ARCH_SET_GS) target.trace?.selectors?.delete(S.gs);
  return 0;
};
