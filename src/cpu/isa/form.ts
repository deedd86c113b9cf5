// Instruction forms: a row with the properties for which the interpreter's handlers are specialised. One
// handler serves all registers, immediates and displacements of its form; it reads them from the decoded
// record.
import { type CodeContext, contexts } from "../machine/context.ts";
import { cpuModel, defaultModel, needsMet } from "../machine/model.ts";
import type { AddressSize, Form, RegisterWidth, Rep } from "./ops.ts";
import { isMemoryOperand, type Operand, type Row, sized, sizeIndex } from "./row.ts";

/**
 * Kinds of memory operands, by the computation of the linear address.
 * b/bx: base + disp, without or with index. 64-bit mode: b64, bx64, `seg64` (fs or gs override), `a32`
 * (address-size prefix). Flat 32-bit: b32, bx32. With segments outside 64-bit mode: s32, s16 (offset of that
 * size; limit and rights are checked).
 */
export const memoryKinds = ["none", "b64", "bx64", "seg64", "a32", "b32", "bx32", "s32", "s16"] as const;
/** One of these kinds. */
export type MemoryKind = (typeof memoryKinds)[number];

const kindsIn = (c: CodeContext): readonly MemoryKind[] =>
  c.mode === 64 ? ["b64", "bx64", "seg64", "a32"] : c.flat ? ["b32", "bx32", "s32", "s16"] : ["s32", "s16"];

/** The address size of a memory kind; of "none" it is the mode's. */
export const addressSizeOf = (kind: MemoryKind, mode: AddressSize): AddressSize =>
  kind === "a32" || kind === "b32" || kind === "bx32" || kind === "s32" ? 32 : kind === "s16" ? 16 : kind === "none" ? mode : 64;

/** A form in the view of the handlers' compiler. */
export class HandlerForm implements Form {
  readonly row: Row;
  readonly size: 16 | 32 | 64;
  readonly memoryKind: MemoryKind;
  readonly context: CodeContext;
  readonly rep: Rep;
  readonly addressSize: AddressSize;
  readonly widths: readonly number[];
  readonly cc: number;

  constructor(row: Row, size: 16 | 32 | 64, memoryKind: MemoryKind, addressSize: AddressSize, context: CodeContext, rep: Rep) {
    this.row = row;
    this.size = size;
    this.memoryKind = memoryKind;
    this.context = context;
    this.rep = rep;
    this.addressSize = addressSize;
    this.widths = row.operands.map((o) => o.widths[sizeIndex(size)]);
    this.cc = row.cc;
  }
  get w(): RegisterWidth {
    return operandWidth(this.row, this.size);
  }
  get mode(): AddressSize {
    return this.context.mode;
  }
  get stackSize(): AddressSize {
    return this.context.stackSize;
  }
  get flat(): boolean {
    return this.context.flat;
  }
  memory(n: number): boolean {
    return this.memoryKind !== "none" && isMemoryOperand(this.row.operands[n]!);
  }
}

/**
 * The modules of handlers; a program loads few of them. First the forms that most programs use, and those
 * that some use (`commonModules`, tools/common). Then the other forms: of 64-bit code and all code, 32-bit
 * addresses, and addresses that compilers do not emit (0x67, 16-bit code). The latter exist once for
 * instructions of the default model and once for others.
 */
const firstModules: Readonly<Record<MemoryKind, 0 | 1 | 2>> = {
  none: 0,
  b64: 0,
  bx64: 0,
  seg64: 0,
  b32: 1,
  bx32: 1,
  s32: 1,
  a32: 2,
  s16: 2,
};
/** The number of modules assigned by use. */
export const commonModules = 2;
/** The number of all modules. */
export const handlerModules = commonModules + 6;
/** The module of a form that no common module has. */
export const moduleOf = ({ memoryKind, row }: HandlerForm): number =>
  commonModules + firstModules[memoryKind] + (needsMet(baseline, row) ? 0 : 3);
const baseline = cpuModel(defaultModel)!;

/** The alignment in bytes that this operand needs in memory. Legacy SSE requires it of whole vectors. */
export const alignmentOf = (row: Row, o: Operand): number => {
  if (!isMemoryOperand(o) || (row.vex ? row.aligned !== true : row.unaligned === true)) return 1;
  if (o.spec === "Mxs") return 64;
  return o.widths[0] === 128 ? 16 : o.widths[0] === 256 ? 32 : 1;
};

/** Operand size of an instruction: 8 for rows on bytes, else by the prefixes. */
export const operandWidth = (row: Row, size: 16 | 32 | 64): RegisterWidth => {
  const first = row.operands[0];
  return first && first.kind !== "simm" && first.widths[0] === 8 && first.widths[2] === 8 ? 8 : size;
};

/**
 * True for string instructions and loops. They address through registers of the address size, which is
 * therefore part of their form.
 */
const addressed = (row: Row): boolean => row.repeat !== undefined || row.shape.strings || row.addressed === true;

const alwaysMemory = (row: Row): boolean => row.operands.some((o) => o.kind === "mem" || o.kind === "vsib" || o.kind === "moffs");
const neverMemory = (row: Row): boolean =>
  row.modrm !== undefined || row.operands.some((o) => o.kind === "rmreg" || o.kind === "xmmU" || o.kind === "mmN" || o.kind === "sti");

const sizesAll = [16, 32, 64] as const;
const addressSizes: Record<AddressSize, readonly AddressSize[]> = { 64: [64, 32], 32: [32, 16], 16: [16, 32] };

/** The key of a form. */
export const formKey = (size: number, kind: number, addressSize: AddressSize, context: number, rep: Rep): number =>
  (((sizeIndex(size) * memoryKinds.length + kind) * 3 + sizeIndex(addressSize)) * contexts.length + context) * 3 + rep;

/**
 * The key of a form without the properties that do not affect the row, so that few handlers serve many forms.
 */
export const normalKey = (row: Row, size: number, kind: number, addressSize: AddressSize, context: number, rep: Rep): number => {
  const s = sized(row) || row.context ? size : 32;
  const a: AddressSize = addressed(row) ? addressSize : 64;
  const c = row.context || addressed(row) ? context : kind === 0 || contexts[context]!.mode === 64 ? 0 : kind >= 7 ? 2 : 1;
  return formKey(s, kind, a, c, row.repeat ? rep : 0);
};

/** A form with its key. */
export interface KeyedForm {
  readonly key: number;
  readonly form: HandlerForm;
}

/** All forms of a row, once each. */
export const formsOf = (row: Row): KeyedForm[] => {
  const out = new Map<number, HandlerForm>();
  contexts.forEach((context, contextNumber) => {
    if (row.only === "64" && context.mode !== 64) return;
    if (row.only === "not64" && context.mode === 64) return;
    const kinds: MemoryKind[] = [];
    if (!row.shape.memory || !alwaysMemory(row)) kinds.push("none");
    if (row.shape.memory && !neverMemory(row)) kinds.push(...kindsIn(context));
    for (const size of sizesAll) {
      if (size === 64 && context.mode !== 64) continue;
      for (const kind of kinds)
        for (const a of kind === "none" ? addressSizes[context.mode] : [addressSizeOf(kind, context.mode)])
          for (const rep of row.repeat ? ([0, 1, 2] as const) : ([0] as const)) {
            const key = normalKey(row, size, memoryKinds.indexOf(kind), a, contextNumber, rep);
            if (!out.has(key)) out.set(key, new HandlerForm(row, size, kind, a, context, rep));
          }
    }
  });
  return [...out].map(([key, form]) => ({ key, form }));
};
