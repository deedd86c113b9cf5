// `trapgate asm`: assembly to a listing, or to plain code.
import { type Assembled, assemble } from "../../cpu/text/assemble.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import { codeOptionHelp, codeOptions, codeValues } from "../code.ts";
import type { Command } from "../command.ts";
import { writeOutput } from "../save/output-file.ts";
import { print } from "../text/print.ts";
import { readInput } from "../text/read.ts";
import { addressDigits, lineText } from "./disasm.ts";

/** The text of a file, and its code. A mistake names the file. */
const assembled = (file: string, mode: 16 | 32 | 64, at: number): { readonly text: string; readonly code: Assembled } => {
  const text = new TextDecoder().decode(readInput(file));
  if (text.includes("\0")) throw new Problem("bad-assembly", `${file} is no text`, { help: "disasm shows the code in a file" });
  try {
    return { text, code: assemble(text, { mode, at }) };
  } catch (error) {
    if (!(error instanceof Problem) || error.span?.source !== "assembly") throw error;
    throw new Problem(error.kind, `${file}: ${error.sentence}`, { help: error.help });
  }
};

/** Bytes beside the lines that they come from. */
const listing = (text: string, { statements, bytes }: Assembled, at: number): string[] => {
  const lines = text.split("\n");
  const digits = addressDigits(at, bytes.length);
  return statements.map(({ line, address, bytes: made }) =>
    lineText({ address, bytes: made, text: (lines[line - 1] as string).trim() }, digits),
  );
};

/** `trapgate asm`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[--mode 16|32|64] [--at ADDRESS] [-o OUTPUT] FILE|-",
  summary: "assemble a file in Intel syntax: a listing, or with -o the bytes",
  options: [...codeOptionHelp, ["-o, --output FILE", "write the bytes there, and no listing"]],
  async run(args) {
    const { values, rest } = parse(args, { ...codeOptions, output: { type: "string", short: "o" } });
    const [file, ...more] = rest;
    if (file === undefined || more.length > 0)
      throw new Problem(file === undefined ? "missing-argument" : "extra-argument", "asm takes one file");
    const { mode = 64, at } = codeValues(values);
    const { text, code } = assembled(file, mode, at);
    if (values.output !== undefined) writeOutput(values.output, code.bytes);
    else
      print(
        listing(text, code, at)
          .map((line) => `${line}\n`)
          .join(""),
      );
    return 0;
  },
};
