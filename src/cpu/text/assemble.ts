// The assembler: text in the syntax of disassemble.ts to bytes. Of all rows that fit it takes the shortest encoding, as NASM does, but never
// another operand size than what is written ("mov rax, 5" stays 64 bits wide). Judges: NASM, objdump and iced-x86 (test/cpu/text).
import { Problem } from "../../problem.ts";
import { Decoded, type Decoder } from "../decode.ts";
import { isMemoryOperand } from "../form.ts";
import { type AddressSize, rep } from "../ops.ts";
import { immediateWidth, type Operand, type Row, sizeIndex } from "../row.ts";
import { S } from "../state.ts";
import { instructionText, plainDecoder } from "./disassemble.ts";
import { encode } from "./encode.ts";
import { type Meant, meantBy } from "./names.ts";
import { BadLine, type Expression, type MemoryOperand, parseLine, type Statement, type WrittenOperand } from "./parse.ts";
import type { NamedRegister } from "./registers.ts";
import { defaultSize, impliesAddress, impliesMemory, isFar, sameAtSizes, showsSize, unsizedMemory, writtenOperands } from "./syntax.ts";

export interface AssembleOptions {
  readonly mode?: AddressSize;
  /** Address of the first byte. */
  readonly at?: number;
}
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
  /** Where each statement went; lines count from 1. */
  readonly statements: readonly { readonly line: number; readonly address: number; readonly bytes: Uint8Array }[];
}

/** The value of an expression here and now. */
type Evaluate = (e: Expression) => bigint;
type Size = 16 | 32 | 64;
const sizes = [16, 32, 64] as const;

const bad = (what: string): never => {
  throw new BadLine(what);
};

// ---- one operand ---------------------------------------------------------------------------------------------------------------

const general = (d: Decoded, r: NamedRegister, width: number): boolean => {
  if (r.kind !== "general" || r.width !== width) return false;
  // ah … bh cannot stand beside a REX prefix, spl … dil need one: `rex` says which is meant, encode.ts and the check see to the rest.
  if (r.byte === "rex") d.rex |= 0x40;
  return true;
};
type Field = "reg" | "rm" | "opreg" | "vvvv";
const registerField: Partial<Record<Operand["kind"], Field>> = {
  rm: "rm",
  rmreg: "rm",
  reg: "reg",
  opreg: "opreg",
  xmm: "reg",
  xmmrm: "rm",
  xmmU: "rm",
  xmmH: "vvvv",
  vreg: "vvvv",
  mm: "reg",
  mmrm: "rm",
  mmN: "rm",
  sti: "rm",
  sreg: "reg",
  creg: "reg",
  dreg: "reg",
};
const registerKind: Partial<Record<Operand["kind"], NamedRegister["kind"]>> = {
  xmm: "xmm",
  xmmrm: "xmm",
  xmmU: "xmm",
  xmmH: "xmm",
  xmmL: "xmm",
  mm: "mm",
  mmrm: "mm",
  mmN: "mm",
  sti: "st",
  sreg: "segment",
  creg: "control",
  dreg: "debug",
};

const putRegister = (d: Decoded, o: Operand, width: number, { register: r, name }: { register: NamedRegister; name: string }): boolean => {
  if (o.kind === "fixed") return general(d, r, width) && r.number === o.register && r.byte !== "high";
  if (o.kind === "named") return name === o.spec.toLowerCase();
  if (o.kind === "st") return r.kind === "st" && r.number === 0;
  if (o.kind === "xmmL") {
    d.immLo = r.number << 4;
    return r.kind === "xmm" && (r.width === 256) === (width === 256);
  }
  const field = registerField[o.kind];
  // "st" alone is the top of the stack, not a number.
  if (field === undefined || (o.kind === "sti" && name === "st")) return false;
  const kind = registerKind[o.kind];
  if (kind === undefined ? !general(d, r, width) : r.kind !== kind || (kind === "xmm" && (r.width === 256) !== (width === 256)))
    return false;
  d[field] = r.number;
  if (o.kind === "sreg" && d.row.digit !== undefined && d.row.digit !== r.number) return false;
  // Outside of 64-bit mode LOCK makes cr8 of cr0. APM Vol. 3 MOV (CRn)
  if (o.kind === "creg" && r.number === 8 && d.mode !== 64) [d.lock, d.reg] = [true, 0];
  return o.kind !== "creg" || d.row.digit === (d.reg & 7);
};

