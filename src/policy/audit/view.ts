// A policy's meaning as an audit asks it: for each call of each ABI the condition on its arguments under
// which it passes.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { type Argument, argumentsOf } from "../../abi/signatures.ts";
import { syscallsOf } from "../../abi/syscall-number.ts";
import {
  type Diagram,
  FALSE,
  fieldOf,
  isUndecided,
  knownWitness,
  levelOf,
  type Node,
  type Nodes,
  type SyscallData,
  TRUE,
  Words,
  witness,
} from "../../seccomp/index.ts";
import { callText, valueText } from "../explain/value-text.ts";
import { nameOf, numberOf } from "../names.ts";
import { isPassing } from "../why/queried-call.ts";
import type { Shown } from "./finding.ts";

/** A filter as the audit reads it: its diagram, and questions about single calls. */
export class View {
  readonly diagram: Diagram;
  readonly nodes: Nodes;
  readonly #passing: Node;
  readonly #known = new Map<string, Node>();

  constructor(policy: Diagram) {
    this.diagram = policy.effects();
    this.nodes = policy.nodes;
    this.#passing = this.nodes.map(this.diagram.root, (value) => (!isUndecided(value) && isPassing(value) ? 1 : 0));
  }

  /** The arguments with which a number passes. */
  passingNumber(number: number, abi: Abi): Node {
    const key = `${abi.name} ${number}`;
    let node = this.#known.get(key);
    if (node === undefined) {
      const fixed = { arch: abi.auditArch, sys_number: number } as const;
      this.#known.set(key, (node = this.diagram.with(this.#passing).restrict(fixed).root));
    }
    return node;
  }
  /** The condition under which a call passes, by name; undefined: the ABI does not have it. */
  passing(name: string, abi: Abi): Node | undefined {
    const number = numberOf(name, abi);
    return number === undefined ? undefined : this.passingNumber(number, abi);
  }
  /** It passes with no arguments. */
  denies(name: string, abi: Abi): boolean {
    return this.passing(name, abi) === FALSE;
  }
  /** It does not pass with some arguments. */
  restricts(name: string, abi: Abi): boolean {
    const node = this.passing(name, abi);
    return node !== undefined && node !== TRUE;
  }
  /** It passes with some arguments. */
  lets(name: string, abi: Abi): boolean {
    const node = this.passing(name, abi);
    return node !== undefined && node !== FALSE;
  }

  /** Where an argument's upper half is 0. */
  withoutUpper(node: Node, index: number): Node {
    return this.withUpper(node, index, 0);
  }
  withoutUppers(node: Node): Node {
    return [0, 1, 2, 3, 4, 5].reduce((sofar, i) => this.withoutUpper(sofar, i), node);
  }
  /** True if a condition depends on an argument's half. */
  dependsOn(node: Node, index: number, half: "hi" | "lo"): boolean {
    const level = levelOf(`args[${index as 0}].${half}`);
    return this.nodes
      .reachable(node)
      .some((each) => !this.nodes.isTerminal(each) && this.nodes.level(each) >= level && this.nodes.level(each) < level + 32);
  }

  /** A call for which a condition on its arguments holds; undefined: it never holds. */
  shown(condition: Node, number: number, abi: Abi): Shown | undefined {
    const found = witness(this.nodes, condition);
    if (!found) return undefined;
    const data = { ...found, nr: number | 0, arch: abi.auditArch };
    const friendly = withArguments(data, nameOf(number, abi) ?? "");
    return this.show(friendly && this.diagram.with(condition).valueOf(friendly) === 1 ? friendly : data);
  }
  show(data: SyscallData): Shown {
    const value = this.diagram.valueOf(data);
    return { call: callText(data), verdict: typeof value === "number" ? valueText(value) : "not decided", data };
  }
  /** A call that does not pass. */
  shownDenied(name: string, abi: Abi): Shown | undefined {
    const node = this.passing(name, abi);
    return node === undefined ? undefined : this.shown(this.nodes.not(node), numberOf(name, abi) as number, abi);
  }
  shownPassing(name: string, abi: Abi): Shown | undefined {
    const node = this.passing(name, abi);
    return node === undefined ? undefined : this.shown(node, numberOf(name, abi) as number, abi);
  }
  /** Any call for which a condition holds and to which a door leads; a named one where there is one. */
  anyCall(condition: Node): Shown | undefined {
    const known = [x64, i386, x32].map((abi) => ({ arch: abi.auditArch, numbers: syscallsOf(abi).keys() }));
    const found = knownWitness(this.nodes, condition, known);
    return found && known.some(({ arch }) => arch === found.arch) ? this.show(found) : undefined;
  }
  /** The lower half of an argument is a number. */
  isLow(index: number, value: number): Node {
    const words = new Words(this.nodes);
    return words.equal(words.input(`args[${index as 0}].lo`), words.constant(value));
  }
  /** An argument's lower half is negative as an int. */
  isNegative(index: number): Node {
    const words = new Words(this.nodes);
    return words.atLeast(words.input(`args[${index as 0}].lo`), words.constant(0x8000_0000));
  }
  /** Where an argument's upper half is a value. */
  withUpper(node: Node, index: number, value: 0 | 1 | 0xffff_ffff): Node {
    const { level } = fieldOf(index as 0);
    return this.nodes.restrict(node, (at) =>
      at >= level && at < level + 32 ? (((value >>> (31 - (at - level))) & 1) as 0 | 1) : undefined,
    );
  }
  /** All these bits of the lower half are set. */
  hasBits(index: number, bits: bigint): Node {
    const words = new Words(this.nodes);
    const mask = words.constant(Number(bits));
    return words.equal(words.and(words.input(`args[${index as 0}].lo`), mask), mask);
  }
  dependsOnIp(node: Node): boolean {
    const { level } = fieldOf("ip");
    return this.nodes
      .reachable(node)
      .some((each) => !this.nodes.isTerminal(each) && this.nodes.level(each) >= level && this.nodes.level(each) < level + 64);
  }
  /** True if calls of an ABI that no rule names pass: a deny-list. */
  letsUnknown(abi: Abi): boolean {
    const number = abi === x32 ? 0x4000_0000 + UNKNOWN : UNKNOWN;
    return this.passingNumber(number, abi) === TRUE;
  }
}
/** Arguments with which a call does something, where the condition leaves them free. */
const FRIENDLY: Readonly<Record<string, readonly (readonly [index: number, value: number])[]>> = {
  socket: [[1, 1]],
  socketpair: [[1, 1]],
  unshare: [[0, 0x0400_0000]],
};
const withArguments = (data: SyscallData, name: string): SyscallData | undefined => {
  const wanted = FRIENDLY[name];
  if (!wanted) return undefined;
  const args = data.args.slice();
  for (const [index, value] of wanted) if (args[2 * index] === 0) args[2 * index] = value;
  return { ...data, args };
};
/** No kernel has a call of this number. */
export const UNKNOWN = 1000;

/** The parameters of a call. Empty: they are not known. */
export const argumentTypes = (name: string): readonly Argument[] => argumentsOf(name) ?? [];
export { i386, x32, x64 };
