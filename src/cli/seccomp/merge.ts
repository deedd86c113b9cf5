// `trapgate seccomp merge`: several policies as one filter.

import type { Policy } from "../../policy/formats/read.ts";
import { merge, mergeKinds } from "../../policy/merge.ts";
import { Problem } from "../../problem.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { readHelp, readOne, readOptions } from "./input.ts";
import { outputHelp, outputOptions, programOfPolicy, writeOut } from "./output.ts";

/** `trapgate seccomp merge`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "--union|--intersect|--stack [OPTION…] [-o OUTPUT] [MODE:]FILE…",
  summary: "make one filter of several policies, exact in arguments too",
  options: [
    ["--union", "calls that any of them allows: the least restrictive verdict on each call"],
    ["--intersect", "calls that all of them allow: the most restrictive verdict"],
    ["--stack", "the kernel's result for filters attached in this order"],
    ...outputHelp,
    ...readHelp,
  ],
  async run(args) {
    const kinds = { union: { type: "boolean" }, intersect: { type: "boolean" }, stack: { type: "boolean" } } as const;
    const { values, rest } = parseAll(args, { ...readOptions, ...outputOptions, ...kinds });
    const [kind, ...more] = mergeKinds.filter((name) => values[name]);
    if (!kind || more.length > 0) throw new Problem("usage", "merge takes one of --union, --intersect, --stack");
    if (rest.length < 2) throw new Problem("missing-argument", "merge takes two policies or more");
    const policies: Policy[] = [];
    for (const file of rest) policies.push(await readOne(file, values));
    const [first] = policies as [Policy];
    const { program: _, ...merged } = {
      ...first,
      diagram: merge(
        kind,
        policies.map(({ diagram }) => diagram),
      ),
    };
    writeOut(programOfPolicy(merged), merged, values);
    return 0;
  },
};
