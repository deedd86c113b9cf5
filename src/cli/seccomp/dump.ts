// `trapgate seccomp dump`: the filters that a program and its children attach in a run.
import { x64 } from "../../abi/abi.ts";
import { abis } from "../../abi/syscall-number.ts";
import type { AttachedFilter } from "../../machine/options.ts";
import { programJson } from "../../policy/formats/write.ts";
import { decodeProgram, disassemble, upstream } from "../../seccomp/index.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { runOptionHelp } from "../run-help.ts";
import { prepare, runOptions } from "../run-options.ts";
import { checkOutput, writeOutput } from "../save/output-file.ts";
import { print, printJson } from "../text/print.ts";

const title = ({ pid, comm, arch, depth, program }: AttachedFilter): string =>
  `${comm}[${pid}]: filter ${depth} of the task, ${program.length / 8} instructions, by ${abis.find(({ auditArch }) => auditArch === arch)?.name ?? arch}`;

const save = (filters: readonly AttachedFilter[], prefix: string): void => {
  for (const [n, { program }] of filters.entries()) writeOutput(`${prefix}${n}.bpf`, program, "--save");
};

/** `trapgate seccomp dump`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] PROG [ARG…]",
  summary: "run a program and show every filter that it attaches; the exit status is the program's",
  options: [["--save PREFIX", "write them as BPF to PREFIX0.bpf, PREFIX1.bpf, …"], ["--json", "as data"], ...runOptionHelp],
  async run(args) {
    const { values, rest } = parse(args, { ...runOptions, save: { type: "string" }, json: { type: "boolean" } });
    if (values.save !== undefined) checkOutput(`${values.save}0.bpf`, "--save");
    const filters: AttachedFilter[] = [];
    const status = await execute(prepare(values, rest), undefined, { filter: (attached) => void filters.push(attached) });
    if (values.save !== undefined) save(filters, values.save);
    if (values.json) printJson(filters.map(({ program, ...about }) => ({ ...about, program: programJson(decodeProgram(program)) })));
    else if (values.save === undefined) {
      for (const filter of filters) print(`${title(filter)}\n${disassemble(decodeProgram(filter.program), { ...upstream, abi: x64 })}`);
    }
    return status;
  },
};
