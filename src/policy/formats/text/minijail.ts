// Minijail's policies for x86-64, as its tools/compile_seccomp_policy.py makes filters of them: minijail0(5),
// tools/parser.py, compiler.py.
import { x64 } from "../../../abi/abi.ts";
import { didYouMean } from "../../../nearest.ts";
import {
  type Action,
  type Diagram,
  diagramOfRoot,
  FALSE,
  type Node,
  Nodes,
  returnValue,
  select,
  TRUE,
  upstream,
  Words,
} from "../../../seccomp/index.ts";
import { type ArgIndex, arg } from "../../arg.ts";
import type { Place, Source } from "../../input/source.ts";
import { namedNumber, numberNames } from "../../named.ts";
import { knownNames, numberOf } from "../../names.ts";
import type { Places, Warning } from "../../profile.ts";
import { type Grammar, type Token, Tokens } from "./tokens.ts";

const grammar: Grammar = [
  ["_comment", /#[^\n]*/],
  ["_continued", /\\[ \t]*\r?\n/],
  ["line", /\r?\n/],
  ["_blank", /[ \t\r]+/],
  ["directive", /@\w+/],
  ["path", /\.?\/\S+/],
  ["number", /-?(?:0[xX][0-9a-fA-F]+|\d+)\b/],
  ["sign", /\|\||&&|==|!=|<=|>=|[&|<>=~:;,(){}[\]!]/],
  ["argument", /arg\d+\b/],
  // Names with a hyphen are actions, and groups with an @ stand in a file of the target.
  ["word", /[A-Za-z_][\w@-]*/],
];
/** A rule of a call, roughly. */
const FILTER_BYTES = 100;
const MAX64 = (1n << 64n) - 1n;
const ERRNO_EPERM = 0x0005_0001;

const value = (action: Action, data = 0): number => returnValue(upstream.returns, action, data) as number;
const actions: Readonly<Record<string, number>> = {
  allow: value("allow"),
  kill: value("kill_thread"),
  "kill-process": value("kill_process"),
  "kill-thread": value("kill_thread"),
  trap: value("trap"),
  trace: value("trace"),
  log: value("log"),
  "user-notify": value("user_notif"),
};
const restrictive = ["kill-process", "kill-thread", "kill", "trap", "user-notify"];

/** One rule of a call: without a condition it is the last one. */
interface Filter {
  readonly condition: Node | undefined;
  readonly action: number;
  readonly place: Place;
}

class Reader {
  readonly warnings: Warning[] = [];
  readonly #tokens: Tokens;
  readonly #words: Words;
  readonly #calls = new Map<number, Filter[]>();
  readonly #source: Source;
  #read = 0;
  #deny = false;
  #default: number | undefined;

  constructor(source: Source, nodes: Nodes) {
    this.#source = source;
    this.#tokens = new Tokens(source, grammar);
    this.#words = new Words(nodes);
  }

  get places(): Places {
    return { ofCall: (number, abi) => (abi === x64 ? (this.#calls.get(number) ?? []).map(({ place }) => place) : []) };
  }
  #isEnd(): boolean {
    return !this.#tokens.next || this.#tokens.next.kind === "line";
  }
  root(): Node {
    const { nodes } = this.#words;
    while (this.#tokens.next) {
      if (this.#tokens.take("line")) continue;
      if (this.#tokens.next.kind === "directive") this.#directive(this.#tokens.expect("", "directive"));
      else this.#statement();
      if (!this.#isEnd()) this.#tokens.complain("here the line must end");
    }
    const otherwise = this.#default ?? (this.#deny ? actions["allow"] : actions["kill"]) ?? 0;
    const byNumber = new Map<number, Node>();
    for (const [number, filters] of this.#calls) {
      const node = this.#effective(filters).reduceRight<Node>(
        (rest, { condition, action, place }) => this.#within(place, () => nodes.choose(condition ?? TRUE, nodes.terminal(action), rest)),
        nodes.terminal(otherwise),
      );
      byNumber.set(number, node);
    }
    const all = select(nodes, "sys_number", byNumber, nodes.terminal(otherwise));
    const otherArch = nodes.terminal(this.#deny ? ERRNO_EPERM : (actions["kill"] as number));
    return select(nodes, "arch", new Map([[x64.auditArch, all]]), otherArch);
  }

  /** compile_filter_statement(): a call that is allowed in the end is allowed at once. */
  #effective(filters: readonly Filter[]): readonly Filter[] {
    const last = filters.at(-1) as Filter;
    if (this.#deny || filters.length === 1 || last.condition !== undefined || last.action !== actions["allow"]) return filters;
    this.warnings.push({ message: "minijail's compiler allows this call outright: the rules before do nothing", place: last.place });
    return [last];
  }

  #directive(token: Token): void {
    if (token.text === "@denylist") {
      this.#deny = true;
      return;
    }
    if (token.text === "@default") {
      const action = this.#tokens.expect("an action", "word");
      if (!restrictive.includes(action.text)) {
        const help = didYouMean(action.text, restrictive) ?? `there are ${restrictive.join(", ")}`;
        this.#tokens.complain(`${action.text} is no default action`, action, help, "policy-name");
      }
      this.#default = actions[action.text];
      return;
    }
    const path = this.#tokens.take("path", "word");
    if (token.text === "@frequency" && path) return;
    if (token.text === "@include") {
      const help = "put its lines here: for each call the rules of all files hold in their order";
      this.#tokens.complain(`${path?.text ?? "a file"} is not read`, path ?? token, help, "policy-kept-out");
    }
    this.#tokens.complain(
      `there is no ${token.text}`,
      token,
      didYouMean(token.text, ["@default", "@denylist", "@frequency", "@include"]),
      "policy-name",
    );
  }

  /** `name: filter`, `{name, name[arch=x86_64]}: {filter, filter}` */
  #statement(): void {
    const numbers = this.#tokens.take("{") ? this.#tokens.list(() => this.#descriptor(), ",", "}").flat() : this.#descriptor();
    const colon = this.#tokens.expect('":"', ":");
    const filters = this.#tokens.take("{") ? this.#tokens.list(() => this.#filter(), ",", "}") : [this.#filter()];
    for (const number of numbers) {
      const list = this.#calls.get(number) ?? [];
      this.#calls.set(number, list);
      for (const filter of filters) {
        const last = list.at(-1);
        if (last && last.condition === undefined)
          this.#tokens.complain("an earlier rule of this call holds for all arguments already", colon);
        this.#source.budget.spend(FILTER_BYTES);
        list.push(filter);
      }
    }
  }
  /** The number of a call; none if the rule is for another architecture. */
  #descriptor(): readonly number[] {
    const name = this.#tokens.expect("a system call", "word");
    const here = !this.#tokens.take("[") || this.#tokens.list(() => this.#metadata(), ";", "]").every(Boolean);
    if (!here) return [];
    if (name.text.includes("@"))
      this.#tokens.complain("groups are not known here", name, "minijail has them in constants.json of the target", "policy-kept-out");
    const number = numberOf(name.text, x64);
    if (number === undefined)
      this.#tokens.complain(`x86-64 has no system call "${name.text}"`, name, didYouMean(name.text, knownNames()), "policy-call");
    return [number];
  }
  #metadata(): boolean {
    const key = this.#tokens.expect("a key", "word");
    this.#tokens.expect('"="', "=");
    const values = [this.#tokens.expect("a value", "word").text];
    while (this.#tokens.take(",")) values.push(this.#tokens.expect("a value", "word").text);
    return key.text !== "arch" || values.includes("x86_64");
  }

  /** A step of a rule: the message about used-up limits has its place. */
  #within<T>(place: Place, step: () => T): T {
    return this.#source.at(place, step, this.#read);
  }
  #filter(): Filter {
    const place = this.#tokens.next ?? { from: 0, to: 0 };
    const read = this.#conditional(place);
    this.#read++;
    return read;
  }
  #conditional(place: Place): Filter {
    if (this.#tokens.next?.kind !== "argument") return { condition: undefined, action: this.#action(), place };
    const condition = this.#within(place, () => this.#disjunction());
    return { condition, place, action: this.#tokens.take(";") ? this.#action() : (actions["allow"] as number) };
  }
  #action(): number {
    const token = this.#tokens.expect("an action, or a condition such as arg0 == 1", "word", "number");
    if (token.text === "return") {
      const number = this.#single();
      return value("errno", Number(number & 0xffffn));
    }
    if (this.#deny) this.#tokens.complain("rules of a deny list say which error is returned", token, "such as return EPERM");
    if (token.text === "1") return actions["allow"] as number;
    const action = Object.hasOwn(actions, token.text) ? actions[token.text] : undefined;
    return (
      action ??
      this.#tokens.complain(
        `there is no action ${token.text}`,
        token,
        didYouMean(token.text, [...Object.keys(actions), "return"]),
        "policy-name",
      )
    );
  }
  #disjunction(): Node {
    const { nodes } = this.#words;
    let any: Node = FALSE;
    do {
      let all: Node = TRUE;
      do all = nodes.and(all, this.#atom());
      while (this.#tokens.take("&&"));
      any = nodes.or(any, all);
    } while (this.#tokens.take("||"));
    return any;
  }
  #atom(): Node {
    const argument = this.#tokens.expect("an argument such as arg0", "argument");
    const index = Number(argument.text.slice(3));
    if (index > 5) this.#tokens.complain("a system call has six arguments, arg0 to arg5", argument);
    const operator = this.#tokens.expect("a comparison: ==, !=, <, <=, >, >=, &, in", "==", "!=", "<", "<=", ">", ">=", "&", "in").text;
    const number = this.#value();
    const a = arg(index as ArgIndex);
    const { nodes } = this.#words;
    const node = (condition: ReturnType<typeof a.eq>): Node => condition.node(this.#words, 64);
    switch (operator) {
      case "==":
        return node(a.eq(number));
      case "!=":
        return node(a.ne(number));
      case "<":
        return node(a.lt(number));
      case "<=":
        return node(a.le(number));
      case ">":
        return node(a.gt(number));
      case ">=":
        return node(a.ge(number));
      case "in":
        return node(a.only(number));
      default:
        return nodes.not(node(a.hasNone(number)));
    }
  }

  #value(): bigint {
    let all = this.#constant();
    while (this.#tokens.take("|")) all |= this.#constant();
    return all;
  }
  #constant(): bigint {
    const inverted = this.#tokens.take("~") !== undefined;
    let number: bigint;
    if (this.#tokens.take("(")) {
      number = this.#tokens.nested(() => this.#value());
      this.#tokens.expect('")"', ")");
    } else number = this.#single();
    return inverted ? ~number & MAX64 : number;
  }
  #single(): bigint {
    const token = this.#tokens.expect("a number or its name", "number", "word");
    if (token.kind === "number") {
      const digits = token.text.replace("-", "");
      const plain = /^0\d/.test(digits) ? (/^[0-7]+$/.test(digits) ? BigInt(`0o${digits}`) : undefined) : BigInt(digits);
      if (plain === undefined) this.#tokens.complain("this is no octal number", token);
      const number = token.text.startsWith("-") ? -plain : plain;
      if (number > MAX64 || number < -(1n << 63n)) this.#tokens.complain("this number does not fit 64 bits", token);
      return BigInt.asUintN(64, number);
    }
    const help = didYouMean(token.text, numberNames()) ?? "write it as a number";
    return namedNumber(token.text) ?? this.#tokens.complain(`the constant ${token.text} is not known here`, token, help, "policy-name");
  }
}

const RULE =
  /^(@(include|default|frequency|denylist)\b.*|(\{[^}]*\}|\w+(\[[^\]]*\])?)\s*:\s*(\{|1\b|arg\d|allow\b|kill\b|kill-|trap\b|trace\b|log\b|user-notify\b|return\s+(?!ALLOW|KILL|ERRNO|TRAP|TRACE|LOG|USER_NOTIF)).*)$/;
/** True if a text looks like a minijail policy. */
export const looksMinijail = (text: string): boolean => {
  const lines = text
    .replace(/#[^\n]*/g, "")
    .replace(/\\[ \t]*\r?\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.length > 0 && RULE.test(lines[0] as string) && lines.filter((line) => RULE.test(line)).length * 2 > lines.length;
};

/** Throws a Problem. */
export const readMinijail = (
  source: Source,
  nodes = new Nodes(),
): { readonly diagram: Diagram; readonly warnings: readonly Warning[]; readonly places: Places } => {
  const reader = new Reader(source, nodes);
  return { diagram: diagramOfRoot(nodes, reader.root()), warnings: reader.warnings, places: reader.places };
};
