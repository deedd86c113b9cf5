// Shared memory of System V: shmget, shmat, shmdt, shmctl. Linux ipc/shm.c.
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { IPC, SHM } from "../../../abi/uapi/ipc.ts";
import * as memory from "../../../memory/calls/index.ts";
import { isPageAligned, PAGE_SIZE, pageAlign, pageFloor } from "../../../memory/frames.ts";
import { MAP, PROT, type Vma } from "../../../memory/vma.ts";
import { cost } from "../../base/cost.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import { thenPopulate } from "../../calls/memory/pieces.ts";
import { charged } from "../../core/charged.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { in32BitCall } from "../../core/x32-call.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { int, ptr, size } from "../../syscall/arg.ts";
import { address } from "../../syscall/arg-process.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { shownPid } from "../../task/pid-namespace.ts";
import { key, shmatFlags, shmCommand, shmGetFlags } from "./args.ts";
import { get, type LayoutVersion, ownerOf, permOf, put, shmInfo, shmid, shmLimits } from "./layout.ts";
import { systemVOf } from "./namespace.ts";
import { isOwner, mayUse, obtain, setOwner, toControl } from "./permission.ts";
import { newSegment, SharedSegment } from "./segment.ts";

/** shmget(2): the identifier or -errno. */
export const shmget = (t: Task, k: number, bytes: number, flags: number): number => {
  const ns = systemVOf(t);
  const make = (): number => newSegment(t.kernel, ns, t.cred, t.process, k, bytes, flags);
  return obtain(t, ns.shm, k, flags, make, (segment) => (segment.bytes < bytes ? -E.EINVAL : 0));
};

/** The address of the attach, or -errno. Linux do_shmat(). */
const attach = (t: Task, id: number, wanted: number, flags: number, later: memory.Populate): number => {
  if (id < 0) return -E.EINVAL;
  const remaps = (flags & SHM.REMAP) !== 0;
  let at = wanted;
  if (!isPageAligned(at) && at !== 0) {
    if ((flags & SHM.RND) === 0) return -E.EINVAL;
    at = pageFloor(at);
    if (at === 0 && remaps) return -E.EINVAL;
  } else if (at === 0 && remaps) return -E.EINVAL;
  const reads = (flags & SHM.RDONLY) !== 0;
  const executes = (flags & SHM.EXEC) !== 0;
  const segment = systemVOf(t).shm.get(id);
  if (typeof segment === "number") return segment;
  if (!mayUse(t, segment, (reads ? 0o444 : 0o666) | (executes ? 0o111 : 0))) return -E.EACCES;
  const length = segment.size;
  if (wanted !== 0 && !remaps && t.mem.areas.overlaps(at, at + pageAlign(length))) return -E.EINVAL;
  const result = memory.mmap(
    t.mem,
    {
      at,
      length,
      prot: PROT.READ | (reads ? 0 : PROT.WRITE) | (executes ? PROT.EXEC : 0),
      flags: MAP.SHARED | (wanted !== 0 ? MAP.FIXED : 0),
      file: segment.open(!reads),
      offset: 0,
      compat: in32BitCall(t),
    },
    later,
  );
  if (result < 0) segment.endIfUnused();
  return result;
};
/** shmat(2): the address or -errno. */
export const shmat = (t: Task, id: number, at: number, flags: number): Result =>
  thenPopulate(t, (later) => attach(t, id, at, flags, later));

const segmentOf = ({ file }: Vma): SharedSegment | undefined => (file?.backing instanceof SharedSegment ? file.backing : undefined);
/** True if the mapping is at its first place, `at` being where the attach began. */
const isInPlace = (vma: Vma, at: number): boolean => (vma.start - at) / PAGE_SIZE === vma.pgoff;
/** shmdt(2): removes all parts of the attach that began at `at`. Linux ksys_shmdt(). */
export const shmdt = (t: Task, at: number): number => {
  if (!isPageAligned(at)) return -E.EINVAL;
  const { areas } = t.mem;
  let visited = 0;
  let vma = areas.above(at);
  while (vma && !(segmentOf(vma) && isInPlace(vma, at))) {
    visited++;
    vma = areas.above(vma.end);
  }
  t.kernel.charge(visited * cost.entry);
  if (!vma) return -E.EINVAL;
  const { file } = vma;
  const end = at + pageAlign((segmentOf(vma) as SharedSegment).size);
  return charged(t.kernel, t.mem, () => {
    for (const part of areas.within((vma as Vma).start, end)) {
      if (part.end <= end && part.file === file && isInPlace(part, at)) memory.munmap(t.mem, part.start, part.end - part.start);
    }
    return 0;
  });
};

