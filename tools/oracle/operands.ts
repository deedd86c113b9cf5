// Point an instruction's memory operands at the data window, by changing the registers, or the displacement, that address them.
import { type ConstantOffsets, type InstructionInfo, MemorySizeExt, OpAccess, Register, RegisterExt, type UsedMemory } from "iced-x86";
import { S } from "../../src/cpu/state.ts";
import type { Case } from "./case.ts";
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
export const segmentBase = (c: Case, segment: Register): bigint => {
  const s = segmentNumbers.get(segment);
  if (s === undefined) return 0n;
  if (c.before.selector(S.cs) !== selector.userCode64) return BigInt(baseOf(c.before.selector(s)));
  return s === S.fs ? c.before.fsBase : s === S.gs ? c.before.gsBase : 0n;
};

/** A linear address for an operand of some size: mostly within the window, at times across its page boundary, in the
 *  read-only page, or where nothing is. */
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

/** An instruction within a case's code. */
export interface Place {
  readonly start: number;
  readonly length: number;
  /** Its memory operand is relative to the instruction pointer: iced gives the sum, without a base. */
  readonly ipRelative: boolean;
}

/** Solve one operand's address for `offset`. */
const aim = (c: Case, m: UsedMemory, offset: bigint, offsets: ConstantOffsets, place: Place, r: Random): void => {
  const { base, index } = m;
  const scale = BigInt(m.scale);
  if (base === Register.None && index === Register.None) {
    if (!offsets.hasDisplacement) return;
    const code = c.code.subarray(place.start);
    let displacement = place.ipRelative ? offset - (c.before.rip + BigInt(place.start + place.length)) : offset;
    if (place.ipRelative && BigInt.asIntN(32, displacement) !== displacement) return; // out of reach
    for (let i = 0; i < offsets.displacementSize; i++, displacement >>= 8n)
      code[offsets.displacementOffset + i] = Number(displacement & 0xffn);
    return;
  }
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
  readonly memory: UsedMemory["memorySize"];
}

export const aimOperands = (c: Case, info: InstructionInfo, offsets: ConstantOffsets, place: Place, r: Random): Aimed[] => {
  const aimed: Aimed[] = [];
  for (const m of info.usedMemory() as UsedMemory[]) {
    if (m.access !== OpAccess.NoMemAccess) {
      const size = MemorySizeExt.size(m.memorySize) || 8;
      const linear = target(size, r);
      aim(c, m, linear - segmentBase(c, m.segment), offsets, place, r);
      aimed.push({ linear, size, memory: m.memorySize });
    }
    m.free();
  }
  return aimed;
};

/** Bytes of the window at a linear address, as far as it covers them. */
export const poke = (c: Case, linear: bigint, bytes: Uint8Array): void => {
  for (const page of [DATA, ALIAS]) {
    const at = Number(linear) - page - WINDOW.offset;
    if (at >= 0 && at + bytes.length <= WINDOW.size) c.window.set(bytes, at);
  }
};
