// The assembler's parser for a line: labels, prefix words, name, operands. The syntax is Intel's, as
// disassemble.ts writes it. NASM's forms ("dword [fs:rax]", "rel", "short") are accepted, too.
import { noRegister } from "../decode/decoder.ts";
import { rep } from "../isa/ops.ts";
import { S, segNames } from "../machine/state.ts";
import { type NamedRegister, registers } from "./registers.ts";
import { sizeNames } from "./syntax.ts";

/** A sum of a number and labels; "$" is the address of the statement. */
export interface Expression {
  readonly constant: bigint;
  readonly labels: readonly { readonly name: string; readonly sign: 1n | -1n }[];
}
/** A memory operand as written. */
export interface MemoryOperand {
  readonly kind: "memory";
  readonly size: number | undefined;
  readonly far: boolean;
  readonly segment: number | undefined;
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  /** A vector of indices in place of the index. */
  readonly vector: NamedRegister | undefined;
  /** The width of its registers. */
  readonly addressSize: 16 | 32 | 64 | undefined;
  /** "rip+5": a distance; "rel label": an address that is reached relative to rip. */
  readonly ip: "distance" | "address" | undefined;
  readonly displacement: Expression;
}
/** An operand as written. */
export type WrittenOperand =
  | { readonly kind: "register"; readonly register: NamedRegister; readonly name: string }
  | MemoryOperand
  | { readonly kind: "value"; readonly size: number | undefined; readonly short: boolean; readonly value: Expression }
  | { readonly kind: "far"; readonly selector: Expression; readonly offset: Expression };

/** The prefix words of a statement. */
export interface Prefixes {
  lock: boolean;
  rep: 0 | 1 | 2;
  segment: number | undefined;
  operandSize: 16 | 32 | 64 | undefined;
  addressSize: 16 | 32 | 64 | undefined;
}
/** A parsed line. */
export interface Statement {
  readonly line: number;
  readonly labels: readonly string[];
  /** Undefined: the line has labels only. */
  readonly name: string | undefined;
  readonly prefixes: Prefixes;
  readonly operands: readonly WrittenOperand[];
  /** Its bytes depend on where labels are. */
  readonly refers: boolean;
  /** The items of db, dw, dd, dq. */
  readonly data: readonly (Expression | string)[];
}

/** A mistake in a line; assemble.ts adds the position. */
export class BadLine extends Error {}
/** Throws a `BadLine`. */
export const bad = (what: string): never => {
  throw new BadLine(what);
};

const sizes = new Map([
  ...Object.entries(sizeNames).map(([bits, name]): [string, number] => [name, Number(bits)]),
  ["tword", 80],
  ["oword", 128],
  ["yword", 256],
]);

/** The parts of a text between separators outside brackets, parentheses and quotes. */
const split = (text: string, separator: string): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === "[" || c === "(") depth++;
    else if (c === "]" || c === ")") depth--;
    else if (c === separator && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)].map((p) => p.trim());
};

const number = (text: string): bigint | undefined => {
  if (/^(0x[0-9a-f]+|\d+|0b[01]+|0o[0-7]+)$/i.test(text)) return BigInt(text);
  const hex = /^(\d[0-9a-f]*)h$/i.exec(text);
  return hex ? BigInt(`0x${hex[1]}`) : undefined;
};
const isName = (text: string): boolean => /^[A-Za-z_.$?@][\w.$?@]*$/.test(text);

