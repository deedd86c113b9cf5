// The effect of libseccomp's rules as a diagram: its rule database (src/db.c), its filters for x86
// (src/arch-x86.c, src/syscalls.c, abi_rule_add()), and the order of its tests (src/gen_bpf.c), version 2.6.
import { type Abi, i386, X32_BIT, x32, x64 } from "../abi/abi.ts";
import { meaningRules, someNodes } from "../seccomp/diagram/wants.ts";
import {
  type Diagram,
  diagramOfRoot,
  FALSE,
  type MeaningRules,
  type Node,
  Nodes,
  select,
  TRUE,
  upstream,
  type Word,
  Words,
} from "../seccomp/index.ts";
import { aValue } from "../seccomp/wants.ts";
import { aFunction, aText, listOf, optional, shapeOf, takes } from "../wants.ts";
import { nameOf, numberOf } from "./names.ts";
import type { Comparison } from "./profile.ts";
import { comparisons, someAbis } from "./wants.ts";

/** One call with its conditions: the arguments of seccomp_rule_add(3). */
export interface Entry {
  readonly name: string;
  readonly action: number;
  readonly args: readonly Comparison[];
}
/** Rules as seccomp_rule_add(3) takes them, for one filter. */
export interface Ruleset {
  readonly defaultAction: number;
  /** SCMP_FLTATR_ACT_BADARCH */
  readonly badArch: number;
  readonly abis: readonly Abi[];
  readonly entries: readonly Entry[];
  /** Two rules with the same conditions ask for different actions: libseccomp refuses the second. */
  readonly onConflict: (entry: Entry) => void;
  /**
   * Several rules of one call, with !=, <, <=, > or >=: libseccomp merges their tests in a tree of halves, in
   * which one rule's test can end another's. Here each rule holds for itself.
   */
  readonly onInexact: (entry: Entry) => void;
}

/** Calls that i386 also has behind socketcall(2), by their code there. Linux uapi linux/net.h SYS_* */
const socketCodes: Readonly<Record<string, number>> = Object.fromEntries(
  [
    ..."socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt".split(" "),
    ..."getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg".split(" "),
  ].map((name, i) => [name, i + 1]),
);
/** … and behind ipc(2). Linux uapi linux/ipc.h */
const ipcCodes: Readonly<Record<string, number>> = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

/** The calls behind i386's multiplexers, with their codes. */
export const multiplexed = { socketcall: socketCodes, ipc: ipcCodes } as const;

/** Names under which rules speak of a call: of socketcall(2) and ipc(2) also the names of their codes. */
export const ruleNames = (number: number, abi: Abi, code: bigint): readonly string[] => {
  const name = nameOf(number, abi);
  const codes = name === "socketcall" ? socketCodes : name === "ipc" ? ipcCodes : {};
  const behind = abi === i386 ? Object.keys(codes).filter((each) => BigInt(codes[each] as number) === (code & LOW)) : [];
  return name === undefined ? behind : [name, ...behind];
};

/** True for calls with i386 numbers of libseccomp's own, which are negative. */
export const isMultiplexed = (name: string): boolean => Object.hasOwn(socketCodes, name) || Object.hasOwn(ipcCodes, name);

/** A rule of one ABI: a number, and conditions that all hold. */
interface Chain {
  readonly nr: number;
  readonly action: number;
  readonly args: readonly Comparison[];
}

/** The rules that an entry becomes at an ABI; the first argument of a multiplexer is its code. */
const chainsOf = ({ name, action, args }: Entry, abi: Abi): readonly Chain[] => {
  const chains: Chain[] = [];
  const code = socketCodes[name] ?? ipcCodes[name];
  if (abi === i386 && code !== undefined) {
    const nr = numberOf(name in socketCodes ? "socketcall" : "ipc", abi) as number;
    const others = args.filter(({ index }) => index !== 0);
    chains.push({ nr, action, args: [{ index: 0, op: "EQ", value: BigInt(code), valueTwo: 0n }, ...others] });
  }
  const nr = numberOf(name, abi);
  if (nr !== undefined) chains.push({ nr, action, args });
  return chains;
};

const LOW = 0xffff_ffffn;
const low = (n: bigint): number => Number(n & LOW);
const high = (n: bigint): number => Number((n >> 32n) & LOW);
const ALL = (1n << 64n) - 1n;
const maskOf = ({ op, value }: Comparison): bigint => (op === "MASKED_EQ" ? value : ALL);
const datumOf = ({ op, value, valueTwo }: Comparison): bigint => (op === "MASKED_EQ" ? valueTwo & value : value);
/** A comparison that says nothing is left out. */
const saysSomething = (comparison: Comparison, wide: boolean): boolean => (maskOf(comparison) & (wide ? ALL : LOW)) !== 0n;

