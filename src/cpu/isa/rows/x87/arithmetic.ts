// x87: arithmetic, comparison and the functions of ST(0). SDM Vol. 2A; opcodes in Vol. 2D Tables.
// A routine (src/cpu/routines) over the register stack computes. The row reads memory before it and flags
// after it.

import type { Vendor } from "../../../machine/model.ts";
import { S } from "../../../machine/state.ts";
import type { Meaning } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";
import { comparesX87, x87Arithmetic } from "../../x87-operations.ts";
import { isPending, pending } from "../sse/vector.ts";

/**
 * The meaning of an x87 instruction that is not control. A pending exception comes first. The instruction
 * becomes the last one in FNSTENV's environment, unless a memory fault stops it. SDM Vol. 1 8.1.8, 8.6; AMD64
 * Architecture Programmer's Manual Vol. 5, 1.2. On Intel's processors opcode and operand are recorded only
 * after an unmasked exception, and selectors never.
 */
export const noted =
  (vendor: Vendor, opcode: number, does: Meaning): Meaning =>
  (o, i) => {
    pending(o);
    does(o, i);
    o.setField("fpuIp", o.ip());
    if (vendor === "intel") {
      const failed = isPending(o);
      const own = () => o.or(o.modrm(), o.imm((opcode & 7) << 8));
      o.setField(
        "fpuOpcode",
        o.either(failed, own, () => o.field("fpuOpcode"), false),
      );
      if (i.memory(0)) o.when(failed, () => o.setField("fpuDp", o.address(0)), undefined, false);
      return;
    }
    o.setField("fpuCs", o.field("segSelector", S.cs));
    o.setField("fpuOpcode", o.or(o.modrm(), o.imm((opcode & 7) << 8)));
    if (!i.memory(0)) return;
    o.setField("fpuDp", o.address(0));
    o.setField("fpuDs", o.segment(0));
  };

/** A row of an x87 instruction that is not control. */
export const x87Of =
  (vendor: Vendor) =>
  (name: string, encoding: string, does: Meaning): Row =>
    row(name, encoding, noted(vendor, Number.parseInt(encoding, 16), does), { located: true });
type X87 = ReturnType<typeof x87Of>;
/** The meaning that calls a routine with constant arguments. */
export const call =
  (routine: string, ...args: number[]): Meaning =>
  (o) => {
    o.call(routine, ...args.map((a) => o.imm(a)));
  };
/** The same; the routine's first argument is the number of ST(i). */
export const callOn =
  (routine: string, operand: number, ...args: number[]): Meaning =>
  (o) => {
    o.call(routine, o.get(operand), ...args.map((a) => o.imm(a)));
  };

const onFloat =
  (op: number, routine: string): Meaning =>
  (o) => {
    o.call(routine, o.imm(op), o.get(0));
  };
const onInteger =
  (op: number, w: number): Meaning =>
  (o) => {
    o.call("arith_i32", o.imm(op), o.sext(o.get(0), w));
  };
const onStack =
  (routine: string, op: number, sti: number, ...pops: number[]): Meaning =>
  (o) => {
    o.call(routine, o.imm(op), o.get(sti), ...pops.map((p) => o.imm(p)));
  };

// biome-ignore format: table
const arithmetic = (x87: X87): readonly Row[] => x87Arithmetic.flatMap((name, op) => [
  x87(`f${name}`, `D8 /${op} Md`, onFloat(op, "arith_f32")), x87(`f${name}`, `DC /${op} Mq`, onFloat(op, "arith_f64")),
  x87(`fi${name}`, `DA /${op} Md`, onInteger(op, 32)), x87(`fi${name}`, `DE /${op} Mw`, onInteger(op, 16)),
  x87(`f${name}`, `D8 /${op} ST,STi`, onStack("arith_st", op, 1)),
  // DC and DE with a register: the result goes to ST(i). The operands of sub and div keep their order, so
  // they are reversed relative to the destination, as are the names.
  ...(comparesX87(op) ? [] : [
    x87(`f${x87Arithmetic[op >= 4 ? op ^ 1 : op]}`, `DC /${op} STi,ST`, onStack("arith_to", op, 0, 0)),
    x87(`f${x87Arithmetic[op >= 4 ? op ^ 1 : op]}p`, `DE /${op} STi,ST`, onStack("arith_to", op, 0, 1)),
  ]),
]);

const flagsOf =
  (quiet: number, pops: number): Meaning =>
  (o) =>
    o.flags("word", 64, o.let("word", o.call("fcomi", o.get(1), o.imm(quiet), o.imm(pops))));
const moveIf =
  (cc: number): Meaning =>
  (o) => {
    o.call("fcmov", o.get(1), o.condition(cc));
  };

// biome-ignore format: table
const comparisons = (x87: X87): readonly Row[] => [
  // Duplicates that the SDM's tables omit: DC D0 and D8, DE D0. AMD64 Architecture Programmer's Manual Vol. 3
  // Table A-14.
  x87("fcom", "DC /2 ST,STi", onStack("arith_st", 2, 1)), x87("fcomp", "DC /3 ST,STi", onStack("arith_st", 3, 1)), x87("fcomp", "DE /2 ST,STi", onStack("arith_st", 3, 1)),
  x87("fcompp", "DE D9", call("fcom", 1, 0, 2)), x87("fucompp", "DA E9", call("fcom", 1, 1, 2)),
  x87("fucom", "DD /4 STi", callOn("fcom", 0, 1, 0)), x87("fucomp", "DD /5 STi", callOn("fcom", 0, 1, 1)),
  x87("fcomi", "DB /6 ST,STi", flagsOf(0, 0)), x87("fcomip", "DF /6 ST,STi", flagsOf(0, 1)),
  x87("fucomi", "DB /5 ST,STi", flagsOf(1, 0)), x87("fucomip", "DF /5 ST,STi", flagsOf(1, 1)),
  x87("fcmovb", "DA /0 ST,STi", moveIf(0x2)), x87("fcmove", "DA /1 ST,STi", moveIf(0x4)), x87("fcmovbe", "DA /2 ST,STi", moveIf(0x6)), x87("fcmovu", "DA /3 ST,STi", moveIf(0xa)),
  x87("fcmovnb", "DB /0 ST,STi", moveIf(0x3)), x87("fcmovne", "DB /1 ST,STi", moveIf(0x5)), x87("fcmovnbe", "DB /2 ST,STi", moveIf(0x7)), x87("fcmovnu", "DB /3 ST,STi", moveIf(0xb)),
];

/** D9 E0 to D9 FF: one byte after the escape, no operand; the routine has the instruction's name. */
const functions = {
  fchs: "E0",
  fabs: "E1",
  ftst: "E4",
  fxam: "E5",
  f2xm1: "F0",
  fyl2x: "F1",
  fptan: "F2",
  fpatan: "F3",
  fxtract: "F4",
  fprem1: "F5",
  fdecstp: "F6",
  fincstp: "F7",
  fprem: "F8",
  fyl2xp1: "F9",
  fsqrt: "FA",
  fsincos: "FB",
  frndint: "FC",
  fscale: "FD",
  fsin: "FE",
  fcos: "FF",
} as const;

/** The rows of x87 arithmetic. */
export const x87ArithmeticRows = family(() =>
  ofEachVendor((vendor) => {
    const x87 = x87Of(vendor);
    return [
      ...arithmetic(x87),
      ...comparisons(x87),
      ...Object.entries(functions).map(([name, byte]) => x87(name, `D9 ${byte}`, call(name))),
    ];
  }),
);
