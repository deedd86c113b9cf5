// The second half of the assembler: statements get addresses and bytes. Lengths depend on labels and labels
// on lengths, so it goes over all statements until nothing moves.
import { Problem } from "../../problem.ts";
import { BadLine, bad } from "./bad-line.ts";
import { moves, type ParsedExpression, type Resolve } from "./expression.ts";
import { dataBytes, reservedBytes, type Statement, type WrittenOperand } from "./parse.ts";
import type { Evaluate } from "./put.ts";
import { registers } from "./registers.ts";
import type { StatementAssembler } from "./statement.ts";

/** A part of a program. Its statements follow each other wherever they are written. */
export interface ProgramSection {
  readonly name: string;
  /** A power of two. */
  align: number;
}
/** A statement with the settings that hold where it is written. */
export interface PlacedStatement {
  readonly statement: Statement;
  readonly assembler: StatementAssembler;
  readonly section: ProgramSection;
  /** Such as `line 5`, for messages. */
  readonly where: string;
  /** The line of the source that a message marks; lines count from 1. */
  readonly line: number;
  /** The label that local ones (`.loop`) belong to, if they do. */
  readonly scope: string;
  /** Bytes from elsewhere, in place of the statement. */
  readonly included?: Uint8Array;
}
/** A statement's place in memory. */
export interface Placed {
  readonly line: number;
  readonly address: number;
  readonly bytes: Uint8Array;
}
/** The result of `place`. */
export interface PlacedProgram {
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
  readonly statements: readonly Placed[];
}
/**
 * `at`: the address of the first byte. `narrows`: `mov rax, 5` is written as `mov eax, 5`, and a label's
 * address takes eight bytes, as NASM has them.
 */
export interface LayoutOptions {
  readonly at: number;
  readonly narrows: boolean;
}

/** Runs the step. A mistake in the line becomes a Problem that names the line. */
export const atLine = <T>({ where, line }: Pick<PlacedStatement, "where" | "line">, step: () => T): T => {
  try {
    return step();
  } catch (e) {
    if (!(e instanceof BadLine)) throw e;
    throw new Problem("bad-assembly", `${where}: ${e.message}`, { span: { source: "assembly", at: line } });
  }
};

/** Bytes of a program, at most. */
const MOST_BYTES = 2 ** 24;
const NOP = 0x90;
/** NASM's shortest form of `mov` to a 64-bit register writes the 32-bit one. */
const MOV_LABEL_LENGTH = 10;

const localName = (name: string, scope: string): string => (name.startsWith(".") && !name.startsWith("..") ? scope + name : name);

const dataOf = (s: Statement, evaluate: Evaluate): Uint8Array => {
  const n = dataBytes[s.name as string] as number;
  if (s.data.length === 0) bad(`${s.name} needs a value`);
  return Uint8Array.from(
    s.data.flatMap((item) => {
      if (typeof item === "string") {
        const bytes = [...new TextEncoder().encode(item)];
        return [...bytes, ...new Array<number>(-bytes.length & (n - 1)).fill(0)];
      }
      const v = evaluate(item);
      if (v >= 1n << BigInt(8 * n) || v < -(1n << BigInt(8 * n - 1))) bad(`${v} does not fit into ${n} bytes`);
      return Array.from({ length: n }, (_, i) => Number((v >> BigInt(8 * i)) & 0xffn));
    }),
  );
};

const only = (s: Statement): ParsedExpression => {
  const [value, ...more] = s.data;
  return value === undefined || typeof value === "string" || more.length > 0 ? bad(`${s.name} needs one number`) : value;
};

class Placement {
  readonly #items: readonly PlacedStatement[];
  readonly #sections: readonly ProgramSection[];
  readonly #options: LayoutOptions;
  readonly #labels = new Map<string, number>();
  /** Names of equ. `at` and `base` are the meanings of $ and $$ there. */
  readonly #constants = new Map<string, { readonly value: ParsedExpression; readonly scope: string; at: number; base: number }>();
  readonly #bytes: Uint8Array[];
  readonly #addresses: number[] = [];
  #met = new Set<string>();
  #pass = 0;

