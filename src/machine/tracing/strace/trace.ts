// System calls in the format of strace(1). Names, arguments and results are read from the declarations; texts
// of structures from src/kernel/show.

import { errnoText } from "../../../abi/errno.ts";
import { syscallNumbers } from "../../../abi/numbers.ts";
import { R } from "../../../cpu/machine/state.ts";
import type { PendingCall } from "../../../kernel/entry/call.ts";
import type { Injected, Observer } from "../../../kernel/observer.ts";
import { infoText } from "../../../kernel/show/signal.ts";
import { kernelSignal, type SigInfo } from "../../../kernel/signal/info.ts";
import { sendToTask } from "../../../kernel/signal/send.ts";
import { signalName } from "../../../kernel/signal/set.ts";
import { argvText, envpText } from "../../../kernel/syscall/arg-process.ts";
import { styled } from "../../../kernel/syscall/arg-string.ts";
import type { Style } from "../../../kernel/syscall/declaration.ts";
import type { Task } from "../../../kernel/task/task.ts";
import { backtrace } from "../../stack/backtrace.ts";
import { straceFrame } from "../../stack/frame.ts";
import { abiRemark, addedText, type BegunCall, beginCall, callName, filledArguments, restarts, resultText } from "../call-text.ts";
import { descriptorText } from "../descriptors.ts";
import { stylesOf } from "../style.ts";
import { dumpLines, transferred } from "./dump.ts";
import { Filters } from "./filters.ts";
import { jsonLine } from "./json.ts";
import type { TraceOptions } from "./options.ts";
import { Prefix } from "./prefix.ts";
import { callSet } from "./select.ts";
import { Summary } from "./summary.ts";

/** A call whose line is not complete. */
interface Open extends BegunCall {
  /** Not shown: the call is outside of the filters, or only its result decides. */
  readonly hidden: boolean;
  readonly selected: boolean;
  /** Prefix at entry, and virtual times at entry. */
  readonly prefix: string;
  readonly now: number;
  readonly system: number;
  filtered?: string;
  injected?: boolean;
  delayExit?: number;
  signal?: number | undefined;
  /** A line of another task was written after the first part. */
  interrupted: boolean;
}

/** Writes lines; `pid` is the task of the line, for one output per task (-ff). */
export type Emit = (line: string, pid: number) => void;

/** The observer that writes a trace. */
export class Trace implements Observer {
  readonly #emit: Emit;
  readonly #options: TraceOptions;
  readonly #styleOf: (name: string) => Style;
  readonly #filters: Filters;
  readonly #prefix: Prefix;
  readonly #summary: Summary | undefined;
  readonly #open = new Map<Task, Open>();
  readonly #traced = new Set<Task>();
  /** Pids of `-p` that no process has had yet. */
  readonly #awaited: Set<number>;
  #first: Task | undefined;
  /** The task whose unfinished line is the last one. */
  #last: Task | undefined;

