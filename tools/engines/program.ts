// A small program from assembly: an ELF file with one segment that is readable, writable and executable. man
// 5 elf.
import { assemble } from "../../src/cpu/text/assemble.ts";

/**
 * Where the file is mapped, where its code begins, and where memory of zeros begins that the file does not
 * have.
 */
export const place = { base: 0x40_0000, code: 0x40_1000, data: 0x41_0000, end: 0x44_0000 } as const;
/** 32-bit code of a 64-bit program: pieces, each with room of its own. */
const narrow = { code: 0x40_8000, room: 0x200 } as const;
export const narrowAt = (n: number): number => narrow.code + n * narrow.room;

const HEADER = { 64: 64, 32: 52 } as const;
const ENTRY = { 64: 56, 32: 32 } as const;
const MACHINE = { 64: 62, 32: 3 } as const;

/** `text` in the assembler's syntax; it begins at `place.code`. */
export const program = (text: string, bits: 64 | 32 = 64, narrowTexts: readonly string[] = []): Uint8Array => {
  const code = assemble(text, { mode: bits, at: place.code }).bytes;
  if (narrowTexts.length === 0) return elf(code, bits);
  const all = new Uint8Array(narrowAt(narrowTexts.length) - place.code);
  all.set(code);
  narrowTexts.forEach((piece, n) => {
    const { bytes } = assemble(piece, { mode: 32, at: narrowAt(n) });
    if (bytes.length > narrow.room || code.length > narrow.code - place.code) throw new Error("the program is too long");
    all.set(bytes, narrowAt(n) - place.code);
  });
  return elf(all, bits);
};

const elf = (code: Uint8Array, bits: 64 | 32): Uint8Array => {
  const file = new Uint8Array(place.code - place.base + code.length);
  const v = new DataView(file.buffer);
  const wide = bits === 64;
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  file.set(code, place.code - place.base);
  let at = 16;
  const half = (n: number): void => void v.setUint16((at += 2) - 2, n, true);
  const word = (n: number): void => void v.setUint32((at += 4) - 4, n, true);
  const address = (n: number): void => {
    word(n);
    if (wide) word(0);
  };
  half(2); // ET_EXEC
  half(MACHINE[bits]);
  word(1);
  address(place.code);
  address(HEADER[bits]);
  address(0);
  word(0);
  for (const n of [HEADER[bits], ENTRY[bits], 1, 0, 0, 0]) half(n);
  const flags = 7;
  word(1); // PT_LOAD
  if (wide) word(flags);
  for (const n of [0, place.base, place.base, file.length, place.end - place.base]) address(n);
  if (!wide) word(flags);
  address(0x1000);
  return file;
};
