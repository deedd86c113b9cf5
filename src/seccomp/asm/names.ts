// The names of filter text: words of seccomp_data, architectures, system calls, actions. Both directions.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { E, type ErrnoName } from "../../abi/errno.ts";
import { type SyscallName, syscallNumbers } from "../../abi/numbers.ts";
import { optional, shapeOf } from "../../wants.ts";
import type { DataLayout, Word } from "../layout.ts";
import { upstream } from "../profile/profiles.ts";
import type { ReturnRules } from "../returns.ts";
import { aLayout, anAbi, someReturns } from "../wants.ts";

/** The layout of the data, the return values, and the ABI whose system calls have names. */
export interface AsmOptions {
  readonly layout: DataLayout;
  readonly returns: ReturnRules;
  /** The ABI of unqualified system call names. */
  readonly abi: Abi;
}

/** A profile has more members than these two. */
export const someAsmOptions = shapeOf<AsmOptions>("an object such as { layout, returns, abi }", {
  layout: optional(aLayout),
  returns: optional(someReturns),
  abi: optional(anAbi),
});

/** All options; those of Linux 6.12 and x86-64 in place of absent and undefined ones. */
export const allAsmOptions = ({ layout = upstream.layout, returns = upstream.returns, abi = x64 }: Partial<AsmOptions>): AsmOptions => ({
  layout,
  returns,
  abi,
});

/** `args[1].hi` is written `args[1] >> 32`. */
export const wordText = (word: Word): string => word.replace(".lo", "").replace(".hi", " >> 32");

/**
 * The offset of a word in the form of `wordText` or `args_h[1]`; undefined if the layout does not have it.
 */
export const wordOffset = (layout: DataLayout, text: string): number | undefined => {
  const plain = text.replace(/^args_h\[(\d)\]$/, "args[$1] >> 32");
  const at = layout.words.findIndex((word) => word !== "reserved" && wordText(word) === plain);
  return at < 0 ? undefined : at * 4;
};

/** The architecture names with their AUDIT_ARCH_* values. */
export const archNames: readonly (readonly [string, number])[] = [
  ["ARCH_X86_64", x64.auditArch],
  ["ARCH_I386", i386.auditArch],
];
const abis: readonly Abi[] = [x64, i386, x32];
/** The bit that an ABI adds to its numbers. */
const bit = (abi: Abi): number => (abi === x32 ? 0x4000_0000 : 0);
const numberOf = (name: string, abi: Abi): number | undefined => {
  const nr = name in syscallNumbers ? syscallNumbers[name as SyscallName][abi.column] : null;
  return nr === null ? undefined : (nr | bit(abi)) >>> 0;
};

/** The value of a number, `ARCH_I386`, `write` or `i386.write`; undefined if unknown. */
export const constantOf = (text: string, abi: Abi): number | undefined => {
  const number = /^-?(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (number) return text.startsWith("-") ? -Number(number[1]) >>> 0 : Number(text) > 0xffff_ffff ? undefined : Number(text) >>> 0;
  const arch = archNames.find(([name]) => name === text);
  if (arch) return arch[1];
  const [first, rest] = text.split(".");
  const qualified = rest === undefined ? undefined : abis.find((a) => a.name === first);
  return rest === undefined ? numberOf(text, abi) : qualified && numberOf(rest, qualified);
};

/** Names by number, computed per ABI on demand. */
const namesByNumber = new Map<Abi, ReadonlyMap<number, string>>();
const namesOf = (abi: Abi): ReadonlyMap<number, string> => {
  const known = namesByNumber.get(abi);
  if (known) return known;
  const names = new Map<number, string>();
  for (const name of Object.keys(syscallNumbers)) {
    const nr = numberOf(name, abi);
    if (nr !== undefined && !names.has(nr)) names.set(nr, name);
  }
  namesByNumber.set(abi, names);
  return names;
};

/**
 * The name of a number: `write`, or `i386.write` if that is not the ABI of unqualified names. Undefined if
 * unknown.
 */
export const syscallText = (nr: number, arch: number | undefined, plain: Abi): string | undefined => {
  const wanted = abis.find((a) => a.auditArch === (arch ?? plain.auditArch) && (arch !== undefined || a === plain)) ?? plain;
  const name = namesOf(wanted).get(nr);
  return name && (wanted === plain ? name : `${wanted.name}.${name}`);
};

/**
 * The return value of `ALLOW`, `ERRNO(5)`, `ERRNO(EPERM)` or `0x7fff0000`; undefined if unknown. `KILL` is
 * the name of KILL_THREAD before Linux 4.14.
 */
export const returnOf = (rules: ReturnRules, text: string): number | undefined => {
  const [, name, data] = /^(\w+)(?:\(\s*(\w+)\s*\))?$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const row = rules.actions.find((r) => r.name === name || (name === "KILL" && r.action === "kill_thread"));
  if (!row) return data === undefined && /^\d/.test(name) ? constantOf(name, x64) : undefined;
  const number = data === undefined ? 0 : (E[data as ErrnoName] ?? constantOf(data, x64));
  return number === undefined || (number & rules.mask) !== 0 ? undefined : (row.value | number) >>> 0;
};
