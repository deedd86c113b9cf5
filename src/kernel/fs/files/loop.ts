// Loop devices: a file as a block device. man 4 loop; Linux drivers/block/loop.c, block/ioctl.c.
import type { Abi } from "../../../abi/abi.ts";
import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { bytes, s32, struct, u16, u32, u64, ulong } from "../../../abi/struct.ts";
import { O_EXCL } from "../../../abi/uapi/fcntl.ts";
import { BLK, BLK_WORD, LOOP } from "../../../abi/uapi/ioctl.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { Path } from "../vfs/dentry.ts";
import type { OpenDevice } from "../vfs/device.ts";
import { FileDescription } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { minor } from "../vfs/mode.ts";
import { FLAGS, type Loop, SECTOR } from "./loop-device.ts";
import { SEEK_CUR, SEEK_END, SEEK_SET, seekTo } from "./regular.ts";

/** The flags that LOOP_SET_STATUS and LOOP_CONFIGURE may set. */
const SETTABLE = FLAGS.AUTOCLEAR | FLAGS.PARTSCAN;

const info64 = struct("loop_info64", {
  device: u64,
  inode: u64,
  rdevice: u64,
  offset: u64,
  sizelimit: u64,
  number: u32,
  encrypt_type: u32,
  encrypt_key_size: u32,
  flags: u32,
  file_name: bytes(64),
  crypt_name: bytes(64),
  encrypt_key: bytes(32),
  init: bytes(16),
});
const INFO64_SIZE = info64.size(x64);
/** struct loop_info of the ABI. Device numbers are 16 bits wide. */
const info = struct("loop_info", {
  number: s32,
  device: u16,
  inode: ulong,
  rdevice: u16,
  offset: s32,
  encrypt_type: s32,
  encrypt_key_size: s32,
  flags: s32,
  name: bytes(64),
  encrypt_key: bytes(32),
  init: bytes(16),
  reserved: bytes(4),
});
/** struct loop_config: u32 fd, u32 block_size, loop_info64, 8 reserved u64. */
const CONFIG_SIZE = 8 + INFO64_SIZE + 64;

