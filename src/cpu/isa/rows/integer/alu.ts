// Integer arithmetic and logic. SDM Vol. 2: ADD ADC AND CMP DEC INC NEG NOT OR SBB SUB TEST XOR; opcode map
// A-2 and groups 1, 3, 4, 5.
import type { Meaning, Ops } from "../../ops.ts";
import { type Attributes, family, type Row, row } from "../../row.ts";

type Combine = <V>(o: Ops<V>, a: V, b: V, carry: V) => V;

/** dst = f(dst, src), flags of an addition or a subtraction. */
const arithmetic =
  (kind: "add" | "sub" | "sbb", f: Combine, withCarry = false): Meaning =>
  (o, i) => {
    const b = o.get(1);
    const a = o.rmw(0);
    const r = o.let("r", o.zext(f(o, a, b, withCarry ? o.flag("CF") : o.imm(0)), i.w));
    o.set(0, r);
    o.flags(kind, i.w, r, a, b);
  };
const logic =
  (f: Combine): Meaning =>
  (o, i) => {
    const b = o.get(1);
    const a = o.rmw(0);
    const r = o.let("r", f(o, a, b, b));
    o.set(0, r);
    o.flags("result", i.w, r, o.imm(0));
  };
const add = arithmetic("add", (o, a, b) => o.add(a, b));
const adc = arithmetic("add", (o, a, b, c) => o.add(o.add(a, b), c), true);
const sub = arithmetic("sub", (o, a, b) => o.sub(a, b));
const sbb = arithmetic("sbb", (o, a, b, c) => o.sub(o.sub(a, b), c), true);
const or = logic((o, a, b) => o.or(a, b));
const and = logic((o, a, b) => o.and(a, b));
const xor = logic((o, a, b) => o.xor(a, b));
const cmp: Meaning = (o, i) => {
  const a = o.get(0);
  const b = o.get(1);
  o.flags("sub", i.w, o.let("r", o.zext(o.sub(a, b), i.w)), a, b);
};
const test: Meaning = (o, i) => o.flags("result", i.w, o.let("r", o.and(o.get(0), o.get(1))), o.imm(0));
const step =
  (kind: "inc" | "dec"): Meaning =>
  (o, i) => {
    const a = o.rmw(0);
    const r = o.let("r", o.zext(kind === "inc" ? o.add(a, o.imm(1)) : o.sub(a, o.imm(1)), i.w));
    o.set(0, r);
    o.flags(kind, i.w, r, a);
  };
const not: Meaning = (o, i) => o.set(0, o.zext(o.not(o.rmw(0)), i.w));
const neg: Meaning = (o, i) => {
  const b = o.rmw(0);
  const r = o.let("r", o.zext(o.sub(o.imm(0), b), i.w));
  o.set(0, r);
  o.flags("sub", i.w, r, o.imm(0), b);
};

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");

/** The eight operations of group 1, each with six encodings in the one-byte map and three in the group. */
const group1 = (): Row[] =>
  (["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"] as const).flatMap((name, n): Row[] => {
    const does = { add, or, adc, sbb, and, sub, xor, cmp }[name];
    const lock: Attributes = name === "cmp" ? {} : { lock: true };
    return [
      row(name, `${hex(n * 8)} Eb,Gb`, does, lock),
      row(name, `${hex(n * 8 + 1)} Ev,Gv`, does, lock),
      row(name, `${hex(n * 8 + 2)} Gb,Eb`, does),
      row(name, `${hex(n * 8 + 3)} Gv,Ev`, does),
      row(name, `${hex(n * 8 + 4)} AL,Ib`, does),
      row(name, `${hex(n * 8 + 5)} rAX,Iz`, does),
      row(name, `80 /${n} Eb,Ib`, does, lock),
      row(name, `81 /${n} Ev,Iz`, does, lock),
      row(name, `83 /${n} Ev,sb`, does, lock),
      row(name, `82 /${n} Eb,Ib`, does, { ...lock, only: "not64" }),
    ];
  });

/** The rows of integer arithmetic and logic. */
export const alu = family(() => [
  ...group1(),
  row("test", "84 Eb,Gb", test),
  row("test", "85 Ev,Gv", test),
  row("test", "A8 AL,Ib", test),
  row("test", "A9 rAX,Iz", test),
  row("test", "F6 /0 Eb,Ib", test),
  row("test", "F7 /0 Ev,Iz", test),
  row("test", "F6 /1 Eb,Ib", test),
  row("test", "F7 /1 Ev,Iz", test),
  row("not", "F6 /2 Eb", not, { lock: true }),
  row("not", "F7 /2 Ev", not, { lock: true }),
  row("neg", "F6 /3 Eb", neg, { lock: true }),
  row("neg", "F7 /3 Ev", neg, { lock: true }),
  row("inc", "FE /0 Eb", step("inc"), { lock: true }),
  row("inc", "FF /0 Ev", step("inc"), { lock: true }),
  row("dec", "FE /1 Eb", step("dec"), { lock: true }),
  row("dec", "FF /1 Ev", step("dec"), { lock: true }),
  row("inc", "40 Zv", step("inc"), { only: "not64" }),
  row("dec", "48 Zv", step("dec"), { only: "not64" }),
]);
