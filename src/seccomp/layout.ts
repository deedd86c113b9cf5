// The data that loads read: the versions of struct seccomp_data, as rows of 32-bit words in host byte order
// (little endian).

import { takes } from "../wants.ts";
import type { SyscallData } from "./data.ts";
import { aLayout, someData } from "./wants.ts";

type ArgIndex = 0 | 1 | 2 | 3 | 4 | 5;
type Half = "lo" | "hi";
/** The content of one 32-bit word of the structure. */
export type Word = "sys_number" | "arch" | "reserved" | `instruction_pointer.${Half}` | `args[${ArgIndex}].${Half}`;

/** The 32-bit words of the structure that a filter reads. Offsets are multiples of 4 bytes. */
export interface DataLayout {
  readonly words: readonly Word[];
  /** sizeof(struct seccomp_data) in bytes: the range of loads, and the value of BPF_LEN. */
  readonly size: number;
}
const layout = (...words: Word[]): DataLayout => ({ words, size: words.length * 4 });
const args = ([0, 1, 2, 3, 4, 5] as const).flatMap((i): Word[] => [`args[${i}].lo`, `args[${i}].hi`]);

/** Linux uapi linux/seccomp.h struct seccomp_data, since v11 of the patch. */
export const seccompData = layout("sys_number", "arch", "instruction_pointer.lo", "instruction_pointer.hi", ...args);
/** v5 to v9: struct seccomp_filter_data of linux/seccomp_filter.h, without arch and instruction pointer. */
export const seccompFilterData = layout("sys_number", "reserved", ...args);
/**
 * v10 added arch. "args last" is v11's change, so the arguments precede the instruction pointer here (known
 * only from memory).
 */
export const seccompDataV10 = layout("sys_number", "arch", ...args, "instruction_pointer.lo", "instruction_pointer.hi");

const sources: Readonly<Record<Word, (d: SyscallData) => number>> = {
  sys_number: (d) => d.nr >>> 0,
  arch: (d) => d.arch,
  reserved: () => 0,
  "instruction_pointer.lo": (d) => d.ipLo,
  "instruction_pointer.hi": (d) => d.ipHi,
  ...(Object.fromEntries(args.map((word, i) => [word, (d: SyscallData) => d.args[i] as number])) as Record<
    `args[${ArgIndex}].${Half}`,
    (d: SyscallData) => number
  >),
};

/**
 * The structure's words for one call.
 *
 * @example
 * const getpid = { nr: 39, arch: 0xc000003e, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
 * wordsOf(upstream.layout, getpid)[0];   // 39
 */
export const wordsOf = takes(
  "wordsOf",
  { layout: aLayout, data: someData },
  (layout: DataLayout, data: SyscallData): Uint32Array => Uint32Array.from(layout.words, (word) => sources[word](data)),
);

/** A function that writes the words into a reused array: `wordsOf` for the hot path. */
export const writerOf = (layout: DataLayout): ((data: SyscallData, into: Uint32Array) => void) => {
  const firstArg = layout.words.indexOf("args[0].lo");
  const rest = layout.words.flatMap((word, at) => (word.startsWith("args") ? [] : [{ at, read: sources[word] }]));
  return (data, into) => {
    for (const { at, read } of rest) into[at] = read(data);
    const from = data.args;
    for (let i = 0; i < 12; i++) into[firstArg + i] = from[i] as number;
  };
};
