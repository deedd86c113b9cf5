// The assembler: text in the syntax of disassemble.ts to bytes. It takes the shortest encoding of all
// matching rows, as NASM does, but never changes the operand size ("mov rax, 5" stays 64 bits wide). Judges:
// NASM, objdump and iced-x86 (test/cpu/text).
import type { AddressSize } from "../isa/ops.ts";
import { atLine, type PlacedStatement, place } from "./layout.ts";
import { parseLine } from "./parse.ts";
import { StatementAssembler } from "./statement.ts";

/** The mode of the code segment in bits (default 64), and the address of the first byte (default 0). */
export interface AssembleOptions {
  readonly mode?: AddressSize;
  /** Address of the first byte; 0 by default. */
  readonly at?: number;
}
/** Machine code, the addresses of labels, and the bytes of each statement. */
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
  /** Address and bytes of each statement; lines count from 1. */
  readonly statements: readonly { readonly line: number; readonly address: number; readonly bytes: Uint8Array }[];
}

/**
 * Assembles lines of text in Intel syntax, with labels.
 *
 * @throws {Problem} A line is wrong; the message names it.
 *
 * @example
 * const { bytes, labels } = assemble("again: dec ecx\n jnz again", { mode: 64, at: 0x401000 });
 * labels.get("again");   // 0x401000
 */
export const assemble = (text: string, { mode = 64, at = 0 }: AssembleOptions = {}): Assembled => {
  const assembler = new StatementAssembler(mode);
  const section = { name: "", align: 1 };
  const items = text.split("\n").map((source, n): PlacedStatement => {
    const place = { line: n + 1, where: `line ${n + 1}` };
    return { ...place, statement: atLine(place, () => parseLine(source, n + 1)), assembler, section, scope: "" };
  });
  return place(items, { at, narrows: false });
};
