// The assembler: text in the syntax of disassemble.ts to bytes. It takes the shortest encoding of all
// matching rows, as NASM does, but never changes the operand size ("mov rax, 5" stays 64 bits wide). Judges:
// NASM, objdump and iced-x86 (test/cpu/text).
import { Problem } from "../../problem.ts";
import { Decoded, type Decoder } from "../decode/decoder.ts";
import { type AddressSize, rep } from "../isa/ops.ts";
import { type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { S } from "../machine/state.ts";
import { instructionText, plainDecoder } from "./disassemble.ts";
import { encode } from "./encode.ts";
import { type NameMatch, rowsNamed } from "./names.ts";
import { BadLine, bad, parseLine, type Statement, type WrittenOperand } from "./parse.ts";
import { type Evaluate, put } from "./put.ts";
import { type NamedRegister, registers } from "./registers.ts";
import { defaultSize, impliesAddress, impliesMemory, isFar, sameAtSizes, showsSize, unsizedMemory, writtenOperands } from "./syntax.ts";

/** The mode of the code segment in bits (default 64), and the address of the first byte (default 0). */
export interface AssembleOptions {
  readonly mode?: AddressSize;
  /** Address of the first byte; 0 by default. */
  readonly at?: number;
}
/** Machine code, the addresses of labels, and the bytes of each statement. */
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
  /** Address and bytes of each statement; lines count from 1. */
  readonly statements: readonly { readonly line: number; readonly address: number; readonly bytes: Uint8Array }[];
}

type Size = 16 | 32 | 64;
const sizes = [16, 32, 64] as const;

/**
 * The orders and numbers of operands in which a row may be written: as it is, exchanged, or with implied
 * operands added.
 */
const arrangements = (row: Row, written: readonly WrittenOperand[]): (readonly WrittenOperand[])[] => {
  const operands = writtenOperands(row);
  if (written.length === operands.length) {
    const [a, b] = written as [WrittenOperand, WrittenOperand];
    return written.length === 2 && (row.name === "test" || row.name === "xchg") ? [written, [b, a]] : [written];
  }
  const st = (number: number): WrittenOperand => ({
    kind: "register",
    name: number === 0 ? "st" : `st(${number})`,
    register: { kind: "st", number, width: 80 },
  });
  if (operands.some((o) => o.kind === "sti") && written.length < operands.length) {
    let next = 0;
    const given = written.length > 0 ? written : [st(1)];
    const all = operands.map((o) => (o.kind === "st" ? st(0) : given[next++]));
    return next === given.length && all.every((w) => w !== undefined) ? [all as WrittenOperand[]] : [];
  }
  const ten: WrittenOperand = { kind: "value", size: undefined, short: false, value: { constant: 10n, labels: [] } };
  if ((row.name === "aam" || row.name === "aad") && written.length === 0) return [[ten]];
  // The mask register of BLENDVPS, and xmm0 of SHA256RNDS2.
  const xmm0 = registers.get("xmm0") as NamedRegister;
  if (operands.at(-1)?.spec === "XMM0" && written.length === operands.length - 1)
    return [[...written, { kind: "register", name: "xmm0", register: xmm0 }]];
  const [first, second] = written;
  if (row.name === "imul" && operands.length === 3 && first && second && written.length === 2) return [[first, first, second]];
  return [];
};

const sizesOf = ({ row, size }: NameMatch, statement: Statement, mode: AddressSize): readonly Size[] => {
  const usual = defaultSize(row, mode);
  const possible = (s: Size) => (row.vex ? s !== 16 : mode === 64 ? usual !== 64 || row.size64 === undefined || s !== 32 : s !== 64);
  const all = sizes.filter((s) => possible(s) && (mode === 64 || s !== 64));
  const asked = statement.prefixes.operandSize ?? size;
  if (asked !== undefined) return all.includes(asked) && (asked === usual || !sameAtSizes(row, asked, usual)) ? [asked] : [];
  const memory = statement.operands.some((w) => w.kind === "memory");
  if (showsSize(row, memory)) return all;
  // "push word 5"
  const written = statement.operands.find((w) => w.kind === "value" && w.size !== undefined && row.name === "push");
  return written?.kind === "value" && all.includes(written.size as Size) ? [written.size as Size] : [usual];
};

const addressSizeOf = ({ row, addressSize }: NameMatch, statement: Statement, mode: AddressSize): AddressSize | undefined => {
  const memory = statement.operands.find((w) => w.kind === "memory");
  const written = addressSize ?? (memory?.kind === "memory" ? memory.addressSize : undefined);
  const asked = statement.prefixes.addressSize;
  if (written !== undefined && asked !== undefined && written !== asked) return undefined;
  const have = written ?? asked ?? mode;
  if (have !== mode && !memory && !impliesAddress(row) && !row.addressNames) return undefined;
  return have === (mode === 64 ? 16 : 64) ? undefined : have;
};

