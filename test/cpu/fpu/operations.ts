// Each x87 instruction as bytes for the processor (memory operand at [rdi]) and as calls of the routines, as
// its row makes them.
import type { Exports } from "./ours.ts";

export type MemoryKind = "none" | "f32" | "f64" | "f80" | "i16" | "i32" | "i64" | "bcd" | "out";
export interface Operation {
  readonly name: string;
  readonly code: readonly number[];
  readonly memory: MemoryKind;
  /** Exponents where its operands are interesting. */
  readonly near?: readonly number[];
  /** A result may be one unit in the last place off, and C1 with it. */
  readonly loose?: true;
  /** Returns new EFLAGS bits where it writes them. */
  run(x: Exports, memory: DataView, eflags: number): number | undefined | void;
}

const arithmetic = ["fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"];
const isCompare = (op: number) => (op & 6) === 2;
const each = <T>(n: number, f: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i));
const plain = (name: string, code: number[], run: (x: Exports) => void, near?: number[]): Operation => ({
  name,
  code,
  memory: "none",
  run,
  ...(near && { near }),
});

// biome-ignore format: table
const arithmeticForms = each(8, (op): Operation[] => {
  const name = arithmetic[op] as string;
  const reg = op << 3;
  return [
    plain(`${name} st,st2`, [0xd8, 0xc2 + reg], (x) => x.arith_st(op, 2)),
    plain(`${name} st,st0`, [0xd8, 0xc0 + reg], (x) => x.arith_st(op, 0)),
    { name: `${name} m32`, code: [0xd8, 7 + reg], memory: "f32", run: (x, m) => x.arith_f32(op, m.getInt32(0, true)) },
    { name: `${name} m64`, code: [0xdc, 7 + reg], memory: "f64", run: (x, m) => x.arith_f64(op, m.getBigInt64(0, true)) },
    { name: `fi${name.slice(1)} m32`, code: [0xda, 7 + reg], memory: "i32", run: (x, m) => x.arith_i32(op, m.getInt32(0, true)) },
    { name: `fi${name.slice(1)} m16`, code: [0xde, 7 + reg], memory: "i16", run: (x, m) => x.arith_i32(op, m.getInt16(0, true)) },
    ...(isCompare(op) ? [] : [
      plain(`${name} st1,st`, [0xdc, 0xc1 + reg], (x) => x.arith_to(op, 1, 0)),
      plain(`${name}p st1,st`, [0xde, 0xc1 + reg], (x) => x.arith_to(op, 1, 1)),
      plain(`${name}p st0,st`, [0xde, 0xc0 + reg], (x) => x.arith_to(op, 0, 1)),
    ]),
  ];
}).flat();

const load = (name: string, code: number[], memory: MemoryKind, run: Operation["run"]): Operation => ({ name, code, memory, run });
// biome-ignore format: table
const store = (name: string, code: number[], pops: number, near: number[], write: (x: Exports, m: DataView) => void): Operation => ({
  name, code, memory: "out", near,
  run: (x, m) => {
    const bytes = new DataView(m.buffer.slice(m.byteOffset, m.byteOffset + 16));
    write(x, bytes);
    if (x.stores()) for (let i = 0; i < 16; i++) m.setUint8(i, bytes.getUint8(i));
    x.stored(pops);
  },
});
const integers = [0x3fff, 0x3ffe, 0x400d, 0x401d, 0x403d];
const f32 = (x: Exports, m: DataView) => m.setInt32(0, x.fst_f32_value(), true);
const f64 = (x: Exports, m: DataView) => m.setBigInt64(0, x.fst_f64_value(), true);
const i16 = (truncate: number) => (x: Exports, m: DataView) => m.setInt16(0, Number(x.fist_value(16, truncate)), true);
const i32 = (truncate: number) => (x: Exports, m: DataView) => m.setInt32(0, Number(x.fist_value(32, truncate)), true);
const i64 = (truncate: number) => (x: Exports, m: DataView) => m.setBigInt64(0, x.fist_value(64, truncate), true);
const near32 = [0x3fff - 126, 0x3fff + 127, 0x3fff - 140];
const near64 = [0x3fff - 1022, 0x3fff + 1023, 0x3fff - 1060];

