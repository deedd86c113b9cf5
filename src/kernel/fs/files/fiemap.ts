// FS_IOC_FIEMAP: the places of a file's bytes on its device. Linux fs/ioctl.c ioctl_fiemap(),
// fs/iomap/fiemap.c; Documentation/filesystems/fiemap.rst.
import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { bytes, struct, u32, u64 } from "../../../abi/struct.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import type { FileDescription } from "../vfs/file.ts";
import { MAX_FILE_SIZE } from "./regular.ts";

const head = struct("fiemap", { start: u64, length: u64, flags: u32, mapped_extents: u32, extent_count: u32, reserved: u32 });
const extent = struct("fiemap_extent", {
  logical: u64,
  physical: u64,
  length: u64,
  reserved: bytes(16),
  flags: u32,
  reserved32: bytes(12),
});
const [HEAD, EXTENT] = [head.size(x64), extent.size(x64)];
const FLAG = { SYNC: 1, LAST: 1, MERGED: 0x1000 } as const;

/** The request's result. Both ABIs have one layout. */
export const fiemap = (t: Task, file: FileDescription, at: VAddr): number => {
  const { inode } = file;
  if (!inode.extents) return -E.EOPNOTSUPP;
  const from = t.mem.read(at, HEAD);
  if (!from) return -E.EFAULT;
  const asked = head.decode(from, x64);
  if (asked.extent_count > Math.floor(0xffff_ffff / EXTENT)) return -E.EINVAL;
  const answer = (result: number, mapped: number, flags: number): number =>
    t.mem.write(at, head.encode({ ...asked, mapped_extents: mapped, flags }, x64)) ? result : -E.EFAULT;
  if (asked.length === 0n) return answer(-E.EINVAL, 0, asked.flags);
  if (asked.start >= BigInt(MAX_FILE_SIZE)) return answer(-E.EFBIG, 0, asked.flags);
  const unknown = (asked.flags & ~FLAG.SYNC) >>> 0;
  if (unknown !== 0) return answer(-E.EBADR, 0, unknown);
  const start = Number(asked.start);
  const { found, ended } = inode.extents(start, Math.min(inode.size, start + Number(asked.length)), asked.extent_count);
  t.kernel.charge(found.length * cost.entry);
  // Without room for extents only their number is asked for.
  if (asked.extent_count === 0) return answer(0, found.length, asked.flags);
  const all = new Uint8Array(found.length * EXTENT);
  for (const [i, { logical, physical, length }] of found.entries()) {
    const flags = FLAG.MERGED | (ended && i === found.length - 1 ? FLAG.LAST : 0);
    const none = { reserved: new Uint8Array(16), reserved32: new Uint8Array(12) };
    const values = { logical: BigInt(logical), physical: BigInt(physical), length: BigInt(length), flags, ...none };
    all.set(extent.encode(values, x64), i * EXTENT);
  }
  return t.mem.write((at + HEAD) as VAddr, all) ? answer(0, found.length, asked.flags) : -E.EFAULT;
};
