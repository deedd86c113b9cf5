// Changes of a policy that let one call pass, the smallest first. Each is made, compiled and compared: it is
// offered only if the call passes, together with everything else that passes then.
import { i386, x32 } from "../../abi/abi.ts";
import { Problem } from "../../problem.ts";
import { type Diagram, type Node, returnValue, select, upstream, type Word, Words } from "../../seccomp/index.ts";
import { type ArgIndex, arg } from "../arg.ts";
import type { Meaningful } from "../explain/matching.ts";
import { numberText } from "../explain/predicate-text.ts";
import { jsonText } from "../formats/oci-writer.ts";
import type { Policy } from "../formats/read.ts";
import { compileSystemd } from "../formats/systemd/compile.ts";
import { readSystemd } from "../formats/systemd/systemd.ts";
import { Source } from "../input/source.ts";
import { compileProfile, type ProfileMode } from "../mode.ts";
import { allow, TypedPolicy } from "../policy.ts";
import type { Comparison, Profile, Rule } from "../profile.ts";
import { type Lets, letsOf, newlyPassing } from "./newly-passing.ts";
import { argumentOf, choices, isPassing, type QueriedCall, sizeOf, testedBits } from "./queried-call.ts";

/** A change that lets the call pass. */
export interface Change {
  /** The change in the policy's language. */
  readonly edit: string;
  /** Every call that passes then and did not before: the call is among them. */
  readonly lets: readonly Lets[];
  /** The share of all calls that it affects, from 0 to 1. */
  readonly size: number;
}

/** Bits of arguments that must be as the call has them. */
type Bits = ReadonlyMap<number, bigint>;
const ALL = (1n << 64n) - 1n;
const ALLOW = returnValue(upstream.returns, "allow") as number;

const passes = (diagram: Diagram, { data }: QueriedCall): boolean => {
  const value = diagram.effects().valueOf(data);
  return typeof value === "number" && isPassing(value);
};

/** From the closest to the widest. */
const widths = (diagram: Diagram, asked: QueriedCall): readonly Bits[] => {
  const [named, tested] = [choices(asked), testedBits(diagram, asked)];
  const both = new Map(named);
  for (const [i, mask] of tested) both.set(i, mask | (both.get(i) ?? 0n));
  return [both, tested, new Map<number, bigint>()];
};
const comparisons = (bits: Bits, { data }: QueriedCall): readonly Comparison[] =>
  [...bits].map(([index, mask]): Comparison => {
    const value = argumentOf(data, index) & mask;
    const at = index as Comparison["index"];
    return mask === ALL ? { index: at, op: "EQ", value, valueTwo: 0n } : { index: at, op: "MASKED_EQ", value: mask, valueTwo: value };
  });
const bitsText = (bits: Bits, { data }: QueriedCall): string =>
  [...bits]
    .map(([i, mask]) => {
      const value = numberText(argumentOf(data, i) & mask);
      if (mask === ALL) return `arg${i} == ${value}`;
      return mask === 0xffff_ffffn ? `(u32) arg${i} == ${value}` : `arg${i} & ${numberText(mask)} == ${value}`;
    })
    .join(" and ");

interface Candidate {
  readonly edit: string;
  readonly diagram: Diagram;
}

