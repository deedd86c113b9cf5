// Moments of a run: the conditions at which it stops, and moments as text. A run that stops and goes on is
// the
// run that did not stop: guests cannot see it.
import { isSyscallName } from "../../abi/syscall-number.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Observer } from "../../kernel/observer.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { callName } from "../tracing/call-text.ts";
import type { Until } from "./options.ts";

/** A moment of a run, as text: instructions, and virtual nanoseconds since boot. */
export const momentOf = ({ processor, now }: Kernel): string => `${processor.instructions}:${now}`;

const MOMENT = /^(\d{1,16}):(\d{1,16})$/;
const bad = (message: string, help: string | undefined): Problem => new Problem("bad-moment", message, { help });

/** A condition that is being waited for. */
export interface Waiting {
  /** The virtual time at which the condition can hold next; the run stops there. */
  readonly time: number;
  readonly observer: Observer | undefined;
  /** Sees output. */
  readonly output: ((bytes: Uint8Array) => void) | undefined;
  /** True if the condition holds now. `rests`: all tasks sleep, and only input can wake one. */
  holds(rests: boolean): boolean;
}
const nothing = { observer: undefined, output: undefined };

const moment = (text: string, kernel: Kernel): Waiting => {
  const match = MOMENT.exec(text);
  if (!match) throw bad(`"${text}" is no moment`, "a moment is such as 1204512:3104512, as a snapshot's `moment` has it");
  const [instructions, time] = [Number(match[1]), Number(match[2])];
  if (time < kernel.now) throw bad(`the moment ${text} is over: it is ${momentOf(kernel)} now`, undefined);
  return {
    ...nothing,
    time,
    holds: () => {
      if (kernel.now < time) return false;
      if (kernel.now === time && kernel.processor.instructions === instructions) return true;
      throw bad(
        `this run has no moment ${text}: it is ${momentOf(kernel)} now`,
        "the moment is one of another program or of other options",
      );
    },
  };
};

const called = (name: string, kernel: Kernel): Waiting => {
  if (!isSyscallName(name)) throw bad(`there is no system call "${name}"`, didYouMean(name, []));
  let made = false;
  return {
    time: Infinity,
    output: undefined,
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
    time: Infinity,
    observer: undefined,
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
export const waitFor = (until: Until, kernel: Kernel): Waiting => {
  if (typeof until === "string") return moment(until, kernel);
  if ("call" in until) return called(until.call, kernel);
  if ("output" in until) return written(until.output, kernel);
  if ("idle" in until) return { ...nothing, time: Infinity, holds: (rests) => rests };
  if ("time" in until) return { ...nothing, time: until.time * 1e9, holds: () => kernel.now >= until.time * 1e9 };
  const { instructions } = until;
  // An instruction takes a nanosecond, and other work takes time besides: so the time is never too late.
  return {
    ...nothing,
    get time() {
      return kernel.now + Math.max(1, instructions - kernel.processor.instructions);
    },
    holds: () => kernel.processor.instructions >= instructions,
  };
};
