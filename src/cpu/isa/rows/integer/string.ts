// String instructions. SDM Vol. 2: MOVS CMPS SCAS LODS STOS INS OUTS, REP/REPE/REPNE.
import type { Vendor } from "../../../machine/model.ts";
import { EF, R, S, vector } from "../../../machine/state.ts";
import { type Form, type Meaning, type Ops, rep } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";

/** +n, or -n if DF is set. */
const step = <V>(o: Ops<V>, i: Form): V => o.let("step", o.select(o.and(o.systemFlags(), o.imm(EF.DF)), o.imm(-i.w / 8), o.imm(i.w / 8)));
const advance = <V>(o: Ops<V>, i: Form, r: number, by: V): void =>
  o.setReg(r, i.addressSize, o.zext(o.add(o.reg(r, i.addressSize), by), i.addressSize));
/** The segment of the source can be overridden; the destination is always in ES. */
const source = <V>(o: Ops<V>, i: Form): V => o.load(undefined, o.reg(R.si, i.addressSize), i.w);
const destination = <V>(o: Ops<V>, i: Form): V => o.load(S.es, o.reg(R.di, i.addressSize), i.w);
const storeDestination = <V>(o: Ops<V>, i: Form, v: V): void => o.store(S.es, o.reg(R.di, i.addressSize), i.w, v);
/**
 * The flags of a - b. On Intel's processors a repeated comparison changes them only in its last iteration;
 * the result is nonzero in that one.
 */
const compare = <V>(o: Ops<V>, i: Form, vendor: Vendor, a: V, b: V): V | undefined => {
  const r = o.let("r", o.zext(o.sub(a, b), i.w));
  if (vendor === "amd" || i.rep === rep.none) {
    o.flags("sub", i.w, r, a, b);
    return undefined;
  }
  const decided = i.rep === rep.rep ? o.ne(r, o.imm(0)) : o.eq(r, o.imm(0));
  const last = o.let("last", o.or(decided, o.eq(o.reg(R.cx, i.addressSize), o.imm(1))));
  o.when(last, () => o.flags("sub", i.w, r, a, b));
  return last;
};

/**
 * In 64-bit code with 32-bit addresses Intel's processors zero-extend the count register of a repetition,
 * also for a count of 0. Of the address registers only those of MOVS and STOS are extended.
 */
const shorten = <V>(o: Ops<V>, i: Form, vendor: Vendor, ...registers: number[]): void => {
  if (vendor === "intel" && i.rep !== rep.none && i.mode === 64 && i.addressSize === 32)
    for (const r of [R.cx, ...registers]) o.setReg(r, 32, o.reg(r, 32));
};

const movs =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    shorten(o, i, vendor, R.si, R.di);
    o.repeat(() => {
      storeDestination(o, i, source(o, i));
      const by = step(o, i);
      advance(o, i, R.si, by);
      advance(o, i, R.di, by);
      return undefined;
    }, false);
  };
const cmps =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    shorten(o, i, vendor);
    o.repeat(() => {
      // The order of two faults: the destination is read first, except by REPE CMPSB on AMD's processors.
      const sourceFirst = vendor === "amd" && i.rep === rep.rep && i.w === 8;
      const first = sourceFirst ? source(o, i) : destination(o, i);
      const second = sourceFirst ? destination(o, i) : source(o, i);
      const [a, b] = sourceFirst ? [first, second] : [second, first];
      const by = step(o, i);
      advance(o, i, R.si, by);
      advance(o, i, R.di, by);
      return compare(o, i, vendor, a, b);
    }, true);
  };
const scas =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    shorten(o, i, vendor);
    o.repeat(() => {
      const b = destination(o, i);
      advance(o, i, R.di, step(o, i));
      return compare(o, i, vendor, o.reg(R.ax, i.w), b);
    }, true);
  };
const lods =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    shorten(o, i, vendor);
    o.repeat(() => {
      const v = source(o, i);
      advance(o, i, R.si, step(o, i));
      o.setReg(R.ax, i.w, v);
      return undefined;
    }, false);
  };
const stos =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    shorten(o, i, vendor, R.di);
    o.repeat(() => {
      storeDestination(o, i, o.reg(R.ax, i.w));
      advance(o, i, R.di, step(o, i));
      return undefined;
    }, false);
  };
/** IOPL is 0 and no I/O port is permitted. SDM Vol. 1 19.5. */
const noPorts: Meaning = (o) => o.fault(vector.GP);

const both = (
  name: string,
  opcodes: readonly [string, string],
  operands: readonly [string, string],
  does: Meaning,
  repeat: "rep" | "zf",
): Row[] => [
  row(`${name}b`, `${opcodes[0]} ${operands[0]}`, does, { repeat }),
  // I/O ports have at most 32 bits.
  row(name, `${opcodes[1]} ${operands[1]}`, does, {
    repeat,
    sizedNames: [`${name}w`, `${name}d`, operands[1].includes("z") ? `${name}d` : `${name}q`],
  }),
];

/** The rows with vendor differences. */
const moving = (vendor: Vendor): readonly Row[] => [
  ...both("movs", ["A4", "A5"], ["Yb,Xb", "Yv,Xv"], movs(vendor), "rep"),
  ...both("cmps", ["A6", "A7"], ["Xb,Yb", "Xv,Yv"], cmps(vendor), "zf"),
  ...both("stos", ["AA", "AB"], ["Yb,AL", "Yv,rAX"], stos(vendor), "rep"),
  ...both("lods", ["AC", "AD"], ["AL,Xb", "rAX,Xv"], lods(vendor), "rep"),
  ...both("scas", ["AE", "AF"], ["AL,Yb", "rAX,Yv"], scas(vendor), "zf"),
];
/** The rows of string instructions. */
export const strings = family(() => [
  ...ofEachVendor(moving),
  ...both("ins", ["6C", "6D"], ["Yb,DX", "Yz,DX"], noPorts, "rep"),
  ...both("outs", ["6E", "6F"], ["DX,Xb", "DX,Xz"], noPorts, "rep"),
]);
