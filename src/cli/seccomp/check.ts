// `trapgate seccomp check`: whether a kernel takes the filter, and if not, why and at which instruction.
import { x64 } from "../../abi/abi.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { checkFilter, disassembleLines, seccompProfile, seccompProfileNames } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { print, printJson } from "../text/print.ts";
import { files, readHelp, readInstructions, readOptions } from "./input.ts";

/** `trapgate seccomp check`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] FILE",
  summary: "check that a kernel accepts a filter: 0 accepted, 1 refused, with the reason and the instruction",
  options: [["--kernel VERSION", "whose rules: see trapgate profiles; 6.12 by default"], ["--json", "as data"], ...readHelp],
  trouble: 2,
  async run(args) {
    const { values, rest } = parseAll(args, { ...readOptions, kernel: { type: "string" }, json: { type: "boolean" } });
    const [file] = files(rest, 1, "check") as [string];
    const name = values.kernel ?? "upstream";
    const profile = seccompProfile(name);
    if (!profile)
      throw new Problem("unknown-name", `there is no kernel "${name}"`, {
        help: didYouMean(name, seccompProfileNames) ?? "see trapgate profiles",
      });
    const program = await readInstructions(file, values, profile);
    const problem = checkFilter(profile, program);
    if (values.json) printJson({ kernel: profile.name, instructions: program.length, taken: !problem, ...(problem ? { problem } : {}) });
    else if (!problem) print(`Linux ${profile.name} takes this filter of ${program.length} instructions\n`);
    else {
      const where =
        problem.pc === undefined ? "" : `\n    ${problem.pc}: ${disassembleLines(program, { ...profile, abi: x64 })[problem.pc]}`;
      print(`Linux ${profile.name} refuses this filter with ${problem.errno}: ${problem.message}${where}\n`);
    }
    return problem ? 1 : 0;
  },
};
