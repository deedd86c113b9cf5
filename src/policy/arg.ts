// Conditions on arguments, for policies in TypeScript.
import { FALSE, type Node, type Word, type Words } from "../seccomp/index.ts";
import { aFunction, aNumber, anything, check, listOf, takes, type Want, wants, wholeNumber } from "../wants.ts";
import { AF, CLONE, PROT, SOCK } from "./constants.ts";

/** Index of an argument, in the order of the call. */
export type ArgIndex = 0 | 1 | 2 | 3 | 4 | 5;
/**
 * Bits of the argument that are compared. auto: as many as the kernel looks at, 32 of an int and 64 of a long
 * or a pointer.
 */
export type Width = 32 | 64 | "auto";

const anIndex = wholeNumber(0, 5);
const aWidth = wants('32, 64 or "auto"', (value) => value === 32 || value === 64 || value === "auto");

/**
 * A condition on one argument, made by a method of `arg(…)`. All comparisons are of unsigned numbers; a
 * negative one stands for its two's complement.
 */
export class ArgCondition {
  readonly index: ArgIndex;
  readonly width: Width;
  /** The condition as a diagram. `bits`: the width that the ABI and the rule leave. */
  readonly node: (words: Words, bits: 32 | 64) => Node;
  constructor(index: ArgIndex, width: Width, node: (words: Words, bits: 32 | 64) => Node) {
    check("new ArgCondition", { index: anIndex, width: aWidth, node: aFunction }, [index, width, node]);
    this.index = index;
    this.width = width;
    this.node = node;
  }
}

type Value = number | bigint;
const ALL32 = 0xffff_ffffn;

const families = { AF, CLONE, PROT, SOCK } as const;
/** `"AF_UNIX"` is written `AF.UNIX` here. */
const aValue: Want = (value, args) => {
  const fault = aNumber(value, args);
  const [, family, name] = (typeof value === "string" && /^(AF|CLONE|PROT|SOCK)_(\w+)$/.exec(value)) || [];
  const known = family !== undefined && name !== undefined && Object.hasOwn(families[family as keyof typeof families], name);
  return fault && { ...fault, help: known ? `write ${family}.${name} of trapgate/policy` : fault.help };
};
const checkValues = (method: string, values: readonly unknown[]): void => {
  for (const value of values) check(`arg(…).${method}`, { value: aValue }, [value]);
};

/**
 * An argument of a system call.
 *
 * @example
 * const family = arg(0);
 * policy({ default: errno("EPERM") }).allow("socket", family.in(AF.UNIX, AF.INET));
 */
export class Arg {
  readonly index: ArgIndex;
  readonly width: Width;
  constructor(index: ArgIndex, width: Width = "auto") {
    check("new Arg", { index: anIndex, width: aWidth }, [index, width]);
    this.index = index;
    this.width = width;
  }
  /** All 64 bits of the register, also of an int: a value with bits above the lower 32 is another one. */
  get wide(): Arg {
    return new Arg(this.index, 64);
  }
  /** The lower 32 bits, also of a long. */
  get low(): Arg {
    return new Arg(this.index, 32);
  }

  /** @example arg(0).eq(AF.UNIX) */
  eq(value: Value): ArgCondition {
    return this.#in("eq", [value]);
  }
  ne(value: Value): ArgCondition {
    return this.#not(this.#in("ne", [value]));
  }
  /** One of these. @example arg(0).in(AF.UNIX, AF.INET) */
  in(...values: readonly [Value, ...Value[]]): ArgCondition {
    return this.#in("in", values);
  }
  /** None of these. */
  notIn(...values: readonly [Value, ...Value[]]): ArgCondition {
    return this.#not(this.#in("notIn", values));
  }
  /** The bits of the mask have this value. @example arg(0).masked(0x7e020000, 0) */
  masked(mask: Value, value: Value): ArgCondition {
    return this.#masked("masked", mask, value);
  }
  /** None of these flags is set. @example arg(0).hasNone(CLONE.NEWUSER) */
  hasNone(flags: Value): ArgCondition {
    return this.#masked("hasNone", flags, 0n);
  }
  /** All of these flags are set. */
  hasAll(flags: Value): ArgCondition {
    return this.#masked("hasAll", flags, flags);
  }
  /** No flags but these are set. @example arg(2).only(PROT.READ | PROT.WRITE) */
  only(flags: Value): ArgCondition {
    checkValues("only", [flags]);
    return this.#masked("only", BigInt.asUintN(64, ~BigInt(flags)), 0n);
  }
  gt(value: Value): ArgCondition {
    return this.#gt("gt", value);
  }
  le(value: Value): ArgCondition {
    return this.#not(this.#gt("le", value));
  }
  ge(value: Value): ArgCondition {
    return this.#ge("ge", value);
  }
  lt(value: Value): ArgCondition {
    return this.#not(this.#ge("lt", value));
  }

