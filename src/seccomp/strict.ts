// Mode 1 allows four calls per ABI. Others end the thread by do_exit(SIGKILL). Linux kernel/seccomp.c
// mode1_syscalls, arch/x86/include/asm/seccomp.h. The door of each call selects the table, not the program
// (CVE-2009-0835).
import type { Abi } from "../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../abi/numbers.ts";

const names = { x64: ["read", "write", "exit", "rt_sigreturn"], i386: ["read", "write", "exit", "sigreturn"] } as const satisfies Record<
  string,
  readonly SyscallName[]
>;
const numbers = (list: readonly SyscallName[], column: 0 | 1): readonly number[] =>
  list.map((name) => syscallNumbers[name][column] as number);

/**
 * The allowed numbers of strict mode, by ABI. An x32 call is compat to in_compat_syscall(), and no number
 * with bit 30 is in the i386 table.
 */
export const strictNumbers: Readonly<Record<Abi["name"], readonly number[]>> = {
  x64: numbers(names.x64, 0),
  i386: numbers(names.i386, 1),
  x32: [],
};
