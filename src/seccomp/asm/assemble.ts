// Filter text to instructions. A statement ends at a semicolon or at the end of the line, `#` starts a
// comment, `name:` is a label, `next` is the next instruction: `A = sys_number; A == getpid ? dead : ok;
// ok: return ALLOW; dead: return KILL`. Listings of `disassemble` and of seccomp-tools are accepted as they
// are.

import { didYouMean } from "../../nearest.ts";
import { aText, optional, takes } from "../../wants.ts";
import type { Insn, Program } from "../bpf/insn.ts";
import { type AsmOptions, allAsmOptions, someAsmOptions } from "./names.ts";
import { parseStatement, type Unlinked, type Wrong } from "./statement.ts";

/** A mistake in a line of filter text. Lines count from 1. */
export interface AsmProblem {
  readonly code: Wrong["code"] | "unknown-label" | "duplicate-label" | "jump-range";
  readonly message: string;
  /** Line and column, 1-based. */
  readonly line: number;
  readonly column: number;
  /** Length of the wrong part in columns; absent: the rest of the statement. */
  readonly length?: number;
  /** The nearest name. */
  readonly help?: string;
}
/** Instructions, and the mistakes of the text. With mistakes the program is not complete. */
export interface Assembled {
  /** Empty if there are problems. */
  readonly program: Program;
  /** Line and column of each instruction's statement, 1-based. */
  readonly places: readonly AsmPlace[];
  readonly problems: readonly AsmProblem[];
}

/** A place in filter text. Lines and columns count from 1. */
export interface AsmPlace {
  readonly line: number;
  readonly column: number;
}
interface Statement extends AsmPlace {
  readonly text: string;
  readonly labels: readonly (AsmPlace & { readonly name: string })[];
}

/** The columns between a listing's label and its text; the first two lines of a listing. */
const COLUMNS = /^(\s*\d{4}:)(?:\s+0x[0-9a-f]+){4}\s+/i;
const HEADER = /^\s*(line\s+CODE\s+JT\s+JF\s+K|=+)\s*$/;
const LABEL = /^([\w.$]+):\s*/;

/** The line without comments and listing columns, padded with blanks so that columns stay correct. */
const clean = (line: string): string =>
  HEADER.test(line) ? "" : line.replace(/#.*/, "").replace(COLUMNS, (all, label: string) => label + " ".repeat(all.length - label.length));

const statements = (text: string): readonly Statement[] => {
  const out: Statement[] = [];
  let labels: (AsmPlace & { name: string })[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    let column = 1;
    for (const part of clean(line).split(";")) {
      let rest = part.trimStart();
      const place = (): AsmPlace => ({ line: index + 1, column: column + part.length - rest.length });
      for (let match = LABEL.exec(rest); match?.[1]; match = LABEL.exec(rest)) {
        labels.push({ name: match[1], ...place() });
        rest = rest.slice(match[0].length);
      }
      if (rest) {
        out.push({ text: rest.trimEnd(), labels, ...place() });
        labels = [];
      }
      column += part.length + 1;
    }
  }
  return out;
};

/** Resolves labels to distances. */
class Linker {
  private readonly _at = new Map<string, number>();
  readonly problems: AsmProblem[] = [];

  /** `part`: the wrong part of the statement at this place. */
  complain(
    place: AsmPlace & { readonly text?: string },
    { part, ...wrong }: Pick<AsmProblem, "code" | "message" | "help"> & { readonly part?: string },
  ): void {
    const at = part === undefined ? -1 : (place.text ?? "").lastIndexOf(part);
    const { line, column } = place;
    this.problems.push({
      ...wrong,
      line,
      column: at < 0 ? column : column + at,
      ...(at < 0 || part === undefined ? {} : { length: part.length }),
    });
  }
  define({ labels }: Statement, pc: number): void {
    for (const label of labels) {
      if (this._at.has(label.name)) this.complain(label, { code: "duplicate-label", message: `label ${label.name} is defined twice` });
      this._at.set(label.name, pc);
    }
  }
  private _distance(place: AsmPlace, label: string | undefined, pc: number, max: number): number {
    if (label === undefined || label === "next") return 0;
    const target = this._at.get(label);
    if (target === undefined) {
      const help = didYouMean(label, this._at.keys());
      this.complain(place, {
        code: "unknown-label",
        message: `there is no label ${label}`,
        part: label,
        ...(help === undefined ? {} : { help }),
      });
      return 0;
    }
    const distance = target - pc - 1;
    if (distance < 0)
      this.complain(place, { code: "jump-range", message: `${label} is not after this statement: filters only jump forward` });
    if (distance > max)
      this.complain(place, { code: "jump-range", message: `${label} is ${distance} instructions away: a branch reaches at most ${max}` });
    return distance;
  }
  link(place: AsmPlace, { insn, yes, no, always }: Unlinked, pc: number): Insn {
    if (always !== undefined) return { ...insn, k: this._distance(place, always, pc, 0xffff) };
    if (yes === undefined && no === undefined) return insn;
    return { ...insn, jt: this._distance(place, yes, pc, 0xff), jf: this._distance(place, no, pc, 0xff) };
  }
}

/**
 * Assembles filter text as seccomp-tools writes it, one statement a line. Mistakes are returned, not
 * thrown. Default: `upstream`, x86-64.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * program.length;   // 4
 */
export const assemble = takes(
  "assemble",
  { text: aText, options: optional(someAsmOptions) },
  (text: string, options: Partial<AsmOptions> = {}): Assembled => {
    const all = allAsmOptions(options);
    const list = statements(text);
    const linker = new Linker();
    for (const [pc, statement] of list.entries()) linker.define(statement, pc);
    const program = list.map((statement, pc): Insn => {
      const parsed = parseStatement(statement.text, all);
      if ("insn" in parsed) return linker.link(statement, parsed, pc);
      linker.complain(statement, parsed);
      return { code: 0, jt: 0, jf: 0, k: 0 };
    });
    const places = list.map(({ line, column }) => ({ line, column }));
    return linker.problems.length ? { program: [], places: [], problems: linker.problems } : { program, places, problems: [] };
  },
);
