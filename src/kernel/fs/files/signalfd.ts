// Signals as a file: read instead of handled. man 2 signalfd; Linux fs/signalfd.c.
import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK, O_RDWR } from "../../../abi/uapi/fcntl.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { fetchSignal } from "../../signal/fetch.ts";
import type { SigInfo } from "../../signal/state/info.ts";
import type { SigSet } from "../../signal/state/set.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLIN } from "../vfs/file.ts";
import type { Or } from "../vfs/inode.ts";

/** Size of struct signalfd_siginfo in bytes. Linux uapi linux/signalfd.h. */
const SIZE = 128;

const bytesOf = (i: SigInfo): Uint8Array => {
  const v = new DataView(new ArrayBuffer(SIZE));
  v.setUint32(0, i.signo, true);
  v.setInt32(4, i.errno ?? 0, true);
  v.setInt32(8, i.code, true);
  v.setUint32(12, i.pid ?? 0, true);
  v.setUint32(16, i.uid ?? 0, true);
  v.setInt32(20, i.fd ?? 0, true);
  v.setUint32(24, i.timerId ?? 0, true);
  v.setUint32(28, i.band ?? 0, true);
  v.setUint32(32, i.overrun ?? 0, true);
  v.setInt32(40, i.status ?? 0, true);
  v.setInt32(44, Number(BigInt.asIntN(32, i.value ?? 0n)), true);
  v.setBigUint64(48, i.value ?? 0n, true);
  v.setBigUint64(56, BigInt(i.utime ?? 0), true);
  v.setBigUint64(64, BigInt(i.stime ?? 0), true);
  v.setBigUint64(72, i.addr ?? i.callAddr ?? 0n, true);
  v.setInt32(84, i.syscall ?? 0, true);
  v.setBigUint64(88, i.callAddr ?? 0n, true);
  v.setUint32(96, i.arch ?? 0, true);
  return new Uint8Array(v.buffer);
};

/** The file of signalfd(2). */
export class SignalFile extends FileDescription {
  mask: SigSet;
  private readonly _arrivals: WaitQueue;

  constructor(task: Task, path: Path, mask: SigSet, flags: number) {
    super(path.dentry.inode, O_RDWR | (flags & O_NONBLOCK), path);
    this.mask = mask;
    this._arrivals = task.actions.arrivals;
  }
  /** Takes signals of the reading task, not of the creator. */
  override read(task: Task, n: number): Or<Uint8Array> {
    const room = Math.floor(n / SIZE);
    if (room === 0) return -E.EINVAL;
    const parts: Uint8Array[] = [];
    for (let info = fetchSignal(task, this.mask); info; info = parts.length < room ? fetchSignal(task, this.mask) : undefined)
      parts.push(bytesOf(info));
    if (parts.length === 0) return -E.EAGAIN;
    const out = new Uint8Array(SIZE * parts.length);
    parts.forEach((p, i) => {
      out.set(p, SIZE * i);
    });
    return out;
  }
  override poll(task: Task): number {
    return ((task.pending.set | task.process.pending.set) & this.mask) === 0n ? 0 : POLLIN;
  }
  override queues(): readonly WaitQueue[] {
    return [this._arrivals];
  }
  override info(): string {
    return `sigmask:\t${this.mask.toString(16).padStart(16, "0")}\n`;
  }
}
