// Semaphore sets of System V: values, waiting operations and the choice of those that may go on. man 2 semop,
// semctl; Linux ipc/sem.c.
import { E } from "../../../abi/errno.ts";
import { IPC, SEM } from "../../../abi/uapi/ipc.ts";
import { cost } from "../../base/cost.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Cred } from "../../cred/cred.ts";
import { IpcObject } from "./ids.ts";
import type { SystemV } from "./namespace.ts";
import { ownSizes } from "./sizes.ts";

/** The greatest value of a semaphore, and of an undo value. Linux SEMVMX, SEMAEM. */
export const SEMVMX = 32767;

/** struct sembuf. */
export interface SemOp {
  readonly num: number;
  readonly op: number;
  readonly flags: number;
}

/** The values that a process's end adds to the semaphores of one set. Linux struct sem_undo. */
export interface Undo {
  readonly set: SemaphoreSet;
  readonly adjust: Int16Array;
}

/** A semop(2) that has not finished: plain data in the thread's `waited`. Linux struct sem_queue. */
export interface PendingOps {
  readonly task: Task;
  readonly ops: readonly SemOp[];
  readonly undo: Undo | undefined;
  readonly alters: boolean;
  /** The operation that blocks it. */
  blocking: SemOp | undefined;
  /** 0 or -errno as soon as it has ended. */
  status: number | undefined;
}

const BLOCKED = 1;

/** A set. Linux struct sem_array. */
export class SemaphoreSet extends IpcObject {
  private readonly _namespace: SystemV;
  private readonly _kernel: Kernel;
  readonly values: Int32Array;
  /** The kernel's pids of the last processes that changed each semaphore. */
  readonly pids: Int32Array;
  /** Seconds since 1970 of the last semop(2). */
  otime = 0;
  /** The waiting operations in order of arrival. */
  readonly pending = new Set<PendingOps>();
  readonly undos = new Set<Undo>();
  /** The number of waiting calls that alter nothing. */
  private _readers = 0;

  constructor(kernel: Kernel, ns: SystemV, cred: Cred, key: number, mode: number, count: number) {
    super(cred, key, mode, kernel.realtime().sec);
    this._kernel = kernel;
    this._namespace = ns;
    this.values = new Int32Array(count);
    this.pids = new Int32Array(count);
  }
  get count(): number {
    return this.values.length;
  }

  /** Tries all operations: 0, -errno, or 1 if one of them blocks. Linux perform_atomic_semop_slow(). */
  private _perform(q: PendingOps): number {
    const { values } = this;
    const { ops, undo } = q;
    let result = 0;
    let n = 0;
    for (; n < ops.length; n++) {
      const sop = ops[n] as SemOp;
      const value = (values[sop.num] as number) + sop.op;
      if ((sop.op === 0 && values[sop.num] !== 0) || value < 0) {
        q.blocking = sop;
        result = (sop.flags & IPC.NOWAIT) !== 0 ? -E.EAGAIN : BLOCKED;
        break;
      }
      if (value > SEMVMX) {
        result = -E.ERANGE;
        break;
      }
      if ((sop.flags & SEM.UNDO) !== 0 && undo) {
        const back = (undo.adjust[sop.num] as number) - sop.op;
        if (back < -SEMVMX - 1 || back > SEMVMX) {
          result = -E.ERANGE;
          break;
        }
        undo.adjust[sop.num] = back;
      }
      values[sop.num] = value;
    }
    this._kernel.charge((n + 1) * cost.entry);
    if (result === 0) {
      for (const { num } of ops) this.pids[num] = q.task.tgid;
      return 0;
    }
    while (n-- > 0) {
      const sop = ops[n] as SemOp;
      (values[sop.num] as number) -= sop.op;
      if ((sop.flags & SEM.UNDO) !== 0 && undo) (undo.adjust[sop.num] as number) += sop.op;
    }
    return result;
  }

