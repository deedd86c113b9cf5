// The output of a printf in a breakpoint's commands, as gdb sends them for `set dprintf-style agent`. The
// directives are those of gdb's printf that need no types of the program.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Bytecode-Descriptions.html
import type { AddressSpace } from "../memory/space.ts";
import { peek } from "./memory.ts";

/** Bytes of one string of the program, at most. */
const MOST_STRING = 65_536;
/** Columns of a width and digits of a precision, at most. */
const MOST_WIDTH = 4096;
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
};
/** A literal part, an escape sequence, or a directive. */
const PARTS =
  /[^%\\]+|\\(?<escape>[\\abefnrtv"])|%(?:%|(?<flags>[-+ #0]*)(?<width>\d*)(?:\.(?<precision>\d*))?(?<size>hh?|ll?|z)?(?<type>[cdiopsuxX]))/gsy;

/** The bytes up to a zero, one character each; undefined: there is none in readable memory. */
const stringAt = (space: AddressSpace, address: number, most: number): string | undefined => {
  const bytes = new Uint8Array(64);
  let text = "";
  while (text.length < most) {
    const done = peek(space, address + text.length, bytes.subarray(0, Math.min(bytes.length, most - text.length)));
    const end = bytes.subarray(0, done).indexOf(0);
    text += String.fromCharCode(...bytes.subarray(0, end < 0 ? done : end));
    if (end >= 0) return text;
    if (done === 0) return undefined;
  }
  return text;
};
const BITS: Readonly<Record<string, number>> = { hh: 8, h: 16, ll: 64 };
/** The digits of an integer, with sign and prefix apart. C11 7.21.6.1. */
const integer = (value: bigint, type: string, bits: number, flags: string): readonly [prefix: string, digits: string] => {
  if (type === "d" || type === "i") {
    const number = BigInt.asIntN(bits, value);
    const sign = number < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
    return [sign, `${number < 0n ? -number : number}`];
  }
  const number = BigInt.asUintN(bits, value);
  const digits = number.toString(type === "o" ? 8 : type === "u" ? 10 : 16);
  if (type === "o") return ["", flags.includes("#") && digits !== "0" ? `0${digits}` : digits];
  const prefix = (flags.includes("#") || type === "p") && number !== 0n ? "0x" : "";
  return type === "X" ? [prefix.toUpperCase(), digits.toUpperCase()] : [prefix, digits];
};

/**
 * The output, one character a byte. `wordBits`: bits of the program's long and of its pointers. Undefined: a
 * directive is not known, a string cannot be read, or `values` has another number of values.
 *
 * @example agentPrintf("x=%d\\n", [7n], task.mem, 64) // "x=7\n"
 */
export const agentPrintf = (format: string, values: readonly bigint[], space: AddressSpace, wordBits: number): string | undefined => {
  let text = "";
  let used = 0;
  PARTS.lastIndex = 0;
  while (PARTS.lastIndex < format.length) {
    const found = PARTS.exec(format);
    if (!found) return undefined;
    const { escape, flags = "", width = "", precision, size = "", type } = found.groups ?? {};
    if (type === undefined) {
      text += escape === undefined ? (found[0] === "%%" ? "%" : found[0]) : ESCAPES[escape];
      continue;
    }
    const value = values[used++];
    const [columns, digitsLeast] = [Number(width), precision === undefined ? undefined : Number(precision)];
    if (value === undefined || columns > MOST_WIDTH || (digitsLeast ?? 0) > MOST_WIDTH) return undefined;
    let [prefix, body] = ["", ""];
    if (type === "c") {
      // A wide character is a matter of the program's character set.
      if (size !== "") return undefined;
      body = String.fromCharCode(Number(value & 0xffn));
    } else if (type === "s") {
      if (size !== "") return undefined;
      const read = value === 0n ? "(null)".slice(0, digitsLeast) : stringAt(space, Number(value), digitsLeast ?? MOST_STRING);
      if (read === undefined) return undefined;
      body = read;
    } else if (type === "p" && value === 0n) body = "(nil)";
    else {
      const bits = type === "p" || size === "l" || size === "z" ? wordBits : (BITS[size] ?? 32);
      [prefix, body] = integer(value, type, bits, flags);
      if (digitsLeast !== undefined) body = digitsLeast === 0 && body === "0" ? "" : body.padStart(digitsLeast, "0");
      else if (flags.includes("0") && !flags.includes("-")) body = body.padStart(columns - prefix.length, "0");
    }
    text += flags.includes("-") ? (prefix + body).padEnd(columns) : (prefix + body).padStart(columns);
  }
  return used === values.length ? text : undefined;
};
