// PROCMAP_QUERY: one mapping of /proc/PID/maps as a structure. Linux fs/proc/task_mmu.c do_procmap_query().

import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { struct, u32, u64 } from "../../../abi/struct.ts";
import { PATH_MAX } from "../../../abi/uapi/limits.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { HUGE_SIZE } from "../../../memory/huge/pool.ts";
import { vmaName } from "../../../memory/show/maps.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { PROT, SPECIAL, VM, type Vma } from "../../../memory/vma.ts";
import { asBytes } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";

/** _IOWR('f', 17, struct procmap_query). */
export const PROCMAP_QUERY = 0xc068_6611;
const query = struct("procmap_query", {
  size: u64,
  query_flags: u64,
  query_addr: u64,
  vma_start: u64,
  vma_end: u64,
  vma_flags: u64,
  vma_page_size: u64,
  vma_offset: u64,
  inode: u64,
  dev_major: u32,
  dev_minor: u32,
  vma_name_size: u32,
  build_id_size: u32,
  vma_name_addr: u64,
  build_id_addr: u64,
});
const SIZE = query.size(x64);
/** size, query_flags and query_addr. */
const LEAST = 24;
const Q = { READABLE: 1, WRITABLE: 2, EXECUTABLE: 4, SHARED: 8, COVERING_OR_NEXT: 0x10, FILE_BACKED: 0x20 } as const;
const ALL = Object.values(Q).reduce((all, bit) => all | bit, 0);
const PERMISSIONS = Q.READABLE | Q.WRITABLE | Q.EXECUTABLE | Q.SHARED;

const flagsOf = ({ prot, flags }: Vma): number =>
  (prot & PROT.READ ? Q.READABLE : 0) |
  (prot & PROT.WRITE ? Q.WRITABLE : 0) |
  (prot & PROT.EXEC ? Q.EXECUTABLE : 0) |
  (flags & VM.MAYSHARE ? Q.SHARED : 0);
/** The kernel's own mappings with a file are not counted. */
const fileOf = (vma: Vma): Vma["file"] => (vma.flags & SPECIAL ? undefined : vma.file);

/** Linux query_matching_vma(). */
const matching = (t: Task, space: AddressSpace, address: number, flags: number): Vma | undefined => {
  for (let vma = space.areas.above(address); vma !== undefined; vma = space.areas.above(vma.end)) {
    t.kernel.charge(cost.entry);
    const fits = (!(flags & Q.FILE_BACKED) || fileOf(vma)) && (flags & PERMISSIONS & ~flagsOf(vma)) === 0;
    if (fits && (flags & Q.COVERING_OR_NEXT || vma.start <= address)) return vma;
    if (!(flags & Q.COVERING_OR_NEXT)) return undefined;
  }
  return undefined;
};

/** The ioctl on an open /proc/PID/maps: 0 or -errno. */
export const procmapQuery = (t: Task, space: AddressSpace | undefined, at: VAddr): number => {
  const [low, high] = [t.mem.u32(at), t.mem.u32(at + 4)];
  if (low < 0 || high < 0) return -E.EFAULT;
  if (high > 0 || low > PAGE_SIZE) return -E.E2BIG;
  if (low < LEAST) return -E.EINVAL;
  const bytes = t.mem.read(at, low);
  if (!bytes) return -E.EFAULT;
  if (bytes.subarray(SIZE).some((b) => b !== 0)) return -E.E2BIG;
  const whole = new Uint8Array(SIZE);
  whole.set(bytes.subarray(0, SIZE));
  const q = query.decode(whole, x64);
  if (q.query_flags & ~BigInt(ALL)) return -E.EINVAL;
  if ((q.vma_name_size === 0) !== (q.vma_name_addr === 0n) || (q.build_id_size === 0) !== (q.build_id_addr === 0n)) return -E.EINVAL;
  if (!space) return -E.ESRCH;
  const vma = matching(t, space, Number(q.query_addr), Number(q.query_flags));
  if (!vma) return -E.ENOENT;
  const file = fileOf(vma);
  const name = asBytes(`${vmaName(space, vma)}\0`);
  const named = q.vma_name_size !== 0 && name.length > 1;
  if (named && name.length > Math.min(PATH_MAX, q.vma_name_size)) return -E.ENAMETOOLONG;
  const answer = {
    ...q,
    vma_start: BigInt(vma.start),
    vma_end: BigInt(vma.end),
    vma_flags: BigInt(flagsOf(vma)),
    vma_page_size: BigInt(vma.flags & VM.HUGETLB ? HUGE_SIZE : PAGE_SIZE),
    vma_offset: BigInt(file ? vma.pgoff * PAGE_SIZE : 0),
    inode: BigInt(file?.ino ?? 0),
    dev_major: (file?.dev ?? 0) >>> 8,
    dev_minor: (file?.dev ?? 0) & 0xff,
    vma_name_size: named ? name.length : 0,
    // Build ids are not looked for.
    build_id_size: 0,
  };
  if (named && !t.mem.write(Number(q.vma_name_addr), name)) return -E.EFAULT;
  return t.mem.write(at, query.encode(answer, x64).subarray(0, Math.min(SIZE, low))) ? 0 : -E.EFAULT;
};
