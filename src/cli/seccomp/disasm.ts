// `trapgate seccomp disasm`: a filter as a listing, as data, as C, or as a graph.
import { dotOf, writeProgram } from "../../policy/formats/write.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { files, print, readHelp, readOne, readOptions } from "./input.ts";
import { programOfPolicy } from "./output.ts";

/** `trapgate seccomp disasm`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] FILE",
  summary: "disassemble a filter: instructions in hexadecimal and what they do",
  options: [["--json", "as data"], ["--c", "as an array of struct sock_filter"], ["--dot", "as a graph, for dot(1)"], ...readHelp],
  async run(args) {
    const { values, rest } = parseAll(args, {
      ...readOptions,
      json: { type: "boolean" },
      c: { type: "boolean" },
      dot: { type: "boolean" },
    });
    const [file] = files(rest, 1, "disasm") as [string];
    const program = programOfPolicy(await readOne(file, values));
    print(values.dot ? dotOf(program) : (writeProgram(program, values.json ? "json" : values.c ? "c" : "asm") as string));
    return 0;
  },
};
