// Gathers: lanes from memory at a vector of indices. SDM Vol. 2C VGATHERDPS …, VPGATHERQQ. An instruction that faults keeps what it has gathered
// and clears those lanes of the mask, so that it goes on where it stopped.
import type { Form, Meaning, Ops } from "../ops.ts";
import { family, type Row, rows2 } from "../row.ts";
import type { Format } from "./float.ts";

type Halves<V> = readonly [V, V];

/** Lanes of w bits, at indices of `by` bits: as many as there are of either. */
const gather =
  (w: Format, by: Format): Meaning =>
  <V>(o: Ops<V>, i: Form) => {
    const [widthOf, indexWidth] = i.widths as [number, number];
    const lanes = Math.min(widthOf / w, indexWidth / by);
    const lane = (v: Halves<V>, width: Format, n: number): V => o.lane(v[Math.floor((n * width) / 128)] as V, width, n % (128 / width));
    const write = (operand: number, n: number, x: V): void => {
      const [low, high] = o.wide(operand);
      const put = (half: V, first: number): V => (n >= first && n < first + 128 / w ? o.withLane(half, w, n - first, x) : half);
      o.setWide(operand, put(low, 0), put(high, 128 / w));
    };
    const indices = o.wide(1);
    const mask = o.wide(2);
    for (let n = 0; n < lanes; n++) {
      o.when(o.shr(o.zext(lane(mask, w, n), w), o.imm(w - 1)), () =>
        write(0, n, o.load(undefined, o.element(1, o.sext(lane(indices, by, n), by)), w)),
      );
      // Also of a lane that was not wanted: AMD.
      write(2, n, o.imm(0));
    }
    const zero = o.vector(o.imm(0), o.imm(0));
    const [low, high] = o.wide(0);
    o.setWide(0, lanes * w === 64 ? o.vector(o.lane(low, 64, 0), o.imm(0)) : low, widthOf === 256 ? high : zero);
    o.setWide(2, zero, zero);
  };

const of = (name: string, encoding: string, w: Format, by: Format): readonly Row[] =>
  rows2(name, `VEX.{128_256}.66.0F38.${encoding}`, () => gather(w, by), { feature: "avx2", unaligned: true });

// biome-ignore format: table
export const gathers = family(() => [
  ...of("vpgatherdd", "W0 90 Vx,vm32{x_y},Hx", 32, 32), ...of("vpgatherdq", "W1 90 Vx,vm32x,Hx", 64, 32),
  ...of("vpgatherqd", "W0 91 Vdq,vm64{x_y},Hdq", 32, 64), ...of("vpgatherqq", "W1 91 Vx,vm64{x_y},Hx", 64, 64),
  ...of("vgatherdps", "W0 92 Vx,vm32{x_y},Hx", 32, 32), ...of("vgatherdpd", "W1 92 Vx,vm32x,Hx", 64, 32),
  ...of("vgatherqps", "W0 93 Vdq,vm64{x_y},Hdq", 32, 64), ...of("vgatherqpd", "W1 93 Vx,vm64{x_y},Hx", 64, 64),
]);