/** One test of a chain as libseccomp orders them: struct db_arg_chain_tree. */
interface Test {
  readonly place: number;
  readonly kind: string;
  readonly priority: number;
  readonly op: Operator;
  readonly datum: number;
  readonly mask: number;
}
type Operator = Comparison["op"];
/** __db_chain_op_priority() */
const priorities: Readonly<Record<Operator, number>> = { MASKED_EQ: 3, EQ: 3, NE: 3, LE: 2, LT: 2, GE: 1, GT: 1 };
/** The operators after libseccomp's inversion of LT and LE. */
const turned: Readonly<Record<Operator, string>> = { NE: "EQ", LT: "GE", LE: "GT", EQ: "EQ", GE: "GE", GT: "GT", MASKED_EQ: "MASKED_EQ" };

const testsOf = (args: readonly Comparison[], wide: boolean): readonly Test[] =>
  args.flatMap((comparison) => {
    const { index, op } = comparison;
    const [mask, datum] = [maskOf(comparison), datumOf(comparison)];
    const make = (half: 0 | 1, kind: string): Test => ({
      place: 2 * index + half,
      kind,
      priority: priorities[op],
      op,
      mask: half ? high(mask) : low(mask),
      datum: half ? high(datum) : low(datum),
    });
    if (!wide) return [make(0, turned[op])];
    if (priorities[op] === 3) return [make(1, turned[op]), make(0, turned[op])];
    return [make(1, "GT"), make(1, "EQ"), make(0, turned[op])];
  });
const sameTest = (a: Test, b: Test): boolean => a.place === b.place && a.kind === b.kind && a.datum === b.datum && a.mask === b.mask;
/** _db_chain_lt() */
const before = (a: Test, b: Test): boolean => {
  if (a.place !== b.place) return a.place < b.place;
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.op === "LE" || a.op === "LT" ? a.datum > b.datum : a.datum < b.datum;
};
const sameComparison = (a: Comparison, b: Comparison | undefined): boolean =>
  b !== undefined && a.index === b.index && a.op === b.op && maskOf(a) === maskOf(b) && datumOf(a) === datumOf(b);
const startsWith = (args: readonly Comparison[], first: readonly Comparison[]): boolean =>
  first.every((comparison, i) => sameComparison(comparison, args[i]));
const isOpen = ({ op }: Comparison): boolean => op !== "EQ" && op !== "MASKED_EQ";
/** True if a chain is tried after an existing one: levels of the tree descend. */
const triedAfter = (there: readonly Test[], added: readonly Test[]): boolean => {
  for (const [i, test] of there.entries()) {
    const other = added[i];
    if (!other) return true;
    if (!sameTest(test, other)) return !before(test, other);
  }
  return true;
};

class Meaning {
  readonly #nodes: Nodes;
  readonly #words: Words;
  readonly #ruleset: Ruleset;
  constructor(nodes: Nodes, ruleset: Ruleset) {
    this.#nodes = nodes;
    this.#words = new Words(nodes);
    this.#ruleset = ruleset;
  }

