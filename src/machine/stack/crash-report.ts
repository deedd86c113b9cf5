// A crash as a debugger shows it: registers, the code around the instruction, the call stack with symbols.
import { disassemble } from "../../cpu/text/disassemble.ts";
import type { Task } from "../../kernel/core/task.ts";
import { infoText } from "../../kernel/show/signal.ts";
import type { SigInfo } from "../../kernel/signal/state/info.ts";
import { signalName } from "../../kernel/signal/state/set.ts";
import { visible } from "../../visible.ts";
import { backtrace } from "./backtrace.ts";
import type { Crash } from "./crash.ts";
import { type Frame, frameText } from "./frame.ts";

const NAMES = {
  8: ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"],
  4: ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"],
} as const;
/** Instructions before and after the one that crashed. */
const AROUND = 4;
/** Bytes of code that are disassembled before it, if no function begins there. */
const BEFORE = 32;
const AFTER = 48;

const registersOf = (task: Task, long: 4 | 8): Record<string, bigint> => {
  const { state } = task.kernel.processor;
  return Object.fromEntries(NAMES[long].map((name, i) => [name, BigInt.asUintN(8 * long, state.u64[i] as bigint)]));
};
const registerLines = (registers: Readonly<Record<string, bigint>>, long: 4 | 8): string[] => {
  const all = Object.entries(registers).map(([name, value]) => `${name.padEnd(3)} ${value.toString(16).padStart(2 * long, "0")}`);
  return Array.from({ length: Math.ceil(all.length / 4) }, (_, i) => `  ${all.slice(4 * i, 4 * i + 4).join("  ")}`);
};

const codeLines = (task: Task, address: number, innermost: Frame | undefined, mode: 16 | 32 | 64): string[] => {
  const { displacement = BEFORE, symbol } = innermost ?? {};
  // From the begin of the function the instructions are those of the program; from elsewhere they are a
  // guess.
  const from = address - Math.min(displacement, 4096);
  const bytes = task.mem.read(from, address - from + AFTER) ?? task.mem.read(from, address - from + 16);
  if (!bytes) return [`  the code at 0x${address.toString(16)} cannot be read`];
  const lines = [...disassemble(bytes, { mode, at: from })];
  let at = lines.findIndex((line) => line.address === address);
  const shown = at < 0 ? [...disassemble(bytes.subarray(address - from), { mode, at: address })] : lines;
  at = Math.max(0, at);
  return shown.slice(Math.max(0, at - AROUND), at + AROUND + 1).map((line) => {
    const name = symbol === undefined ? "" : ` <${visible(symbol)}+0x${(line.address - from).toString(16)}>`;
    return `${line.address === address ? "=>" : "  "} 0x${line.address.toString(16)}${name}: ${line.text}`;
  });
};

/** The crash of the running task, whose registers are those of the instruction. */
export const crashOf = (task: Task, info: SigInfo): Crash => {
  const { state } = task.kernel.processor;
  const long = state.mode === 64 ? 8 : 4;
  const address = state.rip;
  const registers = registersOf(task, long);
  const frames = backtrace(task, true);
  const signal = signalName(info.signo);
  const innermost = frames[0]?.address === address ? frames[0] : undefined;
  const { comm, pid } = task;
  const text = [
    `${visible(comm)}[${pid}]: ${signal} ${infoText(info)}`,
    "registers:",
    ...registerLines({ ...registers, [long === 8 ? "rip" : "eip"]: BigInt(address) }, long),
    "code:",
    ...codeLines(task, address, innermost, state.mode as 16 | 32 | 64),
    "stack:",
    ...frames.map((frame, i) => `  #${i} ${frameText(frame)}`),
  ].join("\n");
  return { pid, comm, signal, address, registers, frames, text };
};
