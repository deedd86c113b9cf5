// System calls in the format of strace(1). Names, arguments and results are read from the declarations; texts
// of structures from src/kernel/show.

import { errnoText } from "../../../abi/errno.ts";
import { syscallNumbers } from "../../../abi/numbers.ts";
import { R } from "../../../cpu/machine/state.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { Injected, Observer } from "../../../kernel/observer.ts";
import { infoText } from "../../../kernel/show/signal.ts";
import { sendToTask } from "../../../kernel/signal/send.ts";
import { kernelSignal, type SigInfo } from "../../../kernel/signal/state/info.ts";
import { signalName } from "../../../kernel/signal/state/set.ts";
import { argvText, envpText } from "../../../kernel/syscall/arg-process.ts";
import { styled } from "../../../kernel/syscall/arg-string.ts";
import type { PendingCall } from "../../../kernel/syscall/call.ts";
import type { Style } from "../../../kernel/syscall/declaration.ts";
import { backtrace } from "../../stack/backtrace.ts";
import { straceFrame } from "../../stack/frame.ts";
import { abiRemark, addedText, type BegunCall, beginCall, callName, filledArguments, restarts, resultText } from "../call-text.ts";
import { descriptorText } from "../descriptors.ts";
import { stylesOf } from "../style.ts";
import { dumpLines, transferred } from "./dump.ts";
import { durationText, realNow } from "./duration.ts";
import { Filters } from "./filters.ts";
import { jsonLine } from "./json.ts";
import type { TraceOptions } from "./options.ts";
import { LinePrefix } from "./prefix.ts";
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
  /** The host's clock at entry. */
  readonly real: number;
  /** Instructions of the task since its call before. */
  readonly instructions: number;
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
  private readonly _emit: Emit;
  private readonly _options: TraceOptions;
  private readonly _styleOf: (name: string) => Style;
  private readonly _filters: Filters;
  private readonly _prefix: LinePrefix;
  private readonly _summary: Summary | undefined;
  private readonly _open = new Map<Task, Open>();
  private readonly _traced = new Set<Task>();
  /** Instructions of a task at its last call. */
  private readonly _ran = new WeakMap<Task, number>();
  /** Pids of `-p` that no process has had yet. */
  private readonly _awaited: Set<number>;
  private _first: Task | undefined;
  /** The task whose unfinished line is the last one. */
  private _last: Task | undefined;

  constructor(emit: Emit, options: TraceOptions = {}) {
    this._emit = emit;
    this._options = options;
    const set = (text: string | undefined, name: string) => (text === undefined ? undefined : callSet(text, `-e ${name}`));
    this._styleOf = stylesOf(options, descriptorText(options.paths ?? 0), {
      abbrev: set(options.abbrev, "abbrev"),
      structures: set(options.structures, "verbose"),
      raw: set(options.raw, "raw"),
    });
    this._awaited = new Set(options.pids);
    this._filters = new Filters(options);
    this._prefix = new LinePrefix(options);
    this._summary = options.summary === undefined ? undefined : new Summary();
  }

  started(task: Task): void {
    this._first ??= task;
    this._awaited.delete(task.tgid);
    const { pids, follow } = this._options;
    const chosen = pids ? pids.includes(task.tgid) : task === this._first;
    if (chosen || (follow && (!pids || this._traced.size > 0))) this._traced.add(task);
  }

  executed(task: Task, path: string, argv: readonly string[], envp: readonly string[]): void {
    if (!this._looks(task) || !this._filters.call("execve") || !this._filters.status("successful")) return;
    if (this._filters.hasPaths && !this._filters.path(path)) return;
    // No task called it: the environment is read from the new program's stack, after argc and argv.
    const at = task.kernel.processor.state.gpr(R.sp) + task.program.abi.long * (argv.length + 2);
    const style = this._styleOf("execve");
    const environment = style.verbose ? argvText(envp, style) : envpText(at, envp.length);
    const { long } = task.program.abi;
    const lists = style.structures
      ? [argvText(argv, style), environment]
      : [at - long * (argv.length + 1), at].map((list) => `0x${list.toString(16)}`);
    const given = [styled(path, style), ...lists];
    this._summary?.add("execve", false, { instructions: 0, time: 0, real: 0 });
    if (this._options.summary === "only") return;
    const prefix = this._prefix.text(task, syscallNumbers.execve[task.program.abi.column] ?? 0);
    const head = `execve(${given.join(", ")}`;
    const begun = { name: "execve", call: undefined, given, head, rest: [], before: {}, abi: undefined };
    this._write(task, { ...this._begun(task, begun), prefix }, "0", 0);
  }
  private _begun(task: Task, begun: BegunCall): Open {
    const { user } = task.usage;
    const instructions = user - (this._ran.get(task) ?? 0);
    this._ran.set(task, user);
    return {
      ...begun,
      ...{
        hidden: false,
        selected: true,
        interrupted: false,
        prefix: this._prefix.text(task),
        now: task.kernel.now,
        system: task.usage.system,
        real: this._options.realTime ? realNow() : 0,
        instructions,
      },
    };
  }

  enter(task: Task, call: PendingCall | undefined): Injected | undefined {
    if (!this._looks(task)) return undefined;
    const name = callName(task, call);
    const selected = this._filters.call(name) && (!this._filters.hasPaths || this._filters.touches(task, call, this._styleOf(name)));
    const injection = this._filters.injector?.next(task, name);
    if (selected || injection) {
      const hidden = !selected || this._filters.needsResult || this._options.json === true || this._options.summary === "only";
      if (!hidden) this._interrupt(task);
      const begun = beginCall(task, call, this._styleOf(name));
      const open: Open = { ...this._begun(task, begun), hidden, selected };
      if (injection?.result !== undefined) open.injected = true;
      if (injection) Object.assign(open, { delayExit: injection.delayExit, signal: injection.signal });
      this._open.set(task, open);
      if (!hidden) this._last = task;
    }
    return injection && { result: injection.result, delay: injection.delayEnter };
  }

  filtered(task: Task, text: string): void {
    const open = this._open.get(task);
    if (open) open.filtered = text;
  }

  leave(task: Task, call: PendingCall | undefined, result: number): void {
    const open = this._open.get(task);
    if (!open) return;
    this._left(task, call, open, result);
    if (open.signal !== undefined) sendToTask(task, kernelSignal(open.signal));
  }
  private _left(task: Task, call: PendingCall | undefined, open: Open, result: number): void {
    this._open.delete(task);
    if (open.delayExit) task.kernel.charge(open.delayExit);
    if (!open.selected) return;
    const status = result >= 0 ? "successful" : "failed";
    if (!this._filters.status(status)) return;
    this._summary?.add(open.name, result < 0 && restarts[-result] === undefined, {
      instructions: open.instructions,
      time: task.usage.system - open.system,
      real: this._real(open),
    });
    if (this._options.summary === "only") return;
    if (!open.hidden) this._interrupt(task);
    const style = this._styleOf(open.name);
    const after = addedText(task, call, open, result, style);
    const rest = filledArguments(task, call, open, result, style);
    const text = resultText(task, call, result, style);
    this._write(task, open, text, result, after, rest);
    if (call) this._dump(task, call, result);
  }
  private _dump(task: Task, call: PendingCall, result: number): void {
    if (!this._filters.dumps) return;
    const moved = transferred(task, call, result);
    if (!moved || !this._filters.dump(moved.way, moved.fd)) return;
    for (const line of dumpLines(moved.bytes)) this._line(task, line, "");
  }

  signal(task: Task, info: SigInfo): void {
    if (!this._looks(task) || !this._filters.signal(signalName(info.signo)) || this._options.summary === "only") return;
    this._interrupt(undefined);
    if (this._options.json) this._emit(JSON.stringify({ pid: task.pid, signal: signalName(info.signo), info: infoText(info) }), task.pid);
    else this._line(task, `--- ${signalName(info.signo)} ${infoText(info)} ---`);
  }

  stopped(task: Task, signal: number): void {
    if (!this._looks(task) || this._options.json || this._options.summary === "only") return;
    this._interrupt(undefined);
    this._line(task, `--- stopped by ${signalName(signal)} ---`);
  }

  ended(task: Task, status: number): void {
    if (!this._looks(task)) return;
    const open = this._open.get(task);
    if (open?.selected) {
      if (this._filters.status("unfinished") && this._options.summary !== "only") {
        if (!open.hidden) this._interrupt(task);
        this._write(task, open, "?", 0);
      }
    }
    this._open.delete(task);
    this._interrupt(undefined);
    const signal = status & 0x7f;
    const end =
      signal === 0
        ? `exited with ${(status >> 8) & 0xff}`
        : `killed by ${signalName(signal)}${(status & 0x80) !== 0 ? " (core dumped)" : ""}`;
    if (this._options.json) this._emit(JSON.stringify({ pid: task.pid, end }), task.pid);
    else if (this._options.summary !== "only" && this._options.quiet !== true) this._line(task, `+++ ${end} +++`);
    this._traced.delete(task);
    if (task === this._last) this._last = undefined;
  }

  /** After the last program: the pids of `-p` that no process had, and the table of `-c`. */
  finish(): void {
    for (const pid of this._awaited)
      this._emit(this._options.json ? JSON.stringify({ pid, error: "no such process" }) : `--- no process had the pid ${pid} ---`, pid);
    if (this._summary?.calls)
      for (const line of this._summary.lines(this._options.sort, this._options.realTime)) this._emit(line, this._first?.pid ?? 0);
  }

  /** A line that belongs to no call: `--- task 4 runs … ---`. */
  remark(text: string): void {
    this._interrupt(undefined);
    if (!this._options.json && this._options.summary !== "only") this._emit(`--- ${text} ---`, this._first?.pid ?? 0);
  }

  private _looks(task: Task): boolean {
    return this._traced.has(task);
  }

  /** Writes the unfinished line before the line of another task. */
  private _interrupt(by: Task | undefined): void {
    const task = this._last;
    if (!task || task === by) return;
    const open = this._open.get(task);
    if (open && !open.interrupted && !open.hidden && !this._options.separate) {
      open.interrupted = true;
      const comma = open.rest.length > 0 && open.given.length > 0 ? ", " : "";
      this._line(task, `${open.name}(${open.given.join(", ")}${comma} <unfinished ...>`, open.prefix);
    }
    this._last = undefined;
  }

  private _write(task: Task, open: Open, result: string, value: number, after = "", rest: readonly string[] = []): void {
    if (this._options.json) {
      const denied = open.filtered === undefined ? {} : { seccomp: open.filtered };
      const error = value < 0 && value > -4096 ? errnoText(-value) : undefined;
      this._emit(
        jsonLine(
          {
            pid: task.pid,
            time: open.now,
            duration: task.kernel.now - open.now,
            instructions: open.instructions,
            name: open.name,
            abi: open.abi ?? task.program.abi,
          },
          [...open.given, ...rest],
          value,
          error,
          result,
          {
            ...denied,
            ...(open.injected ? { injected: true } : {}),
            ...(this._options.realTime ? { real: Math.round(this._real(open)) } : {}),
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
    const took = this._options.duration ? this._took(task, open) : "";
    const prefix = open.interrupted || open.hidden ? this._prefix.text(task) : open.prefix;
    this._line(task, `${text.padEnd((this._options.column ?? 0) - 1)} = ${result}${tail}${took}`, open.hidden ? open.prefix : prefix);
    if (this._options.stack) for (const frame of backtrace(task)) this._line(task, ` > ${straceFrame(frame)}`, "");
    if (this._last === task) this._last = undefined;
  }

  /** The host's nanoseconds in a call. */
  private _real(open: Open): number {
    return this._options.realTime ? realNow() - open.real : 0;
  }
  private _took(task: Task, open: Open): string {
    const virtual = durationText(task.kernel.now - open.now);
    const real = this._options.realTime ? `${durationText(this._real(open))} real` : "";
    const times = [virtual, real].filter((text) => text !== "");
    return times.length === 0 ? "" : ` <${times.join(", ")}>`;
  }

  private _line(task: Task, text: string, prefix = this._prefix.text(task)): void {
    const { separate, everyPid } = this._options;
    const several = !separate && this._traced.size > 1;
    const pid = everyPid ? `${String(task.pid).padEnd(5)} ` : several ? `[pid ${String(task.pid).padStart(5)}] ` : "";
    this._emit(`${pid}${prefix}${text}`, task.pid);
  }
}
