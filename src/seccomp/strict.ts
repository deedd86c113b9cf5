// Mode 1: four calls of each ABI, everything else ends the thread by do_exit(SIGKILL). Linux kernel/seccomp.c mode1_syscalls,
// arch/x86/include/asm/seccomp.h. Which table holds is decided by the door of each call, not by the program (CVE-2009-0835).
import type { Abi } from "../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../abi/numbers.ts";

const names = { x64: ["read", "write", "exit", "rt_sigreturn"], i386: ["read", "write", "exit", "sigreturn"] } as const satisfies Record<
  string,
  readonly SyscallName[]
>;
/** x32 has a table of its own only since it has numbers of its own: rt_sigreturn is 513 there. syscall_64.tbl */
const X32_BIT = 0x4000_0000;
const x32Numbers = [0, 1, 60, 513].map((nr) => nr | X32_BIT);

const numbers = (list: readonly SyscallName[], column: 0 | 1): readonly number[] =>
  list.map((name) => syscallNumbers[name][column] as number);

/** What strict mode allows, by ABI. */
export const strictNumbers: Readonly<Record<Abi["name"], readonly number[]>> = {
  x64: numbers(names.x64, 0),
  i386: numbers(names.i386, 1),
  x32: x32Numbers,
};
