// Descriptions of instructions: the rows' meanings as pseudo-code. `describe` describes a decoded
// instruction, `describeRow` a row in general.
//
// dst ← value assigns; a write of a 32-bit register clears its upper half. "old x" is the value of x before
// the instruction. low32(x) and signed32(x) are the low bits, zero- and sign-extended; <s, /s, >>s are
// signed. "flags ← add(a, b)" sets the six status flags as an addition of a and b does. Names with a dot
// (i32x4.add) are WebAssembly's vector operations; others with underscores are routines.

import { type Decoded, noRegister } from "../decode/decoder.ts";
import { operandWidth } from "../isa/form.ts";
import type { Form } from "../isa/ops.ts";
import { isMemoryOperand, type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { contexts } from "../machine/context.ts";
import { S, segNames } from "../machine/state.ts";
import { addressText, immediateOf, operandText } from "../text/disassemble.ts";
import { generalName, vectorName } from "../text/registers.ts";
import { defaultSize, ripRelative } from "../text/syntax.ts";
import { type DescribedNames, Describer, generalPlace, type OperandNames } from "./ops.ts";
import { DescriptionWriter } from "./program.ts";

const lines = (row: Row, form: Form, names: DescribedNames): string => {
  const d = new Describer(form, names);
  row.does(d, form);
  const text = new DescriptionWriter(d.root).lines();
  return text.length === 0 ? "nothing" : text.join("\n");
};

const memoryName = (d: Decoded, width: number): string => {
  const segment = d.segment >= S.fs || (d.mode !== 64 && d.segment >= 0) ? `${segNames[d.segment]}:` : "";
  return `mem${width}[${segment}${flatAddress(d)}]`;
};
const flatAddress = (d: Decoded): string => (ripRelative(d) ? `0x${BigInt.asUintN(64, BigInt(d.disp)).toString(16)}` : addressText(d));

const placeOf = (d: Decoded, o: Operand, text: string): string => {
  switch (o.kind) {
    case "rm":
    case "rmreg":
    case "reg":
    case "opreg":
    case "fixed":
    case "vreg": {
      const r =
        o.kind === "reg" ? d.reg : o.kind === "opreg" ? d.opreg : o.kind === "fixed" ? o.register : o.kind === "vreg" ? d.vvvv : d.rm;
      return generalPlace(o.widths[0] === 8 && o.widths[2] === 8 && d.rex === 0 && r >= 4 && r < 8 ? r - 4 : r);
    }
    default:
      return text.replace(/^ymm/, "xmm");
  }
};
const isImmediate = (o: Operand): boolean => o.kind === "imm" || o.kind === "simm" || o.kind === "one";

const operandNames = (d: Decoded, n: number): OperandNames => {
  const o = d.row.operands[n] as Operand;
  if (o.kind === "vsib") {
    const text = vectorName(d.vindex, d.width(n));
    const addressPlaces = d.base === noRegister ? [] : [generalPlace(d.base)];
    return { text, place: `xmm${d.vindex}`, address: addressText(d), addressPlaces, value: undefined };
  }
  if (isMemoryOperand(o) && d.isMemory) {
    const addressPlaces = [d.base, d.index].filter((r) => r !== noRegister).map(generalPlace);
    return { text: memoryName(d, d.width(n)), place: "memory", address: flatAddress(d), addressPlaces, value: undefined };
  }
  const value = isImmediate(o) ? (o.kind === "one" ? 1n : immediateOf(d, n)) : undefined;
  const silent = o.kind === "strX" || o.kind === "strY" || o.kind === "rel";
  const text = silent ? "" : operandText(d, n);
  const named = o.kind === "sti" || o.kind === "sreg" || o.kind === "far";
  return { text, place: named || silent ? "" : placeOf(d, o, text), address: "", addressPlaces: [], value };
};

/**
 * The effect of one decoded instruction as pseudo-code.
 *
 * @example
 * const [line] = disassemble(Uint8Array.of(0xff, 0xc9), { mode: 64 });
 * describe(line.instruction);   // "ecx ← ecx - 1\nflags but CF ← dec(old ecx)"
 */
export const describe = (d: Decoded): string => {
  const context = contexts.find((c) => c.mode === d.mode);
  if (!context) throw new Error(`mode ${d.mode}`);
  const form: Form = {
    w: operandWidth(d.row, d.size),
    widths: d.row.operands.map((_, n) => d.width(n)),
    addressSize: d.addressSize,
    stackSize: context.stackSize,
    mode: d.mode,
    flat: true,
    rep: d.rep,
    cc: d.row.cc,
    memory: (n) => d.isMemory && isMemoryOperand(d.row.operands[n] as Operand),
  };
  const hex = (v: number) => `0x${BigInt.asUintN(64, BigInt(v)).toString(16)}`;
  return lines(d.row, form, {
    operands: d.row.operands.map((_, n) => operandNames(d, n)),
    segment: d.segment >= 0 ? d.segment : undefined,
    target: hex(d.target),
    next: hex(d.ip + d.length),
  });
};

const vectorKind = (width: number): string => (width === 256 ? "ymm" : "xmm");
/** An operand in the manual's words. SDM Vol. 2A 3.1.1.3 */
export const operandKindText = (o: Operand, size: 16 | 32 | 64): string => {
  const w = o.widths[sizeIndex(size)];
  const m = w > 256 || o.spec === "M" ? "m" : `m${w}`;
  switch (o.kind) {
    case "rm":
      return `r/m${w}`;
    case "reg":
    case "rmreg":
    case "opreg":
    case "vreg":
      return `r${w}`;
    case "mem":
      return m;
    case "vsib":
      return o.spec;
    case "moffs":
      return `moffs${w}`;
    case "xmm":
    case "xmmU":
    case "xmmH":
    case "xmmL":
      return vectorKind(w);
    case "xmmrm":
      return `${vectorKind(w)}/${m}`;
    case "mm":
    case "mmN":
      return "mm";
    case "mmrm":
      return `mm/${m}`;
    case "st":
      return "st";
    case "sti":
      return "st(i)";
    case "sreg":
      return "sreg";
    case "creg":
      return "cr";
    case "dreg":
      return "dr";
    case "imm":
    case "simm":
      return `imm${w}`;
    case "one":
      return "1";
    case "rel":
      return `rel${w}`;
    case "far":
      return `ptr16:${size === 16 ? 16 : 32}`;
    case "fixed":
      return generalName(o.register, w);
    case "named":
      return o.spec.toLowerCase();
    case "strX":
      return `m${w} at rsi`;
    case "strY":
      return `m${w} at rdi`;
  }
};

/** Numbers operands of one kind: xmm1, xmm2/m128. */
const rowNames = (row: Row, size: 16 | 32 | 64): string[] => {
  const texts = row.operands.map((o) => operandKindText(o, size));
  const bare = texts.map((t) => t.replace(/\/.*/, ""));
  const counted = new Map<string, number>();
  return texts.map((t, n) => {
    const kind = bare[n] as string;
    if (!/^([xy]?mm|r\d+)$/.test(kind) || bare.filter((b) => b === kind).length === 1) return t;
    const count = (counted.get(kind) ?? 0) + 1;
    counted.set(kind, count);
    const letter = kind.startsWith("r") ? `${kind}${"abc"[count - 1]}` : `${kind}${count}`;
    return t.replace(kind, letter);
  });
};

/**
 * The effect of a row as pseudo-code, at its usual operand size in 64-bit mode (32-bit mode if it is not
 * there).
 *
 * @example
 * describeRow(rows.find((row) => row.name === "xchg"));
 */
export const describeRow = (row: Row): string => {
  const mode = row.only === "not64" ? 32 : 64;
  const size = row.rexW || row.vex?.w === 1 ? 64 : defaultSize(row, mode);
  const names = rowNames(row, size);
  const memory = row.operands.some((o) => o.kind === "mem" || o.kind === "moffs");
  const form: Form = {
    w: operandWidth(row, size),
    widths: row.operands.map((o) => o.widths[sizeIndex(size)]),
    addressSize: mode,
    stackSize: mode,
    mode,
    flat: true,
    rep: row.repeat ? 1 : 0,
    cc: row.cc,
    memory: (n) => memory && isMemoryOperand(row.operands[n] as Operand),
  };
  return lines(row, form, {
    operands: row.operands.map((o, n) => {
      const text = names[n] as string;
      const value = o.kind === "one" ? 1n : undefined;
      const fetched = o.kind !== "imm" && o.kind !== "simm" && o.kind !== "sti" && o.kind !== "sreg" && o.kind !== "far";
      const place = o.kind === "fixed" ? generalPlace(o.register) : fetched ? `operand${n}` : "";
      return { text, place, address: `address(${text})`, addressPlaces: [], value };
    }),
    segment: undefined,
    target: "the target",
    next: "the next instruction",
  });
};
