// The encoder: a decoded instruction (decoder.ts) to bytes. They are the shortest of its row, without
// ineffective prefixes, in NASM's order. encode(decode(bytes)) is therefore a fixed point. SDM Vol. 2A
// chapter 2.
import { type Decoded, defaultSegment, noRegister, rm16 } from "../decode/decoder.ts";
import { isMemoryOperand, type Operand, sizeIndex } from "../isa/row.ts";
import { S } from "../machine/state.ts";
import { defaultSize, impliesAddress, impliesMemory, ripRelative, sameAtSizes } from "./syntax.ts";

const segmentPrefix: Readonly<Record<number, number>> = {
  [S.es]: 0x26,
  [S.cs]: 0x2e,
  [S.ss]: 0x36,
  [S.ds]: 0x3e,
  [S.fs]: 0x64,
  [S.gs]: 0x65,
};
const mandatory = { "66": 0x66, F3: 0xf3, F2: 0xf2 } as const;
const escapes = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const;

const littleEndian = (v: bigint | number, bytes: number): number[] => {
  const whole = BigInt.asUintN(64, BigInt(v));
  return Array.from({ length: bytes }, (_, i) => Number((whole >> BigInt(8 * i)) & 0xffn));
};
const fits = (v: number, bits: number): boolean => v >= -(2 ** (bits - 1)) && v < 2 ** (bits - 1);

interface AddressForm {
  readonly mod: number;
  readonly rm: number;
  readonly sib?: number;
  /** Bytes of displacement. */
  readonly displacement: number;
}

const addressForm16 = ({ base, index, disp }: Decoded): AddressForm | undefined => {
  if (base === noRegister && index === noRegister) return { mod: 0, rm: 6, displacement: 2 };
  const rm = rm16.findIndex(([b, i]) => b === base && i === index);
  if (rm < 0) return undefined;
  if (disp === 0 && rm !== 6) return { mod: 0, rm, displacement: 0 };
  return fits(disp, 8) ? { mod: 1, rm, displacement: 1 } : { mod: 2, rm, displacement: 2 };
};

/** SDM Vol. 2A Tables 2-2 and 2-3. */
const addressForm = (d: Decoded): AddressForm | undefined => {
  if (d.addressSize === 16) return addressForm16(d);
  const { base, disp } = d;
  const index = d.row.shape.vsib ? d.vindex : d.index;
  if (ripRelative(d)) return { mod: 0, rm: 5, displacement: 4 };
  if (!fits(disp, 32)) return undefined;
  const indexed = index !== noRegister;
  if (base === noRegister) {
    // Without a base, modrm alone means rip in 64-bit mode.
    if (!indexed && d.mode !== 64) return { mod: 0, rm: 5, displacement: 4 };
    return { mod: 0, rm: 4, sib: ((indexed ? d.scale : 0) << 6) | ((indexed ? index & 7 : 4) << 3) | 5, displacement: 4 };
  }
  const [mod, displacement] = disp === 0 && (base & 7) !== 5 ? [0, 0] : fits(disp, 8) ? [1, 1] : [2, 4];
  if (!indexed && (base & 7) !== 4) return { mod, rm: base & 7, displacement };
  return { mod, rm: 4, sib: (d.scale << 6) | ((indexed ? index & 7 : 4) << 3) | (base & 7), displacement };
};

/** The operand kinds by the field that holds the register number. */
const inVex = new Set<Operand["kind"]>(["xmmH", "vreg"]);
const inReg = new Set<Operand["kind"]>(["reg", "xmm", "mm", "sreg", "creg", "dreg"]);
const inRm = new Set<Operand["kind"]>(["rm", "rmreg", "xmmrm", "xmmU", "mmrm", "mmN", "sti"]);
/** Kinds with only eight registers: they need no REX bit. */
const eight = new Set<Operand["kind"]>(["mm", "mmrm", "mmN", "sti", "sreg"]);

const rexOf = (d: Decoded, memory: boolean): number => {
  const { row } = d;
  let rex = 0;
  const wide =
    row.vex?.w === 1 || (row.rexW ?? (d.size === 64 && defaultSize(row, 64) !== 64 && !sameAtSizes(row, 64, defaultSize(row, 64))));
  if (wide) rex |= 0x48;
  for (const o of row.operands) {
    const reg = inReg.has(o.kind);
    const rm = inRm.has(o.kind) && !(memory && isMemoryOperand(o));
    if (!reg && !rm && o.kind !== "opreg") continue;
    const r = reg ? d.reg : rm ? d.rm : d.opreg;
    if (!eight.has(o.kind) && r >= 8) rex |= reg ? 0x44 : 0x41;
    // spl bpl sil dil
    const general = o.kind === "rm" || o.kind === "reg" || o.kind === "rmreg" || o.kind === "opreg";
    if (general && o.widths[0] === 8 && o.widths[2] === 8 && r >= 4 && d.rex !== 0) rex |= 0x40;
  }
  if (memory && d.base >= 8) rex |= 0x41;
  if (memory && (d.index >= 8 || (d.row.shape.vsib && d.vindex >= 8))) rex |= 0x42;
  return rex;
};

