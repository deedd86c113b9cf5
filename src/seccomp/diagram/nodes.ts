// The node store of decision diagrams: a unique table, so that equal functions are the same node, and
// if-then-else. Bryant, "Graph-Based Algorithms for Boolean Function Manipulation" (1986); Brace, Rudell,
// Bryant, "Efficient Implementation of a BDD Package" (1990); several terminals after Fujita, McGeer, Yang
// (1997).

import { DEFAULT_LIMITS, WorkBudget } from "../../budget.ts";
import { Problem } from "../../problem.ts";
import { check, instanceOf } from "../../wants.ts";

/** A function of the variables. Equal numbers of one store are equal functions. */
export type Node = number;

/** The level of terminals: below all variables. */
export const TERMINAL_LEVEL = 0xffff;
/** The terminal 0: a condition that never holds. */
export const FALSE: Node = 0;
/** The terminal 1: a condition that always holds. */
export const TRUE: Node = 1;

/** An operation would have made more nodes than `within` allows. */
export class TooManyNodes extends Error {}

const COMPUTED = 1 << 15;
/** Bytes of a node in the columns. */
const NODE_BYTES = 2 + 4 + 4;
/** Bytes of an entry of a map of numbers, as V8 has it. */
const ENTRY_BYTES = 48;
const STEPS = 4096;
/** Entries of one map. */
const MAX_ENTRIES = 2 ** 23;
/** Pairs of nodes are keys of maps as one number: 2 * 26 bits fit a double exactly. */
const MAX_NODES = 2 ** 26;

const mix = (a: number, b: number, c: number): number => {
  const h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  return (h ^ (h >>> 15)) >>> 0;
};

/**
 * A store of decision diagrams. Bryant, "Graph-Based Algorithms for Boolean Function Manipulation", 1986.
 * Nodes of two stores must not be mixed: see `adopt`.
 *
 * @example
 * const nodes = new Nodes();
 * const a = nodes.make(1, FALSE, TRUE);
 * nodes.and(a, nodes.not(a)) === FALSE;   // true
 */
export class Nodes {
  private _level = new Uint16Array(1 << 12);
  private _low = new Uint32Array(1 << 12);
  private _high = new Uint32Array(1 << 12);
  /** Unique table: open addressing, 0 is free (node 0 is a terminal and never in it). */
  private _table = new Uint32Array(1 << 13);
  private _count = 0;
  private readonly _terminals = new Map<number, Node>();
  private readonly _values: number[] = [];
  /** Computed table of `choose`: lossy, one place for each hash. */
  private readonly _computed = new Uint32Array(COMPUTED * 4);
  private _ceiling = MAX_NODES;

  private _budget: WorkBudget;
  /** Operations until the next look at the budget's time. */
  private _steps = STEPS;

  /** `budget`: of all that the store holds, and of the time of its operations. By default 512 MB. */
  constructor(budget = new WorkBudget({ bytes: DEFAULT_LIMITS.bytes, subject: "the policy" })) {
    check("new Nodes", { budget: instanceOf("a WorkBudget", () => WorkBudget) }, [budget]);
    this._budget = budget;
    this.terminal(0);
    this.terminal(1);
  }

  /** Runs an operation under another budget, such as one with an end. */
  under<T>(budget: WorkBudget, operation: () => T): T {
    const outer = this._budget;
    this._budget = budget;
    try {
      return operation();
    } finally {
      this._budget = outer;
    }
  }

  /** Nodes made so far, terminals included. */
  get count(): number {
    return this._count;
  }
  /** Runs an operation that may make `budget` nodes; undefined if it wanted more. */
  within<T>(budget: number, operation: () => T): T | undefined {
    const outer = this._ceiling;
    this._ceiling = Math.min(outer, this._count + budget);
    try {
      return operation();
    } catch (error) {
      if (error instanceof TooManyNodes) return undefined;
      throw error;
    } finally {
      this._ceiling = outer;
    }
  }

  isTerminal(node: Node): boolean {
    return this._level[node] === TERMINAL_LEVEL;
  }
  level(node: Node): number {
    return this._level[node] as number;
  }
  /** The function where the node's variable is 0. */
  low(node: Node): Node {
    return this._low[node] as number;
  }
  /** The function where the node's variable is 1. */
  high(node: Node): Node {
    return this._high[node] as number;
  }
  /** The value of a terminal. */
  value(node: Node): number {
    return this._values[this._low[node] as number] as number;
  }

