// x32 calls have bit 30 in the number. Linux arch/x86/include/asm/compat.h in_x32_syscall(),
// in_32bit_syscall().
import { X32_BIT } from "../../abi/abi.ts";
import type { Task } from "./task.ts";

/**
 * True if addresses that the kernel chooses for this call must fit into 32 bits. Linux in_32bit_syscall().
 */
export const in32BitCall = ({ compat, origAx }: Task): boolean => compat || (origAx > 0 && (origAx & X32_BIT) !== 0);