  constructor(items: readonly PlacedStatement[], options: LayoutOptions) {
    this.#items = items;
    this.#options = options;
    this.#sections = [...new Set(items.map(({ section }) => section))];
    this.#bytes = items.map(() => new Uint8Array(0));
    for (const item of items) atLine(item, () => this.#define(item));
  }

  #define({ statement: { labels, name, data }, scope }: PlacedStatement): void {
    for (const own of labels) {
      const label = localName(own, scope);
      if (this.#labels.has(label) || this.#constants.has(label)) bad(`the label "${own}" is already defined`);
      if (name !== "equ") this.#labels.set(label, this.#options.at);
      else if (typeof data[0] === "object" && data.length === 1) {
        const { at } = this.#options;
        this.#constants.set(label, { value: data[0], scope, at, base: at });
      } else bad("equ needs one number");
    }
    if (name === "equ" && labels.length === 0) bad("equ needs a name before it");
  }

  /** Names as a statement sees them. */
  #resolver(address: number, base: number, within: string, used: readonly string[] = []): Resolve {
    return (name) => {
      if (name === "$") return BigInt(address);
      if (name === "$$") return BigInt(base);
      const label = localName(name, within);
      const constant = this.#constants.get(label);
      if (constant) {
        if (used.includes(label)) bad(`"${name}" is defined by itself`);
        return constant.value.value(this.#resolver(constant.at, constant.base, constant.scope, [...used, label]));
      }
      const known = this.#labels.get(label) ?? bad(`there is no label "${name}"`);
      // In the first pass an undefined label counts as the current address.
      return BigInt(this.#pass === 0 && !this.#met.has(label) ? address : known);
    };
  }
  readonly #isLabel = (name: string): boolean => !this.#constants.has(name);

  /** A move to a 64-bit register in NASM's forms, and the least length. */
  #narrowed(s: Statement, resolve: Resolve): { readonly statement: Statement; readonly least: number } {
    const [to, from] = s.operands;
    const plain = { statement: s, least: 0 };
    if (!this.#options.narrows || s.name !== "mov" || to?.kind !== "register" || from?.kind !== "value") return plain;
    if (to.register.kind !== "general" || to.register.width !== 64 || from.size !== undefined) return plain;
    if (moves(from.value, resolve, this.#isLabel)) return { statement: s, least: MOV_LABEL_LENGTH };
    const value = from.value.value(resolve);
    if (value < 0n || value >= 1n << 32n) return plain;
    const name = to.register.number < 8 ? `e${to.name.slice(1)}` : `${to.name}d`;
    const register = registers.get(name);
    const narrow: WrittenOperand = register ? { kind: "register", name, register } : to;
    return { statement: { ...s, operands: [narrow, from] }, least: 0 };
  }

  #make(item: PlacedStatement, address: number, base: number, before: number): Uint8Array {
    const { statement: s, assembler, scope } = item;
    const name = s.name as string;
    const resolve = this.#resolver(address, base, scope);
    const evaluate: Evaluate = (e) => e.value(resolve);
    const count = (value: bigint): number => {
      if (value >= 0n && value <= BigInt(MOST_BYTES)) return Number(value);
      return this.#pass === 0 && s.refers ? 0 : bad(`${name} ${value} is too much, or too little`);
    };
    if (name in dataBytes) return dataOf(s, evaluate);
    if (name in reservedBytes) return new Uint8Array(count(evaluate(only(s)) * BigInt(reservedBytes[name] as number)));
    if (name === "align") {
      const to = count(evaluate(only(s)));
      if (to < 1 || (to & (to - 1)) !== 0 || to > 4096) bad(`align takes a power of two up to 4096, not ${to}`);
      return new Uint8Array((to - (address % to)) % to).fill(NOP);
    }
    const { statement, least } = this.#narrowed(s, resolve);
    return assembler.assemble(statement, address, evaluate, Math.max(least, before));
  }

  #repeated(item: PlacedStatement, address: number, base: number, before: number): Uint8Array {
    const { times, name } = item.statement;
    if (item.included) return item.included;
    if (name === undefined || name === "equ") return new Uint8Array(0);
    if (!times) return this.#make(item, address, base, before);
    const value = times.value(this.#resolver(address, base, item.scope));
    if (value < 0n && this.#pass > 0) bad(`times ${value} is less than 0`);
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let i = 0n; i < value; i++) {
      const part = this.#make(item, address + length, base, 0);
      length += part.length;
      parts.push(part);
      if (length > MOST_BYTES || parts.length > MOST_BYTES / 16) bad(`a program has at most ${MOST_BYTES} bytes`);
    }
    return joined(parts, length);
  }

  /** One pass over all. True: something has moved. */
  #go(): boolean {
    let moved = this.#pass === 0;
    let address = this.#options.at;
    this.#met = new Set();
    for (const section of this.#sections) {
      address = Math.ceil(address / section.align) * section.align;
      const base = address;
      for (const [n, item] of this.#items.entries()) {
        if (item.section !== section) continue;
        const { labels, name, refers } = item.statement;
        if (this.#pass > this.#items.length + 16) atLine(item, () => bad("the distances between labels do not converge"));
        if (name !== "equ")
          for (const own of labels) {
            const label = localName(own, item.scope);
            if (this.#labels.get(label) !== address) moved = true;
            this.#labels.set(label, address);
            this.#met.add(label);
          }
        for (const own of name === "equ" ? labels : []) {
          const constant = this.#constants.get(localName(own, item.scope));
          if (constant && constant.at !== address) moved = true;
          if (constant) Object.assign(constant, { at: address, base });
        }
        const before = this.#bytes[n] as Uint8Array;
        const made =
          this.#addresses[n] === address && !refers ? before : atLine(item, () => this.#repeated(item, address, base, before.length));
        if (made.length !== before.length) moved = true;
        if (address - this.#options.at + made.length > MOST_BYTES) atLine(item, () => bad(`a program has at most ${MOST_BYTES} bytes`));
        this.#bytes[n] = made;
        this.#addresses[n] = address;
        address += made.length;
      }
    }
    return moved;
  }

  run(): PlacedProgram {
    for (; this.#go(); this.#pass++);
    const { at } = this.#options;
    const statements = this.#items.flatMap(({ line, statement: { name }, included }, n) =>
      name === undefined && !included ? [] : [{ line, address: this.#addresses[n] as number, bytes: this.#bytes[n] as Uint8Array }],
    );
    const end = statements.reduce((most, { address, bytes }) => Math.max(most, address + bytes.length), at);
    const bytes = new Uint8Array(end - at);
    for (const placed of statements) bytes.set(placed.bytes, placed.address - at);
    return { bytes, labels: this.#labels, statements };
  }
}

const joined = (parts: readonly Uint8Array[], length: number): Uint8Array => {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** Gives all statements addresses and bytes. Throws a Problem for a mistake in one. */
export const place = (items: readonly PlacedStatement[], options: LayoutOptions): PlacedProgram => new Placement(items, options).run();
