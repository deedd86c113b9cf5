// Vendor differences (src/cpu/isa/vendor-differences.ts), a small case each: Intel's models behave as a Xeon
// with AMX did, AMD's differently. The processor of this host is the judge for its vendor.
import { Decoder } from "iced-x86";
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import type { Vendor } from "../../../src/cpu/machine/model.ts";
import { EF, R, S, STATUS_FLAGS, vector } from "../../../src/cpu/machine/state.ts";
import { Case, caseBatch, fxAt, Result } from "../../../tools/oracle/case.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Emulator, tiers } from "../../../tools/oracle/emulate.ts";
import { icedOptions } from "../../../tools/oracle/encodings.ts";
import { planOf } from "../../../tools/oracle/plan.ts";
import { cpuName, hasRow, identityOf, isStudied, siliconModel, siliconVendor } from "../../../tools/oracle/processor.ts";
import { runOracle } from "../../../tools/oracle/run.ts";
import { isFamilysOwn } from "../../../tools/oracle/undefined.ts";
import { CODE, DATA, PAGE } from "../../../tools/oracle/world.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";
import { type Prepared, prepare } from "../prepared.ts";

const middle = DATA + PAGE;
const end = DATA + 2 * PAGE;

/** The observed values, and each vendor's expected ones. */
interface Way extends Prepared {
  readonly see: (r: Result) => unknown;
  readonly intel: unknown;
  readonly amd: unknown;
}
const trap = (r: Result): number => r.trap;
const fault = (r: Result): unknown => [r.trap, r.trap === vector.PF ? r.cr2 : 0n];
const flags = (r: Result): number => r.after.rflags & STATUS_FLAGS;
const st = (r: Result): string =>
  Buffer.from(r.after.fxsave.subarray(fxAt.st, fxAt.st + 10))
    .reverse()
    .toString("hex");
const xmm = (r: Result): string => Buffer.from(r.after.fxsave.subarray(fxAt.xmm, fxAt.xmm + 16)).toString("hex");
const memory =
  (from: number, to: number) =>
  (r: Result): string =>
    Buffer.from(r.window.subarray(from, to)).toString("hex");
const all = STATUS_FLAGS;
const { PF, AF, ZF, OF } = EF;
const { BP, BR, GP, UD, AC } = vector;
const at = (address: number): readonly [number, bigint] => [vector.PF, BigInt(address)];