  terminal(value: number): Node {
    const known = this._terminals.get(value);
    if (known !== undefined) return known;
    const node = this._append(TERMINAL_LEVEL, this._values.length, 0);
    this._values.push(value);
    this._terminals.set(value, node);
    return node;
  }

  /**
   * The function that is `high` where the variable of this level is 1 and `low` where it is 0. Both depend
   * on lower levels only.
   */
  make(level: number, low: Node, high: Node): Node {
    if (low === high) return low;
    let at = mix(level, low, high) & (this._table.length - 1);
    for (let node = this._table[at] as number; node !== 0; node = this._table[at] as number) {
      if (this._low[node] === low && this._high[node] === high && this._level[node] === level) return node;
      at = (at + 1) & (this._table.length - 1);
    }
    const node = this._append(level, low, high);
    this._table[at] = node;
    if (this._count * 2 > this._table.length) this._rehash();
    return node;
  }

  private _append(level: number, low: number, high: number): Node {
    if (this._count >= this._ceiling) this._tooMany();
    if (this._count === this._level.length) this._grow();
    const node = this._count++;
    this._level[node] = level;
    this._low[node] = low;
    this._high[node] = high;
    return node;
  }
  private _tooMany(): never {
    if (this._ceiling < MAX_NODES) throw new TooManyNodes();
    throw new Problem("memory-limit", `the policy is too large: ${this._count} nodes`);
  }
  /** Charges memory to the budget. */
  private _spend(bytes: number): void {
    this._budget.spend(bytes, () => `${this._count} nodes`);
  }
  private _grow(): void {
    this._spend(this._level.length * NODE_BYTES);
    const larger = <A extends Uint16Array | Uint32Array>(old: A, made: A): A => {
      made.set(old);
      return made;
    };
    const size = this._level.length * 2;
    this._level = larger(this._level, new Uint16Array(size));
    this._low = larger(this._low, new Uint32Array(size));
    this._high = larger(this._high, new Uint32Array(size));
  }
  private _rehash(): void {
    this._spend(this._table.length * 4);
    const table = new Uint32Array(this._table.length * 2);
    for (let node = 0; node < this._count; node++) {
      if (this._level[node] === TERMINAL_LEVEL) continue;
      let at = mix(this._level[node] as number, this._low[node] as number, this._high[node] as number) & (table.length - 1);
      while (table[at] !== 0) at = (at + 1) & (table.length - 1);
      table[at] = node;
    }
    this._table = table;
  }

  /** If-then-else: `yes` where the condition holds, `no` elsewhere. */
  choose(condition: Node, yes: Node, no: Node): Node {
    if (condition === TRUE || yes === no) return yes;
    if (condition === FALSE) return no;
    if (yes === TRUE && no === FALSE) return condition;
    if (--this._steps <= 0) this._look();
    const place = (mix(condition, yes, no) & (COMPUTED - 1)) * 4;
    const computed = this._computed;
    if (computed[place] === condition && computed[place + 1] === yes && computed[place + 2] === no) return computed[place + 3] as number;
    const [c, y, n] = [this._level[condition] as number, this._level[yes] as number, this._level[no] as number];
    const top = Math.min(c, y, n);
    const low = this.choose(
      c === top ? (this._low[condition] as number) : condition,
      y === top ? (this._low[yes] as number) : yes,
      n === top ? (this._low[no] as number) : no,
    );
    const high = this.choose(
      c === top ? (this._high[condition] as number) : condition,
      y === top ? (this._high[yes] as number) : yes,
      n === top ? (this._high[no] as number) : no,
    );
    const result = this.make(top, low, high);
    computed[place] = condition;
    computed[place + 1] = yes;
    computed[place + 2] = no;
    computed[place + 3] = result;
    return result;
  }
  /** A step of work beside the store's own: the time of the budget holds for it, too. */
  look(): void {
    this._look();
  }
  private _look(): void {
    this._steps = STEPS;
    this._budget.check();
  }
  not(a: Node): Node {
    return this.choose(a, FALSE, TRUE);
  }
  and(a: Node, b: Node): Node {
    return this.choose(a, b, FALSE);
  }
  or(a: Node, b: Node): Node {
    return this.choose(a, TRUE, b);
  }
  xor(a: Node, b: Node): Node {
    return this.choose(a, this.not(b), b);
  }

