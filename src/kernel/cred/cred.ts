// Credentials: the ids and capabilities of a task. man 7 credentials, man 7 capabilities; Linux
// include/linux/cred.h.
import { CAP } from "../../abi/capability.ts";
import { levelOf, toKernel, toLocal, type UserNamespace } from "./user-namespace.ts";

/** The state of modules in credentials, by name of the module. */
export type SecurityState = Readonly<Record<string, object>>;

declare module "../core/task.ts" {
  interface TaskMembers {
    cred: Cred;
  }
}

export { CAP };

/** CAP_LAST_CAP. */
export const LAST_CAP = 40;
/** The set of all capabilities. */
export const ALL_CAPS = (1n << BigInt(LAST_CAP + 1)) - 1n;

/**
 * Ids and capability sets. An immutable value: a call that changes them makes a new one. Bit n stands for
 * capability n.
 */
export interface Cred {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  /** Supplementary groups, in order. */
  readonly groups: readonly number[];
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly bounding: bigint;
  readonly ambient: bigint;
  readonly securebits: number;
  /** The user namespace in which the capabilities hold. Undefined: the initial one. */
  readonly userNs?: UserNamespace | undefined;
  /** State of security modules. Undefined: none restricts the task. */
  readonly security?: SecurityState | undefined;
}

/** The credentials of a program that user `uid` and group `gid` start. Root has every capability. */
export const credOf = (uid: number, gid: number, groups: readonly number[] = []): Cred => {
  const caps = uid === 0 ? ALL_CAPS : 0n;
  return {
    uid,
    euid: uid,
    suid: uid,
    fsuid: uid,
    gid,
    egid: gid,
    sgid: gid,
    fsgid: gid,
    groups: [...groups].sort((a, b) => a - b),
    permitted: caps,
    effective: caps,
    inheritable: 0n,
    bounding: ALL_CAPS,
    ambient: 0n,
    securebits: 0,
  };
};

/** True if the task has the capability in its own user namespace. */
export const capableHere = (cred: Cred, cap: number): boolean => ((cred.effective >> BigInt(cap)) & 1n) === 1n;
/** True if the task has the capability in the initial user namespace. */
export const capable = (cred: Cred, cap: number): boolean => cred.userNs === undefined && capableHere(cred, cap);
/**
 * True if the task has the capability in `target`. The creator of a namespace has all of them there. Linux
 * cap_capable().
 */
export const capableIn = (cred: Cred, target: UserNamespace | undefined, cap: number): boolean => {
  for (let ns = target; ; ns = ns.parent) {
    if (ns === cred.userNs) return capableHere(cred, cap);
    if (!ns || levelOf(ns) <= levelOf(cred.userNs)) return false;
    if (ns.parent === cred.userNs && ns.owner === cred.euid) return true;
  }
};
/**
 * True if the capability covers a file: its owner and group must be mapped. Linux capable_wrt_inode_uidgid().
 */
export const capableOver = (cred: Cred, file: { readonly uid: number; readonly gid: number }, cap: number): boolean =>
  capableHere(cred, cap) &&
  toLocal(cred.userNs, "uidMap", file.uid) !== undefined &&
  toLocal(cred.userNs, "gidMap", file.gid) !== undefined;
/** The kernel's id for uid 0 of the task's namespace. Undefined: it is not mapped. */
export const rootUid = (cred: Cred): number | undefined => toKernel(cred.userNs, "uidMap", 0);
/** True if `gid` is the file-system group or a supplementary one. Linux in_group_p(), groups_search(). */
export const inGroup = (cred: Cred, gid: number): boolean => {
  if (cred.fsgid === gid) return true;
  const { groups } = cred;
  let low = 0;
  let high = groups.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((groups[middle] as number) < gid) low = middle + 1;
    else high = middle;
  }
  return groups[low] === gid;
};
