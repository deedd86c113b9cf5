// A terminal: settings, window size, the session that it controls, and both directions of the line
// discipline. man 4 tty, man 7 pty; Linux drivers/tty/tty_io.c.

import { type Sleeper, WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import { sendToGroup, sendToProcess } from "../../signal/send.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { ByteQueue } from "../files/byte-queue.ts";
import type { ByteSource } from "../files/stream.ts";
import { type InputHost, InputProcessor } from "./input.ts";
import { OutputProcessor } from "./output.ts";
import { I, L, standardTermios, type Termios, V, type WinSize } from "./termios.ts";

/** A bit of c_lflag: the master edits lines. Linux uapi asm-generic/termbits.h. */
const EXTPROC = 0o200000;

/** The most bytes of echo that wait for the output. Linux n_tty.c, N_TTY_BUF_SIZE; it discards the oldest. */
const ECHO_MAX = 4096;

/** Bytes of waiting output that the driver is given at a time. */
const DRAINED = 65536;

/** Events that a master in packet mode reads. man 2 ioctl_tty, TIOCPKT. */
export type TtyEvent = "flushRead" | "flushWrite" | "stop" | "start" | "flowOff" | "flowOn" | "extended";

/** The other side of a terminal: a terminal of the host, or the master of a pseudo-terminal. */
export interface TtyDriver {
  /** Writes output. Returns the number of accepted bytes, or a negative errno if the other side is gone. */
  write(bytes: Uint8Array): number;
  /** Woken when a full driver accepts bytes again. */
  readonly queue: WaitQueue;
  /** Called after a program has read input. */
  taken?(): void;
  /** Discards output that was not read yet. */
  flush?(): void;
  /** Called at events of the slave's side. */
  happened?(event: TtyEvent): void;
  /** Typed bytes of the host. A master has no source: it calls `receive`. */
  readonly source?: ByteSource;
}

const signals = { INTR: SIG.SIGINT, QUIT: SIG.SIGQUIT, SUSP: SIG.SIGTSTP } as const;

/** One terminal. Its files are `TtyFile`s. */
export class Tty implements InputHost, Sleeper {
  readonly kernel: Kernel;
  /** Device number, as in st_rdev. */
  readonly rdev: number;
  readonly driver: TtyDriver;
  termios: Termios = standardTermios();
  size: WinSize = { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
  /** The foreground process group, 0 if there is none. */
  pgrp = 0;
  /** The session that the terminal controls, 0 if there is none. */
  session = 0;
  /** Set by TIOCEXCL. */
  exclusive = false;
  /** The other side is gone: reads return the end of file, writes fail. */
  hungUp = false;
  readonly input: InputProcessor;
  private readonly _output = new OutputProcessor();
  /** Processed output that the driver did not accept yet. */
  private readonly _backlog = new ByteQueue();
  /** The bytes of echo in it. */
  private _echoed = 0;
  private _stopped = false;
  readonly readQueue: WaitQueue;
  readonly writeQueue: WaitQueue;

  constructor(kernel: Kernel, rdev: number, driver: TtyDriver) {
    this.kernel = kernel;
    this.rdev = rdev;
    this.driver = driver;
    this.input = new InputProcessor(this);
    this.readQueue = new WaitQueue(driver.source !== undefined);
    this.writeQueue = new WaitQueue(driver.source !== undefined);
    driver.queue.sleepers.add(this);
    driver.source?.queue.sleepers.add(this);
  }

  /**
   * Sleeper: the driver has or accepts bytes. Input is processed before a program reads it, so that ^C works.
   */
  wake(): void {
    const { source } = this.driver;
    while (source && source.available > 0 && this.input.room > 0) this.receive(source.take(this.input.room));
    if (source?.ended) this.readQueue.wake();
    this._drain();
  }
  /** True if all input was read and no more will come. */
  get inputEnded(): boolean {
    return this.driver.source?.ended === true && this.driver.source.available === 0 && !this.input.readable;
  }

  /** Processes bytes that were typed at the other side. */
  receive(bytes: Uint8Array): void {
    this.input.receive(bytes);
    this.readQueue.wake();
  }
  /** Removes up to `n` bytes of input for a program. The other side can then send more. */
  take(n: number): Uint8Array {
    const out = this.input.take(n);
    this.wake();
    this.driver.taken?.();
    return out;
  }
  get echoes(): boolean {
    return this._echoed < ECHO_MAX;
  }
  echo(bytes: readonly number[]): void {
    if (!this.echoes) return;
    const shown = this._output.process(Uint8Array.from(bytes), this.termios);
    this._send(shown);
    // Without a backlog all of it has gone.
    if (this._backlog.length > 0) this._echoed += shown.length;
  }
  signal(which: keyof typeof signals): void {
    if (this.pgrp > 0) sendToGroup(this.kernel, this.pgrp, kernelSignal(signals[which]));
  }
  flow(on: boolean): void {
    if (this._stopped === !on) return;
    this._stopped = !on;
    this.driver.happened?.(on ? "start" : "stop");
    if (on) this._drain();
  }

  /** Writes a program's output: all bytes, or false if output is stopped or pending. */
  write(bytes: Uint8Array): boolean {
    if (this._stopped || this._backlog.length > 0) return false;
    this._send(this._output.process(bytes, this.termios));
    return true;
  }
  get writable(): boolean {
    return !this._stopped && this._backlog.length === 0;
  }
  private _send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const given = this.writable ? this._give(bytes) : 0;
    if (given < bytes.length) this._backlog.put(bytes.subarray(given));
    else this._noteDrained();
  }
  /** The number of bytes that the driver accepts. Bytes for a side that is gone are lost. */
  private _give(bytes: Uint8Array): number {
    const n = this.hungUp ? bytes.length : this.driver.write(bytes);
    return n < 0 ? bytes.length : n;
  }
  private _drain(): void {
    while (!this._stopped && this._backlog.length > 0) {
      const some = this._backlog.peek(DRAINED);
      const given = this._give(some);
      this._backlog.take(given);
      if (given < some.length) break;
    }
    this._noteDrained();
  }
  private _noteDrained(): void {
    if (this._backlog.length > 0) return;
    this._echoed = 0;
    this.writeQueue.wake();
  }
  flushInput(): void {
    this.input.flush();
    this.driver.happened?.("flushRead");
  }
  flushOutput(): void {
    this._backlog.clear();
    this._echoed = 0;
    this.driver.flush?.();
  }

  /** Changes some settings. */
  setTermios(to: Partial<Termios>): void {
    const old = this.termios;
    const wasCanonical = old.c_lflag & L.ICANON;
    this.termios = { ...old, ...to };
    this._tellFlow(old);
    if ((this.termios.c_lflag & L.ICANON) !== wasCanonical) this.input.modeChanged();
    this.readQueue.wake();
  }
  /** Packet mode: flow control by ^S and ^Q was switched, or EXTPROC is on. Linux pty_set_termios(). */
  private _tellFlow(old: Termios): void {
    const flows = ({ c_iflag, c_cc }: Termios): boolean => (c_iflag & I.IXON) !== 0 && c_cc[V.STOP] === 0x13 && c_cc[V.START] === 0x11;
    if (flows(old) !== flows(this.termios)) this.driver.happened?.(flows(this.termios) ? "flowOn" : "flowOff");
    if ((old.c_lflag | this.termios.c_lflag) & EXTPROC) this.driver.happened?.("extended");
  }
  /** Sets the window size. A change sends SIGWINCH to the foreground group. */
  setSize(size: WinSize): void {
    const same = (Object.keys(size) as (keyof WinSize)[]).every((k) => size[k] === this.size[k]);
    this.size = size;
    if (!same && this.pgrp > 0) sendToGroup(this.kernel, this.pgrp, kernelSignal(SIG.SIGWINCH));
  }

  /** Hangup: the session's leader and the foreground group get SIGHUP and SIGCONT. Linux tty_vhangup(). */
  hangup(): void {
    if (this.hungUp) return;
    this.hungUp = true;
    if (this.session > 0) {
      const leader = this.kernel.processes.get(this.session);
      for (const sig of [SIG.SIGHUP, SIG.SIGCONT]) {
        if (leader) sendToProcess(leader, kernelSignal(sig));
        if (this.pgrp > 0) sendToGroup(this.kernel, this.pgrp, kernelSignal(sig));
      }
    }
    this._drain();
    this.readQueue.wake();
    this.writeQueue.wake();
  }
}
