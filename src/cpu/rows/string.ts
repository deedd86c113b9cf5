// String instructions. SDM Vol. 2: MOVS CMPS SCAS LODS STOS INS OUTS, REP/REPE/REPNE.
import { type Form, type Meaning, type Ops, rep } from "../ops.ts";
import { family, type Row, row } from "../row.ts";
import { EF, R, S, vector } from "../state.ts";

/** +n, or -n if DF is set. */
const step = <V>(o: Ops<V>, i: Form): V => o.let("step", o.select(o.and(o.systemFlags(), o.imm(EF.DF)), o.imm(-i.w / 8), o.imm(i.w / 8)));
const advance = <V>(o: Ops<V>, i: Form, r: number, by: V): void =>
  o.setReg(r, i.addressSize, o.zext(o.add(o.reg(r, i.addressSize), by), i.addressSize));
/** The source can be overridden, the destination is always in ES. */
const source = <V>(o: Ops<V>, i: Form): V => o.load(undefined, o.reg(R.si, i.addressSize), i.w);
const destination = <V>(o: Ops<V>, i: Form): V => o.load(S.es, o.reg(R.di, i.addressSize), i.w);
const storeDestination = <V>(o: Ops<V>, i: Form, v: V): void => o.store(S.es, o.reg(R.di, i.addressSize), i.w, v);
const compare = <V>(o: Ops<V>, i: Form, a: V, b: V): void => o.flags("sub", i.w, o.let("r", o.zext(o.sub(a, b), i.w)), a, b);

const movs: Meaning = (o, i) =>
  o.repeat(() => {
    storeDestination(o, i, source(o, i));
    const by = step(o, i);
    advance(o, i, R.si, by);
    advance(o, i, R.di, by);
  }, false);
const cmps: Meaning = (o, i) =>
  o.repeat(() => {
    // Which of two faults comes first: AMD reads the destination first, but not in REPE CMPSB.
    const sourceFirst = i.rep === rep.rep && i.w === 8;
    const first = sourceFirst ? source(o, i) : destination(o, i);
    const second = sourceFirst ? destination(o, i) : source(o, i);
    const [a, b] = sourceFirst ? [first, second] : [second, first];
    const by = step(o, i);
    advance(o, i, R.si, by);
    advance(o, i, R.di, by);
    compare(o, i, a, b);
  }, true);
const scas: Meaning = (o, i) =>
  o.repeat(() => {
    const b = destination(o, i);
    advance(o, i, R.di, step(o, i));
    compare(o, i, o.reg(R.ax, i.w), b);
  }, true);
const lods: Meaning = (o, i) =>
  o.repeat(() => {
    const v = source(o, i);
    advance(o, i, R.si, step(o, i));
    o.setReg(R.ax, i.w, v);
  }, false);
const stos: Meaning = (o, i) =>
  o.repeat(() => {
    storeDestination(o, i, o.reg(R.ax, i.w));
    advance(o, i, R.di, step(o, i));
  }, false);
/** IOPL is 0 and no port is open. SDM Vol. 1 19.5. */
const noPorts: Meaning = (o) => o.fault(vector.GP);

const both = (
  name: string,
  opcodes: readonly [string, string],
  operands: readonly [string, string],
  does: Meaning,
  repeat: "rep" | "zf",
): Row[] => [
  row(`${name}b`, `${opcodes[0]} ${operands[0]}`, does, { repeat }),
  // There are no ports of 64 bits.
  row(name, `${opcodes[1]} ${operands[1]}`, does, {
    repeat,
    sizedNames: [`${name}w`, `${name}d`, operands[1].includes("z") ? `${name}d` : `${name}q`],
  }),
];

export const strings = family(() => [
  ...both("movs", ["A4", "A5"], ["Yb,Xb", "Yv,Xv"], movs, "rep"),
  ...both("cmps", ["A6", "A7"], ["Xb,Yb", "Xv,Yv"], cmps, "zf"),
  ...both("stos", ["AA", "AB"], ["Yb,AL", "Yv,rAX"], stos, "rep"),
  ...both("lods", ["AC", "AD"], ["AL,Xb", "rAX,Xv"], lods, "rep"),
  ...both("scas", ["AE", "AF"], ["AL,Yb", "rAX,Yv"], scas, "zf"),
  ...both("ins", ["6C", "6D"], ["Yb,DX", "Yz,DX"], noPorts, "rep"),
  ...both("outs", ["6E", "6F"], ["DX,Xb", "DX,Xz"], noPorts, "rep"),
]);
