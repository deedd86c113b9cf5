// Conditions on arguments, for policies in TypeScript.
import type { Node, Word, Words } from "../seccomp/index.ts";

/** Index of an argument, in the order of the call. */
export type ArgIndex = 0 | 1 | 2 | 3 | 4 | 5;
/**
 * Bits of the argument that are compared. auto: as many as the kernel looks at, 32 of an int and 64 of a long
 * or a pointer.
 */
export type Width = 32 | 64 | "auto";

/**
 * A condition on one argument. All comparisons are of unsigned numbers; a negative one stands for its two's
 * complement.
 */
export interface ArgCondition {
  readonly index: ArgIndex;
  readonly width: Width;
  /** The condition as a diagram. `bits`: the width that the ABI and the rule leave. */
  readonly node: (words: Words, bits: 32 | 64) => Node;
}

type Value = number | bigint;
const ALL32 = 0xffff_ffffn;

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
    return this.in(value);
  }
  ne(value: Value): ArgCondition {
    return this.notIn(value);
  }
  /** One of these. @example arg(0).in(AF.UNIX, AF.INET) */
  in(...values: readonly Value[]): ArgCondition {
    return this.#make((t) => values.reduce<Node>((sofar, v) => t.words.nodes.or(sofar, t.masked(-1n, BigInt(v))), 0));
  }
  /** None of these. */
  notIn(...values: readonly Value[]): ArgCondition {
    return this.#not(this.in(...values));
  }
  /** The bits of the mask have this value. @example arg(0).masked(0x7e020000, 0) */
  masked(mask: Value, value: Value): ArgCondition {
    return this.#make((t) => t.masked(BigInt(mask), BigInt(value)));
  }
  /** None of these flags is set. @example arg(0).hasNone(CLONE.NEWUSER) */
  hasNone(flags: Value): ArgCondition {
    return this.masked(flags, 0n);
  }
  /** All of these flags are set. */
  hasAll(flags: Value): ArgCondition {
    return this.masked(flags, flags);
  }
  /** No flags but these are set. @example arg(2).only(PROT.READ | PROT.WRITE) */
  only(flags: Value): ArgCondition {
    return this.masked(~BigInt(flags), 0n);
  }
  gt(value: Value): ArgCondition {
    return this.#make((t) => t.above(BigInt(value)));
  }
  le(value: Value): ArgCondition {
    return this.#not(this.gt(value));
  }
  ge(value: Value): ArgCondition {
    return this.#make((t) => t.words.nodes.or(t.above(BigInt(value)), t.masked(-1n, BigInt(value))));
  }
  lt(value: Value): ArgCondition {
    return this.#not(this.ge(value));
  }

  #make(test: (tests: Tests) => Node): ArgCondition {
    return { index: this.index, width: this.width, node: (words, bits) => test(new Tests(words, this.index, bits)) };
  }
  #not({ node }: ArgCondition): ArgCondition {
    return { index: this.index, width: this.width, node: (words, bits) => words.nodes.not(node(words, bits)) };
  }
}

/** Comparisons of an argument on so many bits. */
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
  masked(mask: bigint, value: bigint): Node {
    const halves = this.#bits === 64 ? (["hi", "lo"] as const) : (["lo"] as const);
    return halves.reduce<Node>((sofar, half) => {
      return this.words.nodes.and(sofar, this.words.equal(this.#half(half, mask), this.#constant(half, value)));
    }, 1);
  }
  above(value: bigint): Node {
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
export const arg = (index: ArgIndex): Arg => new Arg(index);
