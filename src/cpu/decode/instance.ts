// The form of a decoded instruction, and the offsets of its register operands in the state page.

import { addressSizeOf, memoryKinds, normalKey } from "../isa/form.ts";
import type { AddressSize } from "../isa/ops.ts";
import { contexts } from "../machine/context.ts";
import { at, S } from "../machine/state.ts";
import { type Decoded, noRegister } from "./decoder.ts";

const memoryKind = (d: Decoded, context: number): number => {
  const indexed = d.index !== noRegister;
  if (d.mode === 64) {
    if (d.addressSize === 32) return memoryKinds.indexOf("a32");
    if (d.segment >= S.fs) return memoryKinds.indexOf("seg64");
    return memoryKinds.indexOf(indexed ? "bx64" : "b64");
  }
  if (d.addressSize === 16) return memoryKinds.indexOf("s16");
  if (contexts[context]!.flat && d.memorySegment < S.fs && d.memorySegment !== S.cs) return memoryKinds.indexOf(indexed ? "bx32" : "b32");
  return memoryKinds.indexOf("s32");
};

/** The form of its row for a decoded instruction (form.ts). */
export const formOf = (d: Decoded, context: number): { readonly memory: boolean; readonly key: number } => {
  const memory = d.isMemory && d.row.shape.memory;
  const kind = memory ? memoryKind(d, context) : 0;
  const addressSize: AddressSize = kind === 0 ? d.addressSize : addressSizeOf(memoryKinds[kind]!, d.mode);
  return { memory, key: normalKey(d.row, d.size, kind, addressSize, context, d.rep) };
};

const gprOffset = (d: Decoded, r: number, byte: boolean): number => at.gpr + (byte && !d.rex && r >= 4 && r < 8 ? (r - 4) * 8 + 1 : r * 8);

/**
 * The offset of a register operand in the state page. SDM Vol. 2A Table 2-2. Without REX, byte registers 4..7
 * are ah ch dh bh.
 */
export const registerOffset = (d: Decoded, n: number): number => {
  const o = d.row.operands[n]!;
  const byte = o.widths[0] === 8 && o.widths[2] === 8;
  switch (o.kind) {
    case "rm":
    case "rmreg":
      return gprOffset(d, d.rm, byte);
    case "reg":
      return gprOffset(d, d.reg, byte);
    case "opreg":
      return gprOffset(d, d.opreg, byte);
    case "vreg":
      return gprOffset(d, d.vvvv, byte);
    case "xmm":
      return at.ymm + d.reg * 32;
    case "vsib":
      return at.ymm + d.vindex * 32;
    case "xmmH":
      return at.ymm + d.vvvv * 32;
    case "xmmL":
      return at.ymm + ((d.immLo >> 4) & (d.mode === 64 ? 15 : 7)) * 32;
    case "xmmrm":
    case "xmmU":
      return at.ymm + d.rm * 32;
    case "mm":
      return at.fpuRegs + (d.reg & 7) * 16;
    case "mmrm":
    case "mmN":
      return at.fpuRegs + (d.rm & 7) * 16;
    case "sti":
      return d.rm & 7;
    case "sreg":
    case "creg":
    case "dreg":
      return d.reg & 7;
    default:
      throw new Error(`operand ${o.spec} of ${d.row.name} has no register`);
  }
};
