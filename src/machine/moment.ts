// Moments of a run: INSTRUCTIONS:STEPS. All tasks run on one processor, so the number of executed
// instructions orders all that happens. Between two instructions the kernel works in transitions: a call, the
// delivery of a signal, a fault. STEPS counts those since the last instruction.

import type { Kernel } from "../kernel/core/kernel.ts";
import type { Moment } from "../kernel/core/scheduling.ts";
import { Problem } from "../problem.ts";

export type { Moment } from "../kernel/core/scheduling.ts";

/** A moment that never comes. */
export const NEVER: Moment = { instructions: Number.MAX_SAFE_INTEGER, steps: 0 };

/** The moment of a machine that rests. */
export const momentOf = ({ processor, scheduler }: Kernel): Moment => ({
  instructions: processor.instructions,
  steps: scheduler.steps,
});

/** As `INSTRUCTIONS:STEPS`. */
export const momentText = ({ instructions, steps }: Moment): string => `${instructions}:${steps}`;

/**
 * Reads `INSTRUCTIONS:STEPS`, or `INSTRUCTIONS` for the first moment after that many instructions. Throws a
 * Problem for another text.
 */
export const parseMoment = (text: string): Moment => {
  const [, instructions, steps = "0"] = /^(\d{1,15})(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (instructions === undefined)
    throw new Problem("bad-moment", `"${text}" is no moment`, {
      help: "a moment is such as 1204512:0, as a snapshot's `moment` has it",
    });
  return { instructions: Number(instructions), steps: Number(steps) };
};

/** Below 0: `a` is earlier; 0: they are equal. */
export const compareMoments = (a: Moment, b: Moment): number => a.instructions - b.instructions || a.steps - b.steps;

/**
 * The virtual time until which a run towards a moment can go on. An instruction takes a nanosecond, and other
 * work takes time besides: so the time is never too late.
 */
export const timeTo = ({ instructions }: Moment, { now, processor }: Kernel): number =>
  now + Math.max(1, instructions - processor.instructions);
