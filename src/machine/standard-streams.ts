// The files behind descriptors 0, 1 and 2 of the first program: pipes to the host, its terminal, or
// /dev/null.

import { O_RDONLY, O_RDWR, O_WRONLY } from "../abi/uapi/fcntl.ts";
import type { WaitQueue } from "../kernel/base/wait.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Process } from "../kernel/core/process.ts";
import { CONSOLE } from "../kernel/fs/devtmpfs.ts";
import { nullFile } from "../kernel/fs/files/devices.ts";
import { type ByteFile, type ByteSink, ByteSource } from "../kernel/fs/files/stream.ts";
import { StreamInput, StreamOutput } from "../kernel/fs/files/stream-file.ts";
import { setControlling } from "../kernel/fs/tty/control.ts";
import { Tty, type TtyDriver } from "../kernel/fs/tty/tty.ts";
import { TtyFile } from "../kernel/fs/tty/tty-file.ts";
import type { FileDescription } from "../kernel/fs/vfs/file.ts";
import { fileAt } from "./tree.ts";

/** A terminal of the host, and which of the three streams it is. */
export interface TerminalOptions {
  readonly sink: ByteSink;
  readonly columns: number;
  readonly rows: number;
  readonly uses: readonly [stdin: boolean, stdout: boolean, stderr: boolean];
}

/** The host's side of a terminal. */
export class HostConsole implements TtyDriver {
  readonly sink: ByteSink;
  readonly queue: WaitQueue;
  readonly source = new ByteSource();
  constructor(sink: ByteSink) {
    this.sink = sink;
    this.queue = sink.queue;
  }
  write(bytes: Uint8Array): number {
    return this.sink.write(bytes);
  }
}

/** The guest's end of a terminal of the host: /dev/console. */
export const consoleOf = (kernel: Kernel, { sink, columns, rows }: TerminalOptions): Tty => {
  // With its own source a terminal counts as input of the host: a reader waits for the host, and the machine
  // is not stuck.
  const tty = new Tty(kernel, CONSOLE, new HostConsole(sink));
  resize(tty, columns, rows);
  return tty;
};

const resize = (tty: Tty, columns: number, rows: number): void =>
  tty.setSize({ ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 });

/** The terminal, if it is standard input. */
const typed = ({ files, terminal }: StandardStreams): Tty | undefined => (files[0] instanceof TtyFile ? terminal : undefined);
/** Standard input, output and error of a machine: streams of the host, or a terminal. */
export class StandardStreams {
  private readonly _source: ByteSource;
  private readonly _tty: Tty | undefined;
  readonly files: readonly FileDescription[];

  constructor(
    kernel: Kernel,
    sinks: { readonly stdout: ByteSink; readonly stderr: ByteSink },
    terminal?: { readonly tty: Tty; readonly uses: TerminalOptions["uses"]; readonly sink: ByteSink },
    input?: ByteFile,
    nulls: readonly number[] = [],
  ) {
    const { vfs } = kernel;
    this._source = new ByteSource(input);
    const piped = [StreamInput.of(vfs, this._source), StreamOutput.of(vfs, sinks.stdout), StreamOutput.of(vfs, sinks.stderr)];
    const plain = piped.map((file, fd) => (nulls.includes(fd) ? nullFile(fileAt(vfs, "/dev/null"), fd === 0 ? O_RDONLY : O_WRONLY) : file));
    this._tty = terminal?.tty;
    if (!terminal) {
      this.files = plain;
      return;
    }
    const path = fileAt(vfs, "/dev/console");
    const shared = new TtyFile(terminal.tty, path.dentry.inode, O_RDWR, path);
    this.files = plain.map((file, fd) => (terminal.uses[fd] ? shared : file));
  }

  /** The first process leads the terminal's session. */
  control(process: Process): void {
    if (this._tty) setControlling(process.leader, this._tty);
  }
  get terminal(): Tty | undefined {
    return this._tty;
  }
  /** The host's side of the terminal. */
  get console(): HostConsole | undefined {
    return this._tty?.driver as HostConsole | undefined;
  }
  receive(bytes: Uint8Array): void {
    (typed(this)?.driver.source ?? this._source).push(bytes);
  }
  /** True if no more input will come. */
  get hasEnded(): boolean {
    return this._source.ended;
  }
  /** The end of standard input, or the second time that of the terminal. */
  end(): void {
    const tty = typed(this) ?? (this.hasEnded ? this._tty : undefined);
    if (tty) tty.hangup();
    else this._source.end();
  }
  resize(columns: number, rows: number): void {
    if (this._tty) resize(this._tty, columns, rows);
  }
}
