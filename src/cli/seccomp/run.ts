// `trapgate seccomp run`: one call through a filter, instruction by instruction.
import { x64 } from "../../abi/abi.ts";
import { dataOfCall, parseCall } from "../../policy/call.ts";
import { callText, valueText } from "../../policy/explain/value-text.ts";
import { Problem } from "../../problem.ts";
import { disassembleLines, effectOf, evaluate, upstream, wordsOf } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { print, printJson } from "../text/print.ts";
import { readHelp, readOne, readOptions } from "./input.ts";
import { programOfPolicy } from "./output.ts";

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** `trapgate seccomp run`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] FILE CALL",
  summary: "send one call such as openat(-100, 0x1000, 0) or i386.getpid through a filter, step by step",
  options: [["--json", "as data"], ["--brief", "only the verdict"], ...readHelp],
  async run(args) {
    const { values, rest } = parseAll(args, { ...readOptions, json: { type: "boolean" }, brief: { type: "boolean" } });
    const [file, text, ...more] = rest;
    if (text === undefined || more.length > 0) {
      throw new Problem("missing-argument", "run takes a filter and a call", {
        help: 'such as: trapgate seccomp run filter.bpf "socket(2, 1)"',
      });
    }
    const program = programOfPolicy(await readOne(file as string, values));
    const data = dataOfCall(parseCall(text));
    const steps: { readonly pc: number; readonly a: number; readonly x: number }[] = [];
    const value = evaluate(upstream, program, wordsOf(upstream.layout, data), (pc, a, x) => steps.push({ pc, a, x }));
    const verdict = valueText(effectOf(upstream, value));
    const lines = disassembleLines(program, { ...upstream, abi: x64 });
    if (values.json) printJson({ call: callText(data), verdict, value, steps: steps.map((step) => ({ ...step, text: lines[step.pc] })) });
    else {
      const shown = values.brief
        ? []
        : steps.map(
            ({ pc, a, x }) =>
              `  ${String(pc).padStart(4, "0")}: ${(lines[pc] as string).padEnd(44)} A = ${hex(a)}${x ? `, X = ${hex(x)}` : ""}`,
          );
      print(`${[...shown, `${callText(data)}: ${verdict}`].join("\n")}\n`);
    }
    return 0;
  },
};
