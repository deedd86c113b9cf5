// Names of numbers in policy languages. Linux uapi asm-generic/errno.h, fcntl.h, mman.h; linux/sched.h,
// socket.h, ioctl numbers.
import { E } from "../abi/errno.ts";
import { AF, CLONE, PROT, SOCK } from "./constants.ts";

const prefixed = (prefix: string, table: Readonly<Record<string, number>>) =>
  Object.entries(table).map(([name, value]) => [`${prefix}${name}`, value] as const);

// biome-ignore format: table
const MAP = {
  SHARED: 1, PRIVATE: 2, SHARED_VALIDATE: 3, FIXED: 0x10, ANONYMOUS: 0x20, ANON: 0x20, "32BIT": 0x40, GROWSDOWN: 0x100, DENYWRITE: 0x800,
  EXECUTABLE: 0x1000, LOCKED: 0x2000, NORESERVE: 0x4000, POPULATE: 0x8000, NONBLOCK: 0x10000, STACK: 0x20000, HUGETLB: 0x40000,
  SYNC: 0x80000, FIXED_NOREPLACE: 0x100000,
};
// biome-ignore format: table
const O = {
  RDONLY: 0, WRONLY: 1, RDWR: 2, ACCMODE: 3, CREAT: 0o100, EXCL: 0o200, NOCTTY: 0o400, TRUNC: 0o1000, APPEND: 0o2000, NONBLOCK: 0o4000,
  NDELAY: 0o4000, DSYNC: 0o10000, DIRECTORY: 0o200000, NOFOLLOW: 0o400000, CLOEXEC: 0o2000000, SYNC: 0o4010000, PATH: 0o10000000,
};
// biome-ignore format: table
const F = {
  DUPFD: 0, GETFD: 1, SETFD: 2, GETFL: 3, SETFL: 4, GETLK: 5, SETLK: 6, SETLKW: 7, SETOWN: 8, GETOWN: 9, DUPFD_CLOEXEC: 1030,
  SETPIPE_SZ: 1031, GETPIPE_SZ: 1032, ADD_SEALS: 1033, GET_SEALS: 1034,
};
// biome-ignore format: table
const PR = {
  SET_PDEATHSIG: 1, GET_DUMPABLE: 3, SET_DUMPABLE: 4, SET_KEEPCAPS: 8, SET_NAME: 15, GET_NAME: 16, GET_SECCOMP: 21, SET_SECCOMP: 22,
  CAPBSET_READ: 23, CAPBSET_DROP: 24, SET_MM: 35, SET_CHILD_SUBREAPER: 36, SET_NO_NEW_PRIVS: 38, GET_NO_NEW_PRIVS: 39,
  CAP_AMBIENT: 47, SET_PTRACER: 0x59616d61, SET_VMA: 0x53564d41,
};
const MADV = { NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, REMOVE: 9, DONTFORK: 10, DOFORK: 11, DONTDUMP: 16 };
// biome-ignore format: table
const IOCTL = {
  TCGETS: 0x5401, TCSETS: 0x5402, TCSETSW: 0x5403, TCSETSF: 0x5404, TIOCGPGRP: 0x540f, TIOCSPGRP: 0x5410, TIOCSTI: 0x5412,
  TIOCGWINSZ: 0x5413, TIOCSWINSZ: 0x5414, TIOCLINUX: 0x541c, FIONREAD: 0x541b, FIONBIO: 0x5421, FIOCLEX: 0x5451, FIONCLEX: 0x5450,
};

const table: ReadonlyMap<string, number> = new Map<string, number>([
  ...prefixed("AF_", AF),
  ...prefixed("PF_", AF),
  ...prefixed("SOCK_", SOCK),
  ...prefixed("PROT_", PROT),
  ...prefixed("CLONE_", CLONE),
  ...prefixed("MAP_", MAP),
  ...prefixed("O_", O),
  ...prefixed("F_", F),
  ...prefixed("PR_", PR),
  ...prefixed("MADV_", MADV),
  ...prefixed("", IOCTL),
  ...prefixed("", E),
]);

/** The value of a constant such as O_RDONLY. Undefined: the name is not known. */
export const namedNumber = (name: string): bigint | undefined => {
  const value = table.get(name);
  return value === undefined ? undefined : BigInt(value);
};
/** The names of all constants. */
export const numberNames = (): Iterable<string> => table.keys();
