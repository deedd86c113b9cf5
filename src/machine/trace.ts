// System calls in the format of strace(1). Names, arguments and results are read from the declarations.

import { type Abi, i386, x32, x64 } from "../abi/abi.ts";
import { errnoText, restart } from "../abi/errno.ts";
import { syscallNumbers } from "../abi/numbers.ts";
import { R } from "../cpu/machine/state.ts";
import { USER_HZ } from "../kernel/base/usage.ts";
import type { PendingCall } from "../kernel/entry/call.ts";
import type { Observer } from "../kernel/observer.ts";
import { SI, type SigInfo } from "../kernel/signal/info.ts";
import { signalName } from "../kernel/signal/set.ts";
import { octal } from "../kernel/syscall/arg-file.ts";
import { argvText, envpText } from "../kernel/syscall/arg-process.ts";
import { quote } from "../kernel/syscall/arg-string.ts";
import type { Syscall } from "../kernel/syscall/declaration.ts";
import type { Task } from "../kernel/task/task.ts";
import type { TraceOptions } from "./options.ts";
import { endOf } from "./status.ts";

/** Texts for results that no program sees. strace src/syscall.c, print_err_ret(). */
const restarts: Record<number, string> = {
  [restart.ERESTARTSYS]: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
  [restart.ERESTARTNOINTR]: "ERESTARTNOINTR (To be restarted)",
  [restart.ERESTARTNOHAND]: "ERESTARTNOHAND (To be restarted if no handler)",
  [restart.ERESTART_RESTARTBLOCK]: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
};

const hex = (n: number): string => (n === 0 ? "0" : `0x${n.toString(16)}`);

const resultText = (task: Task, call: PendingCall | undefined, result: number): string => {
  if (result >= 0) {
    const { hexResult, octalResult, remark } = call?.entry.syscall ?? {};
    const text = hexResult ? hex(result) : octalResult ? octal(result) : String(result);
    const more = call && remark?.({ task, abi: call.abi, ret: result, all: call.args });
    return more ? `${text} (${more})` : text;
  }
  const kept = restarts[-result];
  return kept ? `? ${kept}` : `-1 ${errnoText(-result)}`;
};

/** The name of a call by its number. */
const missingName = (column: 0 | 1, number: number): string | undefined =>
  Object.entries(syscallNumbers).findLast(([, numbers]) => numbers[column] === number)?.[0];

/** A call that the kernel lacks is shown with six registers, and by its number if the number has no name. */
const unknownCall = (task: Task): string => {
  const registers = [0, 1, 2, 3, 4, 5].map((i) => hex((task.args[2 * i + 1] as number) * 0x1_0000_0000 + (task.args[2 * i] as number)));
  const name = missingName(task.compat ? i386.column : x64.column, task.origAx) ?? `syscall_${hex(task.origAx)}`;
  return `${name}(${registers.join(", ")}`;
};

