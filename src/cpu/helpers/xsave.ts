// XSAVE's area and the helper functions that write and read it. SDM Vol. 1 chapter 13: the legacy region
// (FXSAVE's), a header, the upper halves of the ymm registers. The compacted form of XSAVEC has them at the
// same offset, because no other component is supported.

import { areaTransfers, X87Area, type X87Range } from "../isa/x87-areas.ts";
import { xcr0 } from "../machine/model.ts";
import { at, R, type State, vector } from "../machine/state.ts";
import type { HelperContext, HelperFunction } from "./helpers.ts";
import { fxrstor, fxsave, fxsaveSize, fxsaveWritten } from "./x87-image.ts";

const X87 = 1;
const SSE = 2;
const AVX = 4;
const header = { at: 512, size: 64, components: 512, compacted: 520 } as const;
const ymmAt = 576;
const areaAlignment = 64n;
const COMPACTED = 1n << 63n;
const INITIAL_MXCSR = 0x1f80;

/** The ranges of the x87 component in the legacy region, without MXCSR. */
const x87Ranges = [
  [0, 24],
  [32, 160],
] as const;
const mxcsrRange = [24, 32] as const;
const xmmRange = (registers: 8 | 16) => [160, fxsaveWritten(registers)] as const;

const registersOf = (s: State): 8 | 16 => (s.mode === 64 ? 16 : 8);
const legacyImage = (s: State, long: boolean): Uint8Array => {
  const image = new Uint8Array(fxsaveSize);
  fxsave(s, new DataView(image.buffer), long, registersOf(s));
  return image;
};
const zeros = new Uint8Array(256);
/** The initial contents of the components: 0, except for the x87 control word and MXCSR. */
const initialImage = (): Uint8Array => {
  const image = new Uint8Array(fxsaveSize);
  image.set([0x7f, 0x03]);
  image.set([INITIAL_MXCSR & 0xff, INITIAL_MXCSR >> 8], mxcsrRange[0]);
  return image;
};

const highHalf = (s: State, r: number): Uint8Array => s.u8.subarray(at.ymm + 32 * r + 16, at.ymm + 32 * r + 32);
const differ = (a: Uint8Array, b: Uint8Array): boolean => a.some((x, n) => x !== b[n]);
const isZero = (b: Uint8Array): boolean => b.every((x) => x === 0);
/** XINUSE: the components that differ from their initial contents. SDM Vol. 1 13.6 */
const inUse = (s: State): number => {
  const image = legacyImage(s, true);
  const initial = initialImage();
  const differs = ([from, to]: readonly [number, number]) => differ(image.subarray(from, to), initial.subarray(from, to));
  const registers = Array.from({ length: 16 }, (_, r) => r);
  return (
    (x87Ranges.some(differs) ? X87 : 0) |
    (registers.every((r) => isZero(s.u8.subarray(at.ymm + 32 * r, at.ymm + 32 * r + 16))) ? 0 : SSE) |
    (registers.every((r) => isZero(highHalf(s, r))) ? 0 : AVX)
  );
};

/** The components in EDX:EAX that XCR0 enables. */
const requested = (m: HelperContext): number => m.state.lo(R.ax) & xcr0(m.model);
const areaOf = (m: HelperContext, a: bigint, b: bigint, how: "xsave" | "xrstor"): X87Area =>
  new X87Area(m, a, b, () => areaTransfers[m.model.vendor][how]);
/** True if a linear address is canonical. */
export const isCanonical = (address: number): boolean => address >= -(2 ** 47) && address < 2 ** 47;
const sizeOf = (components: number): number => (components & AVX ? ymmAt + 256 : ymmAt);

type How = "xsave" | "xsaveopt" | "xsavec";
const save =
  (how: How): HelperFunction =>
  (m, _r, a, b) => {
    const s = m.state;
    const wanted = requested(m);
    const used = inUse(s);
    const compact = how === "xsavec";
    const mxcsr = s.u32[at.mxcsr >> 2] as number;
    // In the compacted form MXCSR belongs to SSE's component.
    const present = (compact && mxcsr !== INITIAL_MXCSR ? used | SSE : used) & wanted;
    const written = how === "xsave" ? wanted : present;
    const area = areaOf(m, a, b, "xsave");
    // Processors that access the end first have done this check already (x87/state.ts).
    if (!m.model.looksAtEnd && a % areaAlignment !== 0n) return m.raise(vector.GP, 0);
    const size = sizeOf(wanted);
    const ends = [area.at(0), area.at(size - 1)];
    for (const at of m.model.looksAtEnd ? ends.toReversed() : ends) m.writeLinear(at, 1);
    if (m.model.looksAtEnd || compact) m.writeLinear(area.at(header.components), 8);
    const before = area.read(header.components, header.components + 8).getBigUint64(0, true);
    const image = new Uint8Array(size);
    image.set(legacyImage(s, area.size === 64));
    for (let r = 0; r < registersOf(s) && wanted & AVX; r++) image.set(highHalf(s, r), ymmAt + 16 * r);
    const v = new DataView(image.buffer);
    v.setBigUint64(header.components, compact ? BigInt(present) : (before & ~BigInt(wanted)) | BigInt(present), true);
    v.setBigUint64(header.compacted, COMPACTED | BigInt(wanted), true);
    const ranges: readonly X87Range[] = [
      ...(written & X87 ? x87Ranges : []),
      ...((compact ? written & SSE : wanted & (SSE | AVX)) ? [mxcsrRange] : []),
      ...(written & SSE ? [xmmRange(registersOf(s))] : []),
      [header.components, header.components + (compact ? 16 : 8)],
      ...(written & AVX ? [[ymmAt, ymmAt + 16 * registersOf(s)] as X87Range] : []),
    ];
    area.write(image, ranges);
    return 0;
  };

