// Near control transfer. SDM Vol. 2: JMP Jcc CALL RET LOOP JrCXZ; INT3 INTO INT n SYSCALL SYSENTER UD2 HLT.
import { exit } from "../exit.ts";
import type { Meaning } from "../ops.ts";
import { type Attributes, type Row, row } from "../row.ts";
import { R, vector } from "../state.ts";
import { conditionNames } from "./mov.ts";
import { popValue, pushValue } from "./stack.ts";

const near: Attributes = { size64: "default", context: true, ends: true };

const jmp: Meaning = (o) => o.branch();
const jcc: Meaning = (o, i) => o.branchIf(o.condition(i.cc));
const jmpIndirect: Meaning = (o) => o.jump(o.get(0));
const call: Meaning = (o, i) => {
  pushValue(o, i, i.w, o.nextIp());
  o.branch();
};
const callIndirect: Meaning = (o, i) => {
  const target = o.get(0);
  pushValue(o, i, i.w, o.nextIp());
  o.jump(target);
};
const ret: Meaning = (o, i) => o.jump(popValue(o, i, i.w));
const retImmediate: Meaning = (o, i) => {
  const target = popValue(o, i, i.w);
  o.setReg(R.sp, i.stackSize, o.zext(o.add(o.reg(R.sp, i.stackSize), o.get(0)), i.stackSize));
  o.jump(target);
};
const loop = (zf: 0 | 1 | undefined): Meaning => (o, i) => {
  const c = o.let("c", o.zext(o.sub(o.reg(R.cx, i.addressSize), o.imm(1)), i.addressSize));
  o.setReg(R.cx, i.addressSize, c);
  const more = o.ne(c, o.imm(0));
  o.branchIf(zf === undefined ? more : o.and(more, o.condition(zf ? 4 : 5)));
};
const jcxz: Meaning = (o, i) => o.branchIf(o.eq(o.reg(R.cx, i.addressSize), o.imm(0)));

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");

export const branches: readonly Row[] = [
  row("jmp", "EB Jb", jmp, near), row("jmp", "E9 Jz", jmp, near), row("jmp", "FF /4 Ev", jmpIndirect, near),
  ...conditionNames.flatMap((cc, n) => [row(`j${cc}`, `${hex(0x70 + n)} Jb`, jcc, { ...near, cc: n }), row(`j${cc}`, `0F ${hex(0x80 + n)} Jz`, jcc, { ...near, cc: n })]),
  row("call", "E8 Jz", call, near), row("call", "FF /2 Ev", callIndirect, near),
  row("ret", "C3", ret, near), row("ret", "C2 Iw", retImmediate, near),
  row("loopne", "E0 Jb", loop(0), { ...near, addressed: true }), row("loope", "E1 Jb", loop(1), { ...near, addressed: true }),
  row("loop", "E2 Jb", loop(undefined), { ...near, addressed: true }), row("jrcxz", "E3 Jb", jcxz, { ...near, addressed: true }),
  row("int3", "CC", (o) => o.trap(vector.BP), { ends: true }),
  row("ud2", "0F 0B", (o) => o.fault(vector.UD), { ends: true }),
  row("hlt", "F4", (o) => o.fault(vector.GP), { ends: true }),
  row("syscall", "0F 05", (o) => o.exit(exit.syscall), { ends: true }),
  row("sysenter", "0F 34", (o) => o.exit(exit.sysenter), { ends: true }),
  // INT n: only 0x80 has a gate that user code may pass; others are #GP with the gate's selector (SDM Vol. 3A 6.13, error code).
  row("int", "CD Ib", (o) => {
    const n = o.get(0);
    o.when(o.eq(n, o.imm(0x80)), () => o.exit(exit.int80));
    o.act("softInterrupt", n);
  }, { ends: true }),
];
