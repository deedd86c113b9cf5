// Semaphores of System V: semget, semop, semtimedop, semctl. Linux ipc/sem.c.
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { IPC, SEM } from "../../../abi/uapi/ipc.ts";
import { cost } from "../../base/cost.ts";
import { type Held, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { int, uint } from "../../syscall/arg.ts";
import { timespec, timespec64 } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { nanoseconds, native, type TimeForm, time64 } from "../../syscall/timespec.ts";
import { shownPid } from "../../task/pid-namespace.ts";
import { ipcGetFlags, key, semCommand, semOps, semUnion, type Union } from "./args.ts";
import { get, type LayoutVersion, ownerOf, permOf, put, semInfo, semid } from "./layout.ts";
import { systemVOf } from "./namespace.ts";
import { MAY, mayUse, obtain, setOwner, toControl } from "./permission.ts";
import { newSet, type PendingOps, SEMVMX, type SemaphoreSet, type SemOp } from "./semaphores.ts";
import { undoOf } from "./undo.ts";

/** semget(2): the identifier or -errno. */
export const semget = (t: Task, k: number, count: number, flags: number): number => {
  const ns = systemVOf(t);
  if (count < 0 || count > ns.sems[0]) return -E.EINVAL;
  const make = (): number => newSet(t.kernel, ns, t.cred, k, count, flags);
  return obtain(t, ns.sem, k, flags, make, (set) => (count > set.count ? -E.EINVAL : 0));
};

/** sizeof(struct sembuf). */
const SEMBUF = 6;
const readOps = (t: Task, at: number, count: number): SemOp[] | undefined => {
  const bytes = t.mem.read(at, count * SEMBUF);
  if (!bytes) return undefined;
  const view = new DataView(bytes.buffer);
  return Array.from({ length: count }, (_, i) => ({
    num: view.getUint16(SEMBUF * i, true),
    op: view.getInt16(SEMBUF * i + 2, true),
    flags: view.getInt16(SEMBUF * i + 4, true),
  }));
};

/** semop(2) and semtimedop(2). No handler restarts them. Linux ksys_semtimedop(), do_semtimedop(). */
export const semtimedop = (t: Task, id: number, at: number, count: number, timeout: number, form: TimeForm, abi: Abi): Result => {
  const pending = t.waited.data as SemaphoreWait | undefined;
  if (pending) return goOn(t, pending);
  const time = timeout === 0 ? undefined : form.read(t, timeout, abi);
  if (timeout !== 0 && !time) return -E.EFAULT;
  const ns = systemVOf(t);
  if (count > ns.sems[2]) return -E.E2BIG;
  const ops = readOps(t, at, count);
  if (!ops) return -E.EFAULT;
  if (count < 1 || id < 0) return -E.EINVAL;
  const limit = time === undefined ? Number.POSITIVE_INFINITY : nanoseconds(time);
  if (limit === undefined) return -E.EINVAL;
  t.kernel.charge(count * cost.entry);
  return begin(t, ns.sem.get(id), ops, limit);
};
const begin = (t: Task, set: SemaphoreSet | number, ops: readonly SemOp[], timeout: number): Result => {
  if (typeof set === "number") return set;
  const alters = ops.some(({ op }) => op !== 0);
  const undoes = ops.some(({ flags }) => (flags & SEM.UNDO) !== 0);
  if (ops.some(({ num }) => num >= set.count)) return -E.EFBIG;
  if (!mayUse(t, set, alters ? MAY.WRITE : MAY.READ)) return -E.EACCES;
  const undo = undoes ? undoOf(t, set) : undefined;
  if (undoes && !undo) return -E.ENOMEM;
  const q: PendingOps = { task: t, ops, undo, alters, blocking: undefined, status: undefined };
  const result = set.begin(q);
  if (result !== undefined) return result;
  const sleep = new SemaphoreWait(set, q, Number.isFinite(timeout) ? t.kernel.now + timeout : undefined);
  t.waited.data = t.waited.held = sleep;
  return goOn(t, sleep);
};
/** A call whose operations wait in the set. */
export class SemaphoreWait implements Held {
  readonly set: SemaphoreSet;
  readonly q: PendingOps;
  readonly until: number | undefined;
  constructor(set: SemaphoreSet, q: PendingOps, until: number | undefined) {
    this.set = set;
    this.q = q;
    this.until = until;
  }
  drop(): void {
    this.set.finish(this.q);
  }
}
const goOn = (t: Task, { q, until }: SemaphoreWait): Result => {
  if (q.status !== undefined) return q.status;
  if (t.waited.expired) return -E.EAGAIN;
  return wait([], { until, interrupted: E.EINTR });
};

const statOf = (t: Task, set: SemaphoreSet) => ({ ...permOf(t, set), otime: set.otime, ctime: set.ctime, nsems: set.count });
const stat = (t: Task, id: number, command: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  const { sem } = systemVOf(t);
  const set = command === IPC.STAT ? sem.get(id) : sem.at(id);
  if (typeof set === "number") return set;
  if (command !== SEM.STAT_ANY && !mayUse(t, set, MAY.READ)) return -E.EACCES;
  return put(t, buf, semid[version], statOf(t, set), abi, command === IPC.STAT ? 0 : set.id);
};
/** IPC_INFO has limits in two members that SEM_INFO uses for current numbers. */
const info = (t: Task, command: number, buf: number, abi: Abi): number => {
  const { sem, sems, semaphores } = systemVOf(t);
  const [msl, mns, opm, mni] = sems;
  const uses = command === SEM.INFO ? { usz: sem.inUse, aem: semaphores } : { usz: 20, aem: SEMVMX };
  return put(t, buf, semInfo, { map: mns, mni, mns, mnu: mns, msl, opm, ume: opm, vmx: SEMVMX, ...uses }, abi, sem.highest);
};

const setAll = (t: Task, set: SemaphoreSet, at: number): number => {
  const bytes = t.mem.read(at, 2 * set.count);
  if (!bytes) return -E.EFAULT;
  const values = new Uint16Array(bytes.buffer);
  if (values.some((v) => v > SEMVMX)) return -E.ERANGE;
  values.forEach((v, num) => set.set(num, v, t.tgid));
  return changed(t, set, undefined);
};
const setOne = (t: Task, id: number, num: number, value: number): number => {
  if (value < 0 || value > SEMVMX) return -E.ERANGE;
  const set = systemVOf(t).sem.get(id);
  if (typeof set === "number") return set;
  if (num < 0 || num >= set.count) return -E.EINVAL;
  if (!mayUse(t, set, MAY.WRITE)) return -E.EACCES;
  set.set(num, value, t.tgid);
  return changed(t, set, num);
};
const changed = (t: Task, set: SemaphoreSet, num: number | undefined): number => {
  set.forgetUndo(num);
  set.ctime = t.kernel.realtime().sec;
  set.update();
  return 0;
};

/** Linux semctl_main(). */
const main = (t: Task, id: number, num: number, command: number, at: number): number => {
  const set = systemVOf(t).sem.get(id);
  if (typeof set === "number") return set;
  if (!mayUse(t, set, command === SEM.SETALL ? MAY.WRITE : MAY.READ)) return -E.EACCES;
  if (command === SEM.GETALL || command === SEM.SETALL) {
    t.kernel.charge(set.count);
    if (command === SEM.SETALL) return setAll(t, set, at);
    return t.mem.write(at, new Uint8Array(Uint16Array.from(set.values).buffer)) ? 0 : -E.EFAULT;
  }
  if (num < 0 || num >= set.count) return -E.EINVAL;
  switch (command) {
    case SEM.GETVAL:
      return set.values[num] as number;
    case SEM.GETPID:
      return shownPid(t, set.pids[num] as number);
    default:
      return set.waiting(num, command === SEM.GETZCNT);
  }
};

const setAttributes = (t: Task, id: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  const wanted = get(t, buf, semid[version], abi);
  if (!wanted) return -E.EFAULT;
  const set = toControl(t, systemVOf(t).sem, id);
  if (typeof set === "number") return set;
  const failed = setOwner(t, set, ownerOf(wanted, version));
  if (failed === 0) set.ctime = t.kernel.realtime().sec;
  return failed;
};

/** semctl(2). */
export const semctl = (
  t: Task,
  id: number,
  num: number,
  command: number,
  { value, at }: Union,
  version: LayoutVersion,
  abi: Abi,
): number => {
  if (id < 0) return -E.EINVAL;
  switch (command) {
    case IPC.INFO:
    case SEM.INFO:
      return info(t, command, at, abi);
    case IPC.STAT:
    case SEM.STAT:
    case SEM.STAT_ANY:
      return stat(t, id, command, at, version, abi);
    case SEM.GETALL:
    case SEM.GETVAL:
    case SEM.GETPID:
    case SEM.GETNCNT:
    case SEM.GETZCNT:
    case SEM.SETALL:
      return main(t, id, num, command, at);
    case SEM.SETVAL:
      return setOne(t, id, num, value);
    case IPC.SET:
      return setAttributes(t, id, at, version, abi);
    case IPC.RMID: {
      const set = toControl(t, systemVOf(t).sem, id);
      if (typeof set === "number") return set;
      set.destroy();
      return 0;
    }
    default:
      return abi.splits64 && (command & IPC.V64) !== 0 ? withBit(t, id, num, command & ~IPC.V64, { value, at }, abi) : -E.EINVAL;
  }
};
/**
 * A compat command with IPC_64 is still known where nothing looks at it again. Linux compat_ksys_semctl().
 */
const withBit = (t: Task, id: number, num: number, command: number, union: Union, abi: Abi): number => {
  if (command === IPC.STAT) return stat(t, id, command, union.at, "now", abi) || id;
  return command === IPC.INFO || command === SEM.SETVAL ? semctl(t, id, num, command, union, "now", abi) : -E.EINVAL;
};

const op = { semid: int, sops: semOps, nsops: uint } as const;
/** Calls on semaphore sets. man 2 semget, semop, semctl. */
export const semCalls: readonly Syscall[] = [
  syscall("semget", { key, nsems: int, semflg: ipcGetFlags }, (t, a) => semget(t, a.key, a.nsems, a.semflg)),
  syscall("semop", op, (t, a, abi) => semtimedop(t, a.semid, a.sops, a.nsops, 0, native, abi)),
  syscall("semtimedop", { ...op, timeout: timespec }, (t, a, abi) => semtimedop(t, a.semid, a.sops, a.nsops, a.timeout, native, abi)),
  syscall("semtimedop_time64", { ...op, timeout: timespec64 }, (t, a, abi) =>
    semtimedop(t, a.semid, a.sops, a.nsops, a.timeout, time64, abi),
  ),
  syscall("semctl", { semid: int, semnum: int, cmd: semCommand, arg: semUnion }, (t, a, abi) =>
    semctl(t, a.semid, a.semnum, a.cmd, a.arg, "now", abi),
  ),
];
