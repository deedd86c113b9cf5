// This process's terminal: handed to the guest byte for byte. The line discipline, echo and signals are the
// guest's.
import { closeSync, readFileSync } from "node:fs";
import { isatty, ReadStream, WriteStream } from "node:tty";
import { E } from "../abi/errno.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";
import { SIG } from "../kernel/signal/state/set.ts";
import type { Inputs } from "../machine/inputs.ts";
import type { TerminalOptions } from "../machine/standard-streams.ts";
import { fdSink, showPlainly } from "./node-sink.ts";

interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const output = (): WriteStream | undefined =>
  [process.stdout, process.stderr].find((s): s is WriteStream & typeof s => s instanceof WriteStream);

const terminalSize = (): TerminalSize => ({ columns: output()?.columns ?? 80, rows: output()?.rows ?? 24 });

const atStart = [isatty(0), isatty(1), isatty(2)] as const;

/** True if the bytes of this descriptor are shown on a terminal. */
export const isShown = (fd: 1 | 2): boolean => atStart[fd];
/** The terminal among this process's standard streams. */
export const terminal = (): TerminalOptions | undefined => {
  const uses = atStart;
  if (!uses.includes(true)) return undefined;
  // Standard output or error if one of them is it; else a terminal is open for writing on descriptor 0 as
  // well.
  return { sink: noticing(shownOn(fdSink(Math.max(0, uses.indexOf(true, 1))))), ...terminalSize(), uses };
};

/** This process's terminal shows bytes as they come. */
let isPlain = false;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
/** Milliseconds for which a carriage return waits: a newline may follow in the next write. */
const HELD = 20;
/**
 * Output of a guest's terminal for one of the host. If that puts a carriage return before each newline
 * itself, it gets none from the guest's.
 */
export const shownOn = (sink: ByteSink): ByteSink => {
  let held: NodeJS.Timeout | undefined;
  const release = (): void => {
    if (!held) return;
    forget();
    sink.write(Uint8Array.of(RETURN));
  };
  const forget = (): void => {
    clearTimeout(held);
    held = undefined;
    process.off("exit", release);
  };
  return {
    queue: sink.queue,
    write(bytes) {
      if (held && !isPlain && bytes[0] === LINE_FEED) forget();
      else if (bytes.length > 0) release();
      const isHeld = !isPlain && bytes.at(-1) === RETURN;
      const whole = isHeld ? bytes.subarray(0, -1) : bytes;
      if (isHeld) {
        held = setTimeout(release, HELD);
        process.on("exit", release);
      }
      const n = sink.write(isPlain ? bytes : whole.filter((byte, i) => byte !== RETURN || whole[i + 1] !== LINE_FEED));
      return n < 0 ? n : bytes.length;
    },
  };
};

let gone = (): void => {};
/**
 * A terminal whose other side is gone: writes give EIO, and the guest gets SIGHUP. Linux hung_up_tty_write().
 */
const noticing = (sink: ByteSink): ByteSink => ({
  queue: sink.queue,
  write(bytes) {
    const n = sink.write(bytes);
    if (n === -E.EIO) gone();
    return n;
  },
});
/** The guest's terminal hangs up when this process's is gone. */
export const hangsUp = (inputs: Inputs): (() => void) => {
  const stop = (): void => {
    gone = () => {};
  };
  gone = () => {
    stop();
    // Without the terminal as standard input, that has an end of its own.
    inputs.push(atStart[0] ? { kind: "end" } : { kind: "signal", signal: SIG.SIGHUP });
  };
  return stop;
};

/**
 * At the end Node gives terminals back as it found them, and aborts if one is not there any more (node.cc,
 * ResetStdio). A descriptor that is closed is left alone.
 */
const letGo = (uses: TerminalOptions["uses"]): void => {
  for (const fd of [0, 1, 2]) if (uses[fd] && !isatty(fd)) closeSync(fd);
};
process.on("exit", () => letGo(atStart));

/** ^C, the character of SIGINT in every common setting. */
const INTR = 0x03;
const PAUSE = 20;
/** Milliseconds that stty(1) may take. */
const PATIENCE = 1000;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** True if this process may read the terminal without being stopped. man 5 proc_pid_stat, pgrp and tpgid. */
const isForeground = (): boolean => {
  try {
    // After the name: state, ppid, pgrp, session, tty_nr, tpgid.
    const [, , pgrp, , , tpgid] = readFileSync("/proc/self/stat", "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return pgrp === tpgid;
  } catch {
    return true; // no Linux
  }
};

/** The terminal of the host in a guest's hands. */
export interface HeldTerminal {
  /** Stops this process's job, as the guest's has stopped; returns when it continues. */
  readonly suspend: () => void;
  /** Gives the terminal back as it was. */
  readonly restore: () => void;
}

/**
 * Raw mode, bytes and window sizes until `restore`; also restored if we end some other way. Bytes are read
 * from the beginning, because a guest that computes is interrupted by one. `interrupted` is called at each ^C
 * that comes while no program of the guest waits for input (`awaited`): a program that waits, such as a
 * shell at its prompt or an editor, handles ^C itself.
 */
export const useTerminal = (inputs: Inputs, awaited: () => boolean, interrupted: () => void): HeldTerminal => {
  const { stdin } = process;
  if (!(stdin instanceof ReadStream)) return { suspend() {}, restore() {} };
  let reads = false;
  const show = (plainly: boolean): void => showPlainly((isPlain = plainly));
  const resize = (): void => inputs.push({ kind: "resize", ...terminalSize() });
  const data = (chunk: Buffer): void => {
    if (!awaited()) for (const byte of chunk) if (byte === INTR) interrupted();
    inputs.push({ kind: "bytes", bytes: new Uint8Array(chunk) });
  };
  const end = (): void => inputs.push({ kind: "end" });
  /**
   * A job in the background would be stopped by either; it begins when it comes to the foreground. Node's raw
   * mode lets the terminal put a carriage return before each newline, as the guest's own terminal has done
   * already, or as a program that draws on the screen does not want. It stays so where standard output is
   * none: another program writes to the terminal then, such as the last one of a pipeline.
   */
  const take = (): void => {
    if (!isForeground()) return;
    stdin.setRawMode(true);
    const { spawnSync } = process.getBuiltinModule("node:child_process");
    show(atStart[1] && spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"], timeout: PATIENCE }).status === 0);
    if (!reads) stdin.on("data", data).once("end", end).once("error", end);
    reads = true;
  };
  // A terminal that is gone has no mode.
  const give = (): void => {
    if (isatty(0) && stdin.isRaw) stdin.setRawMode(false);
    show(false);
  };
  const restore = (): void => {
    give();
    process.off("exit", give).off("SIGWINCH", resize).off("SIGCONT", take).off("SIGTSTP", stop);
    if (reads) stdin.destroy();
  };
  const stop = (): void => suspendWith(process.pid);
  const suspendWith = (target: number): void => {
    give();
    process.off("SIGTSTP", stop);
    process.kill(target, "SIGTSTP");
    // All threads stop within this time. In an orphaned group none does: man 7 credentials.
    Atomics.wait(cell, 0, 0, PAUSE);
    process.on("SIGTSTP", stop);
    take();
    resize();
  };
  take();
  process.on("exit", give).on("SIGWINCH", resize).on("SIGCONT", take).on("SIGTSTP", stop);
  // Keyboard signals are for all processes of the job: another side of a pipe stops as well.
  return { suspend: () => suspendWith(0), restore };
};