  #in(method: string, values: readonly Value[]): ArgCondition {
    check(`arg(…).${method}`, { values: listOf(anything, 1) }, [values]);
    checkValues(method, values);
    return this.#make((t) => values.reduce<Node>((sofar, v) => t.words.nodes.or(sofar, t.masked(-1n, BigInt(v))), FALSE));
  }
  #masked(method: string, mask: Value, value: Value): ArgCondition {
    checkValues(method, [mask, value]);
    return this.#make((t) => t.masked(BigInt(mask), BigInt(value)));
  }
  #gt(method: string, value: Value): ArgCondition {
    checkValues(method, [value]);
    return this.#make((t) => t.above(BigInt(value)));
  }
  #ge(method: string, value: Value): ArgCondition {
    checkValues(method, [value]);
    return this.#make((t) => t.words.nodes.or(t.above(BigInt(value)), t.masked(-1n, BigInt(value))));
  }
  #make(test: (tests: Tests) => Node): ArgCondition {
    return new ArgCondition(this.index, this.width, (words, bits) => test(new Tests(words, this.index, bits)));
  }
  #not({ node }: ArgCondition): ArgCondition {
    return new ArgCondition(this.index, this.width, (words, bits) => words.nodes.not(node(words, bits)));
  }
}

/**
 * Comparisons of an argument on so many bits. In 32 bits a negative number keeps its lower half, and a number
 * above 32 bits is no value of the argument.
 */
class Tests {
  readonly words: Words;
  readonly #index: ArgIndex;
  readonly #bits: 32 | 64;
  constructor(words: Words, index: ArgIndex, bits: 32 | 64) {
    this.words = words;
    this.#index = index;
    this.#bits = bits;
  }
  #half(half: "lo" | "hi", mask: bigint) {
    const shift = half === "hi" ? 32n : 0n;
    const part = Number((mask >> shift) & ALL32);
    return this.words.and(this.words.input(`args[${this.#index}].${half}` as Word), this.words.constant(part));
  }
  #constant(half: "lo" | "hi", value: bigint) {
    return this.words.constant(Number((value >> (half === "hi" ? 32n : 0n)) & ALL32));
  }
  /** True for a number that 32 bits hold, with or without a sign. */
  #isNarrow(value: bigint): boolean {
    const signed = BigInt.asIntN(64, value);
    return signed >= 0n ? signed <= ALL32 : signed >= -(1n << 31n);
  }
  masked(mask: bigint, value: bigint): Node {
    if (this.#bits === 32 && !this.#isNarrow(value) && (mask & value & ~ALL32) !== 0n) return FALSE;
    const halves = this.#bits === 64 ? (["hi", "lo"] as const) : (["lo"] as const);
    return halves.reduce<Node>((sofar, half) => {
      return this.words.nodes.and(sofar, this.words.equal(this.#half(half, mask), this.#constant(half, value)));
    }, 1);
  }
  above(value: bigint): Node {
    if (this.#bits === 32 && !this.#isNarrow(value)) return FALSE;
    const low = this.words.greater(this.#half("lo", -1n), this.#constant("lo", value));
    if (this.#bits === 32) return low;
    const [hi, wanted] = [this.#half("hi", -1n), this.#constant("hi", value)];
    return this.words.nodes.or(this.words.greater(hi, wanted), this.words.nodes.and(this.words.equal(hi, wanted), low));
  }
}

/**
 * Argument 0 to 5 of a call, in a condition of a policy.
 *
 * @example
 * arg(0).in(AF.UNIX, AF.INET)
 */
export const arg = takes("arg", { index: anIndex }, (index: ArgIndex): Arg => new Arg(index));