/** An open block device. */
export class LoopFile extends FileDescription {
  private readonly _loop: Loop;
  constructor(loop: Loop, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this._loop = loop;
    loop.opens++;
  }
  override release(): void {
    this._loop.close();
  }
  override get seekable(): boolean {
    return true;
  }
  override get pollable(): boolean {
    return false;
  }
  override read(_task: Task, n: number, at: number): Or<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(n, this._loop.size - at)));
    const error = bytes.length > 0 ? this._loop.read(at, bytes) : 0;
    return error < 0 ? error : bytes;
  }
  override write(_task: Task, from: Uint8Array, at: number): number {
    const { size, readOnly } = this._loop;
    if (readOnly) return -E.EPERM;
    if (from.length === 0) return 0;
    if (at >= size) return -E.ENOSPC;
    const bytes = from.subarray(0, size - at);
    const error = this._loop.write(at, bytes);
    return error < 0 ? error : bytes.length;
  }
  override seek(_task: Task, offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) return -E.EINVAL;
    return seekTo(this, offset, whence, this._loop.size);
  }

  override ioctl(t: Task, request: number, arg: VAddr, abi: Abi): number {
    const loop = this._loop;
    if (request >>> 8 === 0x4c) return this._configure(t, request, arg, abi);
    const int = (value: number): number => (t.mem.setU32(arg, value) ? 0 : -E.EFAULT);
    switch (request & 0xffff) {
      case BLK_WORD.GETSIZE64:
        return t.mem.setU64(arg, loop.size % 2 ** 32, Math.floor(loop.size / 2 ** 32)) ? 0 : -E.EFAULT;
      case BLK_WORD.BSZGET:
        return int(4096);
      case BLK_WORD.BSZSET:
        return 0;
    }
    switch (request) {
      case BLK.GETSIZE:
        return t.mem.setLong(arg, loop.size / SECTOR, abi.long) ? 0 : -E.EFAULT;
      case BLK.SSZGET:
      case BLK.PBSZGET:
      case BLK.IOMIN:
        return int(loop.blockSize);
      case BLK.IOOPT:
      case BLK.ALIGNOFF:
      case BLK.DISCARDZEROES:
        return int(0);
      case BLK.ROGET:
        return int(Number(loop.readOnly));
      case BLK.ROSET: {
        const value = t.mem.u32(arg);
        if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EACCES;
        if (value < 0) return -E.EFAULT;
        loop.madeReadOnly = value !== 0;
        return 0;
      }
      case BLK.SECTGET:
        return t.mem.write(arg, Uint8Array.of(0xff, 0xff)) ? 0 : -E.EFAULT;
      case BLK.ROTATIONAL:
        return t.mem.write(arg, new Uint8Array(2)) ? 0 : -E.EFAULT;
      case BLK.RAGET:
        return t.mem.setLong(arg, loop.readAhead, abi.long) ? 0 : -E.EFAULT;
      case BLK.RASET:
        if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EACCES;
        // In whole pages.
        loop.readAhead = Math.floor((arg as number) / 8) * 8;
        return 0;
      case BLK.FLSBUF:
        return capable(t.cred, CAP.SYS_ADMIN) ? 0 : -E.EACCES;
      case BLK.DISCARD:
      case BLK.ZEROOUT:
        return this._discard(t, arg);
    }
    return -E.ENOTTY;
  }
  /** Makes a hole. uint64_t range[2]: start and length. */
  private _discard(t: Task, arg: VAddr): number {
    const { file, offset, size, readOnly } = this._loop;
    const range = t.mem.read(arg, 16);
    if (!this.writable) return -E.EBADF;
    if (!range) return -E.EFAULT;
    const v = new DataView(range.buffer, range.byteOffset);
    const [from, length] = [Number(v.getBigUint64(0, true)), Number(v.getBigUint64(8, true))];
    if (readOnly) return -E.EPERM;
    if (from % SECTOR !== 0 || length % SECTOR !== 0 || from + length > size || !file) return -E.EINVAL;
    return length === 0 ? 0 : file.inode.allocate(offset + from, offset + from + length, true);
  }

  private _configure(t: Task, request: number, arg: VAddr, abi: Abi): number {
    const loop = this._loop;
    if (request === LOOP.SET_FD) return loop.attach(t, arg as number, !this.writable);
    if (request === LOOP.CONFIGURE) return this._configureAll(t, arg);
    const mayChange = this.writable || capable(t.cred, CAP.SYS_ADMIN);
    const changes = request === LOOP.CLR_FD || request === LOOP.SET_STATUS || request === LOOP.SET_STATUS64;
    if (changes && !mayChange) return -E.EPERM;
    if (!loop.file) return -E.ENXIO;
    switch (request) {
      case LOOP.CLR_FD:
        // The device has no file after its last close, or after the end of a file system on it.
        if (loop.holder) t.kernel.garbage.sweep();
        if (loop.opens > 1) loop.flags |= FLAGS.AUTOCLEAR;
        else loop.detach();
        return 0;
      case LOOP.SET_STATUS64: {
        const from = t.mem.read(arg, INFO64_SIZE);
        return from ? this._setStatus(from) : -E.EFAULT;
      }
      case LOOP.SET_STATUS: {
        const from = t.mem.read(arg, info.size(abi));
        if (!from) return -E.EFAULT;
        const { offset, flags, name } = info.decode(from, abi);
        return this._set(offset, 0, flags, name);
      }
      case LOOP.GET_STATUS64:
        return t.mem.write(arg, this._status()) ? 0 : -E.EFAULT;
      case LOOP.GET_STATUS: {
        const { device, inode, offset, flags, file_name: name } = info64.decode(this._status(), x64);
        const old = { ...info.decode(new Uint8Array(info.size(abi)), abi), number: loop.index, offset: Number(offset), flags, name };
        const encoded = info.encode({ ...old, device: Number(device & 0xffffn), inode: Number(inode) }, abi);
        return t.mem.write(arg, encoded) ? 0 : -E.EFAULT;
      }
      case LOOP.SET_CAPACITY:
        return 0;
      case LOOP.SET_DIRECT_IO:
        return arg === 0 ? 0 : -E.EINVAL;
      case LOOP.SET_BLOCK_SIZE:
        if ((arg & (arg - 1)) !== 0 || arg < SECTOR || arg > 4096) return -E.EINVAL;
        loop.blockSize = arg as number;
        return 0;
    }
    return -E.EINVAL;
  }
  private _configureAll(t: Task, arg: VAddr): number {
    const config = t.mem.read(arg, CONFIG_SIZE);
    if (!config) return -E.EFAULT;
    const v = new DataView(config.buffer, config.byteOffset);
    const [fd, blockSize] = [v.getUint32(0, true), v.getUint32(4, true)];
    const wanted = config.subarray(8, 8 + INFO64_SIZE);
    const { flags } = info64.decode(wanted, x64);
    if (t.files.get(fd | 0) && this._loop.file) return -E.EBUSY;
    if (flags & ~(FLAGS.READ_ONLY | FLAGS.AUTOCLEAR | FLAGS.PARTSCAN | FLAGS.DIRECT_IO)) return -E.EINVAL;
    if (blockSize !== 0 && ((blockSize & (blockSize - 1)) !== 0 || blockSize < SECTOR || blockSize > 4096)) return -E.EINVAL;
    const bad = this._loop.attach(t, fd | 0, !this.writable || (flags & FLAGS.READ_ONLY) !== 0);
    if (bad < 0) return bad;
    if (blockSize !== 0) this._loop.blockSize = blockSize;
    const failed = this._setStatus(wanted);
    if (failed < 0) this._loop.detach();
    return failed;
  }
  private _setStatus(from: Uint8Array): number {
    const { offset, sizelimit, flags, file_name: name, encrypt_type: cipher } = info64.decode(from, x64);
    if (cipher !== 0) return -E.EINVAL;
    if (offset > BigInt(Number.MAX_SAFE_INTEGER) || sizelimit > BigInt(Number.MAX_SAFE_INTEGER)) return -E.EOVERFLOW;
    return this._set(Number(offset), Number(sizelimit), flags, name);
  }
  private _set(offset: number, limit: number, flags: number, name: Uint8Array): number {
    const loop = this._loop;
    if (offset < 0) return -E.EOVERFLOW;
    [loop.offset, loop.limit, loop.name] = [offset, limit, name];
    loop.flags = (loop.flags & ~SETTABLE) | (flags & SETTABLE);
    return 0;
  }
  private _status(): Uint8Array {
    const { index: number, offset, limit, flags, name, file } = this._loop;
    const none = info64.decode(new Uint8Array(INFO64_SIZE), x64);
    const inode = BigInt(file?.inode.ino ?? 0);
    const own = { device: BigInt(file?.inode.fs.dev ?? 0), inode, rdevice: BigInt(this.inode.rdev), number };
    return info64.encode({ ...none, ...own, offset: BigInt(offset), sizelimit: BigInt(limit), flags, file_name: name }, x64);
  }
}

