// The assembler's parser for a line: labels, prefix words, name, operands. The syntax is Intel's, as
// disassemble.ts writes it. NASM's forms ("dword [fs:rax]", "rel", "short") are accepted, too.
import { noRegister } from "../decode/decoder.ts";
import { rep } from "../isa/ops.ts";
import { S, segNames } from "../machine/state.ts";
import { bad } from "./bad-line.ts";
import { constantOf, expression, expressionAtStart, number, type ParsedExpression, sumOf } from "./expression.ts";
import { type NamedRegister, registers } from "./registers.ts";
import { sizeNames } from "./syntax.ts";

/** A memory operand as written. */
export interface MemoryOperand {
  readonly kind: "memory";
  readonly size: number | undefined;
  readonly far: boolean;
  /** NASM writes the size of a far pointer's offset before the word: "jmp dword far [eax]". */
  readonly offsetSize: 16 | 32 | 64 | undefined;
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
  readonly displacement: ParsedExpression;
}
/** An operand as written. */
export type WrittenOperand =
  | { readonly kind: "register"; readonly register: NamedRegister; readonly name: string }
  | MemoryOperand
  | { readonly kind: "value"; readonly size: number | undefined; readonly short: boolean; readonly value: ParsedExpression }
  | { readonly kind: "far"; readonly selector: ParsedExpression; readonly offset: ParsedExpression };

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
  /** The items of db, dw, dd and dq; the count of resb, align and so on; the value of equ. */
  readonly data: readonly (ParsedExpression | string)[];
  /** So often. */
  readonly times: ParsedExpression | undefined;
}

const sizes = new Map([
  ...Object.entries(sizeNames).map(([bits, name]): [string, number] => [name, Number(bits)]),
  ["tword", 80],
  ["oword", 128],
  ["yword", 256],
]);

