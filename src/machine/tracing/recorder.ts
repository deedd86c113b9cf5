// The observer behind `hooks.event`: a run as data.

import { i386 } from "../../abi/abi.ts";
import { at, gprNames } from "../../cpu/machine/state.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Observer } from "../../kernel/observer.ts";
import { infoText } from "../../kernel/show/signal.ts";
import type { SigInfo } from "../../kernel/signal/state/info.ts";
import { signalName } from "../../kernel/signal/state/set.ts";
import type { Door, PendingCall } from "../../kernel/syscall/call.ts";
import { encodeProgram } from "../../seccomp/bpf/insn.ts";
import type { SyscallData } from "../../seccomp/data.ts";
import type { Filter, FilterResult } from "../../seccomp/filter.ts";
import { describeReturn } from "../../seccomp/returns.ts";
import { actionOf, wordsOf } from "../../seccomp/unchecked.ts";
import { abiRemark, addedText, type BegunCall, beginCall, filledArguments, following, resultText } from "./call-text.ts";
import type { Registers, TraceEvent } from "./events.ts";
import { endOf } from "./status.ts";

interface Open extends BegunCall {
  readonly id: number;
  judged: boolean;
  /** The action of a denial, as the trace shows it. */
  filtered?: string;
}

/** `e` and two letters, for the registers that 32-bit code has. */
const narrowNames = gprNames.slice(0, 8).map((name) => `e${name.slice(1)}`);

/** The general registers of the running task. */
export const registersOf = ({ processor }: Kernel): Registers => {
  const { state } = processor;
  const wide = state.mode === 64;
  const cut = wide ? 64 : 32;
  const registers: Record<string, bigint> = {};
  for (const [number, name] of (wide ? gprNames : narrowNames).entries())
    registers[name] = BigInt.asUintN(cut, state.u64[number] as bigint);
  registers[wide ? "rip" : "eip"] = BigInt.asUintN(cut, state.u64[at.rip >> 3] as bigint);
  registers["eflags"] = BigInt(processor.flags >>> 0);
  return registers;
};

/** Makes trace events of system calls, signals and ends of tasks. */
export class EventRecorder implements Observer {
  private readonly _emit: (event: TraceEvent) => void;
  private readonly _kernel: Kernel;
  private readonly _open = new Map<Task, Open>();
  private readonly _filters = new WeakMap<Filter, number>();
  private _calls = 0;
  private _filterCount = 0;

  constructor(emit: (event: TraceEvent) => void, kernel: Kernel) {
    this._emit = emit;
    this._kernel = kernel;
  }

  started(task: Task, parent: Task | undefined): void {
    this._emit({ kind: "start", ...this._when(task), pid: task.process.pid, parent: parent?.pid, comm: task.comm });
  }

  enter(task: Task, call: PendingCall | undefined, door: Door): void {
    const begun = beginCall(task, call);
    const id = this._calls++;
    this._open.set(task, { ...begun, id, judged: false });
    this._emit({
      kind: "call",
      ...this._when(task),
      id,
      door: door.name,
      abi: (begun.abi ?? door.abi).name,
      nr: task.origAx,
      name: begun.name,
      text: begun.head,
      before: registersOf(this._kernel),
    });
  }

  evaluated(task: Task, data: Readonly<SyscallData>, newest: Filter, { value, filter }: Readonly<FilterResult>): void {
    const open = this._open.get(task);
    if (!open) return;
    const { returns, layout, compatLock } = newest.profile;
    open.judged = true;
    const evaluation = {
      data: new Uint8Array(wordsOf(layout, data).buffer),
      newest: this._number(task, newest),
      winner: filter ? this._number(task, filter) : undefined,
      locked: compatLock && (data.arch === i386.auditArch) !== (newest.arch === i386.auditArch),
    };
    const action = filter ? describeReturn(returns, value) : "ALLOW";
    this._emit({ kind: "verdict", ...this._when(task), id: open.id, action, allowed: actionOf(returns, value) === "allow", evaluation });
  }

  filtered(task: Task, text: string): void {
    const open = this._open.get(task);
    if (!open) return;
    open.filtered = text;
    if (open.judged) return;
    this._emit({ kind: "verdict", ...this._when(task), id: open.id, action: text, allowed: false, evaluation: undefined });
  }

  leave(task: Task, call: PendingCall | undefined, result: number): void {
    const open = this._open.get(task);
    if (!open) return;
    const head = `${open.head}${addedText(task, call, open, result)}`;
    this._close(task, { ...open, head }, filledArguments(task, call, open, result), resultText(task, call, result), result);
  }

  signal(task: Task, info: SigInfo): void {
    this._emit({ kind: "signal", ...this._when(task), text: `--- ${signalName(info.signo)} ${infoText(info)} ---` });
  }

  stopped(task: Task, signal: number): void {
    this._emit({ kind: "signal", ...this._when(task), text: `--- stopped by ${signalName(signal)} ---` });
  }

  ended(task: Task, status: number): void {
    const open = this._open.get(task);
    if (open) this._close(task, open, [], "?", undefined);
    this._emit({ kind: "end", ...this._when(task), end: endOf(status) });
  }

  remark(text: string): void {
    this._emit({ kind: "remark", at: this._now(), text });
  }

  private _now(): number {
    return this._kernel.scheduler.time;
  }
  private _when(task: Task): { readonly at: number; readonly tid: number } {
    return { at: this._now(), tid: task.pid };
  }

  private _close(task: Task, open: Open, rest: readonly string[], shown: string, result: number | undefined): void {
    const filtered = open.filtered === undefined ? "" : ` (seccomp: ${open.filtered})`;
    const text = `${open.head}${following(open.head, rest)}) = ${shown}${abiRemark(task, open)}${filtered}`;
    const after = result === undefined ? undefined : registersOf(this._kernel);
    this._open.delete(task);
    this._emit({ kind: "return", ...this._when(task), id: open.id, text, result, after });
  }

  /** The number of a filter. Those that are new are told, the oldest first. */
  private _number(task: Task, filter: Filter): number {
    const known = this._filters.get(filter);
    if (known !== undefined) return known;
    const older = filter.prev ? this._number(task, filter.prev) : undefined;
    const number = this._filterCount++;
    this._filters.set(filter, number);
    this._emit({ kind: "filter", ...this._when(task), filter: number, older, arch: filter.arch, program: encodeProgram(filter.program) });
    return number;
  }
}
