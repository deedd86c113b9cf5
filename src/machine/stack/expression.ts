// DWARF expressions as unwind tables have them: of procedure linkage tables and signal frames. DWARF 4, 2.5.
import { Cursor } from "./file-reader.ts";
import type { DwarfRegisters, UnwoundProgram } from "./unwind.ts";

const MOST_STEPS = 200;

/** The value on top at the end; undefined if a register or a word is not known, or an operation is not. */
export const evaluateExpression = (
  code: Uint8Array,
  registers: DwarfRegisters,
  { long, word }: UnwoundProgram,
  first?: number,
): number | undefined => {
  const c = new Cursor(code);
  const stack: (number | undefined)[] = first === undefined ? [] : [first];
  const wrap = (n: number): number => (long === 4 ? n >>> 0 : n);
  const pop = (): number | undefined => stack.pop();
  const two = (apply: (a: number, b: number) => number): void => {
    const [b, a] = [pop(), pop()];
    stack.push(a === undefined || b === undefined ? undefined : wrap(apply(a, b)));
  };
  const big = (apply: (a: bigint, b: bigint) => bigint) => (a: number, b: number) =>
    Number(BigInt.asUintN(8 * long, apply(BigInt(Math.trunc(a)), BigInt(Math.trunc(b)))));
  const operations: Readonly<Record<number, () => void>> = {
    0x03: () => stack.push(c.unsigned(long)),
    0x06: () => {
      const at = pop();
      stack.push(at === undefined ? undefined : word(at));
    },
    0x08: () => stack.push(c.u8()),
    0x09: () => stack.push((c.u8() << 24) >> 24),
    0x0a: () => stack.push(c.unsigned(2)),
    0x0b: () => stack.push(c.signed(2)),
    0x0c: () => stack.push(c.unsigned(4)),
    0x0d: () => stack.push(c.signed(4)),
    0x10: () => stack.push(c.uleb()),
    0x11: () => stack.push(c.sleb()),
    0x12: () => stack.push(stack.at(-1)),
    0x13: () => void pop(),
    0x1a: () => two(big((a, b) => a & b)),
    0x1c: () => two((a, b) => a - b),
    0x1e: () => two((a, b) => a * b),
    0x21: () => two(big((a, b) => a | b)),
    0x22: () => two((a, b) => a + b),
    0x23: () => {
      const [a, n] = [pop(), c.uleb()];
      stack.push(a === undefined ? undefined : wrap(a + n));
    },
    0x24: () => two((a, b) => a * 2 ** b),
    0x25: () => two((a, b) => Math.floor(a / 2 ** b)),
    0x29: () => two((a, b) => Number(a === b)),
    0x2a: () => two((a, b) => Number(a >= b)),
    0x2b: () => two((a, b) => Number(a > b)),
    0x2c: () => two((a, b) => Number(a <= b)),
    0x2d: () => two((a, b) => Number(a < b)),
    0x2e: () => two((a, b) => Number(a !== b)),
    0x96: () => {},
  };
  const breg = (register: number): void => {
    const [value, offset] = [registers[register], c.sleb()];
    stack.push(value === undefined ? undefined : wrap(value + offset));
  };
  for (let steps = 0; !c.ended; steps++) {
    const op = c.u8();
    if (steps > MOST_STEPS) return undefined;
    if (op >= 0x30 && op <= 0x4f) stack.push(op - 0x30);
    else if (op >= 0x70 && op <= 0x8f) breg(op - 0x70);
    else if (op === 0x92) breg(c.uleb());
    else {
      const operation = operations[op];
      if (!operation) return undefined;
      operation();
    }
  }
  return stack.at(-1);
};