  /**
   * Runs an operation with a map of its results, which is charged to the budget while the operation runs.
   * V8's maps hold at most 2^24 entries; no budget lets them come near.
   */
  private _memo<T>(operation: (known: ReadonlyMap<number, Node>, keep: (key: number, result: Node) => Node) => T): T {
    const known = new Map<number, Node>();
    try {
      return operation(known, (key, result) => {
        if (known.size >= MAX_ENTRIES) throw new Problem("memory-limit", `the policy is too large: ${known.size} nodes in one step`);
        this._spend(ENTRY_BYTES);
        known.set(key, result);
        return result;
      });
    } finally {
      this._budget.release(known.size * ENTRY_BYTES);
    }
  }
  /** The function of both functions' values: `combine` gives the value for each pair of terminals. */
  pointwise(a: Node, b: Node, combine: (a: number, b: number) => number): Node {
    return this._memo((known, keep) => {
      const go = (x: Node, y: Node): Node => {
        const key = x * MAX_NODES + y;
        const found = known.get(key);
        if (found !== undefined) return found;
        const top = Math.min(this.level(x), this.level(y));
        const split = (side: "low" | "high"): Node =>
          go(this.level(x) === top ? this[side](x) : x, this.level(y) === top ? this[side](y) : y);
        const made =
          top === TERMINAL_LEVEL ? this.terminal(combine(this.value(x), this.value(y))) : this.make(top, split("low"), split("high"));
        return keep(key, made);
      };
      return go(a, b);
    });
  }
  /** The function with other values. */
  map(root: Node, change: (value: number) => number): Node {
    return this.rebuild(root, (node) => (this.isTerminal(node) ? this.terminal(change(this.value(node))) : undefined));
  }
  /** The function with some nodes replaced. `replace` returns undefined for nodes that stay. */
  rebuild(root: Node, replace: (node: Node) => Node | undefined): Node {
    return this._memo((known, keep) => {
      const go = (node: Node): Node => {
        const found = known.get(node);
        if (found !== undefined) return found;
        const made = replace(node) ?? (this.isTerminal(node) ? node : this.make(this.level(node), go(this.low(node)), go(this.high(node))));
        return keep(node, made);
      };
      return go(root);
    });
  }
  /** The function where variables have fixed values; `bit` gives nothing for a variable that stays free. */
  restrict(root: Node, bit: (level: number) => 0 | 1 | undefined): Node {
    return this._memo((known, keep) => {
      const go = (node: Node): Node => {
        if (this.isTerminal(node)) return node;
        const found = known.get(node);
        if (found !== undefined) return found;
        const fixed = bit(this.level(node));
        const made =
          fixed === undefined
            ? this.make(this.level(node), go(this.low(node)), go(this.high(node)))
            : go(fixed ? this.high(node) : this.low(node));
        return keep(node, made);
      };
      return go(root);
    });
  }
  /** A function of another store, in this one. */
  adopt(from: Nodes, root: Node): Node {
    if (from === this) return root;
    return this._memo((known, keep) => {
      const go = (node: Node): Node => {
        const found = known.get(node);
        if (found !== undefined) return found;
        const made = from.isTerminal(node)
          ? this.terminal(from.value(node))
          : this.make(from.level(node), go(from.low(node)), go(from.high(node)));
        return keep(node, made);
      };
      return go(root);
    });
  }

  /** Every node that the function has, itself first. */
  reachable(root: Node): readonly Node[] {
    const seen = new Set<Node>([root]);
    let charged = 0;
    try {
      for (const node of seen) {
        for (; charged < seen.size; charged++) this._spend(ENTRY_BYTES);
        if (!this.isTerminal(node)) seen.add(this.low(node)).add(this.high(node));
      }
      return [...seen];
    } finally {
      this._budget.release(charged * ENTRY_BYTES);
    }
  }
}
