// The assembler's preprocessor: the part of NASM's (manual, chapter 4) that programs here are written in.
// %include, %define of names, %assign, %undef,
// %macro with counts of parameters, %if of all kinds, %rep, %error.
import { Problem } from "../../problem.ts";
import { BadLine, bad } from "./bad-line.ts";
import { expression } from "./expression.ts";
import { splitList, uncommented } from "./parse.ts";

/** A line after the preprocessor. */
export interface SourceLine {
  readonly text: string;
  /** The line of the main source, from 1, to which it belongs. */
  readonly line: number;
  /** For messages: `line 5`, `calls.inc, line 3 (line 5)`. */
  readonly where: string;
}
/** The text of a file that %include names; undefined: there is none. */
export type IncludeText = (name: string) => string | undefined;

interface Macro {
  readonly least: number;
  readonly most: number;
  /** The last parameter takes the rest of the line. */
  readonly greedy: boolean;
  readonly body: readonly Origin[];
}
interface Origin {
  readonly text: string;
  readonly file: string | undefined;
  readonly number: number;
}
/** An %if in progress: `taking`, `seeking` a branch, or `done` with the one that was taken. */
interface Branch {
  state: "taking" | "seeking" | "done";
  readonly from: string;
}

const LINES = 100_000;
const NESTING = 40;
const LENGTH = 10_000;

const WORD = /"[^"]*"|'[^']*'|(?<![\w.$?@%])(?:%%?|\.\.)?[A-Za-z_?@][\w.$?@#]*/g;

/** Expands macros, conditions and includes of an assembly source, line by line. */
export class Preprocessor {
  readonly #include: IncludeText;
  readonly #defines = new Map<string, string>();
  readonly #macros = new Map<string, Macro[]>();
  readonly #out: SourceLine[] = [];
  readonly #branches: Branch[] = [];
  #bits: string;
  #calls = 0;
  #line = 0;
  #where = "";

  constructor(include: IncludeText, defines: Readonly<Record<string, string>>, bits: number) {
    this.#include = include;
    this.#bits = String(bits);
    for (const [name, value] of Object.entries(defines)) this.#defines.set(name, value);
  }

  /** All lines of a program. Throws a Problem for a mistake. */
  run(text: string): readonly SourceLine[] {
    this.#lines(originsOf(text, undefined), 0);
    if (this.#branches.length > 0) throw this.#problem(`%endif is missing: an %if of ${this.#branches[0]?.from} is open`);
    return this.#out;
  }

  #problem(what: string): Problem {
    return new Problem("bad-assembly", `${this.#where}: ${what}`, { span: { source: "assembly", at: this.#line } });
  }

  #lines(lines: readonly Origin[], depth: number): void {
    if (depth > NESTING) throw this.#problem(`macros, or files, are nested more than ${NESTING} deep`);
    for (let n = 0; n < lines.length; n++) {
      const { text, file, number } = lines[n] as Origin;
      if (depth === 0) this.#line = number;
      this.#where = file === undefined ? `line ${number}` : `${file}, line ${number}${this.#line > 0 ? ` (line ${this.#line})` : ""}`;
      try {
        n += this.#one(text, lines, n, depth);
      } catch (e) {
        if (e instanceof BadLine) throw this.#problem(e.message);
        throw e;
      }
    }
  }

  #skips(): boolean {
    return this.#branches.some(({ state }) => state !== "taking");
  }

  /** Lines that it has used besides its own. */
  #one(text: string, lines: readonly Origin[], n: number, depth: number): number {
    const bare = uncommented(text);
    const directive = /^%(\w+)\s*(.*)$/.exec(bare);
    if (directive && this.#isDirective(directive[1] as string)) {
      return this.#directive((directive[1] as string).toLowerCase(), directive[2] as string, lines, n, depth);
    }
    if (this.#skips() || bare === "") return 0;
    this.#statement(bare, depth);
    return 0;
  }
  #isDirective(name: string): boolean {
    return !/^\d/.test(name);
  }

