// Every system call there is: the dispatch tables, the support table and the completeness test read this list.
// Each file of this folder exports the calls of one subject.
import type { Syscall } from "../syscall.ts";

export const calls: readonly Syscall[] = [];
