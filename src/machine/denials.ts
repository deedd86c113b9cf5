// Makes denials from the calls that the kernel reports.
import { abis } from "../abi/syscall-number.ts";
import type { FilteredCall } from "../kernel/observer.ts";
import { valueText } from "../policy/explain/value-text.ts";
import { abiOf, nameOf } from "../policy/names.ts";
import { encodeProgram } from "../seccomp/bpf/insn.ts";
import type { SyscallData } from "../seccomp/data.ts";
import type { Filter } from "../seccomp/filter.ts";
import { actionOf } from "../seccomp/unchecked.ts";

import type { Denial } from "./denial.ts";
import { backtrace } from "./stack/backtrace.ts";
import { givenArguments } from "./tracing/call-text.ts";

/** Denials that a run keeps: a program can make one with each of its calls. */
const MOST_DENIALS = 1000;

const copyOf = (data: SyscallData): SyscallData => ({ ...data, args: data.args.slice() });
const argsOf = ({ args }: SyscallData): readonly bigint[] =>
  Array.from({ length: 6 }, (_, i) => (BigInt(args[2 * i + 1] as number) << 32n) | BigInt(args[2 * i] as number));

interface Listeners {
  readonly denied: ((denial: Denial) => void) | undefined;
  readonly logged: ((data: SyscallData) => void) | undefined;
  /** The run's result has them. */
  readonly keeps: boolean;
  /** The filter of the option `policy`. */
  readonly own: Filter | undefined;
}

/** Receives the filtered calls of one run. */
export class Denials {
  private readonly _listeners: Listeners;
  private readonly _kept: Denial[];
  private readonly _programs = new WeakMap<Filter, Uint8Array>();

  constructor(listeners: Listeners, kept: Denial[]) {
    this._listeners = listeners;
    this._kept = kept;
  }

  /** A new call that filters did not simply allow. */
  add(filtered: FilteredCall): void {
    const { task, data, value, filter } = filtered;
    if (filter && actionOf(task.kernel.profile.seccomp.returns, value) === "log") {
      this._listeners.logged?.(copyOf(data));
      return;
    }
    const wanted = this._listeners.keeps && this._kept.length < MOST_DENIALS;
    if (!wanted && !this._listeners.denied) return;
    const denial = this._denial(filtered);
    if (wanted) this._kept.push(denial);
    this._listeners.denied?.(denial);
  }

  private _program(filter: Filter): Uint8Array {
    let program = this._programs.get(filter);
    if (!program) this._programs.set(filter, (program = encodeProgram(filter.program)));
    return program;
  }
  private _denial({ task, door, call, data, value, filter }: FilteredCall): Denial {
    const abi = abiOf(data.arch, data.nr) ?? (abis[0] as (typeof abis)[number]);
    const number = data.nr >>> 0;
    const name = nameOf(number, abi);
    const args = argsOf(data);
    const given = call ? givenArguments(task, call) : args.map((n) => `0x${n.toString(16)}`).join(", ");
    return {
      pid: task.pid,
      comm: task.comm,
      door,
      abi: abi.name,
      number,
      name,
      args,
      ip: (BigInt(data.ipHi) << 32n) | BigInt(data.ipLo),
      call: `${name ?? call?.entry.syscall.name ?? `syscall_0x${number.toString(16)}`}(${given})`,
      verdict: valueText(value),
      value,
      filter: filter?.depth ?? 0,
      byPolicy: filter !== null && filter === this._listeners.own,
      program: filter ? this._program(filter) : undefined,
      stack: backtrace(task),
    };
  }
}
