// Tokens of policy languages, with places.
import type { ProblemKind } from "../../../problem-table.ts";
import type { Place, Source } from "../../input/source.ts";

/** A token, with its place. */
export interface Token extends Place {
  readonly kind: string;
  readonly text: string;
}
/**
 * Kinds of tokens with their patterns, tried in this order; those whose kind begins with "_" are left out.
 */
export type Grammar = readonly (readonly [kind: string, pattern: RegExp])[];

const LONGEST = 40;
/** A token with its text, roughly. */
const TOKEN_BYTES = 120;
/** Levels of parentheses and other nests. */
const MAX_DEPTH = 200;

/** The tokens of a text, one after the other. Every complaint is a Problem at a token. */
export class Tokens {
  readonly #source: Source;
  readonly #list: Token[] = [];
  #at = 0;
  #depth = 0;

  constructor(source: Source, grammar: Grammar) {
    this.#source = source;
    const patterns = grammar.map(([kind, pattern]) => [kind, new RegExp(pattern.source, "y")] as const);
    for (let at = 0; at < source.text.length; ) {
      const found = patterns.find(([, pattern]) => {
        pattern.lastIndex = at;
        return pattern.test(source.text);
      });
      if (!found) throw source.problem({ from: at, to: at + 1 }, "this character is not known here", undefined, "policy-syntax");
      const to = found[1].lastIndex;
      source.budget.spend(TOKEN_BYTES);
      if (!found[0].startsWith("_")) this.#list.push({ kind: found[0], text: source.text.slice(at, to), from: at, to });
      at = to;
    }
  }

  get next(): Token | undefined {
    return this.#list[this.#at];
  }
  /** The token, if the next one is of this kind or has this text. */
  take(...wanted: readonly string[]): Token | undefined {
    const token = this.next;
    if (!token || !(wanted.includes(token.kind) || wanted.includes(token.text))) return undefined;
    this.#at++;
    return token;
  }
  /** Takes a token. `what`: its description for the message. */
  expect(what: string, ...wanted: readonly string[]): Token {
    return this.take(...wanted) ?? this.complain(`here must be ${what}`);
  }
  complain(message: string, at: Place | undefined = this.next, help?: string, kind: ProblemKind = "policy-syntax"): never {
    const end = this.#list.at(-1)?.to ?? 0;
    const { from, to } = at ?? { from: end, to: end + 1 };
    throw this.#source.problem({ from, to: Math.min(to, from + LONGEST) }, message, help, kind);
  }
  /**
   * Runs the reader of a nest, such as a parenthesis. Throws a Problem if there are too many in each other.
   */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.complain(`this is nested more than ${MAX_DEPTH} deep`);
    const result = read();
    this.#depth--;
    return result;
  }
  /**
   * Items with a separator between them, until `end`, which is taken too. `trailing`: one may be before it.
   */
  list<T>(item: () => T, separator: string, end: string, { trailing = false } = {}): readonly T[] {
    const items: T[] = [];
    while (!this.take(end)) {
      if (items.length > 0) this.expect(`"${separator}" or "${end}"`, separator);
      if (trailing && items.length > 0 && this.take(end)) break;
      items.push(item());
    }
    return items;
  }
}