/** Terms of a sum with their signs. */
const terms = (text: string): { readonly sign: 1n | -1n; readonly term: string }[] => {
  const out: { sign: 1n | -1n; term: string }[] = [];
  const pattern = /\s*([+-]?)\s*([^\s+\-*]+(?:\s*\*\s*[^\s+\-*]+)?)\s*/y;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text) ?? bad(`"${text}" cannot be read`);
    if (found[1] === "" && out.length > 0) bad(`"${text}" cannot be read`);
    out.push({ sign: found[1] === "-" ? -1n : 1n, term: (found[2] as string).replace(/\s/g, "") });
  }
  if (out.length === 0) bad("an operand is empty");
  return out;
};
const sum = (parts: readonly { readonly sign: 1n | -1n; readonly term: string }[]): Expression => {
  let constant = 0n;
  const labels: { name: string; sign: 1n | -1n }[] = [];
  for (const { sign, term } of parts) {
    const n = number(term);
    if (n !== undefined) constant += sign * n;
    else if (isName(term)) labels.push({ name: term, sign });
    else bad(`"${term}" is no number`);
  }
  return { constant, labels };
};
const expression = (text: string): Expression => sum(terms(text));

interface Address {
  base: number;
  index: number;
  scale: number;
  vector: NamedRegister | undefined;
  size: 16 | 32 | 64 | undefined;
  ip: MemoryOperand["ip"];
}
/** Adds a register, plain or scaled, to an address; false if the term is not a register. */
const addRegister = (a: Address, term: string, sign: bigint): boolean => {
  const [left, right] = term.toLowerCase().split("*") as [string, string?];
  if (left === "rip" || left === "eip") {
    a.ip = "distance";
    a.size = left === "eip" ? 32 : 64;
    return true;
  }
  const first = registers.get(left);
  const r = first ?? (right === undefined ? undefined : registers.get(right));
  if (!r) return false;
  const factor = right === undefined ? undefined : Number(number(first ? right : left) ?? 0n);
  const scale = factor === undefined ? 0 : [1, 2, 4, 8].indexOf(factor);
  if (scale < 0) bad(`an index is scaled by 1, 2, 4 or 8, not by ${first ? right : left}`);
  if (r.kind === "xmm" && sign > 0n && a.vector === undefined) {
    [a.vector, a.scale] = [r, scale];
    return true;
  }
  if (r.kind !== "general" || r.width === 8 || sign < 0n) bad(`"${term}" cannot be part of an address`);
  if (a.size !== undefined && a.size !== r.width) bad("registers of two widths in one address");
  a.size = r.width as 16 | 32 | 64;
  if (factor === undefined && a.base === noRegister) a.base = r.number;
  else if (a.index === noRegister) [a.index, a.scale] = [r.number, scale];
  else bad("an address has one base and one index");
  return true;
};

const memoryOperand = (text: string, size: number | undefined, far: boolean, segment: number | undefined): MemoryOperand => {
  let inner = text;
  let within = segment;
  const a: Address = { base: noRegister, index: noRegister, scale: 0, vector: undefined, size: undefined, ip: undefined };
  for (;;) {
    const word = /^(?:(rel|abs|[a-z]*word|byte)\s+|([cdefgs]s)\s*:\s*)/i.exec(inner);
    if (!word) break;
    if (word[2]) within = segNames.indexOf(word[2].toLowerCase() as "es");
    else if (word[1]?.toLowerCase() === "rel") a.ip = "address";
    inner = inner.slice(word[0].length);
  }
  const rest = terms(inner).filter(({ term, sign }) => !addRegister(a, term, sign));
  if (a.ip !== undefined && (a.base !== noRegister || a.index !== noRegister)) bad("rip stands alone in an address");
  // rsp is never an index; of the 16-bit registers bx and bp are bases.
  const swap = a.scale === 0 && a.index !== noRegister && (a.index === 4 || (a.size === 16 && (a.base === 6 || a.base === 7)));
  const [base, index] = swap ? [a.index, a.base] : [a.base, a.index];
  const displacement = rest.length === 0 ? { constant: 0n, labels: [] } : sum(rest);
  return {
    kind: "memory",
    size,
    far,
    segment: within,
    base,
    index,
    scale: a.scale,
    vector: a.vector,
    addressSize: a.size,
    ip: a.ip,
    displacement,
  };
};

