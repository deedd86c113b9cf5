// Conditions and commands of breakpoints as gdb sends them: bytes for a stack machine.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Agent-Expressions.html
import type { Task } from "../kernel/core/task.ts";
import { agentPrintf } from "./agent-printf.ts";
import { peek } from "./memory.ts";
import { readOne } from "./registers.ts";

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const number = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const truth = (is: boolean): bigint => (is ? 1n : 0n);
const shift = (by: bigint): bigint => (by > 64n ? 64n : by);

/** Operators of two operands, by the code. A quotient by 0 is an error. */
const binary: Readonly<Record<number, (a: bigint, b: bigint) => bigint | undefined>> = {
  2: (a, b) => a + b,
  3: (a, b) => a - b,
  4: (a, b) => a * b,
  5: (a, b) => (b === 0n ? undefined : signed(a) / signed(b)),
  6: (a, b) => (b === 0n ? undefined : a / b),
  7: (a, b) => (b === 0n ? undefined : signed(a) % signed(b)),
  8: (a, b) => (b === 0n ? undefined : a % b),
  9: (a, b) => a << shift(b),
  10: (a, b) => signed(a) >> shift(b),
  11: (a, b) => a >> shift(b),
  15: (a, b) => a & b,
  16: (a, b) => a | b,
  17: (a, b) => a ^ b,
  19: (a, b) => truth(a === b),
  20: (a, b) => truth(signed(a) < signed(b)),
  21: (a, b) => truth(a < b),
};
/** Bytes of the memory that an operator reads. */
const refs: Readonly<Record<number, number>> = { 23: 1, 24: 2, 25: 4, 26: 8 };
/** Bytes of constants. */
const constants: Readonly<Record<number, number>> = { 34: 1, 35: 2, 36: 4, 37: 8 };
/** Operations of one evaluation, at most: an expression can jump backward. */
const MOST = 10_000;

/**
 * Executes an expression in a thread: the top of the stack at its end. Undefined: it fails, reads memory that
 * is not there, or has an operator that breakpoints do not need. `print` gets what it prints.
 */
const execute = (
  code: Uint8Array,
  task: Task,
  print: ((text: string) => void) | undefined,
): { readonly top: bigint | undefined } | undefined => {
  const stack: bigint[] = [];
  let at = 0;
  const operand = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + (code[at + i] ?? 0);
    at += bytes;
    return value;
  };
  for (let n = 0; n < MOST && at < code.length; n++) {
    const op = code[at++] as number;
    const twice = binary[op];
    const [bytes, constant] = [refs[op], constants[op]];
    if (twice) {
      const [b, a] = [stack.pop(), stack.pop()];
      const value = a === undefined || b === undefined ? undefined : twice(a, b);
      if (value === undefined) return undefined;
      stack.push(wrap(value));
    } else if (constant !== undefined) {
      let value = 0n;
      for (let i = 0; i < constant; i++) value = (value << 8n) | BigInt(code[at++] ?? 0);
      stack.push(value);
    } else if (bytes !== undefined) {
      const address = stack.pop();
      const into = new Uint8Array(bytes);
      if (address === undefined || peek(task.mem, Number(address), into) !== bytes) return undefined;
      stack.push(number(into));
    } else {
      switch (op) {
        case 14: // log_not
          stack.push(truth(stack.pop() === 0n));
          break;
        case 18: // bit_not
          stack.push(wrap(~(stack.pop() ?? 0n)));
          break;
        case 22: // ext
          stack.push(wrap(BigInt.asIntN(operand(1), stack.pop() ?? 0n)));
          break;
        case 42: // zero_ext
          stack.push(BigInt.asUintN(operand(1), stack.pop() ?? 0n));
          break;
        case 32: {
          // if_goto
          const to = operand(2);
          if ((stack.pop() ?? 0n) !== 0n) at = to;
          break;
        }
        case 33: // goto
          at = operand(2);
          break;
        case 38: {
          // reg
          const register = readOne(task, operand(2));
          if (!register || register.length > 8) return undefined;
          stack.push(number(register));
          break;
        }
        case 39: // end
          return { top: stack.at(-1) };
        case 40: {
          // dup
          const top = stack.at(-1);
          if (top === undefined) return undefined;
          stack.push(top);
          break;
        }
        case 41: // pop
          stack.pop();
          break;
        case 43: // swap
          stack.push(...stack.splice(-2).reverse());
          break;
        case 50: {
          // pick
          const value = stack.at(-1 - operand(1));
          if (value === undefined) return undefined;
          stack.push(value);
          break;
        }
        case 51: // rot: a b c becomes c a b
          stack.push(...((last) => [...last.slice(-1), ...last.slice(0, -1)])(stack.splice(-3)));
          break;
        case 52: {
          // printf: the format ends with a zero; above the arguments are gdb's function and channel.
          const count = operand(1);
          const length = operand(2);
          const format = code.subarray(at, at + length);
          at += length;
          const values = stack
            .splice(-2 - count)
            .reverse()
            .slice(2);
          if (!print || values.length !== count || format.length !== length || format.indexOf(0) !== length - 1) return undefined;
          const bits = 8 * task.program.abi.long;
          const text = agentPrintf(String.fromCharCode(...format.subarray(0, -1)), values, task.mem, bits);
          if (text === undefined) return undefined;
          print(text);
          break;
        }
        default:
          return undefined;
      }
      if (stack.length > 256) return undefined;
    }
  }
  return undefined;
};

/** The value of a condition in a thread. Undefined: it fails. */
export const evaluateAgent = (code: Uint8Array, task: Task): bigint | undefined => execute(code, task, undefined)?.top;

/** Executes a command in a thread. False: it fails. `print`: gets its output, one character a byte. */
export const runAgent = (code: Uint8Array, task: Task, print: (text: string) => void): boolean => execute(code, task, print) !== undefined;
