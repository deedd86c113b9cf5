// Names of system calls as policies use them: those of Linux 6.12, a few newer ones, and those that only
// other processors have.
import { type Abi, X32_BIT, x32 } from "../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../abi/numbers.ts";
import { abis, isSyscallName, syscallNumber, syscallsOf } from "../abi/syscall-number.ts";

/** Linux 6.13; the same number at every ABI. */
const newer = { setxattrat: 463, getxattrat: 464, listxattrat: 465, removexattrat: 466 } as const;
/** A name that policies know of a call of x86 and x86-64. */
export type CallName = SyscallName | keyof typeof newer;
const newerNumber = (name: string): number | undefined => (Object.hasOwn(newer, name) ? newer[name as keyof typeof newer] : undefined);

/** Names of other processors and of libc that libseccomp 2.6 knows: src/syscalls.csv */
// biome-ignore format: table
const elsewhere: ReadonlySet<string> = new Set([
  "arm_fadvise64_64", "arm_sync_file_range", "atomic_barrier", "atomic_cmpxchg_32", "breakpoint", "cachectl", "cacheflush", "getpagesize",
  "get_tls", "multiplexer", "pciconfig_iobase", "pciconfig_read", "pciconfig_write", "recv", "riscv_flush_icache", "riscv_hwprobe", "rtas",
  "s390_guarded_storage", "s390_pci_mmio_read", "s390_pci_mmio_write", "s390_runtime_instr", "s390_sthyi", "send", "set_tls", "spu_create",
  "spu_run", "subpage_prot", "swapcontext", "switch_endian", "sync_file_range2", "syscall", "sys_debug_setcontext", "sysmips", "timerfd",
  "usr26", "usr32",
]);

/** True if some processor has a call of this name. */
export const isKnownName = (name: string): boolean => isSyscallName(name) || Object.hasOwn(newer, name) || elsewhere.has(name);
/** The names of all system calls, also of those that this kernel has not. */
export const knownNames = (): readonly string[] => [...Object.keys(syscallNumbers), ...Object.keys(newer), ...elsewhere];

/** The number as filters see it; undefined if the ABI has no such call. */
export const numberOf = (name: string, abi: Abi): number | undefined => {
  if (isSyscallName(name)) return syscallNumber(name, abi);
  const number = newerNumber(name);
  return number === undefined ? undefined : abi === x32 ? number + X32_BIT : number;
};

/** The name of a number as filters see it; undefined if the ABI has no such number. */
export const nameOf = (number: number, abi: Abi): string | undefined =>
  syscallsOf(abi).get(number) ?? Object.keys(newer).find((name) => numberOf(name, abi) === number);

/** The ABI to which a call belongs, as `arch` and number tell; undefined: neither x86 nor x86-64. */
export const abiOf = (arch: number, number: number): Abi | undefined =>
  abis.find((abi) => abi.auditArch === arch && (abi.auditArch === 0x4000_0003 || (abi === x32) === number >>> 0 >= X32_BIT));
