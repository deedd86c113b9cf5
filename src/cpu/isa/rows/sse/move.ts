// Moves of vector registers, cache hints, fences, MXCSR. SDM Vol. 2: MOVAPS … MOVUPD, MOVSS MOVSD MOVD MOVQ
// MOVDQ2Q, MOVNTx, MASKMOVx, MOVMSKx PMOVMSKB, MOVxDUP LDDQU, PREFETCHh, xFENCE, LDMXCSR STMXCSR, EMMS.
import { type Vendor, vendorRules } from "../../../machine/model.ts";
import { R, vector } from "../../../machine/state.ts";
import type { Meaning } from "../../ops.ts";
import { family, ofEachVendor, row } from "../../row.ts";
import { bytesOf, mmx, mmxStore, one, pending, transition } from "./vector.ts";

/**
 * A narrower source is zero-extended; a narrower destination keeps its upper bits. The operands determine the
 * widths.
 */
const move: Meaning = (o) => o.set(0, o.get(1));
/** The same for a vector register's low lane, or into a vector from memory. */
const moveLow: Meaning = (o) => o.set(0, o.vec(1));
const toHigh: Meaning = (o) => {
  const high = o.get(1);
  o.set(0, o.withLane(o.get(0), 64, 1, high));
};
const fromHigh: Meaning = (o) => o.set(0, o.lane(o.get(1), 64, 1));
const duplicate = (w: number, lanes: readonly number[]): Meaning => one((o, a) => o.shuffle(a, a, bytesOf(w, lanes)));

/**
 * Stores to DS:rDI the bytes whose mask has its top bit set. All of them must be writable. One quadword is
 * checked after the other, on Intel's processors the upper one first, for any mask; under EFLAGS.AC each must
 * be aligned. With 32-bit addresses in 64-bit code AMD's processors write byte by byte, each at its own
 * address (test/cpu/oracle/found.test.ts).
 */
const maskedStore =
  (vendor: Vendor, w: 64 | 128): Meaning =>
  (o, i) => {
    const data = o.get(0);
    const mask = o.simd("i8x16.gt_s", o.vector(o.imm(0), o.imm(0)), o.get(1));
    const address = o.let("address", o.reg(R.di, i.addressSize));
    const beyond = o.add(address, o.imm(8));
    const byBytes = vendor === "amd" && i.mode === 64 && i.addressSize === 32;
    const next = vendor === "intel" || byBytes ? o.zext(beyond, i.addressSize) : beyond;
    const quadwords = Array.from({ length: w / 64 }, (_, n) => o.let("quadword", n === 0 ? address : next));
    if (vendor === "intel" && w === 128) o.loadRmw(undefined, quadwords[1]!, 64);
    const old = quadwords.map((q) => o.let("old", o.loadRmw(undefined, q, 64)));
    if (byBytes) {
      const chosen = o.let("chosen", o.simd("i8x16.bitmask", mask));
      for (let n = 0; n < w / 8; n++)
        o.when(o.and(chosen, o.imm(1 << n)), () => o.store(undefined, o.zext(o.add(address, o.imm(n)), 32), 8, o.lane(data, 8, n)));
      return;
    }
    const merged = o.simd("v128.bitselect", data, o.vector(old[0]!, old[1] ?? o.imm(0)), mask);
    for (const [n, q] of quadwords.entries()) o.store(undefined, q, 64, o.lane(merged, 64, n));
  };
/** MASKMOVQ's transition precedes its memory fault, in contrast to other MMX instructions. */
const maskmovq =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    pending(o);
    transition(o);
    maskedStore(vendor, 64)(o, i);
  };

const loadControl =
  (vendor: Vendor): Meaning =>
  (o) => {
    const v = o.get(0);
    o.when(o.and(v, o.imm(0xffff_ffff - vendorRules[vendor].mxcsrMask)), () => o.fault(vector.GP));
    o.setField("mxcsr", v);
  };
const storeControl: Meaning = (o) => o.set(0, o.field("mxcsr"));
const nothing: Meaning = () => {};
/** EMMS sets TOP to 0 like every MMX instruction, and marks the registers empty. SDM Vol. 3A 12.3. */
const emms: Meaning = (o, i) => {
  mmx(nothing)(o, i);
  o.setField("fpuEmpty", o.imm(0xff));
};

const unaligned = { unaligned: true } as const;
const hex = (n: number): string => n.toString(16).toUpperCase();