/** True if XRSTOR accepts the header. SDM Vol. 1 13.8.1, 13.8.2 */
const isValid = (m: HelperContext, v: DataView): boolean => {
  const has = BigInt(xcr0(m.model));
  const components = v.getBigUint64(header.components, true);
  const compacted = v.getBigUint64(header.compacted, true);
  const rest = new Uint8Array(v.buffer, v.byteOffset + header.at + 16, header.size - 16);
  if ((compacted & COMPACTED) === 0n) return (components & ~has) === 0n && compacted === 0n && isZero(rest.subarray(0, 8));
  return (compacted & ~COMPACTED & ~has) === 0n && (components & ~compacted) === 0n && isZero(rest);
};

/**
 * Faults unless XRSTOR accepts the header. The answer is the set of components that must fit into the area.
 * Compacted form: the present components. Standard form: all components (AMD).
 */
const restoreHeader: HelperFunction = (m, _r, a, b) => {
  const s = m.state;
  const area = areaOf(m, a, b, "xrstor");
  const { looksAtEnd } = m.model;
  if (!looksAtEnd && a % areaAlignment !== 0n) return m.raise(vector.GP, 0);
  if (!looksAtEnd) m.readLinear(area.at(0), 1);
  m.readLinear(area.at(looksAtEnd ? header.compacted : header.at), 1);
  const v = area.read(0, sizeOf(0));
  const compact = (v.getBigUint64(header.compacted, true) & COMPACTED) !== 0n;
  // Processors that access the end first check only the fields that define the end here.
  const named = v.getBigUint64(header.compacted, true) & ~COMPACTED;
  const unknown = compact && (named & ~BigInt(xcr0(m.model))) !== 0n;
  if (looksAtEnd ? unknown : !isValid(m, v)) return m.raise(vector.GP, 0);
  s.i64[at.answer >> 3] = compact ? v.getBigInt64(looksAtEnd ? header.compacted : header.components, true) : BigInt(xcr0(m.model));
  return 0;
};

const restore: HelperFunction = (m, _r, a, b) => {
  const s = m.state;
  const wanted = requested(m);
  const area = areaOf(m, a, b, "xrstor");
  const { buffer, byteOffset } = area.read(0, sizeOf(0));
  const there = new Uint8Array(buffer, byteOffset, sizeOf(0)).slice();
  const v = new DataView(there.buffer);
  const compact = (v.getBigUint64(header.compacted, true) & COMPACTED) !== 0n;
  const present = Number(v.getBigUint64(header.components, true) & 7n);
  if (m.model.looksAtEnd && !isValid(m, v)) {
    // The limit of the segment and canonical form are checked before the rest of the header.
    const last = area.at(sizeOf(wanted) - 1);
    if (!isCanonical(last)) m.readLinear(last, 1);
    return m.raise(vector.GP, 0);
  }
  if (wanted & (compact ? present : wanted) & AVX) m.readLinear(area.at(sizeOf(AVX) - 1), 1);
  const image = legacyImage(s, area.size === 64);
  const initial = initialImage();
  const take = ([from, to]: readonly [number, number], component: number) =>
    image.set((present & component ? there : initial).subarray(from, to), from);
  if (wanted & X87) for (const part of x87Ranges) take(part, X87);
  if (wanted & SSE) take(xmmRange(registersOf(s)), SSE);
  if (compact ? wanted & SSE : wanted & (SSE | AVX))
    image.set((compact && !(present & SSE) ? initial : there).subarray(...mxcsrRange), mxcsrRange[0]);
  const mxcsr = new DataView(image.buffer).getUint32(mxcsrRange[0], true);
  if (mxcsr & ~s.rules.mxcsrMask) return m.raise(vector.GP, 0);
  let high = zeros;
  if (wanted & present & AVX) {
    const upper = area.read(ymmAt, ymmAt + 256);
    high = new Uint8Array(upper.buffer, upper.byteOffset, 256).slice();
  }
  fxrstor(s, new DataView(image.buffer), area.size === 64, registersOf(s));
  if (wanted & AVX) for (let r = 0; r < registersOf(s); r++) highHalf(s, r).set(high.subarray(16 * r, 16 * r + 16));
  return 0;
};

/** XGETBV. ECX: 0 for XCR0, 1 for its components in use. */
const xgetbv: HelperFunction = (m) => {
  const s = m.state;
  const which = s.lo(R.cx);
  if (which > 1 || (which === 1 && !m.model.features.includes("xgetbv1"))) return m.raise(vector.GP, 0);
  s.u64[R.ax] = BigInt(xcr0(m.model) & (which === 0 ? -1 : inUse(s)));
  s.u64[R.dx] = 0n;
  return 0;
};

/** The helper functions of XSAVE and related instructions. */
export const xsaveHelpers = {
  xsave: save("xsave"),
  xsaveopt: save("xsaveopt"),
  xsavec: save("xsavec"),
  xrstor: restore,
  xrstorHeader: restoreHeader,
  xgetbv,
} as const;
