// The least policy under which observed calls pass: allowed by name, with arguments where these were few.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { syscallsOf } from "../../abi/syscall-number.ts";
import { someNodes } from "../../seccomp/diagram/wants.ts";
import { type Diagram, type Nodes, returnValue, upstream } from "../../seccomp/index.ts";
import { aValue } from "../../seccomp/wants.ts";
import { instanceOf, optional, optionsOf, takes, wholeNumber } from "../../wants.ts";
import type { Meaningful } from "../explain/matching.ts";
import { Source } from "../input/source.ts";
import { merge } from "../merge.ts";
import { compileProfile } from "../mode.ts";
import type { Comparison, Profile, Rule } from "../profile.ts";
import { aMeaning } from "../wants.ts";
import { isPassing } from "../why/queried-call.ts";
import { Observed, type ObservedCall } from "./observed.ts";

/** Options of `learn`. */
export interface LearnOptions {
  /** A return value for all other calls; ERRNO(EPERM) by default. */
  readonly otherwise?: number;
  /** By name alone, or also by arguments that had at most so many combinations; 8 by default. */
  readonly combinations?: number;
  /** A policy to extend: the proposal passes all its calls. */
  readonly base?: Meaningful;
}
/** The proposal, and facts about it. */
export interface Learned {
  readonly profile: Profile;
  /** The meaning of the proposal, together with the base if there is one. */
  readonly diagram: Diagram;
  /** Observed calls that did not pass under the base. Without a base all. */
  readonly added: readonly ObservedCall[];
  /** Calls that were seen once: another run may make others. */
  readonly rare: readonly ObservedCall[];
  /**
   * Shares of the named calls of the seen ABIs, from 0 to 1: that pass with all arguments, with some, and
   * never.
   */
  readonly passes: { readonly always: number; readonly sometimes: number; readonly never: number };
}

const ALLOW = returnValue(upstream.returns, "allow") as number;
const EPERM = returnValue(upstream.returns, "errno", 1) as number;
const ALL = (1n << 64n) - 1n;
const COMBINATIONS = 8;
const nowhere = { from: 0, to: 0 };
const abis = { x64, i386, x32 } as const;

const comparison = (index: number, mask: bigint, value: bigint): Comparison =>
  mask === ALL
    ? { index: index as Comparison["index"], op: "EQ", value, valueTwo: 0n }
    : { index: index as Comparison["index"], op: "MASKED_EQ", value: mask, valueTwo: value };

/** Lists of conditions, of which one must hold; an empty list holds always. */
const conditionsOf = ({ kept, values }: ObservedCall, most: number): readonly (readonly Comparison[])[] => {
  if (!values || kept.length === 0) return [[]];
  const byIndex = kept.map((_, i) => [...new Set(values.map((list) => list[i] as bigint))]);
  const make = (columns: readonly number[]): readonly (readonly Comparison[])[] => {
    const rows = new Map(values.map((list) => [columns.map((c) => list[c]).join(" "), columns.map((c) => list[c] as bigint)]));
    return [...rows.values()].map((row) =>
      row.map((value, i) => comparison(kept[columns[i] as number]?.index as number, kept[columns[i] as number]?.mask as bigint, value)),
    );
  };
  // All arguments together; else those that have few values, each for itself would let more pass.
  const all = kept.map((_, i) => i);
  if (values.length <= most) return make(all);
  const few = all.filter((i) => (byIndex[i] as bigint[]).length <= most);
  const rows = few.length > 0 ? make(few) : [];
  if (rows.length > 0 && rows.length <= most) return rows;
  const [best] = few.sort((a, b) => (byIndex[a] as bigint[]).length - (byIndex[b] as bigint[]).length);
  return best === undefined ? [[]] : make([best]);
};