const statOf = (t: Task, s: SharedSegment) => {
  return {
    ...permOf(t, s),
    segsz: s.bytes,
    atime: s.atime,
    dtime: s.dtime,
    ctime: s.ctime,
    cpid: shownPid(t, s.creator.pid),
    lpid: shownPid(t, s.lastPid),
    nattch: s.attached,
  };
};
const stat = (t: Task, id: number, command: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  const { shm } = systemVOf(t);
  const segment = command === IPC.STAT ? shm.get(id) : shm.at(id);
  if (typeof segment === "number") return segment;
  if (command !== SHM.STAT_ANY && !mayUse(t, segment, 0o444)) return -E.EACCES;
  return put(t, buf, shmid[version], statOf(t, segment), abi, command === IPC.STAT ? 0 : segment.id);
};

const INT_MAX = 0x7fffffffn;
const limits = (t: Task, buf: number, version: LayoutVersion, abi: Abi): number => {
  const { shm, shmmax, shmall, shmmni } = systemVOf(t);
  const max = abi.long === 4 && shmmax > INT_MAX ? INT_MAX : shmmax;
  return put(t, buf, shmLimits[version], { max, min: 1, mni: shmmni, seg: shmmni, all: shmall }, abi, shm.highest);
};
const info = (t: Task, buf: number, abi: Abi): number => {
  const { shm, shmPages } = systemVOf(t);
  let rss = 0;
  for (const segment of shm.all()) rss += segment.resident;
  t.kernel.charge(shm.inUse * cost.entry);
  return put(t, buf, shmInfo, { used_ids: shm.inUse, tot: shmPages, rss }, abi, shm.highest);
};

const set = (t: Task, id: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  const wanted = get(t, buf, shmid[version], abi);
  if (!wanted) return -E.EFAULT;
  const segment = toControl(t, systemVOf(t).shm, id);
  if (typeof segment === "number") return segment;
  const failed = setOwner(t, segment, ownerOf(wanted, version));
  if (failed === 0) segment.ctime = t.kernel.realtime().sec;
  return failed;
};
/**
 * SHM_LOCK and SHM_UNLOCK: pages of segments are never paged out, so only the mode says it. Linux
 * shmctl_do_lock().
 */
const lock = (t: Task, id: number, locks: boolean): number => {
  const ns = systemVOf(t);
  const segment = ns.shm.get(id);
  if (typeof segment === "number") return segment;
  const privileged = capableIn(t.cred, t.namespaces.ipc.owner, CAP.IPC_LOCK);
  const limit = t.process.limit(RLIMIT.MEMLOCK);
  if (!privileged && (!isOwner(t, segment) || (locks && limit === 0))) return -E.EPERM;
  if (locks && !privileged && segment.pageCount * PAGE_SIZE > limit) return -E.ENOMEM;
  // Huge pages are never paged out.
  if (segment.huge) return 0;
  segment.mode = locks ? segment.mode | SHM.LOCKED : segment.mode & ~SHM.LOCKED;
  return 0;
};

/** shmctl(2). */
export const shmctl = (t: Task, id: number, command: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  if (command < 0 || id < 0) return -E.EINVAL;
  switch (command) {
    case IPC.INFO:
      return limits(t, buf, version, abi);
    case SHM.INFO:
      return info(t, buf, abi);
    case IPC.STAT:
    case SHM.STAT:
    case SHM.STAT_ANY:
      return stat(t, id, command, buf, version, abi);
    case IPC.SET:
      return set(t, id, buf, version, abi);
    case IPC.RMID: {
      const segment = toControl(t, systemVOf(t).shm, id);
      if (typeof segment === "number") return segment;
      segment.destroy();
      return 0;
    }
    case SHM.LOCK:
    case SHM.UNLOCK:
      return lock(t, id, command === SHM.LOCK);
    default:
      return -E.EINVAL;
  }
};

/** Calls on shared memory segments. man 2 shmget, shmop, shmctl. */
export const shmCalls: readonly Syscall[] = [
  syscall("shmget", { key, size, shmflg: shmGetFlags }, (t, a) => shmget(t, a.key, a.size, a.shmflg)),
  syscall("shmat", { shmid: int, shmaddr: address, shmflg: shmatFlags }, (t, a) => shmat(t, a.shmid, a.shmaddr, a.shmflg), {
    hexResult: true,
  }),
  syscall("shmdt", { shmaddr: address }, (t, a) => shmdt(t, a.shmaddr)),
  syscall("shmctl", { shmid: int, cmd: shmCommand, buf: ptr }, (t, a, abi) => shmctl(t, a.shmid, a.cmd, a.buf, "now", abi)),
];
