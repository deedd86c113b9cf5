// Conditions in words: `arg1 & 0x7e020000 == 0`, `arg0 in {1, 10}`, `(u32) arg2 <= 5`.

import { aCondition } from "../../seccomp/diagram/cases.ts";
import type { Condition, Conjunction, Masked, Range, Subject } from "../../seccomp/index.ts";
import { aFunction, listOf, optional, takes } from "../../wants.ts";

const MAX = (1n << 64n) - 1n;
const FEW = 3n;
const U32 = 0xffff_ffffn;

/** Small numbers in decimal. */
export const numberText = (n: bigint | number): string => (n < 1000 ? String(n) : `0x${n.toString(16)}`);

/** The name of a number, or undefined for a number without a name. */
export type Namer = (subject: Subject, value: bigint) => string | undefined;

type Who = Pick<Condition, "subject" | "part">;
const whoText = ({ subject, part }: Who): string => {
  const text = subject === "ip" ? "ip" : `arg${subject}`;
  return part === "whole" ? text : part === "high" ? `${text} >> 32` : `(u32) ${text}`;
};
const masked = (who: Who, mask: bigint, name: Namer): string => {
  const text = whoText(who);
  if (mask === -1n || mask === (who.part === "whole" ? MAX : U32)) return text;
  if (mask === U32) return `(u32) ${text}`;
  // Many names are harder to read than their number.
  const named = name(who.subject, mask);
  const shown = named === undefined || named.split("|").length > 3 ? numberText(mask) : named.includes("|") ? `(${named})` : named;
  return who.part === "high" ? `(${text}) & ${shown}` : `${text} & ${shown}`;
};

const rangesText = (who: Who, mask: bigint, ranges: readonly Range[], negated: boolean, namer: Namer): string => {
  const name = masked(who, mask, namer);
  const value = (n: bigint): string => namer(who.subject, n) ?? numberText(n);
  const most = mask !== -1n ? mask : who.part === "whole" ? MAX : U32;
  // A few values are easier to read than short ranges of them.
  if (ranges.every(({ from, to }) => to - from < FEW)) {
    const values = ranges.flatMap(({ from, to }) => Array.from({ length: Number(to - from) + 1 }, (_, i) => value(from + BigInt(i))));
    if (values.length === 1) return `${name} ${negated ? "!=" : "=="} ${values[0]}`;
    return `${name} ${negated ? "not in" : "in"} {${values.join(", ")}}`;
  }
  const texts = ranges.map(({ from, to }) => {
    if (from === to) return `${name} == ${value(from)}`;
    if (from === 0n) return `${name} <= ${value(to)}`;
    return to === most ? `${name} >= ${value(from)}` : `${value(from)} <= ${name} <= ${value(to)}`;
  });
  const text = texts.join(" or ");
  return negated ? `not (${text})` : texts.length > 1 ? `(${text})` : text;
};

const masksText = (who: Who, masks: readonly Masked[], negated: boolean, name: Namer): string => {
  const [first] = masks;
  if (first && masks.every(({ mask }) => mask === first.mask)) {
    const values = masks.map((m) => ({ from: m.value, to: m.value }));
    return rangesText(who, first.mask, values, negated, name);
  }
  const text = masks.map((m) => `${masked(who, m.mask, name)} == ${name(who.subject, m.value) ?? numberText(m.value)}`).join(" or ");
  return negated ? `not (${text})` : `(${text})`;
};

/**
 * A condition in words: `arg1 & 0x7e020000 == 0`. `name` gives values their names.
 *
 * @example
 * const { nodes, root } = policy.diagram.restrict({ arch: 0xc000003e, sys_number: 41 });
 * for (const { when } of casesOf(nodes, root, (value) => value).cases)
 *   console.log(when.flat().map((each) => conditionText(each)));
 */
export const conditionText = takes(
  "conditionText",
  { condition: aCondition, name: optional(aFunction) },
  (condition: Omit<Condition, "node">, name: Namer = () => undefined): string => {
    const { predicate } = condition;
    switch (predicate.kind) {
      case "ranges":
        return rangesText(condition, predicate.mask, predicate.ranges, predicate.negated, name);
      case "masks":
        return masksText(condition, predicate.masks, predicate.negated, name);
      case "nodes":
        return `${whoText(condition)} is as a diagram of ${predicate.nodes} nodes says`;
    }
  },
);

/**
 * Conditions that all hold, in words.
 *
 * @example
 * const { nodes, root } = policy.diagram.restrict({ arch: 0xc000003e, sys_number: 41 });
 * for (const { when } of casesOf(nodes, root, (value) => value).cases)
 *   console.log(when.map((all) => conjunctionText(all)));
 */
export const conjunctionText = takes(
  "conjunctionText",
  { all: listOf(aCondition), name: optional(aFunction) },
  (all: Conjunction, name?: Namer): string => all.map((condition) => conditionText(condition, name)).join(" and "),
);
