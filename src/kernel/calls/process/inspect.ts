// Inspecting another process without tracing it. man 2 kcmp, process_vm_readv, pidfd_getfd; Linux
// kernel/kcmp.c, mm/process_vm_access.c, kernel/pid.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { VM } from "../../../memory/vma.ts";
import { PIECE_BYTES } from "../../base/cost.ts";
import { again } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { mayAccess } from "../../cred/read-access.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { install } from "../../fs/vfs/install.ts";
import { mayAttach } from "../../ptrace/attach.ts";
import { fd, int, ptr, uint, ulong } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { findThread } from "../../task/pid-namespace.ts";
import { Pidfd } from "../../task/pidfd.ts";
import { gather, importIovec, type Segment, scatter, totalLength } from "../file/iovec.ts";

/** KCMP_*. Linux uapi linux/kcmp.h. */
const KCMP = {
  KCMP_FILE: 0,
  KCMP_VM: 1,
  KCMP_FILES: 2,
  KCMP_FS: 3,
  KCMP_SIGHAND: 4,
  KCMP_IO: 5,
  KCMP_SYSVSEM: 6,
  KCMP_EPOLL_TFD: 7,
} as const;

const NOTHING = {};
/** 0, 1 or 2 for equal, less and greater: an order for sorting that does not reveal addresses. */
const compare = (t: Task, a: object, b: object): number => {
  if (a === b) return 0;
  return t.kernel.objectNumber(a) < t.kernel.objectNumber(b) ? 1 : 2;
};

/** A type that a part of tasks has. Linux knows KCMP_SYSVSEM without CONFIG_SYSVIPC too. */
const compareParts = (t: Task, a: Task, b: Task, type: number): number => {
  const part = t.kernel.taskParts.find(({ rules }) => rules.kcmp === type);
  if (!part) return type === KCMP.KCMP_SYSVSEM ? -E.EOPNOTSUPP : -E.EINVAL;
  return part.of(a) === part.of(b) ? 0 : compare(t, part.of(a) ?? NOTHING, part.of(b) ?? NOTHING);
};

const kcmp = (t: Task, pid1: number, pid2: number, type: number, i1: number, i2: number): number => {
  const a = findThread(t, pid1);
  const b = findThread(t, pid2);
  if (!a || !b) return -E.ESRCH;
  if (!mayAccess(t, a) || !mayAccess(t, b)) return -E.EPERM;
  switch (type) {
    case KCMP.KCMP_FILE: {
      const [f, g] = [a.files.getRaw(i1), b.files.getRaw(i2)];
      return f && g ? compare(t, f, g) : -E.EBADF;
    }
    case KCMP.KCMP_VM:
      return compare(t, a.mem, b.mem);
    case KCMP.KCMP_FILES:
      return compare(t, a.files, b.files);
    case KCMP.KCMP_FS:
      return compare(t, a.fs, b.fs);
    case KCMP.KCMP_SIGHAND:
      return compare(t, a.actions, b.actions);
    case KCMP.KCMP_IO:
      // No task has one of its own.
      return 0;
    default:
      return compareParts(t, a, b, type);
  }
};

/** A copying call. It is a user of the target's memory, which is freed after its last user. */
export class MemoryCopying {
  readonly mem: AddressSpace;
  readonly local: readonly Segment[];
  readonly remote: readonly Segment[];
  done = 0;
  constructor(mem: AddressSpace, local: readonly Segment[], remote: readonly Segment[]) {
    mem.retain();
    this.mem = mem;
    this.local = local;
    this.remote = remote;
  }
  drop(): void {
    this.mem.release();
  }
}
/** Copies a piece between the caller's and the target's buffers. Only SIGKILL interrupts it. */
const copyPiece = (t: Task, write: boolean, { mem, local, remote, done: before }: MemoryCopying): Or<{ done: number; over: boolean }> => {
  const { kernel } = t;
  const target = { mem, kernel };
  const total = Math.min(totalLength(local), totalLength(remote));
  const n = Math.min(total - before, PIECE_BYTES);
  const [from, to, source, sink] = write ? [t, target, local, remote] : [target, t, remote, local];
  const bytes = gather(from, source, before, n);
  const done = before + scatter(to, sink, before, bytes);
  return done === 0 && n > 0 ? -E.EFAULT : { done, over: done < before + n || done === total };
};
/** No address of a process. */
const NOWHERE = -1;
/**
 * The buffers up to the first page of memfd_secret(2), which only its owner can access directly. Linux
 * check_vma_flags().
 */
