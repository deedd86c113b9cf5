// Flag words and choices as strace prints them: names where there are names, hex for the rest.
import type { Arg, RawArgs } from "./declaration.ts";

export type Names = Readonly<Record<string, number>>;

const lo = (raw: RawArgs, i: number): number => raw[2 * i] as number;
const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** `A|B|0x40`. `none` is what 0 is called; `unknown` comments a word of which nothing has a name. Multi-bit names come first in a table. */
export const flagText = (value: number, names: Names, none = "0", unknown = ""): string => {
  if (value === 0) return none;
  const parts: string[] = [];
  let rest = value;
  for (const [name, bits] of Object.entries(names)) {
    if (bits !== 0 && (rest & bits) === bits) {
      parts.push(name);
      rest &= ~bits;
    }
  }
  if (rest !== 0) parts.push(parts.length === 0 && unknown ? `${hex(rest)} /* ${unknown} */` : hex(rest));
  return parts.join("|");
};

/** One of a list of names, or the number with a comment. */
export const choiceText = (value: number, names: Names, unknown: string): string => {
  for (const [name, n] of Object.entries(names)) if (n === value) return name;
  return `${hex(value)} /* ${unknown} */`;
};

export const flags = (c: string, names: Names, unknown = "", none = "0"): Arg<number> => ({
  c,
  names,
  combines: true,
  decode: (raw, i) => lo(raw, i) | 0,
  show: (v) => flagText(v, names, none, unknown),
});
export const choice = (c: string, names: Names, unknown: string): Arg<number> => ({
  c,
  names,
  decode: (raw, i) => lo(raw, i) | 0,
  show: (v) => choiceText(v, names, unknown),
});
/** A hidden argument: shown only when `when` says so, because the call ignores it otherwise. strace leaves such arguments out. */
export const only = <T>(arg: Arg<T>, when: (all: Record<string, unknown>) => boolean): Arg<T> => ({
  ...arg,
  show: (v, ctx) => (when(ctx.all) ? arg.show(v, ctx) : ""),
});
