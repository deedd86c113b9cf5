// A mistake of the user: an option, an ELF file, a policy. The value has all parts of a message; its catcher
// renders it. A guest's mistake is a returned -errno, a fault in an instruction is a signal, our own mistake throws.

/** The kind of a mistake, for programs that handle it. */
export type ProblemCode =
  | "usage"
  | "not-found"
  | "not-executable"
  | "not-an-elf"
  | "wrong-machine"
  | "broken-elf"
  | "bad-policy"
  | "bad-mount"
  | "bad-schedule"
  | "bad-property"
  | "bad-assembly"
  | "no-memory"
  | "host";

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

/**
 * A mistake of the user: an option, an ELF file, a policy. `message` and `help` are for people, `code` is
 * for programs.
 *
 * @example
 * try {
 *   new Machine({ kernel: "v66" });
 * } catch (error) {
 *   if (error instanceof Problem) console.log(error.code, error.message, error.help);   // "usage" … "did you mean v6?"
 * }
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** Advice in one sentence. */
  readonly help: string | undefined;
  readonly span: Span | undefined;

  constructor(code: ProblemCode, message: string, more: { readonly help?: string; readonly span?: Span; readonly cause?: unknown } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "Problem";
    this.code = code;
    this.help = more.help;
    this.span = more.span;
  }
}
