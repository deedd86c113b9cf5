// The parts of the register file that an instruction reads and writes, its accesses to memory, and the modes
// that it tests. All of it is found in the meaning, by one run over a recording vocabulary for each form of a
// row. Sets may be too large, because a branch of a meaning may not be taken; they are never too small.

import { type Decoded, noRegister } from "../../decode/decoder.ts";
import type { Ops } from "../../isa/ops.ts";
import type { Row } from "../../isa/row.ts";
import { type Access, access } from "../../machine/mmu.ts";
import { at, R, type StateField } from "../../machine/state.ts";
import { JitForm } from "./jit-form.ts";
import { noRegisters, part, type RegisterSet, union } from "./register-cache.ts";
import type { StackCall } from "./x87-batches.ts";

/** A test of a mode: the bits of a field under `mask` have this value (`Ops.holds`). */
export interface ModeTest {
  readonly field: StateField;
  readonly mask: number;
  readonly value: number;
}

/** The registers and memory that an instruction uses. */
export interface RegisterUse {
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  /** The parts that it writes on every path through its meaning. */
  readonly surelyWrites: RegisterSet;
  /** The strictest access to memory; undefined if there is none. */
  readonly memory: Access | undefined;
}

/** One access of a meaning: to an operand by position, or to parts of the register file. */
type Step =
  | { readonly kind: "read" | "write"; readonly operand: number; readonly half: "low" | "both" }
  | { readonly kind: "read" | "write"; readonly parts: RegisterSet };
interface RowUse {
  readonly steps: readonly (Step & { readonly sure: boolean })[];
  readonly address: boolean;
  readonly memory: Access | undefined;
  readonly modes: readonly ModeTest[];
  readonly calls: readonly { readonly routine: string; readonly args: readonly unknown[] }[];
}
/** A constant of a meaning, and an operand that is the number of a register. */
class Constant {
  readonly value: number;
  constructor(value: number | bigint) {
    this.value = Number(value);
  }
}
class RegisterNumber {
  readonly operand: number;
  constructor(operand: number) {
    this.operand = operand;
  }
}

const flagReaders = new Set(["flag", "flagsWord", "condition", "setFlags"]);
/** Kinds of `Ops.flags` that keep a flag, so that they read it. */
const keepsFlags = new Set(["inc", "dec", "word"]);
const addressWords = new Set(["address", "element", "linear"]);
/** Registers of repeated string instructions. */
const repeated = [R.ax, R.cx, R.si, R.di] as const;

/** Runs a meaning and records its accesses. */
const record = (d: Decoded, form: JitForm): RowUse => {
  const steps: (Step & { readonly sure: boolean })[] = [];
  const modes: ModeTest[] = [];
  const calls: { routine: string; args: unknown[] }[] = [];
  const value = {};
  let address = false;
  let memory: Access | undefined;
  /** Not 0 within a part of the meaning that is not always executed. */
  let inside = 0;
  const add = (step: Step): void => void steps.push({ ...step, sure: inside === 0 });
  const touch = (how: Access): void => {
    memory = memory === access.write ? memory : how;
  };
  const general = (kind: "read" | "write", r: number, w: number): void => {
    if (kind === "write" && w < 32) add({ kind: "read", parts: part.general(r) });
    const zeroed = kind === "write" && w >= 32 && d.mode !== 64;
    add({ kind, parts: zeroed ? union(part.general(r), part.zeroed(r)) : part.general(r) });
  };
  const operand = (kind: "read" | "write", n: number, half: "low" | "both"): void => {
    if (!form.memory(n) || d.row.operands[n]!.kind === "vsib") return add({ kind, operand: n, half });
    address = true;
    touch(kind === "write" ? access.write : access.read);
  };
  const partly = (f: unknown): void => {
    if (typeof f !== "function") return;
    inside++;
    (f as () => void)();
    inside--;
  };
  const words: Record<string, (...args: never[]) => unknown> = {
    get: (n: number) => (d.row.operands[n]!.kind === "sti" ? new RegisterNumber(n) : operand("read", n, "low")),
    imm: (n: number | bigint) => new Constant(n),
    call: (routine: string, ...args: unknown[]) => void calls.push({ routine, args }),
    vec: (n: number) => operand("read", n, "low"),
    rmw: (n: number) => operand(form.memory(n) ? "write" : "read", n, "low"),
    set: (n: number) => operand("write", n, "low"),
    setLow: (n: number) => {
      operand("read", n, "low");
      operand("write", n, "low");
    },
    setWide: (n: number) => operand("write", n, "both"),
    wide: (n: number) => {
      operand("read", n, "both");
      return [value, value];
    },
    reg: (r: number, w: number) => general("read", r, w),
    setReg: (r: number, w: number) => general("write", r, w),
    xmm: (r: number) => add({ kind: "read", parts: part.vector(r) }),
    setXmm: (r: number) => add({ kind: "write", parts: part.vector(r) }),
    upper: (r: number) => add({ kind: "read", parts: part.upper(r) }),
    setUpper: (r: number) => add({ kind: "write", parts: part.upper(r) }),
    load: () => touch(access.read),
    loadRmw: () => touch(access.write),
    store: () => touch(access.write),
    holds: (field: StateField, mask: number, v: number) => void modes.push({ field, mask, value: v }),
    flags: (kind: string) => {
      if (keepsFlags.has(kind)) add({ kind: "read", parts: part.flags });
      add({ kind: "write", parts: part.flags });
    },
    setFlags: () => {
      add({ kind: "read", parts: part.flags });
      add({ kind: "write", parts: part.flags });
    },
    when: (_c: unknown, then: () => void, otherwise?: () => void) => {
      partly(then);
      partly(otherwise);
    },
    either: (_c: unknown, then: () => void, otherwise: () => void) => {
      partly(then);
      partly(otherwise);
    },
    repeat: (body: () => void, zf: boolean) => {
      if (form.rep === 0) return body();
      for (const r of repeated) {
        add({ kind: "read", parts: part.general(r) });
        general("write", r, 64);
      }
      if (zf) for (const kind of ["read", "write"] as const) add({ kind, parts: part.flags });
      partly(body);
    },
    assured: () => false,
  };
  const notes = new Proxy(
    {},
    {
      get:
        (_t, name: string) =>
        (...args: never[]) => {
          const result = words[name]?.(...args);
          if (flagReaders.has(name)) add({ kind: "read", parts: part.flags });
          address ||= addressWords.has(name);
          return result ?? value;
        },
    },
  ) as Ops<object>;
  d.row.does(notes, form);
  return { steps, address, memory, modes, calls };
};

