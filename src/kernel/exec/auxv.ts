// The auxiliary vector. man 3 getauxval; Linux fs/binfmt_elf.c create_elf_tables(), uapi linux/auxvec.h.
import { PAGE_SIZE } from "../../memory/frames.ts";

/** AT_*: uapi linux/auxvec.h and asm/auxvec.h. */
// biome-ignore format: table
export const AT = {
  NULL: 0, PHDR: 3, PHENT: 4, PHNUM: 5, PAGESZ: 6, BASE: 7, FLAGS: 8, ENTRY: 9, UID: 11, EUID: 12, GID: 13, EGID: 14, PLATFORM: 15, HWCAP: 16,
  CLKTCK: 17, SECURE: 23, RANDOM: 25, HWCAP2: 26, RSEQ_FEATURE_SIZE: 27, RSEQ_ALIGN: 28, EXECFN: 31, SYSINFO: 32, SYSINFO_EHDR: 33, MINSIGSTKSZ: 51,
} as const;

/** What it is told about the processor. */
export interface AuxvProcessor {
  readonly minSigStack: number;
  readonly hwcap: number;
  readonly hwcap2: number;
}
/** About who runs the program. */
export interface AuxvIdentity {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  /** AT_SECURE: the program gained privileges. */
  readonly secure: boolean;
}
/** And about the program, and where things are. */
export interface AuxvProgram {
  readonly sysinfo: number;
  readonly sysinfoEhdr: number;
  readonly phdr: number;
  readonly phent: number;
  readonly phnum: number;
  readonly base: number;
  readonly entry: number;
  readonly random: number;
  readonly execFn: number;
  readonly platform: number;
}

/** offsetof(struct rseq, end) and its alignment: Linux 6.3 and later. */
const RSEQ_FEATURE_SIZE = 28;
const RSEQ_ALIGN = 32;

/** Types and values in turn, in Linux's order, with the terminator. AT_SYSINFO exists on i386 only. */
// biome-ignore format: a row is a pair
export const auxvWords = (cpu: AuxvProcessor, who: AuxvIdentity, v: AuxvProgram): number[] => {
  // Not by `unshift`, which costs as much as ten of these.
  const words: number[] = [];
  if (v.sysinfo !== 0) words.push(AT.SYSINFO, v.sysinfo);
  if (v.sysinfoEhdr !== 0) words.push(AT.SYSINFO_EHDR, v.sysinfoEhdr);
  words.push(
    AT.MINSIGSTKSZ, cpu.minSigStack,
    AT.HWCAP, cpu.hwcap,
    AT.PAGESZ, PAGE_SIZE,
    AT.CLKTCK, 100,
    AT.PHDR, v.phdr,
    AT.PHENT, v.phent,
    AT.PHNUM, v.phnum,
    AT.BASE, v.base,
    AT.FLAGS, 0,
    AT.ENTRY, v.entry,
    AT.UID, who.uid,
    AT.EUID, who.euid,
    AT.GID, who.gid,
    AT.EGID, who.egid,
    AT.SECURE, who.secure ? 1 : 0,
    AT.RANDOM, v.random,
    AT.HWCAP2, cpu.hwcap2,
    AT.EXECFN, v.execFn,
    AT.PLATFORM, v.platform,
    AT.RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE,
    AT.RSEQ_ALIGN, RSEQ_ALIGN,
    AT.NULL, 0,
  );
  return words;
};
