// Segment registers and far transfers. SDM Vol. 2: MOV PUSH POP of a segment register, LDS LES LFS LGS LSS,
// JMP CALL RET far, IRET, LAR LSL VERR VERW ARPL, RDFSBASE and related instructions.
import type { Vendor } from "../../../machine/model.ts";
import { EF, R, S, vector } from "../../../machine/state.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { type Attributes, family, ofEachVendor, type Row, row } from "../../row.ts";
import { pushValue } from "../integer/stack.ts";

const selectorOf = <V>(o: Ops<V>, s: number): V => o.field("segSelector", s);
/** A new segment may change the mode of the next instructions, so the next one is reached by its address. */
const continueAtNext = <V>(o: Ops<V>): void => o.jump(o.nextIp());
const load = <V>(o: Ops<V>, s: number, selector: V): void => o.helper("loadSegment", o.imm(s), selector);

const fromSegment =
  (s: number): Meaning =>
  (o) =>
    o.set(0, selectorOf(o, s));
const toSegment =
  (s: number): Meaning =>
  (o) => {
    load(o, s, o.get(1));
    continueAtNext(o);
  };
/** With a 32-bit operand size Intel's processors write 16 bits (SDM Vol. 2B PUSH). */
const push =
  (vendor: Vendor, s: number): Meaning =>
  (o, i) => {
    if (vendor === "amd" || i.w !== 32) return pushValue(o, i, i.w, selectorOf(o, s));
    const sp = o.let("sp", o.zext(o.sub(o.reg(R.sp, i.stackSize), o.imm(4)), i.stackSize));
    o.store(S.ss, sp, 16, selectorOf(o, s));
    o.setReg(R.sp, i.stackSize, sp);
  };
/**
 * rsp moves after the selector was accepted, at its previous width. Intel's processors read 16 bits at every
 * operand size.
 */
const pop =
  (vendor: Vendor, s: number): Meaning =>
  (o, i) => {
    const sp = o.reg(R.sp, i.stackSize);
    load(o, s, o.load(S.ss, sp, vendor === "amd" ? i.w : 16));
    o.setReg(R.sp, i.stackSize, o.zext(o.add(sp, o.imm(i.w / 8)), i.stackSize));
    continueAtNext(o);
  };

/**
 * A far pointer in memory: offset, then selector. On AMD's processors the offset has at most 32 bits. SDM
 * Vol. 2A JMP, LFS; APM Vol. 3 JMP (Far), LFS.
 */
const farPointer = <V>(o: Ops<V>, i: Form, n: number, vendor: Vendor): { offset: V; selector: V } => {
  const a = o.address(n);
  const w = vendor === "amd" ? Math.min(i.w, 32) : i.w;
  const size = w / 8 + 2;
  // On Intel's processors it is one operand outside 64-bit mode, which does not wrap to address 0. In 64-bit
  // code it is two operands, as always on AMD's, each with its own address (isa/x87-areas.ts).
  if (vendor === "intel" && i.mode !== 64) o.when(o.ltU(o.imm(0x1_0000_0000 - size), a), () => o.fault(vector.GP));
  const offset = o.load(undefined, a, w);
  const next = o.add(a, o.imm(w / 8));
  const at = o.let("at", i.mode === 64 ? o.zext(next, i.addressSize) : o.zext(next, 32));
  const selector = o.load(undefined, at, 16);
  return { offset, selector };
};
const loadFar =
  (s: number, vendor: Vendor): Meaning =>
  (o, i) => {
    const { offset, selector } = farPointer(o, i, 1, vendor);
    load(o, s, selector);
    o.set(0, offset);
    continueAtNext(o);
  };

const sized = <V>(o: Ops<V>, i: Form, selector: V): V => o.or(o.zext(selector, 16), o.imm(i.w << 16));
const jumpFar: Meaning = (o) => {
  const p = o.get(0);
  o.helper("farJump", o.zext(p, 32), o.shr(p, o.imm(32)));
};
const callFar: Meaning = (o, i) => {
  const p = o.get(0);
  o.helper("farCall", o.zext(p, 32), sized(o, i, o.shr(p, o.imm(32))));
};
const jumpFarIndirect =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const { offset, selector } = farPointer(o, i, 0, vendor);
    o.helper("farJump", offset, selector);
  };
const callFarIndirect =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const { offset, selector } = farPointer(o, i, 0, vendor);
    o.helper("farCall", offset, sized(o, i, selector));
  };
const returnFar: Meaning = (o, i) => o.helper("farReturn", o.imm(0), o.imm(i.w << 16));
const returnFarImmediate: Meaning = (o, i) => o.helper("farReturn", o.get(0), o.imm(i.w << 16));
const iret: Meaning = (o, i) => o.helper("iret", o.imm(0), o.imm(i.w << 16));

/** Queries about a selector. ZF is set if it is usable; LAR and LSL then return their result. */
const query =
  (name: "accessRights" | "segmentLimit" | "verifyRead" | "verifyWrite", result: boolean): Meaning =>
  (o, i) => {
    o.helper(name, o.zext(o.get(result ? 1 : 0), 16));
    const answer = o.let("answer", o.field("answer"));
    const good = o.let("good", o.ne(answer, o.imm(-1)));
    if (result) o.when(good, () => o.set(0, o.zext(answer, i.w)));
    o.setFlags(EF.ZF, o.select(good, o.imm(EF.ZF), o.imm(0)));
  };
