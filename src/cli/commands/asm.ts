// `trapgate asm`: assembly to a listing, or to plain code.
import { readFileSync } from "node:fs";
import { type Assembled, assemble } from "../../cpu/text/assemble.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import { codeOptionHelp, codeOptions, codeValues } from "../code.ts";
import type { Command } from "../command.ts";
import { writeOutput } from "../save/output-file.ts";
import { print } from "../text/print.ts";
import { addressDigits, lineText } from "./disasm.ts";

const source = (file: string): string => {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new Problem("cannot-read", `cannot read ${file}`, { cause });
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
    const text = source(file);
    if (text.includes("\0")) throw new Problem("bad-assembly", `${file} is no text`, { help: "disasm shows the code in a file" });
    const assembled = assemble(text, { mode, at });
    if (values.output !== undefined) writeOutput(values.output, assembled.bytes);
    else
      print(
        listing(text, assembled, at)
          .map((line) => `${line}\n`)
          .join(""),
      );
    return 0;
  },
};
