// Every system call there is: the support table and the completeness test read this list, the gate its halves.
// Each file of this folder exports the calls of one subject.
import type { Syscall } from "../syscall/declaration.ts";
import { eagerCalls } from "./eager.ts";
import { onDemandCalls } from "./on-demand.ts";

export const calls: readonly Syscall[] = [...eagerCalls, ...onDemandCalls];