/** The rows of moves. */
// biome-ignore format: table
export const sseMoves = family(() => [
  row("movups", "NP 0F 10 Vx,Wx", move, unaligned), row("movups", "NP 0F 11 Wx,Vx", move, unaligned),
  row("movupd", "66 0F 10 Vx,Wx", move, unaligned), row("movupd", "66 0F 11 Wx,Vx", move, unaligned),
  row("movdqu", "F3 0F 6F Vx,Wx", move, unaligned), row("movdqu", "F3 0F 7F Wx,Vx", move, unaligned),
  row("movaps", "NP 0F 28 Vx,Wx", move), row("movaps", "NP 0F 29 Wx,Vx", move), row("movapd", "66 0F 28 Vx,Wx", move), row("movapd", "66 0F 29 Wx,Vx", move),
  row("movdqa", "66 0F 6F Vx,Wx", move), row("movdqa", "66 0F 7F Wx,Vx", move),
  row("movntps", "NP 0F 2B Mx,Vx", move), row("movntpd", "66 0F 2B Mx,Vx", move), row("movntdq", "66 0F E7 Mx,Vx", move), row("movnti", "NP 0F C3 My,Gy", move),
  ...ofEachVendor((vendor) => [row("movntq", "NP 0F E7 Mq,Pq", mmxStore(vendor, move))]), row("lddqu", "F2 0F F0 Vx,Mx", move, unaligned), row("movntdqa", "66 0F 38 2A Vx,Mx", move),

  row("movss", "F3 0F 10 Vd,Ud", moveLow), row("movss", "F3 0F 10 Vx,Md", moveLow), row("movss", "F3 0F 11 Wd,Vd", moveLow),
  row("movsd", "F2 0F 10 Vq,Uq", moveLow), row("movsd", "F2 0F 10 Vx,Mq", moveLow), row("movsd", "F2 0F 11 Wq,Vq", moveLow),
  row("movlps", "NP 0F 12 Vq,Mq", moveLow), row("movhlps", "NP 0F 12 Vq,Ux", fromHigh), row("movlps", "NP 0F 13 Mq,Vq", moveLow),
  row("movlpd", "66 0F 12 Vq,Mq", moveLow), row("movlpd", "66 0F 13 Mq,Vq", moveLow),
  row("movhps", "NP 0F 16 Vx,Mq", toHigh), row("movlhps", "NP 0F 16 Vx,Uq", toHigh), row("movhps", "NP 0F 17 Mq,Vx", fromHigh),
  row("movhpd", "66 0F 16 Vx,Mq", toHigh), row("movhpd", "66 0F 17 Mq,Vx", fromHigh),
  row("movsldup", "F3 0F 12 Vx,Wx", duplicate(32, [0, 0, 2, 2])), row("movshdup", "F3 0F 16 Vx,Wx", duplicate(32, [1, 1, 3, 3])),
  row("movddup", "F2 0F 12 Vx,Wq", duplicate(64, [0, 0])),

  row("movd", "66 W0 0F 6E Vx,Ed", move), row("movq", "66 REX.W 0F 6E Vx,Eq", move), row("movd", "66 W0 0F 7E Ed,Vd", move), row("movq", "66 REX.W 0F 7E Eq,Vq", move),
  row("movq", "F3 0F 7E Vx,Wq", move), row("movq", "66 0F D6 Mq,Vq", moveLow), row("movq", "66 0F D6 Ux,Vq", move),
  row("movd", "NP W0 0F 6E Pq,Ed", mmx(move)), row("movq", "NP REX.W 0F 6E Pq,Eq", mmx(move)), ...ofEachVendor((vendor) => [row("movd", "NP W0 0F 7E Ed,Pd", mmxStore(vendor, move)), row("movq", "NP REX.W 0F 7E Eq,Pq", mmxStore(vendor, move))]),
  row("movq", "NP 0F 6F Pq,Qq", mmx(move)), ...ofEachVendor((vendor) => [row("movq", "NP 0F 7F Qq,Pq", mmxStore(vendor, move))]),
  row("movdq2q", "F2 0F D6 Pq,Uq", mmx(move)), row("movq2dq", "F3 0F D6 Vx,Nq", mmx(move)),

  row("movmskps", "NP 0F 50 Gy,Ux", one((o, a) => o.simd("i32x4.bitmask", a))), row("movmskpd", "66 0F 50 Gy,Ux", one((o, a) => o.simd("i64x2.bitmask", a))),
  row("pmovmskb", "NP 0F D7 Gy,Nq", mmx(one((o, a) => o.simd("i8x16.bitmask", a)))), row("pmovmskb", "66 0F D7 Gy,Ux", one((o, a) => o.simd("i8x16.bitmask", a))),
  ...ofEachVendor((vendor) => [row("maskmovq", "NP 0F F7 Pq,Nq", maskmovq(vendor), { addressed: true }), row("maskmovdqu", "66 0F F7 Vx,Ux", maskedStore(vendor, 128), { addressed: true })]),

  ...ofEachVendor((vendor) => [row("ldmxcsr", "NP 0F AE /2 Md", loadControl(vendor))]), row("stmxcsr", "NP 0F AE /3 Md", storeControl), row("emms", "NP 0F 77", emms),
  row("prefetchnta", "0F 18 /0 Mb", nothing), row("prefetcht0", "0F 18 /1 Mb", nothing), row("prefetcht1", "0F 18 /2 Mb", nothing), row("prefetcht2", "0F 18 /3 Mb", nothing),
  // The low three bits of a fence's modrm are ignored.
  ...Array.from({ length: 8 }, (_, n) => [row("lfence", `NP 0F AE ${hex(0xe8 + n)}`, nothing), row("mfence", `NP 0F AE ${hex(0xf0 + n)}`, nothing), row("sfence", `NP 0F AE ${hex(0xf8 + n)}`, nothing)]).flat(),
]);
