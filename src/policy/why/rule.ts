// The rule of a policy that decides about a call, with its place in the text.
import { i386, x64 } from "../../abi/abi.ts";
import type { Diagram } from "../../seccomp/index.ts";
import { valueText } from "../explain/value-text.ts";
import type { Policy } from "../formats/read.ts";
import type { Place } from "../input/source.ts";
import { ruleNames } from "../meaning.ts";
import { compileProfile } from "../mode.ts";
import type { Comparison, Rule } from "../profile.ts";
import { argumentOf, type QueriedCall } from "./queried-call.ts";

/** A line of the policy's file. */
export interface DecidingRule {
  /** The kind of rule: `the rule for socket`, `the default action`. */
  readonly what: string;
  /** Line and column, 1-based; undefined where the text has no such place. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** The line's text. */
  readonly text: string | undefined;
}

const ALL = (1n << 64n) - 1n;
const compared = ({ op, value, valueTwo }: Comparison, x: bigint): boolean => {
  const tests: Readonly<Record<Comparison["op"], () => boolean>> = {
    EQ: () => x === value,
    NE: () => x !== value,
    LT: () => x < value,
    LE: () => x <= value,
    GT: () => x > value,
    GE: () => x >= value,
    MASKED_EQ: () => (x & value) === (valueTwo & value),
  };
  return tests[op]();
};

const at = (policy: Policy, what: string, place: Place | undefined): DecidingRule => {
  if (!place) return { what, line: undefined, column: undefined, text: undefined };
  const { source } = policy;
  const start = source.text.lastIndexOf("\n", place.from - 1) + 1;
  const stop = source.text.indexOf("\n", place.from);
  const text = source.text.slice(start, stop < 0 ? undefined : stop);
  return { what, line: source.lineOf(place.from), column: place.from - start + 1, text: text.trim() };
};

const search = ({ source }: Policy, pattern: RegExp): Place | undefined => {
  const found = pattern.exec(source.text);
  return found ? { from: found.index, to: found.index + found[0].length } : undefined;
};

/** Rules of a profile that speak of a call. */
const rulesAbout = ({ profile }: Policy, { number, abi, data }: QueriedCall): readonly Rule[] => {
  const names = ruleNames(number, abi, argumentOf(data, 0));
  return (profile?.rules ?? []).filter((rule) => rule.names.some((each) => names.includes(each)));
};
/** The rule of a profile whose conditions hold and whose action the call gets. Undefined: the default. */
export const matchingRule = (policy: Policy, asked: QueriedCall): Rule | undefined => {
  const { abi, data } = asked;
  const { diagram, profile } = policy;
  if (profile && !profile.abis.includes(abi) && (profile.abis.length > 0 || abi === i386)) return undefined;
  const value = diagram.effects().valueOf(data);
  const wide = abi.name === "x64" ? ALL : 0xffff_ffffn;
  const matching = rulesAbout(policy, asked).filter(({ args }) =>
    args.every((c) => compared({ ...c, value: c.value & wide, valueTwo: c.valueTwo & wide }, argumentOf(data, c.index) & wide)),
  );
  return matching.find(({ action }) => action === value);
};

const ofProfile = (policy: Policy, diagram: Diagram, asked: QueriedCall): DecidingRule => {
  const { profile } = policy;
  const { abi, number, name, data } = asked;
  const names = ruleNames(number, abi, argumentOf(data, 0));
  const value = diagram.effects().valueOf(data);
  const rules = rulesAbout(policy, asked);
  const rule = matchingRule(policy, asked);
  const placeOf = (found: Rule): Place => found.places[found.names.findIndex((each) => names.includes(each))] ?? found.place;
  if (rule) return at(policy, `the rule for ${name ?? number}`, placeOf(rule));
  if (profile && !profile.abis.includes(abi) && (profile.abis.length > 0 || abi === i386)) {
    return at(policy, `calls of ${abi.name} are none of the profile's architectures`, search(policy, /architectures|archMap/));
  }
  if (profile && policy.mode !== "kernel" && value !== compileProfile(profile, "kernel", diagram.nodes).diagram.effects().valueOf(data)) {
    return at(policy, `${policy.mode ?? "runc"} answers so for numbers above the largest one that the profile names`, undefined);
  }
  const near = rules[0];
  const what = near ? "the default action, as no rule's conditions hold" : "the default action, as no rule names the call";
  return at(policy, what, near ? placeOf(near) : search(policy, /defaultAction|default_action/));
};

/**
 * Undefined: the filter is a program, whose path says more. `returned`: the instruction that returned the
 * verdict.
 */
export const decidingRule = (policy: Policy, asked: QueriedCall, returned: number | undefined): DecidingRule | undefined => {
  const { format, diagram, places } = policy;
  if (policy.profile) return ofProfile(policy, diagram, asked);
  if (policy.program) {
    const place = returned === undefined ? undefined : places.ofInstruction?.(returned);
    return place && at(policy, "the statement that returns it", place);
  }
  if (asked.abi !== x64 && (format === "minijail" || format === "kafel"))
    return at(policy, "the policy is about calls of x86-64 alone", undefined);
  const [first] = places.ofCall?.(asked.number, asked.abi) ?? [];
  const value = diagram.effects().valueOf(asked.data);
  const verdict = typeof value === "number" ? valueText(value) : "not decided";
  if (first) return at(policy, `the rule for ${asked.name ?? asked.number}`, first);
  const defaults = {
    systemd: /^\s*SystemCallFilter\s*=.*/m,
    minijail: /^@default.*/m,
    kafel: /\bDEFAULT\b.*/,
    pfc: /# default action/,
  } as Partial<Record<string, RegExp>>;
  const pattern = defaults[format];
  return at(policy, `no rule names the call: ${verdict} is the default`, pattern && search(policy, pattern));
};
