// Calls without a common subject: restart_syscall, membarrier, uretprobe. man 2 restart_syscall, membarrier.
import { E } from "../../../abi/errno.ts";
import { kernelSignal } from "../../signal/info.ts";
import { forceSignal } from "../../signal/send.ts";
import { SIG } from "../../signal/set.ts";
import { int } from "../../syscall/arg.ts";
import { type Result, type Syscall, syscall } from "../../syscall/declaration.ts";
import type { Task } from "../../task/task.ts";

/** Continues the call that a stop interrupted. Without one it is EINTR (do_no_restart_syscall). */
const restartSyscall = (t: Task): Result => {
  const block = t.restartBlock;
  t.restartBlock = undefined;
  if (!block) return -E.EINTR;
  const { call, deadline } = block;
  if (deadline !== undefined) t.waited.deadline = deadline;
  const result = call.entry.syscall.call(t, call.args as never, call.abi);
  // The old call continues to wait, not this one.
  if (typeof result === "object" && "interrupted" in result) t.resumes = call;
  return result;
};

/**
 * With one processor a task switch orders all accesses, so barriers do nothing. Linux uapi
 * linux/membarrier.h.
 */
const COMMANDS = { QUERY: 0, GLOBAL: 1 } as const;
const SUPPORTED = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40;
const membarrier = (command: number, flags: number): number => {
  if (flags !== 0) return -E.EINVAL;
  if (command === COMMANDS.QUERY) return SUPPORTED;
  return (command & (command - 1)) === 0 && (command & SUPPORTED) !== 0 ? 0 : -E.EINVAL;
};

export const restartCalls: readonly Syscall[] = [
  syscall("restart_syscall", {}, restartSyscall),
  // Only the kernel's trampoline may make it, and this kernel has none. Linux arch/x86/kernel/uprobes.c.
  syscall("uretprobe", {}, (t) => {
    forceSignal(t, kernelSignal(SIG.SIGILL));
    return -1;
  }),
  syscall("membarrier", { cmd: int, flags: int, cpu_id: int }, (_t, a) => membarrier(a.cmd, a.flags)),
];
