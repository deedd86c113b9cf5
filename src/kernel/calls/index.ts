// Every system call there is: the support table and the completeness test read this list, the gate its halves.
// Each file of this folder exports the calls of one subject.
import type { Syscall } from "../syscall/declaration.ts";
import { rareCalls } from "./rare.ts";
import { usualCalls } from "./usual.ts";

export const calls: readonly Syscall[] = [...usualCalls, ...rareCalls];
