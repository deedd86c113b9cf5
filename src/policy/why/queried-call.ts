// The call of a question, the parts of it that a filter tests, and their values in the call.
import { type Abi, x64 } from "../../abi/abi.ts";
import { type Argument, argumentsOf } from "../../abi/signatures.ts";
import {
  actionOf,
  type Condition,
  casesOf,
  type Diagram,
  fieldOf,
  holds,
  isUndecided,
  type Node,
  type SyscallData,
  upstream,
} from "../../seccomp/index.ts";
import { conditionText, numberText } from "../explain/predicate-text.ts";
import { namerOf } from "../explain/value-names.ts";
import { abiOf, nameOf } from "../names.ts";

/** A call as a filter sees it, with the names of ABI and call. */
export interface QueriedCall {
  readonly data: SyscallData;
  readonly abi: Abi;
  /** Unsigned, as filters see it. */
  readonly number: number;
  readonly name: string | undefined;
}
/** Finds the names of a call. */
export const askedOf = (data: SyscallData): QueriedCall => {
  const abi = abiOf(data.arch, data.nr) ?? x64;
  return { data, abi, number: data.nr >>> 0, name: nameOf(data.nr >>> 0, abi) };
};
/** Argument `i` of a call in 64 bits. */
export const argumentOf = ({ args }: SyscallData, i: number): bigint =>
  (BigInt(args[2 * i + 1] as number) << 32n) | BigInt(args[2 * i] as number);

/** True if a return value lets the call be executed: ALLOW and LOG. */
export const isPassing = (value: number): boolean => {
  const action = actionOf(upstream.returns, value);
  return action === "allow" || action === "log";
};

/** A condition on the call, and whether this call fulfils it. */
export interface Tested {
  /** `arg0 & 0x7e020000 == 0` */
  readonly text: string;
  /** The call's value there: `0x10000000`, or its name. */
  readonly value: string;
  /** Undefined: the condition is too large for words. */
  readonly holds: boolean | undefined;
}
/** One way to a verdict: all conditions hold together. */
export interface Way {
  readonly value: number;
  /** Empty: otherwise. */
  readonly tested: readonly Tested[];
}

const part = ({ subject, part: which }: Condition, data: SyscallData): bigint => {
  const whole = subject === "ip" ? (BigInt(data.ipHi) << 32n) | BigInt(data.ipLo) : argumentOf(data, subject);
  return which === "whole" ? whole : which === "high" ? whole >> 32n : whole & 0xffff_ffffn;
};
const tested = (condition: Condition, { data, name }: QueriedCall): Tested => {
  const { predicate, subject } = condition;
  const namer = namerOf(name ?? "");
  const value = part(condition, data);
  const mask = predicate.kind === "ranges" && predicate.mask !== -1n ? predicate.mask : -1n;
  const shown = mask === -1n ? value : value & mask;
  return {
    text: conditionText(condition, namer),
    value: namer?.(subject, shown) ?? numberText(shown),
    holds: predicate.kind === "nodes" ? undefined : holds(predicate, value),
  };
};

/** Every way to every verdict of the call's number, the last one "otherwise". */
export const waysOf = (diagram: Diagram, asked: QueriedCall): readonly Way[] => {
  const { nodes, root } = restricted(diagram, asked);
  return casesOf(nodes, root, (value) => value | 0).cases.flatMap(({ value, when }): readonly Way[] =>
    when.length === 0 ? [{ value, tested: [] }] : when.map((all) => ({ value, tested: all.map((condition) => tested(condition, asked)) })),
  );
};
const restricted = (diagram: Diagram, { abi, number }: QueriedCall): Diagram =>
  diagram.effects().restrict({ arch: abi.auditArch, sys_number: number });

/** The bits of each argument that decide about this number. */
export const testedBits = (diagram: Diagram, asked: QueriedCall): ReadonlyMap<number, bigint> => {
  const { nodes, root } = restricted(diagram, asked);
  const masks = new Map<number, bigint>();
  for (const node of nodes.reachable(root)) {
    if (nodes.isTerminal(node)) continue;
    const level = nodes.level(node);
    for (const i of [0, 1, 2, 3, 4, 5] as const) {
      const first = fieldOf(i).level;
      if (level >= first && level < first + 64) masks.set(i, (masks.get(i) ?? 0n) | (1n << BigInt(63 - (level - first))));
    }
  }
  return masks;
};

/** Names of arguments that are one of a few values, rather than a number, a size or a descriptor. */
const CHOICE =
  /^(domain|family|type|protocol|cmd|op|option|request|how|which|level|optname|whence|behavior|advice|resource|code|clone_flags|flags|unshare_flags|nstype|prot)$/;
const widths: Readonly<Record<Argument["type"], bigint>> = { int: 0xffff_ffffn, uint: 0xffff_ffffn, long: (1n << 64n) - 1n, pointer: 0n };
/** Arguments of this call that are one of a few values, with the bits that the kernel looks at. */
export const choices = ({ name, abi }: QueriedCall): ReadonlyMap<number, bigint> =>
  new Map(
    (argumentsOf(name ?? "") ?? []).flatMap(({ name: argument, type }, i): readonly (readonly [number, bigint])[] =>
      CHOICE.test(argument) && type !== "pointer" ? [[i, abi === x64 ? widths[type] : 0xffff_ffffn]] : [],
    ),
  );

/** The share of all calls that a condition covers, from 0 to 1: a measure of changes. */
export const sizeOf = (diagram: Diagram, condition: Node): number => {
  const { nodes } = diagram;
  const known = new Map<Node, number>();
  const go = (node: Node): number => {
    if (nodes.isTerminal(node)) return nodes.value(node) === 0 || isUndecided(nodes.value(node)) ? 0 : 1;
    let size = known.get(node);
    if (size === undefined) known.set(node, (size = (go(nodes.low(node)) + go(nodes.high(node))) / 2));
    return size;
  };
  return go(condition);
};
