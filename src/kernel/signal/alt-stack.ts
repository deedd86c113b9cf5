// The alternate signal stack. man 2 sigaltstack; Linux include/linux/sched/signal.h sas_ss_flags().
import type { AltStack } from "../core/task.ts";

/** Linux uapi asm-generic/signal-defs.h, linux/signal.h. */
export const SS = { ONSTACK: 1, DISABLE: 2, AUTODISARM: 2 ** 31 } as const;
/** Minimum without AVX, in bytes. AT_MINSIGSTKSZ has the processor's value. */
export const MINSIGSTKSZ = 2048;

/** True if `sp` is on the alternate stack. Linux __on_sig_stack(). */
export const isWithin = (stack: AltStack, sp: number): boolean => sp > stack.sp && sp - stack.sp <= stack.size;

/** SS_ONSTACK, SS_DISABLE or 0, as sigaltstack(2) reports. */
export const altStackState = (stack: AltStack, sp: number): number => {
  if (stack.size === 0) return SS.DISABLE;
  return (stack.flags & SS.AUTODISARM) === 0 && isWithin(stack, sp) ? SS.ONSTACK : 0;
};
