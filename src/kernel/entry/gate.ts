// The gate: every system call of every program comes through `enter`. Read doors.ts for how registers become a call, work.ts for
// who may look at a call before it runs, leave.ts for what happens on the way back to user code.
// Linux arch/x86/entry/common.c do_syscall_64(), do_int80_emulation(), do_fast_syscall_32(); kernel/entry/common.c.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { E, restart } from "../../abi/errno.ts";
import { X32_FIRST } from "../../abi/numbers-x32.ts";
import type { Exit } from "../../cpu/machine/exit.ts";
import { R } from "../../cpu/machine/state.ts";
import { internalError } from "../base/internal-error.ts";
import { entryWork, exitWork } from "../base/pending-work.ts";
import { endWaiting, type Wait } from "../base/wait.ts";
import { X32_BIT } from "../base/x32-call.ts";
import { eagerCalls } from "../calls/eager.ts";
import { lazyCalls } from "../calls/lazy.ts";
import type { Kernel } from "../kernel.ts";
import { afterCall } from "../ptrace/events.ts";
import { dispatchTable, type Entry, RegistersReplaced, type Result, type Syscall } from "../syscall/declaration.ts";
import type { Task } from "../task/task.ts";
import type { Incoming, PendingCall } from "./call.ts";
import { closedDoor } from "./closed-door.ts";
import { doorOf } from "./doors.ts";
import { plainlyAllowed } from "./seccomp.ts";
import { verdict } from "./verdict.ts";
import { beforeCall } from "./work.ts";
import { isX32Own, withX32, x32Table } from "./x32.ts";

type Table = readonly (Entry | undefined)[];

/** Calls and their tables, made once for all kernels, that of IA32 emulation when it is first needed. */
interface Known {
  readonly calls: readonly Syscall[];
  native?: Table;
  compat?: Table;
}
const usual: Known = { calls: eagerCalls };
let all: Known | undefined;
const everything = (): Known => (all ??= { calls: [...eagerCalls, ...lazyCalls().onDemandCalls] });

/** Whose structures a call uses: x32's own numbers mean 32-bit pointers and longs. */
const abiOf = (abi: Abi, nr: number): Abi => (abi === x64 && nr >= X32_FIRST && isX32Own(nr) ? x32 : abi);

