// `trapgate syscalls`: the support of every system call of every ABI.
import { referenceAbis, type SyscallReference, syscallReference } from "../../kernel/show/syscall-reference.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { oneOf, parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { color as pc } from "../text/color.ts";
import { printLines as print } from "../text/print.ts";

const abiNames = referenceAbis.map(({ name }) => name);

const shown = { complete: "complete", partial: pc.yellow("partial"), missing: pc.red("missing"), none: "none" } as const;
const signature = ({ name, args }: SyscallReference): string => `${name}(${args.join(", ")})`;

const line = (call: SyscallReference): string => {
  const status = shown[call.status] + " ".repeat(8 - call.status.length);
  return `${String(call.nr).padStart(10)}  ${status}  ${call.name}${call.remark === "" ? "" : `: ${call.remark}`}`;
};

const list = (all: readonly SyscallReference[]): void => {
  for (const { name: abi } of referenceAbis) {
    const rows = all.filter((call) => call.abi === abi);
    if (rows.length === 0) continue;
    const count = (status: SyscallReference["status"]): number => rows.filter((call) => call.status === status).length;
    print(
      pc.bold(
        `${abi}: ${count("complete")} complete, ${count("partial")} partial, ${count("missing")} missing, ${count("none")} that Linux has not either`,
      ),
    );
    for (const call of rows) print(line(call));
  }
};

const details = (name: string, all: readonly SyscallReference[]): void => {
  const found = all.filter((call) => call.name === name || String(call.nr) === name);
  if (found.length === 0) {
    const names = [...new Set(all.map((call) => call.name))];
    const like = names.filter((known) => known.includes(name) || name.includes(known));
    throw new Problem("unknown-name", `there is no system call "${name}"`, {
      help: didYouMean(name, names) ?? (like.length > 0 ? `there are ${like.slice(0, 8).join(", ")}` : "see trapgate syscalls"),
    });
  }
  for (const call of found) {
    print(`${pc.bold(call.abi.padEnd(5))} ${call.nr}  ${signature(call)}`);
    print(`      ${shown[call.status]}${call.remark === "" ? "" : `: ${call.remark}`}`);
  }
};

/** `trapgate syscalls`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [NAME|NUMBER]",
  summary: "list the system calls of every ABI: number, arguments, status",
  options: [
    ["--abi x64|i386|x32", "of this ABI only"],
    ["--json", "as JSON, one array of all"],
  ],
  async run(args) {
    const { values, rest } = parse(args, { abi: { type: "string" }, json: { type: "boolean" } });
    if (rest.length > 1) throw new Problem("extra-argument", "syscalls takes one name or number");
    const only = values.abi === undefined ? undefined : oneOf(values.abi, abiNames, "--abi");
    const all = referenceAbis.filter(({ name }) => only === undefined || name === only).flatMap(syscallReference);
    const [name] = rest;
    if (values.json) print(JSON.stringify(name === undefined ? all : all.filter((call) => call.name === name), null, 2));
    else if (name === undefined) list(all);
    else details(name, all);
    return 0;
  },
};