const prefixes = (d: Decoded, memory: boolean): number[] => {
  const { row, mode } = d;
  const out: number[] = [];
  if (d.lock) out.push(0xf0);
  if (d.rep !== 0) out.push(d.rep === 1 ? 0xf3 : 0xf2);
  const address = memory && row.operands.some((o) => o.kind === "mem" && o.spec === "M");
  const segment = impliesMemory(row) ? (d.segment < 0 ? S.ds : d.segment) : memory && !address ? d.memorySegment : undefined;
  const usual = impliesMemory(row) ? S.ds : defaultSegment(d.base);
  if (segment !== undefined && segment !== usual) out.push(segmentPrefix[segment] as number);
  const address67 = d.addressSize !== mode && (memory || impliesAddress(row) || row.addressNames !== undefined);
  if (row.vex) return address67 ? [...out, 0x67] : out;
  const usualSize = defaultSize(row, mode);
  if (!sameAtSizes(row, d.size, usualSize) && (mode === 64 ? d.size === 16 : d.size !== mode)) out.push(0x66);
  if (address67) out.push(0x67);
  if (row.prefix === "66" || row.prefix === "F3" || row.prefix === "F2") out.push(mandatory[row.prefix]);
  return out;
};

const vexPrefixes: Readonly<Record<string, number>> = { none: 0, "66": 1, F3: 2, F2: 3 };
/** The VEX prefix: two bytes if they can hold it all. SDM Vol. 2A 2.3.5 */
const vexBytes = (d: Decoded, rex: number): number[] => {
  const { row } = d;
  const vvvv = row.operands.some((o) => inVex.has(o.kind)) ? d.vvvv : 0;
  const rest = ((~vvvv & 15) << 3) | ((row.vex?.l ?? 0) << 2) | (vexPrefixes[row.prefix ?? "none"] as number);
  const r = (~rex & 4) << 5;
  if (row.map === 1 && (rex & 0xb) === 0) return [0xc5, r | rest];
  return [0xc4, r | ((~rex & 3) << 5) | row.map, ((rex & 8) << 4) | rest];
};

/** Bytes of an immediate operand. A branch displacement is written once the length is known. */
const immediateBytes = (d: Decoded, o: Operand, first: boolean): number[] => {
  const n = o.widths[sizeIndex(d.size)] >> 3;
  switch (o.kind) {
    case "imm":
    case "simm":
      return first ? littleEndian((BigInt(d.immHi) << 32n) | BigInt(d.immLo >>> 0), n) : littleEndian(d.imm2, n);
    // The low four bits are ignored.
    case "xmmL":
      return [d.immLo & (d.mode === 64 ? 0xf0 : 0x70)];
    case "far":
      return [...littleEndian(d.immLo >>> 0, d.size === 16 ? 2 : 4), ...littleEndian(d.imm2, 2)];
    case "moffs":
      return littleEndian(BigInt(d.disp), d.addressSize >> 3);
    default:
      return [];
  }
};

/** The distance from the next instruction, which wraps at the given width; undefined if it does not fit. */
const distance = (target: number, next: number, bytes: number, width: number): number | undefined => {
  const far = width === 16 ? ((target - next) << 16) >> 16 : width === 32 ? (target - next) | 0 : target - next;
  return fits(far, bytes * 8) ? far : undefined;
};

/**
 * The bytes of a decoded instruction at its `ip`; undefined if this row has none for it (a target too far,
 * an address out of reach).
 *
 * @example
 * const [line] = disassemble(Uint8Array.of(0x48, 0x89, 0xd8), { mode: 64 });
 * encode(line.instruction);   // Uint8Array of 48 89 d8
 */
export const encode = (d: Decoded): Uint8Array | undefined => {
  const { row } = d;
  const memory = d.isMemory && row.operands.some((o) => isMemoryOperand(o) && o.kind !== "moffs");
  const anyMemory = memory || row.operands.some((o) => o.kind === "moffs");
  const rex = rexOf(d, memory);
  if (d.mode !== 64 && (row.vex ? rex & 7 : rex) !== 0) return undefined;
  const head = row.vex ? vexBytes(d, rex) : [...(rex === 0 ? [] : [rex]), ...escapes[row.map]];
  const out = [...prefixes(d, anyMemory), ...head, row.opcode];
  if (row.operands.some((o) => o.kind === "opreg")) out.push((out.pop() as number) | (d.opreg & 7));
  let displacement = 0;
  if (row.modrm !== undefined) out.push(row.modrm);
  else if (row.hasModrm) {
    const at = memory ? addressForm(d) : { mod: 3, rm: d.rm & 7, displacement: 0 };
    if (!at) return undefined;
    out.push((at.mod << 6) | ((row.digit ?? d.reg & 7) << 3) | at.rm, ...("sib" in at && at.sib !== undefined ? [at.sib] : []));
    displacement = at.displacement;
  }
  let immediates = 0;
  const tail = row.operands.flatMap((o) => immediateBytes(d, o, o.kind === "imm" || o.kind === "simm" ? immediates++ === 0 : true));
  const relative = row.operands.find((o) => o.kind === "rel");
  const relativeBytes = relative ? relative.widths[sizeIndex(d.size)] >> 3 : 0;
  const next = d.ip + out.length + displacement + tail.length + relativeBytes;
  if (displacement > 0) {
    const v = memory && ripRelative(d) ? distance(d.disp, next, 4, d.addressSize) : d.disp;
    if (v === undefined) return undefined;
    out.push(...littleEndian(v, displacement));
  }
  out.push(...tail);
  if (relative) {
    const v = distance(d.target, next, relativeBytes, d.size === 16 ? 16 : d.mode === 64 ? 64 : 32);
    if (v === undefined) return undefined;
    out.push(...littleEndian(v, relativeBytes));
  }
  return out.length > 15 ? undefined : Uint8Array.from(out);
};
