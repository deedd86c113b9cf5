// Near control transfer. SDM Vol. 2: JMP Jcc CALL RET LOOP JrCXZ; INT3 INTO INT n SYSCALL SYSENTER UD2 HLT.
import { exit } from "../../../machine/exit.ts";
import type { Vendor } from "../../../machine/model.ts";
import { EF, R, S, vector } from "../../../machine/state.ts";
import { type Form, type Meaning, type Ops, rep } from "../../ops.ts";
import { type Attributes, family, ofEachVendor, type Row, row } from "../../row.ts";
import { flagsImage } from "./flag.ts";
import { conditionNames } from "./mov.ts";
import { pushValue } from "./stack.ts";

const near: Attributes = { size64: "default", nearBranch: true, context: true, ends: true };

/**
 * A near branch faults before any change if its target is not canonical or beyond CS's limit. SDM Vol. 2A
 * JMP, Operation.
 */
const checkComputed = <V>(o: Ops<V>, i: Form, target: V, first?: () => void): void => {
  const fault = (): void => {
    first?.();
    o.fault(vector.GP);
  };
  if (i.mode === 64) o.when(o.uncanonical(target), fault, undefined, false);
  else if (!i.flat) o.when(o.ltU(o.field("segLimit", S.cs), target), fault);
};
/**
 * The push of a call must be possible before its target is checked. Intel's processors have then written it,
 * without a change of rsp.
 */
const probePush =
  <V>(o: Ops<V>, i: Form, vendor: Vendor) =>
  (): void => {
    const slot = o.let("slot", o.zext(o.sub(o.reg(R.sp, i.stackSize), o.imm(i.w / 8)), i.stackSize));
    if (vendor === "amd") o.loadRmw(S.ss, slot, i.w);
    else o.store(S.ss, slot, i.w, o.zext(o.nextIp(), i.w));
  };
const checkDirect = <V>(o: Ops<V>, i: Form, taken?: V, first?: () => void): void => {
  if (i.flat) return;
  const beyond = o.ltU(o.field("segLimit", S.cs), o.target());
  o.when(taken === undefined ? beyond : o.and(taken, beyond), () => {
    first?.();
    o.fault(vector.GP);
  });
};
const branchIf = <V>(o: Ops<V>, i: Form, c: V): void => {
  checkDirect(o, i, c);
  o.branchIf(c);
};

const jmp: Meaning = (o, i) => {
  checkDirect(o, i);
  o.branch();
};
const jcc: Meaning = (o, i) => branchIf(o, i, o.condition(i.cc));
const jmpIndirect: Meaning = (o, i) => {
  const target = o.get(0);
  checkComputed(o, i, target);
  o.jump(target);
};
const call =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    checkDirect(o, i, undefined, probePush(o, i, vendor));
    pushValue(o, i, i.w, o.nextIp());
    o.branch();
  };
const callIndirect =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const target = o.get(0);
    checkComputed(o, i, target, probePush(o, i, vendor));
    pushValue(o, i, i.w, o.nextIp());
    o.jump(target);
  };
const ret =
  (releases: boolean): Meaning =>
  (o, i) => {
    const sp = o.reg(R.sp, i.stackSize);
    const target = o.load(S.ss, sp, i.w);
    checkComputed(o, i, target);
    const after = o.add(sp, o.imm(i.w / 8));
    o.setReg(R.sp, i.stackSize, o.zext(releases ? o.add(after, o.get(0)) : after, i.stackSize));
    o.jump(target);
  };
const loop =
  (vendor: Vendor, cc: number | undefined): Meaning =>
  (o, i) => {
    const c = o.let("c", o.zext(o.sub(o.reg(R.cx, i.addressSize), o.imm(1)), i.addressSize));
    const more = o.ne(c, o.imm(0));
    // Differs from the SDM: on AMD's processors a repeat prefix replaces the opcode's condition.
    const wanted = vendor === "intel" || i.rep === rep.none ? cc : i.rep === rep.rep ? 4 : 5;
    const taken = o.let("taken", cc === undefined || wanted === undefined ? more : o.and(more, o.condition(wanted)));
    checkDirect(o, i, taken);
    o.setReg(R.cx, i.addressSize, c);
    o.branchIf(taken);
  };
const jcxz: Meaning = (o, i) => branchIf(o, i, o.eq(o.reg(R.cx, i.addressSize), o.imm(0)));

/** SDM Vol. 2B SYSCALL: the return address in rcx, RFLAGS in r11, RF cleared. */
const syscall: Meaning = (o, i) => {
  if (i.mode !== 64) o.helper("vendorSyscall");
  o.setReg(R.cx, 64, o.nextIp());
  o.setReg(R.r11, 64, flagsImage(o, EF.RF));
  o.exit(exit.syscall);
};
/** SYSENTER saves nothing. */
const sysenter: Meaning = (o) => {
  o.helper("vendorSysenter");
  o.exit(exit.sysenter);
};

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");

const calls = (vendor: Vendor): readonly Row[] => [
  row("call", "E8 Jz", call(vendor), near),
  row("call", "FF /2 Ev", callIndirect(vendor), near),
];
const conditionalLoops = (vendor: Vendor): readonly Row[] => {
  const attributes: Attributes = vendor === "amd" ? { ...near, addressed: true, repeat: "zf" } : { ...near, addressed: true };
  return [row("loopne", "E0 Jb", loop(vendor, 5), attributes), row("loope", "E1 Jb", loop(vendor, 4), attributes)];
};

/** The rows of near control transfers. */
export const branches = family(() => [
  row("jmp", "EB Jb", jmp, near),
  row("jmp", "E9 Jz", jmp, near),
  row("jmp", "FF /4 Ev", jmpIndirect, near),
  ...conditionNames.flatMap((cc, n) => [
    row(`j${cc}`, `${hex(0x70 + n)} Jb`, jcc, { ...near, cc: n }),
    row(`j${cc}`, `0F ${hex(0x80 + n)} Jz`, jcc, { ...near, cc: n }),
  ]),
  ...ofEachVendor(calls),
  row("ret", "C3", ret(false), near),
  row("ret", "C2 Iw", ret(true), near),
  ...ofEachVendor(conditionalLoops),
  row("loop", "E2 Jb", loop("amd", undefined), { ...near, addressed: true }),
  row("jrcxz", "E3 Jb", jcxz, { ...near, addressed: true, addressNames: ["jcxz", "jecxz", "jrcxz"] }),
  row("int3", "CC", (o) => o.trap(vector.BP), { ends: true }),
  row("ud2", "0F 0B", (o) => o.fault(vector.UD), { ends: true }),
  row("hlt", "F4", (o) => o.fault(vector.GP), { ends: true }),
  row("syscall", "0F 05", syscall, { context: true, ends: true }),
  row("sysenter", "0F 34", sysenter, { ends: true }),
  // INT n: only 0x80 has a gate with DPL 3; others are #GP with the gate's selector (SDM Vol. 3A 6.13, error
  // code).
  row(
    "int",
    "CD Ib",
    (o) => {
      const n = o.get(0);
      o.when(o.eq(n, o.imm(0x80)), () => o.exit(exit.int80));
      o.helper("softInterrupt", n);
    },
    { ends: true },
  ),
]);
