// A terminal: settings, window size, the session that it controls, and the two ways of bytes through the line discipline.
// man 4 tty, man 7 pty; Linux drivers/tty/tty_io.c.

import { type Sleeper, WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../kernel.ts";
import { kernelSignal } from "../../signal/info.ts";
import { sendToGroup, sendToProcess } from "../../signal/send.ts";
import { SIG } from "../../signal/set.ts";
import type { ByteSource } from "../files/stream.ts";
import { type InputHost, InputProcessor } from "./input.ts";
import { OutputProcessor } from "./output.ts";
import { L, standardTermios, type Termios, type WinSize } from "./termios.ts";

/** The other side: a window of the host, or the master of a pseudo-terminal. */
export interface TtyDriver {
  /** Where output goes; returns how many bytes it took. */
  write(bytes: Uint8Array): number;
  /** Woken when it takes bytes again. */
  readonly queue: WaitQueue;
  /** The program has read some of the input. */
  taken?(): void;
  /** Throw away output that nobody has read. */
  flush?(): void;
  /** What is typed, if the host types; a master hands its bytes to `receive` itself. */
  readonly source?: ByteSource;
}

const signals = { INTR: SIG.SIGINT, QUIT: SIG.SIGQUIT, SUSP: SIG.SIGTSTP } as const;

export class Tty implements InputHost, Sleeper {
  readonly kernel: Kernel;
  /** Device number, as in st_rdev. */
  readonly rdev: number;
  readonly driver: TtyDriver;
  termios: Termios = standardTermios();
  size: WinSize = { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
  /** The foreground process group, and the session whose controlling terminal this is. 0: none. */
  pgrp = 0;
  session = 0;
  /** TIOCEXCL. */
  exclusive = false;
  /** The other side is gone: reads end, writes fail. */
  hungUp = false;
  readonly input: InputProcessor;
  readonly #output = new OutputProcessor();
  /** Processed output that the driver had no room for. */
  #backlog: Uint8Array[] = [];
  #stopped = false;
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

  /** Sleeper: the driver has bytes, or room. Input is looked at as it comes, read or not, so that ^C works. */
  wake(): void {
    const { source } = this.driver;
    while (source && source.available > 0 && this.input.room > 0) this.receive(source.take(this.input.room));
    if (source?.ended) this.readQueue.wake();
    this.#drain();
  }
  /** Nothing will be typed any more. */
  get inputEnded(): boolean {
    return this.driver.source?.ended === true && this.driver.source.available === 0 && !this.input.readable;
  }

  /** Bytes typed at the other side. */
  receive(bytes: Uint8Array): void {
    this.input.receive(bytes);
    this.readQueue.wake();
  }
  /** A program reads: there is room for more from the other side. */
  take(n: number): Uint8Array {
    const out = this.input.take(n);
    this.wake();
    this.driver.taken?.();
    return out;
  }
  echo(bytes: readonly number[]): void {
    this.#send(this.#output.process(Uint8Array.from(bytes), this.termios));
  }
  signal(which: keyof typeof signals): void {
    if (this.pgrp > 0) sendToGroup(this.kernel, this.pgrp, kernelSignal(signals[which]));
  }
  flow(on: boolean): void {
    this.#stopped = !on;
    if (on) this.#drain();
  }

  /** Output of a program. False: no room now. */
  write(bytes: Uint8Array): boolean {
    if (this.#stopped || this.#backlog.length > 0) return false;
    this.#send(this.#output.process(bytes, this.termios));
    return true;
  }
  get writable(): boolean {
    return !this.#stopped && this.#backlog.length === 0;
  }
  #send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#backlog.push(bytes);
    this.#drain();
  }
  #drain(): void {
    while (!this.#stopped && this.#backlog[0]) {
      const first = this.#backlog[0];
      const n = this.hungUp ? first.length : this.driver.write(first);
      if (n === first.length || n < 0) this.#backlog.shift();
      else {
        this.#backlog[0] = first.subarray(n);
        break;
      }
    }
    if (this.#backlog.length === 0) this.writeQueue.wake();
  }
  flushOutput(): void {
    this.#backlog = [];
    this.driver.flush?.();
  }

  setTermios(to: Partial<Termios>): void {
    const wasCanonical = this.termios.c_lflag & L.ICANON;
    this.termios = { ...this.termios, ...to };
    if ((this.termios.c_lflag & L.ICANON) !== wasCanonical) this.input.modeChanged();
    this.readQueue.wake();
  }
  setSize(size: WinSize): void {
    const same = (Object.keys(size) as (keyof WinSize)[]).every((k) => size[k] === this.size[k]);
    this.size = size;
    if (!same && this.pgrp > 0) sendToGroup(this.kernel, this.pgrp, kernelSignal(SIG.SIGWINCH));
  }

  /** The line is gone: Linux tty_vhangup(). The session's leader and the foreground group hear of it. */
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
    this.#drain();
    this.readQueue.wake();
    this.writeQueue.wake();
  }
}
