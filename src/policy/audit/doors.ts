// Findings about doors: calls that the policy denies by one number and lets pass by another.
import type { Abi } from "../../abi/abi.ts";
import { syscallNumbers } from "../../abi/numbers.ts";
import { FALSE, type Node, TRUE } from "../../seccomp/index.ts";
import { multiplexed } from "../meaning.ts";
import { numberOf } from "../names.ts";
import type { CheckResult, Shown } from "./finding.ts";
import { i386, type View, x32, x64 } from "./view.ts";

/** Their arguments have another order or meaning there. */
const DIFFERENT = new Set([
  "clone",
  "mmap",
  "select",
  "signal",
  "pread64",
  "pwrite64",
  "truncate64",
  "ftruncate64",
  "fadvise64",
  "readahead",
  "sync_file_range",
]);

interface Gap {
  readonly name: string;
  readonly passes: Shown;
}
/** Calls that pass at an ABI with arguments with which x86-64's do not. */
const gaps = (view: View, abi: Abi): readonly Gap[] =>
  Object.keys(syscallNumbers).flatMap((name): readonly Gap[] => {
    const [here, there] = [view.passing(name, x64), view.passing(name, abi)];
    if (here === undefined || there === undefined || here === TRUE || there === FALSE) return [];
    if (here !== FALSE && DIFFERENT.has(name)) return [];
    const { nodes } = view;
    const gap: Node = nodes.and(view.withoutUppers(there), nodes.not(view.withoutUppers(here)));
    const passes = view.shown(gap, numberOf(name, abi) as number, abi);
    return passes ? [{ name, passes }] : [];
  });

/** The most telling one first. */
const TELLING = ["execve", "socket", "connect", "mount", "ptrace", "openat", "unshare", "clone", "bpf", "getppid"];
const telling = (list: readonly Gap[]): Gap =>
  TELLING.map((name) => list.find((gap) => gap.name === name)).find(Boolean) ?? (list[0] as Gap);
const deniedTwin = (view: View, { name, passes }: Gap): Shown | undefined => {
  const same = { ...passes.data, nr: (numberOf(name, x64) as number) | 0, arch: x64.auditArch };
  return view.show(same);
};

const door = (
  view: View,
  abi: Abi,
  id: string,
  title: string,
  reason: string,
  remedy: string,
  landmine: string,
): readonly CheckResult[] => {
  const list = gaps(view, abi);
  if (list.length === 0) return [];
  const first = telling(list);
  return [
    {
      id,
      severity: "high",
      title,
      reason,
      remedy,
      landmine,
      calls: list.map(({ name }) => name),
      passes: first.passes,
      denied: deniedTwin(view, first),
    },
  ];
};

/** Findings: calls of another ABI pass that are denied in the first one. */
export const otherDoors = (view: View): readonly CheckResult[] => [
  ...door(
    view,
    i386,
    "i386-door",
    "calls that are denied by their 64-bit numbers pass through int $0x80",
    "Every 64-bit program can make 32-bit calls; they have other numbers, and AUDIT_ARCH_I386 as architecture.",
    "compare the architecture first, and kill all but AUDIT_ARCH_X86_64; or give i386 the same rules",
    "A1",
  ),
  ...door(
    view,
    x32,
    "x32-door",
    "calls that are denied by their numbers pass with bit 30 set",
    "x32's calls have the architecture of x86-64 and numbers from 0x40000000. Kernels with CONFIG_X86_X32_ABI run them.",
    "refuse numbers from 0x40000000 on, -1 excepted",
    "A6",
  ),
];

/**
 * socketcall(2) and ipc(2) of i386: a second way to calls that are restricted at x86-64 or at i386 itself.
 */
export const multiplexers = (view: View): readonly CheckResult[] =>
  (["socketcall", "ipc"] as const).flatMap((name): readonly CheckResult[] => {
    const node = view.passing(name, i386);
    if (node === undefined || node === FALSE) return [];
    const { nodes } = view;
    const list = Object.entries(multiplexed[name]).flatMap(([call, code]): readonly Gap[] => {
      const restricted = view.restricts(call, i386) || (view.passing(call, i386) === undefined && view.restricts(call, x64));
      if (!restricted) return [];
      const isCode = view.isLow(0, code);
      const passes = view.shown(nodes.and(node, isCode), numberOf(name, i386) as number, i386);
      return passes ? [{ name: call, passes }] : [];
    });
    if (list.length === 0) return [];
    const first = telling(list);
    return [
      {
        id: "multiplexer",
        severity: "high",
        title: `i386.${name} passes, and is a second way to calls that the policy restricts`,
        reason: `${name}(2) takes the call as its first argument and the arguments behind a pointer, where no filter sees them.`,
        remedy: `deny ${name}, or let through only codes of calls that are allowed with all arguments`,
        calls: list.map((gap) => gap.name),
        passes: first.passes,
        denied: view.shownDenied(first.name, i386) ?? view.shownDenied(first.name, x64),
        landmine: "B5",
      },
    ];
  });

/** Verdicts by instruction pointer. */
export const byPointer = (view: View): readonly CheckResult[] => {
  const names = Object.keys(syscallNumbers).filter((name) => {
    const node = view.passing(name, x64);
    return node !== undefined && view.dependsOnIp(node);
  });
  const [first] = names;
  if (first === undefined) return [];
  return [
    {
      id: "instruction-pointer",
      severity: "medium",
      title: "verdicts depend on the instruction pointer",
      reason: "A program can jump to any of its instructions, also to the call that is allowed there.",
      remedy: "decide by the call and its arguments",
      calls: names,
      passes: view.shownPassing(first, x64),
      denied: view.shownDenied(first, x64),
      landmine: "A9",
    },
  ];
};