const profileOf = (calls: readonly ObservedCall[], { otherwise = EPERM, combinations = COMBINATIONS }: LearnOptions): Profile => {
  const groups = new Map<string, { names: string[]; args: readonly Comparison[] }>();
  for (const call of calls) {
    if (call.name === undefined) continue;
    for (const args of conditionsOf(call, combinations)) {
      const key = args.map(({ index, op, value, valueTwo }) => `${index} ${op} ${value} ${valueTwo}`).join(",");
      const group = groups.get(key) ?? { names: [], args };
      groups.set(key, group);
      if (!group.names.includes(call.name)) group.names.push(call.name);
    }
  }
  // A call that is allowed outright at one ABI needs no rule with conditions for another.
  const outright = new Set(groups.get("")?.names ?? []);
  const rules = [...groups.values()].flatMap(({ names, args }): readonly Rule[] => {
    const wanted = args.length === 0 ? names : names.filter((name) => !outright.has(name));
    return wanted.length === 0 ? [] : [{ names: wanted.sort(), action: ALLOW, args, places: wanted.map(() => nowhere), place: nowhere }];
  });
  const seen = (Object.keys(abis) as (keyof typeof abis)[]).filter((abi) => calls.some((call) => call.abi === abi));
  return {
    source: new Source("learned", ""),
    defaultAction: otherwise,
    abis: [x64, ...seen.map((abi) => abis[abi] as Abi).filter((abi) => abi !== x64)],
    rules,
    warnings: [],
  };
};

const sharesOf = (diagram: Diagram, seen: readonly Abi[]): Learned["passes"] => {
  const counts = { always: 0, sometimes: 0, never: 0 };
  let all = 0;
  for (const abi of seen) {
    for (const number of syscallsOf(abi).keys()) {
      const { nodes, root } = diagram.effects().restrict({ arch: abi.auditArch, sys_number: number });
      const values = nodes.reachable(root).flatMap((node) => (nodes.isTerminal(node) ? [isPassing(nodes.value(node))] : []));
      counts[values.every(Boolean) ? "always" : values.some(Boolean) ? "sometimes" : "never"]++;
      all++;
    }
  }
  const share = (n: number): number => (all === 0 ? 0 : n / all);
  return { always: share(counts.always), sometimes: share(counts.sometimes), never: share(counts.never) };
};

/** True if every observed call passes: with each combination of the kept arguments, and zeros elsewhere. */
export const lets = (diagram: Diagram, call: ObservedCall): boolean => {
  const effects = diagram.effects();
  const arch = abis[call.abi].auditArch;
  return (call.values ?? []).concat(call.values?.length ? [] : [[]]).every((list) => {
    const args = new Uint32Array(12);
    for (const [i, value] of list.entries()) {
      const index = call.kept[i]?.index as number;
      args[2 * index] = Number(value & 0xffff_ffffn);
      args[2 * index + 1] = Number(value >> 32n);
    }
    const value = effects.valueOf({ nr: call.number | 0, arch, ipLo: 0, ipHi: 0, args });
    return typeof value === "number" && isPassing(value);
  });
};

const someOptions = optionsOf<LearnOptions>({
  otherwise: optional(aValue),
  combinations: optional(wholeNumber(0, 1000)),
  base: optional(aMeaning),
});

/**
 * Proposes the least policy: observed calls pass, others do not. Arguments count where they are one of a few
 * values by declaration (families, flags, commands), never pointers, sizes or descriptors.
 *
 * @example
 * const { profile, passes } = learn(seen);
 * console.log(writeProfile(profile, "oci"), passes.never);
 */
export const learn = takes(
  "learn",
  { observed: instanceOf("an Observed", () => Observed), options: optional(someOptions), nodes: optional(someNodes) },
  (observed: Observed, options: LearnOptions = {}, nodes?: Nodes): Learned => {
    const { base } = options;
    const all = observed.calls;
    const added = base ? all.filter((call) => !lets(base.diagram, call)) : all;
    const profile = profileOf(added, options);
    const own = compileProfile(profile, "kernel", base?.diagram.nodes ?? nodes).diagram;
    const diagram = base ? merge("union", [base.diagram, own]) : own;
    const missing = all.find((call) => call.name !== undefined && !lets(diagram, call));
    if (missing) throw new Error(`the learned policy does not let ${missing.abi}.${missing.name} pass`);
    const seen = profile.abis.filter((abi) => all.some((call) => call.abi === abi.name));
    return { profile, diagram, added, rare: added.filter(({ count }) => count === 1), passes: sharesOf(diagram, seen) };
  },
);