  constructor(emit: Emit, options: TraceOptions = {}) {
    this.#emit = emit;
    this.#options = options;
    const set = (text: string | undefined, name: string) => (text === undefined ? undefined : callSet(text, `-e ${name}`));
    this.#styleOf = stylesOf(options, descriptorText(options.paths ?? 0), {
      abbrev: set(options.abbrev, "abbrev"),
      structures: set(options.structures, "verbose"),
      raw: set(options.raw, "raw"),
    });
    this.#awaited = new Set(options.pids);
    this.#filters = new Filters(options);
    this.#prefix = new Prefix(options);
    this.#summary = options.summary === undefined ? undefined : new Summary();
  }

  started(task: Task): void {
    this.#first ??= task;
    this.#awaited.delete(task.tgid);
    const { pids, follow } = this.#options;
    const chosen = pids ? pids.includes(task.tgid) : task === this.#first;
    if (chosen || (follow && (!pids || this.#traced.size > 0))) this.#traced.add(task);
  }

  executed(task: Task, path: string, argv: readonly string[], envp: readonly string[]): void {
    if (!this.#looks(task) || !this.#filters.call("execve") || !this.#filters.status("successful")) return;
    if (this.#filters.hasPaths && !this.#filters.path(path)) return;
    // No task called it: the environment is read from the new program's stack, after argc and argv.
    const at = task.kernel.processor.state.gpr(R.sp) + task.program.abi.long * (argv.length + 2);
    const style = this.#styleOf("execve");
    const environment = style.verbose ? argvText(envp, style) : envpText(at, envp.length);
    const { long } = task.program.abi;
    const lists = style.structures
      ? [argvText(argv, style), environment]
      : [at - long * (argv.length + 1), at].map((list) => `0x${list.toString(16)}`);
    const given = [styled(path, style), ...lists];
    this.#summary?.add("execve", false, 0);
    if (this.#options.summary === "only") return;
    const prefix = this.#prefix.text(task, syscallNumbers.execve[task.program.abi.column] ?? 0);
    const head = `execve(${given.join(", ")}`;
    const begun = { name: "execve", call: undefined, given, head, rest: [], before: {}, abi: undefined };
    this.#write(task, { ...this.#begun(task, begun), prefix }, "0", 0);
  }
  #begun(task: Task, begun: BegunCall): Open {
    return {
      ...begun,
      ...{
        hidden: false,
        selected: true,
        interrupted: false,
        prefix: this.#prefix.text(task),
        now: task.kernel.now,
        system: task.usage.system,
      },
    };
  }

  enter(task: Task, call: PendingCall | undefined): Injected | undefined {
    if (!this.#looks(task)) return undefined;
    const name = callName(task, call);
    const selected = this.#filters.call(name) && (!this.#filters.hasPaths || this.#filters.touches(task, call, this.#styleOf(name)));
    const injection = this.#filters.injector?.next(task, name);
    if (selected || injection) {
      const hidden = !selected || this.#filters.needsResult || this.#options.json === true || this.#options.summary === "only";
      if (!hidden) this.#interrupt(task);
      const begun = beginCall(task, call, this.#styleOf(name));
      const open: Open = { ...this.#begun(task, begun), hidden, selected };
      if (injection?.result !== undefined) open.injected = true;
      if (injection) Object.assign(open, { delayExit: injection.delayExit, signal: injection.signal });
      this.#open.set(task, open);
      if (!hidden) this.#last = task;
    }
    return injection && { result: injection.result, delay: injection.delayEnter };
  }

  filtered(task: Task, text: string): void {
    const open = this.#open.get(task);
    if (open) open.filtered = text;
  }

  leave(task: Task, call: PendingCall | undefined, result: number): void {
    const open = this.#open.get(task);
    if (!open) return;
    this.#left(task, call, open, result);
    if (open.signal !== undefined) sendToTask(task, kernelSignal(open.signal));
  }
  #left(task: Task, call: PendingCall | undefined, open: Open, result: number): void {
    this.#open.delete(task);
    if (open.delayExit) task.kernel.charge(open.delayExit);
    if (!open.selected) return;
    const status = result >= 0 ? "successful" : "failed";
    if (!this.#filters.status(status)) return;
    this.#summary?.add(open.name, result < 0 && restarts[-result] === undefined, task.usage.system - open.system);
    if (this.#options.summary === "only") return;
    if (!open.hidden) this.#interrupt(task);
    const style = this.#styleOf(open.name);
    const after = addedText(task, call, open, result, style);
    const rest = filledArguments(task, call, open, result, style);
    const text = resultText(task, call, result, style);
    this.#write(task, open, text, result, after, rest);
    if (call) this.#dump(task, call, result);
  }
  #dump(task: Task, call: PendingCall, result: number): void {
    if (!this.#filters.dumps) return;
    const moved = transferred(task, call, result);
    if (!moved || !this.#filters.dump(moved.way, moved.fd)) return;
    for (const line of dumpLines(moved.bytes)) this.#line(task, line, "");
  }

  signal(task: Task, info: SigInfo): void {
    if (!this.#looks(task) || !this.#filters.signal(signalName(info.signo)) || this.#options.summary === "only") return;
    this.#interrupt(undefined);
    if (this.#options.json) this.#emit(JSON.stringify({ pid: task.pid, signal: signalName(info.signo), info: infoText(info) }), task.pid);
    else this.#line(task, `--- ${signalName(info.signo)} ${infoText(info)} ---`);
  }

  stopped(task: Task, signal: number): void {
    if (!this.#looks(task) || this.#options.json || this.#options.summary === "only") return;
    this.#interrupt(undefined);
    this.#line(task, `--- stopped by ${signalName(signal)} ---`);
  }

  ended(task: Task, status: number): void {
    if (!this.#looks(task)) return;
    const open = this.#open.get(task);
    if (open?.selected) {
      if (this.#filters.status("unfinished") && this.#options.summary !== "only") {
        if (!open.hidden) this.#interrupt(task);
        this.#write(task, open, "?", 0);
      }
    }
    this.#open.delete(task);
    this.#interrupt(undefined);
    const signal = status & 0x7f;
    const end =
      signal === 0
        ? `exited with ${(status >> 8) & 0xff}`
        : `killed by ${signalName(signal)}${(status & 0x80) !== 0 ? " (core dumped)" : ""}`;
    if (this.#options.json) this.#emit(JSON.stringify({ pid: task.pid, end }), task.pid);
    else if (this.#options.summary !== "only" && this.#options.quiet !== true) this.#line(task, `+++ ${end} +++`);
    this.#traced.delete(task);
    if (task === this.#last) this.#last = undefined;
  }

  /** After the last program: the pids of `-p` that no process had, and the table of `-c`. */
  finish(): void {
    for (const pid of this.#awaited)
      this.#emit(this.#options.json ? JSON.stringify({ pid, error: "no such process" }) : `--- no process had the pid ${pid} ---`, pid);
    if (this.#summary?.calls) for (const line of this.#summary.lines(this.#options.sort)) this.#emit(line, this.#first?.pid ?? 0);
  }

  /** A line that belongs to no call: `--- task 4 runs … ---`. */
  remark(text: string): void {
    this.#interrupt(undefined);
    if (!this.#options.json && this.#options.summary !== "only") this.#emit(`--- ${text} ---`, this.#first?.pid ?? 0);
  }

  #looks(task: Task): boolean {
    return this.#traced.has(task);
  }

  /** Writes the unfinished line before the line of another task. */
  #interrupt(by: Task | undefined): void {
    const task = this.#last;
    if (!task || task === by) return;
    const open = this.#open.get(task);
    if (open && !open.interrupted && !open.hidden && !this.#options.separate) {
      open.interrupted = true;
      const comma = open.rest.length > 0 && open.given.length > 0 ? ", " : "";
      this.#line(task, `${open.name}(${open.given.join(", ")}${comma} <unfinished ...>`, open.prefix);
    }
    this.#last = undefined;
  }

  #write(task: Task, open: Open, result: string, value: number, after = "", rest: readonly string[] = []): void {
    if (this.#options.json) {
      const denied = open.filtered === undefined ? {} : { seccomp: open.filtered };
      const error = value < 0 && value > -4096 ? errnoText(-value) : undefined;
      this.#emit(
        jsonLine(
          { pid: task.pid, time: open.now, duration: task.kernel.now - open.now, name: open.name, abi: open.abi ?? task.program.abi },
          [...open.given, ...rest],
          value,
          error,
          result,
          {
            ...denied,
            ...(open.injected ? { injected: true } : {}),
          },
        ),
        task.pid,
      );
      return;
    }
    const comma = rest.length > 0 && !open.interrupted && open.given.length > 0 ? ", " : "";
    const head = open.interrupted ? `<... ${open.name} resumed>` : `${open.name}(${open.given.join(", ")}`;
    const text = `${head}${after}${comma}${rest.join(", ")})`;
    const filtered = open.filtered === undefined ? "" : ` (seccomp: ${open.filtered})`;
    const tail = `${abiRemark(task, open)}${filtered}${open.injected ? " (INJECTED)" : ""}`;
    const took = this.#options.duration ? ` <${((task.kernel.now - open.now) / 1e9).toFixed(6)}>` : "";
    const prefix = open.interrupted || open.hidden ? this.#prefix.text(task) : open.prefix;
    this.#line(task, `${text.padEnd((this.#options.column ?? 0) - 1)} = ${result}${tail}${took}`, open.hidden ? open.prefix : prefix);
    if (this.#options.stack) for (const frame of backtrace(task)) this.#line(task, ` > ${straceFrame(frame)}`, "");
    if (this.#last === task) this.#last = undefined;
  }

  #line(task: Task, text: string, prefix = this.#prefix.text(task)): void {
    const { separate, everyPid } = this.#options;
    const several = !separate && this.#traced.size > 1;
    const pid = everyPid ? `${String(task.pid).padEnd(5)} ` : several ? `[pid ${String(task.pid).padStart(5)}] ` : "";
    this.#emit(`${pid}${prefix}${text}`, task.pid);
  }
}