/** Container profiles and Firecracker's: one rule more, one name less, one architecture more. */
const ofProfile = (profile: Profile, mode: ProfileMode, policy: Policy, asked: QueriedCall): readonly Candidate[] => {
  const { name, abi } = asked;
  if (name === undefined) return [];
  const known = profile.abis.includes(abi) || (profile.abis.length === 0 && abi !== i386 && abi !== x32);
  const architecture = abi === i386 ? "SCMP_ARCH_X86" : abi === x32 ? "SCMP_ARCH_X32" : "SCMP_ARCH_X86_64";
  const base: Profile = known ? profile : { ...profile, abis: [...profile.abis, abi] };
  const first = known ? "" : `${JSON.stringify(architecture)} among the architectures`;
  const compile = (changed: Profile): Diagram => compileProfile(changed, mode, policy.diagram.nodes).diagram;
  const candidates: (() => Candidate)[] = [];
  if (!known) candidates.push(() => ({ edit: first, diagram: compile(base) }));
  const matching = base.rules.filter(({ names, action }) => names.includes(name) && !isPassing(action));
  if (matching.length > 0) {
    const rules = base.rules.map((rule) =>
      matching.includes(rule) ? { ...rule, names: rule.names.filter((other) => other !== name) } : rule,
    );
    const line = policy.source.lineOf((matching[0] as Rule).place.from);
    candidates.push(() => ({
      edit: `${name} no longer among the names of the rule at line ${line}`,
      diagram: compile({ ...base, rules }),
    }));
  }
  for (const bits of widths(policy.diagram, asked)) {
    const args = comparisons(bits, asked);
    const rule: Rule = { names: [name], action: ALLOW, args, places: [], place: { from: 0, to: 0 } };
    const json = jsonText({
      names: [name],
      action: "SCMP_ACT_ALLOW",
      ...(args.length > 0
        ? {
            args: args.map(({ index, value, valueTwo, op }) => ({
              index,
              value,
              ...(op === "MASKED_EQ" ? { valueTwo } : {}),
              op: `SCMP_CMP_${op}`,
            })),
          }
        : {}),
    }).replace(/\s*\n\s*/g, " ");
    const edit = `${first === "" ? "" : `${first}, and `}${json}`;
    candidates.push(() => ({ edit, diagram: compile({ ...base, rules: [...base.rules, rule] }) }));
  }
  return candidates.flatMap((make) => {
    try {
      return [make()];
    } catch (error) {
      // Two rules for the same call that libseccomp does not take together.
      if (error instanceof Problem) return [];
      throw error;
    }
  });
};

/** systemd's lines, with one or two more below. */
const ofSystemd = ({ source, diagram }: Policy, { name, abi }: QueriedCall): readonly Candidate[] => {
  if (name === undefined) return [];
  const architecture = `SystemCallArchitectures=${abi === i386 ? "x86" : abi === x32 ? "x32" : "x86-64"}`;
  const last = [...source.text.matchAll(/^[ \t]*SystemCall\w+[ \t]*=(?:.*\\\r?\n)*.*(?:\r?\n|$)/gm)].at(-1);
  const at = last ? last.index + last[0].length : source.text.length;
  const { architectures } = readSystemd(source);
  const call = `SystemCallFilter=${name}`;
  return (architectures?.includes(abi) === false ? [[architecture], [architecture, call]] : [[call]]).map((lines) => {
    const text = `${source.text.slice(0, at).replace(/\n?$/, "\n")}${lines.join("\n")}\n${source.text.slice(at)}`;
    const changed = compileSystemd(readSystemd(new Source(source.name, text)), diagram.nodes);
    return { edit: lines.join(", and "), diagram: changed };
  });
};

/** Filters that no text of ours describes: the condition itself. */
const ofMeaning = (diagram: Diagram, asked: QueriedCall, edit: (bits: Bits) => string | undefined): readonly Candidate[] => {
  const { nodes, root } = diagram;
  const { abi, number } = asked;
  const words = new Words(nodes);
  return widths(diagram, asked).flatMap((bits): readonly Candidate[] => {
    const text = edit(bits);
    if (text === undefined) return [];
    const arguments_ = [...bits].reduce<Node>((sofar, [i, mask]) => {
      const halves = [
        [`args[${i as 0}].hi`, 32n],
        [`args[${i as 0}].lo`, 0n],
      ] as const;
      return halves.reduce<Node>((all, [word, shift]) => {
        const half = Number((mask >> shift) & 0xffff_ffffn);
        const value = Number((argumentOf(asked.data, i) >> shift) & BigInt(half));
        return half === 0
          ? all
          : nodes.and(all, words.equal(words.and(words.input(word satisfies Word), words.constant(half)), words.constant(value)));
      }, sofar);
    }, 1);
    const call = select(nodes, "arch", new Map([[abi.auditArch, select(nodes, "sys_number", new Map([[number, arguments_]]), 0)]]), 0);
    return [{ edit: text, diagram: diagram.with(nodes.choose(call, nodes.terminal(ALLOW), root)) }];
  });
};