/** Raises the requested privilege level of the destination to the source's. */
const arpl: Meaning = (o) => {
  const b = o.let("rpl", o.and(o.get(1), o.imm(3)));
  const a = o.get(0);
  const lower = o.let("lower", o.ltU(o.and(a, o.imm(3)), b));
  o.when(lower, () => o.set(0, o.or(o.and(a, o.imm(0xfffc)), b)));
  o.setFlags(EF.ZF, o.select(lower, o.imm(EF.ZF), o.imm(0)));
};

const readBase =
  (s: number): Meaning =>
  (o, i) =>
    o.set(0, o.zext(o.field("segBase", s), i.widths[0] as number));
const writeBase =
  (s: number): Meaning =>
  (o) =>
    o.helper("setBase", o.imm(s), o.get(0));

const ends: Attributes = { ends: true };
const holdsTrap: Attributes = { ends: true, holdsTrap: true };
const stack: Attributes = { size64: "default", context: true };
const far: Attributes = { ends: true, context: true };
/** Segment registers by number in the Sreg field, with the opcodes of PUSH and POP outside the group. */
// biome-ignore format: table
const pushed = [[S.es, "06 ES", "07 ES"], [S.ss, "16 SS", "17 SS"], [S.ds, "1E DS", "1F DS"]] as const;

const throughFarPointers = (vendor: Vendor): readonly Row[] => {
  const [offset, pointer] = vendor === "amd" ? ["Gz", "Mp"] : ["Gv", "Mpl"];
  return [
    row("lss", `0F B2 ${offset},${pointer}`, loadFar(S.ss, vendor), ends),
    row("lfs", `0F B4 ${offset},${pointer}`, loadFar(S.fs, vendor), ends),
    row("lgs", `0F B5 ${offset},${pointer}`, loadFar(S.gs, vendor), ends),
    row("jmp", `FF /5 ${pointer}`, jumpFarIndirect(vendor), far),
    row("call", `FF /3 ${pointer}`, callFarIndirect(vendor), far),
  ];
};

const throughStack = (vendor: Vendor): readonly Row[] => [
  ...pushed.flatMap(([s, to, from]) => [
    row("push", to, push(vendor, s), { ...stack, only: "not64" }),
    row("pop", from, pop(vendor, s), { ...stack, ...(s === S.ss ? holdsTrap : ends), only: "not64" }),
  ]),
  row("push", "0E CS", push(vendor, S.cs), { ...stack, only: "not64" }),
  row("push", "0F A0 FS", push(vendor, S.fs), stack),
  row("pop", "0F A1 FS", pop(vendor, S.fs), { ...stack, ...ends }),
  row("push", "0F A8 GS", push(vendor, S.gs), stack),
  row("pop", "0F A9 GS", pop(vendor, S.gs), { ...stack, ...ends }),
];

/** The rows of segments and far transfers. */
export const segments = family(() => [
  ...[S.es, S.cs, S.ss, S.ds, S.fs, S.gs].flatMap((s) => [
    row("mov", `8C /${s} Rv,Sw`, fromSegment(s)),
    row("mov", `8C /${s} Mw,Sw`, fromSegment(s)),
  ]),
  ...[S.es, S.ss, S.ds, S.fs, S.gs].map((s) => row("mov", `8E /${s} Sw,Ew`, toSegment(s), s === S.ss ? holdsTrap : ends)),
  ...ofEachVendor(throughStack),
  row("les", "C4 Gz,Mp", loadFar(S.es, "amd"), { ...ends, only: "not64" }),
  row("lds", "C5 Gz,Mp", loadFar(S.ds, "amd"), { ...ends, only: "not64" }),
  ...ofEachVendor(throughFarPointers),
  row("jmp", "EA Ap", jumpFar, { ...far, only: "not64" }),
  row("call", "9A Ap", callFar, { ...far, only: "not64" }),
  row("retf", "CB", returnFar, far),
  row("retf", "CA Iw", returnFarImmediate, far),
  row("iret", "CF", iret, { ...far, sizedNames: ["iretw", "iretd", "iretq"] }),
  row("lar", "0F 02 Gv,Ew", query("accessRights", true)),
  row("lsl", "0F 03 Gv,Ew", query("segmentLimit", true)),
  row("verr", "0F 00 /4 Ew", query("verifyRead", false)),
  row("verw", "0F 00 /5 Ew", query("verifyWrite", false)),
  row("arpl", "63 Ew,Gw", arpl, { only: "not64" }),
  row("rdfsbase", "F3 0F AE /0 Ry", readBase(S.fs), { only: "64" }),
  row("rdgsbase", "F3 0F AE /1 Ry", readBase(S.gs), { only: "64" }),
  row("wrfsbase", "F3 0F AE /2 Ry", writeBase(S.fs), { only: "64" }),
  row("wrgsbase", "F3 0F AE /3 Ry", writeBase(S.gs), { only: "64" }),
]);
