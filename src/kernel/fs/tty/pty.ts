// Pseudo-terminals: /dev/ptmx makes a master, /dev/pts/N is its slave. man 7 pty; Linux drivers/tty/pty.c,
// fs/devpts/inode.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NOCTTY } from "../../../abi/uapi/fcntl.ts";
import { T } from "../../../abi/uapi/ioctl.ts";
import { cost } from "../../base/cost.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { sendToGroup } from "../../signal/send.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { ByteQueue } from "../files/byte-queue.ts";
import { type MemDir, MemFs, MemNode } from "../types/memfs.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { makedev, minor, S_IFCHR } from "../vfs/mode.ts";
import { lookupIn } from "../vfs/resolve.ts";
import { acquireOnOpen } from "./control.ts";
import { slaveIoctl } from "./ioctl.ts";
import { Tty, type TtyDriver, type TtyEvent } from "./tty.ts";
import { TtyFile, WRITE_STEP } from "./tty-file.ts";

const UNIX98_PTY_SLAVE_MAJOR = 136;
/** The capacity of a slave's output in bytes. When it is full the slave's writers wait. */
const CAPACITY = 65536;

/** Arguments of TCFLSH besides TCIFLUSH, which is 0. Linux uapi asm-generic/termbits-common.h */
const TCOFLUSH = 1;
const TCIOFLUSH = 2;

/** Control bytes of packet mode. Linux uapi asm-generic/ioctls.h, TIOCPKT. */
const PKT = { DATA: 0, FLUSHREAD: 1, FLUSHWRITE: 2, STOP: 4, START: 8, NOSTOP: 16, DOSTOP: 32, IOCTL: 64 } as const;

/** A pseudo-terminal pair. It is the driver of the slave's terminal. */
export class Pty implements TtyDriver {
  readonly index: number;
  readonly tty: Tty;
  locked = true;
  masterOpen = true;
  slaves = 0;
  /**
   * True after the first open of the slave. From then on reads of the master are -EIO while no slave is open.
   */
  slaveSeen = false;
  /** TIOCPKT: each read of the master begins with a control byte. */
  packet = false;
  /** Events that the master did not read yet, as PKT bits. Linux tty.ctrl.pktstatus. */
  events = 0;
  /** Output of the slave that the master did not read yet. */
  private readonly _output = new ByteQueue();
  readonly queue = new WaitQueue();
  readonly masterQueue = new WaitQueue();

  constructor(task: Task, index: number) {
    this.index = index;
    this.tty = new Tty(task.kernel, makedev(UNIX98_PTY_SLAVE_MAJOR, index), this);
  }
  /** TtyDriver: accepts output of the slave. */
  write(bytes: Uint8Array): number {
    const n = Math.min(bytes.length, CAPACITY - this.waiting);
    this._output.put(bytes.subarray(0, n));
    if (n > 0) this.masterQueue.wake();
    return n;
  }
  flush(): void {
    this.discard();
    this.happened("flushWrite");
  }
  /** Forgets output of the slave that the master did not read. */
  discard(): void {
    this._output.clear();
    this.queue.wake();
  }
  /** TtyDriver: an event of packet mode. */
  happened(event: TtyEvent): void {
    if (!this.packet) return;
    const { bit, clears } = EVENTS[event];
    this.events = (this.events & ~clears) | bit;
    this.masterQueue.wake();
  }
  taken(): void {
    this.masterQueue.wake();
  }
  get waiting(): number {
    return this._output.length;
  }
  take(n: number): Uint8Array {
    const out = this._output.take(n);
    this.queue.wake();
    return out;
  }
}

