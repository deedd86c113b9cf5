// The conditions at which a run stops. A run that stops and goes on is the run that did not stop: guests
// cannot see it.
import { isSyscallName } from "../../abi/syscall-number.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Moment } from "../../kernel/core/scheduling.ts";
import type { Observer } from "../../kernel/observer.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { compareMoments, momentOf, momentText, parseMoment, timeTo } from "../moment.ts";
import { callName } from "../tracing/call-text.ts";
import type { Until } from "./options.ts";
import type { MomentPlace } from "./scout.ts";

const bad = (message: string, help: string | undefined): Problem => new Problem("bad-moment", message, { help });

/** A condition that is being waited for. */
export interface Waiting {
  /** The virtual time at which the condition can hold next; the run stops there. */
  readonly time: number;
  readonly observer: Observer | undefined;
  /** Sees output. */
  readonly output: ((bytes: Uint8Array) => void) | undefined;
  /** The moment at which the kernel pauses. */
  readonly pauseAt: Moment | undefined;
  /** True if the condition holds now. `rests`: all tasks sleep, and only input can wake one. */
  holds(rests: boolean): boolean;
  /** It holds before the run goes on. */
  readonly isNow?: boolean;
}
const nothing = { observer: undefined, output: undefined, pauseAt: undefined };

const moment = (text: string, kernel: Kernel): Waiting => {
  const target = parseMoment(text);
  if (compareMoments(target, momentOf(kernel)) < 0)
    throw bad(`the moment ${text} is over: it is ${momentText(momentOf(kernel))} now`, undefined);
  return {
    ...nothing,
    get time() {
      return timeTo(target, kernel);
    },
    isNow: compareMoments(target, momentOf(kernel)) === 0,
    pauseAt: target,
    holds: () => {
      const order = compareMoments(momentOf(kernel), target);
      if (order > 0)
        throw bad(
          `this run has no moment ${text}: the next one is ${momentText(momentOf(kernel))}`,
          "the moment is one of another program or of other options, or a repeated string instruction is in progress",
        );
      return order === 0;
    },
  };
};

const called = (name: string, kernel: Kernel): Waiting => {
  if (!isSyscallName(name)) throw bad(`there is no system call "${name}"`, didYouMean(name, []));
  let made = false;
  return {
    ...nothing,
    time: Infinity,
    observer: {
      enter(task, call) {
        if (callName(task, call) !== name) return;
        made = true;
        kernel.scheduler.endRun();
      },
    },
    holds: () => made,
  };
};

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const written = (text: string, kernel: Kernel): Waiting => {
  const wanted = latin1(new TextEncoder().encode(text));
  let last = "";
  let found = false;
  return {
    ...nothing,
    time: Infinity,
    output(bytes) {
      if (found) return;
      last += latin1(bytes);
      found = last.includes(wanted);
      last = last.slice(Math.max(0, last.length - wanted.length + 1));
      if (found) kernel.scheduler.endRun();
    },
    holds: () => found,
  };
};

/** Begins to wait for a condition. Throws a Problem if it cannot come any more. */
export const waitFor = (until: Exclude<Until, MomentPlace>, kernel: Kernel): Waiting => {
  if (typeof until === "string") return moment(until, kernel);
  if ("call" in until) return called(until.call, kernel);
  if ("output" in until) return written(until.output, kernel);
  if ("idle" in until) return { ...nothing, time: Infinity, holds: (rests) => rests };
  if ("time" in until) return { ...nothing, time: until.time * 1e9, holds: () => kernel.now >= until.time * 1e9 };
  const { instructions } = until;
  return {
    ...nothing,
    get time() {
      return timeTo({ instructions, steps: 0 }, kernel);
    },
    holds: () => kernel.processor.instructions >= instructions,
  };
};
