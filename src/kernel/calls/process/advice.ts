// Calls on memory and caches that give advice or take a right away: mseal, process_madvise, cachestat. Linux
// mm/mseal.c, mm/madvise.c, mm/filemap.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { MADV } from "../../../abi/uapi/mman.ts";
import * as memory from "../../../memory/calls/index.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { cost } from "../../base/cost.ts";
import { charged } from "../../core/charged.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { mayAccess } from "../../cred/read-access.ts";
import { RegularInode } from "../../fs/files/regular.ts";
import { fd, ptr, size, uint, ulong } from "../../syscall/arg.ts";
import { address, advice } from "../../syscall/arg-process.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { Pidfd } from "../../task/pidfd.ts";
import { importIovec, totalLength } from "../file/iovec.ts";

const ADVICE_FOR_OTHERS: ReadonlySet<number> = new Set([MADV.COLD, MADV.PAGEOUT, MADV.WILLNEED]);
/** process_madvise(2): the number of bytes. The advice for other processes has no effect here. */
const processMadvise = (t: Task, n: number, at: VAddr, count: number, how: number, flags: number, abi: Abi): number => {
  if (flags !== 0) return -E.EINVAL;
  const list = importIovec(t, at, count, abi);
  if (typeof list === "number") return list;
  const file = t.files.get(n);
  if (!(file instanceof Pidfd)) return -E.EBADF;
  const target = file.process.threads[0];
  if (!target) return -E.ESRCH;
  if (!ADVICE_FOR_OTHERS.has(how)) return -E.EINVAL;
  if (!mayAccess(t, target)) return -E.EPERM;
  if (target.mem !== t.mem && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
  let done = 0;
  for (const { base, length } of list) {
    const result = charged(t.kernel, target.mem, () => memory.madvise(target.mem, base, length, how));
    if (result < 0) return done > 0 ? done : result;
    done += length;
  }
  return Math.min(done, totalLength(list));
};

/** cachestat(2): pages of a file that are in memory. Nothing is written back or evicted here. */
const cachestat = (t: Task, n: number, range: VAddr, to: VAddr, flags: number): number => {
  const file = t.files.get(n);
  if (!file) return -E.EBADF;
  const [from, length] = [t.mem.u64(range), t.mem.u64(range + 8)];
  if (from < 0 || length < 0) return -E.EFAULT;
  const { inode } = file;
  if (inode instanceof RegularInode && inode.huge) return -E.EOPNOTSUPP;
  if (flags !== 0) return -E.EINVAL;
  let pages = 0;
  if (inode instanceof RegularInode) {
    const end = Math.min(inode.size, length === 0 ? Number.POSITIVE_INFINITY : from + length);
    for (let at = Math.floor(from / PAGE_SIZE) * PAGE_SIZE; at < end; ) {
      const data = inode.nextData(at, true);
      if (data >= end) break;
      const hole = Math.min(end, inode.nextData(data, false));
      pages += Math.ceil(hole / PAGE_SIZE) - Math.floor(data / PAGE_SIZE);
      at = Math.ceil(hole / PAGE_SIZE) * PAGE_SIZE;
      t.kernel.charge(cost.entry);
    }
  }
  const out = new Uint8Array(40);
  new DataView(out.buffer).setBigUint64(0, BigInt(pages), true);
  return t.mem.write(to, out) ? 0 : -E.EFAULT;
};

/** Calls that advise on memory and caches or seal memory. man 2 process_madvise, mseal, cachestat. */
export const adviceCalls: readonly Syscall[] = [
  syscall("mseal", { start: address, len: size, flags: ulong }, (t, a) =>
    a.flags !== 0 ? -E.EINVAL : charged(t.kernel, t.mem, () => memory.mseal(t.mem, a.start, a.len)),
  ),
  syscall("process_madvise", { pidfd: fd, vec: ptr, vlen: ulong, advice, flags: uint }, (t, a, abi) =>
    processMadvise(t, a.pidfd, a.vec, a.vlen, a.advice, a.flags, abi),
  ),
  syscall("cachestat", { fd, cstat_range: ptr, cstat: ptr, flags: uint }, (t, a) => cachestat(t, a.fd, a.cstat_range, a.cstat, a.flags)),
];
