// The register that holds the number and the result, as it was before a call. Linux syscall_rollback().
import { x64 } from "../../abi/abi.ts";
import { R } from "../../cpu/machine/state.ts";
import type { Task } from "../core/task.ts";
import { originalAx } from "../ptrace/registers.ts";

/**
 * Restores rax to its value before the call: all 64 bits, unless a tracer changed the number or the door was
 * a 32-bit one. Linux syscall_rollback(), do_int80_emulation().
 */
export const rollBack = (task: Task, arch: number): void => {
  const { state } = task.kernel.processor;
  if (arch !== x64.auditArch) state.setGpr(R.ax, task.origAx >>> 0);
  else state.u64[R.ax] = originalAx(task);
};
