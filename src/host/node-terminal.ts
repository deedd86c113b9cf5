// This process's terminal: handed to the guest byte for byte. The line discipline, echo and signals are the
// guest's.
import { closeSync } from "node:fs";
import { isatty, ReadStream, WriteStream } from "node:tty";
import { E } from "../abi/errno.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";
import type { Inputs } from "../machine/inputs.ts";
import type { TerminalOptions } from "../machine/standard-streams.ts";
import { fdSink } from "./node-sink.ts";

interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const output = (): WriteStream | undefined =>
  [process.stdout, process.stderr].find((s): s is WriteStream & typeof s => s instanceof WriteStream);

const terminalSize = (): TerminalSize => ({ columns: output()?.columns ?? 80, rows: output()?.rows ?? 24 });

const atStart = [isatty(0), isatty(1), isatty(2)] as const;

/** The terminal among this process's standard streams. */
export const terminal = (): TerminalOptions | undefined => {
  const uses = atStart;
  if (!uses.includes(true)) return undefined;
  // Standard output or error if one of them is it; else a terminal is open for writing on descriptor 0 as
  // well.
  return { sink: noticing(fdSink(Math.max(0, uses.indexOf(true, 1)))), ...terminalSize(), uses };
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
    inputs.push({ kind: "end" });
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

/**
 * Raw mode and window sizes until the returned function is called; also restored if we end some other way.
 */
export const useTerminal = (inputs: Inputs): (() => void) => {
  const { stdin } = process;
  const resize = (): void => inputs.push({ kind: "resize", ...terminalSize() });
  const restore = (): void => {
    // A terminal that is gone has no mode.
    if (stdin instanceof ReadStream && isatty(0)) stdin.setRawMode(false);
    process.off("exit", restore);
    process.off("SIGWINCH", resize);
  };
  if (stdin instanceof ReadStream) stdin.setRawMode(true);
  process.on("exit", restore);
  process.on("SIGWINCH", resize);
  return restore;
};
