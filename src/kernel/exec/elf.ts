// ELF headers as Linux reads them: little endian; ELF64 of EM_X86_64, ELF32 of EM_386, and with x32 ELF32 of
// EM_X86_64. man 5 elf; Linux fs/binfmt_elf.c, fs/compat_binfmt_elf.c. Numbers are doubles. A value above
// 2^53 is inexact, and Linux accepts none as large.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";

/** e_type. */
export const ET = { EXEC: 2, DYN: 3 } as const;
/** p_type. */
export const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, GNU_STACK: 0x6474e551, GNU_PROPERTY: 0x6474e553 } as const;
/** p_flags. */
export const PF = { X: 1, W: 2, R: 4 } as const;
const EM = { I386: 3, I486: 6, X86_64: 62 } as const;

/** The fields of Elf32_Ehdr and Elf64_Ehdr that the loader uses. */
export interface ElfHeader {
  readonly abi: Abi;
  readonly type: number;
  /** Size of a word in bytes: 4 for ELF32, 8 for ELF64. */
  readonly long: 4 | 8;
  /** Signed, because a bias is added to it. */
  readonly entry: number;
  readonly phoff: number;
  readonly phentsize: number;
  readonly phnum: number;
}

/** Elf32_Phdr, Elf64_Phdr. */
export interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

/** Sizes of the file header and a program header in bytes, by word size. */
export const sizes = { 4: { header: 52, programHeader: 32 }, 8: { header: 64, programHeader: 56 } } as const;

const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);
const u64 = (v: DataView, at: number): number => v.getUint32(at + 4, true) * 0x1_0000_0000 + v.getUint32(at, true);
const s64 = (v: DataView, at: number): number => v.getInt32(at + 4, true) * 0x1_0000_0000 + v.getUint32(at, true);

const fields32 = (v: DataView) => ({
  entry: v.getUint32(24, true),
  phoff: v.getUint32(28, true),
  phentsize: v.getUint16(42, true),
  phnum: v.getUint16(44, true),
});

/**
 * The file header, from at least 64 bytes. Undefined: ENOEXEC. The machine decides the layout, because Linux
 * ignores EI_CLASS, EI_DATA and EI_VERSION (elf_check_arch).
 */
export const parseElf = (b: Uint8Array, has: { readonly x32: boolean } = { x32: false }): ElfHeader | undefined => {
  const v = viewOf(b);
  if (v.getUint32(0, true) !== 0x464c457f) return undefined;
  const type = v.getUint16(16, true);
  if (type !== ET.EXEC && type !== ET.DYN) return undefined;
  switch (v.getUint16(18, true)) {
    case EM.X86_64: {
      const phentsize = v.getUint16(54, true);
      // The ELF64 loader runs first and rejects the size of the program headers.
      if (has.x32 && phentsize !== sizes[8].programHeader) return { type, abi: x32, long: 4, ...fields32(v) };
      return { type, abi: x64, long: 8, entry: s64(v, 24), phoff: u64(v, 32), phentsize, phnum: v.getUint16(56, true) };
    }
    case EM.I386:
    case EM.I486:
      return { type, abi: i386, long: 4, ...fields32(v) };
    default:
      return undefined;
  }
};

/** Size of the program header table in bytes. Undefined: ENOEXEC without a read (load_elf_phdrs). */
export const programHeadersSize = (h: ElfHeader): number | undefined => {
  const size = h.phnum * sizes[h.long].programHeader;
  return h.phentsize !== sizes[h.long].programHeader || size === 0 || size > 65536 ? undefined : size;
};

const programHeader64 = (v: DataView, at: number): ProgramHeader => ({
  type: v.getUint32(at, true),
  flags: v.getUint32(at + 4, true),
  offset: u64(v, at + 8),
  vaddr: u64(v, at + 16),
  filesz: u64(v, at + 32),
  memsz: u64(v, at + 40),
  align: u64(v, at + 48),
});
const programHeader32 = (v: DataView, at: number): ProgramHeader => ({
  type: v.getUint32(at, true),
  offset: v.getUint32(at + 4, true),
  vaddr: v.getUint32(at + 8, true),
  filesz: v.getUint32(at + 16, true),
  memsz: v.getUint32(at + 20, true),
  flags: v.getUint32(at + 24, true),
  align: v.getUint32(at + 28, true),
});

/** The program headers at the start of `table`. */
export const programHeaders = (h: ElfHeader, table: Uint8Array): ProgramHeader[] => {
  const v = viewOf(table);
  const read = h.long === 8 ? programHeader64 : programHeader32;
  const headers: ProgramHeader[] = [];
  for (let i = 0; i < h.phnum; i++) headers.push(read(v, i * sizes[h.long].programHeader));
  return headers;
};
