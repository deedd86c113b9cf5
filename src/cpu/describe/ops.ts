// Ops<Term>: the reader that prints a meaning. It runs the meaning once and records its statements in order
// (program.ts).

import { flagBit } from "../isa/flags.ts";
import { integers } from "../isa/integers.ts";
import type { Flag, FlagKind, Form, Ops, RegisterWidth } from "../isa/ops.ts";
import type { HelperName } from "../isa/routine-types.ts";
import type { SimdName } from "../isa/simd.ts";
import { exit } from "../machine/exit.ts";
import { EF, fieldWidth, S, STATUS_FLAGS, type StateField, segNames, vector } from "../machine/state.ts";
import { generalName } from "../text/registers.ts";
import { flagOrder, flagsOfWord, isBit, isConstant, isPlain, isZero, sameTerm } from "./flag-words.ts";
import type { Block } from "./program.ts";
import { type Binding, constant, cut, operation, type Read, type Term, termText, word } from "./term.ts";

/** The text of an operand: its registers and address in an instruction, its kind in a row. */
export interface OperandNames {
  readonly text: string;
  /** The name of the location that a write changes. `addressPlaces`: the registers of its address. */
  readonly place: string;
  readonly address: string;
  readonly addressPlaces: readonly string[];
  /** The operand's value, if the decoder knows it. */
  readonly value: bigint | undefined;
}
/** The names that a description uses. */
export interface DescribedNames {
  readonly operands: readonly OperandNames[];
  /** The override segment of memory that no operand names. */
  readonly segment: number | undefined;
  readonly target: string;
  readonly next: string;
}

const vectorNames = Object.fromEntries(Object.entries(vector).map(([name, n]) => [n, `#${name}`]));
const exitNames = Object.fromEntries(Object.entries(exit).map(([name, n]) => [n, name]));
/** The location name of a general register. */
export const generalPlace = (r: number): string => `gpr${r}`;
const allFlags = flagOrder as readonly string[];

/** Records a meaning as statements over terms. */
export class Describer implements Ops<Term> {
  readonly root: Block = [];
  #block: Block = this.root;
  #time = 0;
  #choices = 0;
  readonly #form: Form;
  readonly #names: DescribedNames;

  constructor(form: Form, names: DescribedNames) {
    this.#form = form;
    this.#names = names;
  }

  readonly assured = (): boolean => false;

