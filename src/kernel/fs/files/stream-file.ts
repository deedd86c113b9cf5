// Standard streams that are connected to the host. They look like pipes, as in a pipeline of a shell. man 7
// pipe.
import { E } from "../../../abi/errno.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../task/task.ts";
import { AnonInode } from "../vfs/anon.ts";
import { FileDescription, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../vfs/file.ts";
import type { Or } from "../vfs/inode.ts";
import { S_IFIFO } from "../vfs/mode.ts";
import { O_RDONLY, O_WRONLY } from "../vfs/open-flags.ts";
import type { Vfs } from "../vfs.ts";
import type { ByteSink, ByteSource } from "./stream.ts";

const pipePath = (vfs: Vfs) => vfs.pipefs.path(new AnonInode(vfs.pipefs, S_IFIFO | 0o600), (ino) => `pipe:[${ino}]`);

/** The read end of a stream from the host. -EAGAIN while the source is empty. */
export class StreamInput extends FileDescription {
  readonly source: ByteSource;
  constructor(vfs: Vfs, source: ByteSource) {
    const path = pipePath(vfs);
    super(path.dentry.inode, O_RDONLY, path);
    this.source = source;
  }
  /** FIONREAD. */
  get waitingBytes(): number {
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
  constructor(vfs: Vfs, sink: ByteSink) {
    const path = pipePath(vfs);
    super(path.dentry.inode, O_WRONLY, path);
    this.sink = sink;
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
