// `trapgate disasm`: instructions of a file or of bytes, in Intel syntax.
import { disassemble, type Line } from "../../cpu/text/disassemble.ts";
import { codeArguments, codeOf, codeOptionHelp } from "../code.ts";
import type { Command } from "../command.ts";
import { printLines } from "../text/print.ts";

/** A line of a disassembly: address, bytes, instruction. `digits`: hexadecimal digits of the address. */
export const lineText = ({ address, bytes, text }: Pick<Line, "address" | "bytes" | "text">, digits: number): string => {
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
  return `${address.toString(16).padStart(digits)}:  ${hex.padEnd(20)}  ${text}`;
};
/** Hexadecimal digits of the last address. */
export const addressDigits = (at: number, length: number): number => Math.max(4, (at + length).toString(16).length);

/** Written in parts: a listing is long, and its reader may close the pipe. */
const print = (lines: readonly string[]): boolean => printLines(...lines);

/** `trapgate disasm`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[--mode 16|32|64] [--at ADDRESS] FILE|BYTES…",
  summary: "disassemble an ELF program's code, a file of plain code, or bytes in hexadecimal",
  options: codeOptionHelp,
  async run(args) {
    process.stdout.on("error", (e: NodeJS.ErrnoException) => process.exit(e.code === "EPIPE" ? 0 : 125));
    for (const { name, bytes, at, mode } of codeOf(codeArguments(args))) {
      if (name !== undefined) print([`${name}:`]);
      const digits = addressDigits(at, bytes.length);
      let part: string[] = [];
      for (const line of disassemble(bytes, { mode, at })) {
        part.push(lineText(line, digits));
        if (part.length < 1000) continue;
        if (!print(part)) await new Promise((drained) => process.stdout.once("drain", drained));
        part = [];
      }
      print(part);
    }
    return 0;
  },
};
