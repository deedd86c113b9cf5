// The auxiliary vector. man 3 getauxval; Linux fs/binfmt_elf.c create_elf_tables(), uapi linux/auxvec.h.

/** AT_*: uapi linux/auxvec.h and asm/auxvec.h. */
// biome-ignore format: table
export const AT = {
  NULL: 0, PHDR: 3, PHENT: 4, PHNUM: 5, PAGESZ: 6, BASE: 7, FLAGS: 8, ENTRY: 9, UID: 11, EUID: 12, GID: 13, EGID: 14, PLATFORM: 15, HWCAP: 16,
  CLKTCK: 17, SECURE: 23, RANDOM: 25, HWCAP2: 26, RSEQ_FEATURE_SIZE: 27, RSEQ_ALIGN: 28, EXECFN: 31, SYSINFO: 32, SYSINFO_EHDR: 33, MINSIGSTKSZ: 51,
} as const;

export interface AuxvValues {
  readonly sysinfo: number;
  readonly sysinfoEhdr: number;
  readonly minSigStack: number;
  readonly hwcap: number;
  readonly hwcap2: number;
  readonly phdr: number;
  readonly phent: number;
  readonly phnum: number;
  readonly base: number;
  readonly entry: number;
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  readonly secure: boolean;
  readonly random: number;
  readonly execFn: number;
  readonly platform: number;
}

/** offsetof(struct rseq, end) and its alignment: Linux 6.3 and later. */
const RSEQ_FEATURE_SIZE = 28;
const RSEQ_ALIGN = 32;

/** Pairs in Linux's order, with the terminator. AT_SYSINFO exists on i386 only. */
export const auxvPairs = (v: AuxvValues): readonly (readonly [number, number])[] => [
  ...(v.sysinfo === 0 ? [] : [[AT.SYSINFO, v.sysinfo] as const]),
  ...(v.sysinfoEhdr === 0 ? [] : [[AT.SYSINFO_EHDR, v.sysinfoEhdr] as const]),
  [AT.MINSIGSTKSZ, v.minSigStack],
  [AT.HWCAP, v.hwcap],
  [AT.PAGESZ, 4096],
  [AT.CLKTCK, 100],
  [AT.PHDR, v.phdr],
  [AT.PHENT, v.phent],
  [AT.PHNUM, v.phnum],
  [AT.BASE, v.base],
  [AT.FLAGS, 0],
  [AT.ENTRY, v.entry],
  [AT.UID, v.uid],
  [AT.EUID, v.euid],
  [AT.GID, v.gid],
  [AT.EGID, v.egid],
  [AT.SECURE, v.secure ? 1 : 0],
  [AT.RANDOM, v.random],
  [AT.HWCAP2, v.hwcap2],
  [AT.EXECFN, v.execFn],
  [AT.PLATFORM, v.platform],
  [AT.RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE],
  [AT.RSEQ_ALIGN, RSEQ_ALIGN],
  [AT.NULL, 0],
];
