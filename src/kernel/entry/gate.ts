// The gate: every system call of every program passes `enter`. doors.ts decodes the registers, work.ts orders
// the checks of tracer and filters, leave.ts prepares the return to user code. Linux arch/x86/entry/common.c
// do_syscall_64(), do_int80_emulation(), do_fast_syscall_32(); kernel/entry/common.c.

import { type Abi, i386, X32_BIT, x32, x64 } from "../../abi/abi.ts";
import { E, restart } from "../../abi/errno.ts";
import { X32_FIRST } from "../../abi/numbers-x32.ts";
import type { Exit } from "../../cpu/machine/exit.ts";
import { R } from "../../cpu/machine/state.ts";
import { entryWork, exitWork } from "../base/pending-work.ts";
import type { KernelProfile } from "../base/profile.ts";
import { endWaiting, type Wait } from "../base/wait.ts";
import { commonCalls } from "../calls/common.ts";
import { eagerCalls } from "../calls/eager.ts";
import { lazyCalls, lazyRareCalls } from "../calls/lazy.ts";
import type { Feature } from "../core/feature.ts";
import type { Kernel } from "../core/kernel.ts";
import { takePendingFault } from "../core/pending-fault.ts";
import { RegistersReplaced, type Result } from "../core/result.ts";
import type { CallReads } from "../core/scheduling.ts";
import type { Task } from "../core/task.ts";
import type { Injected } from "../observer.ts";
import { afterCall } from "../ptrace/events.ts";
import type { Door, Incoming, PendingCall } from "../syscall/call.ts";
import { dispatchTable, type Syscall, type TableEntry } from "../syscall/declaration.ts";
import { closedDoor } from "./closed-door.ts";
import { doorOf } from "./doors.ts";
import { allowedByAll } from "./seccomp.ts";
import { entryAction } from "./verdict.ts";
import { admitVsyscall } from "./vsyscall.ts";
import { beforeCall } from "./work.ts";
import { isX32Own, withX32, x32Table } from "./x32.ts";

type Table = readonly (TableEntry | undefined)[];

/** Calls and their tables, built once for all kernels. The table of IA32 emulation is built on first use. */
interface CallTables {
  readonly calls: readonly Syscall[];
  native?: Table;
  compat?: Table;
  /** The tables of `syscall` of profiles with x32: for numbers without bit 30 and with it. */
  readonly x32: Map<KernelProfile, { readonly native: Table; readonly own: Table }>;
  /** These calls and the next ones. Undefined: these are all. */
  readonly larger?: () => CallTables;
}
/** Lists of calls, most used ones first. A list is loaded at the first call that is in none before it. */
const lists: readonly ((features: readonly Feature[]) => readonly Syscall[])[] = [
  () => eagerCalls,
  () => commonCalls,
  () => lazyCalls().onDemandCalls,
  (features) => [...lazyRareCalls().rareCalls, ...features.flatMap(({ calls }) => calls?.() ?? [])],
];
/** All tables, by the features. They are constants of the program: machines share them. */
export const callTables = new Map<readonly Feature[], CallTables[]>();
/** The tables of the first lists. */
const tablesOf = (features: readonly Feature[], count: number): CallTables => {
  const made = madeOf(features);
  return (made[count] ??= {
    calls: lists.slice(0, count).flatMap((list) => list(features)),
    x32: new Map(),
    ...(count < lists.length && { larger: () => tablesOf(features, count + 1) }),
  });
};
const madeOf = (features: readonly Feature[]): CallTables[] => {
  let made = callTables.get(features);
  if (!made) callTables.set(features, (made = []));
  return made;
};
/** The largest tables that exist. */
const largest = (features: readonly Feature[]): CallTables => madeOf(features).at(-1) ?? tablesOf(features, 1);

/** The ABI of a call's structures: x32's own numbers have 32-bit pointers and longs. */
const abiOf = (abi: Abi, nr: number): Abi => (abi === x64 && nr >= X32_FIRST && isX32Own(nr) ? x32 : abi);

