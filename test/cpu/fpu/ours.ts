// Runs one x87 case on the routines: FRSTOR image in, FNSAVE image out, as the judge does on the processor.
import { readFileSync } from "node:fs";
import { loadAll, saveAll } from "../../../src/cpu/helpers/x87-image.ts";
import { type Vendor, vendorRules } from "../../../src/cpu/machine/model.ts";
import { State } from "../../../src/cpu/machine/state.ts";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { buildRoutines, routinesPath } from "../../../tools/routines.mjs";

/** The x87 routines by name; the SSE ones are looked up by computed names. */
type X87 = Record<
  | "arith_st"
  | "arith_to"
  | "arith_f32"
  | "arith_f64"
  | "arith_i32"
  | "fsqrt"
  | "fcom"
  | "ftst"
  | "fxam"
  | "fbld"
  | "fild"
  | "fld_f32"
  | "fld_f64"
  | "fld_f80"
  | "fld_st"
  | "fldc"
  | "stored"
  | "fabs"
  | "fchs"
  | "fcmov"
  | "fdecstp"
  | "ffree"
  | "fincstp"
  | "fst_st"
  | "fstpnce"
  | "fxch"
  | "frndint"
  | "fscale"
  | "fxtract"
  | "fprem"
  | "fprem1"
  | "fldcw"
  | "fnclex"
  | "fninit"
  | "fcos"
  | "fptan"
  | "fsin"
  | "fsincos"
  | "f2xm1"
  | "fyl2x"
  | "fyl2xp1"
  | "fpatan",
  (...operands: (number | bigint)[]) => void
> &
  Record<"fcomi" | "stores" | "fst_f32_value" | "fbstp_high" | "fstp_f80_high", (...operands: number[]) => number> &
  Record<"fst_f64_value" | "fist_value" | "fbstp_value" | "fstp_f80_value", (...operands: number[]) => bigint>;
export interface Exports extends X87 {
  readonly transcendental_intel: WebAssembly.Global;
  // biome-ignore lint/suspicious/noExplicitAny: i32 or i64, as the name's ending says
  readonly [name: `sse_${string}`]: (...operands: (number | bigint)[]) => any;
}

/** Bytes of an image, and those in it that tell of the last instruction: the rows' business. */
const imageSize = 108;
const pointers = { from: 12, to: 28 } as const;
/** C1 in the second byte of the status word. */
const C1 = { byte: 5, bit: 2 } as const;

export class Fpu {
  readonly state = new State(new WebAssembly.Memory({ initial: 2, maximum: 2 }));
  readonly x: Exports;
  readonly #out = new DataView(new ArrayBuffer(imageSize));
  readonly #bytes = new Uint8Array(this.#out.buffer);

  private constructor(wasm: BufferSource) {
    this.x = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory: this.state.memory } }).exports as unknown as Exports;
  }

  /** As a vendor's processors do. */
  static async create(vendor: Vendor): Promise<Fpu> {
    await buildRoutines();
    const fpu = new Fpu(readFileSync(routinesPath));
    fpu.x.transcendental_intel.value = Number(vendorRules[vendor].smallAnglesExact);
    return fpu;
  }

  restore(image: DataView): void {
    loadAll(this.state, image, 32);
  }
  save(): Uint8Array {
    saveAll(this.state, this.#out, 32);
    return this.#bytes;
  }

  /** Does an image taken by FNSAVE on the processor show our state? */
  equals(image: Uint8Array): boolean {
    const ours = this.save();
    for (let i = 0; i < imageSize; i++) if (ours[i] !== image[i] && (i < pointers.from || i >= pointers.to)) return false;
    return true;
  }

  /** The same, but for C1 and one unit in the last place of two results. */
  resembles(image: Uint8Array): boolean {
    const ours = this.save();
    for (let i = 0; i < pointers.from; i++)
      if (((ours[i] as number) ^ (image[i] as number)) & (i === C1.byte ? ~C1.bit : 0xff)) return false;
    const theirs = new DataView(image.buffer, image.byteOffset, imageSize);
    const ordinal = (v: DataView, at: number) => (BigInt(v.getUint16(at + 8, true)) << 63n) + BigInt.asUintN(63, v.getBigUint64(at, true));
    for (let i = 0; i < 8; i++) {
      const off = ordinal(this.#out, 28 + 10 * i) - ordinal(theirs, 28 + 10 * i);
      if (off !== 0n && (i > 1 || off > 1n || off < -1n)) return false;
    }
    return true;
  }
}