/** By row, and by the properties of a decoded instruction that its form depends on. */
const known = new Map<Row, Map<number, RowUse>>();
const rowUse = (d: Decoded): RowUse => {
  let forms = known.get(d.row);
  if (!forms) known.set(d.row, (forms = new Map()));
  // Sizes are 16, 32 or 64.
  const key = ((((d.size >> 4) * 8 + (d.addressSize >> 4)) * 8 + (d.mode >> 4)) * 4 + d.rep) * 2 + Number(d.isMemory);
  let use = forms.get(key);
  if (!use) forms.set(key, (use = record(d, new JitForm(d))));
  return use;
};

/** The modes that a decoded instruction tests. */
export const modesOf = (d: Decoded): readonly ModeTest[] => rowUse(d).modes;

/** The routines that a decoded instruction calls. Arguments: constants and numbers of x87 registers. */
export const stackCallsOf = (d: Decoded, registerOffset: (d: Decoded, n: number) => number): StackCall[] =>
  rowUse(d).calls.map(({ routine, args }) => ({
    routine,
    args: args.map((a) => (a instanceof Constant ? a.value : a instanceof RegisterNumber ? registerOffset(d, a.operand) : undefined)),
  }));

/** The parts of an operand, which is a register. `registerOffset`: its offset in the state page. */
const partsOf = (
  d: Decoded,
  n: number,
  step: Step & { half: "low" | "both" },
  offset: number,
): { also: RegisterSet; parts: RegisterSet } => {
  const o = d.row.operands[n]!;
  const w = d.width(n);
  if (offset < at.rip) {
    const r = (offset - at.gpr) >> 3;
    if (step.kind === "read") return { also: noRegisters, parts: part.general(r) };
    const whole = d.mode !== 64 && w >= 32 ? union(part.general(r), part.zeroed(r)) : part.general(r);
    return { also: w < 32 ? part.general(r) : noRegisters, parts: whole };
  }
  if (offset < at.ymm || o.kind === "sti") return { also: noRegisters, parts: noRegisters };
  const r = (offset - at.ymm) >> 5;
  if (step.half === "both") return { also: noRegisters, parts: union(part.vector(r), part.upper(r)) };
  if (step.kind === "read") return { also: noRegisters, parts: part.vector(r) };
  if (d.row.vex) return { also: noRegisters, parts: union(part.vector(r), part.upper(r)) };
  return { also: w < 128 ? part.vector(r) : noRegisters, parts: part.vector(r) };
};
const withoutRegister = new Set(["imm", "simm", "one", "sti", "sreg"]);

/**
 * The registers and memory that a decoded instruction uses. `registerOffset`: the offset of a register
 * operand in the state page (instance.ts).
 */
export const registerUse = (d: Decoded, registerOffset: (d: Decoded, n: number) => number): RegisterUse => {
  const { steps, address, memory } = rowUse(d);
  let [reads, writes, surelyWrites] = [noRegisters, noRegisters, noRegisters];
  const add = (kind: "read" | "write", parts: RegisterSet, sure: boolean): void => {
    if (kind === "read") reads = union(reads, parts);
    else writes = union(writes, parts);
    if (kind === "write" && sure) surelyWrites = union(surelyWrites, parts);
  };
  for (const step of steps) {
    if ("parts" in step) {
      add(step.kind, step.parts, step.sure);
      continue;
    }
    const o = d.row.operands[step.operand];
    if (!o || withoutRegister.has(o.kind)) continue;
    const offset = o.kind === "fixed" ? at.gpr + o.register * 8 : registerOffset(d, step.operand);
    const { also, parts } = partsOf(d, step.operand, step, offset);
    add("read", also, step.sure);
    add(step.kind, parts, step.sure);
  }
  // LEA and implicit operands with a memory operand's registers use its address, too.
  if ((address || memory !== undefined) && d.isMemory) {
    if (d.base !== noRegister) reads = union(reads, part.general(d.base));
    if (d.index !== noRegister) reads = union(reads, part.general(d.index));
  }
  return { reads, writes, surelyWrites, memory };
};
