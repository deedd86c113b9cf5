// A descriptor of this process that takes the guest's output. Writes are made at once, so that the guest's
// output and ours come in order. A reader slower than the guest must not block this process, which serves
// signals and timeouts. The unread output is kept, and the machine stands still until it is taken.
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { E, type ErrnoName } from "../abi/errno.ts";
import { WaitQueue } from "../kernel/base/wait.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";

/** Milliseconds: a reader that is quick is waited for, in steps. */
const PATIENCE = 4;
const STEP = 0.1;
/** A reader that is not is asked again after so many. */
const SOON = 1;
const LATER = 20;
const LAST_CHANCE = 200;
/** A socket takes so much before it may block: Linux net.core.wmem_default is six times as large. */
const SAFE_FOR_SOCKETS = 32768;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** A descriptor of the host as output of a machine. Output that would block is kept and written later. */
export class FdSink implements ByteSink {
  readonly queue = new WaitQueue(true);
  /** Told when something is kept. */
  onFull: (() => void) | undefined;
  readonly #fd: number;
  #kept: Uint8Array[] = [];
  /** The errno of a write that was made later than the guest thinks: the next one gets it. */
  #failed = 0;
  #written = 0;
  #ready: Ready | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }
  get full(): boolean {
    return this.#kept.length > 0;
  }
  write(bytes: Uint8Array): number {
    if (this.#failed !== 0) return this.#failure();
    if (!this.full) {
      const n = this.#put(bytes, PATIENCE);
      if (n < 0) return n;
      if (n === bytes.length) return n;
      this.#kept.push(bytes.slice(n));
      this.onFull?.();
    } else this.#kept.push(bytes.slice());
    return bytes.length;
  }
  /** Until nothing is kept any more. */
  drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }
  #draining: Promise<void> | undefined;
  async #drain(): Promise<void> {
    for (let wait = SOON; this.full; wait = Math.min(LATER, wait * 2)) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.#flush()) wait = SOON;
    }
  }
  /** No reader will take the bytes. */
  giveUp(): void {
    this.#kept = [];
  }
  /** True: something went. */
  #flush(): boolean {
    for (let went = false; ; went = true) {
      const [first] = this.#kept;
      if (!first) return went;
      const n = this.#put(first, 0);
      if (n < 0) {
        this.#failed = n;
        this.#kept = [];
      } else if (n === first.length) this.#kept.shift();
      else {
        this.#kept[0] = first.subarray(n);
        return went || n > 0;
      }
    }
  }
  #failure(): number {
    const n = this.#failed;
    this.#failed = 0;
    return n;
  }
  /** The number of written bytes after at most so much waiting, or -errno. */
  #put(bytes: Uint8Array, patience: number): number {
    let done = 0;
    for (let waited = 0; done < bytes.length; ) {
      try {
        const n = writeSync(this.#descriptor(bytes.length), bytes, done);
        done += n;
        this.#written += n;
        waited = 0;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code as ErrnoName;
        if (code !== "EAGAIN") return -(E[code] ?? E.EIO);
        if (waited >= patience) break;
        waited += STEP;
        Atomics.wait(pause, 0, 0, STEP);
      }
    }
    return done;
  }
  /** Where a write does not block, if there is a way. */
  #descriptor(length: number): number {
    this.#ready ??= prepare(this.#fd);
    if (this.#ready.socket && this.#written + length > SAFE_FOR_SOCKETS) this.#ready = unblock(this.#fd);
    return this.#ready.fd;
  }
}

interface Ready {
  readonly fd: number;
  readonly socket: boolean;
  /** Keeps the descriptor as it is. */
  readonly keeps?: unknown;
}
/**
 * Pipes and terminals are opened anew: O_NONBLOCK belongs to the open file description, which others may
 * share.
 */
const prepare = (fd: number): Ready => {
  try {
    const status = fstatSync(fd);
    if (status.isSocket()) return { fd, socket: true };
    if (status.isFIFO() || status.isCharacterDevice()) {
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      return { fd: openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY), socket: false };
    }
  } catch {
    // It has no name, is closed, or may not be opened: as it is, then.
  }
  return { fd, socket: false };
};
/** Makes a descriptor without a name non-blocking, as Node.js does with its own standard streams. */
const unblock = (fd: number): Ready => {
  const { Socket } = process.getBuiltinModule("node:net");
  return { fd, socket: false, keeps: new Socket({ fd, readable: false, writable: true }) };
};

const sinks = new Map<number, FdSink>();
/** The sink of a descriptor. There is one for each, so that the output comes in order. */
export const fdSink = (fd: number): FdSink => {
  const known = sinks.get(fd) ?? new FdSink(fd);
  sinks.set(fd, known);
  return known;
};
let isPlain = false;
/** From now on terminals show bytes as they come, or no longer. */
export const showPlainly = (isSo: boolean): void => void (isPlain = isSo);
/** Writes a line of this process. A terminal that shows bytes as they come needs the carriage return. */
export const writeLine = (fd: number, line: string): void => {
  // Loaded only then: node:tty brings Node's streams, a sixth of a start.
  const text = isPlain && process.getBuiltinModule("node:tty").isatty(fd) ? `${line}\n`.replaceAll("\n", "\r\n") : `${line}\n`;
  fdSink(fd).write(new TextEncoder().encode(text));
};
/** Output that readers have not taken. */
export const backlog = {
  get full(): boolean {
    for (const sink of sinks.values()) if (sink.full) return true;
    return false;
  },
  set onFull(tell: (() => void) | undefined) {
    for (const sink of sinks.values()) sink.onFull = tell;
  },
  async drained(): Promise<void> {
    for (const sink of sinks.values()) await sink.drained();
  },
  /** The end: a last attempt to write the rest. */
  async end(): Promise<void> {
    if (!this.full) return;
    await Promise.race([this.drained(), new Promise((resolve) => setTimeout(resolve, LAST_CHANCE))]);
    for (const sink of sinks.values()) sink.giveUp();
  },
};
