// Stores one written operand into a decoded instruction, if it fits the row's operand.
import type { Decoded } from "../decode/decoder.ts";
import { immediateWidth, isMemoryOperand, type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { S } from "../machine/state.ts";
import { bad } from "./bad-line.ts";
import type { ParsedExpression } from "./expression.ts";
import type { MemoryOperand, WrittenOperand } from "./parse.ts";
import type { NamedRegister } from "./registers.ts";
import { isFar, unsizedMemory } from "./syntax.ts";

/** The value of an expression at the current address. */
export type Evaluate = (e: ParsedExpression) => bigint;

/** True if only the low half of a selector's register is used: "mov ds, eax", "lar eax, ecx". */
const takesAnyWidth = ({ name, operands }: Row, o: Operand): boolean =>
  o.spec === "Ew" && (name === "lar" || name === "lsl" || operands.some((other) => other.kind === "sreg"));

const general = (d: Decoded, r: NamedRegister, width: number): boolean => {
  if (r.kind !== "general" || r.width !== width) return false;
  // ah … bh exclude a REX prefix, spl … dil need one. `rex` selects; encode.ts and the final check reject the
  // rest.
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
  // "st" alone is the top of the stack, without a number.
  if (field === undefined || (o.kind === "sti" && name === "st")) return false;
  const kind = registerKind[o.kind];
  const wanted = takesAnyWidth(d.row, o) && r.width > width ? r.width : width;
  if (kind === undefined ? !general(d, r, wanted) : r.kind !== kind || (kind === "xmm" && (r.width === 256) !== (width === 256)))
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
  if ((o.kind === "vsib" ? width : undefined) !== m.vector?.width) return false;
  d.vindex = m.vector?.number ?? 0;
  d.modrm = m.ip === undefined ? 0 : 5;
  const v = evaluate(m.displacement);
  if (v >= 1n << BigInt(d.addressSize) || v < -(1n << BigInt(d.addressSize - 1))) return false;
  if (m.ip !== undefined) {
    if (d.mode !== 64) bad("rip exists in 64-bit mode only");
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
  // The value must have the immediate's width, and be equal after the extension of the encoded field.
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

/** Stores operand n; false if it does not fit. */
export const put = (d: Decoded, n: number, w: WrittenOperand, evaluate: Evaluate, next: number): boolean => {
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
