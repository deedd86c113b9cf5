// The kernel's log of a fault without a handler. Linux arch/x86/mm/fault.c show_signal_msg(),
// arch/x86/kernel/traps.c show_signal(), arch/x86/kernel/dumpstack.c show_opcodes(), mm/memory.c
// print_vma_addr().
import { R } from "../../cpu/machine/state.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { Task } from "../core/task.ts";
import { SIG_DFL, SIG_IGN } from "../signal/state/action.ts";

const LOG_INFO = 6;
/** printk_ratelimit(): ten messages in five seconds. */
const BURST = 10;
const INTERVAL = 5e9;
/** Bytes before the instruction, and in all. */
const PROLOGUE = 42;
const OPCODES = 64;

/** True if the signal ends the process, which has no tracer. Linux unhandled_signal(). */
const unhandled = (task: Task, signal: number): boolean => {
  const { handler } = task.actions.get(signal);
  return (handler === SIG_DFL || handler === SIG_IGN) && !task.trace;
};
const mayLog = (task: Task): boolean => {
  const { log, now } = task.kernel;
  const limit = log.faults;
  if (now - limit.since >= INTERVAL) log.faults = { since: now, count: 1 };
  else if (limit.count >= BURST) return false;
  else log.faults = { since: limit.since, count: limit.count + 1 };
  return true;
};

const hex = (n: number | bigint, digits = 1): string => n.toString(16).padStart(digits, "0");
const registers = (task: Task): { readonly ip: bigint; readonly sp: bigint } => {
  const { state } = task.kernel.processor;
  return { ip: BigInt(state.rip), sp: BigInt.asUintN(64, state.u64[R.sp] as bigint) };
};
/** ` in libc.so.6[9e4b5,7f5b7ff6e000+166000]`: the address in the file, begin and length of the mapping. */
const place = (task: Task, ip: bigint): string => {
  const vma = task.mem.find(Number(ip));
  if (!vma?.file) return "";
  const offset = Number(ip) - vma.start + vma.pgoff * PAGE_SIZE;
  const name = vma.file.path.slice(vma.file.path.lastIndexOf("/") + 1);
  return ` in ${name}[${hex(offset)},${hex(vma.start)}+${hex(vma.end - vma.start)}]`;
};

/** `Code: … <8b> 04 25 …`: the bytes around the instruction. */
const opcodes = (task: Task, ip: bigint): string => {
  const from = Number(ip) - PROLOGUE;
  const bytes = from < 0 ? undefined : task.mem.read(from, OPCODES);
  if (!bytes) return `Code: Unable to access opcode bytes at 0x${hex(BigInt.asUintN(64, ip - BigInt(PROLOGUE)))}.`;
  return `Code: ${[...bytes].map((b, i) => (i === PROLOGUE ? `<${hex(b, 2)}>` : hex(b, 2))).join(" ")}`;
};

/**
 * `crash[2]: segfault at 0 ip … sp … error 4 in crash[…] likely on CPU 0 (core 0, socket 0)`, and the code.
 */
export const logSegfault = (task: Task, signal: number, address: bigint, error: number): void => {
  if (!unhandled(task, signal) || !mayLog(task)) return;
  const { ip, sp } = registers(task);
  const where = `ip ${hex(ip, 16)} sp ${hex(sp, 16)} error ${hex(error)}${place(task, ip)} likely on CPU 0 (core 0, socket 0)`;
  task.kernel.printk(LOG_INFO, `${task.comm}[${task.pid}]: segfault at ${hex(address)} ${where}`);
  task.kernel.printk(LOG_INFO, opcodes(task, ip));
};

/**
 * `traps: crash[2] trap divide error ip:… sp:… error:0 in crash[…]`. `what` has the word "trap" if Linux says
 * it.
 */
export const logTrap = (task: Task, signal: number, what: string, error: number): void => {
  if (!unhandled(task, signal) || !mayLog(task)) return;
  const { ip, sp } = registers(task);
  task.kernel.printk(
    LOG_INFO,
    `traps: ${task.comm}[${task.pid}] ${what} ip:${hex(ip)} sp:${hex(sp)} error:${hex(error)}${place(task, ip)}`,
  );
};
