// Flag control. SDM Vol. 2: CLC STC CMC CLD STD LAHF SAHF PUSHF POPF SALC.

import { EF, R, STATUS_FLAGS } from "../../../machine/state.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { family, row } from "../../row.ts";
import { popValue, pushValue } from "./stack.ts";

/** The flags that SAHF writes and LAHF reads: the status flags without OF. */
const LOW = STATUS_FLAGS & 0xff;
const RESERVED = 0x2;
/** The flags that POPF can change at CPL 3 with IOPL 0. SDM Vol. 2B POPF, Table 4-15. */
const POPPED = EF.TF | EF.DF | EF.NT | EF.AC | EF.ID;

const lahf: Meaning = (o) =>
  o.setReg(R.ax, 16, o.or(o.zext(o.reg(R.ax, 8), 8), o.shl(o.or(o.and(o.flagsWord(), o.imm(LOW)), o.imm(RESERVED)), o.imm(8))));
const sahf: Meaning = (o) => o.setFlags(LOW, o.shr(o.reg(R.ax, 16), o.imm(8)));
const cmc: Meaning = (o) => o.setFlags(EF.CF, o.xor(o.flag("CF"), o.imm(1)));
const direction =
  (on: boolean): Meaning =>
  (o) =>
    o.setSystemFlags(on ? o.or(o.systemFlags(), o.imm(EF.DF)) : o.and(o.systemFlags(), o.imm(~EF.DF)));
const salc: Meaning = (o) => o.setReg(R.ax, 8, o.select(o.flag("CF"), o.imm(0xff), o.imm(0)));

/** EFLAGS as a value, without the given bits. */
export const flagsImage = <V>(o: Ops<V>, without: number): V =>
  o.or(o.or(o.flagsWord(), o.and(o.systemFlags(), o.imm(~without))), o.imm(RESERVED));
const pushf: Meaning = (o, i) => pushValue(o, i, i.w, o.let("f", o.zext(flagsImage(o, EF.RF | EF.VM), i.w)));
const popf: Meaning = (o, i) => {
  const v = popValue(o, i, i.w);
  const mask = i.w === 16 ? POPPED & 0xffff : POPPED;
  o.setSystemFlags(o.or(o.and(o.systemFlags(), o.imm(~mask)), o.and(v, o.imm(mask))));
  o.setFlags(STATUS_FLAGS, v);
};

/** The rows of flag control. */
export const flags = family(() => [
  row("clc", "F8", (o) => o.setFlags(EF.CF, o.imm(0))),
  row("stc", "F9", (o) => o.setFlags(EF.CF, o.imm(EF.CF))),
  row("cmc", "F5", cmc),
  row("cld", "FC", direction(false)),
  row("std", "FD", direction(true)),
  row("lahf", "9F", lahf, { only: "not64" }),
  row("sahf", "9E", sahf, { only: "not64" }),
  // The first 64-bit processors had neither in 64-bit mode. AMD APM Vol. 3 LAHF
  row("lahf", "9F", lahf, { only: "64", feature: "lahf_lm" }),
  row("sahf", "9E", sahf, { only: "64", feature: "lahf_lm" }),
  row("salc", "D6", salc, { only: "not64" }),
  row("pushf", "9C", pushf, { size64: "default", context: true, sizedNames: ["pushfw", "pushfd", "pushfq"] }),
  row("popf", "9D", popf, { size64: "default", context: true, ends: true, sizedNames: ["popfw", "popfd", "popfq"] }),
]);