const ofTyped = (policy: TypedPolicy, asked: QueriedCall): readonly Candidate[] => {
  const name = asked.name as Parameters<TypedPolicy["allow"]>[0] & string;
  const without = policy.arch.includes(asked.abi.name)
    ? ""
    : `arch: [${[...policy.arch, asked.abi.name].map((each) => JSON.stringify(each)).join(", ")}], and `;
  const base = without === "" ? policy : policy.withArch(asked.abi.name);
  return widths(policy.diagram, asked).flatMap((bits) => {
    const list = [...bits].map(([i, mask]) => {
      const value = argumentOf(asked.data, i) & mask;
      const whole = mask === ALL || mask === 0xffff_ffffn;
      const index = i as ArgIndex;
      return whole
        ? { text: `arg(${i}).eq(${numberText(value)})`, condition: arg(index).eq(value) }
        : { text: `arg(${i}).masked(${numberText(mask)}, ${numberText(value)})`, condition: arg(index).masked(mask, value) };
    });
    const clauses = [name, ...list.map(({ condition }) => condition)] as const;
    const edit = `.allow(${[JSON.stringify(name), ...list.map(({ text }) => text)].join(", ")})`;
    return [
      { edit: `${without}${edit}`, diagram: base.allow(...clauses).diagram },
      { edit: `${without}${edit} before the other rules`, diagram: base.first(allow, ...clauses).diagram },
    ];
  });
};

const isPolicy = (policy: Meaningful): policy is Policy => "source" in policy && "format" in policy;

const candidatesOf = (policy: Meaningful, asked: QueriedCall): readonly Candidate[] => {
  if (policy instanceof TypedPolicy) return asked.name === undefined ? [] : ofTyped(policy, asked);
  const call = `${asked.abi.name}.${asked.name ?? asked.number}`;
  const plain = (bits: Bits): string => `allow ${call}${bits.size > 0 ? ` if ${bitsText(bits, asked)}` : ""}`;
  if (!isPolicy(policy)) return ofMeaning(policy.diagram, asked, plain);
  const { profile, format, mode } = policy;
  if (profile) return ofProfile(profile, format === "firecracker" ? "kernel" : ((mode ?? "runc") as ProfileMode), policy, asked);
  if (format === "systemd") return ofSystemd(policy, asked);
  if (format !== "minijail") return ofMeaning(policy.diagram, asked, plain);
  // The language has no cast; its rules are about x86-64 alone.
  return ofMeaning(policy.diagram, asked, (bits) => {
    if (asked.name === undefined || asked.abi.name !== "x64") return undefined;
    const terms = [...bits].map(([i, mask]) => (mask === ALL ? `arg${i} == ${numberText(argumentOf(asked.data, i))}` : undefined));
    return terms.includes(undefined) ? undefined : `${asked.name}: ${terms.length > 0 ? terms.join(" && ") : "allow"}`;
  });
};

/** At most so many. */
const MOST = 3;

/** Changes that let the call pass, the smallest first; none of them lets the same pass as another. */
export const changesOf = (policy: Meaningful, asked: QueriedCall): readonly Change[] => {
  const made = candidatesOf(policy, asked)
    .filter(({ diagram }) => passes(diagram, asked))
    .map(({ edit, diagram }): Change & { readonly node: Node } => {
      const { diagram: shared, node } = newlyPassing(policy.diagram, diagram);
      return { edit, lets: letsOf(shared, node), size: sizeOf(shared, node), node };
    });
  const different = made.filter(({ node }, i) => made.findIndex((other) => other.node === node) === i);
  return different
    .sort((a, b) => a.size - b.size || a.edit.length - b.edit.length)
    .slice(0, MOST)
    .map(({ node: _, ...change }) => change);
};
