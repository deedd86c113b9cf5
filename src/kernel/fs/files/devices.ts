// The character devices of every Linux: memory devices and random numbers. man 4 null, full, random.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "../vfs/dentry.ts";
import type { CharacterDevice, OpenDevice } from "../vfs/device.ts";
import { FileDescription, zeros } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { makedev, minor } from "../vfs/mode.ts";

/** Memory devices accept any position and any split of a transfer. Their offset stays 0. */
abstract class MemoryDevice extends FileDescription {
  override get positioned(): boolean {
    return true;
  }
  override get divisible(): boolean {
    return true;
  }
  override get pollable(): boolean {
    return false;
  }
  override seek(): number {
    return 0;
  }
  override write(_task: Task, bytes: Uint8Array): number {
    return bytes.length;
  }
}
/** /dev/null. */
export class NullDevice extends MemoryDevice {
  override get isSource(): boolean {
    return false;
  }
  override get discards(): boolean {
    return true;
  }
  override read(): Or<Uint8Array> {
    return new Uint8Array(0);
  }
}
/** An open /dev/null at this path. */
export const nullFile = (path: Path, flags: number): FileDescription => new NullDevice(path.dentry.inode, flags, path);
/** /dev/zero. */
export class ZeroDevice extends MemoryDevice {
  override get discards(): boolean {
    return true;
  }
  override read(_task: Task, n: number, _at: number, into?: Uint8Array): Or<Uint8Array> {
    return zeros(n, into);
  }
  override mapping(): Or<MappedFile | "anonymous"> {
    return "anonymous";
  }
}
/** /dev/full. */
export class FullDevice extends ZeroDevice {
  override get discards(): boolean {
    return false;
  }
  override write(_task: Task, bytes: Uint8Array): number {
    return bytes.length === 0 ? 0 : -E.ENOSPC;
  }
  override mapping(): Or<MappedFile | "anonymous"> {
    return -E.ENODEV;
  }
}
/** /dev/random can be polled, /dev/urandom cannot. Linux drivers/char/mem.c devlist. */
const RANDOM_MINOR = 8;
const RNDGETENTCNT = 0x8004_5200;
/** The content of the entropy pool in bits: /proc/sys/kernel/random/entropy_avail. */
export const POOL_BITS = 256;
/** /dev/random and /dev/urandom. */
export class RandomDevice extends MemoryDevice {
  override get pollable(): boolean {
    return minor(this.inode.rdev) === RANDOM_MINOR;
  }
  /** RNDGETENTCNT: the pool is always full. man 4 random. */
  override ioctl(task: Task, request: number, arg: VAddr): number {
    if (request !== RNDGETENTCNT) return -E.ENOTTY;
    return task.mem.setU32(arg, POOL_BITS) ? 0 : -E.EFAULT;
  }
  override read(task: Task, n: number): Or<Uint8Array> {
    task.kernel.charge(n * cost.randomByte);
    return task.kernel.random.bytes(n);
  }
  override seek(): number {
    return 0;
  }
}

type DeviceClass = new (inode: Inode, flags: number, path: Path) => FileDescription;
const opener =
  (device: DeviceClass): OpenDevice =>
  (_task, inode, flags, path) =>
    new device(inode, flags, path);

/** /dev names, device numbers and permission bits. Linux Documentation/admin-guide/devices.txt, major 1. */
export const memoryDevices: readonly CharacterDevice[] = [
  { name: "null", rdev: makedev(1, 3), mode: 0o666, open: opener(NullDevice) },
  { name: "zero", rdev: makedev(1, 5), mode: 0o666, open: opener(ZeroDevice) },
  { name: "full", rdev: makedev(1, 7), mode: 0o666, open: opener(FullDevice) },
  { name: "random", rdev: makedev(1, RANDOM_MINOR), mode: 0o666, open: opener(RandomDevice) },
  { name: "urandom", rdev: makedev(1, 9), mode: 0o666, open: opener(RandomDevice) },
];