export class Gate {
  readonly kernel: Kernel;
  #known: Known = usual;
  #native: Table = [];
  #x32: Table = [];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.#know(kernel.profile.x32 ? everything() : (all ?? usual));
  }
  #know(known: Known): void {
    const { profile } = this.kernel;
    const native = (known.native ??= dispatchTable(known.calls, x64));
    this.#known = known;
    this.#native = withX32(known.calls, native, profile);
    this.#x32 = x32Table(known.calls, native, profile);
  }

  /** A call has come through a door; the task is the one that runs. Afterwards its registers hold the result, or it sleeps. */
  enter(task: Task, why: Exit): void {
    try {
      this.#enter(task, why);
    } catch (cause) {
      throw internalError(cause, this.kernel, task, true);
    }
  }
  #enter(task: Task, why: Exit): void {
    const cpu = this.kernel.processor;
    const door = doorOf(why, cpu.state.mode);
    if (door.abi === i386 && !this.kernel.profile.ia32) {
      closedDoor(task, door);
      return;
    }
    const failed = door.enter(task, cpu);
    if (failed !== 0) {
      cpu.state.setGpr(R.ax, failed);
      return;
    }
    if (task.entryWork !== 0 && !this.#isWavedThrough(task, door.abi)) {
      this.#enterSlowly(task, door.abi);
      return;
    }
    const entry = this.entryOf(door.abi, task.origAx);
    const result = entry ? entry.syscall.call(task, entry.decode(task.args), abiOf(door.abi, task.origAx)) : -E.ENOSYS;
    if (typeof result === "number") {
      cpu.state.setGpr(R.ax, result);
      endWaiting(task);
    } else this.#unusual(task, result, entry as Entry, abiOf(door.abi, task.origAx));
  }

  /** There is nothing to look at but filters, and they all allow the call. */
  #isWavedThrough(task: Task, abi: Abi): boolean {
    if (task.entryWork !== entryWork.seccomp || task.seccomp === undefined || this.kernel.scheduler.chooser) return false;
    return plainlyAllowed(task, abi);
  }

  /** What a number means at this door. */
  entryOf(abi: Abi, nr: number): Entry | undefined {
    const entry = this.#find(abi, nr);
    if (entry !== undefined || this.#known !== usual) return entry;
    this.#know(everything());
    return this.#find(abi, nr);
  }
  #find(abi: Abi, nr: number): Entry | undefined {
    const known = this.#known;
    if (abi === i386) return (known.compat ??= dispatchTable(known.calls, i386))[nr];
    if ((nr & X32_BIT) !== 0 && nr > 0) return this.#x32[nr & ~X32_BIT];
    return this.#native[nr];
  }

  /** Somebody wants to look: a filter, a tracer, an observer. rax is -ENOSYS until a result is known, so that a skipped call shows it. */
  #enterSlowly(task: Task, abi: Abi): void {
    const { state } = this.kernel.processor;
    state.setGpr(R.ax, -E.ENOSYS);
    const call = this.#decode(task, abi);
    this.kernel.observer?.enter?.(task, call);
    this.#admit(task, { abi, call, step: 0 });
  }

  /** Ask those who want to look, from the one on whose account the task has waited. */
  admit(task: Task, incoming: Incoming): void {
    try {
      this.#admit(task, incoming);
    } catch (cause) {
      throw internalError(cause, this.kernel, task, true);
    }
  }
  #admit(task: Task, incoming: Incoming): void {
    const said = beforeCall(task, incoming);
    if (said === verdict.wait) {
      task.incoming = incoming;
      return;
    }
    task.incoming = undefined;
    if (said === verdict.run && this.#givesWay(task, incoming)) return;
    task.entryWork &= ~entryWork.staleCompat;
    if (said === verdict.killed) return;
    // A tracer may have changed the number and the arguments.
    const call = incoming.touched ? this.#decode(task, incoming.abi) : incoming.call;
    if (said === verdict.skip || (!call && task.origAx === -1))
      this.#leave(task, call, this.kernel.processor.state.i32[2 * R.ax] as number);
    else if (call) {
      this.kernel.observer?.runs?.(task, call);
      this.#run(task, call);
    } else this.#finish(task, undefined, -E.ENOSYS);
  }

  /** The scheduling point between the last check of a call and the call. */
  #givesWay(task: Task, incoming: Incoming): boolean {
    if (incoming.checked || (task.entryWork & (entryWork.seccomp | entryWork.trace)) === 0) return false;
    incoming.checked = true;
    const { scheduler } = this.kernel;
    if (!scheduler.givesWay(task, "checked")) return false;
    task.incoming = incoming;
    scheduler.reschedule = true;
    return true;
  }

  #decode(task: Task, abi: Abi): PendingCall | undefined {
    const entry = this.entryOf(abi, task.origAx);
    return entry && { entry, abi: abiOf(abi, task.origAx), args: entry.decode(task.args) };
  }

  #run(task: Task, call: PendingCall): void {
    const result = call.entry.syscall.call(task, call.args as never, call.abi);
    if (typeof result === "number") this.#finish(task, call, result);
    else this.#unusual(task, result, call.entry, call.abi, call);
  }

  /** Serve a pending call again: what it waited for may have happened. Also how restart_syscall(2) goes on. */
  resume(task: Task, call: PendingCall): void {
    task.call = undefined;
    try {
      this.#run(task, call);
    } catch (cause) {
      throw internalError(cause, this.kernel, task, true);
    }
  }

  #unusual(task: Task, result: Exclude<Result, number>, entry: Entry, abi: Abi, call?: PendingCall): void {
    if (result instanceof RegistersReplaced) {
      endWaiting(task);
      this.#leave(task, call, result.shown);
      return;
    }
    const resumed = task.resumes;
    task.resumes = undefined;
    this.#wait(task, result, resumed ?? call ?? { entry, abi, args: entry.decode(task.args) });
  }

  #wait(task: Task, wait: Wait, call: PendingCall): void {
    if ((task.exitWork & exitWork.ended) !== 0) return;
    if (task.state === "stopped") {
      task.call = call;
      return;
    }
    if ((task.exitWork & exitWork.signal) !== 0 && !wait.killable) {
      if (wait.interrupted === restart.ERESTART_RESTARTBLOCK) task.restartBlock = { call, deadline: task.waited.deadline };
      this.#finish(task, call, -wait.interrupted);
      return;
    }
    task.call = call;
    if (!wait.goesOn) this.kernel.scheduler.sleep(task, wait);
  }

  #finish(task: Task, call: PendingCall | undefined, result: number): void {
    if (task.state === "dead" || (task.exitWork & exitWork.exiting) !== 0) return;
    endWaiting(task);
    this.kernel.processor.state.setGpr(R.ax, result);
    this.#leave(task, call, result);
  }

  #leave(task: Task, call: PendingCall | undefined, result: number): void {
    this.kernel.observer?.leave?.(task, call, result);
    if (task.trace) afterCall(task);
  }
}
