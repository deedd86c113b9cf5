// A program on every call at once: the same steps as `evaluate`, on words that are functions of the data.
// Jumps only go forward, so states are found from the first instruction to the last and results from the last
// to the first.
import { BPF, type Insn, MEM_WORDS, type Program } from "../bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "../bpf/ops.ts";
import { type EvaluatorRules, loadAddress, loadsData } from "../evaluate.ts";
import { LIVE_A, LIVE_X, liveness } from "./liveness.ts";
import { FALSE, type Node, type Nodes, TRUE } from "./nodes.ts";
import { isUndecided, undecidedValue } from "./undecided.ts";
import { type Bits, Words } from "./words.ts";

/** Nodes that one instruction may make in one state; beyond that it is not decided. */
const BUDGET = 60_000;
/** Nodes that one program may make; instructions beyond are not decided. */
const ALL = 1 << 20;
/** States of one instruction, and of all. */
const STATES_EACH = 256;
const STATES = 1 << 14;

/** A register's content; interned, so that equal contents are the same object. */
interface Value {
  readonly id: number;
  /** Absent: not known, since this instruction. */
  readonly bits: Bits | undefined;
  readonly since: number;
}
interface State {
  readonly a: Value;
  readonly x: Value;
  readonly mem: readonly Value[];
}
/** A state before an instruction; its result is known once those of all later instructions are. */
interface Point extends State {
  readonly pc: number;
  /** Derives the result from those of later points. */
  finish: () => Node;
  result: Node;
}

const widths: Readonly<Record<number, number>> = { [BPF.W]: 4, [BPF.H]: 2, [BPF.B]: 1 };

/** Executes a program for all calls at once. The result is a diagram. */
export class SymbolicRun {
  private readonly _nodes: Nodes;
  private readonly _words: Words;
  private readonly _rules: EvaluatorRules;
  private readonly _program: Program;
  private readonly _filter: number;
  private readonly _live: Uint32Array;
  private readonly _values = new Map<string, Value>();
  private readonly _constants = new Map<number, Value>();
  private readonly _points: Map<string, Point>[];
  private _states = 0;
  /** The count of nodes before. */
  private readonly _first: number;

  /** `filter`: its number in a stack, for undecided values. The program has passed the checker. */
  constructor(nodes: Nodes, rules: EvaluatorRules, program: Program, filter = 0) {
    this._nodes = nodes;
    this._first = nodes.count;
    this._words = new Words(nodes);
    this._rules = rules;
    this._program = program;
    this._filter = filter;
    this._live = liveness(program);
    this._points = program.map(() => new Map());
  }

  /** The function from the data to the return value. */
  run(): Node {
    const zero = this._constant(0);
    const start = this._reach(0, { a: zero, x: zero, mem: new Array<Value>(MEM_WORDS).fill(zero) });
    for (const points of this._points) for (const point of points.values()) point.finish = this._step(point);
    for (const points of this._points.toReversed()) for (const point of points.values()) point.result = point.finish();
    return start.result;
  }

  private _value(bits: Bits): Value {
    const key = bits.join();
    let value = this._values.get(key);
    if (!value) {
      value = { id: this._values.size, bits, since: 0 };
      this._values.set(key, value);
    }
    return value;
  }
  private _constant(n: number): Value {
    let value = this._constants.get(n);
    if (!value) {
      value = this._value(this._words.constant(n));
      this._constants.set(n, value);
    }
    return value;
  }
  private _unknown(pc: number): Value {
    return { id: -1 - pc, bits: undefined, since: pc };
  }
  private _undecided(pc: number): Node {
    return this._nodes.terminal(undecidedValue({ filter: this._filter, pc }));
  }

  /** The point of this state before an instruction. */
  private _reach(pc: number, { a, x, mem }: State): Point {
    const live = this._live[pc] as number;
    const zero = this._constant(0);
    const state: State = {
      a: live & LIVE_A ? a : zero,
      x: live & LIVE_X ? x : zero,
      mem: live & 0xffff ? mem.map((cell, i) => (live & (1 << i) ? cell : zero)) : mem,
    };
    const cells = live & 0xffff ? state.mem.map((cell) => cell.id).join() : "";
    const key = `${state.a.id} ${state.x.id} ${cells}`;
    const points = this._points[pc] as Map<string, Point>;
    const known = points.get(key);
    if (known) return known;
    const point: Point = { ...state, pc, finish: () => this._undecided(pc), result: FALSE };
    if (points.size >= STATES_EACH || this._states >= STATES) {
      point.result = this._undecided(pc);
      return point;
    }
    this._states++;
    points.set(key, point);
    return point;
  }

