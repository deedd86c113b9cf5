// The status of every system call in every ABI, derived from the declarations and the list of missing calls.
import { type Abi, i386, X32_BIT, x32, x64 } from "../../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../../abi/numbers.ts";
import { x32Number } from "../../abi/numbers-x32.ts";
import { calls } from "../calls/index.ts";
import type { Syscall } from "../syscall/declaration.ts";
import { goneFromLinux, notYet } from "../syscall/missing.ts";

/**
 * `complete`: as on Linux 6.12. `partial`: runs, with the limits in `remark`. `missing`: ENOSYS, unlike
 * Linux.
 * `none`: ENOSYS on Linux too.
 */
export type SyscallStatus = "complete" | "partial" | "missing" | "none";

/** One system call in one ABI. */
export interface SyscallReference {
  readonly name: SyscallName;
  readonly abi: Abi["name"];
  /** The number in seccomp_data.nr. */
  readonly nr: number;
  /** In the order of the registers, as in C: `int fd`, `const void *buf`. */
  readonly args: readonly string[];
  readonly status: SyscallStatus;
  /** The missing part, or the reason. Empty for a complete call. */
  readonly remark: string;
}

/** x32 uses the numbers of the 64-bit table and its own. uretprobe(2) is only in the 64-bit table. */
const numberAt = (name: SyscallName, abi: Abi): number | null => {
  const nr = syscallNumbers[name][abi.column];
  if (abi !== x32) return nr;
  const shared = name === "uretprobe" ? null : nr;
  const low = x32Number(name) ?? shared;
  return low === null ? null : low + X32_BIT;
};
const declared = (name: SyscallName, abi: Abi): Syscall | undefined =>
  calls.find((call) => call.name === name && (call.only === undefined || call.only === abi.name || (abi === x32 && call.only === "x64")));
const reasonIn = (list: typeof notYet, name: SyscallName): string | undefined => list.find(({ names }) => names.includes(name))?.reason;

const inC = (name: string, type: string): string => (type.endsWith("*") ? `${type}${name}` : `${type} ${name}`);

const referenceOf = (name: SyscallName, abi: Abi): SyscallReference | undefined => {
  const nr = numberAt(name, abi);
  if (nr === null) return undefined;
  const call = declared(name, abi);
  // An argument without a C type has no register: strace shows rt_sigreturn's mask.
  const args = Object.entries(call?.args ?? {}).filter(([, { c }]) => c !== "");
  const at = { name, abi: abi.name, nr, args: args.map(([arg, { c }]) => inC(arg, c)) };
  if (call) return { ...at, status: call.note === undefined ? "complete" : "partial", remark: call.note ?? "" };
  const gone = reasonIn(goneFromLinux, name);
  if (gone !== undefined) return { ...at, status: "none", remark: gone };
  return { ...at, status: "missing", remark: reasonIn(notYet, name) ?? "" };
};

/** The system calls of an ABI, in the order of their numbers. */
export const syscallReference = (abi: Abi): readonly SyscallReference[] =>
  (Object.keys(syscallNumbers) as SyscallName[]).flatMap((name) => referenceOf(name, abi) ?? []).sort((a, b) => a.nr - b.nr);

/** The ABIs of the reference, in order. */
export const referenceAbis: readonly Abi[] = [x64, i386, x32];
