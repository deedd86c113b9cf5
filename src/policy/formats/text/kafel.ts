// kafel's policies for x86-64: README.md, src/parser.y, src/codegen.c. An argument of 32 bits is compared in
// 32 bits, unless the number needs more.
import { x64 } from "../../../abi/abi.ts";
import { didYouMean } from "../../../nearest.ts";
import {
  type Action,
  type Bits,
  type Diagram,
  diagramOfRoot,
  type Node,
  Nodes,
  returnValue,
  select,
  TRUE,
  upstream,
  Words,
} from "../../../seccomp/index.ts";
import type { Place, Source } from "../../input/source.ts";
import { knownNames, numberOf } from "../../names.ts";
import type { Places } from "../../profile.ts";
import { type KafelArgument, kafelArguments, renamed } from "./kafel-arguments.ts";
import { type Grammar, type Token, Tokens } from "./tokens.ts";

const grammar: Grammar = [
  ["_comment", /\/\/[^\n]*|\/\*[\s\S]*?\*\//],
  ["_blank", /\s+/],
  ["include", /#\s*include\b[^\n;]*/],
  ["define", /#\s*define\b/],
  ["number", /0x[0-9a-fA-F]+|0b[01]+|-?\d+/],
  ["word", /[A-Za-z]\w*/],
  ["sign", /\|\||&&|==|!=|<=|>=|[&|<>,!(){}[\]]/],
];
/** Those that take a number are followed by it in parentheses. */
const actions: Readonly<Record<string, { readonly action: Action; readonly data?: boolean }>> = {
  ALLOW: { action: "allow" },
  LOG: { action: "log" },
  KILL: { action: "kill_thread" },
  KILL_THREAD: { action: "kill_thread" },
  DENY: { action: "kill_thread" },
  KILL_PROCESS: { action: "kill_process" },
  USER_NOTIF: { action: "user_notif" },
  ERRNO: { action: "errno", data: true },
  TRAP: { action: "trap", data: true },
  TRACE: { action: "trace", data: true },
};
const native = ["x86_64", "amd64"];
const architectures = [...native, ..."x86 i386 arm aarch64 arm64 mips mipso32 mips64 riscv64 rv64 m68k".split(" ")];
const KILL_THREAD = 0;
const MAX64 = (1n << 64n) - 1n;
const MAX_DATA = 0xffff;

/** A policy by its name: its rules are shared, not copied. */
interface Use {
  readonly use: string;
}
interface Rule {
  readonly place: Place;
  readonly number: number;
  readonly condition: Node;
  readonly action: number;
}
/** An expression: a condition, or two words of which the upper one counts if it is wide. */
type Term = { readonly node: Node } | { readonly lo: Bits; readonly hi: Bits; readonly wide: boolean };
type Value = Exclude<Term, { readonly node: Node }>;

class Reader {
  readonly #tokens: Tokens;
  readonly #words: Words;
  readonly #constants = new Map<string, bigint>();
  readonly #policies = new Map<string, readonly (Rule | Use)[]>();
  #rules: readonly Rule[] = [];
  #read = 0;
  readonly #source: Source;
  #default: number | undefined;
  #arguments: readonly KafelArgument[] = [];

  constructor(source: Source, nodes: Nodes) {
    this.#source = source;
    this.#tokens = new Tokens(source, grammar);
    this.#words = new Words(nodes);
  }

  get places(): Places {
    return { ofCall: (number, abi) => this.#rules.filter((rule) => abi === x64 && rule.number === number).map(({ place }) => place) };
  }
  root(): Node {
    const { nodes } = this.#words;
    const entries: (Rule | Use)[] = [];
    while (this.#tokens.next) for (const entry of this.#statement()) entries.push(entry);
    const rules = (this.#rules = this.#flat(entries));
    const otherwise = nodes.terminal(this.#default ?? KILL_THREAD);
    const byNumber = new Map<number, Node>();
    for (const { number, condition, action, place } of rules.toReversed()) {
      const choose = (): Node => nodes.choose(condition, nodes.terminal(action), byNumber.get(number) ?? otherwise);
      byNumber.set(number, this.#within(place, choose));
    }
    const all = select(nodes, "sys_number", byNumber, otherwise);
    return select(nodes, "arch", new Map([[x64.auditArch, all]]), nodes.terminal(KILL_THREAD));
  }

  /** A step of a rule: the message about used-up limits has its place. */
  #within<T>(place: Place, step: () => T): T {
    return this.#source.at(place, step, this.#read);
  }
  /**
   * The rules in their order. The first rule that matches decides, so a policy that was used before adds
   * nothing: it is passed over, and the rules are as many as the text has.
   */
  #flat(entries: readonly (Rule | Use)[]): readonly Rule[] {
    const rules: Rule[] = [];
    const used = new Set<string>();
    const left = [entries[Symbol.iterator]()];
    for (let last = left.at(-1); last; last = left.at(-1)) {
      const { value, done } = last.next();
      if (done) left.pop();
      else if (!("use" in value)) rules.push(value);
      else if (!used.has(value.use)) {
        used.add(value.use);
        left.push((this.#policies.get(value.use) ?? [])[Symbol.iterator]());
      }
    }
    return rules;
  }

  #statement(): readonly (Rule | Use)[] {
    const include = this.#tokens.take("include");
    if (include) this.#tokens.complain("other files are not read", include, "put the policies of the file here", "policy-kept-out");
    if (this.#tokens.take("define")) this.#define();
    else if (this.#tokens.take("POLICY")) this.#policy();
    else if (this.#tokens.next?.text === "DEFAULT") {
      const start = this.#tokens.expect("", "DEFAULT");
      if (this.#default !== undefined) this.#tokens.complain("there is a default action already", start);
      this.#default = this.#action();
    } else {
      const rules = [...this.#entry()];
      while (this.#tokens.take(",")) for (const entry of this.#entry()) rules.push(entry);
      return rules;
    }
    return [];
  }
  #define(): void {
    const name = this.#tokens.expect("the name of a constant", "word");
    const value = this.#number();
    const there = this.#constants.get(name.text);
    if (there !== undefined && there !== value) this.#tokens.complain(`${name.text} is another number already: ${there}`, name);
    this.#constants.set(name.text, value);
  }
  #policy(): void {
    const name = this.#tokens.expect("the name of a policy", "word");
    if (this.#policies.has(name.text)) this.#tokens.complain(`there is a policy ${name.text} already`, name);
    this.#tokens.expect('"{"', "{");
    this.#policies.set(name.text, this.#tokens.list(() => this.#entry(), ",", "}").flat());
  }
  /** `USE policy`, or `ALLOW { … }`. */
  #entry(): readonly (Rule | Use)[] {
    if (this.#tokens.take("USE")) {
      const name = this.#tokens.expect("the name of a policy", "word");
      if (!this.#policies.has(name.text))
        this.#tokens.complain(`there is no policy ${name.text} above`, name, didYouMean(name.text, this.#policies.keys()), "policy-name");
      return [{ use: name.text }];
    }
    const action = this.#action();
    this.#tokens.expect('"{"', "{");
    return this.#tokens.list(() => this.#rule(action), ",", "}").flat();
  }
  #action(): number {
    const token = this.#tokens.expect("an action such as ALLOW", "word");
    const found = Object.hasOwn(actions, token.text) ? actions[token.text] : undefined;
    if (!found)
      this.#tokens.complain(
        `there is no action ${token.text}`,
        token,
        didYouMean(token.text, [...Object.keys(actions), "USE"]),
        "policy-name",
      );
    let data = 0;
    if (found.data) {
      this.#tokens.expect('"("', "(");
      const place = this.#tokens.next;
      data = Number(this.#number());
      if (data > MAX_DATA) this.#tokens.complain(`this number is above ${MAX_DATA}`, place);
      this.#tokens.expect('")"', ")");
    }
    return returnValue(upstream.returns, found.action, data) as number;
  }

  /** `name(arguments) ON arch { condition, condition }` */
  #rule(action: number): readonly Rule[] {
    const { number, known, place } = this.#call();
    if (this.#tokens.take("(")) {
      this.#arguments = this.#tokens.list(
        () => ({ name: this.#tokens.expect("the name of an argument", "word").text, wide: true }),
        ",",
        ")",
      );
      if (this.#arguments.length > 6) this.#tokens.complain("a system call has six arguments", place);
    } else this.#arguments = known;
    const here = !this.#tokens.take("ON") || this.#isHere();
    let condition: Node = TRUE;
    if (this.#tokens.take("{") && !this.#tokens.take("}")) {
      condition = this.#within(place, () => this.#condition());
      this.#tokens.expect('"}"', "}");
    }
    this.#read++;
    if (!here) return [];
    return [{ place, number: number ?? this.#unknown(place), condition, action }];
  }
  #call(): { readonly number: number | undefined; readonly known: readonly KafelArgument[]; readonly place: Token } {
    const place = this.#tokens.expect("a system call", "word");
    if (place.text === "SYSCALL" && this.#tokens.take("[")) {
      const number = Number(this.#number() & 0xffff_ffffn);
      this.#tokens.expect('"]"', "]");
      return { number, known: [], place };
    }
    const constant = this.#constants.get(place.text);
    if (constant !== undefined) return { number: Number(constant & 0xffff_ffffn), known: [], place };
    const name = Object.hasOwn(renamed, place.text) ? (renamed[place.text] as string) : place.text;
    if (name === place.text && Object.values(renamed).includes(name)) return { number: undefined, known: [], place };
    return { number: numberOf(name, x64), known: kafelArguments(name) ?? [], place };
  }
  #unknown(place: Token): never {
    const other = Object.keys(renamed).find((name) => renamed[name] === place.text);
    const help = other === undefined ? didYouMean(place.text, knownNames()) : `kafel's name of it is ${other}`;
    this.#tokens.complain(`x86-64 has no system call "${place.text}"`, place, help, "policy-call");
  }
  #isHere(): boolean {
    const names = this.#tokens.take("{")
      ? this.#tokens.list(() => this.#tokens.expect("an architecture", "word"), ",", "}")
      : [this.#tokens.expect("an architecture", "word")];
    for (const name of names) {
      if (!architectures.includes(name.text))
        this.#tokens.complain(`there is no architecture ${name.text}`, name, didYouMean(name.text, architectures), "policy-name");
    }
    return names.some(({ text }) => native.includes(text));
  }

  #number(): bigint {
    const token = this.#tokens.expect("a number", "number");
    const { text } = token;
    const octal = /^0\d/.test(text);
    if (octal && !/^[0-7]+$/.test(text)) this.#tokens.complain("this is no octal number", token);
    const value = octal ? BigInt(`0o${text}`) : text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
    if (value > MAX64 || value < -MAX64) this.#tokens.complain("this number does not fit 64 bits", token);
    return BigInt.asUintN(64, value);
  }

  /** A comma is an "or" that binds weakest. */
  #condition(): Node {
    const place = this.#tokens.next;
    return this.#isTrue(this.#any(), place);
  }
  #isTrue(term: Term, place: Place | undefined): Node {
    return "node" in term ? term.node : this.#tokens.complain("this is no comparison", place);
  }
  #isValue(term: Term, place: Place | undefined): Value {
    return "node" in term ? this.#tokens.complain("this is no number", place) : term;
  }
  #joined(operators: readonly string[], part: () => Term, join: (a: Node, b: Node) => Node): Term {
    const place = this.#tokens.next;
    let term = part();
    while (this.#tokens.take(...operators)) {
      const after = this.#tokens.next;
      term = { node: join(this.#isTrue(term, place), this.#isTrue(part(), after)) };
    }
    return term;
  }
  #any(): Term {
    const { nodes } = this.#words;
    return this.#joined(
      [","],
      () => this.#joined(["||"], () => this.#joined(["&&"], () => this.#comparison(), nodes.and.bind(nodes)), nodes.or.bind(nodes)),
      nodes.or.bind(nodes),
    );
  }
  #comparison(): Term {
    const { nodes } = this.#words;
    const place = this.#tokens.next;
    if (this.#tokens.take("!")) {
      const after = this.#tokens.next;
      return this.#tokens.nested(() => ({ node: nodes.not(this.#isTrue(this.#comparison(), after)) }));
    }
    const left = this.#bits();
    const operator = this.#tokens.take("==", "!=", "<", "<=", ">", ">=")?.text;
    if (operator === undefined) return left;
    const after = this.#tokens.next;
    return { node: this.#compare(operator, this.#isValue(left, place), this.#isValue(this.#bits(), after)) };
  }
  #compare(operator: string, a: Value, b: Value): Node {
    const { nodes } = this.#words;
    const wide = a.wide || b.wide;
    const same = wide ? this.#words.equal(a.hi, b.hi) : TRUE;
    const equal = nodes.and(same, this.#words.equal(a.lo, b.lo));
    const above = (): Node => {
      const low = nodes.and(same, this.#words.greater(a.lo, b.lo));
      return wide ? nodes.or(this.#words.greater(a.hi, b.hi), low) : low;
    };
    const results: Readonly<Record<string, () => Node>> = {
      "==": () => equal,
      "!=": () => nodes.not(equal),
      ">": above,
      "<=": () => nodes.not(above()),
      ">=": () => nodes.or(above(), equal),
      "<": () => nodes.not(nodes.or(above(), equal)),
    };
    return (results[operator] as () => Node)();
  }
  #bits(): Term {
    return this.#combined(
      "|",
      () => this.#combined("&", () => this.#operand(), this.#words.and.bind(this.#words)),
      this.#words.or.bind(this.#words),
    );
  }
  #combined(operator: string, part: () => Term, combine: (a: Bits, b: Bits) => Bits): Term {
    const place = this.#tokens.next;
    let term = part();
    while (this.#tokens.take(operator)) {
      const after = this.#tokens.next;
      const [a, b] = [this.#isValue(term, place), this.#isValue(part(), after)];
      term = { lo: combine(a.lo, b.lo), hi: combine(a.hi, b.hi), wide: a.wide || b.wide };
    }
    return term;
  }
  #operand(): Term {
    if (this.#tokens.take("(")) {
      return this.#tokens.nested(() => {
        const inner = this.#any();
        this.#tokens.expect('")"', ")");
        return inner;
      });
    }
    if (this.#tokens.next?.kind === "number") return this.#literal(this.#number());
    const token = this.#tokens.expect("an argument, a number or a constant", "word");
    const constant = this.#constants.get(token.text);
    if (constant !== undefined) return this.#literal(constant);
    const index = this.#arguments.findIndex(({ name }) => name === token.text);
    const known = this.#arguments.map(({ name }) => name);
    if (index < 0) {
      const help =
        didYouMean(token.text, [...known, ...this.#constants.keys()]) ?? (known.length > 0 ? `there are ${known.join(", ")}` : undefined);
      this.#tokens.complain(`there is no argument or constant ${token.text} here`, token, help, "policy-name");
    }
    const at = index as 0;
    return { lo: this.#words.input(`args[${at}].lo`), hi: this.#words.input(`args[${at}].hi`), wide: this.#arguments[index]?.wide ?? true };
  }
  #literal(value: bigint): Term {
    const half = (n: bigint): Bits => this.#words.constant(Number(n & 0xffff_ffffn));
    return { lo: half(value), hi: half(value >> 32n), wide: value > 0xffff_ffffn };
  }
}

/** True if a text looks like a kafel policy. */
export const looksKafel = (text: string): boolean => {
  if (/\bPOLICY\s+\w+\s*\{|\b(ALLOW|LOG|DENY|KILL|KILL_PROCESS|KILL_THREAD|USER_NOTIF)\s*\{/.test(text)) return true;
  if (/\b(ERRNO|TRAP|TRACE)\s*\(\s*\w+\s*\)\s*\{/.test(text)) return true;
  const use = text.search(/\bUSE\s+\w/);
  return use >= 0 && /\bDEFAULT\s+[A-Z]/.test(text.slice(use));
};

/** Throws a Problem. */
export const readKafel = (source: Source, nodes = new Nodes()): { readonly diagram: Diagram; readonly places: Places } => {
  const reader = new Reader(source, nodes);
  return { diagram: diagramOfRoot(nodes, reader.root()), places: reader.places };
};
