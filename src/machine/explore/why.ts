// Why a failing schedule fails: the pairs of accesses of two tasks that do not fail in the other order. Each
// pair of neighbours among the accesses to a word is reversed in a run of its own.
import type { Step } from "./run/notes.ts";
import { type Move, ScheduleScript } from "./script.ts";
import { type Candidate, conflicts, type PendingEvent, type Strategy } from "./strategy.ts";

/** Two accesses, in the order in which they fail. */
export interface OrderedPair {
  readonly first: Step;
  readonly second: Step;
}

/** Pairs that are tried: in all, and for the second access of a pair. */
const MOST_PAIRS = 60;
const MOST_FIRST = 3;

/** Conflicting accesses of two tasks with few others to the same place between them, from a step on. */
export const neighbours = (steps: readonly Step[], from: number): readonly OrderedPair[] => {
  const pairs: OrderedPair[] = [];
  for (let j = from; j < steps.length && pairs.length < MOST_PAIRS; j++) {
    const second = steps[j] as Step;
    if (second.event.bytes === 0) continue;
    for (let i = j - 1, n = 0; i >= 0 && n < MOST_FIRST; i--) {
      const first = steps[i] as Step;
      if (first.pid === second.pid || first.event.bytes === 0 || !conflicts(first.event, second.event)) continue;
      pairs.push({ first, second });
      n++;
    }
  }
  return pairs;
};

/** Follows a schedule until the first access of a pair, and lets the second one happen before it. */
export class ReversedPair implements Strategy {
  private readonly _script: ScheduleScript;
  private readonly _pair: OrderedPair;
  private _state: "before" | "reversing" | "back" | "after" = "before";
  /** The second access has come first. */
  isReversed = false;

  constructor(moves: readonly Move[], pair: OrderedPair) {
    this._script = new ScheduleScript(moves);
    this._pair = pair;
  }
  begin(): void {}
  choose(candidates: readonly Candidate[], place: string): number {
    const { first, second } = this._pair;
    if (this._state === "before" && place === first.place) this._state = "reversing";
    if (this._state === "reversing" || this._state === "back") {
      const wanted = this._state === "back" ? first.pid : second.pid;
      let found = candidates.findIndex(({ pid }) => pid === wanted);
      // The second task may wait, or not have begun: others go on meanwhile.
      if (found < 0 && this._state === "reversing") found = candidates.findIndex(({ pid }) => pid !== first.pid);
      if (this._state === "back" || found < 0) this._state = "after";
      if (found >= 0) return found;
    }
    return this._script.choose(candidates, place);
  }
  executed(pid: number, { ip, address }: PendingEvent): void {
    const { pid: wanted, event } = this._pair.second;
    if (this._state !== "reversing" || pid !== wanted || ip !== event.ip || address !== event.address) return;
    this._state = "back";
    this.isReversed = true;
  }
  starves(): void {}
}

/** `task 3: read counter (add) before task 4: write counter (add+9)` */
export const pairText = ({ first, second }: OrderedPair): string =>
  `task ${first.pid}: ${first.text} before task ${second.pid}: ${second.text}`;
