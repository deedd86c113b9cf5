// `trapgate seccomp disasm`: a filter as a listing, as data, as C, or as a graph.
import { dotOf, writeProgram } from "../../policy/formats/write.ts";
import { checkFilter, upstream } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { color as pc } from "../text/color.ts";
import { complain, print } from "../text/print.ts";
import { files, readHelp, readInstructions, readOptions } from "./input.ts";

/** `trapgate seccomp disasm`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] FILE",
  summary: "disassemble a filter, also a refused one: instructions in hexadecimal and as text",
  options: [["--json", "as data"], ["--c", "as an array of struct sock_filter"], ["--dot", "as a graph, for dot(1)"], ...readHelp],
  async run(args) {
    const { values, rest } = parseAll(args, {
      ...readOptions,
      json: { type: "boolean" },
      c: { type: "boolean" },
      dot: { type: "boolean" },
    });
    const [file] = files(rest, 1, "disasm") as [string];
    const program = await readInstructions(file, values, upstream);
    const problem = checkFilter(upstream, program);
    if (problem && !values.quiet) {
      const where = problem.pc === undefined ? "" : ` at instruction ${problem.pc}`;
      complain(`${pc.yellow("warning")}: ${file}: the kernel refuses this filter${where}: ${problem.message}\n`);
    }
    print(values.dot ? dotOf(program) : (writeProgram(program, values.json ? "json" : values.c ? "c" : "asm") as string));
    return 0;
  },
};
