// Registered buffers and rings of provided buffers. man 2 io_uring_register, man 3 io_uring_register_buffers,
// io_uring_setup_buf_ring, io_uring_clone_buffers; Linux io_uring/rsrc.c, kbuf.c.
import { E } from "../../../abi/errno.ts";
import { BUFFER_RING, CLONE_BUFFERS } from "../../../abi/uapi/io-uring.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Task } from "../../core/task.ts";
import { SharedPages } from "../../fs/files/shared-pages.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { BufferGroups } from "./buffers.ts";
import { ringsPart } from "./part.ts";
import { type RegisterCall, type RegisterHandler, type SlotSource, tagAt } from "./registration.ts";
import { Resource } from "./resource.ts";
import { type FixedBuffer, RING_PATH, UringFile } from "./ring.ts";

const MOST_BUFFERS = 1 << 14;
const MOST_BYTES = 2 ** 30;
/** True if all bytes are mapped. The kernel pins pages of buffers. */
const isMapped = (t: Task, at: number, length: number): boolean => t.mem.areas.covers(at, at + length);
/** The buffer of a slot: undefined for an empty one, or -errno. */
const bufferAt = (c: RegisterCall, source: SlotSource, i: number): Or<FixedBuffer> | undefined => {
  const { t, abi, ring } = c;
  const tag = tagAt(c, source, i);
  if (tag === undefined) return -E.EFAULT;
  const at = source.at === undefined ? undefined : source.at + 2 * abi.long * i;
  const [base, length] = at === undefined ? [0, 0] : [t.mem.word(at, abi.long), t.mem.word(at + abi.long, abi.long)];
  if (base < 0 || length < 0) return -E.EFAULT;
  if (base === 0 && length === 0) return tag === 0n ? undefined : -E.EINVAL;
  if (base === 0 || length === 0 || length > MOST_BYTES) return -E.EFAULT;
  return isMapped(t, base, length) ? { at: base, length, resource: new Resource(ring, tag) } : -E.EFAULT;
};
/** IORING_REGISTER_BUFFERS, BUFFERS2. */
export const registerBuffers = (c: RegisterCall, source: SlotSource, count: number): number => {
  const { ring } = c;
  if (ring.buffers) return -E.EBUSY;
  if (count === 0 || count > MOST_BUFFERS) return -E.EINVAL;
  const buffers: (FixedBuffer | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const buffer = bufferAt(c, source, i);
    // No request uses those before it, and their ends are not told.
    if (typeof buffer === "number") return buffer;
    buffers.push(buffer);
  }
  return ring.setBuffers(buffers);
};
/** IORING_REGISTER_BUFFERS_UPDATE. */
export const updateBuffers = (c: RegisterCall, source: SlotSource, count: number, from: number): number => {
  const { buffers } = c.ring;
  if (!buffers) return -E.ENXIO;
  if (from + count > buffers.length) return -E.EINVAL;
  for (let i = 0; i < count; i++) {
    const buffer = bufferAt(c, source, i);
    if (typeof buffer === "number") return i > 0 ? i : buffer;
    const old = buffers[from + i];
    buffers[from + i] = buffer;
    old?.resource.drop();
  }
  return count;
};
/** sizeof(struct io_uring_clone_buffers): src_fd, flags, pad. */
const CLONE_SIZE = 32;
/** IORING_REGISTER_CLONE_BUFFERS: the ring gets all buffers of another one. */
export const cloneBuffers: RegisterHandler = ({ t, ring, arg, count }) => {
  if (arg === 0 || count !== 1) return -E.EINVAL;
  if (ring.buffers) return -E.EBUSY;
  const bytes = t.mem.read(arg, CLONE_SIZE);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const how = v.getUint32(4, true);
  if (how & ~CLONE_BUFFERS.SRC_REGISTERED || bytes.subarray(8).some((b) => b !== 0)) return -E.EINVAL;
  const fd = v.getInt32(0, true);
  const source = (how & CLONE_BUFFERS.SRC_REGISTERED) !== 0 ? ringsPart.of(t)?.fds?.[fd] : t.files.get(fd);
  if (!source) return (how & CLONE_BUFFERS.SRC_REGISTERED) !== 0 ? -E.EINVAL : -E.EBADF;
  if (!(source instanceof UringFile)) return -E.EOPNOTSUPP;
  if (!source.buffers) return -E.ENXIO;
  return ring.setBuffers(source.buffers.map((buffer) => buffer && { ...buffer, resource: new Resource(ring, 0n) }));
};

/** sizeof(struct io_uring_buf_reg): ring_addr, ring_entries, bgid, flags, resv. */
const BUFFER_RING_SIZE = 40;
/** sizeof(struct io_uring_buf). */
const BUFFER_SIZE = 16;
/** IORING_REGISTER_PBUF_RING. */
export const bufferRing: RegisterHandler = ({ t, ring, arg, count }) => {
  if (count !== 1) return -E.EINVAL;
  const bytes = t.mem.read(arg, BUFFER_RING_SIZE);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const [at, entries, group, how] = [Number(v.getBigUint64(0, true)), v.getUint32(8, true), v.getUint16(12, true), v.getUint16(14, true)];
  if (bytes.subarray(16).some((b) => b !== 0) || how & ~(BUFFER_RING.MMAP | BUFFER_RING.INC)) return -E.EINVAL;
  const ofKernel = (how & BUFFER_RING.MMAP) !== 0;
  if (ofKernel ? at !== 0 : at === 0) return ofKernel ? -E.EINVAL : -E.EFAULT;
  if (at % PAGE_SIZE !== 0) return -E.EINVAL;
  if (entries === 0 || (entries & (entries - 1)) !== 0 || entries >= 65536) return -E.EINVAL;
  ring.groups ??= new BufferGroups(t.kernel.frames.account);
  if (!ring.groups.isFree(group)) return -E.EEXIST;
  const pages = ofKernel ? new SharedPages(t.kernel.frames, entries * BUFFER_SIZE, RING_PATH) : undefined;
  if (pages && !pages.fill()) return -E.ENOMEM;
  if (!pages && !isMapped(t, at, entries * BUFFER_SIZE)) return -E.EFAULT;
  const failed = ring.groups.addRing(group, pages ? { pages } : { mem: t.mem, at }, entries, (how & BUFFER_RING.INC) !== 0);
  if (failed < 0) pages?.end();
  return failed;
};
/** IORING_UNREGISTER_PBUF_RING. */
export const unregisterBufferRing: RegisterHandler = ({ t, ring, arg, count }) => {
  if (count !== 1) return -E.EINVAL;
  const bytes = t.mem.read(arg, BUFFER_RING_SIZE);
  if (!bytes) return -E.EFAULT;
  if (bytes.subarray(14).some((b) => b !== 0)) return -E.EINVAL;
  return ring.groups?.removeRing(new DataView(bytes.buffer, bytes.byteOffset).getUint16(12, true)) ?? -E.ENOENT;
};
/** IORING_REGISTER_PBUF_STATUS. */
export const bufferStatus: RegisterHandler = ({ t, ring, arg, count }) => {
  const group = t.mem.u32(arg);
  if (count !== 1) return -E.EINVAL;
  if (group < 0) return -E.EFAULT;
  const head = ring.groups?.head(group) ?? -E.ENOENT;
  return head < 0 ? head : t.mem.setU32(arg + 4, head) ? 0 : -E.EFAULT;
};
