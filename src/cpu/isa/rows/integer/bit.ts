// Single bits and bit scans. SDM Vol. 2: BT BTC BTR BTS BSF BSR BSWAP; group 8.

import { EF } from "../../../machine/state.ts";
import type { Form, Meaning, Ops, RegisterWidth } from "../../ops.ts";
import { family, type Row, row } from "../../row.ts";

type Change = <V>(o: Ops<V>, word: V, mask: V) => V;

/** CF is the bit; the other flags are unchanged (SDM: OF, SF, AF, PF undefined, ZF unaffected). */
const setCarry = <V>(o: Ops<V>, word: V, n: V): void => o.setFlags(EF.CF, o.and(o.shr(word, n), o.imm(1)));
const within = <V>(o: Ops<V>, w: RegisterWidth, bit: V): V => o.let("n", o.and(bit, o.imm(w - 1)));

/** In a register, or in memory with an immediate offset: the offset is taken modulo the operand size. */
const inWord =
  (change: Change | undefined): Meaning =>
  (o, i) => {
    const n = within(o, i.w, o.get(1));
    const word = change ? o.rmw(0) : o.get(0);
    if (change) o.set(0, change(o, word, o.shl(o.imm(1), n)));
    setCarry(o, word, n);
  };

/**
 * A bit offset in a register addresses any memory: it is a signed number of bits from the operand's address.
 */
const wordAddress = <V>(o: Ops<V>, i: Form, bit: V): V => {
  const words = o.sar(o.sext(bit, i.w), o.imm(Math.log2(i.w)));
  return o.let("at", o.zext(o.add(o.address(0), o.mul(words, o.imm(i.w / 8))), i.addressSize));
};
const inString =
  (change: Change | undefined): Meaning =>
  (o, i) => {
    if (!i.memory(0)) return inWord(change)(o, i);
    const bit = o.get(1);
    const n = within(o, i.w, bit);
    const at = wordAddress(o, i, bit);
    const word = change ? o.loadRmw(undefined, at, i.w) : o.load(undefined, at, i.w);
    if (change) o.store(undefined, at, i.w, change(o, word, o.shl(o.imm(1), n)));
    setCarry(o, word, n);
  };

/**
 * A source of 0 sets ZF and leaves the destination unchanged, upper half included (AMD APM Vol. 3 BSF; SDM
 * since 2023). PF is the index's, the other flags are 0 (SDM: undefined; vendor-differences.ts).
 */
const scan =
  (index: <V>(o: Ops<V>, v: V) => V): Meaning =>
  (o) => {
    const v = o.get(1);
    const zero = o.let("zero", o.eq(v, o.imm(0)));
    const n = o.let("n", o.select(zero, o.imm(0), index(o, v)));
    o.when(o.eq(zero, o.imm(0)), () => o.set(0, n));
    const parity = o.select(o.and(o.popcnt(n), o.imm(1)), o.imm(0), o.imm(EF.PF));
    o.flags("word", 64, o.let("f", o.or(o.select(zero, o.imm(EF.ZF), o.imm(0)), parity)));
  };
const bsf = scan((o, v) => o.ctz(v));
const bsr = scan((o, v) => o.sub(o.imm(63), o.clz(v)));

/** Reverses bytes. A 16-bit operand gives 0, as on most processors (SDM: undefined). */
const bswap: Meaning = (o, i) => {
  const a = o.get(0);
  if (i.w === 16) return o.set(0, o.imm(0));
  const swap = (v: ReturnType<typeof o.imm>, by: number, mask: bigint) =>
    o.let("s", o.or(o.and(o.shr(v, o.imm(by)), o.imm(mask)), o.shl(o.and(v, o.imm(mask)), o.imm(by))));
  const bytes = swap(swap(a, 8, 0x00ff_00ff_00ff_00ffn), 16, 0x0000_ffff_0000_ffffn);
  o.set(0, i.w === 32 ? bytes : swap(bytes, 32, 0xffff_ffffn));
};

const operations: readonly (readonly [string, string, number, Change | undefined])[] = [
  ["bt", "A3", 4, undefined],
  ["bts", "AB", 5, (o, word, mask) => o.or(word, mask)],
  ["btr", "B3", 6, (o, word, mask) => o.and(word, o.not(mask))],
  ["btc", "BB", 7, (o, word, mask) => o.xor(word, mask)],
];

/** The rows of single bits and bit scans. */
export const bits = family(() => [
  ...operations.flatMap(([name, opcode, digit, change]): Row[] => {
    const lock = change ? ({ lock: true } as const) : {};
    return [row(name, `0F ${opcode} Ev,Gv`, inString(change), lock), row(name, `0F BA /${digit} Ev,Ib`, inWord(change), lock)];
  }),
  row("bsf", "0F BC Gv,Ev", bsf),
  row("bsr", "0F BD Gv,Ev", bsr),
  row("bswap", "0F C8 Zv", bswap),
]);