// biome-ignore format: table
export const operations: readonly Operation[] = [
  ...arithmeticForms,
  load("fld m32", [0xd9, 0x07], "f32", (x, m) => x.fld_f32(m.getInt32(0, true))),
  load("fld m64", [0xdd, 0x07], "f64", (x, m) => x.fld_f64(m.getBigInt64(0, true))),
  load("fld m80", [0xdb, 0x2f], "f80", (x, m) => x.fld_f80(m.getBigInt64(0, true), m.getUint16(8, true))),
  load("fild m16", [0xdf, 0x07], "i16", (x, m) => x.fild(BigInt(m.getInt16(0, true)))),
  load("fild m32", [0xdb, 0x07], "i32", (x, m) => x.fild(BigInt(m.getInt32(0, true)))),
  load("fild m64", [0xdf, 0x2f], "i64", (x, m) => x.fild(m.getBigInt64(0, true))),
  load("fbld", [0xdf, 0x27], "bcd", (x, m) => x.fbld(m.getBigInt64(0, true), m.getUint16(8, true))),
  plain("fld st3", [0xd9, 0xc3], (x) => x.fld_st(3)),
  ...["fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"].map((name, i) => plain(name, [0xd9, 0xe8 + i], (x) => x.fldc(i))),
  store("fst m32", [0xd9, 0x17], 0, near32, f32),
  store("fstp m32", [0xd9, 0x1f], 1, near32, f32),
  store("fst m64", [0xdd, 0x17], 0, near64, f64),
  store("fstp m64", [0xdd, 0x1f], 1, near64, f64),
  store("fstp m80", [0xdb, 0x3f], 1, [0x3fff], (x, m) => { m.setBigInt64(0, x.fstp_f80_value(), true); m.setUint16(8, x.fstp_f80_high(), true); }),
  store("fist m16", [0xdf, 0x17], 0, integers, i16(0)),
  store("fistp m16", [0xdf, 0x1f], 1, integers, i16(0)),
  store("fisttp m16", [0xdf, 0x0f], 1, integers, i16(1)),
  store("fist m32", [0xdb, 0x17], 0, integers, i32(0)),
  store("fistp m32", [0xdb, 0x1f], 1, integers, i32(0)),
  store("fisttp m32", [0xdb, 0x0f], 1, integers, i32(1)),
  store("fistp m64", [0xdf, 0x3f], 1, integers, i64(0)),
  store("fisttp m64", [0xdd, 0x0f], 1, integers, i64(1)),
  store("fbstp", [0xdf, 0x37], 1, integers, (x, m) => { m.setBigInt64(0, x.fbstp_value(), true); m.setUint16(8, x.fbstp_high(), true); }),
  plain("fst st2", [0xdd, 0xd2], (x) => x.fst_st(2, 0)),
  plain("fstp st2", [0xdd, 0xda], (x) => x.fst_st(2, 1)),
  plain("fstpnce st2", [0xd9, 0xda], (x) => x.fstpnce(2)),
  plain("fstp st0", [0xdd, 0xd8], (x) => x.fst_st(0, 1)),
  plain("fxch st3", [0xd9, 0xcb], (x) => x.fxch(3)),
  plain("fxch st0", [0xd9, 0xc8], (x) => x.fxch(0)),
  plain("fabs", [0xd9, 0xe1], (x) => x.fabs()),
  plain("fchs", [0xd9, 0xe0], (x) => x.fchs()),
  plain("ffree st3", [0xdd, 0xc3], (x) => x.ffree(3, 0)),
  plain("ffreep st3", [0xdf, 0xc3], (x) => x.ffree(3, 1)),
  plain("fincstp", [0xd9, 0xf7], (x) => x.fincstp()),
  plain("fdecstp", [0xd9, 0xf6], (x) => x.fdecstp()),
  plain("fnclex", [0xdb, 0xe2], (x) => x.fnclex()),
  plain("fninit", [0xdb, 0xe3], (x) => x.fninit()),
  plain("ftst", [0xd9, 0xe4], (x) => x.ftst()),
  plain("fxam", [0xd9, 0xe5], (x) => x.fxam()),
  plain("fcompp", [0xde, 0xd9], (x) => x.fcom(1, 0, 2)),
  plain("fucom st2", [0xdd, 0xe2], (x) => x.fcom(2, 1, 0)),
  plain("fucomp st2", [0xdd, 0xea], (x) => x.fcom(2, 1, 1)),
  plain("fucompp", [0xda, 0xe9], (x) => x.fcom(1, 1, 2)),
  ...([["fcomi", 0xdb, 0xf2, 0, 0], ["fcomip", 0xdf, 0xf2, 0, 1], ["fucomi", 0xdb, 0xea, 1, 0], ["fucomip", 0xdf, 0xea, 1, 1]] as const).map(
    ([name, a, b, quiet, pops]): Operation => ({ name: `${name} st2`, code: [a, b], memory: "none", run: (x) => x.fcomi(2, quiet, pops) }),
  ),
  { name: "fcmovb st2", code: [0xda, 0xc2], memory: "none", run: (x, _, eflags) => x.fcmov(2, eflags & 1) },
  { name: "fcmovnb st2", code: [0xdb, 0xc2], memory: "none", run: (x, _, eflags) => x.fcmov(2, (eflags & 1) ^ 1) },
  plain("fsqrt", [0xd9, 0xfa], (x) => x.fsqrt()),
  plain("frndint", [0xd9, 0xfc], (x) => x.frndint(), integers),
  plain("fscale", [0xd9, 0xfd], (x) => x.fscale(), [0x3fff, 0x4008, 0x400c, 0x400e]),
  plain("fxtract", [0xd9, 0xf4], (x) => x.fxtract()),
  plain("fprem", [0xd9, 0xf8], (x) => x.fprem()),
  plain("fprem1", [0xd9, 0xf5], (x) => x.fprem1()),
];

