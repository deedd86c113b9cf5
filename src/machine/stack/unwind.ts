// One step up a stack by a file's unwind table. DWARF 4, 6.4 "Call Frame Information";
// System V ABI AMD64 3.6.2 and i386 2.5 "DWARF Register Number".
import { evaluateExpression } from "./expression.ts";
import type { Cursor } from "./file-reader.ts";
import { type Common, encoded, entryFor } from "./frame-table.ts";
import type { ElfModule } from "./symbols.ts";

const MOST_STATES = 64;

/** Registers by DWARF number; the return address is 16, of 32-bit code 8. Undefined: not known. */
export type DwarfRegisters = readonly (number | undefined)[];
/** The program that is unwound: its word size in bytes, and its memory. */
export interface UnwoundProgram {
  readonly long: 4 | 8;
  /** A word of the program's memory. */
  readonly word: (address: number) => number | undefined;
}
/** DWARF numbers of stack pointer, frame pointer and return address, by word size in bytes. */
export const numbers = { 4: { sp: 4, bp: 5, ra: 8 }, 8: { sp: 7, bp: 6, ra: 16 } } as const;

type Rule =
  | { readonly how: "offset" | "valueOffset"; readonly n: number }
  | { readonly how: "register"; readonly n: number }
  | { readonly how: "expression" | "valueExpression"; readonly code: Uint8Array }
  | { readonly how: "undefined" };
interface State {
  cfa: { readonly register: number; readonly offset: number } | { readonly code: Uint8Array };
  rules: Map<number, Rule>;
}

/** Executes instructions until they are about code behind `pc`. */
const execute = (
  c: Cursor,
  state: State,
  initial: State | undefined,
  { codeAlign, dataAlign, encoding }: Common,
  start: number,
  pc: number,
  long: 4 | 8,
): void => {
  const saved: State[] = [];
  let at = start;
  const set = (register: number, rule: Rule): void => void state.rules.set(register, rule);
  const restore = (register: number): void => {
    const rule = initial?.rules.get(register);
    if (rule) set(register, rule);
    else state.rules.delete(register);
  };
  const block = (): Uint8Array => {
    const length = c.uleb();
    const bytes = new Uint8Array(c.view.buffer, c.view.byteOffset + c.at, length);
    c.at += length;
    return bytes;
  };
  const cfaOffset = (offset: number): void => {
    if ("register" in state.cfa) state.cfa = { register: state.cfa.register, offset };
  };
  const operations: Readonly<Record<number, () => void>> = {
    0x00: () => {},
    0x01: () => void (at = encoded(c, encoding, long, { pc: 0, data: 0 })),
    0x02: () => void (at += c.u8() * codeAlign),
    0x03: () => void (at += c.unsigned(2) * codeAlign),
    0x04: () => void (at += c.unsigned(4) * codeAlign),
    0x05: () => set(c.uleb(), { how: "offset", n: c.uleb() * dataAlign }),
    0x06: () => restore(c.uleb()),
    0x07: () => set(c.uleb(), { how: "undefined" }),
    0x08: () => void state.rules.delete(c.uleb()),
    0x09: () => set(c.uleb(), { how: "register", n: c.uleb() }),
    0x0a: () => {
      if (saved.length < MOST_STATES) saved.push({ cfa: state.cfa, rules: new Map(state.rules) });
    },
    0x0b: () => void Object.assign(state, saved.pop() ?? state),
    0x0c: () => void (state.cfa = { register: c.uleb(), offset: c.uleb() }),
    0x0d: () => void (state.cfa = { register: c.uleb(), offset: "register" in state.cfa ? state.cfa.offset : 0 }),
    0x0e: () => cfaOffset(c.uleb()),
    0x0f: () => void (state.cfa = { code: block() }),
    0x10: () => set(c.uleb(), { how: "expression", code: block() }),
    0x11: () => set(c.uleb(), { how: "offset", n: c.sleb() * dataAlign }),
    0x12: () => void (state.cfa = { register: c.uleb(), offset: c.sleb() * dataAlign }),
    0x13: () => cfaOffset(c.sleb() * dataAlign),
    0x14: () => set(c.uleb(), { how: "valueOffset", n: c.uleb() * dataAlign }),
    0x15: () => set(c.uleb(), { how: "valueOffset", n: c.sleb() * dataAlign }),
    0x16: () => set(c.uleb(), { how: "valueExpression", code: block() }),
    0x2e: () => void c.uleb(),
    0x2f: () => set(c.uleb(), { how: "offset", n: -c.uleb() * dataAlign }),
  };
  while (!c.ended && at <= pc) {
    const byte = c.u8();
    const low = byte & 0x3f;
    if (byte >= 0xc0) restore(low);
    else if (byte >= 0x80) set(low, { how: "offset", n: c.uleb() * dataAlign });
    else if (byte >= 0x40) at += low * codeAlign;
    else {
      const operation = operations[byte];
      if (!operation) throw new RangeError("unknown instruction");
      operation();
    }
  }
};