/** The parts of a text between separators outside brackets, parentheses and quotes. */
export const splitList = (text: string, separator: string): string[] => {
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

interface Term {
  readonly negated: boolean;
  readonly term: string;
}
/** The terms of a sum with their signs. Parentheses and quotes are part of a term. */
const terms = (text: string): readonly Term[] => {
  const out: Term[] = [];
  let depth = 0;
  let negated = false;
  let term = "";
  const end = (): void => {
    if (term.trim() === "") bad(`"${text}" cannot be read`);
    out.push({ negated, term: term.trim() });
    term = "";
    negated = false;
  };
  for (const word of text.match(/"[^"]*"|'[^']*'|./g) ?? []) {
    if (word === "(") depth++;
    else if (word === ")") depth--;
    const isSign = depth === 0 && (word === "+" || word === "-");
    if (isSign && /[^\s*/%&|^<>~]\s*$/.test(term)) end();
    if (isSign && term.trim() === "") negated = negated !== (word === "-");
    else term += word;
  }
  end();
  return out;
};

interface Address {
  base: number;
  index: number;
  scale: number;
  vector: NamedRegister | undefined;
  size: 16 | 32 | 64 | undefined;
  ip: MemoryOperand["ip"];
}
/** Adds a register, plain or scaled, to an address; false if the term is not a register. */
const addRegister = (a: Address, { negated, term }: Term): boolean => {
  const [left, right] = term.toLowerCase().replace(/\s/g, "").split("*") as [string, string?];
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
  if (r.kind === "xmm" && !negated && a.vector === undefined) {
    [a.vector, a.scale] = [r, scale];
    return true;
  }
  if (r.kind !== "general" || r.width === 8 || negated) bad(`"${term}" cannot be part of an address`);
  if (a.size !== undefined && a.size !== r.width) bad("registers of two widths in one address");
  a.size = r.width as 16 | 32 | 64;
  if (factor === undefined && a.base === noRegister) a.base = r.number;
  else if (a.index === noRegister) [a.index, a.scale] = [r.number, scale];
  else bad("an address has one base and one index");
  return true;
};

const memoryOperand = (
  text: string,
  size: number | undefined,
  far: boolean,
  segment: number | undefined,
): Omit<MemoryOperand, "offsetSize"> => {
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
  const all = terms(inner);
  const rest = all.filter((term) => !addRegister(a, term));
  if (a.ip !== undefined && (a.base !== noRegister || a.index !== noRegister)) bad("rip stands alone in an address");
  // rsp is never an index; of the 16-bit registers bx and bp are bases.
  const swap = a.scale === 0 && a.index !== noRegister && (a.index === 4 || (a.size === 16 && (a.base === 6 || a.base === 7)));
  const [base, index] = swap ? [a.index, a.base] : [a.base, a.index];
  const displacement =
    rest.length === all.length ? expression(inner) : sumOf(rest.map(({ negated, term }) => ({ negated, term: expression(term) })));
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
  let pointed = false;
  let offsetSize: MemoryOperand["offsetSize"];
  for (;;) {
    const word = /^([A-Za-z]+)\s+(?=\S)/.exec(rest)?.[1] as string;
    if (word === undefined) break;
    const w = word.toLowerCase();
    if (sizes.has(w)) size = sizes.get(w);
    else if (w === "far") {
      far = true;
      if (!pointed && (size === 16 || size === 32 || size === 64)) [offsetSize, size] = [size, undefined];
    } else if (w === "short") short = true;
    else if (w === "ptr") pointed = true;
    else if (w !== "near" && w !== "offset") break;
    rest = rest.slice(word.length).trimStart();
  }
  const register = registers.get(rest.toLowerCase().replace(/\s/g, ""));
  if (register) return { kind: "register", register, name: rest.toLowerCase() };
  const memory = /^(?:([cdefgs]s)\s*:\s*)?\[(.*)\]$/i.exec(rest);
  if (memory) {
    const segment = memory[1] === undefined ? undefined : segNames.indexOf(memory[1].toLowerCase() as "es");
    return { ...memoryOperand((memory[2] as string).trim(), size, far, segment), offsetSize };
  }
  const pointer = splitList(rest, ":");
  if (pointer.length === 2) return { kind: "far", selector: expression(pointer[0] as string), offset: expression(pointer[1] as string) };
  return { kind: "value", size, short, value: expression(rest) };
};

const expressionsOf = (w: WrittenOperand): ParsedExpression[] => {
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
export const uncommented = (text: string): string => /^(?:[^;#"']|"[^"]*"|'[^']*')*/.exec(text)?.[0].trim() ?? "";

/** The bytes of an item of db, dw, dd, dq. */
export const dataBytes: Readonly<Record<string, 1 | 2 | 4 | 8>> = { db: 1, dw: 2, dd: 4, dq: 8 };
/** The bytes that resb and so on leave free, each. */
export const reservedBytes: Readonly<Record<string, 1 | 2 | 4 | 8>> = { resb: 1, resw: 2, resd: 4, resq: 8 };
const takesExpressions = (name: string): boolean => name in dataBytes || name in reservedBytes || name === "align" || name === "equ";

/** A floating-point number as its bits: dd and dq have them. */
const floatBits = (text: string, name: string): ParsedExpression | undefined => {
  if ((name !== "dd" && name !== "dq") || !/^[+-]?\d+\.\d*(e[+-]?\d+)?$/i.test(text)) return undefined;
  const view = new DataView(new ArrayBuffer(8));
  if (name === "dd") view.setFloat32(0, Number(text), true);
  else view.setFloat64(0, Number(text), true);
  return constantOf(view.getBigUint64(0, true));
};
const item = (text: string, name: string): ParsedExpression | string =>
  /^("[^"]*"|'[^']*')$/.test(text) ? text.slice(1, -1) : (floatBits(text, name) ?? expression(text));

/** Parses a line. Throws a `BadLine` for a mistake. */
export const parseLine = (text: string, line: number): Statement => {
  let rest = uncommented(text);
  const labels: string[] = [];
  for (;;) {
    const label = /^([A-Za-z_.$?@][\w.$?@]*)(?:\s*:|\s+(?=(?:equ|d[bwdq]|res[bwdq])\s))/i.exec(rest);
    const name = label?.[1] as string;
    if (!label || registers.get(name.toLowerCase())?.kind === "segment" || name.toLowerCase() === "times") break;
    labels.push(name);
    rest = rest.slice(label[0].length).trimStart();
  }
  const prefixes: Prefixes = { lock: false, rep: rep.none, segment: undefined, operandSize: undefined, addressSize: undefined };
  let name: string | undefined;
  let times: ParsedExpression | undefined;
  while (rest !== "" && name === undefined) {
    const word = /^\S+/.exec(rest)?.[0] as string;
    rest = rest.slice(word.length).trimStart();
    if (word.toLowerCase() === "times") {
      const count = expressionAtStart(rest);
      [times, rest] = [count.expression, count.rest.trimStart()];
      if (rest === "") bad("times lacks a statement");
    } else if (!prefixWord(prefixes, word.toLowerCase())) name = word.toLowerCase();
  }
  const parts = rest === "" ? [] : splitList(rest, ",");
  const listed = name !== undefined && takesExpressions(name) ? parts.map((part) => item(part, name as string)) : undefined;
  const operands = listed ? [] : parts.map(operand);
  const farSize = operands.find((one) => one.kind === "memory" && one.offsetSize !== undefined);
  if (farSize?.kind === "memory") prefixes.operandSize ??= farSize.offsetSize;
  const data = listed ?? [];
  const expressions = [...data.filter((one) => typeof one !== "string"), ...operands.flatMap(expressionsOf), ...(times ? [times] : [])];
  const refers = name === "align" || expressions.some((e) => e.names.length > 0);
  return { line, labels, name, prefixes, operands, data, refers, times };
};
