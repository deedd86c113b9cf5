// /proc/locks: locks of ranges and of files, leases, and calls that wait for a lock. man 5 proc_locks; Linux
// fs/locks.c lock_get_status().
import { major, minor } from "../../../abi/uapi/stat.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import type { Inode } from "../vfs/inode.ts";
import { conflicting, F_RDLCK, F_WRLCK, type LockWait, type RecordLock } from "../vfs/locks.ts";
import type { ProcContent, ProcRecord } from "./tree/node.ts";

/** The line after its number. `pid` is -1 for a lock of an open file. */
interface Row {
  readonly what: string;
  readonly type: number;
  readonly pid: number;
  readonly range: string;
  readonly waits?: true;
}
const WHOLE = "0 EOF";
const typeName = (type: number): string => (type === F_WRLCK ? "WRITE" : type === F_RDLCK ? "READ" : "UNLCK");
const rangeText = ({ start, end }: { readonly start: number; readonly end: number }): string =>
  `${start} ${end === Number.POSITIVE_INFINITY ? "EOF" : end - 1}`;
/** Locks of an open file belong to no process. */
const isOfFile = ({ owner }: Pick<RecordLock, "owner">): boolean => !("lockWaits" in owner);
const recordRow = (lock: RecordLock): Row => ({
  what: `${isOfFile(lock) ? "OFDLCK" : "POSIX "} ADVISORY  `,
  type: lock.type,
  pid: lock.pid,
  range: rangeText(lock),
});

/** The waiting calls of each process, by their inode. */
const waitsOf = (task: Task): Map<Inode, { readonly wait: LockWait; readonly pid: number }[]> => {
  const found = new Map<Inode, { wait: LockWait; pid: number }[]>();
  for (const { leader, pid } of task.kernel.processes.values())
    for (const wait of leader?.files.lockWaits ?? []) {
      const { inode } = wait.file;
      found.set(inode, [...(found.get(inode) ?? []), { wait, pid }]);
    }
  return found;
};

function* rows(task: Task): Generator<readonly [Inode, Row]> {
  const { inodes } = task.kernel.lockTable;
  const waits = waitsOf(task);
  for (let key = inodes.next(0); key !== undefined; key = inodes.next(key + 1)) {
    const inode = inodes.get(key) as Inode;
    const waiting = waits.get(inode) ?? [];
    for (const lock of inode.locks?.ranges() ?? []) {
      yield [inode, recordRow(lock)];
      for (const { wait, pid } of waiting)
        if (conflicting(inode, wait.want) === lock) yield [inode, { ...recordRow({ ...wait.want, pid }), waits: true }];
    }
    for (const { type, pid } of [...(inode.locks?.flocks.values() ?? [])].reverse())
      yield [inode, { what: "FLOCK  ADVISORY  ", type, pid, range: WHOLE }];
    for (const { type, pid, breaking } of inode.leases?.all ?? []) {
      const state = breaking ? "BREAKING  " : "ACTIVE    ";
      yield [inode, { what: `LEASE  ${state}`, type: breaking?.to ?? type, pid, range: WHOLE }];
    }
  }
}

/** Locks of processes that the reader's pid namespace does not have are left out. */
export const locksFile: ProcContent = {
  *records(task: Task, from: number): Generator<ProcRecord> {
    const { kernel, pidNs } = task;
    let number = 0;
    let key = 0;
    kernel.charge(kernel.processes.size * cost.entry);
    for (const [inode, { what, type, pid, range, waits }] of rows(task)) {
      kernel.charge(cost.entry);
      if (!waits) number++;
      if (++key <= from) continue;
      const shown = pid < 0 || !pidNs.parent ? pid : pidNs.numberOf(pid);
      if (shown === 0) continue;
      const device = [major(inode.fs.dev), minor(inode.fs.dev)].map((n) => n.toString(16).padStart(2, "0")).join(":");
      yield { text: `${number}: ${waits ? "-> " : ""}${what}${typeName(type)} ${shown} ${device}:${inode.ino} ${range}\n`, next: key };
    }
  },
};