  /** An operation within the limits; undefined if it needs more nodes. */
  private _within<T>(operation: () => T): T | undefined {
    const left = this._first + ALL - this._nodes.count;
    return left <= 0 ? undefined : this._nodes.within(Math.min(BUDGET, left), operation);
  }
  /** Within the limits, or not decided. */
  private _attempt(pc: number, operation: () => Node): Node {
    return this._within(operation) ?? this._undecided(pc);
  }
  private _compute(pc: number, inputs: readonly Value[], operation: (...bits: Bits[]) => Bits): Value {
    const lost = inputs.find((value) => !value.bits);
    if (lost) return this._unknown(lost.since);
    const bits = this._within(() => operation(...inputs.map((value) => value.bits as Bits)));
    return bits ? this._value(bits) : this._unknown(pc);
  }

  /** Carries an instruction out; the result is how the point's result follows. */
  private _step(point: Point): () => Node {
    const { pc } = point;
    const insn = this._program[pc] as Insn;
    const { code, k } = insn;
    if (aluByCode[code]) return this._arithmetic(point, insn);
    if (jumpByCode[code]) return this._branch(point, insn);
    if (loadsData(insn)) return this._load(point, insn);
    const next = (change: Partial<State>): (() => Node) => this._follow(this._reach(pc + 1, { ...point, ...change }));
    switch (code) {
      // biome-ignore format: table
      case BPF.LD | BPF.W | BPF.LEN: return next({ a: this._constant(this._rules.layout.size) });
      // biome-ignore format: table
      case BPF.LDX | BPF.W | BPF.LEN: return next({ x: this._constant(this._rules.layout.size) });
      // biome-ignore format: table
      case BPF.LD | BPF.IMM: return next({ a: this._constant(k) });
      // biome-ignore format: table
      case BPF.LDX | BPF.IMM: return next({ x: this._constant(k) });
      // biome-ignore format: table
      case BPF.LD | BPF.MEM: return next({ a: point.mem[k] as Value });
      // biome-ignore format: table
      case BPF.LDX | BPF.MEM: return next({ x: point.mem[k] as Value });
      // biome-ignore format: table
      case BPF.ST: return next({ mem: point.mem.with(k, point.a) });
      // biome-ignore format: table
      case BPF.STX: return next({ mem: point.mem.with(k, point.x) });
      // biome-ignore format: table
      case BPF.MISC | BPF.TAX: return next({ x: point.a });
      // biome-ignore format: table
      case BPF.MISC | BPF.TXA: return next({ a: point.x });
      case BPF.ALU | BPF.NEG:
        return next({ a: this._compute(pc, [point.a], (a) => this._words.negate(a)) });
      case BPF.JMP | BPF.JA:
        return this._follow(this._reach(pc + 1 + k, point));
      case BPF.RET | BPF.K:
        return () => this._nodes.terminal(k);
      case BPF.RET | BPF.A:
        return () => this._returned(point);
      default:
        throw new Error(`an unchecked program: code ${code}`);
    }
  }
  private _follow(point: Point): () => Node {
    return () => point.result;
  }

  /** RET A: the word's bits become one function. */
  private _returned({ a, pc }: Point): Node {
    const { bits } = a;
    if (!bits) return this._undecided(a.since);
    const nodes = this._nodes;
    let result = FALSE;
    return this._attempt(pc, () => {
      for (let i = 31; i >= 0; i--) result = nodes.pointwise(result, bits[i] as Node, (sofar, bit) => sofar * 2 + bit);
      return result;
    });
  }

