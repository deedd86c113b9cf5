// Filters as bytes: struct sock_filter arrays, as they are, in hexadecimal, or as a string of escapes that
// Ruby and C print.
import { Problem } from "../../problem.ts";
import { decodeProgram, INSN_SIZE, type Program } from "../../seccomp/index.ts";
import type { Source } from "../input/source.ts";

const whole = (bytes: Uint8Array, name: string): Program => {
  if (bytes.length > 0 && bytes.length % INSN_SIZE === 0) return decodeProgram(bytes);
  const help = "each instruction takes 8 bytes: u16 code, u8 jt, u8 jf, u32 k, little endian";
  throw new Problem("not-bpf", `${name} has ${bytes.length} bytes, which is no array of struct sock_filter`, { help });
};

/** Reads an array of struct sock_filter in bytes. Throws a Problem if the length is wrong. */
export const readRaw = (bytes: Uint8Array, name: string): Program => whole(bytes, name);

const simple: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27, s: 32, "0": 0 };
const ESCAPE = /\\x([0-9a-fA-F]{1,2})|\\([0-7]{1,3})|\\u\{?([0-9a-fA-F]{1,4})\}?|\\(.)|([\s\S])/g;

const unescape = (text: string): Uint8Array =>
  Uint8Array.from(text.matchAll(ESCAPE), ([, hex, octal, unicode, letter, plain]) => {
    if (hex !== undefined || unicode !== undefined) return Number.parseInt((hex ?? unicode) as string, 16);
    if (octal !== undefined) return Number.parseInt(octal, 8);
    if (letter !== undefined) return simple[letter] ?? letter.charCodeAt(0);
    return (plain as string).charCodeAt(0);
  });

/** True if a text is nothing but hexadecimal digits, or one quoted string with escapes. */
export const looksHex = (text: string): boolean =>
  /^\s*((0x)?[0-9a-fA-F]{2}[\s,:]*)+$/.test(text) || (text.includes("\\x") && /^\s*"(?:\\.|[^"\\])*"\s*$/.test(text));

/** Reads the same from hexadecimal digits or from a string with escapes. */
export const readHex = ({ name, text }: Source): Program => {
  const trimmed = text.trim();
  if (trimmed.startsWith('"')) return whole(unescape(trimmed.slice(1, -1)), name);
  const digits = trimmed.replace(/0x|[\s,:]/gi, "");
  return whole(
    Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
    name,
  );
};
