// The text of docs/reference/syscalls.md.

import type { Abi } from "../src/abi/abi.ts";
import { referenceAbis, type SyscallReference, type SyscallStatus, syscallReference } from "../src/kernel/show/syscall-reference.ts";
import { rest } from "./ltp/rest.ts";

const statuses: readonly SyscallStatus[] = ["complete", "partial", "missing", "none"];

const byName = (): Map<string, SyscallReference[]> => {
  const found = new Map<string, SyscallReference[]>();
  for (const call of referenceAbis.flatMap(syscallReference)) found.set(call.name, [...(found.get(call.name) ?? []), call]);
  return found;
};

const counts = (abi: Abi): string => {
  const rows = syscallReference(abi);
  return `| ${abi.name} | ${statuses.map((status) => rows.filter((call) => call.status === status).length).join(" | ")} |`;
};

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** A row for each shape of a call: ABIs that take other arguments, or have another status, stand apart. */
const rows = (name: string, all: readonly SyscallReference[]): string[] => {
  const shapes = new Map<string, SyscallReference[]>();
  for (const call of all) {
    const key = JSON.stringify([call.args, call.status, call.remark]);
    shapes.set(key, [...(shapes.get(key) ?? []), call]);
  }
  return [...shapes.values()].map((same) => {
    const [{ args, status, remark }] = same as [SyscallReference];
    const numbers = same.map(({ abi, nr }) => `${abi} ${abi === "x32" ? `0x${nr.toString(16)}` : nr}`).join(", ");
    const signature = status === "complete" || status === "partial" ? `\`${name}(${args.join(", ")})\`` : `\`${name}\``;
    return `| ${cell(signature)} | ${numbers} | ${status} | ${cell(remark)} |`;
  });
};

export const syscallsPage = (): string =>
  [
    "<!-- Made by `npm run docs` from the declarations in src/kernel/calls and from src/kernel/syscall/missing.ts. -->",
    "# System calls",
    "",
    "Every system call that Linux 6.12 has a number for, at each of its ABIs. `trapgate syscalls NAME` prints the same.",
    "",
    "- complete: as on Linux 6.12",
    "- partial: runs; the remark says what it lacks",
    "- missing: answers ENOSYS; Linux has it",
    "- none: answers ENOSYS on Linux too",
    "",
    `| ABI | ${statuses.join(" | ")} |`,
    `|---|${statuses.map(() => "---").join("|")}|`,
    ...referenceAbis.map(counts),
    "",
    "| call | numbers | status | remark |",
    "|---|---|---|---|",
    ...[...byName()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, all]) => rows(name, all)),
    "",
    "## Entries of the Linux Test Project that pass natively and not here",
    "",
    "`npm run conformance:ltp -- DIR` runs the system-call tests of a built Linux Test Project natively and inside.",
    "Of an i386 build (20260529, on 2026-11-28, Linux 6.18) 1350 entries ran: 1242 ended with 0 natively, 1217 inside. Of the other 25, run",
    "again the same day, 7 end with 0. Of an amd64 build the same day, in parts beside other work: 29 entries that pass natively did not end",
    "with 0; of these fcntl36, ptrace07, sendmsg02 and times03 do when run singly and for longer than 60 s.",
    "",
    "| entries (expressions) | reason |",
    "|---|---|",
    ...rest.map(({ names, reason }) => `| ${cell(names.map((name) => `\`${name}\``).join(", "))} | ${reason} |`),
    "",
  ].join("\n");
