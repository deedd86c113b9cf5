// An open terminal: reads by lines or by VMIN and VTIME, writes, poll. Linux drivers/tty/n_tty.c
// n_tty_read(), n_tty_write(), n_tty_poll().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { SIG } from "../../signal/state/set.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { checkForeground } from "./control.ts";
import { ttyIoctl } from "./ioctl.ts";
import { L, V } from "./termios.ts";
import type { Tty } from "./tty.ts";

/** The unit of VTIME in nanoseconds. */
const TENTH = 100_000_000;

/** The bytes that a terminal takes at a time. Linux drivers/tty/tty_io.c iterate_tty_write(). */
export const WRITE_STEP = 2048;

/** A file description of a terminal. */
export class TtyFile extends FileDescription {
  readonly tty: Tty;
  constructor(tty: Tty, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.tty = tty;
  }
  override get writesAll(): boolean {
    return true;
  }
  override get writeStep(): number {
    return WRITE_STEP;
  }

  override read(task: Task, n: number): Or<Uint8Array> {
    const { tty } = this;
    if (tty.hungUp) return new Uint8Array(0);
    const denied = checkForeground(task, tty, SIG.SIGTTIN);
    if (denied < 0) return denied;
    if (n === 0 || tty.inputEnded) return new Uint8Array(0);
    if (tty.termios.c_lflag & L.ICANON) return tty.input.readable ? tty.take(n) : -E.EAGAIN;
    const min = tty.termios.c_cc[V.MIN] as number;
    const time = tty.termios.c_cc[V.TIME] as number;
    const have = tty.input.available;
    if (have >= Math.min(Math.max(min, 1), n)) return tty.take(n);
    // With O_NONBLOCK a read returns the available bytes, or EAGAIN without any. VMIN 0 and VTIME 0 never
    // wait.
    if (this.flags & O_NONBLOCK && have > 0) return tty.take(n);
    if (min === 0 && time === 0) return tty.take(n);
    return time > 0 && task.waited.expired ? tty.take(n) : -E.EAGAIN;
  }
  /** VTIME counts from the call's start if VMIN is 0, else from the last byte. */
  override waitUntil(task: Task, events: number): number | undefined {
    const { termios, input } = this.tty;
    const time = termios.c_cc[V.TIME] as number;
    if (!(events & POLLIN) || termios.c_lflag & L.ICANON || time === 0) return undefined;
    const timed = (termios.c_cc[V.MIN] as number) === 0;
    if (timed) return (task.waited.deadline ??= task.kernel.now + time * TENTH);
    return input.available > 0 ? task.kernel.now + time * TENTH : undefined;
  }

  override write(task: Task, bytes: Uint8Array): number {
    const { tty } = this;
    if (tty.hungUp) return -E.EIO;
    if (tty.termios.c_lflag & L.TOSTOP) {
      const denied = checkForeground(task, tty, SIG.SIGTTOU);
      if (denied < 0) return denied;
    }
    if (bytes.length === 0) return 0;
    return tty.write(bytes) ? bytes.length : -E.EAGAIN;
  }
  override ioctl(task: Task, request: number, arg: VAddr, abi: Abi): Result {
    return ttyIoctl(task, this, request, arg, abi);
  }

  override poll(): number {
    const { tty } = this;
    if (tty.hungUp) return POLLIN | POLLRDNORM | POLLHUP | POLLERR | POLLOUT | POLLWRNORM;
    const { c_lflag, c_cc } = tty.termios;
    const enough = c_lflag & L.ICANON || c_cc[V.TIME] ? 1 : (c_cc[V.MIN] ?? 0) || 1;
    const input = tty.inputEnded || (c_lflag & L.ICANON ? tty.input.readable : tty.input.available >= enough);
    return (input ? POLLIN | POLLRDNORM : 0) | (tty.writable ? POLLOUT | POLLWRNORM : 0);
  }
  override queues(events: number): readonly WaitQueue[] {
    return [...(events & POLLIN ? [this.tty.readQueue] : []), ...(events & POLLOUT ? [this.tty.writeQueue] : [])];
  }
}