const putMemory = (d: Decoded, o: Operand, width: number, m: MemoryOperand, evaluate: Evaluate, next: number): boolean => {
  if (!isMemoryOperand(o)) return false;
  if (m.size !== undefined && m.size !== width && !unsizedMemory(o)) return false;
  if (m.far !== (isFar(d.row) && o.spec === "Mp")) return false;
  const bare = m.base < 0 && m.index < 0 && m.ip === undefined;
  if (o.kind === "moffs" && !bare) return false;
  d.base = m.base;
  d.index = m.index;
  d.scale = m.scale;
  d.modrm = m.ip === undefined ? 0 : 5;
  const v = evaluate(m.displacement);
  if (m.ip !== undefined) {
    if (d.mode !== 64) bad("rip is there in 64-bit mode only");
    d.disp = Number(m.ip === "address" ? v : BigInt(next) + v);
    if (d.addressSize === 32) d.disp >>>= 0;
  } else d.disp = Number(o.kind === "moffs" && d.addressSize !== 64 ? BigInt.asUintN(d.addressSize, v) : BigInt.asIntN(d.addressSize, v));
  if (m.segment !== undefined && !(d.mode === 64 && m.segment < S.fs)) d.segment = m.segment;
  return true;
};

const putValue = (d: Decoded, n: number, w: WrittenOperand & { kind: "value" }, evaluate: Evaluate): boolean => {
  const o = d.row.operands[n] as Operand;
  const v = evaluate(w.value);
  if (o.kind === "rel") {
    if (w.short && o.widths[0] !== 8) return false;
    const target = d.mode === 64 ? BigInt.asIntN(64, v) : v;
    d.target = Number(d.size === 16 ? BigInt.asUintN(16, target) : target);
    return true;
  }
  if (o.kind === "one") return v === 1n;
  if (o.kind !== "imm" && o.kind !== "simm") return false;
  const field = o.widths[sizeIndex(d.size)];
  const width = immediateWidth(o, d.size);
  if (w.size !== undefined && w.size !== width && w.size !== field) return false;
  const cut = BigInt.asUintN(width, v);
  // It must be a number of that width, and come back when the field is extended to it.
  if (v >= 1n << BigInt(width) || v < -(1n << BigInt(width - 1))) return false;
  if (BigInt.asUintN(width, BigInt.asIntN(field, cut)) !== cut) return false;
  const signed = BigInt.asIntN(field, cut);
  if (n > 0 && d.row.operands[n - 1]?.kind === "imm") d.imm2 = Number(cut);
  else {
    d.immLo = Number(BigInt.asIntN(32, signed));
    d.immHi = Number(BigInt.asIntN(32, signed >> 32n));
  }
  return true;
};

const put = (d: Decoded, n: number, w: WrittenOperand, evaluate: Evaluate, next: number): boolean => {
  const o = d.row.operands[n] as Operand;
  const width = o.widths[sizeIndex(d.size)];
  switch (w.kind) {
    case "register":
      return putRegister(d, o, width, w);
    case "memory":
      return putMemory(d, o, width, w, evaluate, next);
    case "value":
      return putValue(d, n, w, evaluate);
    case "far": {
      if (o.kind !== "far") return false;
      d.imm2 = Number(BigInt.asUintN(16, evaluate(w.selector)));
      const offset = evaluate(w.offset);
      d.immLo = Number(BigInt.asIntN(32, offset));
      return offset >= 0n && offset < 1n << (d.size === 16 ? 16n : 32n);
    }
  }
};

// ---- one row -------------------------------------------------------------------------------------------------------------------

/** Orders and numbers of operands in which a row may be written: as it is; the other way round; with what x87, IMUL and AAM may leave out. */
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
  const [first, second] = written;
  if (row.name === "imul" && operands.length === 3 && first && second && written.length === 2) return [[first, first, second]];
  return [];
};

const sizesOf = ({ row, size }: Meant, statement: Statement, mode: AddressSize): readonly Size[] => {
  const usual = defaultSize(row, mode);
  const possible = (s: Size) => (row.vex ? s !== 16 : mode === 64 ? usual !== 64 || row.size64 === undefined || s !== 32 : s !== 64);
  const all = sizes.filter((s) => possible(s) && (mode === 64 || s !== 64));
  const asked = statement.prefixes.operandSize ?? size;
  if (asked !== undefined) return all.includes(asked) && (asked === usual || !sameAtSizes(row, asked, usual)) ? [asked] : [];
  const memory = statement.operands.some((w) => w.kind === "memory");
  if (showsSize(row, memory)) return all;
  // "push word 5"
  const said = statement.operands.find((w) => w.kind === "value" && w.size !== undefined && row.name === "push");
  return said?.kind === "value" && all.includes(said.size as Size) ? [said.size as Size] : [usual];
};

const addressSizeOf = ({ row, addressSize }: Meant, statement: Statement, mode: AddressSize): AddressSize | undefined => {
  const memory = statement.operands.find((w) => w.kind === "memory");
  const said = addressSize ?? (memory?.kind === "memory" ? memory.addressSize : undefined);
  const asked = statement.prefixes.addressSize;
  if (said !== undefined && asked !== undefined && said !== asked) return undefined;
  const have = said ?? asked ?? mode;
  if (have !== mode && !memory && !impliesAddress(row) && !row.addressNames) return undefined;
  return have === (mode === 64 ? 16 : 64) ? undefined : have;
};

