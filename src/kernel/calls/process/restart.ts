// Calls without a common subject: restart_syscall, membarrier, uretprobe. man 2 restart_syscall, membarrier.
import { E } from "../../../abi/errno.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { forceSignal } from "../../signal/send.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { int } from "../../syscall/arg.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

/** Continues the call that a stop interrupted. Without one it is EINTR (do_no_restart_syscall). */
const restartSyscall = (t: Task): Result => {
  const block = t.restartBlock;
  t.restartBlock = undefined;
  if (!block) return -E.EINTR;
  const { call, deadline } = block;
  if (deadline !== undefined) t.waited.deadline = deadline;
  const result = call.entry.call(t, call.args as never, call.abi);
  // The old call continues to wait, not this one.
  if (typeof result === "object" && "interrupted" in result) t.resumes = call;
  return result;
};

/**
 * With one processor a task switch orders all accesses, so barriers do nothing. Linux uapi
 * linux/membarrier.h.
 */
const QUERY = 0;
const GET_REGISTRATIONS = 512;
const RSEQ = 128;
const FLAG_CPU = 1;
/** The registration that a command needs. Private barriers need their own, others none. */
const NEEDS: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 0],
  [8, 16],
  [32, 64],
  [RSEQ, 256],
]);
const REGISTRATIONS: readonly number[] = [4, 16, 64, 256];
const SUPPORTED = [...NEEDS.keys(), ...REGISTRATIONS, GET_REGISTRATIONS].reduce((a, b) => a | b, 0);
const membarrier = ({ mem }: Task, command: number, flags: number): number => {
  if (flags !== 0 && (command !== RSEQ || flags !== FLAG_CPU)) return -E.EINVAL;
  if (command === QUERY) return SUPPORTED;
  if (command === GET_REGISTRATIONS) return mem.barriers;
  if (REGISTRATIONS.includes(command)) {
    mem.barriers |= command;
    return 0;
  }
  const needs = NEEDS.get(command);
  if (needs === undefined) return -E.EINVAL;
  return (mem.barriers & needs) === needs ? 0 : -E.EPERM;
};

/** Single calls. man 2 restart_syscall, membarrier. */
export const restartCalls: readonly Syscall[] = [
  syscall("restart_syscall", {}, restartSyscall),
  // Only the kernel's trampoline may make it, and this kernel has none. Linux arch/x86/kernel/uprobes.c.
  syscall("uretprobe", {}, (t) => {
    forceSignal(t, kernelSignal(SIG.SIGILL));
    return -1;
  }),
  syscall("membarrier", { cmd: int, flags: int, cpu_id: int }, (t, a) => membarrier(t, a.cmd, a.flags)),
];
