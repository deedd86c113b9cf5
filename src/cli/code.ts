// The input of disasm and explain: hexadecimal bytes, a file, or the executable sections of an ELF file. man
// 5 elf
import { existsSync, readFileSync, statSync } from "node:fs";
import { PF, PT, parseElf, programHeaders } from "../kernel/exec/elf.ts";
import { Problem } from "../problem.ts";
import { address, oneOf, parse } from "./arguments.ts";

/** Code to disassemble: bytes, the address of the first one, and the mode. */
export interface Code {
  /** The section's name, if the file has several sections. */
  readonly name: string | undefined;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly mode: 16 | 32 | 64;
}

/** The options of commands that read code. */
export const codeOptions = { mode: { type: "string" }, at: { type: "string" } } as const;
/** Their lines in the help. */
export const codeOptionHelp = [
  ["--mode 16|32|64", "the code segment's mode; default 64, or the ELF file's"],
  ["--at ADDRESS", "address of the first byte, in hexadecimal after 0x; 0"],
] as const;

const modes = ["16", "32", "64"] as const;
interface Place {
  readonly mode: 16 | 32 | 64 | undefined;
  readonly at: number;
}
/** The values of --mode and --at. */
export const codeValues = (values: { readonly mode?: string | undefined; readonly at?: string | undefined }): Place => ({
  mode: values.mode === undefined ? undefined : (Number(oneOf(values.mode, modes, "--mode")) as 16 | 32 | 64),
  at: address(values.at ?? "0", "--at"),
});
/** Options of a command that reads code, and its other arguments. */
export interface CodeArguments extends Place {
  readonly rest: readonly string[];
}
/** Parses the arguments of a command that reads code. */
export const codeArguments = (args: readonly string[]): CodeArguments => {
  const { values, rest } = parse(args, codeOptions);
  return { ...codeValues(values), rest };
};

/** Bytes from hexadecimal digits, with or without 0x and blanks. Undefined: the text has other characters. */
export const hexBytes = (text: string): Uint8Array | undefined => {
  const digits = text.replace(/\s|\b0x/gi, "");
  return /^([0-9a-f]{2})+$/i.test(digits) ? Uint8Array.from(Buffer.from(digits, "hex")) : undefined;
};

const SHF_EXECINSTR = 4;
const SHT_NOBITS = 8;
interface Section {
  readonly name: string;
  readonly at: number;
  readonly offset: number;
  readonly size: number;
}
/**
 * Sections that hold instructions; none if the file has been stripped of its section headers, or they are not
 * in it.
 */
const executableSections = (b: Uint8Array, long: 4 | 8): Section[] => {
  const v = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const word = (at: number): number => (long === 8 ? Number(v.getBigUint64(at, true)) : v.getUint32(at, true));
  const [offset, size] = long === 8 ? [word(40), 64] : [word(32), 40];
  const count = v.getUint16(long === 8 ? 60 : 48, true);
  const names = v.getUint16(long === 8 ? 62 : 50, true);
  if (offset === 0 || names >= count || offset + count * size > b.length) return [];
  const field = (n: number, index: number): number => {
    const at = offset + n * size;
    return index < 2 ? v.getUint32(at + 4 * index, true) : word(at + 8 + (index - 2) * long);
  };
  const text = (at: number): string => new TextDecoder("latin1").decode(b.subarray(at, Math.max(at, b.indexOf(0, at))));
  return Array.from({ length: count }, (_, n) => n)
    .filter((n) => field(n, 2) & SHF_EXECINSTR && field(n, 1) !== SHT_NOBITS && field(n, 4) + field(n, 5) <= b.length)
    .map((n) => ({ name: text(field(names, 4) + field(n, 0)), at: field(n, 3), offset: field(n, 4), size: field(n, 5) }));
};

const codeOfElf = (b: Uint8Array, file: string): Code[] => {
  const header = parseElf(b.subarray(0, 64));
  if (!header) throw new Problem("wrong-machine", `${file}: is no ELF program for x86`);
  const mode = header.long === 8 ? 64 : 32;
  const table = b.subarray(header.phoff);
  const segments = header.phnum * (header.long === 8 ? 56 : 32) > table.length ? [] : programHeaders(header, table);
  const sections = executableSections(b, header.long);
  const parts =
    sections.length > 0
      ? sections
      : segments
          .filter((p) => p.type === PT.LOAD && p.flags & PF.X)
          .map((p) => ({ name: "segment", at: p.vaddr, offset: p.offset, size: p.filesz }));
  if (parts.length === 0) throw new Problem("broken-elf", `${file}: has no code`);
  return parts.map(({ name, at, offset, size }) => ({ name, at, mode, bytes: b.subarray(offset, offset + size) }));
};

const read = (file: string): Uint8Array => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `cannot read ${file}`, { cause });
  }
};

/** The code that the arguments name: one file, or bytes. */
export const codeOf = ({ mode, at, rest }: CodeArguments): Code[] => {
  const [first, ...more] = rest;
  if (first === undefined) throw new Problem("missing-argument", "there is nothing to disassemble");
  if (more.length === 0 && existsSync(first)) {
    if (statSync(first).isDirectory()) throw new Problem("cannot-read", `${first} is a directory`);
    const bytes = read(first);
    const isElf = bytes.length >= 64 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
    return isElf ? codeOfElf(bytes, first) : [{ name: undefined, bytes, at, mode: mode ?? 64 }];
  }
  const bytes = hexBytes(rest.join(" "));
  if (!bytes) throw new Problem("not-found", `${rest.join(" ")}: neither a file nor bytes in hexadecimal`);
  return [{ name: undefined, bytes, at, mode: mode ?? 64 }];
};
