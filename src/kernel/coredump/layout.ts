// The structures of a core file. Linux include/linux/elfcore.h elf_prstatus, elf_prpsinfo; uapi linux/elf.h;
// include/linux/compat.h for 32-bit programs.
import type { Abi } from "../../abi/abi.ts";
import { bytes, type Field, long, s32, struct, u8, u16, u32, u64, ulong, word } from "../../abi/struct.ts";

/** __kernel_uid_t: 16 bits in i386. */
const id: Field<number> = {
  size: (a) => a.idSize,
  align: (a) => a.idSize,
  get: (v, at, a) => (a.idSize === 2 ? u16 : u32).get(v, at, a),
  put: (v, at, x, a) => (a.idSize === 2 ? u16 : u32).put(v, at, x, a),
};

/** struct elf_prstatus before the registers. `pr_fpvalid`, an int, follows them. */
export const PRSTATUS = struct("elf_prstatus", {
  si_signo: s32,
  si_code: s32,
  si_errno: s32,
  pr_cursig: u16,
  pr_sigpend: word,
  pr_sighold: word,
  pr_pid: s32,
  pr_ppid: s32,
  pr_pgrp: s32,
  pr_sid: s32,
  utime_sec: long,
  utime_usec: long,
  stime_sec: long,
  stime_usec: long,
  cutime_sec: long,
  cutime_usec: long,
  cstime_sec: long,
  cstime_usec: long,
});

/** ELF_PRARGSZ: bytes of the arguments in struct elf_prpsinfo. */
export const PSARGS_SIZE = 80;
/** struct elf_prpsinfo. */
export const PRPSINFO = struct("elf_prpsinfo", {
  pr_state: u8,
  pr_sname: u8,
  pr_zomb: u8,
  pr_nice: u8,
  pr_flag: word,
  pr_uid: id,
  pr_gid: id,
  pr_pid: s32,
  pr_ppid: s32,
  pr_pgrp: s32,
  pr_sid: s32,
  pr_fname: bytes(16),
  pr_psargs: bytes(PSARGS_SIZE),
});

/** ELF e_type and e_machine, and p_type. uapi linux/elf.h, linux/elf-em.h. */
const [ET_CORE, EM_386, EM_X86_64] = [4, 3, 62] as const;
const [PT_LOAD, PT_NOTE] = [1, 4] as const;

/** Elf32_Ehdr and Elf64_Ehdr. */
const EHDR = struct("ehdr", {
  e_ident: bytes(16),
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: ulong,
  e_phoff: ulong,
  e_shoff: ulong,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
});
const phdr64 = struct("elf64_phdr", {
  p_type: u32,
  p_flags: u32,
  p_offset: u64,
  p_vaddr: u64,
  p_paddr: u64,
  p_filesz: u64,
  p_memsz: u64,
  p_align: u64,
});
const phdr32 = struct("elf32_phdr", {
  p_type: u32,
  p_offset: u32,
  p_vaddr: u32,
  p_paddr: u32,
  p_filesz: u32,
  p_memsz: u32,
  p_flags: u32,
  p_align: u32,
});

/** A program header. `flags`: PF_R 4, PF_W 2, PF_X 1. */
export interface CoreSegment {
  readonly type: "load" | "note";
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

/** Elf64_Phdr has its flags in another place than Elf32_Phdr. */
const phdrBytes = (s: CoreSegment, abi: Abi): Uint8Array => {
  const p_type = s.type === "load" ? PT_LOAD : PT_NOTE;
  const numbers = { p_offset: s.offset, p_paddr: 0, p_filesz: s.filesz, p_memsz: s.memsz, p_align: s.align };
  if (abi.long === 4) return phdr32.encode({ p_type, p_flags: s.flags, p_vaddr: Number(s.address), ...numbers }, abi);
  const { p_offset, p_paddr, p_filesz, p_memsz, p_align } = numbers;
  return phdr64.encode(
    {
      p_type,
      p_flags: s.flags,
      p_offset: BigInt(p_offset),
      p_vaddr: s.address,
      p_paddr: BigInt(p_paddr),
      p_filesz: BigInt(p_filesz),
      p_memsz: BigInt(p_memsz),
      p_align: BigInt(p_align),
    },
    abi,
  );
};
const phdrSize = (abi: Abi): number => (abi.long === 4 ? phdr32 : phdr64).size(abi);

/** The size of the headers of a file with so many segments, in bytes. */
export const headersSize = (segments: number, abi: Abi): number => EHDR.size(abi) + segments * phdrSize(abi);

/** The ELF header and the program headers. */
export const headers = (segments: readonly CoreSegment[], abi: Abi): Uint8Array => {
  const ident = new Uint8Array(16);
  // ELFCLASS32 or ELFCLASS64, little endian, version 1.
  ident.set([0x7f, 0x45, 0x4c, 0x46, abi.long / 4, 1, 1]);
  const head = EHDR.encode(
    {
      e_ident: ident,
      e_type: ET_CORE,
      e_machine: abi.registers === 64 ? EM_X86_64 : EM_386,
      e_version: 1,
      e_entry: 0,
      e_phoff: EHDR.size(abi),
      e_shoff: 0,
      e_flags: 0,
      e_ehsize: EHDR.size(abi),
      e_phentsize: phdrSize(abi),
      e_phnum: segments.length,
      e_shentsize: 0,
      e_shnum: 0,
      e_shstrndx: 0,
    },
    abi,
  );
  const out = new Uint8Array(headersSize(segments.length, abi));
  out.set(head);
  for (const [i, segment] of segments.entries()) out.set(phdrBytes(segment, abi), head.length + i * phdrSize(abi));
  return out;
};

const pad4 = (n: number): number => (n + 3) & ~3;

/** One note: its name, type and description, each padded to four bytes. */
export const note = (name: "CORE" | "LINUX", type: number, description: Uint8Array): Uint8Array => {
  const nameSize = name.length + 1;
  const out = new Uint8Array(12 + pad4(nameSize) + pad4(description.length));
  const v = new DataView(out.buffer);
  v.setUint32(0, nameSize, true);
  v.setUint32(4, description.length, true);
  v.setUint32(8, type, true);
  out.set(new TextEncoder().encode(name), 12);
  out.set(description, 12 + pad4(nameSize));
  return out;
};
