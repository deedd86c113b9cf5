// The syntax that the disassembler writes and the assembler accepts: names, prefix words, sizes. It is
// Intel's, as in binutils, iced-x86 and LLVM. Where operands are ambiguous, NASM's prefix words complete
// them: o16 o32 o64, a16 a32 a64, rep, lock, a segment.
import type { Decoded } from "../decode/decoder.ts";
import { effectsOf } from "../isa/effects.ts";
import type { AddressSize } from "../isa/ops.ts";
import { isMemoryOperand, type Operand, type Row, sizeIndex } from "../isa/row.ts";

/** "dword ptr": sizes of memory operands in bits. */
export const sizeNames: Readonly<Record<number, string>> = {
  8: "byte",
  16: "word",
  32: "dword",
  48: "fword",
  64: "qword",
  80: "tbyte",
  128: "xmmword",
  256: "ymmword",
};

const isString = (o: Operand): boolean => o.kind === "strX" || o.kind === "strY";
/** True if the name implies the operands: MOVSB, CDQ. */
export const impliesOperands = (row: Row): boolean => row.sizedNames !== undefined || row.operands.some(isString);
/** The operands that are written. */
export const writtenOperands = (row: Row): readonly Operand[] => (impliesOperands(row) ? [] : row.operands);

/** The name of a row at these sizes. */
export const nameOf = (row: Row, size: number, addressSize: number): string =>
  row.sizedNames?.[sizeIndex(size)] ?? row.addressNames?.[sizeIndex(addressSize)] ?? row.name;

/**
 * True if it accesses memory that no operand names: DS:rSI, XLAT's table, MASKMOV's destination. A segment
 * override applies to it.
 */
export const impliesMemory = (row: Row): boolean =>
  row.operands.some((o) => o.kind === "strX") || (row.addressed === true && !row.operands.some((o) => o.kind === "rel"));
/** True if it uses registers of the address size that no operand names. */
export const impliesAddress = (row: Row): boolean =>
  row.addressNames === undefined && (row.addressed === true || row.operands.some(isString));

/** True if a memory operand is only an address, or has a size that is never written (FXSAVE). */
export const unsizedMemory = (o: Operand): boolean =>
  o.spec === "M" || o.spec === "Ms" || o.kind === "vsib" || sizeNames[o.widths[1]] === undefined;

/** True if the row is one instruction at both operand sizes. */
export const sameAtSizes = (row: Row, a: 16 | 32 | 64, b: 16 | 32 | 64): boolean =>
  a === b ||
  row.size !== undefined ||
  row.size64 === "force" ||
  (!effectsOf(row).sized &&
    nameOf(row, a, 64) === nameOf(row, b, 64) &&
    row.operands.every((o) => o.kind !== "rel" && o.widths[sizeIndex(a)] === o.widths[sizeIndex(b)]));

/** The operand size without a prefix. */
export const defaultSize = (row: Row, mode: AddressSize): 16 | 32 | 64 =>
  row.size ?? (row.size64 === "force" && mode === 64 ? 64 : mode !== 64 ? mode : row.size64 === "default" ? 64 : 32);

/** True if the text of the operands shows the operand size. */
export const showsSize = (row: Row, memory: boolean): boolean =>
  row.sizedNames !== undefined ||
  writtenOperands(row).some((o) => {
    if (o.widths[0] === o.widths[1] && o.widths[1] === o.widths[2]) return false;
    if (isMemoryOperand(o) && memory) return o.kind === "moffs" || !unsizedMemory(o);
    return o.kind === "rm" || o.kind === "reg" || o.kind === "rmreg" || o.kind === "opreg" || o.kind === "fixed";
  });

/** True for a far pointer in memory (JMP, CALL). */
export const isFar = (row: Row): boolean => row.operands[0]?.spec === "Mp" || row.operands[0]?.spec === "Mpl";
/** True if the memory operand is relative to rip. */
export const ripRelative = (d: Decoded): boolean => d.mode === 64 && d.isMemory && (d.modrm & 0xc7) === 5;
