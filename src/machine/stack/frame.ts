// One function of a call stack.
import { visible } from "../../visible.ts";
import type { SourcePosition } from "./line-table.ts";

/** A function on the stack. */
export interface Frame {
  /** The address of the instruction after the call or the door. */
  readonly address: number;
  /** The mapped file, by its path in the guest. */
  readonly file: string | undefined;
  /** The address in the file's own numbering, as nm(1) and addr2line(1) have it. */
  readonly offset: number | undefined;
  /** Undefined: the file has no symbol for it. */
  readonly symbol: string | undefined;
  /** Bytes from the beginning of the function. */
  readonly displacement: number | undefined;
  /** The source line, if it was asked for and the file has a line table. */
  readonly source?: SourcePosition | undefined;
}

/** `main+0x1c (/bin/prog)`, `0x401234`. */
export const frameText = ({ address, file, offset, symbol, displacement }: Frame): string => {
  const where = symbol === undefined ? `0x${address.toString(16)}` : `${visible(symbol)}+0x${(displacement ?? 0).toString(16)}`;
  const at = symbol === undefined && offset !== undefined ? `, at 0x${offset.toString(16)}` : "";
  return file === undefined ? where : `${where} (${visible(file)}${at})`;
};

/** `/bin/prog(main+0x1c) [0x1234]`, as strace -k writes it. */
export const straceFrame = ({ address, file, offset, symbol, displacement }: Frame): string => {
  if (file === undefined) return `unexpected_backtracing_error [0x${address.toString(16)}]`;
  const name = symbol === undefined ? "" : `${visible(symbol)}+0x${(displacement ?? 0).toString(16)}`;
  return `${visible(file)}(${name}) [0x${(offset ?? address).toString(16)}]`;
};