  #directive(name: string, rest: string, lines: readonly Origin[], n: number, depth: number): number {
    if (name === "macro" || name === "rep") return this.#block(name, rest, lines, n, depth);
    if (this.#conditional(name, rest) || this.#skips()) return 0;
    const word = /^(\S+)\s*(.*)$/.exec(rest);
    switch (name) {
      case "include":
        this.#includeFile(rest, depth);
        return 0;
      case "define":
      case "xdefine": {
        if (!word) return bad("%define needs a name");
        if ((word[1] as string).includes("(")) return bad("%define takes no parameters here; a %macro does");
        this.#defines.set(word[1] as string, name === "xdefine" ? this.#expand(word[2] as string) : (word[2] as string));
        return 0;
      }
      case "assign":
        if (!word) return bad("%assign needs a name and a number");
        this.#defines.set(word[1] as string, String(this.#number(word[2] as string)));
        return 0;
      case "undef":
        this.#defines.delete(rest);
        return 0;
      case "error":
      case "fatal":
        return bad(rest.replace(/^"(.*)"$/, "$1"));
      case "endmacro":
      case "endrep":
        return bad(`%${name} has no beginning`);
      default:
        return bad(`there is no %${name}`);
    }
  }

  #conditional(name: string, rest: string): boolean {
    const kind = /^(el)?if(n?)(def|macro)?$/.exec(name);
    if (kind) {
      const [, isElse, not, of] = kind;
      if (not && !of) bad(`there is no %${name}`);
      if (isElse) {
        const branch = this.#branches.at(-1) ?? bad(`%${name} has no %if`);
        if (branch.state === "taking") branch.state = "done";
        else if (branch.state === "seeking" && !this.#branches.slice(0, -1).some(({ state }) => state !== "taking"))
          branch.state = this.#holds(rest, of, not === "n") ? "taking" : "seeking";
        return true;
      }
      const state = this.#skips() ? "done" : this.#holds(rest, of, not === "n") ? "taking" : "seeking";
      this.#branches.push({ state, from: this.#where });
      if (this.#branches.length > NESTING) bad(`%if is nested more than ${NESTING} deep`);
      return true;
    }
    if (name === "else") {
      const branch = this.#branches.at(-1) ?? bad("%else has no %if");
      branch.state = branch.state === "seeking" ? "taking" : "done";
      return true;
    }
    if (name === "endif") {
      if (!this.#branches.pop()) bad("%endif has no %if");
      return true;
    }
    return false;
  }
  #holds(rest: string, of: string | undefined, not: boolean): boolean {
    const holds = of === "def" ? this.#defines.has(rest) : of === "macro" ? this.#macros.has(rest) : this.#number(rest) !== 0n;
    return holds !== not;
  }
  #number(text: string): bigint {
    return expression(this.#expand(text)).value((name) => bad(`"${name}" is not known before the program is assembled`));
  }

  #includeFile(rest: string, depth: number): void {
    const name = /^"([^"]*)"$|^'([^']*)'$/.exec(rest);
    const file = name?.[1] ?? name?.[2] ?? bad("%include needs a name in quotes");
    this.#lines(originsOf(this.#include(file) ?? bad(`there is no file "${file}" to include`), file), depth + 1);
  }

  /** Takes the lines up to %endmacro or %endrep. */
  #block(name: "macro" | "rep", rest: string, lines: readonly Origin[], n: number, depth: number): number {
    const body: Origin[] = [];
    let open = 1;
    let used = 0;
    for (;;) {
      const next = lines[n + ++used] ?? bad(`%end${name} is missing`);
      const word = /^%(\w+)/.exec(uncommented(next.text))?.[1]?.toLowerCase();
      if (word === name) open++;
      if (word === `end${name}` && --open === 0) break;
      body.push(next);
    }
    if (this.#skips()) return used;
    if (name === "macro") this.#defineMacro(rest, body);
    else {
      const count = this.#number(rest);
      if (count > BigInt(LINES)) bad(`%rep ${count} is too much`);
      for (let i = 0n; i < count; i++) this.#lines(body, depth + 1);
    }
    return used;
  }
  #defineMacro(rest: string, body: readonly Origin[]): void {
    const head = /^([A-Za-z_.?@][\w.$?@]*)\s+(\d+)(?:-(\d+|\*))?(\+)?$/.exec(rest);
    if (!head) return bad("%macro needs a name and a count of parameters: %macro name 1-2");
    const [, name, from, to, plus] = head as unknown as [string, string, string, string | undefined, string | undefined];
    const least = Number(from);
    const most = to === "*" ? Number.POSITIVE_INFINITY : Number(to ?? from);
    const others = (this.#macros.get(name) ?? []).filter((one) => one.most < least || one.least > most);
    this.#macros.set(name, [...others, { least, most, greedy: plus !== undefined, body }]);
  }

  #statement(bare: string, depth: number): void {
    // Labels before a macro's name are statements of their own.
    const parts = /^((?:[A-Za-z_.?@$%][\w.$?@%]*:\s*)*)([A-Za-z_.?@][\w.$?@]*)?\s*(.*)$/.exec(bare);
    const macro = parts?.[2] === undefined ? undefined : this.#macros.get(parts[2]);
    if (!macro) {
      this.#emit(this.#expand(bare));
      return;
    }
    const [, labels = "", name = "", rest = ""] = parts ?? [];
    if (labels !== "") this.#emit(this.#expand(labels));
    const given = rest.trim() === "" ? [] : splitList(rest, ",");
    const found = macro.find(({ least, most, greedy }) => given.length >= least && (greedy || given.length <= most));
    if (!found)
      return bad(
        `${name} takes ${macro.map(({ least, most }) => (least === most ? least : `${least} to ${most}`)).join(" or ")} parameters, not ${given.length}`,
      );
    const args =
      found.greedy && given.length > found.most ? [...given.slice(0, found.most - 1), given.slice(found.most - 1).join(", ")] : given;
    const call = ++this.#calls;
    // `%%` before a word is a label of this call: "..@" names do not end the reach of local labels.
    const body = found.body.map((origin): Origin => ({ ...origin, text: this.#substituted(origin.text, args, call) }));
    this.#lines(body, depth + 1);
  }
  #substituted(text: string, args: readonly string[], call: number): string {
    return text.replace(/"[^"]*"|'[^']*'|%%([A-Za-z_]\w*)|%\{?(\d+)\}?/g, (whole, own: string | undefined, number: string | undefined) => {
      if (own !== undefined) return `..@${call}.${own}`;
      if (number === undefined) return whole;
      return number === "0" ? String(args.length) : (args[Number(number) - 1] ?? "");
    });
  }

  /** The text with defined names replaced. */
  #expand(text: string, within: readonly string[] = []): string {
    const expanded = text.replace(WORD, (word) => {
      if (word === "__?BITS?__" || word === "__BITS__") return this.#bits;
      const value = within.includes(word) ? undefined : this.#defines.get(word);
      return value === undefined ? word : this.#expand(value, [...within, word]);
    });
    return expanded.length > LENGTH ? bad(`a line has more than ${LENGTH} characters`) : expanded;
  }

  #emit(text: string): void {
    const bits = /^bits\s+(16|32|64)$/i.exec(text);
    if (bits) this.#bits = bits[1] as string;
    this.#out.push({ text, line: this.#line, where: this.#where });
    if (this.#out.length > LINES) bad(`a program has at most ${LINES} lines`);
  }
}

const originsOf = (text: string, file: string | undefined): Origin[] =>
  text.split(/\r?\n/).map((line, n) => ({ text: line, file, number: n + 1 }));
