// x87 control, and saving and restoring its state with SSE's. SDM Vol. 2: FNINIT FNCLEX FLDCW FNSTCW FNSTSW FNOP FWAIT FNSTENV FLDENV FNSAVE
// FRSTOR FXSAVE FXRSTOR. FINIT, FSTSW, … are FWAIT and these.
import type { Meaning } from "../ops.ts";
import type { ActName } from "../routine-types.ts";
import { type Row, row } from "../row.ts";
import { R } from "../state.ts";
import { pending } from "./vector.ts";
import { call, x87 } from "./x87.ts";

const nothing: Meaning = () => {};
/** Raises what an earlier instruction left. */
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

const moves =
  (name: ActName, write: boolean, size?: 64): Meaning =>
  (o, i) =>
    o.act(name, o.linear(0, write), o.imm(size ?? i.w));
/** The first word is looked at in all respects before the segment's limit is held against the rest. */
const environment =
  (name: ActName, write: boolean): Meaning =>
  (o, i) => {
    const start = o.let("start", o.address(0));
    const w = i.w === 16 ? 16 : 32;
    if (write) o.loadRmw(undefined, start, w);
    else o.load(undefined, start, w);
    moves(name, write)(o, i);
  };

// biome-ignore format: table
export const x87State: readonly Row[] = [
  row("fwait", "9B", waiting(nothing)), x87("fnop", "D9 D0", nothing),
  row("fninit", "DB E3", call("fninit")), row("fnclex", "DB E2", call("fnclex")),
  // 8087 and 287 control that does nothing since.
  row("fneni", "DB E0", nothing), row("fndisi", "DB E1", nothing), row("fnsetpm", "DB E4", nothing),
  row("fldcw", "D9 /5 Mw", waiting(loadControl)), row("fnstcw", "D9 /7 Mw", storeControl),
  row("fnstsw", "DD /7 Mw", storeStatus), row("fnstsw", "DF E0 AX", statusToAx),
  row("fnstenv", "D9 /6 Menv", environment("fnstenv", true)), row("fldenv", "D9 /4 Menv", waiting(environment("fldenv", false))),
  row("fnsave", "DD /6 Mstate", environment("fnsave", true)), row("frstor", "DD /4 Mstate", waiting(environment("frstor", false))),
  row("fxsave", "NP 0F AE /0 Mfx", moves("fxsave", true)), row("fxsave64", "NP REX.W 0F AE /0 Mfx", moves("fxsave", true, 64)),
  // Its alignment is looked at after the segment's limit, FXSAVE's before.
  row("fxrstor", "NP 0F AE /1 Mfx", moves("fxrstor", false), { unaligned: true }),
  row("fxrstor64", "NP REX.W 0F AE /1 Mfx", moves("fxrstor", false, 64), { unaligned: true }),
];
