// Cases from encodings: registers, flags, segments and memory around an instruction, so that it has something
// to do.
import { FlowControl, type Instruction, MemorySize, Mnemonic, OpKind, Register, RegisterExt } from "iced-x86";
import { EF, R, S } from "../../src/cpu/machine/state.ts";
import { type Batch, Case, caseBatch, stateAt } from "./case.ts";
import type { Encoding } from "./encodings.ts";
import { Floats, plainFloats } from "./floats.ts";
import { type Aimed, aimOperands, isXsave, poke } from "./operands.ts";
import { planOf } from "./plan.ts";
import { Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import type { Scope } from "./scope.ts";
import { CODE, DATA, ldtSelector, type Mode, PAGE, type SegmentName, selector, WINDOW } from "./world.ts";

const M = Mnemonic;
const { userData, userCode32, userCode64 } = selector;

// ---- segments ----------------------------------------------------------------------------------------

/** Data segments that a case may begin with; loading the others would fault. */
const dataSegments: readonly number[] = (
  ["data16", "data32", "short", "down32", "down16", "readOnly", "wrapping", "readableCode"] as const satisfies SegmentName[]
).map(ldtSelector);
const stackSegments: readonly number[] = (
  ["data16", "data32", "short", "down32", "down16", "wrapping"] as const satisfies SegmentName[]
).map(ldtSelector);
/** Selectors for a load: all segments of the world, null, Linux's, and missing ones. */
const anySelector = (r: Random): number =>
  r.pick([
    ...dataSegments,
    ...["absent", "secretCode", "code16", "code32"].map((n) => ldtSelector(n as SegmentName)),
    0,
    1,
    3,
    0x10,
    0x18,
    userCode32,
    userData,
    0x2a,
    userCode64,
    0x28,
    0x8f,
    0xff,
    0xfff7,
    r.below(0x10000),
  ]);

const setSegments = (c: Case, mode: Mode, r: Random): void => {
  const s = c.before;
  if (mode === 64) {
    s.setSelector(S.cs, userCode64);
    s.setSelector(S.ss, userData);
    s.fsBase = r.chance(0.5) ? BigInt(DATA) : r.u64() >> 17n;
    s.gsBase = r.chance(0.5) ? BigInt(DATA) : r.u64() >> 17n;
    return;
  }
  const flat = mode === 32 ? r.chance(0.6) : false;
  s.setSelector(S.cs, mode === 16 ? ldtSelector("code16") : flat ? userCode32 : r.pick([userCode32, ldtSelector("code32")]));
  const usual = mode === 16 ? ldtSelector("data16") : ldtSelector("data32");
  s.setSelector(S.ss, flat ? userData : r.chance(0.6) ? usual : r.pick(stackSegments));
  for (const n of [S.ds, S.es, S.fs, S.gs])
    s.setSelector(n, flat && n !== S.fs && n !== S.gs ? userData : r.chance(0.6) ? usual : r.pick([...dataSegments, 0]));
};

// ---- special operands --------------------------------------------------------------------------------

const near = (r: Random): bigint => BigInt(CODE + 0x7c0 + r.below(128));
/** A code pointer relative to the code segment that the selector chooses. */
const codeOffset = (sel: number, r: Random): bigint => (sel & 4 ? BigInt(0x7c0 + r.below(128)) : near(r));

const words = (size: number, values: readonly bigint[]): Uint8Array => {
  const out = new Uint8Array(size * values.length);
  values.forEach((v, n) => {
    for (let i = 0; i < size; i++) out[n * size + i] = Number((v >> BigInt(i * 8)) & 0xffn);
  });
  return out;
};

const farPointer: Partial<Record<MemorySize, number>> = { [MemorySize.SegPtr16]: 2, [MemorySize.SegPtr32]: 4, [MemorySize.SegPtr64]: 8 };
const codeSelector = (r: Random): number =>
  r.chance(0.7) ? r.pick([userCode32, userCode64, ldtSelector("code16"), ldtSelector("code32")]) : anySelector(r);
const widened = new Map<number, number>(
  (
    [
      ["data16", "data32"],
      ["down16", "down32"],
    ] as const
  ).map(([narrow, wide]) => [ldtSelector(narrow), ldtSelector(wide)]),
);
/**
 * A far call into 64-bit code pushes through all of rsp. If that is an address of the kernel, Linux never
 * ends the case. So rsp does not wrap around. Its stack has 32 bits, because with a 16-bit one the kernel
 * keeps the upper half (arch/x86/entry/entry_64.S, espfix).
 */
const keepStack = (c: Case, target: number): void => {
  if (target !== userCode64) return;
  const s = c.before;
  const ss = s.selector(S.ss);
  s.setSelector(S.ss, widened.get(ss) ?? ss);
  if (s.gpr(R.sp) < 16n) s.setGpr(R.sp, 16n);
};
const returns = new Set<Mnemonic>([M.Retf, M.Iret, M.Iretd, M.Iretq]);
const returnSize = (i: Instruction): number =>
  i.mnemonic === M.Iret
    ? 2
    : i.mnemonic === M.Iretd
      ? 4
      : i.mnemonic === M.Iretq
        ? 8
        : Math.abs(i.stackPointerIncrement - (i.opCount ? Number(i.immediate(0)) : 0)) / 2;

/** Memory that an instruction takes as selectors, offsets, flags. */
const fillMemory = (c: Case, i: Instruction, aimed: readonly Aimed[], r: Random): void => {
  if (isXsave(i)) {
    for (const { linear } of aimed) fillXsaveArea(c, linear, r);
    return;
  }
  for (const a of aimed) {
    const offset = farPointer[a.memory];
    if (offset !== undefined) {
      const sel = i.isJmpFarIndirect || i.isCallFarIndirect ? codeSelector(r) : anySelector(r);
      if (i.isCallFarIndirect) keepStack(c, sel);
      poke(c, a.linear, words(offset, [codeOffset(sel, r)]));
      poke(c, a.linear + BigInt(offset), words(2, [BigInt(sel)]));
    }
  }
  const first = aimed[0];
  if (first && returns.has(i.mnemonic)) {
    const size = returnSize(i);
    const cs = codeSelector(r);
    const frame = [codeOffset(cs, r), BigInt(cs)];
    if (i.mnemonic !== M.Retf) frame.push(flagsWord(r) | (r.u64() & 0xffffn));
    frame.push(BigInt(DATA + WINDOW.offset + r.below(200)), BigInt(r.chance(0.5) ? userData : anySelector(r)));
    poke(c, first.linear, words(size, frame));
  } else if (
    first &&
    (i.flowControl === FlowControl.Return || i.flowControl === FlowControl.IndirectBranch || i.flowControl === FlowControl.IndirectCall)
  ) {
    if (r.chance(0.7)) poke(c, first.linear, words(8, [near(r)]));
  } else if (first && i.mnemonic === M.Pop && RegisterExt.isSegmentRegister(i.op0Register))
    poke(c, first.linear, words(2, [BigInt(anySelector(r))]));
};

/** MXCSR, and the header: SDM Vol. 1 13.4.2. */
const fillXsaveArea = (c: Case, linear: bigint, r: Random): void => {
  if (r.chance(0.95)) poke(c, linear + 24n, words(4, [BigInt(0x1f80 | r.below(64) | (r.below(4) << 13))]));
  const components = r.chance(0.95) ? BigInt(r.below(8)) : r.u64();
  const compacted = r.chance(0.4) ? (1n << 63n) | BigInt(r.chance(0.7) ? 7 : r.below(8)) : r.chance(0.95) ? 0n : r.u64();
  poke(c, linear + 512n, words(8, [components, compacted, ...[0, 0, 0, 0, 0, 0].map(() => (r.chance(0.01) ? r.u64() : 0n))]));
};

const flagsWord = (r: Random): bigint => {
  const status = r.u32() & (EF.CF | EF.PF | EF.AF | EF.ZF | EF.SF | EF.OF | EF.DF);
  return BigInt(status | EF.IF | 2);
};

const registerNumber = (x: Register): number => RegisterExt.number(RegisterExt.fullRegister(x));
const bitTests = new Set<Mnemonic>([M.Bt, M.Bts, M.Btr, M.Btc]);
const divisions = new Set<Mnemonic>([M.Div, M.Idiv]);
const segmentReaders = new Set<Mnemonic>([M.Lar, M.Lsl, M.Verr, M.Verw]);

/** Registers with values that make an instruction do something of interest. Set before operands are aimed. */
const setSpecialRegisters = (c: Case, i: Instruction, r: Random): void => {
  const s = c.before;
  if (isXsave(i)) {
    // The components that we have too.
    s.setGpr(R.ax, (s.gpr(R.ax) & ~0xffff_ffffn) | BigInt(r.below(8)));
    s.setGpr(R.dx, 0n);
  }
  if (i.hasRepPrefix || i.hasRepnePrefix || i.isLoop || i.isLoopcc || i.isJcxShort) {
    if (r.chance(0.9)) s.setGpr(R.cx, BigInt(r.below(24)) | (r.chance(0.3) ? (r.u64() >> 32n) << 32n : 0n));
  }
  if (bitTests.has(i.mnemonic) && i.op1Kind === OpKind.Register && r.chance(0.8)) {
    s.setGpr(registerNumber(i.op1Register), BigInt.asUintN(64, BigInt(r.below(2000) - 1000)));
  }
  if (divisions.has(i.mnemonic) && r.chance(0.8)) {
    s.setGpr(R.dx, r.pick([0n, 0n, BigInt.asUintN(64, -1n), BigInt(r.below(9))]));
    if (r.chance(0.5)) s.setGpr(R.ax, BigInt.asUintN(64, BigInt(r.u32() | 0)) >> BigInt(r.below(32)));
  }
  if (
    (i.flowControl === FlowControl.IndirectBranch || i.flowControl === FlowControl.IndirectCall) &&
    i.op0Kind === OpKind.Register &&
    r.chance(0.7)
  ) {
    s.setGpr(registerNumber(i.op0Register), codeOffset(s.selector(S.cs), r));
  }
  if (segmentReaders.has(i.mnemonic) || (i.opCount > 0 && i.op0Kind === OpKind.Register && RegisterExt.isSegmentRegister(i.op0Register))) {
    const from =
      i.opCount > 1 && i.op1Kind === OpKind.Register ? i.op1Register : i.op0Kind === OpKind.Register ? i.op0Register : Register.None;
    if (RegisterExt.isGPR(from)) s.setGpr(registerNumber(from), (s.gpr(registerNumber(from)) & ~0xffffn) | BigInt(anySelector(r)));
  }
};

/** The immediate operand of a direct far jump or call; relative branches stay near, mostly. */
const setBranches = (c: Case, i: Instruction, immediate: number, r: Random): void => {
  const code = c.code;
  if (i.isJmpFar || i.isCallFar) {
    const size = code.length - immediate - 2;
    const sel = codeSelector(r);
    code.set(words(size, [codeOffset(sel, r)]), immediate);
    code.set(words(2, [BigInt(sel)]), immediate + size);
  }
};

// ---- whole cases -------------------------------------------------------------------------------------

/** A load of SS holds back the trap that ends a step until after the next instruction. SDM Vol. 3A 7.8.3 */
const loadsStackSegment = (i: Instruction): boolean =>
  (i.mnemonic === M.Mov || i.mnemonic === M.Pop) && i.opCount > 0 && i.op0Kind === OpKind.Register && i.op0Register === Register.SS;

/** PUSHF stores it, and a repeated string instruction stops after each round. */
const showsTrapFlag = (i: Instruction): boolean =>
  i.mnemonic === M.Pushf ||
  i.mnemonic === M.Pushfd ||
  i.mnemonic === M.Pushfq ||
  ((i.hasRepPrefix || i.hasRepnePrefix) && i.isStringInstruction);

/** Everything but the code and where it lies. */
export class StateFiller {
  readonly #random: Random;
  readonly #registers: Pool;
  #floats: Floats | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.#registers = new Pool(random, 4096, 8, (r, out) => out.setBigUint64(0, r.word(), true));
  }
  fill(c: Case, mode: Mode, scope: Scope): void {
    const r = this.#random;
    const s = c.before;
    this.#registers.renew(4);
    const gpr = (s.at + stateAt.gpr) >> 2;
    const wide = mode === 64;
    for (let n = 0; n < (wide ? 16 : 8); n++) this.#registers.words(c.batch.words, gpr + n * 2, wide ? 2 : 1);
    s.rflags = Number(flagsWord(r)) | (r.chance(0.02) ? EF.AC : 0);
    setSegments(c, mode, r);
    s.rip = BigInt(c.codeOffset + (s.selector(S.cs) & 4 ? 0 : CODE));
    r.fillWords(c.batch.words, c.windowAt >> 2, WINDOW.size >> 2);
    if (scope === "integer" || scope === "bits") plainFloats(s);
    else (this.#floats ??= new Floats(r)).fill(c, r);
  }
}

export class Generator {
  readonly #random: Random;
  readonly #filler: StateFiller;

  constructor(random: Random) {
    this.#random = random;
    this.#filler = new StateFiller(random);
  }

  /** A case of each encoding. */
  batch(list: readonly Encoding[], scope: Scope): Batch {
    const batch = caseBatch(list.length);
    list.forEach((e, n) => {
      const c = new Case(batch, n);
      c.id = n;
      this.#fill(c, e, scope);
    });
    return batch;
  }

  #fill(c: Case, e: Encoding, scope: Scope): void {
    const r = this.#random;
    c.code = e.bytes;
    c.codeOffset = r.chance(0.2) ? PAGE - e.bytes.length : 0x7f0 + r.below(32);
    this.#filler.fill(c, e.mode, scope);
    const plan = planOf(e);
    const i = plan.instruction;
    if (i.isInvalid) return;
    setSpecialRegisters(c, i, r);
    if (plan.immediateAt >= 0) setBranches(c, i, plan.immediateAt, r);
    fillMemory(c, i, aimOperands(c, plan, 0, r), r);
    if (i.isCallFar) keepStack(c, c.code.at(-2)! | (c.code.at(-1)! << 8));
    // A gather that faults after its first lane reports the step that it was, at its own address.
    if (loadsStackSegment(i) || i.isVsib) c.run = true;
    else if (showsTrapFlag(i)) {
      if (r.chance(0.5)) c.run = true;
      else c.traps = true;
    }
  }
}