/** False if the row has no use for a prefix of the statement. */
const takesPrefixes = (row: Row, { prefixes, operands }: Statement): boolean => {
  const memory = operands.some((w) => w.kind === "memory");
  if (prefixes.lock && !(row.lock && !row.registerOnly && memory)) return false;
  if (prefixes.rep !== rep.none && row.repeat === undefined) return false;
  return prefixes.segment === undefined || memory || impliesMemory(row);
};

/** The instruction of a statement by this row, at this operand size; undefined if an operand does not fit. */
const build = (
  meant: NameMatch,
  size: Size,
  written: readonly WrittenOperand[],
  s: Statement,
  at: number,
  mode: AddressSize,
  evaluate: Evaluate,
  length: number,
): Decoded | undefined => {
  const { row } = meant;
  const addressSize = addressSizeOf(meant, s, mode);
  if (addressSize === undefined) return undefined;
  const d = new Decoded();
  Object.assign(d, { row, ip: at, mode, size, addressSize, lock: s.prefixes.lock, rep: s.prefixes.rep, modrm: 0xc0, length });
  if (s.prefixes.segment !== undefined && !(mode === 64 && s.prefixes.segment < S.fs)) d.segment = s.prefixes.segment;
  return written.every((w, n) => put(d, n, w, evaluate, at + length)) ? d : undefined;
};

/**
 * The order of encodings of equal length, as in NASM: without REX.W first, and with an extended immediate
 * first.
 */
const preference = (row: Row): number => Number(row.rexW === true) + Number(row.operands.some((o) => o.spec === "Iz" || o.spec === "Iv"));

interface Candidate {
  readonly meant: NameMatch;
  readonly size: Size;
  readonly instruction: Decoded;
  readonly bytes: Uint8Array;
}

/** Assembles one statement at a time; `evaluate` resolves the labels. */
class StatementAssembler {
  readonly #decoder: Decoder = plainDecoder();
  readonly #mode: AddressSize;
  constructor(mode: AddressSize) {
    this.#mode = mode;
  }

