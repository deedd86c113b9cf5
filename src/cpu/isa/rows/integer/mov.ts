// Data movement. SDM Vol. 2: MOV MOVSX MOVSXD MOVZX LEA XCHG CMOVcc SETcc CBW/CWDE/CDQE CWD/CDQ/CQO NOP.

import { R } from "../../../machine/state.ts";
import type { Meaning } from "../../ops.ts";
import { family, ofEachVendor, row } from "../../row.ts";

const mov: Meaning = (o) => o.set(0, o.get(1));
const movzx: Meaning = mov;
const movsx: Meaning = (o, i) => o.set(0, o.zext(o.sext(o.get(1), i.widths[1]!), i.w));
const lea: Meaning = (o, i) => o.set(0, o.zext(o.address(1), i.w));
const xchg: Meaning = (o) => {
  const b = o.get(1);
  const a = o.rmw(0);
  o.set(0, b);
  o.set(1, a);
};
/** The operand is read in both cases, and a 32-bit destination is zero-extended in both cases. */
const cmov: Meaning = (o, i) => {
  const b = o.get(1);
  const a = o.get(0);
  o.set(0, o.select(o.condition(i.cc), b, a));
};
const setcc: Meaning = (o, i) => o.set(0, o.condition(i.cc));
/** AX from AL, EAX from AX, RAX from EAX. */
const cbw: Meaning = (o, i) => o.setReg(R.ax, i.w, o.zext(o.sext(o.reg(R.ax, (i.w / 2) as 8 | 16 | 32), i.w / 2), i.w));
const cwd: Meaning = (o, i) => o.setReg(R.dx, i.w, o.zext(o.sar(o.sext(o.reg(R.ax, i.w), i.w), o.imm(63)), i.w));
const nop: Meaning = () => {};

/** The condition names by code. SDM Vol. 1 appendix B. */
export const conditionNames = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"] as const;
const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");

/** The rows of data movement. */
export const move = family(() => [
  row("mov", "88 Eb,Gb", mov),
  row("mov", "89 Ev,Gv", mov),
  row("mov", "8A Gb,Eb", mov),
  row("mov", "8B Gv,Ev", mov),
  row("mov", "A0 AL,Ob", mov),
  row("mov", "A1 rAX,Ov", mov),
  row("mov", "A2 Ob,AL", mov),
  row("mov", "A3 Ov,rAX", mov),
  row("mov", "B0 Zb,Ib", mov),
  row("mov", "B8 Zv,Iv", mov),
  row("mov", "C6 /0 Eb,Ib", mov),
  row("mov", "C7 /0 Ev,Iz", mov),
  row("movzx", "0F B6 Gv,Eb", movzx),
  row("movzx", "0F B7 Gv,Ew", movzx),
  row("movsx", "0F BE Gv,Eb", movsx),
  row("movsx", "0F BF Gv,Ew", movsx),
  // With a 16-bit operand size AMD's processors still read 32 bits of memory.
  ...ofEachVendor((vendor) => [row("movsxd", `63 Gv,E${vendor === "amd" ? "d" : "z"}`, movsx, { only: "64" })]),
  row("lea", "8D Gv,M", lea),
  row("xchg", "86 Eb,Gb", xchg, { lock: true }),
  row("xchg", "87 Ev,Gv", xchg, { lock: true }),
  row("xchg", "90 Zv,rAX", xchg),
  row("cbw", "98 rAX", cbw, { sizedNames: ["cbw", "cwde", "cdqe"] }),
  row("cwd", "99 rAX", cwd, { sizedNames: ["cwd", "cdq", "cqo"] }),
  row("nop", "0F 1F /0 Ev", nop),
  ...conditionNames.flatMap((cc, n) => [
    row(`cmov${cc}`, `0F ${hex(0x40 + n)} Gv,Ev`, cmov, { cc: n }),
    row(`set${cc}`, `0F ${hex(0x90 + n)} Eb`, setcc, { cc: n }),
  ]),
]);
