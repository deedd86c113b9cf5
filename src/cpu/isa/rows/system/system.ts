// System instructions, as ring 3 sees them: privileged instructions, descriptor-table stores, CPUID, time,
// traps, and all forms of NOP. SDM Vol. 2 and Vol. 3A 5.9.

import type { Vendor } from "../../../machine/model.ts";
import { R, vector } from "../../../machine/state.ts";
import type { Meaning, RegisterWidth } from "../../ops.ts";
import { type Attributes, family, ofEachVendor, type Row, row } from "../../row.ts";

const nothing: Meaning = () => {};
/** Cache control needs a readable byte. */
const touch: Meaning = (o) => {
  o.get(0);
};
const privileged: Meaning = (o) => o.fault(vector.GP);
const undefinedOpcode: Meaning = (o) => o.fault(vector.UD);

/** Privileged instructions without operands. */
// biome-ignore format: table
const privilegedPlain = [
  ["cli", "FA"], ["sti", "FB"], ["clts", "0F 06"], ["invd", "0F 08"], ["wbinvd", "0F 09"], ["wrmsr", "0F 30"], ["rdmsr", "0F 32"],
  ["sysexit", "0F 35"], ["rdpmc", "0F 33"], ["in", "E4 AL,Ib"], ["in", "E5 eAX,Ib"], ["in", "EC AL,DX"], ["in", "ED eAX,DX"],
  ["out", "E6 Ib,AL"], ["out", "E7 Ib,eAX"], ["out", "EE DX,AL"], ["out", "EF DX,eAX"],
  ["lldt", "0F 00 /2 Ew"], ["ltr", "0F 00 /3 Ew"], ["lgdt", "0F 01 /2 Ms"], ["lidt", "0F 01 /3 Ms"], ["lmsw", "0F 01 /6 Ew"], ["invlpg", "0F 01 /7 M"],
] as const;

/**
 * The values that Linux shows to user code in place of the descriptor tables and CR0. arch/x86/kernel/umip.c
 */
const shown = { gdt: 0xffff_ffff_fffe_0000n, idt: 0xffff_ffff_ffff_0000n, cr0: 0x8005_0033, tss: 0x40 } as const;
const storeTable =
  (base: bigint): Meaning =>
  (o, i) => {
    const a = o.address(0);
    o.store(undefined, a, 16, o.imm(0));
    o.store(
      undefined,
      o.let("at", o.zext(o.add(a, o.imm(2)), i.addressSize)),
      i.mode === 64 ? 64 : 32,
      o.zext(o.imm(base), i.mode === 64 ? 64 : 32),
    );
  };
/** In memory: 16 bits. */
const storeWord =
  (v: number): Meaning =>
  (o, i) =>
    o.set(0, o.zext(o.imm(v), i.widths[0] as number));
/**
 * In a register the kernel's emulation copies as many bytes as it has, and nothing beyond: CR0 by the size of
 * the operand, selectors as at most 32 bits. fixup_umip_exception()
 */
const copyWord =
  (v: number, most: 32 | 64): Meaning =>
  (o, i) => {
    const w = Math.min(most, i.widths[0] as number) as RegisterWidth;
    o.setLow(0, w, o.zext(o.imm(v), w));
  };

/** Zeroes the 64 bytes of a cache line, whose first access faults if any does. AMD APM Vol. 3 CLZERO */
const clzero: Meaning = (o, i) => {
  const line = o.let("at", o.and(o.reg(R.ax, i.addressSize), o.imm(-64n)));
  for (let at = 0; at < 64; at += 8) o.store(undefined, o.add(line, o.imm(at)), 64, o.imm(0));
};
/** AL = DS:[rBX + AL]. */
const xlat: Meaning = (o, i) =>
  o.setReg(R.ax, 8, o.load(undefined, o.let("at", o.zext(o.add(o.reg(R.bx, i.addressSize), o.reg(R.ax, 8)), i.addressSize)), 8));
const into: Meaning = (o) => o.when(o.flag("OF"), () => o.trap(vector.OF));
/**
 * The index is signed; both bounds are valid indices. Intel's processors do not read the upper bound for an
 * index below the lower.
 */
const bound =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const a = o.address(1);
    const lower = o.load(undefined, a, i.w);
    const fault = (): void => o.fault(vector.BR);
    const upperBound = () => o.load(undefined, o.let("at", o.zext(o.add(a, o.imm(i.w / 8)), i.addressSize)), i.w);
    if (vendor === "amd") {
      const upper = upperBound();
      const index = o.let("index", o.sext(o.get(0), i.w));
      return o.when(o.or(o.ltS(index, o.sext(lower, i.w)), o.ltS(o.sext(upper, i.w), index)), fault);
    }
    const index = o.let("index", o.sext(o.get(0), i.w));
    o.when(o.ltS(index, o.sext(lower, i.w)), fault);
    o.when(o.ltS(o.sext(upperBound(), i.w), index), fault);
  };
