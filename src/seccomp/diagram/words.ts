// 32-bit words as 32 functions of the bits of struct seccomp_data, and the operations of classic BPF on them.
// Order of variables: arch, number, instruction pointer, arguments; the high half first, the most significant
// bit first.

import { check, takes } from "../../wants.ts";
import type { Word } from "../layout.ts";
import { aWord } from "../wants.ts";
import { FALSE, type Node, type Nodes, TRUE } from "./nodes.ts";
import { someNodes } from "./wants.ts";

const args = ([0, 1, 2, 3, 4, 5] as const).flatMap((i): Word[] => [`args[${i}].hi`, `args[${i}].lo`]);
/** The words that variables stand for, in the order of variables. */
export const wordOrder: readonly Word[] = ["arch", "sys_number", "instruction_pointer.hi", "instruction_pointer.lo", ...args];
const ranks = new Map(wordOrder.map((word, rank) => [word, rank]));

/**
 * The level of a word's most significant bit.
 *
 * @example
 * levelOf("sys_number") < levelOf("args[0].lo");   // true: the number is tested first
 */
export const levelOf = takes("levelOf", { word: aWord }, (word: Word): number => (ranks.get(word) as number) * 32);
/** The word that a level belongs to. */
export const wordAt = (level: number): Word => wordOrder[level >> 5] as Word;
/** 0 is the least significant bit. */
export const bitAt = (level: number): number => 31 - (level & 31);

/** Bit i is the function at index i. */
export type Bits = readonly Node[];

/**
 * Arithmetic on 32-bit words whose bits are conditions, the least significant bit first.
 *
 * @example
 * const words = new Words(new Nodes());
 * words.asConstant(words.add(words.constant(2), words.constant(3)));   // 5
 */
export class Words {
  readonly nodes: Nodes;
  private readonly _inputs = new Map<Word, Bits>();
  constructor(nodes: Nodes) {
    check("new Words", { nodes: someNodes }, [nodes]);
    this.nodes = nodes;
  }

  constant(value: number): Bits {
    return Array.from({ length: 32 }, (_, i) => ((value >>> i) & 1 ? TRUE : FALSE));
  }
  /** The number, if the word is one. */
  asConstant(bits: Bits): number | undefined {
    let value = 0;
    for (let i = 0; i < 32; i++) {
      const bit = bits[i] as Node;
      if (bit > TRUE) return undefined;
      if (bit === TRUE) value += 2 ** i;
    }
    return value;
  }
  input(word: Word): Bits {
    if (word === "reserved") return this.constant(0);
    const known = this._inputs.get(word);
    if (known) return known;
    const made = Array.from({ length: 32 }, (_, i) => this.nodes.make(levelOf(word) + 31 - i, FALSE, TRUE));
    this._inputs.set(word, made);
    return made;
  }

  and(a: Bits, b: Bits): Bits {
    return a.map((x, i) => this.nodes.and(x, b[i] as Node));
  }
  or(a: Bits, b: Bits): Bits {
    return a.map((x, i) => this.nodes.or(x, b[i] as Node));
  }
  xor(a: Bits, b: Bits): Bits {
    return a.map((x, i) => this.nodes.xor(x, b[i] as Node));
  }
  /** a + b + carry, modulo 2^32. */
  add(a: Bits, b: Bits, carry: Node = FALSE): Bits {
    const { nodes } = this;
    let c = carry;
    return a.map((x, i) => {
      const y = b[i] as Node;
      const different = nodes.xor(x, y);
      const sum = nodes.xor(different, c);
      if (i < 31) c = nodes.choose(different, c, x);
      return sum;
    });
  }
  subtract(a: Bits, b: Bits): Bits {
    return this.add(a, this._inverted(b), TRUE);
  }
  negate(a: Bits): Bits {
    return this.subtract(this.constant(0), a);
  }
  private _inverted(a: Bits): Bits {
    return a.map((x) => this.nodes.not(x));
  }
  multiply(a: Bits, b: Bits): Bits {
    // A constant has bits that add nothing: it goes through them.
    if (this.asConstant(a) !== undefined && this.asConstant(b) === undefined) return this.multiply(b, a);
    let sum = this.constant(0);
    for (let i = 0; i < 32; i++) {
      const bit = b[i] as Node;
      if (bit !== FALSE) sum = this.add(sum, this._pick(bit, this._moved(a, i), this.constant(0)));
    }
    return sum;
  }
  /** Quotient and remainder by restoring division. The divisor is not 0. */
  divide(a: Bits, b: Bits): { readonly quotient: Bits; readonly remainder: Bits } {
    const { nodes } = this;
    const quotient: Node[] = new Array(32).fill(FALSE);
    let remainder = this.constant(0);
    for (let i = 31; i >= 0; i--) {
      const overflow = remainder[31] as Node;
      const shifted = [a[i] as Node, ...remainder.slice(0, 31)];
      const fits = nodes.or(overflow, this.atLeast(shifted, b));
      quotient[i] = fits;
      remainder = this._pick(fits, this.subtract(shifted, b), shifted);
    }
    return { quotient, remainder };
  }
  private _pick(condition: Node, yes: Bits, no: Bits): Bits {
    return yes.map((x, i) => this.nodes.choose(condition, x, no[i] as Node));
  }
  /** Shifted by `by` bits, to the left if positive. */
  private _moved(a: Bits, by: number): Bits {
    return a.map((_, i) => a[i - by] ?? FALSE);
  }
  /** By the lowest five bits of the count: as x86, and so its BPF JIT, has it. */
  shift(a: Bits, count: Bits, direction: "left" | "right"): Bits {
    let result = a;
    for (let i = 0; i < 5; i++) {
      const by = direction === "left" ? 2 ** i : -(2 ** i);
      result = this._pick(count[i] as Node, this._moved(result, by), result);
    }
    return result;
  }

  equal(a: Bits, b: Bits): Node {
    const { nodes } = this;
    let result = TRUE;
    for (let i = 0; i < 32; i++) {
      const y = b[i] as Node;
      result = nodes.choose(a[i] as Node, nodes.choose(y, result, FALSE), nodes.choose(y, FALSE, result));
    }
    return result;
  }
  greater(a: Bits, b: Bits): Node {
    return this._compare(a, b, FALSE);
  }
  atLeast(a: Bits, b: Bits): Node {
    return this._compare(a, b, TRUE);
  }
  private _compare(a: Bits, b: Bits, whenEqual: Node): Node {
    const { nodes } = this;
    let result = whenEqual;
    for (let i = 0; i < 32; i++) {
      const y = b[i] as Node;
      result = nodes.choose(a[i] as Node, nodes.choose(y, result, TRUE), nodes.choose(y, FALSE, result));
    }
    return result;
  }
  /** a & b is not 0. */
  intersects(a: Bits, b: Bits): Node {
    const { nodes } = this;
    let result = FALSE;
    for (let i = 0; i < 32; i++) result = nodes.choose(nodes.and(a[i] as Node, b[i] as Node), TRUE, result);
    return result;
  }
}
