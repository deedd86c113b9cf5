// This process's terminal: handed to the guest byte for byte. The line discipline, echo and signals are the guest's.
import { isatty, ReadStream, WriteStream } from "node:tty";
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

/** The terminal among this process's standard streams. */
export const terminal = (): TerminalOptions | undefined => {
  const uses = [isatty(0), isatty(1), isatty(2)] as const;
  if (!uses.includes(true)) return undefined;
  // Standard output or error if one of them is it; else a terminal is open for writing on descriptor 0 as well.
  return { sink: fdSink(Math.max(0, uses.indexOf(true, 1))), ...terminalSize(), uses };
};

/** Raw mode and window sizes until the returned function is called; also restored if we end some other way. */
export const useTerminal = (inputs: Inputs): (() => void) => {
  const { stdin } = process;
  const resize = (): void => inputs.push({ kind: "resize", ...terminalSize() });
  const restore = (): void => {
    if (stdin instanceof ReadStream) stdin.setRawMode(false);
    process.off("exit", restore);
    process.off("SIGWINCH", resize);
  };
  if (stdin instanceof ReadStream) stdin.setRawMode(true);
  process.on("exit", restore);
  process.on("SIGWINCH", resize);
  return restore;
};