const reachable = (mem: AddressSpace, segments: readonly Segment[]): readonly Segment[] => {
  for (const [i, { base, length }] of segments.entries()) {
    for (let vma = mem.areas.above(base); vma !== undefined && vma.start < base + length; vma = mem.areas.above(vma.end)) {
      if ((vma.flags & (VM.SECRET | VM.PFNMAP)) === 0) continue;
      const before = Math.max(0, vma.start - base);
      return [...segments.slice(0, i), { base, length: before }, { base: NOWHERE, length: length - before }];
    }
  }
  return segments;
};
const processVm = (t: Task, write: boolean, pid: number, local: Segment[] | number, remote: Segment[] | number): Result => {
  if (typeof local === "number") return local;
  if (totalLength(local) === 0) return 0;
  if (typeof remote === "number") return remote;
  const target = findThread(t, pid);
  if (!target || target.state === "dead") return -E.ESRCH;
  if (!mayAttach(t, target)) return -E.EPERM;
  return copyOn(t, write, new MemoryCopying(target.mem, local, reachable(target.mem, remote)));
};
const copyOn = (t: Task, write: boolean, copying: MemoryCopying): Result => {
  t.waited.held = copying;
  const got = copyPiece(t, write, copying);
  if (typeof got === "number") return got;
  copying.done = got.done;
  return got.over ? got.done : again({ killable: true });
};

const pidfdGetfd = (t: Task, pidfd: number, n: number, flags: number): number => {
  if (flags !== 0) return -E.EINVAL;
  const file = t.files.get(pidfd);
  if (!(file instanceof Pidfd)) return -E.EBADF;
  const { process } = file;
  const { leader } = process;
  const target = leader.state === "dead" ? process.threads[0] : leader;
  if (!target) return -E.ESRCH;
  if (!mayAttach(t, target)) return -E.EPERM;
  const wanted = target.files.getRaw(n);
  return wanted ? install(t, wanted, true) : -E.EBADF;
};

const vmArgs = { pid: int, lvec: ptr, liovcnt: ulong, rvec: ptr, riovcnt: ulong, flags: ulong } as const;
interface VmArgs {
  pid: number;
  lvec: VAddr;
  liovcnt: number;
  rvec: VAddr;
  riovcnt: number;
  flags: number;
}
const vm = (t: Task, write: boolean, a: VmArgs, abi: Abi): Result => {
  const { held } = t.waited;
  if (held instanceof MemoryCopying) return copyOn(t, write, held);
  if (a.flags !== 0) return -E.EINVAL;
  return processVm(t, write, a.pid, importIovec(t, a.lvec, a.liovcnt, abi), importIovec(t, a.rvec, a.riovcnt, abi));
};

/** Calls that look into another process. man 2 kcmp, process_vm_readv, pidfd_getfd. */
export const inspectCalls: readonly Syscall[] = [
  syscall(
    "kcmp",
    { pid1: int, pid2: int, type: choice("int", KCMP, "KCMP_???"), idx1: ulong, idx2: ulong },
    (t, a) => kcmp(t, a.pid1, a.pid2, a.type, a.idx1, a.idx2),
    { note: "no KCMP_EPOLL_TFD" },
  ),
  syscall("process_vm_readv", vmArgs, (t, a, abi) => vm(t, false, a, abi)),
  syscall("process_vm_writev", vmArgs, (t, a, abi) => vm(t, true, a, abi)),
  syscall("pidfd_getfd", { pidfd: fd, targetfd: int, flags: uint }, (t, a) => pidfdGetfd(t, a.pidfd, a.targetfd, a.flags)),
];