/** The bit of an event, and the earlier ones that it makes void. Linux drivers/tty/pty.c, n_tty.c. */
const EVENTS: Readonly<Record<TtyEvent, { readonly bit: number; readonly clears: number }>> = {
  flushRead: { bit: PKT.FLUSHREAD, clears: 0 },
  flushWrite: { bit: PKT.FLUSHWRITE, clears: 0 },
  stop: { bit: PKT.STOP, clears: PKT.START },
  start: { bit: PKT.START, clears: PKT.STOP },
  flowOff: { bit: PKT.NOSTOP, clears: PKT.DOSTOP },
  flowOn: { bit: PKT.DOSTOP, clears: PKT.NOSTOP },
  extended: { bit: PKT.IOCTL, clears: 0 },
};

/** The file of /dev/ptmx. */
export class Master extends FileDescription {
  readonly pty: Pty;
  private readonly _fs: DevPts;
  constructor(pty: Pty, fs: DevPts, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.pty = pty;
    this._fs = fs;
  }
  override get weight(): number {
    return sizes.terminal;
  }
  /** Linux tty_show_fdinfo(). */
  override info(): string {
    return `tty-index:\t${this.pty.index}\n`;
  }
  private _abandoned(): boolean {
    return this.pty.slaveSeen && this.pty.slaves === 0;
  }
  override get writesAll(): boolean {
    return true;
  }
  override get writeStep(): number {
    return WRITE_STEP;
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    const { pty } = this;
    if (pty.packet && pty.events !== 0) {
      const status = pty.events;
      pty.events = 0;
      return n === 0 ? new Uint8Array(0) : Uint8Array.of(status);
    }
    if (pty.packet && pty.waiting > 0 && n > 0) return Uint8Array.from([PKT.DATA, ...pty.take(n - 1)]);
    if (this.pty.waiting > 0) return this.pty.take(n);
    return this._abandoned() ? -E.EIO : -E.EAGAIN;
  }
  override write(task: Task, bytes: Uint8Array): number {
    if (this._abandoned()) return -E.EIO;
    const { tty } = this.pty;
    task.kernel.charge(bytes.length * cost.entry);
    let done = 0;
    // Behind a full line there is room for one byte at a time.
    for (let room = tty.input.room; done < bytes.length && room > 0; room = tty.input.room) {
      const end = Math.min(bytes.length, done + room);
      tty.receive(bytes.subarray(done, end));
      done = end;
    }
    return done === 0 && bytes.length > 0 ? -E.EAGAIN : done;
  }
  override poll(): number {
    const input = this.pty.waiting > 0 ? POLLIN | POLLRDNORM : 0;
    const event = this.pty.packet && this.pty.events !== 0 ? POLLIN | POLLRDNORM | POLLPRI : 0;
    return input | event | POLLOUT | POLLWRNORM | (this._abandoned() ? POLLHUP : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this.pty.masterQueue];
  }
  /** TIOCSIG: sends SIGINT, SIGQUIT or SIGTSTP to the foreground group. Linux pty_signal(). */
  private _signal(signal: number): number {
    const { tty } = this.pty;
    if (signal !== SIG.SIGINT && signal !== SIG.SIGQUIT && signal !== SIG.SIGTSTP) return -E.EINVAL;
    if (tty.pgrp > 0) sendToGroup(tty.kernel, tty.pgrp, kernelSignal(signal));
    return 0;
  }
  override release(): void {
    this.pty.masterOpen = false;
    this._fs.remove(this.pty);
    this.pty.tty.hangup();
  }
  override ioctl(task: Task, request: number, arg: VAddr, abi: Abi): Result {
    const { pty } = this;
    const { mem } = task;
    switch (request) {
      case T.TIOCGPTN:
        return mem.setU32(arg, pty.index) ? 0 : -E.EFAULT;
      case T.TIOCSPTLCK: {
        const lock = mem.u32(arg);
        if (lock < 0) return -E.EFAULT;
        pty.locked = lock !== 0;
        return 0;
      }
      case T.TIOCGPTLCK:
        return mem.setU32(arg, Number(pty.locked)) ? 0 : -E.EFAULT;
      case T.TIOCPKT: {
        const on = mem.u32(arg);
        if (on < 0) return -E.EFAULT;
        if (on !== 0 && !pty.packet) pty.events = 0;
        pty.packet = on !== 0;
        return 0;
      }
      case T.TIOCGPKT:
        return mem.setU32(arg, Number(pty.packet)) ? 0 : -E.EFAULT;
      case T.TIOCSIG:
        return this._signal(arg);
      case T.FIONREAD:
        return mem.setU32(arg, pty.waiting) ? 0 : -E.EFAULT;
      case T.TCFLSH:
        // The master's own input. What it writes is input of the slave at once. Linux __tty_perform_flush().
        if (arg < 0 || arg > TCIOFLUSH) return -E.EINVAL;
        if (arg !== TCOFLUSH) pty.discard();
        return 0;
      case T.TIOCGPTPEER:
        return this._fs.openPeer(task, pty, arg);
      default:
        return slaveIoctl(task, pty.tty, request, arg, abi) ?? -E.ENOTTY;
    }
  }
}

