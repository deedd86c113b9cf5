// A text that a user gave, and places in it: every complaint names file, line and column.
import { WorkBudget } from "../../budget.ts";
import { Problem } from "../../problem.ts";
import { type ProblemKind, problemTable } from "../../problem-table.ts";
import { aText, check, instanceOf, oneOf, optional, shapeOf, wholeNumber } from "../../wants.ts";

/** Offsets in the text. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

const kinds = Object.keys(problemTable);
const aBudget = instanceOf("a WorkBudget", () => WorkBudget);
const anOffset = wholeNumber(0, 2 ** 53);
const aPlace = shapeOf<Place>("a place { from, to }", { from: anOffset, to: anOffset });

/**
 * A text that a user gave, with the name of its file.
 *
 * @example
 * new Source("policy.json", text).problem({ from: 10, to: 14 }, "there is no such action");
 */
export class Source {
  readonly name: string;
  readonly text: string;
  /** The limits of its readers. */
  readonly budget: WorkBudget;
  #starts: readonly number[] | undefined;

  /** `name`: the file's, for messages. `budget`: no limits by default. */
  constructor(name: string, text: string, budget = new WorkBudget()) {
    check("new Source", { name: aText, text: aText, budget: aBudget }, [name, text, budget]);
    this.name = name;
    this.text = text;
    this.budget = budget;
  }

  /** Offsets of the beginnings of all lines. */
  #lines(): readonly number[] {
    if (this.#starts) return this.#starts;
    const starts = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#starts = starts;
    return starts;
  }
  /** The line of an offset, counted from 1. */
  lineOf(offset: number): number {
    check("source.lineOf", { offset: anOffset }, [offset]);
    const starts = this.#lines();
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
  /** The offset of a line and a column, both counted from 1. */
  offsetOf(line: number, column: number): number {
    return (this.#lines()[line - 1] ?? this.text.length) + column - 1;
  }
  /** The problem, with the line and a caret. */
  problem(place: Place, message: string, help?: string, kind: ProblemKind = "bad-policy"): Problem {
    check("source.problem", { place: aPlace, message: aText, help: optional(aText), kind: oneOf(kinds) }, [place, message, help, kind]);
    const start = this.text.lastIndexOf("\n", place.from - 1) + 1;
    const stop = this.text.indexOf("\n", place.from);
    const text = this.text.slice(start, stop < 0 ? undefined : stop);
    const length = Math.max(1, Math.min(place.to, start + text.length) - place.from);
    const span = { source: this.name, line: this.lineOf(place.from), column: place.from - start + 1, length, text };
    return new Problem(kind, message, { span, ...(help === undefined ? {} : { help }) });
  }
  /**
   * Runs a step of a reader: if the limits are used up in it, the message has its place. `read`: rules
   * before it.
   */
  at<T>(place: Place, step: () => T, read: number): T {
    try {
      return step();
    } catch (error) {
      const isLimit =
        error instanceof Problem && (error.kind === "memory-limit" || error.kind === "time-limit") && error.span === undefined;
      if (!isLimit) throw error;
      throw this.problem(
        { from: place.from, to: Math.min(place.to, place.from + 40) },
        error.sentence,
        read === 0 ? undefined : `the ${read} rules before this one are read`,
        error.kind,
      );
    }
  }
}