const operand = (text: string): WrittenOperand => {
  let rest = text;
  let size: number | undefined;
  let far = false;
  let short = false;
  for (;;) {
    const word = /^([A-Za-z]+)\s+(?=\S)/.exec(rest)?.[1] as string;
    if (word === undefined) break;
    const w = word.toLowerCase();
    if (sizes.has(w)) size = sizes.get(w);
    else if (w === "far") far = true;
    else if (w === "short") short = true;
    else if (w !== "ptr" && w !== "near" && w !== "offset") break;
    rest = rest.slice(word.length).trimStart();
  }
  const register = registers.get(rest.toLowerCase().replace(/\s/g, ""));
  if (register) return { kind: "register", register, name: rest.toLowerCase() };
  const memory = /^(?:([cdefgs]s)\s*:\s*)?\[(.*)\]$/i.exec(rest);
  if (memory) {
    const segment = memory[1] === undefined ? undefined : segNames.indexOf(memory[1].toLowerCase() as "es");
    return memoryOperand((memory[2] as string).trim(), size, far, segment);
  }
  const pointer = split(rest, ":");
  if (pointer.length === 2) return { kind: "far", selector: expression(pointer[0] as string), offset: expression(pointer[1] as string) };
  return { kind: "value", size, short, value: expression(rest) };
};

const expressionsOf = (w: WrittenOperand): Expression[] => {
  switch (w.kind) {
    case "register":
      return [];
    case "memory":
      return [w.displacement];
    case "value":
      return [w.value];
    case "far":
      return [w.selector, w.offset];
  }
};

const prefixWord = (p: Prefixes, word: string): boolean => {
  const size = /^(?:o|a|data|addr)(16|32|64)$/.exec(word)?.[1];
  if (word === "lock") p.lock = true;
  else if (word === "rep" || word === "repe" || word === "repz") p.rep = rep.rep;
  else if (word === "repne" || word === "repnz") p.rep = rep.repne;
  else if (word in S) p.segment = S[word as keyof typeof S];
  else if (size !== undefined) p[word.startsWith("a") ? "addressSize" : "operandSize"] = Number(size) as 16 | 32 | 64;
  else return false;
  return true;
};

/** The text without its comment, which starts with ";" or "#" outside quotes. */
const uncommented = (text: string): string => /^(?:[^;#"']|"[^"]*"|'[^']*')*/.exec(text)?.[0].trim() ?? "";

/** Parses a line. Throws a `BadLine` for a mistake. */
export const parseLine = (text: string, line: number): Statement => {
  let rest = uncommented(text);
  const labels: string[] = [];
  for (;;) {
    const label = /^([A-Za-z_.$?@][\w.$?@]*)\s*:/.exec(rest);
    if (!label || registers.get((label[1] as string).toLowerCase())?.kind === "segment") break;
    labels.push(label[1] as string);
    rest = rest.slice(label[0].length).trimStart();
  }
  const prefixes: Prefixes = { lock: false, rep: rep.none, segment: undefined, operandSize: undefined, addressSize: undefined };
  let name: string | undefined;
  while (rest !== "" && name === undefined) {
    const word = /^\S+/.exec(rest)?.[0] as string;
    rest = rest.slice(word.length).trimStart();
    if (!prefixWord(prefixes, word.toLowerCase())) name = word.toLowerCase();
  }
  const parts = rest === "" ? [] : split(rest, ",");
  const isData = name !== undefined && /^d[bwdq]$/.test(name);
  const data = isData ? parts.map((p) => (/^(".*"|'.*')$/.test(p) ? p.slice(1, -1) : expression(p))) : [];
  const operands = isData ? [] : parts.map(operand);
  const expressions = [...data.filter((item) => typeof item !== "string"), ...operands.flatMap(expressionsOf)];
  return { line, labels, name, prefixes, operands, data, refers: expressions.some((e) => e.labels.length > 0) };
};
