// Gathers: lanes from memory at a vector of indices. SDM Vol. 2C VGATHERDPS …, VPGATHERQQ. A faulting gather
// keeps the lanes that it has loaded and clears their masks, so that it continues there.

import type { Vendor } from "../../../machine/model.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, type Row, rows2 } from "../../row.ts";
import type { FloatFormat } from "../sse/float.ts";

type Halves<V> = readonly [V, V];

/** Lanes of w bits at indices of `by` bits; the smaller of the two numbers of lanes. */
const gather =
  (vendor: Vendor, w: FloatFormat, by: FloatFormat): Meaning =>
  <V>(o: Ops<V>, i: Form) => {
    const [widthOf, indexWidth] = i.widths as [number, number];
    const lanes = Math.min(widthOf / w, indexWidth / by);
    const lane = (v: Halves<V>, width: FloatFormat, n: number): V =>
      o.lane(v[Math.floor((n * width) / 128)] as V, width, n % (128 / width));
    const zero = o.vector(o.imm(0), o.imm(0));
    // With VEX.128 Intel's processors zero the upper bits at the first write.
    const clears = vendor === "intel" && widthOf === 128 && indexWidth === 128;
    const write = (operand: number, n: number, x: V): void => {
      const [low, high] = o.wide(operand);
      const put = (half: V, first: number): V => (n >= first && n < first + 128 / w ? o.withLane(half, w, n - first, x) : half);
      o.setWide(operand, put(low, 0), clears ? zero : put(high, 128 / w));
    };
    const indices = o.wide(1);
    const mask = o.wide(2);
    // Intel's processors first replace the whole mask by its signs, as the SDM specifies.
    if (vendor === "intel") {
      // The sign of the upper 32 bits is the sign of all 64.
      const upper = [4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15];
      const signs = (half: V): V => o.simd("i32x4.shr_s", w === 64 ? o.shuffle(half, half, upper) : half, o.imm(31));
      o.setWide(2, signs(mask[0]), clears ? zero : signs(mask[1]));
    }
    for (let n = 0; n < lanes; n++) {
      const load = () => write(0, n, o.load(undefined, o.element(1, o.sext(lane(indices, by, n), by)), w));
      o.when(o.shr(o.zext(lane(mask, w, n), w), o.imm(w - 1)), load);
      // Also for a lane that the mask does not select: on AMD's processors its mask was unchanged until here.
      write(2, n, o.imm(0));
    }
    const [low, high] = o.wide(0);
    o.setWide(0, lanes * w === 64 ? o.vector(o.lane(low, 64, 0), o.imm(0)) : low, widthOf === 256 ? high : zero);
    o.setWide(2, zero, zero);
  };

const of = (vendor: Vendor, name: string, encoding: string, w: FloatFormat, by: FloatFormat): readonly Row[] =>
  rows2(name, `VEX.{128_256}.66.0F38.${encoding}`, () => gather(vendor, w, by), { feature: "avx2", unaligned: true });

/** The gather rows. */
// biome-ignore format: table
export const gathers = family(() => ofEachVendor((vendor) => [
  ...of(vendor, "vpgatherdd", "W0 90 Vx,vm32{x_y},Hx", 32, 32), ...of(vendor, "vpgatherdq", "W1 90 Vx,vm32x,Hx", 64, 32),
  ...of(vendor, "vpgatherqd", "W0 91 Vdq,vm64{x_y},Hdq", 32, 64), ...of(vendor, "vpgatherqq", "W1 91 Vx,vm64{x_y},Hx", 64, 64),
  ...of(vendor, "vgatherdps", "W0 92 Vx,vm32{x_y},Hx", 32, 32), ...of(vendor, "vgatherdpd", "W1 92 Vx,vm32x,Hx", 64, 32),
  ...of(vendor, "vgatherqps", "W0 93 Vdq,vm64{x_y},Hdq", 32, 64), ...of(vendor, "vgatherqpd", "W1 93 Vx,vm64{x_y},Hx", 64, 64),
]));
