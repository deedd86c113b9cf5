// Rules of a profile with the meaning of a filter, as far as rules by name can express it.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { aDiagram } from "../../seccomp/diagram/diagram.ts";
import { compare, type Diagram, type Difference, FALSE, isUndecided, maskedArguments, type Node } from "../../seccomp/index.ts";
import { takes } from "../../wants.ts";
import { Source } from "../input/source.ts";
import { compileProfile } from "../mode.ts";
import { knownNames, numberOf } from "../names.ts";
import type { Comparison, Profile, Rule } from "../profile.ts";

/** No kernel has a call of this number. */
const UNKNOWN = 1000;
const MOST_RULES = 24;
const ALL = (1n << 64n) - 1n;
const nowhere = { from: 0, to: 0 };

const valueAt = (diagram: Diagram, arch: number, number: number): number | undefined => {
  const { nodes, root } = diagram.restrict({ arch, sys_number: number });
  return nodes.isTerminal(root) && !isUndecided(nodes.value(root)) ? nodes.value(root) : undefined;
};

const comparisonOf = ({ index, mask, value }: { index: Comparison["index"]; mask: bigint; value: bigint }): Comparison =>
  mask === ALL ? { index, op: "EQ", value, valueTwo: 0n } : { index, op: "MASKED_EQ", value: mask, valueTwo: value };

interface NamedRule {
  readonly action: number;
  readonly args: readonly Comparison[];
}
/** The rules of one call beside the default. Undefined if there would be too many. */
const rulesOf = (diagram: Diagram, node: Node, byDefault: number): readonly NamedRule[] => {
  const { nodes } = diagram;
  const values = new Set(nodes.reachable(node).flatMap((each) => (nodes.isTerminal(each) ? [nodes.value(each)] : [])));
  values.delete(byDefault);
  return [...values].flatMap((value): readonly NamedRule[] => {
    if (isUndecided(value)) return [];
    const where = nodes.map(node, (each) => (each === value ? 1 : 0));
    return (maskedArguments(nodes, where, MOST_RULES) ?? []).map((parts) => ({ action: value, args: parts.map(comparisonOf) }));
  });
};

/** Rules with the meaning of a filter, and their difference from it. */
export interface WrittenProfile {
  readonly profile: Profile;
  /** The difference between the filter and the rules, compiled without a runtime's own additions. */
  readonly difference: Difference;
}

/**
 * Names are one for all ABIs: where these differ, x86-64's rules are written.
 *
 * @example
 * const { profile, difference } = profileOfMeaning(policy.diagram);
 * if (difference.verdict === "equal") console.log(writeProfile(profile, "oci"));
 */
export const profileOfMeaning = takes("profileOfMeaning", { diagram: aDiagram }, (policy: Diagram): WrittenProfile => {
  const diagram = policy.effects();
  const KILL_THREAD = 0;
  const refused = (abi: Abi): boolean => {
    const value = valueAt(diagram, abi.auditArch, abi === x32 ? 0x4000_0000 + UNKNOWN : UNKNOWN);
    const first = valueAt(diagram, abi.auditArch, abi === x32 ? 0x4000_0000 : 3);
    return value !== undefined && value === first && (value === KILL_THREAD || value === 0x8000_0000);
  };
  const abis = [x64, ...[i386, x32].filter((abi) => !refused(abi))];
  const byDefault = valueAt(diagram, x64.auditArch, UNKNOWN) ?? KILL_THREAD;
  const groups = new Map<string, { names: string[]; rule: NamedRule }>();
  for (const name of [...new Set(knownNames())].sort()) {
    const abi = abis.find((each) => numberOf(name, each) !== undefined);
    if (!abi) continue;
    const node = diagram.restrict({ arch: abi.auditArch, sys_number: numberOf(name, abi) as number }).root;
    if (node === FALSE && byDefault === 0) continue;
    for (const rule of rulesOf(diagram, node, byDefault)) {
      const key = JSON.stringify([rule.action, rule.args.map(({ index, op, value, valueTwo }) => `${index}${op}${value}${valueTwo}`)]);
      const group = groups.get(key) ?? { names: [], rule };
      groups.set(key, group);
      group.names.push(name);
    }
  }
  const rules = [...groups.values()].map(({ names, rule }): Rule => ({ names, ...rule, places: names.map(() => nowhere), place: nowhere }));
  const profile: Profile = { source: new Source("profile", ""), defaultAction: byDefault, abis, rules, warnings: [] };
  return { profile, difference: compare(policy, compileProfile(profile, "kernel", policy.nodes).diagram) };
});
