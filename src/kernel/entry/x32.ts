// x32: system calls of 64-bit code with 32-bit pointers and bit 30 in the number. Filters see arch x86-64 and
// the bit. Linux arch/x86/entry/syscall_64.c do_syscall_x32(); before 5.4 one table served both.

import { X32_BIT, x32 } from "../../abi/abi.ts";
import { X32_FIRST, x32Number } from "../../abi/numbers-x32.ts";
import type { KernelProfile } from "../base/profile.ts";
import { dispatchTable, type Syscall, type TableEntry } from "../syscall/declaration.ts";

const X32_END = 548;

type Table = readonly (TableEntry | undefined)[];

/** True for x32's own numbers, with bit 30 or (before 5.4) without. */
export const isX32Own = (nr: number): boolean => {
  const low = nr & ~X32_BIT;
  return low >= X32_FIRST && low < X32_END;
};

const own = (calls: readonly Syscall[]): Table => dispatchTable(calls, x32, x32Number);

/** The table of `syscall` for numbers without bit 30. */
export const withX32 = (calls: readonly Syscall[], native: Table, profile: KernelProfile): Table =>
  profile.x32 && profile.x32Shared ? merge(native, own(calls)) : native;

/** The table of `syscall` for numbers with bit 30: the common calls and x32's own. Empty without x32. */
export const x32Table = (calls: readonly Syscall[], native: Table, profile: KernelProfile): Table => {
  if (!profile.x32) return [];
  const common = native.map((entry) => (entry && !profile.x32Shared && is64Only(entry.syscall) ? undefined : entry));
  return merge(common, own(calls));
};

/** Rows of syscall_64.tbl with ABI "64": calls for which x32 has own numbers, and uretprobe(2). */
const is64Only = ({ name }: Syscall): boolean => name === "uretprobe" || x32Number(name) !== null;

const merge = (low: Table, high: Table): Table => Array.from({ length: X32_END }, (_, nr) => high[nr] ?? low[nr]);
