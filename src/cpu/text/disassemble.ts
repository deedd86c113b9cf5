// The disassembler: a decoded instruction as text, in the syntax of syntax.ts. Its judges are iced-x86 and
// objdump (test/cpu/text).
import { Decoded, Decoder, type DecodeTables, decodeTables, defaultSegment, noRegister } from "../decode/decoder.ts";
import { type AddressSize, rep } from "../isa/ops.ts";
import { immediateWidth, isMemoryOperand, type Operand } from "../isa/row.ts";
import { rows } from "../isa/rows/all.ts";
import { R, S, segNames } from "../machine/state.ts";
import { generalName, registerName, vectorName } from "./registers.ts";
import {
  defaultSize,
  impliesAddress,
  impliesMemory,
  isFar,
  nameOf,
  ripRelative,
  sameAtSizes,
  showsSize,
  sizeNames,
  unsizedMemory,
  writtenOperands,
} from "./syntax.ts";

const hex = (v: bigint | number): string => `0x${v.toString(16)}`;
const signedHex = (v: number): string => (v < 0 ? `-${hex(-v)}` : `+${hex(v)}`);

/** The address of a memory operand, without its brackets. */
export const addressText = (d: Decoded): string => {
  if (ripRelative(d)) {
    const distance = d.disp - (d.ip + d.length);
    return `${d.addressSize === 32 ? "eip" : "rip"}${distance === 0 ? "" : signedHex(d.addressSize === 32 ? distance | 0 : distance)}`;
  }
  const terms: string[] = [];
  if (d.base !== noRegister) terms.push(generalName(d.base, d.addressSize));
  // The scale 1 is written if the index is the only register, to distinguish it from a base.
  const scaled = (name: string): string => (d.scale > 0 || terms.length === 0 ? `${name}*${1 << d.scale}` : name);
  if (d.index !== noRegister) terms.push(scaled(generalName(d.index, d.addressSize)));
  const vsib = d.row.shape.vsib;
  if (vsib) terms.push(scaled(vectorName(d.vindex, vsib.widths[0])));
  if (terms.length === 0) return hex(BigInt.asUintN(d.addressSize, BigInt(d.disp)));
  return terms.join("+") + (d.disp === 0 ? "" : signedHex(d.disp));
};

const overridden = (d: Decoded): boolean => d.memorySegment !== defaultSegment(d.base);

const memoryText = (d: Decoded, o: Operand, width: number): string => {
  // For a vector of indices the size is that of an element.
  const written = o.kind === "vsib" ? (d.row.vex?.w === 1 ? 64 : 32) : unsizedMemory(o) ? undefined : width;
  const size = written === undefined ? "" : `${sizeNames[written]} ptr `;
  const segment = o.spec !== "M" && overridden(d) ? `${segNames[d.memorySegment]}:` : "";
  return `${size}${segment}[${addressText(d)}]`;
};

/** The value of an immediate, cut to its own width, or to the operand size if it is extended. */
export const immediateOf = (d: Decoded, n: number): bigint => {
  const o = d.row.operands[n] as Operand;
  if (n > 0 && d.row.operands[n - 1]?.kind === "imm") return BigInt(d.imm2);
  return BigInt.asUintN(immediateWidth(o, d.size), (BigInt(d.immHi) << 32n) | BigInt(d.immLo >>> 0));
};

/** The text of operand n. */
export const operandText = (d: Decoded, n: number): string => {
  const o = d.row.operands[n] as Operand;
  if (isMemoryOperand(o) && d.isMemory) return memoryText(d, o, d.width(n));
  switch (o.kind) {
    case "imm":
    case "simm":
      return hex(immediateOf(d, n));
    case "one":
      return "1";
    case "rel":
      return hex(BigInt.asUintN(64, BigInt(d.target)));
    case "far":
      return `${hex(d.imm2)}:${hex(d.immLo >>> 0)}`;
    case "strX":
      return memoryOf(`${d.segment < 0 ? "" : `${segNames[d.segment]}:`}`, d, R.si);
    case "strY":
      return memoryOf("es:", d, R.di);
    default:
      return registerName(d, o, d.width(n));
  }
};
const memoryOf = (segment: string, d: Decoded, r: number): string => `${segment}[${generalName(r, d.addressSize)}]`;

/** The words before the name. */
const prefixWords = (d: Decoded): string[] => {
  const { row } = d;
  const words: string[] = [];
  if (d.lock && row.lock && !row.registerOnly) words.push("lock");
  if (d.rep === rep.repne) words.push("repne");
  if (d.rep === rep.rep) words.push(row.repeat === "zf" ? "repe" : "rep");
  if (impliesMemory(row) && d.segment >= 0 && d.segment !== S.ds) words.push(segNames[d.segment] as string);
  if (!showsSize(row, d.isMemory) && !sameAtSizes(row, d.size, defaultSize(row, d.mode))) words.push(`o${d.size}`);
  const bare = d.isMemory && d.base === noRegister && d.index === noRegister && !ripRelative(d) && row.shape.memory;
  if ((bare || impliesAddress(row)) && d.addressSize !== d.mode) words.push(`a${d.addressSize}`);
  return words;
};

/**
 * A decoded instruction in Intel syntax.
 *
 * @example
 * const decoder = plainDecoder();
 * decoder.decode(Uint8Array.of(0x90), 0, 1, 0, 64);
 * instructionText(decoder.d);   // "nop"
 */
export const instructionText = (d: Decoded): string => {
  const name = nameOf(d.row, d.size, d.addressSize) + (isFar(d.row) ? " far" : "");
  const operands = writtenOperands(d.row).map((_, n) => operandText(d, n));
  const head = [...prefixWords(d), name].join(" ");
  return operands.length === 0 ? head : `${head} ${operands.join(", ")}`;
};

/** One instruction of a listing, or one byte that is no instruction. */
export interface Line {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Undefined if the bytes are no instruction: the line is one byte of data. */
  readonly instruction: Decoded | undefined;
}

let tables: DecodeTables | undefined;
/**
 * A decoder that needs no machine.
 *
 * @example
 * plainDecoder().decode(Uint8Array.of(0x0f), 0, 1, 0, 64);   // "more"
 */
export const plainDecoder = (): Decoder => new Decoder((tables ??= decodeTables(rows)));

/**
 * All instructions of `code` in order. `at`: the address of the first byte, default 0. `mode`: bits of the
 * code segment, default 64.
 *
 * @example
 * const code = Uint8Array.of(0x0f, 0x05);
 * for (const { address, text } of disassemble(code, { at: 0x401000 }))
 *   console.log(address, text);   // 4198400 syscall
 */
export function* disassemble(code: Uint8Array, { mode = 64, at = 0 }: { mode?: AddressSize; at?: number } = {}): Generator<Line> {
  const decoder = plainDecoder();
  for (let offset = 0; offset < code.length; ) {
    const address = at + offset;
    const good = decoder.decode(code, offset, code.length, address, mode) === "ok";
    const length = good ? decoder.d.length : 1;
    const bytes = code.slice(offset, offset + length);
    const instruction = good ? Object.assign(new Decoded(), decoder.d) : undefined;
    yield { address, bytes, text: instruction ? instructionText(instruction) : `db ${hex(bytes[0] as number)}`, instruction };
    offset += length;
  }
}
