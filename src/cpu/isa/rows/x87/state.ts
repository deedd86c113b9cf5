// x87 control, and saving and restoring its state with SSE's. SDM Vol. 2: FNINIT FNCLEX FLDCW FNSTCW FNSTSW
// FNOP FWAIT FNSTENV FLDENV FNSAVE FRSTOR FXSAVE FXRSTOR XSAVE XSAVEOPT XSAVEC XRSTOR XGETBV XSETBV. FINIT,
// FSTSW, … are FWAIT plus these.

import type { Vendor } from "../../../machine/model.ts";
import { R, vector } from "../../../machine/state.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import type { HelperName } from "../../routine-types.ts";
import { type Attributes, family, ofEachVendor, type Row, row } from "../../row.ts";
import { sizeBits } from "../../x87-areas.ts";
import { pending } from "../sse/vector.ts";
import { call, x87Of } from "./arithmetic.ts";

const nothing: Meaning = () => {};
/** Raises the pending exception of an earlier instruction. */
const waiting =
  (does: Meaning): Meaning =>
  (o, i) => {
    pending(o);
    does(o, i);
  };
const loadControl: Meaning = (o) => {
  o.call("fldcw", o.get(0));
};
const storeControl: Meaning = (o) => o.set(0, o.field("fpuControl"));
const storeStatus: Meaning = (o) => o.set(0, o.field("fpuStatus"));
const statusToAx: Meaning = (o) => o.setReg(R.ax, 16, o.field("fpuStatus"));

/**
 * The size in bits. With 32-bit addresses that no segment limit ends first, also the number of bytes before
 * they wrap (isa/x87-areas.ts).
 */
const sized = <V>(o: Ops<V>, i: Form, size: number): V =>
  i.addressSize === 32 && (i.mode === 64 || i.flat)
    ? o.or(o.imm(size), o.shl(o.sub(o.imm(0x1_0000_0000), o.address(0)), o.imm(sizeBits)))
    : o.imm(size);
const moves =
  (name: HelperName, write: boolean, size?: 64): Meaning =>
  (o, i) =>
    o.helper(name, o.linear(0, write), sized(o, i, size ?? i.w));
/**
 * The first doubleword is accessed for reading, then alignment is checked, unless the address is not
 * canonical.
 */
const checkStart = <V>(o: Ops<V>, misaligned: 15 | 63): void => {
  const start = o.let("start", o.linear(0, false, 32));
  const canonical = o.eq(o.sext(start, 48), start);
  o.when(o.and(o.ne(o.and(start, o.imm(misaligned)), o.imm(0)), canonical), () => o.fault(vector.GP), undefined, false);
};
/** The first byte is checked completely, alignment first. */
const checkFirstByte = <V>(o: Ops<V>, write: boolean): void => {
  const start = o.linear(0, write, 8);
  o.when(o.ne(o.and(start, o.imm(63)), o.imm(0)), () => o.fault(vector.GP), undefined, false);
  if (write) o.loadRmw(undefined, o.address(0), 8);
  else o.load(undefined, o.address(0), 8);
};
/** Then the rest is checked as a whole. */
const area =
  (name: HelperName, write: boolean, size?: 64): Meaning =>
  (o, i) => {
    checkStart(o, 15);
    moves(name, write, size)(o, i);
  };
/** The meaning checks alignment. */
const fx: Attributes = { unaligned: true };
/** The first word is checked completely before the rest is checked against the segment's limit. */
const environment =
  (name: HelperName, write: boolean): Meaning =>
  (o, i) => {
    const start = o.let("start", o.address(0));
    const w = i.w === 16 ? 16 : 32;
    if (write) o.loadRmw(undefined, start, w);
    else o.load(undefined, start, w);
    moves(name, write)(o, i);
  };

/**
 * The size of the area in the segment depends on EAX. On AMD's processors its alignment precedes all other
 * checks. On Intel's it follows the first doubleword's check, as FXSAVE's does on both.
 */
