// Constant expressions of C, as filters in C sources have them. ISO C 6.6, on unsigned 32-bit words.
import { i386, x64 } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { syscallNumbers } from "../../abi/numbers.ts";
import { didYouMean } from "../../nearest.ts";
import { BPF, upstream } from "../../seccomp/index.ts";
import type { Place, Source } from "../input/source.ts";

const RET_DATA = 0xffff;
const MAX_DEPTH = 200;
const fixed: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(BPF).map(([name, value]) => [`BPF_${name}`, value])),
  ...Object.fromEntries(upstream.returns.actions.map(({ name, value }) => [`SECCOMP_RET_${name}`, value])),
  ...E,
  SECCOMP_RET_KILL: 0,
  SECCOMP_RET_DATA: RET_DATA,
  AUDIT_ARCH_X86_64: x64.auditArch,
  AUDIT_ARCH_I386: i386.auditArch,
  __X32_SYSCALL_BIT: 0x4000_0000,
  X32_SYSCALL_BIT: 0x4000_0000,
};
const constantOf = (name: string): number | undefined => {
  const call = /^(?:__NR_|SYS_|__NR_x86_64_)(\w+)$/.exec(name)?.[1];
  if (call !== undefined) return (syscallNumbers as Readonly<Record<string, readonly (number | null)[]>>)[call]?.[0] ?? undefined;
  return Object.hasOwn(fixed, name) ? fixed[name] : undefined;
};

/** The offset of a member of struct seccomp_data. */
const offsetOf = (member: string): number | undefined => {
  const index = /^args\[(\d)\]$/.exec(member)?.[1];
  if (index !== undefined) return 16 + 8 * Number(index);
  return ({ nr: 0, arch: 4, instruction_pointer: 8 } as Readonly<Record<string, number>>)[member];
};

const TOKEN =
  /\s*(?:(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|(offsetof\s*\(\s*struct\s+seccomp_data\s*,\s*([\w[\]]+)\s*\))|(\(\s*(?:__)?u(?:int)?(?:8|16|32)(?:_t)?\s*\)|\(\s*unsigned(?:\s+int)?\s*\))|([A-Za-z_]\w*)|(<<|>>|[-+*|&^~()]))/y;

/** Binary operators, those that bind weaker first. */
const levels: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { "|": (a, b) => a | b },
  { "^": (a, b) => a ^ b },
  { "&": (a, b) => a & b },
  { "<<": (a, b) => a << b, ">>": (a, b) => a >>> b },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => Math.imul(a, b) },
];

interface Token extends Place {
  readonly sign?: string;
  readonly value?: number;
}

class Expression {
  readonly #source: Source;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  constructor(source: Source, place: Place) {
    this.#source = source;
    this.#tokens = this.#split(place);
  }
  #split({ from, to }: Place): readonly Token[] {
    const tokens: Token[] = [];
    const text = this.#source.text.slice(0, to);
    for (let at = from; text.slice(at).trim() !== ""; at = TOKEN.lastIndex) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
      if (!match)
        throw this.#source.problem(
          { from: start, to: start + 1 },
          "this is no constant expression of C that is known here",
          undefined,
          "policy-syntax",
        );
      const [, number, , member, cast, name, sign] = match;
      const where = { from: start, to: TOKEN.lastIndex };
      if (cast !== undefined) continue;
      if (sign !== undefined) tokens.push({ ...where, sign });
      else tokens.push({ ...where, value: this.#value(number, member, name, where) });
    }
    return tokens;
  }
  #value(number: string | undefined, member: string | undefined, name: string | undefined, where: Place): number {
    if (number !== undefined) return /^0\d/.test(number) ? Number.parseInt(number, 8) : Number(number);
    const value = member === undefined ? constantOf(name as string) : offsetOf(member);
    if (value !== undefined) return value;
    const known = [...Object.keys(fixed), ...Object.keys(syscallNumbers).map((call) => `__NR_${call}`)];
    throw this.#source.problem(where, `${member ?? name} is not known here`, didYouMean(member ?? (name as string), known), "policy-name");
  }
  #complain(message: string): never {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1) ?? { from: 0, to: 1 };
    throw this.#source.problem(token, message, undefined, "policy-syntax");
  }
  value(level = 0): number {
    const operators = levels[level];
    if (!operators) return this.#unary();
    let result = this.value(level + 1);
    for (let token = this.#tokens[this.#at]; token?.sign && operators[token.sign]; token = this.#tokens[this.#at]) {
      this.#at++;
      result = (operators[token.sign] as (a: number, b: number) => number)(result, this.value(level + 1)) >>> 0;
    }
    return level === 0 && this.#at < this.#tokens.length && this.#tokens[this.#at]?.sign !== ")"
      ? this.#complain("an operator is missing here")
      : result;
  }
  #unary(): number {
    if (++this.#depth > MAX_DEPTH) this.#complain(`this is nested more than ${MAX_DEPTH} deep`);
    const value = this.#operand();
    this.#depth--;
    return value;
  }
  #operand(): number {
    const token = this.#tokens[this.#at++];
    if (token?.sign === "~") return ~this.#unary() >>> 0;
    if (token?.sign === "-") return -this.#unary() >>> 0;
    if (token?.sign === "+") return this.#unary();
    if (token?.sign === "(") {
      const inner = this.value();
      if (this.#tokens[this.#at++]?.sign !== ")") this.#complain('")" is missing');
      return inner;
    }
    return token?.value ?? this.#complain("a value is missing here");
  }
}

/** The value of the expression at a place. Throws a Problem. */
export const constantExpression = (source: Source, place: Place): number => new Expression(source, place).value() >>> 0;
