// /proc/PID/syscall: the current system call of a task. man 5 proc; Linux fs/proc/base.c proc_pid_syscall(),
// lib/syscall.c.
import { at, R } from "../../../cpu/machine/state.ts";
import type { Task } from "../../core/task.ts";

/**
 * The number, the arguments, the stack pointer and the instruction pointer of a blocked task. The number is
 * -1 and the arguments are absent if the task is not in a call.
 */
export const syscallText = (target: Task): string => {
  if (target.state === "runnable") return "running\n";
  if (target.state === "dead") return "0 0x0 0x0\n";
  const registers = new DataView(target.registers.buffer);
  const hex = (offset: number): string => `0x${registers.getBigUint64(offset, true).toString(16)}`;
  const position = `${hex(at.gpr + 8 * R.sp)} ${hex(at.rip)}`;
  if (target.origAx === -1) return `-1 ${position}\n`;
  const args = [0, 1, 2, 3, 4, 5].map((i) => {
    const high = target.compat ? 0 : (target.args[2 * i + 1] as number);
    return `0x${(high * 2 ** 32 + (target.args[2 * i] as number)).toString(16)}`;
  });
  return `${target.origAx} ${args.join(" ")} ${position}\n`;
};