const extended =
  (vendor: Vendor) =>
  (name: HelperName, write: boolean, size?: 64): Meaning =>
  (o, i) => {
    if (vendor === "intel") checkStart(o, 63);
    else if (i.mode !== 64) checkFirstByte(o, write);
    const address = o.linear(0, write);
    const avx = o.and(o.reg(R.ax, 32), o.imm(4));
    const of = o.let("of", sized(o, i, size ?? i.w));
    if (!write) o.helper("xrstorHeader", address, of);
    // Components that are not loaded need not be present.
    if (i.mode !== 64)
      o.when(write ? avx : o.and(avx, o.field("answer")), () => {
        o.linear(0, write, 832 * 8);
      });
    o.helper(name, address, of);
  };
const states = (vendor: Vendor): readonly Row[] => {
  const state = extended(vendor);
  const all: Attributes = vendor === "amd" ? { context: true } : { context: true, unaligned: true };
  const [xsave, xsaveopt, xsavec] = (["xsave", "xsaveopt", "xsavec"] as const).map((feature): Attributes => ({ ...all, feature }));
  // biome-ignore format: table
  return [
  row("xsave", "NP 0F AE /4 Mxs", state("xsave", true), xsave), row("xsave64", "NP REX.W 0F AE /4 Mxs", state("xsave", true, 64), xsave),
  row("xrstor", "NP 0F AE /5 Mxs", state("xrstor", false), xsave), row("xrstor64", "NP REX.W 0F AE /5 Mxs", state("xrstor", false, 64), xsave),
  row("xsaveopt", "NP 0F AE /6 Mxs", state("xsaveopt", true), xsaveopt), row("xsaveopt64", "NP REX.W 0F AE /6 Mxs", state("xsaveopt", true, 64), xsaveopt),
  row("xsavec", "NP 0F C7 /4 Mxs", state("xsavec", true), xsavec), row("xsavec64", "NP REX.W 0F C7 /4 Mxs", state("xsavec", true, 64), xsavec),
  ];
};

/** The rows of x87 control and state. */
// biome-ignore format: table
export const x87State = family(() => [
  row("fwait", "9B", waiting(nothing)), ...ofEachVendor((vendor) => [x87Of(vendor)("fnop", "D9 D0", nothing)]),
  row("fninit", "DB E3", call("fninit")), row("fnclex", "DB E2", call("fnclex")),
  // 8087 and 287 control that has no effect on later processors.
  row("fneni", "DB E0", nothing), row("fndisi", "DB E1", nothing), row("fnsetpm", "DB E4", nothing),
  row("fldcw", "D9 /5 Mw", waiting(loadControl)), row("fnstcw", "D9 /7 Mw", storeControl),
  row("fnstsw", "DD /7 Mw", storeStatus), row("fnstsw", "DF E0 AX", statusToAx),
  row("fnstenv", "D9 /6 Menv", environment("fnstenv", true)), row("fldenv", "D9 /4 Menv", waiting(environment("fldenv", false))),
  row("fnsave", "DD /6 Mstate", environment("fnsave", true)), row("frstor", "DD /4 Mstate", waiting(environment("frstor", false))),
  row("fxsave", "NP 0F AE /0 Mfx", area("fxsave", true), fx), row("fxsave64", "NP REX.W 0F AE /0 Mfx", area("fxsave", true, 64), fx),
  row("fxrstor", "NP 0F AE /1 Mfx", area("fxrstor", false), fx), row("fxrstor64", "NP REX.W 0F AE /1 Mfx", area("fxrstor", false, 64), fx),
  ...ofEachVendor(states),
  row("xgetbv", "NP 0F 01 D0", (o) => o.helper("xgetbv"), { feature: "xsave", context: true }), row("xsetbv", "NP 0F 01 D1", (o) => o.fault(vector.GP), { feature: "xsave", context: true, ends: true }),
]);
