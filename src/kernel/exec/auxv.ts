// The auxiliary vector. man 3 getauxval; Linux fs/binfmt_elf.c create_elf_tables(), uapi linux/auxvec.h.
import { PAGE_SIZE } from "../../memory/frames.ts";

/** AT_*: uapi linux/auxvec.h and asm/auxvec.h. */
// biome-ignore format: table
export const AT = {
  NULL: 0, PHDR: 3, PHENT: 4, PHNUM: 5, PAGESZ: 6, BASE: 7, FLAGS: 8, ENTRY: 9, UID: 11, EUID: 12, GID: 13, EGID: 14, PLATFORM: 15, HWCAP: 16,
  CLKTCK: 17, SECURE: 23, RANDOM: 25, HWCAP2: 26, RSEQ_FEATURE_SIZE: 27, RSEQ_ALIGN: 28, EXECFN: 31, SYSINFO: 32, SYSINFO_EHDR: 33, MINSIGSTKSZ: 51,
} as const;

/** The processor's entries. */
export interface AuxvProcessor {
  readonly minSigStack: number;
  readonly hwcap: number;
  readonly hwcap2: number;
}
/** The entries for the program's user. */
export interface AuxvIdentity {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  /** AT_SECURE: the program gained privileges. */
  readonly secure: boolean;
}
/** The entries with addresses and with facts about the program. */
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

/** Types and values in turn, in Linux's order, with the terminator. Only i386 has AT_SYSINFO. */
// biome-ignore format: a row is a pair
export const auxvWords = (cpu: AuxvProcessor, user: AuxvIdentity, v: AuxvProgram): number[] => {
  // `unshift` is much slower.
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
    AT.UID, user.uid,
    AT.EUID, user.euid,
    AT.GID, user.gid,
    AT.EGID, user.egid,
    AT.SECURE, user.secure ? 1 : 0,
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