/** Prefixes that the row does not know make it another statement. */
const takesPrefixes = (row: Row, { prefixes, operands }: Statement): boolean => {
  const memory = operands.some((w) => w.kind === "memory");
  if (prefixes.lock && !(row.lock && !row.registerOnly && memory)) return false;
  if (prefixes.rep !== rep.none && row.repeat === undefined) return false;
  return prefixes.segment === undefined || memory || impliesMemory(row);
};

/** The instruction that a statement means by this row, at this operand size. */
const build = (
  meant: Meant,
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

/** Of two encodings of one length NASM takes the one without REX.W, and the one whose immediate is extended. */
const taste = (row: Row): number => Number(row.rexW === true) + Number(row.operands.some((o) => o.spec === "Iz" || o.spec === "Iv"));

interface Candidate {
  readonly meant: Meant;
  readonly size: Size;
  readonly instruction: Decoded;
  readonly bytes: Uint8Array;
}

/** Assembles one statement at a time; `evaluate` knows the labels. */
class StatementAssembler {
  readonly #decoder: Decoder = plainDecoder();
  readonly #mode: AddressSize;
  constructor(mode: AddressSize) {
    this.#mode = mode;
  }

  /** The shortest bytes of at least `least`. */
  assemble(s: Statement, at: number, evaluate: Evaluate, least: number): Uint8Array {
    const name = s.name as string;
    const meant = meantBy(name) ?? bad(`there is no instruction "${name}"`);
    const here = meant.filter(({ row }) => row.only === undefined || (row.only === "64") === (this.#mode === 64));
    if (here.length === 0) bad(`there is no "${name}" in ${this.#mode}-bit mode`);
    const able = here.filter(({ row }) => takesPrefixes(row, s));
    if (able.length === 0) bad(`"${name}" takes no such prefix`);
    const found = able.flatMap((m) => this.#candidates(m, s, at, evaluate));
    if (found.length === 0) bad(`"${name}" has no form with these operands`);
    const clear = this.#unambiguous(found, s);
    const enough = clear.filter((c) => c.bytes.length >= least);
    const sorted = (enough.length > 0 ? enough : clear).sort(
      (a, b) => a.bytes.length - b.bytes.length || taste(a.meant.row) - taste(b.meant.row),
    );
    return (sorted.find((c) => this.#checks(c)) ?? bad(`"${name}" cannot be encoded with these operands`)).bytes;
  }

  #candidates(meant: Meant, s: Statement, at: number, evaluate: Evaluate): Candidate[] {
    const out: Candidate[] = [];
    for (const size of sizesOf(meant, s, this.#mode)) {
      for (const written of arrangements(meant.row, s.operands)) {
        // What is measured from the next instruction needs the length: it does not depend on the distance.
        const trial = build(meant, size, written, s, at, this.#mode, evaluate, 0);
        const length = trial && (encode(trial)?.length ?? 0);
        const instruction = length === undefined ? undefined : build(meant, size, written, s, at, this.#mode, evaluate, length);
        const bytes = instruction && encode(instruction);
        if (bytes) out.push({ meant, size, instruction, bytes });
      }
    }
    return out;
  }

  /** A memory operand without a size must have one size only, or belong to a stack or branch instruction: then it is the usual one. */
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

  /** Nothing leaves that would be read as something else. */
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

// ---- a text --------------------------------------------------------------------------------------------------------------------

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

/** Assemble lines of text. What is wrong with them is a Problem that names the line. */
export const assemble = (text: string, { mode = 64, at = 0 }: AssembleOptions = {}): Assembled => {
  const statements = text.split("\n").map((line, n) => atLine(n + 1, () => parseLine(line, n + 1)));
  const defined = new Map<string, number>();
  for (const { labels, line } of statements)
    for (const label of labels) {
      if (defined.has(label)) atLine(line, () => bad(`the label "${label}" is there already`));
      defined.set(label, at);
    }
  const assembler = new StatementAssembler(mode);
  const bytes: Uint8Array[] = statements.map(() => new Uint8Array(0));
  const addresses: number[] = [];
  // Every length only grows from pass to pass: short branches become long where labels turn out to be far. A label that the first pass
  // has not met counts as here. What can shrink again (a distance within an address) might never settle.
  for (let pass = 0, moved = true; moved; pass++) {
    moved = pass === 0;
    let address = at;
    const met = new Set<string>();
    for (const [n, s] of statements.entries()) {
      if (pass > statements.length + 16) atLine(s.line, () => bad("the distances between labels do not settle"));
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
