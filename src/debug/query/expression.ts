// Conditions over registers, variables and memory, in C's syntax: `rax == 5 && u32[buffer + 8] > 10`.
// Numbers have 64 bits and a sign, as C's long.

import type { Task } from "../../kernel/core/task.ts";
import { Problem } from "../../problem.ts";
import { peek } from "../memory.ts";
import { registerNames, registerOf } from "../registers.ts";
import type { Named } from "./place.ts";

/** A condition or a number of a task. Undefined: memory that cannot be read. */
export interface ConditionExpression {
  readonly text: string;
  /** Its memory, if the addresses are known in advance. */
  readonly ranges: readonly { readonly address: number; readonly length: number }[];
  /** It needs registers, or memory at addresses that only the run knows. */
  readonly isDynamic: boolean;
  evaluate(task: Task): bigint | undefined;
}

type Node = (task: Task) => bigint | undefined;
interface Parsed {
  readonly node: Node;
  /** The value, if it is known in advance. */
  readonly constant: bigint | undefined;
}

const word = (v: bigint): bigint => BigInt.asIntN(64, v);
const bool = (b: boolean): bigint => (b ? 1n : 0n);
/** C's operators by precedence, the weakest first. `&&` and `||` are not lazy: nothing here has effects. */
const operators: readonly Readonly<Record<string, (a: bigint, b: bigint) => bigint>>[] = [
  { "||": (a, b) => bool(a !== 0n || b !== 0n) },
  { "&&": (a, b) => bool(a !== 0n && b !== 0n) },
  { "|": (a, b) => a | b },
  { "^": (a, b) => a ^ b },
  { "&": (a, b) => a & b },
  { "==": (a, b) => bool(a === b), "!=": (a, b) => bool(a !== b) },
  { "<=": (a, b) => bool(a <= b), ">=": (a, b) => bool(a >= b), "<": (a, b) => bool(a < b), ">": (a, b) => bool(a > b) },
  { "<<": (a, b) => a << (b & 63n), ">>": (a, b) => a >> (b & 63n) },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => (b === 0n ? 0n : a / b), "%": (a, b) => (b === 0n ? 0n : a % b) },
];
const token = /\s*(0x[0-9a-f]+|\d+|'(?:\\.|[^'\\])'|[$@]?[A-Za-z_.][\w.@]*|&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%&|^<>!~()[\]])/iy;
const loadNames = /^([us])(8|16|32|64)$/;
const DEEPEST = 200;

const tokensOf = (text: string): { readonly text: string; readonly at: number }[] => {
  const list: { readonly text: string; readonly at: number }[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== "") {
    const from = token.lastIndex;
    const found = token.exec(text);
    if (!found) throw wrong(text, from, "this is no part of a condition");
    list.push({ text: found[1] as string, at: token.lastIndex - (found[1] as string).length });
  }
  return list;
};
const wrong = (text: string, at: number, what: string): Problem =>
  new Problem("bad-value", `the condition is wrong: ${what}`, {
    span: { source: "condition", line: 1, column: at + 1, text },
    help: "such as: rax == 5 && u32[buffer + 8] > 10, or counter != 0",
  });
const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, "0": 0, "\\": 92, "'": 39 };

class Parser {
  readonly ranges: { address: number; length: number }[] = [];
  isDynamic = false;
  private readonly _text: string;
  private readonly _tokens: readonly { readonly text: string; readonly at: number }[];
  private readonly _names: (name: string) => Named | undefined;
  private _next = 0;
  private _depth = 0;

