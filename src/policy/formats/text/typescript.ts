// Policies in TypeScript as data: a module with one `policy({ … }).allow(…).on(…)`, as `learn --to ts`
// writes it. The text is read, not run: a policy file must not be a program. Names of trapgate/policy, its
// constants, strings and numbers are known; everything else is refused.

import { didYouMean } from "../../../nearest.ts";
import { Problem } from "../../../problem.ts";
import { type Arg, type ArgCondition, arg } from "../../arg.ts";
import { AF, CLONE, PROT, SOCK } from "../../constants.ts";
import type { Place, Source } from "../../input/source.ts";
import { numberOf } from "../../names.ts";
import {
  allow,
  type Clause,
  errno,
  killProcess,
  killThread,
  log,
  notify,
  policy,
  type TypedPolicy,
  trace,
  trap,
  type Verdict,
} from "../../policy.ts";
import type { Places } from "../../profile.ts";
import { type Grammar, type Token, Tokens } from "./tokens.ts";

const grammar: Grammar = [
  ["_comment", /\/\/[^\n]*|\/\*[\s\S]*?\*\//],
  ["_blank", /\s+/],
  ["number", /0[xX][0-9a-fA-F]+n?|\d[\d_]*n?/],
  ["string", /"[^"\\\n]*"|'[^'\\\n]*'/],
  ["word", /[A-Za-z_$][\w$]*/],
  ["sign", /[-{}()[\].,;:=|~]/],
];
const fixed: Readonly<Record<string, Verdict>> = { allow, killProcess, killThread, log, notify };
const verdictNames = [...Object.keys(fixed), "errno", "trap", "trace"];
const families: Readonly<Record<string, Readonly<Record<string, number>>>> = { AF, CLONE, PROT, SOCK };
const methods = ["allow", "on", "first", "withArch"];
const comparisons = ["eq", "ne", "in", "notIn", "masked", "hasNone", "hasAll", "only", "gt", "ge", "lt", "le"];
const options = ["default", "arch", "otherArch"];
const READ = "a policy file is read as data, not run";

class Reader {
  readonly #source: Source;
  readonly #tokens: Tokens;
  readonly #places: { readonly name: string; readonly place: Place }[] = [];

  constructor(source: Source) {
    this.#source = source;
    this.#tokens = new Tokens(source, grammar);
  }
  get places(): Places {
    return { ofCall: (number, abi) => this.#places.filter(({ name }) => numberOf(name, abi) === number).map(({ place }) => place) };
  }

  module(): TypedPolicy {
    while (this.#tokens.take("import")) {
      this.#tokens.expect('"{"', "{");
      this.#tokens.list(() => this.#tokens.expect("a name", "word"), ",", "}", { trailing: true });
      this.#tokens.expect('"from"', "from");
      const from = this.#tokens.expect("a module's name", "string");
      if (from.text.slice(1, -1) !== "trapgate/policy") this.#tokens.complain(`${from.text} is not read`, from, READ, "policy-kept-out");
      this.#tokens.take(";");
    }
    if (this.#tokens.take("export") && !this.#tokens.take("default")) this.#declaration();
    else if (this.#tokens.next?.text === "const") this.#declaration();
    const made = this.#policy();
    this.#tokens.take(";");
    if (this.#tokens.next) this.#tokens.complain("here the module must end: it holds one policy", this.#tokens.next, READ);
    return made;
  }
  #declaration(): void {
    this.#tokens.expect('"const"', "const");
    this.#tokens.expect("a name", "word");
    this.#tokens.expect('"="', "=");
  }

  /** A mistake that the library finds gets its place. */
  #at<T>(place: Place | undefined, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof Problem) || error.span) throw error;
      throw this.#source.problem(place ?? { from: 0, to: 1 }, error.sentence, error.help, error.kind);
    }
  }
  #policy(): TypedPolicy {
    const start = this.#tokens.expect('"policy(…)"', "policy");
    this.#tokens.expect('"("', "(");
    this.#tokens.expect('"{"', "{");
    const given: Record<string, unknown> = {};
    this.#tokens.list(() => this.#option(given), ",", "}", { trailing: true });
    this.#tokens.expect('")"', ")");
    let made = this.#at(start, () => policy(given as unknown as Parameters<typeof policy>[0]));
    while (this.#tokens.take(".")) made = this.#method(made);
    return made;
  }
  #option(given: Record<string, unknown>): void {
    const name = this.#tokens.expect("an option", "word");
    if (!options.includes(name.text))
      this.#tokens.complain(`policy has no option ${name.text}`, name, didYouMean(name.text, options), "policy-name");
    this.#tokens.expect('":"', ":");
    if (name.text !== "arch") given[name.text] = this.#verdict();
    else {
      this.#tokens.expect('"["', "[");
      given["arch"] = this.#tokens.list(() => this.#string("an ABI").text, ",", "]", { trailing: true });
    }
  }
  #string(what: string): { readonly text: string; readonly place: Token } {
    const place = this.#tokens.expect(what, "string");
    return { text: place.text.slice(1, -1), place };
  }

  #method(made: TypedPolicy): TypedPolicy {
    this.#source.budget.check();
    const name = this.#tokens.expect("a method", "word");
    if (!methods.includes(name.text))
      this.#tokens.complain(`policy has no method ${name.text}`, name, didYouMean(name.text, methods), "policy-name");
    this.#tokens.expect('"("', "(");
    if (name.text === "withArch") {
      const { text, place } = this.#string("an ABI");
      this.#tokens.expect('")"', ")");
      return this.#at(place, () => made.withArch(text as never));
    }
    const verdict = name.text === "allow" ? allow : this.#verdict();
    if (name.text !== "allow") this.#tokens.expect('","', ",");
    let checked = made;
    const clauses = this.#tokens.list(
      () => {
        const next = this.#tokens.next;
        if (next?.kind !== "string") return this.#condition();
        const { text, place } = this.#string("a call");
        // Each name for itself, so that a mistake has its place.
        checked = this.#at(place, () => checked.on(verdict, text as never));
        this.#places.push({ name: text, place });
        return text as Clause;
      },
      ",",
      ")",
      { trailing: true },
    );
    const [first, ...others] = clauses;
    if (first === undefined) return this.#tokens.complain("a rule without a system call", name);
    return this.#at(name, () => (name.text === "first" ? made.first(verdict, first, ...others) : made.on(verdict, first, ...others)));
  }
  #verdict(): Verdict {
    const name = this.#tokens.expect('a verdict such as allow or errno("EPERM")', "word");
    const plain = Object.hasOwn(fixed, name.text) ? fixed[name.text] : undefined;
    if (plain) return plain;
    if (!verdictNames.includes(name.text))
      this.#tokens.complain(`there is no verdict ${name.text}`, name, didYouMean(name.text, verdictNames), "policy-name");
    this.#tokens.expect('"("', "(");
    const place = this.#tokens.next;
    const value = place?.kind === "string" ? this.#string("an error").text : place?.text === ")" ? undefined : Number(this.#number());
    this.#tokens.expect('")"', ")");
    return this.#at(place, () => {
      if (name.text === "errno") return errno(value as never);
      return name.text === "trap" ? trap(value as never) : trace(value as never);
    });
  }
  /** `arg(0).low.in(1, 2)` */
  #condition(): ArgCondition {
    this.#tokens.expect("the name of a call in quotes, or arg(…)", "arg");
    this.#tokens.expect('"("', "(");
    const place = this.#tokens.next;
    const index = Number(this.#number());
    this.#tokens.expect('")"', ")");
    let subject = this.#at(place, () => arg(index as never));
    for (;;) {
      this.#tokens.expect('"."', ".");
      const name = this.#tokens.expect("a comparison such as eq", "word");
      if (name.text === "wide" || name.text === "low") {
        subject = name.text === "wide" ? subject.wide : subject.low;
        continue;
      }
      if (!comparisons.includes(name.text))
        this.#tokens.complain(`arg has no ${name.text}`, name, didYouMean(name.text, [...comparisons, "wide", "low"]), "policy-name");
      this.#tokens.expect('"("', "(");
      const values = [...this.#tokens.list(() => this.#number(), ",", ")", { trailing: true })];
      const compare = subject[name.text as "in"] as (this: Arg, ...values: bigint[]) => ArgCondition;
      return this.#at(name, () => compare.apply(subject, values));
    }
  }

  /** `0x10 | CLONE.NEWUSER`, `-100`, `~1` */
  #number(): bigint {
    let value = this.#single();
    while (this.#tokens.take("|")) value |= this.#single();
    return value;
  }
  #single(): bigint {
    if (this.#tokens.take("-")) return this.#tokens.nested(() => -this.#single());
    if (this.#tokens.take("~")) return this.#tokens.nested(() => ~this.#single());
    const token = this.#tokens.expect("a number or a constant such as AF.UNIX", "number", "word");
    if (token.kind === "number") return BigInt(token.text.replace(/_|n$/g, ""));
    const family = Object.hasOwn(families, token.text) ? families[token.text] : undefined;
    if (!family)
      return this.#tokens.complain(
        `${token.text} is not read`,
        token,
        didYouMean(token.text, Object.keys(families)) ?? READ,
        "policy-name",
      );
    this.#tokens.expect('"."', ".");
    const name = this.#tokens.expect("a constant", "word");
    const value = Object.hasOwn(family, name.text) ? family[name.text] : undefined;
    if (value === undefined)
      return this.#tokens.complain(`${token.text} has no ${name.text}`, name, didYouMean(name.text, Object.keys(family)), "policy-name");
    return BigInt(value);
  }
}

/** True if a text looks like a module with a policy. */
export const looksTypeScript = (text: string): boolean => /\bpolicy\(\{/.test(text) && /"trapgate\/policy"|'trapgate\/policy'/.test(text);

/** Throws a Problem. */
export const readTypeScript = (source: Source): { readonly typed: TypedPolicy; readonly places: Places } => {
  const reader = new Reader(source);
  return { typed: reader.module(), places: reader.places };
};
