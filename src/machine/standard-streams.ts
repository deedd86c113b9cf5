// What descriptors 0, 1 and 2 of the first program are connected to.
import { Dentry } from "../kernel/fs/dentry.ts";
import { S_IFCHR, makedev } from "../kernel/fs/mode.ts";
import { O_RDWR } from "../kernel/fs/open-flags.ts";
import { type ByteSink, ByteSource } from "../kernel/fs/stream.ts";
import { StreamInput, StreamOutput } from "../kernel/fs/stream-file.ts";
import type { FileDescription } from "../kernel/fs/file.ts";
import { setControlling } from "../kernel/fs/tty/control.ts";
import { TtyFile } from "../kernel/fs/tty/tty-file.ts";
import { Tty } from "../kernel/fs/tty/tty.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Process } from "../kernel/process.ts";
import { makeDirectory, putNode } from "./tree.ts";

/** A terminal of the host, and which of the three streams it is. */
export interface TerminalOptions {
  readonly sink: ByteSink;
  readonly columns: number;
  readonly rows: number;
  readonly uses: readonly [stdin: boolean, stdout: boolean, stderr: boolean];
}

/** Unix98 pseudo-terminal slaves: major 136. Linux Documentation/admin-guide/devices.txt */
const PTS = { path: "/dev/pts/0", rdev: makedev(136, 0) };

export class StandardStreams {
  readonly source = new ByteSource();
  readonly #tty: Tty | undefined;
  readonly files: readonly FileDescription[];

  constructor(kernel: Kernel, sinks: { readonly stdout: ByteSink; readonly stderr: ByteSink }, terminal?: TerminalOptions) {
    const { vfs } = kernel;
    const plain = [new StreamInput(vfs, this.source), new StreamOutput(vfs, sinks.stdout), new StreamOutput(vfs, sinks.stderr)];
    if (!terminal) {
      this.files = plain;
      return;
    }
    const tty = new Tty(kernel, PTS.rdev, terminal.sink);
    this.#tty = tty;
    this.resize(terminal.columns, terminal.rows);
    putNode(vfs, PTS.path, S_IFCHR | 0o620, PTS.rdev);
    vfs.devices.set(PTS.rdev, (_task, inode, flags, path) => new TtyFile(tty, inode, flags, path));
    const directory = makeDirectory(vfs, "/dev/pts");
    const inode = directory.dentry.inode.lookup("0", undefined as never);
    if (typeof inode === "number") throw new Error("/dev/pts/0 was just made");
    const path = { mount: directory.mount, dentry: new Dentry("0", directory.dentry, inode) };
    const shared = new TtyFile(tty, inode, O_RDWR, path);
    this.files = plain.map((file, fd) => (terminal.uses[fd] ? shared : file));
  }

  /** The first process leads the terminal's session. */
  control(process: Process): void {
    if (this.#tty) setControlling(process.leader, this.#tty);
  }
  receive(bytes: Uint8Array): void {
    if (this.#tty) this.#tty.receive(bytes);
    else this.source.push(bytes);
  }
  end(): void {
    if (this.#tty) this.#tty.hangup();
    else this.source.end();
  }
  resize(columns: number, rows: number): void {
    this.#tty?.setSize({ ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 });
  }
}
