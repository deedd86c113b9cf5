// `trapgate explain`: instructions with what they do, as pseudo-code from the rows.
import { describe } from "../../cpu/describe/index.ts";
import { assemble } from "../../cpu/text/assemble.ts";
import { disassemble } from "../../cpu/text/disassemble.ts";
import { Problem } from "../../problem.ts";
import { codeArguments, codeOptionHelp, hexBytes } from "../code.ts";
import type { Command } from "../command.ts";
import { addressDigits, lineText } from "./disasm.ts";

export const command: Command = {
  synopsis: "[--mode 16|32|64] [--at ADDRESS] BYTES…|INSTRUCTION",
  summary: "tell what instructions do: bytes in hexadecimal, or assembly, statements separated by ;",
  options: codeOptionHelp,
  async run(args) {
    const { mode = 64, at, rest } = codeArguments(args);
    const text = rest.join(" ");
    if (text.trim() === "") throw new Problem("usage", "there is nothing to explain", { help: "see trapgate explain --help" });
    const bytes = hexBytes(text) ?? assemble(text.replaceAll(";", "\n"), { mode, at }).bytes;
    const digits = addressDigits(at, bytes.length);
    for (const line of disassemble(bytes, { mode, at })) {
      const told = line.instruction ? describe(line.instruction).split("\n") : ["no instruction: fault #UD"];
      process.stdout.write(`${[lineText(line, digits), ...told.map((t) => " ".repeat(digits + 3) + t)].join("\n")}\n`);
    }
    return 0;
  },
};