const random: Meaning = (o, i) => {
  o.helper("random");
  o.set(0, o.zext(o.field("answer"), i.w));
};
const processorNumber: Meaning = (o, i) => {
  o.helper("processorNumber");
  o.set(0, o.zext(o.field("answer"), i.widths[0] as number));
};
const enter: Meaning = (o, i) => o.helper("enter", o.get(0), o.or(o.get(1), o.imm(i.w << 16)));

const control: Attributes = { ends: true, registerOnly: true, size64: "force" };

const controlMoves = (n: number, attributes: Attributes): readonly Row[] => [
  row("mov", `0F 20 /${n} Ry,Cy`, privileged, attributes),
  row("mov", `0F 22 /${n} Cy,Ry`, privileged, attributes),
];

/** The rows of system instructions. */
export const system = family(() => [
  ...privilegedPlain.map(([name, encoding]) => row(name, encoding, privileged, { ends: true })),
  // Intel's processors lack it outside 64-bit mode. SDM Vol. 2B SYSRET
  row("sysret", "0F 07", privileged, { ends: true, only: "64" }),
  ...ofEachVendor((vendor) => [row("sysret", "0F 07", vendor === "amd" ? privileged : undefinedOpcode, { ends: true, only: "not64" })]),
  row("swapgs", "0F 01 F8", privileged, { ends: true, only: "64" }),
  // On AMD's processors a LOCK prefix turns CR0 into CR8. APM Vol. 3 MOV (CRn). On Intel's it is #UD.
  ...ofEachVendor((vendor) => controlMoves(0, vendor === "amd" ? { ...control, lock: true } : control)),
  ...[2, 3, 4].flatMap((n) => controlMoves(n, control)),
  row("mov", "0F 21 Ry,Dy", privileged, control),
  row("mov", "0F 23 Dy,Ry", privileged, control),
  row("sgdt", "0F 01 /0 Ms", storeTable(shown.gdt)),
  row("sidt", "0F 01 /1 Ms", storeTable(shown.idt)),
  row("smsw", "0F 01 /4 Rv", copyWord(shown.cr0, 64)),
  row("smsw", "0F 01 /4 Mw", storeWord(shown.cr0 & 0xffff)),
  row("sldt", "0F 00 /0 Rv", copyWord(0, 32)),
  row("sldt", "0F 00 /0 Mw", storeWord(0)),
  row("str", "0F 00 /1 Rv", copyWord(shown.tss, 32)),
  row("str", "0F 00 /1 Mw", storeWord(shown.tss)),

  row("cpuid", "0F A2", (o) => o.helper("cpuid")),
  // The number of retired instructions is exact at the end of a block.
  row("rdtsc", "0F 31", (o) => o.helper("rdtsc"), { ends: true }),
  row("rdtscp", "0F 01 F9", (o) => o.helper("rdtsc", o.imm(1)), { ends: true }),
  row("rdrand", "NFx 0F C7 /6 Rv", random, { feature: "rdrand" }),
  row("rdseed", "NFx 0F C7 /7 Rv", random, { feature: "rdseed" }),
  row("rdpid", "F3 0F C7 /7 Ry", processorNumber, { size64: "force", feature: "rdpid" }),
  row("xlatb", "D7", xlat, { addressed: true }),
  row("enter", "C8 Iw,Ib", enter, { size64: "default", context: true }),
  ...ofEachVendor((vendor) => [row("bound", "62 Gv,Ma", bound(vendor), { only: "not64", ends: true })]),
  row("into", "CE", into, { only: "not64", ends: true }),
  row("int1", "F1", (o) => o.trap(vector.DB), { ends: true }),
  row("ud0", "0F FF", undefinedOpcode, { ends: true }),
  row("ud1", "0F B9 Gv,Ev", undefinedOpcode, { ends: true }),

  row("pause", "F3 REX.B0 90", nothing),
  row("nop", "REX.B0 90", nothing),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => row(n === 1 || n === 3 ? "prefetchw" : "prefetch", `0F 0D /${n} Mb`, nothing)),
  // With a register it is a NOP on Intel's processors, and #UD on AMD's.
  row("reservednop", "0F 0D Rv,Gv", nothing, { vendor: "intel" }),
  row("endbr32", "F3 0F 1E FB", nothing),
  row("endbr64", "F3 0F 1E FA", nothing),
  ...["18", "19", "1A", "1B", "1C", "1D", "1E", "1F"].map((opcode) => row("reservednop", `0F ${opcode} Ev,Gv`, nothing)),
  row("clflush", "NP 0F AE /7 Mb", touch),
  row("clflushopt", "66 0F AE /7 Mb", touch),
  row("clwb", "66 0F AE /6 Mb", touch),
  row("clzero", "NFx 0F 01 FC", clzero, { addressed: true, feature: "clzero" }),
]);
