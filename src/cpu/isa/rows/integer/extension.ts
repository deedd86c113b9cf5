// Integer instructions of later extensions, outside VEX. SDM Vol. 2: POPCNT LZCNT TZCNT MOVBE CRC32 ADCX
// ADOX.

import type { Vendor } from "../../../machine/model.ts";
import { EF } from "../../../machine/state.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, row } from "../../row.ts";

const bit = <V>(o: Ops<V>, c: V, mask: number): V => o.select(c, o.imm(mask), o.imm(0));

const popcnt: Meaning = (o) => {
  const n = o.let("n", o.popcnt(o.get(1)));
  o.set(0, n);
  o.flags("word", 64, o.let("f", bit(o, o.eq(n, o.imm(0)), EF.ZF)));
};
/**
 * A source of 0 gives the operand size and sets CF. The flags that the SDM leaves undefined are 0; AMD's
 * processors keep OF.
 */
const count =
  (of: <V>(o: Ops<V>, i: Form, v: V) => V) =>
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const v = o.get(1);
    const none = o.eq(v, o.imm(0));
    const n = o.let("n", o.select(none, o.imm(i.w), of(o, i, v)));
    o.set(0, n);
    const f = o.or(bit(o, none, EF.CF), bit(o, o.eq(n, o.imm(0)), EF.ZF));
    if (vendor === "amd") o.setFlags(EF.CF | EF.ZF | EF.SF | EF.AF | EF.PF, f);
    else o.flags("word", 64, o.let("f", f));
  };
const tzcnt = count((o, _i, v) => o.ctz(v));
const lzcnt = count((o, i, v) => o.sub(o.clz(v), o.imm(64 - i.w)));

/** Reverses bytes by exchanges of neighbours of growing width. */
const reversed = <V>(o: Ops<V>, w: number, v: V): V => {
  const masks = [0x00ff_00ff_00ff_00ffn, 0x0000_ffff_0000_ffffn, 0xffff_ffffn] as const;
  let r = v;
  for (let by = 8, n = 0; by < w; by *= 2, n++) {
    const mask = o.imm(masks[n] as bigint);
    r = o.let("r", o.or(o.and(o.shr(r, o.imm(by)), mask), o.shl(o.and(r, mask), o.imm(by))));
  }
  return r;
};
const movbe: Meaning = (o, i) => o.set(0, o.zext(reversed(o, i.w, o.get(1)), i.w));

/** The Castagnoli polynomial; the destination has 32 bits at every operand size. */
const crc32: Meaning = (o, i) => o.set(0, o.zext(o.call("crc32c", o.zext(o.get(0), 32), o.get(1), o.imm((i.widths[1] as number) / 8)), 32));

/** Two simultaneous carry chains: one in CF, one in OF. */
const addWith =
  (flag: "CF" | "OF"): Meaning =>
  (o, i) => {
    const w = i.widths[0] as 32 | 64;
    const b = o.get(1);
    const a = o.get(0);
    const s = o.let("s", o.zext(o.add(a, b), w));
    const r = o.let("r", o.zext(o.add(s, o.flag(flag)), w));
    o.set(0, r);
    o.setFlags(EF[flag], bit(o, o.or(o.ltU(s, a), o.ltU(r, s)), EF[flag]));
  };

/** The rows of these extensions. */
// biome-ignore format: table
export const extensions = family(() => [
  row("popcnt", "F3 0F B8 Gv,Ev", popcnt, { feature: "popcnt" }),
  ...ofEachVendor((vendor) => [row("tzcnt", "F3 0F BC Gv,Ev", tzcnt(vendor), { feature: "bmi1" }), row("lzcnt", "F3 0F BD Gv,Ev", lzcnt(vendor), { feature: "abm" })]),
  row("movbe", "NFx 0F 38 F0 Gv,Mv", movbe, { feature: "movbe" }), row("movbe", "NFx 0F 38 F1 Mv,Gv", movbe, { feature: "movbe" }),
  row("crc32", "F2 0F 38 F0 Gy,Eb", crc32, { feature: "sse4_2" }), row("crc32", "F2 0F 38 F1 Gy,Ev", crc32, { feature: "sse4_2" }),
  row("adcx", "66 0F 38 F6 Gy,Ey", addWith("CF"), { feature: "adx" }), row("adox", "F3 0F 38 F6 Gy,Ey", addWith("OF"), { feature: "adx" }),
]);