const ways: readonly Way[] = [
  { what: "LZCNT's OF", mode: 64, code: "f30fbdc3", gpr: { [R.bx]: 1 }, flags: all, see: flags, intel: 0, amd: OF },
  { what: "ANDN's PF", mode: 64, code: "c4e260f2c1", gpr: { [R.cx]: 0 }, flags: all, see: flags, intel: ZF, amd: ZF | PF },
  { what: "BEXTR's AF and PF", mode: 64, code: "c4e270f7c3", gpr: {}, see: flags, intel: ZF, amd: ZF | PF | AF },
  { what: "AAA's ZF", mode: 32, code: "37", gpr: { [R.ax]: 0x10 }, see: flags, intel: ZF | PF, amd: 0 },
  { what: "DAA's OF", mode: 32, code: "27", gpr: { [R.ax]: 0x7a }, see: (r) => flags(r) & OF, intel: 0, amd: OF },
  {
    what: "REP before LOOPNE",
    mode: 32,
    code: "f3e002 90",
    gpr: { [R.cx]: 2 },
    see: (r) => r.after.rip,
    intel: BigInt(CODE + 0x7f6),
    amd: BigInt(CODE + 0x7f5),
  },
  {
    what: "flags of a comparison that faults",
    mode: 64,
    code: "f2af",
    gpr: { [R.di]: end - 8, [R.cx]: 9, [R.ax]: 5 },
    flags: all,
    see: flags,
    intel: all,
    amd: PF,
  },
  {
    what: "no round at all, with addresses of 32 bits",
    mode: 64,
    code: "67f3a4",
    gpr: { [R.cx]: 1n << 32n, [R.di]: (5n << 32n) | 1n },
    see: (r) => [r.after.gpr(R.cx), r.after.gpr(R.di)],
    intel: [0n, 1n],
    amd: [1n << 32n, (5n << 32n) | 1n],
  },
  { what: "a prefetch of a register", mode: 64, code: "0f0dc0", see: trap, intel: BP, amd: UD },
  { what: "SYSRET in 32-bit code", mode: 32, code: "0f07", see: trap, intel: UD, amd: GP },
  {
    what: "a pushed selector",
    mode: 32,
    code: "1e",
    gpr: { [R.sp]: middle },
    memory: [124, "11223344"],
    see: memory(124, 128),
    intel: "2b003344",
    amd: "2b000000",
  },
  {
    what: "a popped selector at the end of memory",
    mode: 64,
    code: "0fa9",
    gpr: { [R.sp]: end - 2 },
    see: fault,
    intel: [BP, 0n],
    amd: at(end),
  },
  {
    what: "a call to where nothing can be",
    mode: 32,
    code: "e800000010",
    segments: { [S.cs]: "code32" },
    gpr: { [R.sp]: middle + 64 },
    see: (r) => [r.trap, memory(188, 192)(r)],
    intel: [GP, "f5070000"],
    amd: [GP, "00000000"],
  },
  {
    what: "RETF to less privilege's selector at the end of memory",
    mode: 32,
    code: "cb",
    gpr: { [R.sp]: end - 8 },
    see: fault,
    intel: [GP, 0n],
    amd: at(end + 4),
  },
  { what: "an operand across 4 GiB", mode: 32, code: "8b03", gpr: { [R.bx]: -2 }, see: fault, intel: at(0xffff_fffe), amd: [GP, 0n] },
  {
    what: "BOUND whose second bound is not there",
    mode: 32,
    code: "6203",
    gpr: { [R.bx]: end - 4, [R.ax]: -5 },
    see: fault,
    intel: [BR, 0n],
    amd: at(end),
  },
  {
    what: "MOVUPS at a multiple of four, under AC",
    mode: 64,
    code: "0f1003",
    gpr: { [R.bx]: middle + 4 },
    flags: EF.AC,
    see: trap,
    intel: BP,
    amd: AC,
  },
  {
    what: "an x87 store that is kept back, to where nothing is",
    mode: 64,
    code: "df3b",
    control: 0x37e,
    full: 0xff,
    st0: "43ff8000000000000000",
    see: fault,
    intel: [BP, 0n],
    amd: at(0),
  },
  {
    what: "ten bytes of which two do not fit",
    mode: 32,
    code: "db3b",
    segments: { [S.ds]: "short" },
    gpr: { [R.bx]: 0xffc },
    full: 0xff,
    st0: "3fff8000000000000000",
    see: (r) => [r.trap, memory(124, 132)(r)],
    intel: [GP, "0000000000000080"],
    amd: [GP, "0000000000000000"],
  },
  {
    what: "FIP of FXSAVE without an exception",
    mode: 64,
    code: "d9e8 480fae03",
    gpr: { [R.bx]: middle - 128 },
    see: memory(8, 16),
    intel: "f007001000000000",
    amd: "0000000000000000",
  },
  { what: "misaligned mode", mode: 64, code: "0fae13", gpr: { [R.bx]: middle }, memory: [128, "801f0200"], see: trap, intel: GP, amd: BP },
  {
    what: "DPPS of four NaNs",
    mode: 64,
    code: "660f3a40c1ff",
    ymm: { 0: "0100c07f0200c07f0300c07f0400c07f", 1: "0000803f0000803f0000803f0000803f" },
    see: xmm,
    intel: "0200c07f0100c07f0400c07f0300c07f",
    amd: "0100c07f0100c07f0100c07f0100c07f",
  },
  {
    what: "VCVTPS2PH of a subnormal, underflow unmasked",
    mode: 64,
    code: "c4e3791dc804",
    ymm: { 1: "01000000" },
    mxcsr: 0x1780,
    see: (r) => [r.trap, r.after.fxsave[fxAt.mxcsr]],
    intel: [vector.XM, 0xb2],
    amd: [vector.XM, 0x92],
  },
  {
    what: "the mask of a gather whose first lane faults",
    mode: 64,
    code: "c4e269900c03",
    ymm: { 2: "01000080 01000000 02000080 03000080" },
    see: (r) => Buffer.from(r.after.fxsave.subarray(fxAt.xmm + 32, fxAt.xmm + 48)).toString("hex"),
    intel: "ffffffff00000000ffffffffffffffff",
    amd: "01000080010000000200008003000080",
  },
  { what: "MASKMOVDQU of nothing to where nothing is", mode: 64, code: "660ff7ca", see: fault, intel: at(8), amd: at(0) },
  { what: "XSAVE to where nothing is", mode: 64, code: "0fae23", gpr: { [R.ax]: 7 }, see: fault, intel: at(831), amd: at(0) },
  {
    what: "the sine of something small, rounded down",
    mode: 64,
    code: "d9fe",
    control: 0x77f,
    full: 0xff,
    st0: "00018000000000000000",
    see: st,
    intel: "00018000000000000000",
    amd: "00007fffffffffffffff",
  },
];

describe("a case of each way", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  const batch = (way: Way) => {
    const cases = caseBatch(1);
    prepare(new Case(cases, 0), way);
    return cases;
  };
  for (const vendor of ["intel", "amd"] as const satisfies Vendor[])
    it.each(ways)(`$what: as ${vendor}'s do`, (way) => {
      for (const tier of tiers) {
        const r = new Result(new Emulator(code, tier, `max:${vendor}`).runAll(batch(way)), 0);
        expect([tier, way.see(r)]).toEqual([tier, way[vendor]]);
      }
    });
  const vendor = siliconVendor();
  const identity = identityOf(cpuName());
  // Ways are a processor's own: one that is not studied may have others.
  const judge = vendor !== undefined && isStudied(identity) && !missing("ways of the processor under us", nativeX64, gcc);
  it.runIf(judge)("is the way of the processor under us", async () => {
    for (const way of ways) {
      const cases = batch(way);
      const bytes = new Case(cases, 0).code;
      const instruction = new Decoder(way.mode, bytes, icedOptions[identity.vendor]).decode();
      const { row } = planOf({ mode: way.mode, vendor: identity.vendor, bytes, code: instruction.code, memory: false });
      if (row && !hasRow(row)) continue;
      const there = new Result(await runOracle(cases), 0);
      const ours = new Result(new Emulator(code, "evaluate", siliconModel()).runAll(cases), 0);
      if (isFamilysOwn(instruction, identity, there, ours)) continue;
      expect([way.what, way.see(there)]).toEqual([way.what, way[identity.vendor]]);
    }
  });
});
