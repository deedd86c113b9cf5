// `trapgate explain`: instructions as pseudo-code from the rows, or the code of a message.
import { describe } from "../../cpu/describe/index.ts";
import { assemble } from "../../cpu/text/assemble.ts";
import { disassemble } from "../../cpu/text/disassemble.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { kindOfCode, problemRow, problemTable } from "../../problem-table.ts";
import { codeArguments, codeOptionHelp, hexBytes } from "../code.ts";
import type { Command } from "../command.ts";
import { print } from "../text/print.ts";
import { addressDigits, lineText } from "./disasm.ts";

/** The text for a code such as TG0101. */
const explainMessage = (code: string): void => {
  const kind = kindOfCode(code);
  const codes = Object.values(problemTable).map((row) => row.code);
  if (!kind) throw new Problem("unknown-name", `no message has the code ${code}`, { help: didYouMean(code, codes) });
  const { code: own, title, text, example } = problemRow(kind);
  const lines = [`${own}: ${title}`, "", text, ...(example ? ["", `For example: trapgate ${example.join(" ")}`] : [])];
  print(`${lines.join("\n")}\n`);
};

/** `trapgate explain`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[--mode 16|32|64] [--at ADDRESS] BYTES…|INSTRUCTION|CODE",
  summary: "explain instructions (hexadecimal bytes, or assembly with ; between statements) or a message such as TG0101",
  options: codeOptionHelp,
  async run(args) {
    const { mode = 64, at, rest } = codeArguments(args);
    const text = rest.join(" ");
    if (text.trim() === "") throw new Problem("missing-argument", "there is nothing to explain");
    if (/^TG\d+$/i.test(text)) {
      explainMessage(text);
      return 0;
    }
    const bytes = hexBytes(text) ?? assemble(text.replaceAll(";", "\n"), { mode, at }).bytes;
    const digits = addressDigits(at, bytes.length);
    for (const line of disassemble(bytes, { mode, at })) {
      const told = line.instruction ? describe(line.instruction).split("\n") : ["no instruction: fault #UD"];
      print(`${[lineText(line, digits), ...told.map((t) => " ".repeat(digits + 3) + t)].join("\n")}\n`);
    }
    return 0;
  },
};
