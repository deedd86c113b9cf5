// User and group ids. man 7 credentials; Linux kernel/sys.c, kernel/uid16.c, kernel/groups.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { SyscallName } from "../../../abi/numbers.ts";
import { cost } from "../../base/cost.ts";
import { sizes } from "../../base/sizes.ts";
import type { Task } from "../../core/task.ts";
import { changeCred } from "../../core/task-part.ts";
import { CAP, type Cred, capableHere, rootUid } from "../../cred/cred.ts";
import { type IdKind, OVERFLOW_ID, shownGid, toKernel, toLocal } from "../../cred/user-namespace.ts";
import { SECBIT } from "../../lifecycle/exec-cred.ts";
import { int } from "../../syscall/arg.ts";
import { id, legacyId } from "../../syscall/arg-file.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type ArgType, type Syscall, type SyscallOptions, syscall } from "../../syscall/declaration.ts";

/** (uid_t)-1: no change. It is no valid id. */
const KEEP = 0xffff_ffff;
const NGROUPS_MAX = 65536;

const FS_CAPS = [
  CAP.CHOWN,
  CAP.DAC_OVERRIDE,
  CAP.DAC_READ_SEARCH,
  CAP.FOWNER,
  CAP.FSETID,
  CAP.LINUX_IMMUTABLE,
  CAP.MKNOD,
  CAP.MAC_OVERRIDE,
].reduce((set, c) => set | (1n << BigInt(c)), 0n);

/** The effect of new user ids on capabilities. Linux security/commoncap.c cap_task_fix_setuid(); man 7
 *  capabilities. */
const fixCapabilities = (t: Task, old: Cred, now: Cred): Cred => {
  if ((old.securebits & SECBIT.NO_SETUID_FIXUP) !== 0) return now;
  const root = rootUid(now);
  const wasRoot = old.uid === root || old.euid === root || old.suid === root;
  const isRoot = now.uid === root || now.euid === root || now.suid === root;
  let { permitted, effective, ambient } = now;
  if (wasRoot && !isRoot) {
    if (!t.keepCaps) permitted = effective = 0n;
    ambient = 0n;
  }
  if (old.euid === root && now.euid !== root) effective = 0n;
  if (old.euid !== root && now.euid === root) effective = permitted;
  return { ...now, permitted, effective, ambient };
};

/** Sets new credentials. A change of effective ids ends dumpability. Linux commit_creds(). */
const commit = (t: Task, now: Cred): number => {
  const old = t.cred;
  if (
    old.euid !== now.euid ||
    old.egid !== now.egid ||
    old.fsuid !== now.fsuid ||
    old.fsgid !== now.fsgid ||
    (now.permitted & ~old.permitted) !== 0n
  ) {
    t.dumpable = 0;
    t.deathSignal = 0;
  }
  changeCred(t, now);
  return 0;
};
const commitUids = (t: Task, change: Partial<Cred>): number => commit(t, fixCapabilities(t, t.cred, { ...t.cred, ...change }));

const setuid = (t: Task, uid: number): number => {
  const { cred } = t;
  if (uid === KEEP) return -E.EINVAL;
  if (capableHere(cred, CAP.SETUID)) return commitUids(t, { uid, suid: uid, euid: uid, fsuid: uid });
  return uid === cred.uid || uid === cred.suid ? commitUids(t, { euid: uid, fsuid: uid }) : -E.EPERM;
};
const setgid = (t: Task, gid: number): number => {
  const { cred } = t;
  if (gid === KEEP) return -E.EINVAL;
  if (capableHere(cred, CAP.SETGID)) return commit(t, { ...cred, gid, sgid: gid, egid: gid, fsgid: gid });
  return gid === cred.gid || gid === cred.sgid ? commit(t, { ...cred, egid: gid, fsgid: gid }) : -E.EPERM;
};

const setreuid = (t: Task, ruid: number, euid: number): number => {
  const { cred } = t;
  const may = capableHere(cred, CAP.SETUID);
  if (ruid !== KEEP && ruid !== cred.uid && ruid !== cred.euid && !may) return -E.EPERM;
  if (euid !== KEEP && euid !== cred.uid && euid !== cred.euid && euid !== cred.suid && !may) return -E.EPERM;
  const uid = ruid === KEEP ? cred.uid : ruid;
  const effective = euid === KEEP ? cred.euid : euid;
  const saved = ruid !== KEEP || (euid !== KEEP && euid !== cred.uid) ? effective : cred.suid;
  return commitUids(t, { uid, euid: effective, suid: saved, fsuid: effective });
};
const setregid = (t: Task, rgid: number, egid: number): number => {
  const { cred } = t;
  const may = capableHere(cred, CAP.SETGID);
  if (rgid !== KEEP && rgid !== cred.gid && rgid !== cred.egid && !may) return -E.EPERM;
  if (egid !== KEEP && egid !== cred.gid && egid !== cred.egid && egid !== cred.sgid && !may) return -E.EPERM;
  const gid = rgid === KEEP ? cred.gid : rgid;
  const effective = egid === KEEP ? cred.egid : egid;
  const saved = rgid !== KEEP || (egid !== KEEP && egid !== cred.gid) ? effective : cred.sgid;
  return commit(t, { ...cred, gid, egid: effective, sgid: saved, fsgid: effective });
};

