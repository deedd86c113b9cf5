// Search from states that were seldom seen. Ecoffet, Huizinga, Lehman, Stanley, Clune, "First return, then
// explore", Nature 590, 2021 (Go-Explore). Its cells are the states of a run here (run/states.ts). An archive
// has each state with the choices that lead to it. A run returns to a state that few runs have come to; from
// there it draws by partial order sampling, or walks at random. This finds bugs that need many steps in one
// order; that states guide better than schedules is in Mukherjee, Deligiannis, Biswas, Lal, "Learning-Based
// Controlled Concurrency Testing", OOPSLA 2020.
import type { Random } from "./random.ts";
import { type Candidate, Pos } from "./strategy.ts";

/** The choices of a run: set once it is over. */
interface Trail {
  choices: Uint16Array;
}
/** A state of the archive. */
interface Cell {
  readonly state: number;
  /** Its index in the list of cells. */
  index: number;
  /** The shortest way to it: the first `points` choices of a run. */
  trail: Trail;
  points: number;
  /** Runs that have come to it, and that have begun with it. */
  visits: number;
  begun: number;
}

/** Runs that begin at the start: one of so many. */
const PLAIN = 8;
/** Cells of a tournament, which the one with the fewest visits wins; and a start's weight in visits. */
const TOURNAMENT = 32;
const BEGUN = 4;
/** Limits of the archive: cells, and choices of all runs that it keeps. */
const MOST_CELLS = 200_000;
const MOST_CHOICES = 64_000_000;

const weight = ({ visits, begun }: Cell): number => visits + BEGUN * begun;

/** Go-Explore over schedules. A run in which no task accesses shared memory has one state: then it is POS. */
export class GoExplore extends Pos {
  readonly seesStates = true;
  private _cells = new Map<number, Cell>();
  private _list: Cell[] = [];
  /** Choices of the runs of the archive. */
  private _kept = 0;
  /** The state that this run returns to. */
  private _goal: Cell | undefined = undefined;
  /** It goes on with a random walk. */
  private _walks = false;
  private _choices: number[] = [];
  private _trail: Trail = { choices: new Uint16Array() };
  private _isKept = false;

  override begin(): void {
    super.begin();
    this._choices = [];
    this._trail = { choices: new Uint16Array() };
    this._isKept = false;
    this._walks = this.random.below(2) === 0;
    this._goal = this._list.length > 0 && this.random.below(PLAIN) !== 0 ? this._rarest(this.random) : undefined;
    if (this._goal) this._goal.begun++;
  }
  private _rarest(random: Random): Cell {
    let best = this._list[random.below(this._list.length)] as Cell;
    for (let n = 1; n < TOURNAMENT; n++) {
      const other = this._list[random.below(this._list.length)] as Cell;
      if (weight(other) < weight(best)) best = other;
    }
    return best;
  }
  override choose(candidates: readonly Candidate[], _place: string, state = 0): number {
    const chosen = this._choose(candidates, state);
    this._choices.push(chosen);
    return chosen;
  }
  private _choose(candidates: readonly Candidate[], state: number): number {
    const goal = this._goal;
    const points = this._choices.length;
    if (goal && points < goal.points) {
      const next = goal.trail.choices[points];
      if (next !== undefined && next < candidates.length) return next;
    }
    // Runs have shown more shared words since: the way has other points now.
    if (goal && points <= goal.points && goal.state !== state) this._drop(goal);
    this._goal = undefined;
    this._visit(state, points);
    if (this._walks) this.redraw();
    return super.choose(candidates);
  }
  private _visit(state: number, points: number): void {
    const known = this._cells.get(state);
    if (known) {
      known.visits++;
      if (points >= known.points) return;
      known.trail = this._trail;
      known.points = points;
    } else {
      const cell: Cell = { state, index: this._list.length, trail: this._trail, points, visits: 1, begun: 0 };
      this._cells.set(state, cell);
      this._list.push(cell);
    }
    this._isKept = true;
  }
  private _drop({ state, index }: Cell): void {
    if (!this._cells.delete(state)) return;
    const last = this._list.pop() as Cell;
    if (last.index === index) return;
    last.index = index;
    this._list[index] = last;
  }
  finish(): void {
    if (!this._isKept) return;
    this._trail.choices = Uint16Array.from(this._choices);
    this._kept += this._choices.length;
    if (this._list.length > MOST_CELLS || this._kept > MOST_CHOICES) this._forget();
  }
  /** Half of the states go, those that were seen most often. */
  private _forget(): void {
    const rest = this._list.toSorted((a, b) => weight(a) - weight(b) || a.index - b.index).slice(0, this._list.length / 2);
    rest.forEach((cell, index) => {
      cell.index = index;
    });
    this._list = rest;
    this._cells = new Map(rest.map((cell) => [cell.state, cell]));
    this._kept = [...new Set(rest.map(({ trail }) => trail))].reduce((sum, { choices }) => sum + choices.length, 0);
  }
}
