// The text of a structure: members of its declaration in order, each with its own text. strace
// src/print_fields.h.

import type { Fields, Struct, Values } from "../../abi/struct.ts";
import { hexText } from "../syscall/arg.ts";
import { choiceText, type FlagNames } from "../syscall/arg-flags.ts";
import type { ShowContext, Text } from "../syscall/declaration.ts";

/** The text of a member; undefined leaves it out. */
export type Member<T> = (value: T, ctx: ShowContext) => string | undefined;

/** Decimal numbers. */
export const decimal = (value: number | bigint): string => String(value);
/** `0x1f`; 0 has no prefix. */
export const hex = (value: number | bigint): string =>
  typeof value === "bigint" ? (value === 0n ? "0" : `0x${value.toString(16)}`) : hexText(value);
/** An address; 0 is NULL. */
export const address = (value: number | bigint): string => (Number(value) === 0 ? "NULL" : hex(value));
/** One of several values. */
export const oneOf =
  (names: FlagNames, unknown: string) =>
  (value: number): string =>
    choiceText(value, names, unknown);

/**
 * Bytes of the guest for a text, at most `most`. Undefined: they cannot be read, or `size`, a number of the
 * guest, is negative.
 */
export const bytesAt = (ctx: ShowContext, at: number, size: number, most: number): Uint8Array | undefined =>
  size < 0 ? undefined : ctx.task.mem.read(at, Math.min(size, most));

/** The decoded members of a structure at an address; undefined if it cannot be read. */
export const read = <F extends Fields>(s: Struct<F>, ctx: ShowContext, at: number): Values<F> | undefined => {
  const bytes = ctx.task.mem.read(at, s.size(ctx.abi));
  return bytes && s.decode(bytes, ctx.abi);
};

/** `{a=1, b=2}` of names and texts; undefined texts are left out. */
export const braces = (members: readonly (readonly [name: string, text: string | undefined])[], more = false): string =>
  `{${[...members.flatMap(([name, text]) => (text === undefined ? [] : [`${name}=${text}`])), ...(more ? ["..."] : [])].join(", ")}}`;

type Members<F extends Fields> = { readonly [K in keyof F]?: Member<Values<F>[K]> };
/**
 * The text of a declared structure: the members that have a text, under their names. `brief`: members that
 * only -v shows; without it they are `...`.
 */
export const record =
  <F extends Fields>(s: Struct<F>, members: Members<F>, brief: readonly (keyof F)[] = []): Text =>
  (ctx, at) => {
    const x = read(s, ctx, at);
    if (!x) return undefined;
    const hidden = ctx.style.verbose ? [] : brief;
    const shown = (Object.entries(members) as [keyof F & string, Member<unknown>][]).filter(([name]) => !hidden.includes(name));
    return braces(
      shown.map(([name, text]) => [name, text(x[name], ctx)] as const),
      hidden.length > 0,
    );
  };

/** `[a, b]`: `count` elements of `size` bytes each. At most `most` are shown. */
export const array = (
  ctx: ShowContext,
  at: number,
  count: number,
  size: number,
  text: Text,
  most = ctx.style.strings,
): string | undefined => {
  const shown: string[] = [];
  for (let i = 0; i < Math.min(count, most); i++) {
    const one = text(ctx, at + i * size, size);
    if (one === undefined) return i === 0 ? undefined : `[${shown.join(", ")}, ... /* ${hex(at + i * size)} */]`;
    shown.push(one);
  }
  if (count > most) shown.push("...");
  return `[${shown.join(", ")}]`;
};
