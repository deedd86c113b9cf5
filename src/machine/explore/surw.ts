// Selectively uniform random walks. Zhao, Wolff, Mathur, Roychoudhury, "Selectively Uniform Concurrency
// Testing", ASPLOS 2025: the interleavings of a set of chosen events are as likely as one another. A task
// with more chosen events left is more likely to make the next one; other events run at random meanwhile.
import type { Random } from "./random.ts";
import { wordOf } from "./run/notes.ts";
import type { Candidate, ObservedFacts, PendingEvent, Strategy } from "./strategy.ts";

/** SURW, with the accesses to one shared word as the chosen events. */
export class Surw implements Strategy {
  private readonly _random: Random;
  private readonly _observed: ObservedFacts;
  private _word = 0;
  /** Events on the word that tasks have left, as far as known. */
  private _left = new Map<number, number>();
  /** The task that is to make the next chosen event. */
  private _intended = 0;
  private _starving = 0;

  constructor(random: Random, observed: ObservedFacts) {
    this._random = random;
    this._observed = observed;
  }
  begin(): void {
    const words = [...this._observed.wordEvents.keys()];
    this._word = words.length === 0 ? 0 : (words[this._random.below(words.length)] as number);
    this._left = new Map(this._observed.wordEvents.get(this._word));
    this._starving = 0;
    this._draw([...this._left.keys()]);
  }
  private _draw(pids: readonly number[]): void {
    const weight = (pid: number): number => this._left.get(pid) ?? 1;
    let rest = this._random.fraction() * pids.reduce((sum, pid) => sum + weight(pid), 0);
    this._intended = pids.find((pid) => (rest -= weight(pid)) < 0) ?? pids.at(-1) ?? 0;
  }
  private _isChosen({ event }: Candidate): boolean {
    return event !== undefined && event.bytes > 0 && wordOf(event) === this._word;
  }
  choose(candidates: readonly Candidate[]): number {
    const free = candidates.flatMap((candidate, i) =>
      candidate.pid !== this._starving && (!this._isChosen(candidate) || candidate.pid === this._intended) ? [i] : [],
    );
    if (free.length > 0) return free[this._random.below(free.length)] as number;
    this._starving = 0;
    // All wait at chosen events, and the intended task is none of them.
    this._draw(candidates.map(({ pid }) => pid));
    return Math.max(
      0,
      candidates.findIndex(({ pid }) => pid === this._intended),
    );
  }
  executed(pid: number, event: PendingEvent): void {
    if (pid !== this._starving) this._starving = 0;
    if (event.bytes === 0 || wordOf(event) !== this._word) return;
    const left = (this._left.get(pid) ?? 1) - 1;
    if (left > 0) this._left.set(pid, left);
    else this._left.delete(pid);
    if (this._left.size > 0) this._draw([...this._left.keys()]);
  }
  starves(pid: number): void {
    this._starving = pid;
    if (pid === this._intended && this._left.size > 1) this._draw([...this._left.keys()].filter((other) => other !== pid));
  }
}
