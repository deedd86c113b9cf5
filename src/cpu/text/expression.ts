// Constant expressions of the assembler: numbers, characters, labels and C's operators, as in NASM (manual,
// 3.5 "Expressions").
import { bad } from "./bad-line.ts";

/** The value of a label; "$" is the address of the statement, "$$" that of its section. */
export type Resolve = (name: string) => bigint;
/** An expression as parsed. */
export interface ParsedExpression {
  /** The labels in it. */
  readonly names: readonly string[];
  /** Its value, which is undefined for `/` and `%` by 0. */
  value(resolve: Resolve): bigint;
}

/** A number as an expression. */
export const constantOf = (value: bigint): ParsedExpression => ({ names: [], value: () => value });

const negative = (e: ParsedExpression): ParsedExpression => ({ names: e.names, value: (r) => -e.value(r) });
/** The sum of terms with their signs. */
export const sumOf = (terms: readonly { readonly negated: boolean; readonly term: ParsedExpression }[]): ParsedExpression => {
  const all = terms.map(({ negated, term }) => (negated ? negative(term) : term));
  return { names: all.flatMap((e) => e.names), value: (r) => all.reduce((sum, e) => sum + e.value(r), 0n) };
};

/** True if the value moves with the program: the labels in it do not cancel. */
export const moves = (e: ParsedExpression, resolve: Resolve, isLabel: (name: string) => boolean): boolean =>
  e.names.some(isLabel) && e.value((name) => resolve(name) + (isLabel(name) ? 1n : 0n)) !== e.value(resolve);

const prefixes = { h: "x", o: "o", q: "o", b: "b" } as const;
/** A number: `26`, `0x1a`, `1ah`, `0b11010`, `11010b`, `0o32`, `32o`. */
export const number = (text: string): bigint | undefined => {
  if (/^(0x[0-9a-f_]+|[\d_]+|0b[01_]+|0o[0-7_]+)$/i.test(text) && /^\d/.test(text)) return BigInt(text.replaceAll("_", ""));
  const [, digits, base] = /^(?:(?=[\d_]+[oq]$|[01_]+b$|\d[\da-f_]*h$))([\da-f_]+)([oqbh])$/i.exec(text) ?? [];
  return digits === undefined ? undefined : BigInt(`0${prefixes[(base as string).toLowerCase() as "h"]}${digits.replaceAll("_", "")}`);
};
/** Up to eight characters, the first one in the lowest byte. */
const characters = (text: string): bigint => {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 8) bad(`${JSON.stringify(text)} is longer than eight bytes`);
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
};

const truth = (holds: boolean): bigint => (holds ? 1n : 0n);
const quotient = (a: bigint, b: bigint, of: (a: bigint, b: bigint) => bigint): bigint => (b === 0n ? bad("a division by 0") : of(a, b));
const shifted = (a: bigint, b: bigint, of: (a: bigint, b: bigint) => bigint): bigint =>
  b < 0n || b > 63n ? bad(`a shift by ${b}`) : of(a, b);
type Binary = (a: bigint, b: bigint) => bigint;
/** Operators by precedence, the weakest first. */
const levels: readonly Readonly<Record<string, Binary>>[] = [
  { "||": (a, b) => truth(a !== 0n || b !== 0n) },
  { "&&": (a, b) => truth(a !== 0n && b !== 0n) },
  {
    "=": (a, b) => truth(a === b),
    "==": (a, b) => truth(a === b),
    "!=": (a, b) => truth(a !== b),
    "<>": (a, b) => truth(a !== b),
    "<": (a, b) => truth(a < b),
    "<=": (a, b) => truth(a <= b),
    ">": (a, b) => truth(a > b),
    ">=": (a, b) => truth(a >= b),
  },
  { "|": (a, b) => a | b },
  { "^": (a, b) => a ^ b },
  { "&": (a, b) => a & b },
  { "<<": (a, b) => shifted(a, b, (x, y) => x << y), ">>": (a, b) => shifted(a, b, (x, y) => BigInt.asUintN(64, x) >> y) },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  {
    "*": (a, b) => a * b,
    "/": (a, b) => quotient(a, b, (x, y) => x / y),
    "//": (a, b) => quotient(a, b, (x, y) => x / y),
    "%": (a, b) => quotient(a, b, (x, y) => x % y),
  },
];
const unaries: Readonly<Record<string, (a: bigint) => bigint>> = {
  "-": (a) => -a,
  "+": (a) => a,
  "~": (a) => ~a,
  "!": (a) => truth(a === 0n),
};

const TOKEN = /\s*("[^"]*"|'[^']*'|\|\||&&|==|!=|<>|<=|>=|<<|>>|\/\/|[-+*/%&|^~!<>=()]|\$\$?(?![\w.])|[\w.?@$]+)/y;
/**
 * Parentheses inside each other, each with all levels of operators; and words of an expression. A host's
 * stack is finite.
 */
const DEPTH = 1000;
const WORDS = 1000;

interface Token {
  readonly text: string;
  /** The offset behind it. */
  readonly end: number;
}
/** The words up to one that no expression has. */
const tokens = (text: string): Token[] => {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    found.push({ text: match[1] as string, end: TOKEN.lastIndex });
    if (found.length > WORDS) bad(`an expression has more than ${WORDS} words`);
  }
  return found;
};

/** The expression at the beginning of a text, and the text behind it. Throws a `BadLine` for a mistake. */
export const expressionAtStart = (text: string): { readonly expression: ParsedExpression; readonly rest: string } => {
  const list = tokens(text);
  let at = 0;
  let depth = 0;
  const inner = <T>(read: () => T): T => {
    if (++depth > DEPTH) bad(`"${text.trim()}" is nested too deeply`);
    const value = read();
    depth--;
    return value;
  };
  const primary = (): ParsedExpression => {
    const token = list[at++]?.text ?? bad(text.trim() === "" ? "an operand is empty" : `"${text.trim()}" ends too early`);
    if (token === "(") {
      const e = inner(() => binary(0));
      if (list[at++]?.text !== ")") bad(`"${text.trim()}" lacks a ")"`);
      return e;
    }
    const unary = unaries[token];
    if (unary) {
      const e = inner(primary);
      return { names: e.names, value: (r) => unary(e.value(r)) };
    }
    if (/^["']/.test(token)) return constantOf(characters(token.slice(1, -1)));
    const n = number(token);
    if (n !== undefined) return constantOf(n);
    if (/^([A-Za-z_.?@][\w.$?@]*|\$\$?)$/.test(token)) return { names: [token], value: (resolve) => resolve(token) };
    return bad(`"${token}" is no number`);
  };
  const binary = (level: number): ParsedExpression => {
    const operators = levels[level];
    if (!operators) return primary();
    let left = inner(() => binary(level + 1));
    for (let operator = operators[list[at]?.text ?? ""]; operator; operator = operators[list[at]?.text ?? ""]) {
      at++;
      const [a, b, apply] = [left, binary(level + 1), operator];
      left = { names: [...a.names, ...b.names], value: (r) => apply(a.value(r), b.value(r)) };
    }
    return left;
  };
  const all = binary(0);
  return { expression: all, rest: text.slice(list[at - 1]?.end ?? 0) };
};

/** The expression that a text is. Throws a `BadLine` for a mistake. */
export const expression = (text: string): ParsedExpression => {
  const { expression: all, rest } = expressionAtStart(text);
  return rest.trim() === "" ? all : bad(`"${text.trim()}" cannot be read`);
};
