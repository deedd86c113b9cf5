// Standard streams that are connected to the host. They look like pipes, as in a pipeline of a shell. man 7
// pipe.
import { E } from "../../../abi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY } from "../../../abi/uapi/fcntl.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { type AnonFs, AnonInode } from "../vfs/anon.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../vfs/file.ts";
import type { Or } from "../vfs/inode.ts";
import { S_IFIFO } from "../vfs/mode.ts";
import { type ByteSink, ByteSource } from "./stream.ts";

/** The file system of pipes. */
interface PipeFs {
  readonly pipefs: AnonFs;
}

/** The inode of a stream. An open through /proc/PID/fd makes another description of the same end. */
export class StreamInode extends AnonInode {
  override get opensItself(): boolean {
    return true;
  }
  private readonly _end: ByteSource | ByteSink;
  private readonly _access: number;
  constructor(vfs: PipeFs, access: number, end: ByteSource | ByteSink) {
    super(vfs.pipefs, S_IFIFO | 0o600);
    this._access = access;
    this._end = end;
  }
  /** The other end is the host's, so only the guest's own end can be opened; O_RDWR gives that end too. */
  override open(_task?: Task, flags = this._access, path = this.path): Or<FileDescription> {
    const access = flags & O_ACCMODE;
    if (access !== this._access && access !== O_RDWR) return -E.EACCES;
    return this._end instanceof ByteSource ? new StreamInput(path, flags, this._end) : new StreamOutput(path, flags, this._end);
  }
  readonly path: Path = (this.fs as AnonFs).path(this, (ino) => `pipe:[${ino}]`);
}

/** The read end of a stream from the host. -EAGAIN while the source is empty. */
export class StreamInput extends FileDescription {
  readonly source: ByteSource;
  constructor(path: Path, flags: number, source: ByteSource) {
    super(path.dentry.inode, (flags & ~O_ACCMODE) | O_RDONLY, path);
    this.source = source;
  }
  /** A new stream. */
  static of(vfs: PipeFs, source: ByteSource): StreamInput {
    return new StreamInode(vfs, O_RDONLY, source).open() as StreamInput;
  }
  /** FIONREAD. */
  override get waitingBytes(): number {
    return this.source.available;
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    if (n === 0) return new Uint8Array(0);
    const bytes = this.source.take(n);
    if (bytes.length > 0) return bytes;
    return this.source.ended ? new Uint8Array(0) : -E.EAGAIN;
  }
  override poll(): number {
    const { available, ended } = this.source;
    return (available > 0 ? POLLIN | POLLRDNORM : 0) | (ended ? POLLHUP : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this.source.queue];
  }
}

/** The write end of a stream to the host. -EAGAIN while the sink is full. */
export class StreamOutput extends FileDescription {
  readonly sink: ByteSink;
  constructor(path: Path, flags: number, sink: ByteSink) {
    super(path.dentry.inode, (flags & ~O_ACCMODE) | O_WRONLY, path);
    this.sink = sink;
  }
  /** A new stream. */
  static of(vfs: PipeFs, sink: ByteSink): StreamOutput {
    return new StreamInode(vfs, O_WRONLY, sink).open() as StreamOutput;
  }
  override get writesAll(): boolean {
    return true;
  }
  override get signalsPipe(): boolean {
    return true;
  }
  override write(_task: Task, bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const n = this.sink.write(bytes);
    return n === 0 ? -E.EAGAIN : n;
  }
  override poll(): number {
    return POLLOUT | POLLWRNORM;
  }
  override queues(): readonly WaitQueue[] {
    return [this.sink.queue];
  }
}