  /** A new semop(2): 0, -errno, or undefined if it now waits in `pending`. */
  begin(q: PendingOps): number | undefined {
    const result = this._perform(q);
    if (result < 0) return result;
    if (result === 0) {
      this.otime = this._kernel.realtime().sec;
      if (q.alters) this.update();
      return 0;
    }
    this.pending.add(q);
    if (!q.alters) this._readers++;
    return undefined;
  }

  /**
   * Lets waiting operations go on that can: those that alter nothing first, then the oldest. One of several
   * operations may let others go on that come before it. Linux do_smart_update(), check_restart().
   */
  update(): void {
    this._wakeReaders();
    for (let again = true; again; ) {
      again = false;
      for (const q of this.pending) {
        if (!q.alters || this._tryPending(q) !== 0) continue;
        this._wakeReaders();
        again = q.ops.length > 1;
        if (again) break;
      }
    }
  }
  private _wakeReaders(): void {
    if (this._readers > 0) for (const q of this.pending) if (!q.alters) this._tryPending(q);
  }
  /** The result of `_perform`. An operation that does not block any more ends. */
  private _tryPending(q: PendingOps): number {
    const blocking = q.blocking as SemOp;
    const value = this.values[blocking.num] as number;
    if (q.ops.length === 1 && (blocking.op === 0 ? value !== 0 : value + blocking.op < 0)) return BLOCKED;
    const result = this._perform(q);
    if (result > 0) return result;
    this.finish(q, result);
    if (result === 0) this.otime = this._kernel.realtime().sec;
    return result;
  }
  /** Ends a waiting operation. Without a status its task does it itself. */
  finish(q: PendingOps, status?: number): void {
    if (!this.pending.delete(q)) return;
    if (!q.alters) this._readers--;
    if (status === undefined) return;
    q.status = status;
    q.task.wake();
  }

  /** The operations that wait for a semaphore to become 0, or to increase. Linux count_semcnt(). */
  waiting(num: number, forZero: boolean): number {
    let n = 0;
    for (const { blocking } of this.pending) if (blocking?.num === num && (blocking.op === 0) === forZero) n++;
    this._kernel.charge(this.pending.size * cost.entry);
    return n;
  }

  /** SETVAL and SETALL change values, and no undo value of them remains. */
  set(num: number, value: number, pid: number): void {
    this.values[num] = value;
    this.pids[num] = pid;
  }
  forgetUndo(num: number | undefined): void {
    for (const { adjust } of this.undos) {
      if (num === undefined) adjust.fill(0);
      else adjust[num] = 0;
    }
    this._kernel.charge(this.undos.size * cost.entry);
  }

  /** IPC_RMID: waiting calls return EIDRM. */
  destroy(): void {
    this._namespace.sem.remove(this);
    for (const q of [...this.pending]) this.finish(q, -E.EIDRM);
    this.end();
  }
  /** Returns the charge. */
  end(): void {
    const { account } = this._kernel.frames;
    account.give(ownSizes.ipcObject + this.count * ownSizes.semaphore);
    this._namespace.semaphores -= this.count;
    for (const _ of this.undos) account.give(undoBytes(this));
    this.undos.clear();
  }
}

/** The charge of undo values of a set. */
export const undoBytes = ({ count }: SemaphoreSet): number => ownSizes.semaphoreUndo + 2 * count;

/** A new set: its identifier or -errno. Linux newary(). */
export const newSet = (kernel: Kernel, ns: SystemV, cred: Cred, key: number, count: number, flags: number): number => {
  if (count === 0) return -E.EINVAL;
  if (ns.semaphores + count > ns.sems[1]) return -E.ENOSPC;
  const bytes = ownSizes.ipcObject + count * ownSizes.semaphore;
  if (!kernel.frames.account.take(bytes)) return -E.ENOMEM;
  const id = ns.sem.add(new SemaphoreSet(kernel, ns, cred, key, flags, count), ns.sems[3]);
  if (id < 0) kernel.frames.account.give(bytes);
  else ns.semaphores += count;
  return id;
};