const setresuid = (t: Task, r: number, e: number, s: number): number => {
  const { cred } = t;
  const known = [cred.uid, cred.euid, cred.suid, KEEP];
  if (!capableHere(cred, CAP.SETUID) && ![r, e, s].every((x) => known.includes(x))) return -E.EPERM;
  const euid = e === KEEP ? cred.euid : e;
  return commitUids(t, { uid: r === KEEP ? cred.uid : r, euid, suid: s === KEEP ? cred.suid : s, fsuid: euid });
};
const setresgid = (t: Task, r: number, e: number, s: number): number => {
  const { cred } = t;
  const known = [cred.gid, cred.egid, cred.sgid, KEEP];
  if (!capableHere(cred, CAP.SETGID) && ![r, e, s].every((x) => known.includes(x))) return -E.EPERM;
  const egid = e === KEEP ? cred.egid : e;
  return commit(t, { ...cred, gid: r === KEEP ? cred.gid : r, egid, sgid: s === KEEP ? cred.sgid : s, fsgid: egid });
};

/** Returns the old id in any case. A file-system id other than root's loses the capabilities over files. */
const setfsuid = (t: Task, uid: number): number => {
  const { cred } = t;
  const old = cred.fsuid;
  if (uid === KEEP || (![cred.uid, cred.euid, cred.suid, cred.fsuid].includes(uid) && !capableHere(cred, CAP.SETUID))) return old;
  let { effective } = cred;
  if ((cred.securebits & SECBIT.NO_SETUID_FIXUP) === 0) {
    const root = rootUid(cred);
    if (old === root && uid !== root) effective &= ~FS_CAPS;
    if (old !== root && uid === root) effective |= FS_CAPS & cred.permitted;
  }
  commit(t, { ...cred, fsuid: uid, effective });
  return old;
};
const setfsgid = (t: Task, gid: number): number => {
  const { cred } = t;
  const old = cred.fsgid;
  if (gid === KEEP || (![cred.gid, cred.egid, cred.sgid, cred.fsgid].includes(gid) && !capableHere(cred, CAP.SETGID))) return old;
  commit(t, { ...cred, fsgid: gid });
  return old;
};

/** The width of an id: 32 bits, or i386's 16 bits, in which larger ids read 65534 (overflowuid). */
interface Width {
  readonly size: 2 | 4;
  put(t: Task, at: number, id: number): boolean;
  get(t: Task, at: number): number;
}
const wide: Width = { size: 4, put: (t, at, x) => t.mem.setU32(at, x), get: (t, at) => t.mem.u32(at) };
const high2low = (x: number): number => (x > 0xffff ? OVERFLOW_ID : x);
const narrow: Width = {
  size: 2,
  put: (t, at, x) => t.mem.setU16(at, high2low(x)),
  get: (t, at) => {
    const x = t.mem.u16(at);
    return x === 0xffff ? KEEP : x;
  },
};

const getThree = (t: Task, w: Width, at: readonly VAddr[], ids: readonly number[]): number =>
  at.every((a, i) => w.put(t, a, ids[i] as number)) ? 0 : -E.EFAULT;

const getgroups = (t: Task, w: Width, size: number, list: VAddr): number => {
  const { groups } = t.cred;
  if (size < 0) return -E.EINVAL;
  if (size === 0) return groups.length;
  if (groups.length > size) return -E.EINVAL;
  t.kernel.charge(groups.length * cost.entry);
  return groups.every((g, i) => w.put(t, list + w.size * i, shownGid(t.cred.userNs, g))) ? groups.length : -E.EFAULT;
};
const setgroups = (t: Task, w: Width, size: number, list: VAddr): number => {
  const { userNs } = t.cred;
  if (!capableHere(t.cred, CAP.SETGID) || (userNs && !(userNs.gidMap && userNs.setgroups))) return -E.EPERM;
  if (size < 0 || size > NGROUPS_MAX) return -E.EINVAL;
  const groups: number[] = [];
  // Linux sorts the groups, too.
  t.kernel.charge(size * 10 * cost.entry);
  for (let i = 0; i < size; i++) {
    const g = w.get(t, list + w.size * i);
    if (g < 0) return -E.EFAULT;
    const known = g === KEEP ? undefined : toKernel(t.cred.userNs, "gidMap", g);
    if (known === undefined) return -E.EINVAL;
    groups.push(known);
  }
  const { frames, garbage } = t.kernel;
  if (!frames.account.canTake(groups.length * sizes.group)) return -E.ENOMEM;
  garbage.add(groups, groups.length * sizes.group);
  return commit(t, { ...t.cred, groups: groups.sort((a, b) => a - b) });
};