/** The dispatcher of one kernel. */
export class Gate {
  readonly kernel: Kernel;
  private _tables: CallTables;
  private _native: Table = [];
  private _x32: Table = [];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    const { profile } = kernel;
    const features = kernel.features;
    this._tables = profile.x32 ? tablesOf(features, lists.length) : largest(features);
    this._use(this._tables);
  }
  private _use(tables: CallTables): void {
    const { profile } = this.kernel;
    const native = (tables.native ??= dispatchTable(tables.calls, x64));
    this._tables = tables;
    if (!profile.x32) {
      this._native = native;
      return;
    }
    let x32 = tables.x32.get(profile);
    if (!x32) {
      x32 = { native: withX32(tables.calls, native, profile), own: x32Table(tables.calls, native, profile) };
      tables.x32.set(profile, x32);
    }
    this._native = x32.native;
    this._x32 = x32.own;
  }

  /** Serve the running task's call at the door of `why`. Then its registers hold the result, or it sleeps. */
  enter(task: Task, why: Exit): void {
    const cpu = this.kernel.processor;
    const door = doorOf(why, cpu.state);
    if (door.abi === i386 && !this.kernel.profile.ia32) {
      closedDoor(task, door);
      return;
    }
    const failed = door.enter(task, cpu);
    if (failed !== 0) {
      cpu.state.setGpr(R.ax, failed);
      return;
    }
    if (task.entryWork !== 0 && !this._isAllowed(task, door.abi)) {
      this._enterChecked(task, door);
      return;
    }
    const nr = task.origAx;
    const abi = nr < X32_FIRST ? door.abi : abiOf(door.abi, nr);
    const entry = this._find(door.abi, nr) ?? this.entryOf(door.abi, nr);
    const result = entry ? entry.call(task, entry.decode(task.args), abi) : -E.ENOSYS;
    if (typeof result === "number" && task.mem.pendingFault === undefined) {
      cpu.state.setGpr(R.ax, result);
      endWaiting(task);
    } else if (typeof result === "number") {
      this._afterFault(task, result, entry, abi);
    } else this._finishSpecial(task, result, entry as TableEntry, abi);
  }

  /** True if only filters check the call, and all of them allow it. */
  private _isAllowed(task: Task, abi: Abi): boolean {
    if (task.entryWork !== entryWork.seccomp || task.seccomp === undefined || this.kernel.scheduler.chooser) return false;
    return allowedByAll(task, abi);
  }

  /** The table entry of a number at a door. Undefined: ENOSYS. */
  entryOf(abi: Abi, nr: number): TableEntry | undefined {
    for (;;) {
      const entry = this._find(abi, nr);
      const { larger } = this._tables;
      if (entry !== undefined || larger === undefined) return entry;
      this._use(larger());
    }
  }
  private _find(abi: Abi, nr: number): TableEntry | undefined {
    const tables = this._tables;
    if (abi === i386) return (tables.compat ??= dispatchTable(tables.calls, i386))[nr];
    if ((nr & X32_BIT) !== 0 && nr > 0) return this._x32[nr & ~X32_BIT];
    return this._native[nr];
  }

  /**
   * A call that a filter, tracer or observer checks. rax is -ENOSYS until there is a result; a skipped call
   * returns it.
   */
  private _enterChecked(task: Task, door: Door): void {
    const { abi } = door;
    task.origAxSeen = { nr: task.origAx, high: abi === i386 ? 0 : this.kernel.processor.state.hi(R.ax) };
    const call = this._decode(task, abi);
    const injected = this.kernel.observer?.enter?.(task, call, door);
    this.kernel.processor.state.setGpr(R.ax, -E.ENOSYS);
    if (injected && this._inject(task, call, injected)) return;
    this.admit(task, { abi, door: door.name, call, step: 0 });
  }

  /**
   * Carries out an observer's injection. True: the call has its result. Like a tracer's, it comes before the
   * filters.
   */
  private _inject(task: Task, call: PendingCall | undefined, { result, delay }: Injected): boolean {
    if (delay > 0) this.kernel.charge(delay);
    if (result === undefined) return false;
    this._finish(task, call, result);
    return true;
  }

  /** Continue the checks of a call at the step that made the task wait. */
  admit(task: Task, incoming: Incoming): void {
    if (incoming.vsyscall) return admitVsyscall(task, incoming);
    const action = beforeCall(task, incoming);
    if (action === entryAction.wait) {
      task.incoming = incoming;
      return;
    }
    task.incoming = undefined;
    if (action === entryAction.run && this._yields(task, incoming)) return;
    task.entryWork &= ~entryWork.staleCompat;
    if (action === entryAction.killed || action === entryAction.untold) return;
    // A tracer may have changed the number and the arguments.
    const call = incoming.mayBeChanged ? this._decode(task, incoming.abi) : incoming.call;
    if (action === entryAction.skip || (!call && task.origAx === -1))
      this._leave(task, call, this.kernel.processor.state.i32[2 * R.ax] as number);
    else if (call) {
      this.kernel.observer?.runs?.(task, call);
      this._run(task, call, this.kernel.scheduler.splitReads);
    } else this._finish(task, undefined, -E.ENOSYS);
  }

  /** The scheduling point between the last check of a call and the call. True: the task yields. */
  private _yields(task: Task, incoming: Incoming): boolean {
    if (incoming.checked || (task.entryWork & (entryWork.seccomp | entryWork.trace)) === 0) return false;
    incoming.checked = true;
    const { scheduler } = this.kernel;
    if (!scheduler.givesWay(task, "checked")) return false;
    task.incoming = incoming;
    scheduler.reschedule = true;
    return true;
  }

  private _decode(task: Task, abi: Abi): PendingCall | undefined {
    const entry = this.entryOf(abi, task.origAx);
    return entry && { entry, abi: abiOf(abi, task.origAx), args: entry.decode(task.args) };
  }

  private _run(task: Task, call: PendingCall, reads?: CallReads): void {
    const { entry, args, abi } = call;
    const result = reads && !entry.syscall.isOneStep ? reads.call(task, () => entry.call(task, args, abi)) : entry.call(task, args, abi);
    if (typeof result === "number" && task.mem.pendingFault !== undefined) this._afterFault(task, result, entry, abi, call);
    else if (typeof result === "number") this._finish(task, call, result);
    else this._finishSpecial(task, result, entry, abi, call);
  }

  /** Run the handler of a waiting call again. restart_syscall(2) continues in the same way. */
  resume(task: Task, call: PendingCall): void {
    task.call = undefined;
    this._run(task, call, task.waited.reads && this.kernel.scheduler.splitReads);
  }

  private _finishSpecial(task: Task, result: Exclude<Result, number>, entry: TableEntry, abi: Abi, call?: PendingCall): void {
    if (result instanceof RegistersReplaced) {
      endWaiting(task);
      this._leave(task, call, result.shown);
      return;
    }
    const resumed = task.resumes;
    task.resumes = undefined;
    this._wait(task, result, resumed ?? call ?? { entry, abi, args: entry.decode(task.args) });
  }

  /**
   * The handler touched a page that is served later. The call waits and restarts. If it had transferred
   * bytes, it returns their number.
   */
  private _afterFault(task: Task, result: number, entry: TableEntry | undefined, abi: Abi, call?: PendingCall): void {
    const fault = takePendingFault(task);
    const waits = result === -E.EFAULT && fault?.wait(task, true);
    const again = call ?? (entry && { entry, abi, args: entry.decode(task.args) });
    if (!waits || !again) {
      this._finish(task, again, result);
      return;
    }
    if (!waits.continues) endWaiting(task);
    this._wait(task, waits, again);
  }
  private _wait(task: Task, wait: Wait, call: PendingCall): void {
    if ((task.exitWork & exitWork.ended) !== 0) return;
    if (task.state === "stopped") {
      task.call = call;
      return;
    }
    if ((task.exitWork & exitWork.signal) !== 0 && !wait.killable) {
      if (wait.interrupted === restart.ERESTART_RESTARTBLOCK) task.restartBlock = { call, deadline: task.waited.deadline };
      this._finish(task, call, -wait.interrupted);
      return;
    }
    task.call = call;
    if (!wait.continues) this.kernel.scheduler.sleep(task, wait);
  }

  private _finish(task: Task, call: PendingCall | undefined, result: number): void {
    if (task.state === "dead" || (task.exitWork & exitWork.exiting) !== 0) return;
    endWaiting(task);
    this.kernel.processor.state.setGpr(R.ax, result);
    this._leave(task, call, result);
  }

  private _leave(task: Task, call: PendingCall | undefined, result: number): void {
    this.kernel.observer?.leave?.(task, call, result);
    if (task.trace) afterCall(task);
  }
}
