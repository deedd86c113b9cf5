// Point an instruction's memory operands at the data window, by changing the registers, or the displacement,
// that address them.
import { type Instruction, type MemorySize, Mnemonic, Register, RegisterExt } from "iced-x86";
import { S } from "../../src/cpu/machine/state.ts";
import { type Case, fxAt } from "./case.ts";
import type { Plan, PlannedMemory } from "./plan.ts";
import type { Random } from "./random.ts";
import { ALIAS, baseOf, DATA, PAGE, selector, WINDOW } from "./world.ts";

const segmentNumbers = new Map<Register, number>([
  [Register.ES, S.es],
  [Register.CS, S.cs],
  [Register.SS, S.ss],
  [Register.DS, S.ds],
  [Register.FS, S.fs],
  [Register.GS, S.gs],
]);

/** General register number of an address register. */
const numberOf = (r: Register): number => RegisterExt.number(RegisterExt.fullRegister(r));

/** Linear base of a segment as the case has it. */
const segmentBase = (c: Case, segment: Register): bigint => {
  const s = segmentNumbers.get(segment);
  if (s === undefined) return 0n;
  if (c.before.selector(S.cs) !== selector.userCode64) return BigInt(baseOf(c.before.selector(s)));
  return s === S.fs ? c.before.fsBase : s === S.gs ? c.before.gsBase : 0n;
};

/**
 * A linear address for an operand of some size: mostly within the window, at times across its page boundary,
 * in the read-only page, or in unmapped memory.
 */
const target = (size: number, r: Random): bigint => {
  const how = r.below(32);
  if (how === 0) return BigInt(DATA + 2 * PAGE - r.below(size + 8));
  if (how === 1) return r.pick([0n, BigInt(DATA - 8), 0x8000_0000n, 0x7fff_ffff_fff8n, 0x8000_0000_0000n, r.u64()]);
  const page = how < 6 ? ALIAS : DATA;
  if (how % 4 === 2) return BigInt(page + PAGE - r.below(size + 1));
  const align = Math.min(64, r.chance(0.7) ? size & -size || 1 : 1);
  const room = Math.max(1, WINDOW.size - size);
  return BigInt(page + WINDOW.offset + Math.floor(r.below(room) / align) * align);
};

/** The inverse of an odd number modulo 2^64, by Newton's iteration. */
const inverse = (odd: bigint): bigint => {
  let x = odd;
  for (let i = 0; i < 6; i++) x = BigInt.asUintN(64, x * (2n - odd * x));
  return x;
};

/** The register such that register * scale is v, or near it. */
const divided = (v: bigint, scale: bigint): bigint => {
  const twos = scale & -scale;
  return BigInt.asUintN(64, (v / twos) * inverse(scale / twos));
};

/** A vector of indices, of 32 or 64 bits: mostly small, so that some of them lead into the window. */
const setIndices = (c: Case, register: number, r: Random): void => {
  if (r.chance(0.1)) return;
  const wide = r.chance(0.5);
  for (const bytes of [c.before.fxsave.subarray(fxAt.xmm + register * 16), c.before.ymmHigh.subarray(register * 16)]) {
    const v = new DataView(bytes.buffer, bytes.byteOffset, 16);
    for (let at = 0; at < 16; at += wide ? 8 : 4) {
      const index = r.below(24) - 8;
      if (wide) v.setBigInt64(at, BigInt(index), true);
      else v.setInt32(at, index, true);
    }
  }
};

/** Solve one operand's address for `offset`; the instruction begins `start` bytes into the case's code. */
const aim = (c: Case, plan: Plan, m: PlannedMemory, offset: bigint, start: number, r: Random): void => {
  const { base, index, scale } = m;
  if (base === Register.None && index === Register.None) {
    if (plan.displacementSize === 0) return;
    const code = c.code.subarray(start);
    // iced gives an operand relative to the instruction pointer as the sum, without a base.
    const relative = plan.instruction.isIpRelMemoryOperand;
    let displacement = relative ? offset - (c.before.rip + BigInt(start + plan.instruction.length)) : offset;
    if (relative && BigInt.asIntN(32, displacement) !== displacement) return; // out of reach
    for (let i = 0; i < plan.displacementSize; i++, displacement >>= 8n) code[plan.displacementAt + i] = Number(displacement & 0xffn);
    return;
  }
  const isVector = RegisterExt.isXMM(index) || RegisterExt.isYMM(index);
  if (isVector) setIndices(c, RegisterExt.number(index), r);
  if (isVector && base === Register.None) return;
  const bits = RegisterExt.size(base === Register.None ? index : base) * 8;
  const keep = (n: number, v: bigint): void => {
    const upper = bits === 64 ? 0n : (c.before.gpr(n) >> BigInt(bits)) << BigInt(bits);
    c.before.setGpr(n, upper | BigInt.asUintN(bits, v));
  };
  const wanted = offset - m.displacement;
  if (index === Register.None) keep(numberOf(base), wanted);
  else if (base === Register.None) keep(numberOf(index), divided(BigInt.asUintN(bits, wanted), scale));
  else if (numberOf(base) === numberOf(index)) keep(numberOf(base), divided(BigInt.asUintN(bits, wanted), scale + 1n));
  else if (RegisterExt.isGPR(index)) {
    if (r.chance(0.5) && !RegisterExt.isGPR8(index)) keep(numberOf(index), BigInt(r.below(17) - 8));
    const at = BigInt.asUintN(RegisterExt.size(index) * 8, c.before.gpr(numberOf(index)));
    keep(numberOf(base), wanted - at * scale);
  } else keep(numberOf(base), wanted);
};

/** Where each operand was aimed: linear address and size. */
export interface Aimed {
  readonly linear: bigint;
  readonly size: number;
  readonly memory: MemorySize;
}

const xsaves = new Set<Mnemonic>([
  Mnemonic.Xsave,
  Mnemonic.Xsave64,
  Mnemonic.Xsaveopt,
  Mnemonic.Xsaveopt64,
  Mnemonic.Xsavec,
  Mnemonic.Xsavec64,
  Mnemonic.Xrstor,
  Mnemonic.Xrstor64,
]);
export const isXsave = (i: Instruction): boolean => xsaves.has(i.mnemonic);
/** The window shows any part of the area; half of the time it shows the header. */
const xsaveTarget = (r: Random): bigint => BigInt(DATA + WINDOW.offset + 64 * (r.chance(0.5) ? -8 : -r.below(13)));

export const aimOperands = (c: Case, plan: Plan, start: number, r: Random): Aimed[] =>
  plan.memory.map((m) => {
    const linear = isXsave(plan.instruction) && r.chance(0.9) ? xsaveTarget(r) : target(m.size, r);
    aim(c, plan, m, linear - segmentBase(c, m.segment), start, r);
    return { linear, size: m.size, memory: m.memorySize };
  });

/** Bytes of the window at a linear address, as far as it covers them. */
export const poke = (c: Case, linear: bigint, bytes: Uint8Array): void => {
  for (const page of [DATA, ALIAS]) {
    const at = Number(linear) - page - WINDOW.offset;
    if (at >= 0 && at + bytes.length <= WINDOW.size) c.window.set(bytes, at);
  }
};