type Base<N> = N extends `${infer B}32` ? Extract<B, SyscallName> : never;
/** Calls with a 16-bit and a 32-bit form. */
type Name = Base<SyscallName>;
/** Declares a call for ids of one width. */
type Maker = (name: SyscallName, arg: ArgType<number>, w: Width, options?: SyscallOptions) => Syscall;

/** i386's plain names are the 16-bit calls. The 32-bit ones end in "32". */
const both = (name: Name, make: Maker): Syscall[] => [
  make(name, id, wide, { only: "x64" }),
  make(name, legacyId, narrow, { only: "i386" }),
  make(`${name}32` as SyscallName, id, wide),
];
const shown = (w: Width, value: number): number => (w === narrow ? high2low(value) : value);
/** The map for an id, by the call's name: user ids or group ids. */
const kindOf = (name: string): IdKind => (/uid(32)?$/.test(name) ? "uidMap" : "gidMap");
/** The kernel's id for the caller's id. Undefined for an id without a mapping. */
const inward = (t: Task, name: string, id: number): number | undefined => (id === KEEP ? KEEP : toKernel(t.cred.userNs, kindOf(name), id));
const outward = (t: Task, name: string, id: number): number => toLocal(t.cred.userNs, kindOf(name), id) ?? OVERFLOW_ID;
/** An id without a mapping is EINVAL. */
const withIds = (t: Task, name: string, ids: readonly number[], set: (...ids: number[]) => number): number => {
  const known = ids.map((id) => inward(t, name, id));
  return known.every((id) => id !== undefined) ? set(...(known as number[])) : -E.EINVAL;
};

const get =
  (read: (c: Cred) => number): Maker =>
  (name, _arg, w, options) =>
    syscall(name, {}, (t) => shown(w, outward(t, name, read(t.cred))), options);
const one =
  (set: (t: Task, id: number) => number): Maker =>
  (name, arg, _w, options) =>
    syscall(name, { id: arg }, (t, a) => withIds(t, name, [a.id], (id) => set(t, id as number)), options);
/** Returns the old id and never an error. An id without a mapping changes nothing. */
const oneOld =
  (set: (t: Task, id: number) => number): Maker =>
  (name, arg, w, options) =>
    syscall(name, { id: arg }, (t, a) => shown(w, outward(t, name, set(t, inward(t, name, a.id) ?? KEEP))), options);
const two =
  (set: (t: Task, r: number, e: number) => number): Maker =>
  (name, arg, _w, options) =>
    syscall(name, { r: arg, e: arg }, (t, a) => withIds(t, name, [a.r, a.e], (r, e) => set(t, r as number, e as number)), options);
const three =
  (set: (t: Task, r: number, e: number, s: number) => number): Maker =>
  (name, arg, _w, options) =>
    syscall(
      name,
      { r: arg, e: arg, s: arg },
      (t, a) => withIds(t, name, [a.r, a.e, a.s], (r, e, x) => set(t, r as number, e as number, x as number)),
      options,
    );
const threeOut =
  (read: (c: Cred) => readonly number[]): Maker =>
  (name, _arg, w, options) =>
    syscall(
      name,
      { r: filled("uint32"), e: filled("uint32"), s: filled("uint32") },
      (t, a) =>
        getThree(
          t,
          w,
          [a.r, a.e, a.s],
          read(t.cred).map((id) => outward(t, name, id)),
        ),
      options,
    );
/** The array of a call of this width. */
const groups = (w: Width): "groups16" | "groups32" => (w === narrow ? "groups16" : "groups32");
const list =
  (call: (t: Task, w: Width, size: number, at: VAddr) => number): Maker =>
  (name, _arg, w, options) =>
    syscall(
      name,
      { size: int, list: name.startsWith("get") ? filled(groups(w)) : given(groups(w), "size") },
      (t, a) => call(t, w, a.size, a.list),
      options,
    );

/** Calls on user and group ids, in 32 and 16 bits. man 7 credentials. */
export const credCalls: readonly Syscall[] = [
  ...both(
    "getuid",
    get((c) => c.uid),
  ),
  ...both(
    "geteuid",
    get((c) => c.euid),
  ),
  ...both(
    "getgid",
    get((c) => c.gid),
  ),
  ...both(
    "getegid",
    get((c) => c.egid),
  ),
  ...both("setuid", one(setuid)),
  ...both("setgid", one(setgid)),
  ...both("setreuid", two(setreuid)),
  ...both("setregid", two(setregid)),
  ...both("setresuid", three(setresuid)),
  ...both("setresgid", three(setresgid)),
  ...both("setfsuid", oneOld(setfsuid)),
  ...both("setfsgid", oneOld(setfsgid)),
  ...both(
    "getresuid",
    threeOut((c) => [c.uid, c.euid, c.suid]),
  ),
  ...both(
    "getresgid",
    threeOut((c) => [c.gid, c.egid, c.sgid]),
  ),
  ...both("getgroups", list(getgroups)),
  ...both("setgroups", list(setgroups)),
];
