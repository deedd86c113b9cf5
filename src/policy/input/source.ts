// A text that a user gave, and places in it: every complaint names file, line and column.
import { Problem } from "../../problem.ts";
import { type ProblemKind, problemTable } from "../../problem-table.ts";
import { aText, check, oneOf, optional, shapeOf, wholeNumber } from "../../wants.ts";

/** Offsets in the text. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

const kinds = Object.keys(problemTable);
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
  /** `name`: the file's, for messages. */
  constructor(name: string, text: string) {
    check("new Source", { name: aText, text: aText }, [name, text]);
    this.name = name;
    this.text = text;
  }

  lineOf(offset: number): number {
    check("source.lineOf", { offset: anOffset }, [offset]);
    return this.text.slice(0, offset).split("\n").length;
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
}
