// Flag words and choices as strace prints them: names, and hex for bits without a name.
import type { ArgType, RawArgs } from "./declaration.ts";

/** Names with their values, multi-bit names first. */
export type FlagNames = Readonly<Record<string, number>>;

const lo = (raw: RawArgs, i: number): number => raw[2 * i] as number;
const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** `A|B|0x40`. `none` is the text of 0; `unknown` is a comment after a word without any name. */
export const flagText = (value: number, names: FlagNames, none = "0", unknown = ""): string => {
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

/** A name, or the number with the comment `unknown`. */
export const choiceText = (value: number, names: FlagNames, unknown: string): string => {
  for (const [name, n] of Object.entries(names)) if (n === value) return name;
  return `${hex(value)} /* ${unknown} */`;
};

/** An `int` of flags. `c` is its C type. */
export const flags = (c: string, names: FlagNames, unknown = "", none = "0"): ArgType<number> => ({
  c,
  names,
  combines: true,
  decode: (raw, i) => lo(raw, i) | 0,
  show: (v) => flagText(v, names, none, unknown),
});
/** An `int` with one of several values. */
export const choice = (c: string, names: FlagNames, unknown: string): ArgType<number> => ({
  c,
  names,
  decode: (raw, i) => lo(raw, i) | 0,
  show: (v) => choiceText(v, names, unknown),
});
/**
 * An argument that the trace shows only if `when` holds, because the call ignores it otherwise; as strace
 * does.
 */
export const only = <T>(arg: ArgType<T>, when: (all: Record<string, unknown>) => boolean): ArgType<T> => ({
  ...arg,
  show: (v, ctx) => (when(ctx.all) ? arg.show(v, ctx) : ""),
});
