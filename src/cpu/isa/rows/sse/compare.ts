// Floating-point comparison. SDM Vol. 2: CMPPS CMPPD CMPSS CMPSD, COMISS COMISD UCOMISS UCOMISD.
import type { Meaning, Ops } from "../../ops.ts";
import { family, type Row, row } from "../../row.ts";
import { areComparable, areTrulyComparable, exactlySoon, type FloatFormat, floatName, gather } from "./float.ts";

/** All ones if bit 0 of v is set. */
const spread = <V>(o: Ops<V>, v: V): V => o.splat(64, o.sub(o.imm(0), o.and(v, o.imm(1))));

/**
 * Predicates 0 to 3, and their negations: equal, less, less or equal, unordered. Numbers are never unordered,
 * so AVX's other 24 predicates repeat the first eight for them.
 */
const cmp =
  (predicates: 8 | 32, w: FloatFormat, lanes: number): Meaning =>
  (o) => {
    const which = o.let("which", o.and(o.get(2), o.imm(predicates - 1)));
    const b = o.vec(1);
    const a = o.vec(0);
    const next = o.shr(which, o.imm(1));
    const equal = o.simd("v128.and", o.simd(floatName(w, "eq"), a, b), spread(o, o.not(which)));
    const less = o.simd("v128.and", o.simd(floatName(w, "lt"), a, b), spread(o, o.xor(which, next)));
    const fast = o.simd("v128.xor", o.simd("v128.or", equal, less), spread(o, o.shr(which, o.imm(2))));
    const ok = () => areTrulyComparable(o, w, lanes, a, b);
    o.set(
      0,
      exactlySoon(o, areComparable(o, w, lanes, a, b), ok, fast, () =>
        gather(o, w, lanes, (n) => o.call(`sse_cmp${w}`, o.lane(a, w, n), o.lane(b, w, n), which)),
      ),
    );
  };

const ZF = 6;
/** ZF: equal. CF: less. ZF, PF and CF: unordered. The other flags are 0. */
const comi =
  (w: FloatFormat, quiet: number): Meaning =>
  (o) => {
    const b = o.vec(1);
    const a = o.vec(0);
    const ok = () => areTrulyComparable(o, w, 1, a, b);
    const [less, more] = [o.let("less", o.simd(`f${w}.lt`, a, b)), o.let("more", o.simd(`f${w}.lt`, b, a))];
    const differ = o.let("differ", o.or(less, more));
    if (o.assured("compare", w, 1, a, b) === true) return o.flags("order", 64, differ, less);
    const fast = o.or(o.shl(o.xor(differ, o.imm(1)), o.imm(ZF)), less);
    o.flags(
      "word",
      64,
      exactlySoon(o, areComparable(o, w, 1, a, b), ok, fast, () => o.call(`sse_comi${w}`, o.lane(a, w, 0), o.lane(b, w, 0), o.imm(quiet))),
    );
  };

/** The compare rows with a predicate; AVX has 32 predicates. */
// biome-ignore format: table
export const comparisons = (predicates: 8 | 32): readonly Row[] => [
  row("cmpps", "NP 0F C2 Vx,Wx,Ib", cmp(predicates, 32, 4)), row("cmppd", "66 0F C2 Vx,Wx,Ib", cmp(predicates, 64, 2)),
  row("cmpss", "F3 0F C2 Vd,Wd,Ib", cmp(predicates, 32, 1)), row("cmpsd", "F2 0F C2 Vq,Wq,Ib", cmp(predicates, 64, 1)),
];
/** The rows of floating-point comparison. */
// biome-ignore format: table
export const sseCompare = family(() => [
  ...comparisons(8),
  row("comiss", "NP 0F 2F Vd,Wd", comi(32, 0)), row("comisd", "66 0F 2F Vq,Wq", comi(64, 0)),
  row("ucomiss", "NP 0F 2E Vd,Wd", comi(32, 1)), row("ucomisd", "66 0F 2E Vq,Wq", comi(64, 1)),
]);