const siCodes = new Map<number, string>([
  [SI.USER, "SI_USER"],
  [SI.KERNEL, "SI_KERNEL"],
  [SI.QUEUE, "SI_QUEUE"],
  [SI.TIMER, "SI_TIMER"],
  [SI.TKILL, "SI_TKILL"],
]);
/** si_code of what the kernel raises, by the signal. man 2 sigaction. */
const codesOf: Partial<Record<string, readonly string[]>> = {
  SIGILL: ["", "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC"],
  SIGFPE: ["", "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"],
  SIGSEGV: ["", "SEGV_MAPERR", "SEGV_ACCERR"],
  SIGBUS: ["", "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR"],
  SIGTRAP: ["", "TRAP_BRKPT", "TRAP_TRACE"],
  SIGCHLD: ["", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"],
  SIGSYS: ["", "SYS_SECCOMP"],
};

/** `3 /* 0.03 s *\/`: strace's print_clock_t(). */
const clockText = (ticks: number): string => (ticks === 0 ? "0" : `${ticks} /* ${(ticks / USER_HZ).toFixed(2)} s */`);

const infoText = (info: SigInfo): string => {
  const name = signalName(info.signo);
  const code = siCodes.get(info.code) ?? codesOf[name]?.[info.code] ?? String(info.code);
  const members = [`si_signo=${name}`, `si_code=${code}`];
  if (info.pid !== undefined) members.push(`si_pid=${info.pid}`, `si_uid=${info.uid ?? 0}`);
  if (info.status !== undefined) members.push(`si_status=${code === "CLD_EXITED" ? info.status : signalName(info.status)}`);
  if (info.utime !== undefined) members.push(`si_utime=${clockText(info.utime)}`, `si_stime=${clockText(info.stime ?? 0)}`);
  if (info.addr !== undefined) members.push(`si_addr=${info.addr === 0n ? "NULL" : `0x${info.addr.toString(16)}`}`);
  if (info.callAddr !== undefined) members.push(`si_call_addr=0x${info.callAddr.toString(16)}`, `si_syscall=${info.syscall}`);
  return `--- ${name} {${members.join(", ")}} ---`;
};

/** Names of the arguments that the caller gives, and of those that the kernel fills. */
const split = ({ args, shown }: Syscall): { readonly given: readonly string[]; readonly filled: readonly string[] } => {
  const keys = shown ?? Object.keys(args);
  const firstOut = keys.findIndex((key) => args[key]?.out);
  return firstOut < 0 ? { given: keys, filled: [] } : { given: keys.slice(0, firstOut), filled: keys.slice(firstOut) };
};

const show = (task: Task, call: PendingCall, keys: readonly string[], ret: number): string[] => {
  const context = { task, abi: call.abi, ret, all: call.args };
  return keys.map((key) => call.entry.syscall.args[key]?.show(call.args[key], context) ?? "").filter((text) => text !== "");
};

/** The caller's arguments as strace writes them: `AT_FDCWD, "/etc/passwd", O_RDONLY`. Reads the caller's memory. */
export const givenArguments = (task: Task, call: PendingCall): string => show(task, call, split(call.entry.syscall).given, 0).join(", ");

/** A call whose line is not complete. */
interface Open {
  readonly head: string;
  /** Arguments that the kernel fills: written with the result. */
  readonly rest: readonly string[];
  readonly abi: Abi | undefined;
  filtered?: string;
  /** A line of another task was written after the first part. */
  interrupted: boolean;
}

export class Trace implements Observer {
  readonly #emit: (line: string) => void;
  readonly #options: TraceOptions;
  readonly #open = new Map<Task, Open>();
  readonly #traced = new Set<Task>();
  #first: Task | undefined;
  /** The task whose unfinished line is the last one. */
  #last: Task | undefined;

  constructor(emit: (line: string) => void, options: TraceOptions = {}) {
    this.#emit = emit;
    this.#options = options;
  }

  started(task: Task): void {
    this.#first ??= task;
    if (task === this.#first || this.#options.follow) this.#traced.add(task);
  }

  executed(task: Task, path: string, argv: readonly string[], envp: readonly string[]): void {
    if (!this.#looks(task)) return;
    // No task called it: the environment is read from the new program's stack, after argc and argv.
    const at = task.kernel.processor.state.gpr(R.sp) + task.program.abi.long * (argv.length + 2);
    const text = `execve(${quote(path)}, ${argvText(argv)}, ${envpText(at, envp.length)})`;
    this.#line(task, `${this.#padded(text)} = 0`);
  }

  enter(task: Task, call: PendingCall | undefined): void {
    if (!this.#looks(task)) return;
    this.#interrupt(task);
    this.#last = task;
    if (!call) {
      this.#open.set(task, { head: unknownCall(task), rest: [], abi: undefined, interrupted: false });
      return;
    }
    const { filled } = split(call.entry.syscall);
    const head = `${call.entry.syscall.name}(${givenArguments(task, call)}`;
    this.#open.set(task, { head, rest: filled, abi: call.abi, interrupted: false });
  }

  filtered(task: Task, text: string): void {
    const open = this.#open.get(task);
    if (open) open.filtered = text;
  }

  leave(task: Task, call: PendingCall | undefined, result: number): void {
    const open = this.#open.get(task);
    if (!open) return;
    this.#interrupt(task);
    const rest = call ? show(task, call, open.rest, result) : [];
    this.#finish(task, open, rest, resultText(task, call, result));
  }

  signal(task: Task, info: SigInfo): void {
    if (!this.#looks(task)) return;
    this.#interrupt(undefined);
    this.#line(task, infoText(info));
  }

  stopped(task: Task, signal: number): void {
    if (!this.#looks(task)) return;
    this.#interrupt(undefined);
    this.#line(task, `--- stopped by ${signalName(signal)} ---`);
  }

  ended(task: Task, status: number): void {
    if (!this.#looks(task)) return;
    const open = this.#open.get(task);
    if (open) {
      this.#interrupt(task);
      this.#finish(task, open, [], "?");
    }
    this.#interrupt(undefined);
    const end = endOf(status);
    this.#line(
      task,
      "exit" in end ? `+++ exited with ${end.exit} +++` : `+++ killed by ${end.signal}${end.core ? " (core dumped)" : ""} +++`,
    );
    this.#traced.delete(task);
  }

  /** A line that belongs to no call: `--- task 4 runs … ---`. */
  remark(text: string): void {
    this.#interrupt(undefined);
    this.#emit(`--- ${text} ---`);
  }

  #looks(task: Task): boolean {
    return this.#traced.has(task);
  }

  /** Writes the unfinished line before the line of another task. */
  #interrupt(by: Task | undefined): void {
    const task = this.#last;
    if (!task || task === by) return;
    const open = this.#open.get(task);
    if (open && !open.interrupted) {
      open.interrupted = true;
      const comma = open.rest.length > 0 && !open.head.endsWith("(") ? ", " : "";
      this.#line(task, `${open.head}${comma} <unfinished ...>`);
    }
    this.#last = undefined;
  }

  #finish(task: Task, open: Open, rest: readonly string[], result: string): void {
    const name = open.head.slice(0, open.head.indexOf("("));
    const comma = rest.length > 0 && !open.interrupted && !open.head.endsWith("(") ? ", " : "";
    const text = `${open.interrupted ? `<... ${name} resumed>` : open.head}${comma}${rest.join(", ")})`;
    // Most calls of an x32 program are the 64-bit ones.
    const abi = open.abi && open.abi !== task.program.abi && !(open.abi === x64 && task.program.abi === x32) ? ` [${open.abi.name}]` : "";
    const filtered = open.filtered === undefined ? "" : ` (seccomp: ${open.filtered})`;
    this.#line(task, `${this.#padded(text)} = ${result}${abi}${filtered}`);
    this.#open.delete(task);
    if (this.#last === task) this.#last = undefined;
  }

  #padded(text: string): string {
    return text.padEnd((this.#options.column ?? 0) - 1);
  }

  #line(task: Task, text: string): void {
    this.#emit(this.#traced.size > 1 ? `[pid ${String(task.pid).padStart(5)}] ${text}` : text);
  }
}
