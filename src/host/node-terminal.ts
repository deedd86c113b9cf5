// This process's terminal: handed to the guest byte for byte. The line discipline, echo and signals are the guest's.
import { ReadStream, WriteStream } from "node:tty";
import type { Inputs } from "../machine/inputs.ts";

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const output = (): WriteStream | undefined =>
  [process.stdout, process.stderr].find((s): s is WriteStream & typeof s => s instanceof WriteStream);

export const terminalSize = (): TerminalSize => ({ columns: output()?.columns ?? 80, rows: output()?.rows ?? 24 });

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
