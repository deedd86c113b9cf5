// x32: system calls of 64-bit code with 32-bit pointers, told by bit 30 of the number. Filters see arch x86-64 and the bit in nr.
// Linux arch/x86/entry/syscall_64.c do_syscall_x32(); before 5.4 one table served both.

import { x32 } from "../../abi/abi.ts";
import { X32_FIRST, x32Number } from "../../abi/numbers-x32.ts";
import type { Profile } from "../base/profile.ts";
import { X32_BIT } from "../base/x32-call.ts";
import { dispatchTable, type Entry, type Syscall } from "../syscall/declaration.ts";

const X32_END = 548;

type Table = readonly (Entry | undefined)[];

/** A number of x32's own, with bit 30 or (before 5.4) without. */
export const isX32Own = (nr: number): boolean => {
  const low = nr & ~X32_BIT;
  return low >= X32_FIRST && low < X32_END;
};

const own = (calls: readonly Syscall[]): Table => dispatchTable(calls, x32, x32Number);

/** The table behind `syscall` without bit 30. */
export const withX32 = (calls: readonly Syscall[], native: Table, profile: Profile): Table =>
  profile.x32 && profile.x32Shared ? merge(native, own(calls)) : native;

/** The table behind `syscall` with bit 30: what both ABIs share, and x32's own. Empty without x32. */
export const x32Table = (calls: readonly Syscall[], native: Table, profile: Profile): Table => {
  if (!profile.x32) return [];
  const common = native.map((entry) => (entry && !profile.x32Shared && is64Only(entry.syscall) ? undefined : entry));
  return merge(common, own(calls));
};

/** The rows of syscall_64.tbl whose ABI is "64": those that x32 has numbers of its own for, and uretprobe(2). */
const is64Only = ({ name }: Syscall): boolean => name === "uretprobe" || x32Number(name) !== null;

const merge = (low: Table, high: Table): Table => Array.from({ length: X32_END }, (_, nr) => high[nr] ?? low[nr]);
