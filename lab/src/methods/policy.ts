// Policies for the worker: any format of trapgate/policy, as the filter that a program starts with.

import { explainRoot, readPolicy } from "trapgate/policy";
import {
  assemble,
  type Diagram,
  decodeProgram,
  describeReturn,
  diagramOf,
  encodeProgram,
  Nodes,
  programOf,
  seccompProfile,
  stackDiagrams,
  upstream,
} from "trapgate/seccomp";
import { callVerdictsText } from "../../../src/policy/explain/explain-text.ts";
import { problemOf } from "./program.ts";
import type { Explained, PolicyReport } from "./protocol.ts";

const profileOf = (kernel: string) => seccompProfile(kernel) ?? upstream;
const isOurs = (kernel: string): boolean => profileOf(kernel).layout.size === upstream.layout.size;

/** Assembles a filter by the rules of the kernel's version: its struct seccomp_data and its actions. */
const checkAssembly = (text: string, kernel: string): PolicyReport => {
  const { layout, returns } = profileOf(kernel);
  const { program, problems } = assemble(text, { layout, returns });
  return {
    format: "asm",
    problems: problems.map(({ line, message }) => ({ line, message, severity: "error" })),
    program: problems.length > 0 ? undefined : encodeProgram(program),
  };
};

export const checkPolicy = async (text: string, kernel: string): Promise<PolicyReport> => {
  try {
    const policy = await readPolicy("policy", new TextEncoder().encode(text));
    if (policy.format === "asm") return checkAssembly(text, kernel);
    const program = encodeProgram(policy.program ?? programOf(policy.diagram));
    const other = isOurs(kernel)
      ? []
      : [
          {
            message: `a policy in ${policy.format} is compiled for struct seccomp_data of Linux 3.5; ${kernel} has another one`,
            help: "write it as assembly",
            line: 1,
            severity: "error" as const,
          },
        ];
    const warnings = policy.warnings.map(({ message }) => ({ message, line: undefined, severity: "warning" as const }));
    return { format: policy.format, problems: [...other, ...warnings], program: other.length > 0 ? undefined : program };
  } catch (error) {
    // The reader means Linux 6.12; assembly for another version is read by that one's rules.
    if (!isOurs(kernel)) return checkAssembly(text, kernel);
    return { format: "", problems: [problemOf(error)], program: undefined };
  }
};

/** The verdicts of filters on one call with any arguments, by the rules of a kernel. */
export const explain = (filters: readonly Uint8Array[], name: string, abi: string, kernel: string): Explained => {
  const nodes = new Nodes();
  const rules = profileOf(kernel);
  try {
    // Rules that combine filters take the oldest first.
    const diagrams = filters.map((bytes) => diagramOf(decodeProgram(bytes), rules, nodes)).reverse();
    const [only] = diagrams as [Diagram];
    const diagram = diagrams.length === 1 ? only : stackDiagrams(diagrams);
    const { nodes: all, root } = diagram.effects();
    const text = callVerdictsText(explainRoot(all, root), name, abi as "x64", (value) => describeReturn(rules.returns, value));
    return { lines: (text ?? "").split("\n").filter((line) => line.trim() !== "") };
  } catch {
    return { lines: [] };
  }
};