  #half(index: number, half: "hi" | "lo", mask: number) {
    const bits = this.#words.input(`args[${index}].${half}` as Word);
    return mask === 0xffff_ffff ? bits : this.#words.and(bits, this.#words.constant(mask));
  }
  /** On 64 bits, or on the lower 32 of both. */
  #condition(comparison: Comparison, wide: boolean): Node {
    const { index, op } = comparison;
    const [nodes, words] = [this.#nodes, this.#words];
    const [mask, datum] = [maskOf(comparison), datumOf(comparison)];
    const lo = this.#half(index, "lo", low(mask));
    const lowDatum = words.constant(low(datum));
    const hi = wide ? this.#half(index, "hi", high(mask)) : words.constant(0);
    const highDatum = words.constant(wide ? high(datum) : 0);
    const sameHigh = words.equal(hi, highDatum);
    const aboveHigh = words.greater(hi, highDatum);
    const equal = () => nodes.and(sameHigh, words.equal(lo, lowDatum));
    const above = () => nodes.or(aboveHigh, nodes.and(sameHigh, words.greater(lo, lowDatum)));
    const atLeast = () => nodes.or(aboveHigh, nodes.and(sameHigh, words.atLeast(lo, lowDatum)));
    switch (op) {
      case "EQ":
      case "MASKED_EQ":
        return equal();
      case "NE":
        return nodes.not(equal());
      case "GT":
        return above();
      case "GE":
        return atLeast();
      case "LT":
        return nodes.not(atLeast());
      case "LE":
        return nodes.not(above());
    }
  }

  /** db_rule_add(): all calls of an ABI, each as a function of its arguments. */
  calls(abi: Abi): Map<number, Node> {
    const wide = abi === x64;
    const byNumber = new Map<number, { readonly chain: Chain; readonly tests: readonly Test[] }[]>();
    for (const entry of this.#ruleset.entries) {
      this.#nodes.look();
      for (const { nr, action, args } of chainsOf(entry, abi)) {
        const kept = args.filter((c) => saysSomething(c, wide)).sort((a, b) => a.index - b.index);
        const tests = testsOf(kept, wide);
        const added = { chain: { nr, action, args: kept }, tests };
        const there = byNumber.get(nr);
        if (!there || tests.length === 0) {
          if (!there || (there[0] as typeof added).tests.length > 0) byNumber.set(nr, [added]);
          continue;
        }
        if ((there[0] as typeof added).tests.length === 0) continue;
        // Another rule that begins with all of this one's tests: the shorter one is enough, if the actions
        // agree.
        const longer = there.find((other) => startsWith(other.chain.args, kept));
        if (longer && longer.chain.action !== action) this.#ruleset.onConflict(entry);
        if (longer?.chain.args.length === kept.length) continue;
        if ([...there.map((other) => other.chain), { args: kept }].some(({ args: list }) => list.some(isOpen))) {
          this.#ruleset.onInexact(entry);
        }
        const at = there.findIndex((other) => !triedAfter(other.tests, tests));
        there.splice(at < 0 ? there.length : at, 0, added);
      }
    }
    return new Map(
      [...byNumber].map(([nr, list]) => [
        nr,
        this.#function(
          list.map(({ chain }) => chain),
          wide,
        ),
      ]),
    );
  }
  #function(chains: readonly Chain[], wide: boolean): Node {
    const nodes = this.#nodes;
    return chains.reduceRight((otherwise, { action, args }) => {
      const condition = args.reduce((sofar, c) => nodes.and(sofar, this.#condition(c, wide)), TRUE);
      return nodes.choose(condition, nodes.terminal(action), otherwise);
    }, nodes.terminal(this.#ruleset.defaultAction));
  }

  /** _gen_bpf_arch() */
  root(): Node {
    const nodes = this.#nodes;
    const { abis, defaultAction, badArch } = this.#ruleset;
    const [byDefault, bad] = [nodes.terminal(defaultAction), nodes.terminal(badArch)];
    const byArch = new Map<number, Node>();
    if (abis.includes(i386)) byArch.set(i386.auditArch, select(nodes, "sys_number", this.calls(i386), byDefault));
    const [has64, hasX32] = [abis.includes(x64), abis.includes(x32)];
    if (has64 || hasX32) {
      const calls = new Map([...(has64 ? this.calls(x64) : []), ...(hasX32 ? this.calls(x32) : [])]);
      const all = select(nodes, "sys_number", calls, byDefault);
      const number = this.#words.input("sys_number");
      const isX32 = this.#words.atLeast(number, this.#words.constant(X32_BIT));
      // A tracer sets the number to -1 to skip a call.
      const skipped = this.#words.equal(number, this.#words.constant(0xffff_ffff));
      const refused = has64 && hasX32 ? FALSE : has64 ? nodes.and(isX32, nodes.not(skipped)) : nodes.not(isX32);
      byArch.set(x64.auditArch, nodes.choose(refused, bad, all));
    }
    return select(nodes, "arch", byArch, bad);
  }
}

const anEntry = shapeOf<Entry>("an entry { name, action, args }", { name: aText, action: aValue, args: comparisons });
const aRuleset = shapeOf<Ruleset>("a set of rules", {
  defaultAction: aValue,
  badArch: aValue,
  abis: someAbis,
  entries: listOf(anEntry),
  onConflict: aFunction,
  onInexact: aFunction,
});
/**
 * The diagram of the filter that libseccomp makes.
 *
 * @example
 * const entries = [{ name: "read", action: 0x7fff0000, args: [] }];
 * meaningOf({ defaultAction: 0, badArch: 0, abis: [x64], entries, onConflict() {}, onInexact() {} });
 */
export const meaningOf = takes(
  "meaningOf",
  { ruleset: aRuleset, nodes: optional(someNodes), rules: optional(meaningRules) },
  (ruleset: Ruleset, nodes = new Nodes(), rules: MeaningRules = upstream): Diagram =>
    diagramOfRoot(nodes, new Meaning(nodes, ruleset).root(), rules),
);
