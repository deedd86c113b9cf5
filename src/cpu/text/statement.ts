// One instruction from its text to bytes: the shortest encoding of all matching rows, as NASM takes it.
import { Decoded, type Decoder } from "../decode/decoder.ts";
import { type AddressSize, rep } from "../isa/ops.ts";
import { type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { S } from "../machine/state.ts";
import { bad } from "./bad-line.ts";
import { instructionText, plainDecoder } from "./disassemble.ts";
import { encode } from "./encode.ts";
import { constantOf } from "./expression.ts";
import { type NameMatch, rowsNamed } from "./names.ts";
import type { Statement, WrittenOperand } from "./parse.ts";
import { type Evaluate, put } from "./put.ts";
import { type NamedRegister, registers } from "./registers.ts";
import { defaultSize, impliesAddress, impliesMemory, isFar, sameAtSizes, showsSize, unsizedMemory, writtenOperands } from "./syntax.ts";

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
  const ten: WrittenOperand = { kind: "value", size: undefined, short: false, value: constantOf(10n) };
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
export class StatementAssembler {
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