/** The caller of a frame. */
export interface UnwindStep {
  readonly registers: DwarfRegisters;
  /** The frame is a signal handler's: the address above it is exact, not that behind a call. */
  readonly isSignal: boolean;
}

/** How the caller's registers are found at one instruction. */
export interface UnwindRules {
  readonly state: State;
  readonly isSignal: boolean;
  /** The word size of the file. */
  readonly long: 4 | 8;
}
/** Undefined if the table is broken there. */
const unlessBroken = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};

/** The rules of an instruction. `pc` is the file's own numbering. Undefined: the table does not say. */
export const rulesAt = (module: ElfModule, pc: number): UnwindRules | undefined =>
  unlessBroken(() => {
    const { long } = module.header;
    const entry = entryFor(module, pc);
    if (!entry) return undefined;
    const { common, start, code } = entry;
    const state: State = { cfa: { register: 0, offset: 0 }, rules: new Map() };
    execute(common.initial, state, undefined, common, start, Number.POSITIVE_INFINITY, long);
    const initial: State = { cfa: state.cfa, rules: new Map(state.rules) };
    execute(code, state, initial, common, start, pc, long);
    return { state, isSignal: common.isSignal, long };
  });

/** The caller's registers. Undefined: the rules do not say. */
export const unwind = (rules: UnwindRules, registers: DwarfRegisters, machine: UnwoundProgram): UnwindStep | undefined =>
  unlessBroken(() => step(rules, registers, machine));

const step = ({ state, isSignal, long }: UnwindRules, registers: DwarfRegisters, machine: UnwoundProgram): UnwindStep | undefined => {
  const { sp, ra } = numbers[long];
  const wrap = (n: number): number => (long === 4 ? n >>> 0 : n);
  const evaluate = (expression: Uint8Array, first?: number) => evaluateExpression(expression, registers, machine, first);
  const base = "code" in state.cfa ? undefined : registers[state.cfa.register];
  const cfa = "code" in state.cfa ? evaluate(state.cfa.code) : base === undefined ? undefined : wrap(base + state.cfa.offset);
  if (cfa === undefined) return undefined;
  const valueOf = (rule: Rule): number | undefined => {
    switch (rule.how) {
      case "offset":
        return machine.word(wrap(cfa + rule.n));
      case "valueOffset":
        return wrap(cfa + rule.n);
      case "register":
        return registers[rule.n];
      case "expression": {
        const at = evaluate(rule.code, cfa);
        return at === undefined ? undefined : machine.word(at);
      }
      case "valueExpression":
        return evaluate(rule.code, cfa);
      case "undefined":
        return undefined;
    }
  };
  const next = [...registers];
  next[sp] = cfa;
  next[ra] = undefined;
  for (const [register, rule] of state.rules) next[register] = valueOf(rule);
  return { registers: next, isSignal };
};