/** An open slave. */
export class PtySlave extends TtyFile {
  private readonly _pty: Pty;
  constructor(pty: Pty, inode: Inode, flags: number, path: Path) {
    super(pty.tty, inode, flags, path);
    this._pty = pty;
    pty.slaves++;
    pty.slaveSeen = true;
  }
  override release(): void {
    if (--this._pty.slaves === 0) this._pty.masterQueue.wake();
  }
}

/** A devpts: the file system of the slaves. Each instance has its own numbers. Linux fs/devpts/inode.c. */
export class DevPts extends MemFs {
  override readonly type: string = "devpts";
  override readonly keepsBirths = false;
  override readonly attributes = 0n;
  override readonly magic: number = 0x1cd1;
  private readonly _ptys = new Map<number, Pty>();

  /** Opens /dev/ptmx: a new pair. -ENOSPC: too many pairs. */
  openMaster(task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> {
    let index = 0;
    while (this._ptys.has(index)) index++;
    if (index >= 1024) return -E.ENOSPC;
    const pty = new Pty(task, index);
    this._ptys.set(index, pty);
    const { fsuid: uid, fsgid: gid } = task.cred;
    (this.root.inode as MemDir).add(String(index), new MemNode(this, { mode: S_IFCHR | 0o620, uid, gid, rdev: pty.tty.rdev }));
    return new Master(pty, this, inode, flags, path);
  }
  /** Opens /dev/pts/N. -EIO: the slave is locked, or the pair has ended. */
  openSlave(task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> {
    const pty = this._ptys.get(minor(inode.rdev));
    if (!pty || pty.locked) return -E.EIO;
    return this._open(task, pty, inode, flags, path);
  }
  private _open(task: Task, pty: Pty, inode: Inode, flags: number, path: Path): FileDescription {
    if (!(flags & O_NOCTTY)) acquireOnOpen(task, pty.tty);
    return new PtySlave(pty, inode, flags, path);
  }
  /** TIOCGPTPEER: opens the slave without a path. Returns a descriptor or -errno. */
  openPeer(task: Task, pty: Pty, flags: number): number {
    const mount = [...task.namespaces.mnt.list()].find((m) => m.fs === this);
    if (!mount) return -E.EIO;
    const dentry = lookupIn(task, this.root, String(pty.index));
    if (typeof dentry === "number") return dentry;
    const file = this._open(task, pty, dentry.inode, flags, { mount, dentry }).hold();
    const fd = task.files.install(file, task.process.limit(RLIMIT.NOFILE), { cloexec: (flags & O_CLOEXEC) !== 0 });
    file.drop();
    return fd;
  }
  /** Removes the slave's name after the close of the master. */
  remove(pty: Pty): void {
    this._ptys.delete(pty.index);
    const root = this.root.inode as MemDir;
    const inode = root.lookup(String(pty.index));
    if (typeof inode !== "number") root.unlink(String(pty.index), inode);
    const dentry = this.root.children.get(String(pty.index));
    if (dentry) {
      dentry.deleted = true;
      this.root.children.delete(dentry.name);
    }
  }
}