const loose = (name: string, code: number[], near: number[], run: (x: Exports) => void): Operation => ({
  name,
  code,
  memory: "none",
  near,
  loose: true,
  run,
});

/** Transcendental functions: correctly rounded here, up to 0.7 units off on the processor. */
export const transcendental: readonly Operation[] = [
  loose("f2xm1", [0xd9, 0xf0], [0x3fff, 0x3ffe, 0x3ffa, 0x3fd0], (x) => x.f2xm1()),
  loose("fyl2x", [0xd9, 0xf1], [0x3fff, 0x3ffe, 0x4008, 0x3f00, 0x5000], (x) => x.fyl2x()),
  loose("fyl2xp1", [0xd9, 0xf9], [0x3ffc, 0x3ffe, 0x3fd0, 0x3ff0, 0x4005], (x) => x.fyl2xp1()),
  loose("fsin", [0xd9, 0xfe], [0x3fff, 0x4002, 0x3ffa, 0x4030], (x) => x.fsin()),
  loose("fcos", [0xd9, 0xff], [0x3fff, 0x4002, 0x3ffa, 0x4030], (x) => x.fcos()),
  loose("fsincos", [0xd9, 0xfb], [0x3fff, 0x4002, 0x3ffa, 0x4030], (x) => x.fsincos()),
  loose("fptan", [0xd9, 0xf2], [0x3fff, 0x4002, 0x3ffa, 0x4030], (x) => x.fptan()),
  loose("fpatan", [0xd9, 0xf3], [0x3fff, 0x3000, 0x4002, 0x3fe0], (x) => x.fpatan()),
];
