// Leases of files: their holder learns of a conflicting open before it succeeds. man 2 fcntl, "Leases"; Linux
// fs/locks.c __break_lease(), generic_setlease().
import { E } from "../../../abi/errno.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_TRUNC } from "../../../abi/uapi/fcntl.ts";
import { type Wait, WaitQueue, wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { FileDescription } from "./file.ts";
import type { Inode } from "./inode.ts";
import { F_RDLCK, F_UNLCK, F_WRLCK } from "./locks.ts";
import { tellOwner } from "./owner.ts";

/** The type of a lease: F_RDLCK or F_WRLCK, and F_UNLCK where there is none. */
type LeaseType = typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK;

/** A lease of an open file. */
export interface Lease {
  readonly file: FileDescription;
  type: LeaseType;
  /** The process that took it. */
  readonly pid: number;
  /** A break in progress: the type that it must become, until a monotonic time in nanoseconds. */
  breaking: { to: LeaseType; until: number } | undefined;
}

/** The leases of an inode, and the opens that wait for them. */
export class Leases {
  readonly all = new Set<Lease>();
  readonly changes = new WaitQueue();
}

const leaseOf = (file: FileDescription): Lease | undefined => {
  for (const lease of file.inode.leases?.all ?? []) if (lease.file === file) return lease;
  return undefined;
};

/** F_GETLEASE: during a break it is the type that the lease must become. */
export const getLease = (file: FileDescription): number => {
  const lease = leaseOf(file);
  return lease ? (lease.breaking?.to ?? lease.type) : F_UNLCK;
};

/** Ends a lease. Its file has no owner and no signal any more. Linux lease_modify(). */
const end = (inode: Inode, lease: Lease): void => {
  lease.file.owner = { type: "thread", pid: 0 };
  lease.file.signal = 0;
  inode.leases?.all.delete(lease);
  inode.leases?.changes.wake();
  if (inode.leases?.all.size === 0) inode.leases = undefined;
  inode.fs.clock.lockTable.update(inode);
};
/** The last reference of an open file is gone. */
export const dropLease = (file: FileDescription): void => {
  const lease = leaseOf(file);
  if (lease) end(file.inode, lease);
};

/** True if other open files conflict with a lease. Linux check_conflicting_open(). */
const isOpenElsewhere = ({ inode, writable }: FileDescription, type: LeaseType): boolean => {
  if (type === F_RDLCK) return inode.writers > 0;
  return type === F_WRLCK && (inode.writers !== Number(writable) || inode.opens !== 1);
};

/** F_SETLEASE: 0 or -errno. */
export const setLease = (t: Task, file: FileDescription, type: number): number => {
  const { inode } = file;
  if (type !== F_RDLCK && type !== F_WRLCK && type !== F_UNLCK) return -E.EINVAL;
  const present = leaseOf(file);
  if (type === F_UNLCK) {
    if (!present) return -E.EAGAIN;
    end(inode, present);
    return 0;
  }
  if (inode.uid !== t.cred.fsuid && !capable(t.cred, CAP.LEASE)) return -E.EACCES;
  if (!inode.isFile) return -E.EINVAL;
  if (isOpenElsewhere(file, type)) return -E.EAGAIN;
  for (const other of inode.leases?.all ?? []) {
    if (other === present) continue;
    if (type === F_WRLCK || other.breaking?.to === F_UNLCK || other.type === F_WRLCK) return -E.EAGAIN;
  }
  if (present?.breaking && type === F_WRLCK) return -E.EAGAIN;
  // An open for writing, which counts as a writer already, waits for the end of the lease.
  if (present?.breaking?.to === F_UNLCK && type === F_RDLCK) return -E.EAGAIN;
  if (present) {
    present.type = type;
    if (present.breaking) present.breaking = undefined;
    inode.leases?.changes.wake();
    return 0;
  }
  inode.leases ??= new Leases();
  inode.leases.all.add({ file, type, pid: t.tgid, breaking: undefined });
  inode.fs.clock.lockTable.update(inode);
  if (file.owner.pid === 0) file.owner = { type: "process", pid: t.tgid };
  return 0;
};

/**
 * Breaks the leases that conflict with an open or a truncation: 0, -EAGAIN, or a wait for their holders. A
 * holder that does not answer in time loses its lease.
 */
export const breakLeases = (t: Task, inode: Inode, flags: number): number | Wait => {
  if (inode.leases === undefined) return 0;
  const writes = (flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0;
  const { now } = t.kernel;
  let until = Number.POSITIVE_INFINITY;
  for (const lease of [...inode.leases.all]) {
    if (!writes && lease.type === F_RDLCK) continue;
    const to = writes ? F_UNLCK : F_RDLCK;
    if (lease.breaking && now >= lease.breaking.until) {
      if (lease.breaking.to === F_UNLCK || writes) end(inode, lease);
      else {
        lease.type = lease.breaking.to;
        lease.breaking = undefined;
      }
      continue;
    }
    if (!lease.breaking) {
      lease.breaking = { to, until: now + t.kernel.vfs.leaseSeconds * 1e9 };
      tellOwner(t.kernel, lease.file, POLL_MSG);
    } else if (writes) lease.breaking.to = F_UNLCK;
    until = Math.min(until, lease.breaking.until);
  }
  if (until === Number.POSITIVE_INFINITY) return 0;
  if ((flags & O_NONBLOCK) !== 0) return -E.EAGAIN;
  return wait([(inode.leases as Leases).changes], { until });
};
/** si_code of a lease's signal, with its band. Linux uapi asm-generic/siginfo.h, fs/fcntl.c band_table. */
const POLL_MSG = { code: 3, band: 0x1 | 0x40 | 0x400 };
