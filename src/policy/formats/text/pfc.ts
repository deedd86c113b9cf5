// libseccomp's pseudo filter code, the output of seccomp_export_pfc(3). libseccomp src/gen_pfc.c.
import { X32_BIT, x32, x64 } from "../../../abi/abi.ts";
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
  upstream,
  type Word,
  Words,
} from "../../../seccomp/index.ts";
import type { Source } from "../../input/source.ts";
import { numberOf } from "../../names.ts";
import type { Places } from "../../profile.ts";
import { type Grammar, type Token, Tokens } from "./tokens.ts";

const grammar: Grammar = [
  // The only place that tells x32 from x86-64.
  ["filter", /# filter for arch \w+ \(\d+\)/],
  ["_comment", /#[^\n]*/],
  ["_blank", /\s+/],
  ["number", /0x[0-9a-fA-F]+|\d+/],
  ["variable", /\$\w+(?:\.(?:hi|lo)32)?/],
  ["sign", /==|>=|[>&();]/],
  ["word", /[A-Za-z_]\w*/],
];
const ALL = 0xffff_ffff;
const FIRST_NEGATIVE = 0x8000_0000;
const LITTLE_ENDIAN = 0x4000_0000;
const actions: Readonly<Record<string, Action>> = {
  ALLOW: "allow",
  LOG: "log",
  KILL: "kill_thread",
  KILL_PROCESS: "kill_process",
  TRAP: "trap",
  ERRNO: "errno",
  TRACE: "trace",
};

/** Gives a verdict, or goes on with the node. */
type Block = (next: Node) => Node;
const inOrder =
  (blocks: readonly Block[]): Block =>
  (next) =>
    blocks.reduceRight((behind, block) => block(behind), next);

class Reader {
  readonly #tokens: Tokens;
  readonly #words: Words;
  readonly #source: Source;
  constructor(source: Source, nodes: Nodes) {
    this.#source = source;
    this.#tokens = new Tokens(source, grammar);
    this.#words = new Words(nodes);
  }

  /** _gen_bpf_arch(): the tests of x32's bit are not in the pseudo code. */
  root(): Node {
    const { nodes } = this.#words;
    const filters: { readonly name: string; readonly arch: number; readonly block: Block }[] = [];
    while (this.#tokens.next?.kind === "filter") {
      const token = this.#tokens.expect("", "filter");
      const [, name, number] = /arch (\w+) \((\d+)\)/.exec(token.text) as unknown as [string, string, string];
      const arch = Number(number);
      if (!(arch & LITTLE_ENDIAN))
        this.#tokens.complain(`${name} keeps arguments in another order`, token, "only filters of little-endian processors are read");
      filters.push({ name, arch, block: this.#architecture(arch) });
    }
    if (filters.length === 0) this.#tokens.complain('here must be "# filter for arch"');
    const bad = nodes.terminal(this.#action());
    if (this.#tokens.next) this.#tokens.complain("here the filter must end");
    const byArch = new Map<number, Node>();
    for (const { arch, block } of filters) if (arch !== x64.auditArch) byArch.set(arch, block(bad));
    const [of64, ofX32] = ["x86_64", x32.name].map((name) => filters.find((filter) => filter.name === name)?.block(bad));
    if (of64 !== undefined || ofX32 !== undefined) byArch.set(x64.auditArch, this.#both(of64, ofX32, bad));
    return select(nodes, "arch", byArch, bad);
  }
  /** A tracer sets the number to -1 to skip a call. */
  #both(of64: Node | undefined, ofX32: Node | undefined, bad: Node): Node {
    const { nodes } = this.#words;
    const number = this.#words.input("sys_number");
    const isX32 = this.#words.atLeast(number, this.#words.constant(X32_BIT));
    const skipped = this.#words.equal(number, this.#words.constant(ALL));
    if (of64 === undefined) return nodes.choose(isX32, ofX32 as Node, bad);
    if (ofX32 === undefined) return nodes.choose(nodes.and(isX32, nodes.not(skipped)), bad, of64);
    return nodes.choose(isX32, ofX32, of64);
  }
  #architecture(arch: number): Block {
    const start = this.#tokens.next;
    this.#tokens.expect('"if ($arch == …)"', "if");
    this.#tokens.expect('"("', "(");
    this.#tokens.expect("$arch", "$arch");
    this.#tokens.expect('"=="', "==");
    const number = this.#tokens.next;
    if (this.#number() !== arch) this.#tokens.complain("this is another architecture than the line above says", number);
    this.#tokens.expect('")"', ")");
    return this.#body(this.#columnOf(start as Token));
  }

  #columnOf({ from }: Token): number {
    return from - this.#source.text.lastIndexOf("\n", from);
  }
  /** Statements that stand further to the right. */
  #body(column: number): Block {
    const blocks: Block[] = [];
    for (let next = this.#tokens.next; next && next.kind !== "filter" && this.#columnOf(next) > column; next = this.#tokens.next) {
      blocks.push(next.text === "action" ? this.#verdict() : this.#if(next));
    }
    return inOrder(blocks);
  }
  #verdict(): Block {
    const node = this.#words.nodes.terminal(this.#action());
    return () => node;
  }
  #if(start: Token): Block {
    const column = this.#columnOf(start);
    this.#tokens.expect('"if" or "action"', "if");
    this.#tokens.expect('"("', "(");
    const condition = this.#condition();
    this.#tokens.expect('")"', ")");
    const yes = this.#tokens.nested(() => this.#body(column));
    const next = this.#tokens.next;
    const no =
      next?.text === "else" && this.#columnOf(next) === column && this.#tokens.take("else")
        ? this.#tokens.nested(() => this.#body(column))
        : inOrder([]);
    return (behind) => this.#words.nodes.choose(condition, yes(behind), no(behind));
  }
  #condition(): Node {
    const word = this.#word(this.#tokens.expect("a variable such as $syscall", "variable"));
    const mask = this.#tokens.take("&") ? this.#number() : ALL;
    const operator = this.#tokens.expect("a comparison: ==, >=, >", "==", ">=", ">").text;
    const bits = this.#words.and(this.#words.input(word), this.#words.constant(mask));
    const number = this.#number();
    // Calls that the architecture lacks have negative numbers in libseccomp, and no place in its filters.
    if (word === "sys_number" && operator === "==" && number > FIRST_NEGATIVE && number !== ALL) return FALSE;
    const constant = this.#words.constant(number);
    if (operator === "==") return this.#words.equal(bits, constant);
    return operator === ">=" ? this.#words.atLeast(bits, constant) : this.#words.greater(bits, constant);
  }
  #word(token: Token): Word {
    if (token.text === "$syscall") return "sys_number";
    const [, index, half] = /^\$a([0-5])(?:\.(hi|lo)32)?$/.exec(token.text) ?? [];
    if (index === undefined)
      this.#tokens.complain(
        `there is no variable ${token.text}`,
        token,
        "there are $syscall, $a0 to $a5, $a0.hi32, $a0.lo32",
        "policy-name",
      );
    return `args[${Number(index) as 0}].${half === "hi" ? "hi" : "lo"}`;
  }
  #number(): number {
    const token = this.#tokens.expect("a number", "number");
    const value = Number(token.text);
    if (value > ALL) this.#tokens.complain("this number does not fit 32 bits", token);
    return value;
  }
  /** `action ERRNO(1);`; those that libseccomp has no name for are numbers. */
  #action(): number {
    this.#tokens.expect('"action"', "action");
    const token = this.#tokens.expect("an action", "word", "number");
    const action = Object.hasOwn(actions, token.text) ? actions[token.text] : undefined;
    const value = token.kind === "number" ? Number(token.text) : undefined;
    if (!action && value === undefined)
      this.#tokens.complain(`there is no action ${token.text}`, token, didYouMean(token.text, Object.keys(actions)), "policy-name");
    let data = 0;
    if (this.#tokens.take("(")) {
      data = this.#number();
      this.#tokens.expect('")"', ")");
    }
    this.#tokens.expect('";"', ";");
    return value ?? (returnValue(upstream.returns, action as Action, data) as number);
  }
}

/** True if a text looks like libseccomp's pseudo filter code. */
export const looksPfc = (text: string): boolean =>
  /^# pseudo filter code start$/m.test(text) || /^# filter for arch \w+ \(\d+\)$/m.test(text);

/** Where the pseudo code filters a call: the comment above its tests. */
export const pfcPlaces = ({ text }: Source): Places => ({
  ofCall: (number, abi) =>
    [...text.matchAll(/# filter for syscall "([^"]*)" \((-?\d+)\)/g)]
      .filter(([, name, n]) => numberOf(name as string, abi) === number || Number(n) >>> 0 === number)
      .map(({ index, 0: { length } }) => ({ from: index, to: index + length })),
});

/** Throws a Problem. */
export const readPfc = (source: Source, nodes = new Nodes()): Diagram => diagramOfRoot(nodes, new Reader(source, nodes).root());