  constructor(text: string, names: (name: string) => Named | undefined) {
    this._text = text;
    this._names = names;
    this._tokens = tokensOf(text);
  }
  private get _here(): string | undefined {
    return this._tokens[this._next]?.text;
  }
  private _wrong(what: string, back = 0): Problem {
    return wrong(this._text, this._tokens[this._next - back]?.at ?? this._text.length, what);
  }
  private _want(text: string): void {
    if (this._here !== text) throw this._wrong(`"${text}" is missing`);
    this._next++;
  }
  whole(): Parsed {
    const found = this._binary(0);
    if (this._here !== undefined) throw this._wrong(`"${this._here}" is too much`);
    return found;
  }
  private _binary(level: number): Parsed {
    const table = operators[level];
    if (!table) return this._unary();
    let left = this._binary(level + 1);
    for (let name = this._here; name !== undefined && Object.hasOwn(table, name); name = this._here) {
      this._next++;
      const right = this._binary(level + 1);
      left = combined(table[name] as (a: bigint, b: bigint) => bigint, left, right);
    }
    return left;
  }
  private _unary(): Parsed {
    const name = this._here;
    if (++this._depth > DEEPEST) throw this._wrong("it is too deep");
    try {
      if (name === "-" || name === "~" || name === "!") {
        this._next++;
        const of = this._unary();
        const apply = (v: bigint): bigint => (name === "-" ? word(-v) : name === "~" ? ~v : bool(v === 0n));
        return { node: (task) => mapped(of.node(task), apply), constant: mapped(of.constant, apply) };
      }
      if (name === "*") {
        this._next++;
        return this._load(this._unary(), 8, true);
      }
      return this._primary();
    } finally {
      this._depth--;
    }
  }
  private _load(address: Parsed, length: number, signed: boolean): Parsed {
    if (address.constant === undefined) this.isDynamic = true;
    else this.ranges.push({ address: Number(BigInt.asUintN(64, address.constant)), length });
    const node: Node = (task) => {
      const where = address.node(task);
      if (where === undefined) return undefined;
      const bytes = new Uint8Array(8);
      if (peek(task.mem, Number(BigInt.asUintN(64, where)), bytes.subarray(0, length)) !== length) return undefined;
      const value = new DataView(bytes.buffer).getBigUint64(0, true);
      return signed ? BigInt.asIntN(8 * length, value) : word(value);
    };
    return { node, constant: undefined };
  }
  private _primary(): Parsed {
    const name = this._here;
    if (name === undefined) throw this._wrong("it ends too early");
    this._next++;
    if (name === "(") {
      const inner = this._binary(0);
      this._want(")");
      return inner;
    }
    if (name === "[") return this._bracket(8, true);
    if (name === "&") return this._address();
    if (name.startsWith("'")) {
      const letter = name.slice(1, -1);
      return literal(BigInt(letter.startsWith("\\") ? (escapes[letter[1] as string] ?? letter.charCodeAt(1)) : letter.charCodeAt(0)));
    }
    if (/^\d/.test(name)) return literal(word(BigInt(name)));
    const load = loadNames.exec(name);
    if (load && this._here === "[") {
      this._next++;
      return this._bracket(Number(load[2]) / 8, load[1] === "s");
    }
    return this._name(name);
  }
  private _bracket(length: number, signed: boolean): Parsed {
    const address = this._binary(0);
    this._want("]");
    return this._load(address, length, signed);
  }
  private _address(): Parsed {
    const name = this._here;
    const found = name === undefined ? undefined : this._names(name);
    if (!found) throw this._wrong("& needs the name of a variable or function");
    this._next++;
    return literal(BigInt(found.address));
  }
  private _name(text: string): Parsed {
    const name = text.replace(/^\$/, "").toLowerCase();
    if (registerNames.includes(name)) {
      this.isDynamic = true;
      return { node: (task) => mapped(registerOf(task, name), word), constant: undefined };
    }
    const found = text.startsWith("$") ? undefined : this._names(text);
    if (!found) throw this._wrong(`there is no register and no symbol "${text}"`, 1);
    const { address, size } = found;
    // Of a larger variable, and of a function, the address is its value, as in C.
    return [1, 2, 4, 8].includes(size) ? this._load(literal(BigInt(address)), size, true) : literal(BigInt(address));
  }
}
const literal = (v: bigint): Parsed => ({ node: () => v, constant: v });
const mapped = (v: bigint | undefined, apply: (v: bigint) => bigint): bigint | undefined => (v === undefined ? undefined : apply(v));
const combined = (apply: (a: bigint, b: bigint) => bigint, left: Parsed, right: Parsed): Parsed => {
  const both = (a: bigint | undefined, b: bigint | undefined): bigint | undefined =>
    a === undefined || b === undefined ? undefined : word(apply(a, b));
  return { node: (task) => both(left.node(task), right.node(task)), constant: both(left.constant, right.constant) };
};

/** Reads a condition. `names` finds variables and functions. Throws a Problem with the place of a mistake. */
export const parseExpression = (text: string, names: (name: string) => Named | undefined): ConditionExpression => {
  const parser = new Parser(text, names);
  const { node } = parser.whole();
  return { text, ranges: parser.ranges, isDynamic: parser.isDynamic, evaluate: node };
};
