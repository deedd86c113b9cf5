// System call numbers as filters see them: by name and ABI. x32 numbers have bit 30 set.
import { type Abi, i386, X32_BIT, x32, x64 } from "./abi.ts";
import { type SyscallName, syscallNumbers } from "./numbers.ts";
import { x32Number } from "./numbers-x32.ts";

/** All ABIs, the native one first. */
export const abis: readonly Abi[] = [x64, i386, x32];

/** Rows of ABI "64" without an x32 call. Linux arch/x86/entry/syscalls/syscall_64.tbl */
// biome-ignore format: table
const not32: ReadonlySet<string> = new Set([
  "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms", "get_thread_area", "nfsservctl", "query_module", "set_thread_area",
  "_sysctl", "uselib", "vserver",
]);

/** True if the table has a call of this name. */
export const isSyscallName = (name: string): name is SyscallName => Object.hasOwn(syscallNumbers, name);

/** The number of a call in an ABI, x32's with bit 30. Undefined if the ABI does not have the call. */
export const syscallNumber = (name: SyscallName, abi: Abi): number | undefined => {
  const number = syscallNumbers[name][abi.column];
  if (abi !== x32) return number ?? undefined;
  if (not32.has(name) || number === null) return undefined;
  return (x32Number(name) ?? number) + X32_BIT;
};

const byNumber = new Map<Abi, ReadonlyMap<number, SyscallName>>();
/** The names of all calls of an ABI by number. The map is cached per ABI. */
export const syscallsOf = (abi: Abi): ReadonlyMap<number, SyscallName> => {
  const known = byNumber.get(abi);
  if (known) return known;
  const made = new Map<number, SyscallName>();
  for (const name of Object.keys(syscallNumbers) as SyscallName[]) {
    const number = syscallNumber(name, abi);
    if (number !== undefined && !made.has(number)) made.set(number, name);
  }
  byNumber.set(abi, made);
  return made;
};
