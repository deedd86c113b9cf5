// `trapgate seccomp asm`: a policy or filter of any format as a program.
import { compare, diagramOf, upstream } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { files, readHelp, readOne, readOptions } from "./input.ts";
import { outputHelp, outputOptions, programOfPolicy, writeOut } from "./output.ts";

/** `trapgate seccomp asm`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [-o OUTPUT] FILE",
  summary: "assemble a filter, or compile a policy, to BPF; a compiled program is proved equal to the policy",
  options: [...outputHelp, ...readHelp],
  async run(args) {
    const { values, rest } = parseAll(args, { ...readOptions, ...outputOptions });
    const [file] = files(rest, 1, "asm") as [string];
    const policy = await readOne(file, values);
    const program = programOfPolicy(policy);
    if (!policy.program && compare(policy.diagram, diagramOf(program, upstream, policy.diagram.nodes)).verdict !== "equal") {
      throw new Error("the compiled program differs from the policy in meaning");
    }
    writeOut(program, policy, values);
    return 0;
  },
};
