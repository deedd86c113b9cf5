// Loops that spin, as one line of the order of accesses: in place of a line for each of their reads.
import type { Step } from "./run/notes.ts";
import { conflicts } from "./strategy.ts";

/** A line: an access, or a loop's accesses. */
export interface OrderLine {
  readonly step: Step;
  readonly text: string;
}

/** Reads of one iteration, and iterations that make one line. */
const MOST_READS = 4;
const ITERATIONS = 3;

const isSame = (a: Step | undefined, { event }: Step): boolean => a?.event.ip === event.ip && a.event.address === event.address;

/** Iterations of a loop of so many reads that begins at step i. `matter`: steps that have their own lines. */
const iterationsAt = (list: readonly Step[], i: number, reads: number, matter: ReadonlySet<Step>): number => {
  const { pid } = list[i] as Step;
  let n = i;
  for (; n < list.length; n++) {
    const step = list[n] as Step;
    if (step.pid !== pid || step.event.writes || matter.has(step)) break;
    if (n >= i + reads && !isSame(list[n - reads], step)) break;
  }
  return Math.floor((n - i) / reads);
};

/** `read flag (wait_for, spin.c:3)` without its verb. */
const object = ({ text = "" }: Step): string => text.slice(text.indexOf(" ") + 1);

/**
 * The lines of a list of accesses. `all`: also those of tasks that the list lacks, to name the write that
 * ends the loop.
 */
export const withSpins = (list: readonly Step[], all: readonly Step[], matter: ReadonlySet<Step>): OrderLine[] => {
  const lines: OrderLine[] = [];
  for (let i = 0; i < list.length; ) {
    const step = list[i] as Step;
    let [reads, times] = [1, 0];
    for (let n = 1; n <= MOST_READS && times < ITERATIONS; n++) [reads, times] = [n, iterationsAt(list, i, n, matter)];
    if (times < ITERATIONS) {
      lines.push({ step, text: step.text ?? "" });
      i++;
      continue;
    }
    const loop = list.slice(i, i + reads);
    i += reads * times;
    const end = all
      .slice(all.indexOf(list[i - 1] as Step) + 1)
      .find((other) => other.pid !== step.pid && loop.some(({ event }) => conflicts(event, other.event)));
    const until = end ? `until task ${end.pid} writes` : "to the end";
    lines.push({ step, text: `spins ${times} times on ${[...new Set(loop.map(object))].join(", ")} ${until}` });
  }
  return lines;
};
