// A mistake of the user: an option, an ELF file, a policy. The value has all parts of a message and the whole
// of it. A guest's mistake is a returned -errno, a fault in an instruction is a signal, our own mistake
// throws.
import { type ProblemCode, type ProblemKind, problemTable } from "./problem-table.ts";

/** The part of the user's input that is wrong: the index of an argument, a line of a file, an offset. */
export interface Span {
  readonly source: string;
  readonly at?: number;
  /** Line and column in a text, counted from 1, and the text of that line. */
  readonly line?: number;
  readonly column?: number;
  /** Length in columns. */
  readonly length?: number;
  readonly text?: string;
}

/** The parts of a problem besides its sentence. */
export interface ProblemParts {
  /** Advice in one sentence. */
  readonly help?: string | undefined;
  readonly span?: Span | undefined;
  readonly cause?: unknown;
}

/** Characters of a line in a message, and those before the place. */
const LONGEST = 160;
const BEFORE = 60;
/** The line that is wrong with a caret below; nothing if the place is not known. */
const excerpt = ({ line, column = 1, length = 1, text }: Span): string => {
  if (line === undefined || text === undefined) return "";
  const margin = `${line}`.padStart(5);
  // Of a long line the part around the place.
  const from = text.length <= LONGEST ? 0 : Math.max(0, Math.min(column - 1 - BEFORE, text.length - LONGEST));
  const cut = from > 0 ? "…" : "";
  const part = `${cut}${text.slice(from, from + LONGEST)}${from + LONGEST < text.length ? "…" : ""}`;
  const indent = `${cut}${text.slice(from, column - 1)}`.replace(/[^\t]/g, " ");
  const carets = "^".repeat(Math.max(1, Math.min(length, from + LONGEST - column + 1)));
  return `\n${margin} | ${part}\n${" ".repeat(margin.length)} | ${indent}${carets}`;
};

const whole = (code: ProblemCode, sentence: string, { help, span }: ProblemParts): string => {
  const place = span?.line === undefined ? "" : `${span.source}:${span.line}:${span.column ?? 1}: `;
  return `${place}${sentence}${help === undefined ? "" : ` (${help})`} [${code}]${span ? excerpt(span) : ""}`;
};

/**
 * A mistake of the user: an option, an ELF file, a policy. `message` has the place, the sentence, the help
 * and the code, and a second line with a caret if the place is known. `kind` and `code` are for programs;
 * `trapgate explain CODE` prints the explanation.
 *
 * @example
 * try {
 *   new Machine({ kernel: "v66" });
 * } catch (error) {
 *   // "bad-property-value" … "(did you mean v6?) [TG0202]"
 *   if (error instanceof Problem) console.log(error.kind, error.message);
 * }
 */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly code: ProblemCode;
  /** The mistake in one sentence, without place and help. */
  readonly sentence: string;
  /** Advice in one sentence. */
  readonly help: string | undefined;
  readonly span: Span | undefined;

  constructor(kind: ProblemKind, sentence: string, more: ProblemParts = {}) {
    const { code } = problemTable[kind];
    super(whole(code, sentence, more), more.cause === undefined ? {} : { cause: more.cause });
    this.name = "Problem";
    this.kind = kind;
    this.code = code;
    this.sentence = sentence;
    this.help = more.help;
    this.span = more.span;
  }

  /** The same problem with help, if it has none. */
  withHelp(help: string): Problem {
    if (this.help !== undefined) return this;
    return new Problem(this.kind, this.sentence, { help, span: this.span, cause: this.cause });
  }
  /** The parts as plain data, for JSON. */
  toJSON(): object {
    const { kind, code, sentence, help, span } = this;
    return { code, kind, sentence, help, span, docs: `docs/reference/messages.md#${code.toLowerCase()}` };
  }
}