  /** The shortest bytes of at least `least`. */
  assemble(s: Statement, at: number, evaluate: Evaluate, least: number): Uint8Array {
    const name = s.name as string;
    const meant = rowsNamed(name) ?? bad(`there is no instruction "${name}"`);
    const here = meant.filter(({ row }) => row.only === undefined || (row.only === "64") === (this.#mode === 64));
    if (here.length === 0) bad(`there is no "${name}" in ${this.#mode}-bit mode`);
    const able = here.filter(({ row }) => takesPrefixes(row, s));
    if (able.length === 0) bad(`"${name}" takes no such prefix`);
    const found = able.flatMap((m) => this.#candidates(m, s, at, evaluate));
    if (found.length === 0) bad(`"${name}" has no form with these operands`);
    const clear = this.#unambiguous(found, s);
    const enough = clear.filter((c) => c.bytes.length >= least);
    const sorted = (enough.length > 0 ? enough : clear).sort(
      (a, b) => a.bytes.length - b.bytes.length || preference(a.meant.row) - preference(b.meant.row),
    );
    return (sorted.find((c) => this.#checks(c)) ?? bad(`"${name}" cannot be encoded with these operands`)).bytes;
  }

  #candidates(meant: NameMatch, s: Statement, at: number, evaluate: Evaluate): Candidate[] {
    const out: Candidate[] = [];
    for (const size of sizesOf(meant, s, this.#mode)) {
      for (const written of arrangements(meant.row, s.operands)) {
        // Operands relative to the next instruction need the length, which does not depend on the distance.
        const trial = build(meant, size, written, s, at, this.#mode, evaluate, 0);
        const length = trial && (encode(trial)?.length ?? 0);
        const instruction = length === undefined ? undefined : build(meant, size, written, s, at, this.#mode, evaluate, length);
        const bytes = instruction && encode(instruction);
        if (bytes) out.push({ meant, size, instruction, bytes });
      }
    }
    return out;
  }

  /**
   * A memory operand without a size is accepted if only one size is possible. In a stack or branch
   * instruction it has the usual size.
   */
  #unambiguous(found: Candidate[], s: Statement): Candidate[] {
    const n = s.operands.findIndex((w) => w.kind === "memory" && w.size === undefined);
    if (n < 0) return found;
    const widths = (c: Candidate) => {
      const o = c.meant.row.operands[n] as Operand;
      return unsizedMemory(o) ? 0 : o.widths[sizeIndex(c.size)];
    };
    if (new Set(found.map(widths)).size <= 1) return found;
    if (found.every(({ meant: { row } }) => row.size64 === "default" || isFar(row)))
      return found.filter((c) => c.size === defaultSize(c.meant.row, this.#mode));
    return bad("the memory operand needs a size (byte ptr, word ptr, dword ptr, …)");
  }

  /** True if the bytes decode to the same instruction. */
  #checks({ instruction, bytes }: Candidate): boolean {
    const result = this.#decoder.decode(bytes, 0, bytes.length, instruction.ip, this.#mode);
    const { d } = this.#decoder;
    return (
      result === "ok" &&
      d.row === instruction.row &&
      instructionText(d) === instructionText(Object.assign(instruction, { length: d.length }))
    );
  }
}

const dataBytes = { db: 1, dw: 2, dd: 4, dq: 8 } as const;
const data = (s: Statement, evaluate: Evaluate): Uint8Array => {
  const n = dataBytes[s.name as keyof typeof dataBytes];
  if (s.data.length === 0) bad(`${s.name} needs a value`);
  return Uint8Array.from(
    s.data.flatMap((item) => {
      if (typeof item === "string") return [...new TextEncoder().encode(item)];
      const v = evaluate(item);
      if (v >= 1n << BigInt(8 * n) || v < -(1n << BigInt(8 * n - 1))) bad(`${v} does not fit into ${n} bytes`);
      return Array.from({ length: n }, (_, i) => Number((v >> BigInt(8 * i)) & 0xffn));
    }),
  );
};

const atLine = <T>(line: number, f: () => T): T => {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof BadLine)) throw e;
    throw new Problem("bad-assembly", `line ${line}: ${e.message}`, { span: { source: "assembly", at: line } });
  }
};

/**
 * Assembles lines of text in Intel syntax, with labels.
 *
 * @throws {Problem} A line is wrong; the message names it.
 *
 * @example
 * const { bytes, labels } = assemble("again: dec ecx\n jnz again", { mode: 64, at: 0x401000 });
 * labels.get("again");   // 0x401000
 */
export const assemble = (text: string, { mode = 64, at = 0 }: AssembleOptions = {}): Assembled => {
  const statements = text.split("\n").map((line, n) => atLine(n + 1, () => parseLine(line, n + 1)));
  const defined = new Map<string, number>();
  for (const { labels, line } of statements)
    for (const label of labels) {
      if (defined.has(label)) atLine(line, () => bad(`the label "${label}" is already defined`));
      defined.set(label, at);
    }
  const assembler = new StatementAssembler(mode);
  const bytes: Uint8Array[] = statements.map(() => new Uint8Array(0));
  const addresses: number[] = [];
  // Lengths only grow from pass to pass: a short branch becomes long if its label is too far. In the first
  // pass an undefined label counts as the current address. Lengths that could shrink (a distance inside an
  // address) might not converge.
  for (let pass = 0, moved = true; moved; pass++) {
    moved = pass === 0;
    let address = at;
    const met = new Set<string>();
    for (const [n, s] of statements.entries()) {
      if (pass > statements.length + 16) atLine(s.line, () => bad("the distances between labels do not converge"));
      for (const label of s.labels) {
        if (defined.get(label) !== address) moved = true;
        defined.set(label, address);
        met.add(label);
      }
      if (s.name === undefined) continue;
      const before = bytes[n] as Uint8Array;
      const evaluate: Evaluate = ({ constant, labels }) =>
        labels.reduce((v, { name, sign }) => {
          const label = name === "$" ? address : (defined.get(name) ?? bad(`there is no label "${name}"`));
          return v + sign * BigInt(pass === 0 && !met.has(name) ? address : label);
        }, constant);
      const made = atLine(s.line, () => {
        if (addresses[n] === address && !s.refers) return before;
        return (s.name as string) in dataBytes ? data(s, evaluate) : assembler.assemble(s, address, evaluate, before.length);
      });
      if (made.length !== before.length) moved = true;
      bytes[n] = made;
      addresses[n] = address;
      address += made.length;
    }
  }
  let address = at;
  const placed = statements.flatMap(({ line, name }, n) => {
    const code = bytes[n] as Uint8Array;
    const here = address;
    address += code.length;
    return name === undefined ? [] : [{ line, address: here, bytes: code }];
  });
  const out = new Uint8Array(address - at);
  for (const p of placed) out.set(p.bytes, p.address - at);
  return { bytes: out, labels: defined, statements: placed };
};