/** /dev/loop-control. */
export class LoopControl extends FileDescription {
  override get pollable(): boolean {
    return false;
  }
  override ioctl(t: Task, request: number, arg: VAddr): number {
    const { loops } = t.kernel.vfs;
    if (request === LOOP.CTL_GET_FREE) return loops.free();
    if (request === LOOP.CTL_ADD) return loops.get(arg as number) ? -E.EEXIST : -E.ENOSPC;
    if (request === LOOP.CTL_REMOVE) return loops.get(arg as number) ? -E.EBUSY : -E.ENODEV;
    return -E.ENOSYS;
  }
}

/** Opens a loop device: -ENXIO if there is none of that number. */
export const openLoop: OpenDevice = (task, inode, flags, path) => {
  const loop = task.kernel.vfs.loops.get(minor(inode.rdev));
  if (!loop) return -E.ENXIO;
  if (flags & O_EXCL) {
    // A file system without mounts may not have ended yet (kept.ts).
    if (loop.holder) task.kernel.garbage.sweep();
    if (loop.holder) return -E.EBUSY;
  }
  return new LoopFile(loop, inode, flags, path);
};
/** Opens /dev/loop-control. */
export const openLoopControl: OpenDevice = (_task, inode, flags, path) => new LoopControl(inode, flags, path);
