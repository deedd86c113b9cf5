// System calls in the format of strace(1). Names, arguments and results are read from the declarations.

import { R } from "../../cpu/machine/state.ts";
import type { PendingCall } from "../../kernel/entry/call.ts";
import type { Observer } from "../../kernel/observer.ts";
import type { SigInfo } from "../../kernel/signal/info.ts";
import { signalName } from "../../kernel/signal/set.ts";
import { argvText, envpText } from "../../kernel/syscall/arg-process.ts";
import { quote } from "../../kernel/syscall/arg-string.ts";
import type { Task } from "../../kernel/task/task.ts";
import type { TraceOptions } from "../options.ts";
import { abiRemark, type BegunCall, beginCall, filledArguments, following, resultText } from "./call-text.ts";
import { infoText } from "./signal-text.ts";
import { endOf } from "./status.ts";

/** A call whose line is not complete. */
interface Open extends BegunCall {
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
    this.#open.set(task, { ...beginCall(task, call), interrupted: false });
  }

  filtered(task: Task, text: string): void {
    const open = this.#open.get(task);
    if (open) open.filtered = text;
  }

  leave(task: Task, call: PendingCall | undefined, result: number): void {
    const open = this.#open.get(task);
    if (!open) return;
    this.#interrupt(task);
    this.#finish(task, open, filledArguments(task, call, open, result), resultText(task, call, result));
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
      const comma = following(open.head, open.rest.slice(0, 1)).startsWith(",") ? ", " : "";
      this.#line(task, `${open.head}${comma} <unfinished ...>`);
    }
    this.#last = undefined;
  }

  #finish(task: Task, open: Open, rest: readonly string[], result: string): void {
    const text = open.interrupted ? `<... ${open.name} resumed>${rest.join(", ")})` : `${open.head}${following(open.head, rest)})`;
    const abi = abiRemark(task, open);
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