  // ---- statements ----
  /** Blocks that a jump or a fault has ended. Later statements in them are unreachable. */
  readonly #ended = new Set<Block>();
  #push(...statements: Block): void {
    if (!this.#ended.has(this.#block)) this.#block.push(...statements);
  }
  #end(text: (m: (t: Term) => string) => string, uses: readonly Term[] = []): void {
    this.#line(text, uses);
    this.#ended.add(this.#block);
  }
  #read(text: string | (() => string), places: readonly string[], width: number, memory = false): Read {
    const read: Read = {
      kind: "read",
      text: typeof text === "string" ? () => text : text,
      places,
      width,
      memory,
      time: this.#time++,
      name: undefined,
    };
    this.#push({ kind: "read", time: read.time, read });
    return read;
  }
  #set(target: string | (() => string), value: Term, places: readonly string[], width: number): void {
    const text = typeof target === "string" ? () => target : target;
    this.#push({ kind: "set", time: this.#time++, target: text, uses: [value], places, width });
  }
  #line(text: (m: (t: Term) => string) => string, uses: readonly Term[] = [], places: readonly string[] = []): void {
    this.#push({ kind: "line", time: this.#time++, text, uses, places });
  }
  #inside(run: () => void): Block {
    const outer = this.#block;
    const body: Block = [];
    this.#block = body;
    run();
    this.#block = outer;
    return body;
  }
  #bind(wanted: string, value: Term, effect: boolean): Binding {
    const binding: Binding = {
      kind: "binding",
      wanted,
      value,
      effect,
      time: this.#time++,
      block: this.#block,
      inline: false,
      held: undefined,
      name: undefined,
    };
    this.#push({ kind: "bind", time: binding.time, binding });
    return binding;
  }

  // ---- operands ----
  #operand(n: number): OperandNames {
    return this.#names.operands[n] as OperandNames;
  }
  get(n: number): Term {
    const { text, place, addressPlaces, value } = this.#operand(n);
    if (value !== undefined) return constant(value);
    if (place === "") return word(text);
    return this.#read(text, [place, ...addressPlaces], this.#form.widths[n] as number, this.#form.memory(n));
  }
  vec(n: number): Term {
    return this.get(n);
  }
  rmw(n: number): Term {
    return this.get(n);
  }
  set(n: number, v: Term): void {
    const { text, place } = this.#operand(n);
    this.#set(text, v, [place], this.#form.widths[n] as number);
  }
  setLow(n: number, w: RegisterWidth, v: Term): void {
    const { text, place } = this.#operand(n);
    this.#set(w === this.#form.widths[n] && w < 32 ? text : `${text}[${w - 1}:0]`, v, [place], w);
  }
  wide(n: number): readonly [Term, Term] {
    const { text, place, addressPlaces } = this.#operand(n);
    const half = (name: string) => this.#read(`${text}.${name}`, [place, ...addressPlaces], 128, this.#form.memory(n));
    return [half("low"), half("high")];
  }
  setWide(n: number, low: Term, high: Term): void {
    const { text, place } = this.#operand(n);
    this.#line((m) => `${text} ← low ${m(low)}, high ${m(high)}`, [low, high], [place]);
  }
  address(n: number): Term {
    const { address, addressPlaces } = this.#operand(n);
    return this.#read(address, addressPlaces, 64);
  }
  element(n: number, index: Term): Term {
    return operation("element", this.address(n), index);
  }
  linear(n: number, write: boolean): Term {
    return operation(write ? "writable" : "readable", this.address(n));
  }
  segment(_n: number): Term {
    return word(segNames[this.#names.segment ?? S.ds] as string);
  }

  // ---- registers and memory ----
  reg(r: number, w: RegisterWidth): Term {
    return this.#read(generalName(r, w), [generalPlace(r)], w);
  }
  setReg(r: number, w: RegisterWidth, v: Term): void {
    this.#set(generalName(r, w), v, [generalPlace(r)], w);
  }
  xmm(r: number): Term {
    return this.#read(`xmm${r}`, [`xmm${r}`], 128);
  }
  setXmm(r: number, v: Term): void {
    this.#set(`xmm${r}`, v, [`xmm${r}`], 128);
  }
  upper(r: number): Term {
    return this.#read(`ymm${r}.high`, [`xmm${r}`], 128);
  }
  setUpper(r: number, v: Term): void {
    this.#set(`ymm${r}.high`, v, [`xmm${r}.high`], 128);
  }
  field(f: StateField, n?: number): Term {
    if (n === undefined) return this.#read(f, [f], fieldWidth[f]);
    const s = segNames[n] as string;
    return this.#read(f === "segSelector" ? s : `${s}.${f === "segBase" ? "base" : "limit"}`, [`${f}${n}`], fieldWidth[f]);
  }
  holds(f: StateField, mask: number, value: number): Term {
    return this.eq(this.and(this.field(f), this.imm(mask)), this.imm(value));
  }
  setField(f: StateField, v: Term): void {
    this.#set(f, v, [f], fieldWidth[f]);
  }
  #segmentText(segment: number | undefined): string {
    const s = segment ?? this.#names.segment;
    if (s === undefined || s === S.ds || s === S.ss) return "";
    return this.#form.mode === 64 && s < S.fs ? "" : `${segNames[s]}:`;
  }
  #memory(segment: number | undefined, offset: Term, w: number): () => string {
    const plain = {
      readText: (r: Read) => r.name ?? r.text(),
      bindingText: (b: Binding) => (b.inline && !b.held ? b.value : (b.name ?? b.wanted)),
    };
    return () => `mem${w}[${this.#segmentText(segment)}${termText(offset, plain)}]`;
  }
  load(segment: number | undefined, offset: Term, w: number): Term {
    // The offset is a use of its own: its operands must be available where it is written.
    this.#push({ kind: "line", time: this.#time++, text: () => "", uses: [offset], places: [] });
    return this.#read(this.#memory(segment, offset, w), ["memory", ...placesIn(offset)], w, true);
  }
  loadRmw(segment: number | undefined, offset: Term, w: number): Term {
    return this.load(segment, offset, w);
  }
  store(segment: number | undefined, offset: Term, w: number, v: Term): void {
    this.#line((m) => `mem${w}[${this.#segmentText(segment)}${m(offset)}] ← ${m(v)}`, [offset, v], ["memory"]);
  }

  // ---- integers ----
  imm = constant;
  add = (a: Term, b: Term): Term => {
    const n = b.kind === "constant" ? BigInt.asIntN(64, b.value) : 0n;
    return n < 0n && n > -0x1_0000n ? this.#pure("-", "sub", a, constant(-n)) : this.#pure("+", "add", a, b);
  };
  sub = (a: Term, b: Term): Term => this.#pure("-", "sub", a, b);
  mul = (a: Term, b: Term): Term => this.#pure("*", "mul", a, b);
  mulHighU = (a: Term, b: Term): Term => operation("high64", operation("*", a, b));
  mulHighS = (a: Term, b: Term): Term => operation("shigh64", operation("*", a, b));
  divU = (a: Term, b: Term): Term => operation("/", a, b);
  remU = (a: Term, b: Term): Term => operation("%", a, b);
  divS = (a: Term, b: Term): Term => operation("/s", a, b);
  remS = (a: Term, b: Term): Term => operation("%s", a, b);
  and = (a: Term, b: Term): Term => {
    // A bit of EFLAGS is written by its name.
    const bit = b.kind === "constant" ? Object.entries(EF).find(([, v]) => BigInt(v) === b.value) : undefined;
    if (bit && a.kind === "read" && a.places[0] === "system flags") return { ...a, text: () => bit[0] };
    const [inner, mask] = a.kind === "operation" && a.name === "&" ? (a.args as [Term, Term]) : [undefined, undefined];
    if (inner && mask?.kind === "constant" && b.kind === "constant") return this.and(inner, constant(mask.value & b.value));
    if (isConstant(b, 1n) && isBit(a)) return a;
    return this.#pure("&", "and", a, b);
  };
  or = (a: Term, b: Term): Term => this.#pure("|", "or", a, b);
  xor = (a: Term, b: Term): Term => this.#pure("^", "xor", a, b);
  not = (a: Term): Term => this.#pure("~", "not", a);
  shl = (a: Term, n: Term): Term => this.#pure("<<", "shl", a, n);
  shr = (a: Term, n: Term): Term => this.#pure(">>", "shr", a, n);
  sar = (a: Term, n: Term): Term => this.#pure(">>s", "sar", a, n);
  zext = (a: Term, w: number): Term => (a.kind === "constant" ? constant(integers.zext(a.value, w)) : cut(a, w));
  sext = (a: Term, w: number): Term =>
    a.kind === "constant" ? constant(integers.sext(a.value, w)) : w >= 64 ? a : operation(`signed${w}`, a);
  uncanonical = (a: Term): Term => this.ne(this.sext(a, 48), a);
  clz = (a: Term): Term => operation("leading_zeros", a);
  ctz = (a: Term): Term => operation("trailing_zeros", a);
  popcnt = (a: Term): Term => operation("ones", a);
  eq = (a: Term, b: Term): Term => this.#pure("=", "eq", a, b);
  ne = (a: Term, b: Term): Term => this.#pure("≠", "ne", a, b);
  ltU = (a: Term, b: Term): Term => this.#pure("<", "ltU", a, b);
  leU = (a: Term, b: Term): Term => this.#pure("≤", "leU", a, b);
  ltS = (a: Term, b: Term): Term => this.#pure("<s", "ltS", a, b);
  leS = (a: Term, b: Term): Term => this.#pure("≤s", "leS", a, b);
  select = (c: Term, a: Term, b: Term): Term => (c.kind === "constant" ? (c.value !== 0n ? a : b) : operation("?", c, a, b));
  /** Folds constants by the oracle's arithmetic, and drops operations without effect. */
  #pure(
    name: string,
    by: "add" | "sub" | "mul" | "and" | "or" | "xor" | "not" | "shl" | "shr" | "sar" | "eq" | "ne" | "ltU" | "leU" | "ltS" | "leS",
    ...args: Term[]
  ): Term {
    const [a, b] = args as [Term, Term];
    if (args.every((t) => t.kind === "constant")) {
      const compute = integers[by] as (...values: bigint[]) => bigint;
      return constant(compute(...args.map((t) => BigInt.asUintN(64, t.value))));
    }
    if (b !== undefined && isZero(b) && /^(add|sub|or|xor|shl|shr|sar)$/.test(by)) return a;
    if (isZero(a) && /^(add|or|xor)$/.test(by)) return b;
    if (by === "and" && (isZero(a) || isZero(b))) return constant(0);
    return operation(name, ...args);
  }

  // ---- vectors ----
  simd(name: SimdName, ...args: Term[]): Term {
    return operation(name, ...args);
  }
  vector = (low: Term, high: Term): Term => operation("vector", low, high);
  splat = (w: number, v: Term): Term => operation(`splat${w}`, v);
  lane = (a: Term, w: number, n: number): Term => operation(`lane${w}`, a, constant(n));
  withLane = (a: Term, w: number, n: number, v: Term): Term => operation(`with_lane${w}`, a, constant(n), v);
  shuffle = (a: Term, b: Term, lanes: readonly number[]): Term => operation("bytes", a, b, word(`[${lanes.join(" ")}]`));

  // ---- structure ----
  let(name: string, v: Term): Term {
    return v.kind === "constant" ? v : this.#bind(name, v, false);
  }
  when(c: Term, then: () => void, otherwise?: () => void): void {
    if (c.kind === "constant") {
      if (c.value !== 0n) then();
      else otherwise?.();
      return;
    }
    const time = this.#time++;
    const body = this.#inside(then);
    const other = otherwise ? this.#inside(otherwise) : undefined;
    this.#push({ kind: "block", time, head: (m) => `if ${m(c)}`, uses: [c], body, otherwise: other });
  }
  either(c: Term, then: () => Term, otherwise: () => Term): Term {
    if (c.kind === "constant") return c.value !== 0n ? then() : otherwise();
    const time = this.#time++;
    const values: Term[] = [];
    const bodies = [then, otherwise].map((f) => this.#inside(() => values.push(f())));
    const [a, b] = values as [Term, Term];
    const [one, two] = bodies as [Block, Block];
    const quiet = (block: Block) => block.every((s) => s.kind === "read" || (s.kind === "line" && s.places.length === 0));
    const outer = this.#block;
    if (quiet(one) && quiet(two)) {
      this.#push(...one, ...two);
      return operation("?", c, a, b);
    }
    const name = `chosen${this.#choices++ === 0 ? "" : this.#choices}`;
    const assign = (block: Block, v: Term) => {
      this.#block = block;
      this.#set(name, v, [name], 64);
      this.#block = outer;
    };
    assign(one, a);
    assign(two, b);
    this.#push({ kind: "block", time, head: (m) => `if ${m(c)}`, uses: [c], body: one, otherwise: two });
    return word(name);
  }
  repeat(body: () => void, zf: boolean): void {
    const time = this.#time++;
    const { rep, addressSize } = this.#form;
    const count = generalName(1, addressSize);
    const inner = this.#inside(body);
    if (rep === 0) {
      this.#push(...inner);
      return;
    }
    const end = zf ? `, until ${rep === 1 ? "!ZF" : "ZF"}` : "";
    this.#push({
      kind: "block",
      time,
      head: () => `repeat while ${count} ≠ 0${end}; each time ${count} ← ${count} - 1`,
      uses: [],
      body: inner,
      otherwise: undefined,
    });
  }

  // ---- flags ----
  flags(kind: FlagKind, _w: number, r: Term, a?: Term, b?: Term): void {
    const [x, y] = [a ?? r, b ?? r];
    switch (kind) {
      case "word":
        return this.setFlags(STATUS_FLAGS, r);
      case "order":
        return this.setFlags(STATUS_FLAGS, this.or(this.shl(this.xor(r, this.imm(1)), this.imm(6)), x));
      case "result":
        this.#line((m) => `SF ZF PF ← result(${m(r)})`, [r], ["SF", "ZF", "PF"]);
        return this.setFlags(EF.CF | EF.OF | EF.AF, x);
      case "inc":
      case "dec":
        return this.#line(
          (m) => `flags but CF ← ${kind}(${m(x)})`,
          [x],
          allFlags.filter((f) => f !== "CF"),
        );
      default: {
        const name = kind === "add" ? "add" : "sub";
        const plain = isPlain(r, kind, x, y);
        const line = (m: (t: Term) => string) => `flags ← ${name}(${m(x)}, ${m(y)})${plain ? "" : ` giving ${m(r)}`}`;
        return this.#line(line, plain ? [x, y] : [r, x, y], allFlags);
      }
    }
  }
  setFlags(mask: number, v: Term): void {
    const names = flagOrder.filter((f) => mask & flagBit[f]);
    const parts = flagsOfWord(v);
    if (!parts) return this.#line((m) => `flags[${names.join(" ")}] ← ${m(v)}`, [v], names);
    const groups = new Map<Term, Flag[]>();
    const zero = constant(0);
    for (const f of names) {
      const value = parts.get(f) ?? zero;
      const same = [...groups.keys()].find((t) => sameTerm(t, value));
      if (same) groups.get(same)?.push(f);
      else groups.set(value, [f]);
    }
    const list = [...groups];
    const line = (m: (t: Term) => string) => list.map(([t, flags]) => `${flags.join(" ")} ← ${m(t)}`).join(", ");
    this.#line(
      line,
      list.map(([t]) => t),
      names,
    );
  }
  flag(f: Flag): Term {
    return this.#read(f, [f], 1);
  }
  flagsWord(): Term {
    return this.#read("flags", allFlags, 16);
  }
  /** SDM Vol. 1 appendix B: the odd code is the negation of the even one. */
  condition(cc: number): Term {
    const odd = (cc & 1) === 1;
    const one = (f: Flag): Term => (odd ? operation("!", this.flag(f)) : this.flag(f));
    const both = (a: Term, b: Term): Term => operation(odd ? "&" : "|", a, b);
    const less = (): Term => operation(odd ? "=" : "≠", this.flag("SF"), this.flag("OF"));
    const conditions = [
      () => one("OF"),
      () => one("CF"),
      () => one("ZF"),
      () => both(one("CF"), one("ZF")),
      () => one("SF"),
      () => one("PF"),
      less,
      () => both(one("ZF"), less()),
    ];
    return (conditions[cc >> 1] as () => Term)();
  }
  systemFlags(): Term {
    return this.#read("system flags", ["system flags"], 32);
  }
  setSystemFlags(v: Term): void {
    this.#set("system flags", v, ["system flags"], 32);
  }

  // ---- control ----
  ip(): Term {
    return word("ip");
  }
  modrm(): Term {
    return word("modrm");
  }
  nextIp(): Term {
    return word(this.#names.next);
  }
  target(): Term {
    return word(this.#names.target);
  }
  branch(): void {
    this.#end(() => `jump to ${this.#names.target}`);
  }
  branchIf(c: Term): void {
    this.#line((m) => `if ${m(c)}: jump to ${this.#names.target}`, [c]);
  }
  jump(target: Term): void {
    this.#end((m) => `jump to ${m(target)}`, [target]);
  }
  fault(v: number, error?: number): void {
    this.#end(() => `fault ${vectorNames[v]}${error === undefined ? "" : `(${error})`}`);
  }
  trap(v: number): void {
    this.#end(() => `trap ${vectorNames[v]}`);
  }
  exit(code: number): void {
    this.#end(() => `enter the kernel: ${exitNames[code]}`);
  }
  call(name: string, ...args: Term[]): Term {
    return this.#bind("result", operation(name, ...args), true);
  }
  helper(name: HelperName, a?: Term, b?: Term): void {
    const args = [a, b].filter((t) => t !== undefined);
    this.#line((m) => `${name}(${args.map(m).join(", ")})`, args, ["answer"]);
  }
}

/** The locations that the reads in a term depend on. */
const placesIn = (t: Term): readonly string[] => {
  switch (t.kind) {
    case "read":
      return t.places;
    case "operation":
      return t.args.flatMap(placesIn);
    case "binding":
      return placesIn(t.value);
    default:
      return [];
  }
};