  private _arithmetic(point: Point, insn: Insn): () => Node {
    const { pc } = point;
    const { code, k } = insn;
    const words = this._words;
    const operand = usesX(code) ? point.x : this._constant(k);
    if ((code & 0xf0) === BPF.DIV && !usesX(code) && this._rules.reciprocalDivision) return () => this._undecided(pc);
    const operations: Readonly<Record<number, (a: Bits, b: Bits) => Bits>> = {
      [BPF.ADD]: (a, b) => words.add(a, b),
      [BPF.SUB]: (a, b) => words.subtract(a, b),
      [BPF.MUL]: (a, b) => words.multiply(a, b),
      [BPF.DIV]: (a, b) => words.divide(a, b).quotient,
      [BPF.OR]: (a, b) => words.or(a, b),
      [BPF.AND]: (a, b) => words.and(a, b),
      [BPF.LSH]: (a, b) => words.shift(a, b, "left"),
      [BPF.RSH]: (a, b) => words.shift(a, b, "right"),
      [BPF.MOD]: (a, b) => words.divide(a, b).remainder,
      [BPF.XOR]: (a, b) => words.xor(a, b),
    };
    const a = this._compute(pc, [point.a, operand], operations[code & 0xf0] as (a: Bits, b: Bits) => Bits);
    const after = this._follow(this._reach(pc + 1, { ...point, a }));
    if (!aluByCode[code]?.divides) return after;
    // A division by 0 ends the program with 0.
    const { bits, since } = operand;
    if (!bits) return () => this._either(since, FALSE, after());
    return () => this._attempt(pc, () => this._nodes.choose(words.equal(bits, words.constant(0)), FALSE, after()));
  }

  private _branch(point: Point, { code, jt, jf, k }: Insn): () => Node {
    const { pc, a } = point;
    const words = this._words;
    const operand = usesX(code) ? point.x : this._constant(k);
    const tests: Readonly<Record<number, (a: Bits, b: Bits) => Node>> = {
      [BPF.JEQ]: (x, y) => words.equal(x, y),
      [BPF.JGT]: (x, y) => words.greater(x, y),
      [BPF.JGE]: (x, y) => words.atLeast(x, y),
      [BPF.JSET]: (x, y) => words.intersects(x, y),
    };
    const [left, right] = [a.bits, operand.bits];
    const test = tests[code & 0xf0] as (a: Bits, b: Bits) => Node;
    const condition = left && right && this._within(() => test(left, right));
    const yes = condition === FALSE ? undefined : this._follow(this._reach(pc + 1 + jt, point));
    const no = condition === TRUE ? undefined : this._follow(this._reach(pc + 1 + jf, point));
    if (!yes || !no) return (yes ?? no) as () => Node;
    if (condition !== undefined) return () => this._attempt(pc, () => this._nodes.choose(condition, yes(), no()));
    const since = !left ? a.since : !right ? operand.since : pc;
    return () => this._either(since, yes(), no());
  }
  /** Whichever it is: decided where both say the same. */
  private _either(since: number, one: Node, other: Node): Node {
    const undecided = undecidedValue({ filter: this._filter, pc: since });
    const merge = (x: number, y: number): number => (x === y ? x : isUndecided(x) ? x : undecided);
    return this._attempt(since, () => this._nodes.pointwise(one, other, merge));
  }

  private _load(point: Point, insn: Insn): () => Node {
    const { pc } = point;
    const { code } = insn;
    const x = point.x.bits && this._words.asConstant(point.x.bits);
    const indexed = (code & 0xe0) === BPF.IND;
    if (indexed && x === undefined) return () => this._undecided(pc);
    const at = loadAddress(insn, x ?? 0);
    const width = widths[code & 0x18] as number;
    const { layout } = this._rules;
    if (at + width > layout.size) return () => FALSE;
    const bits = Array.from({ length: 32 }, (_, i): Node => {
      if (i >= width * 8) return FALSE;
      const bit = at * 8 + i;
      return this._words.input(layout.words[bit >> 5] as (typeof layout.words)[number])[bit & 31] as Node;
    });
    if (code !== (BPF.LDX | BPF.B | BPF.MSH)) return this._follow(this._reach(pc + 1, { ...point, a: this._value(bits) }));
    const scaled = Array.from({ length: 32 }, (_, i): Node => (i >= 2 && i < 6 ? (bits[i - 2] as Node) : FALSE));
    return this._follow(this._reach(pc + 1, { ...point, x: this._value(scaled) }));
  }
}
