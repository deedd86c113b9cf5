// Runs one x87 case on the routines: FRSTOR image in, FNSAVE image out, as the judge does on the processor.
import { readFileSync } from "node:fs";
import { loadAll, saveAll } from "../../../src/cpu/fpu/image.ts";
import { State } from "../../../src/cpu/state.ts";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { buildRoutines, routinesPath } from "../../../tools/routines.mjs";

// biome-ignore lint/suspicious/noExplicitAny: the exports are named by the rows that call them
export type Exports = Record<string, (...args: any[]) => any>;

/** Bytes of an image, and those in it that tell of the last instruction: the rows' business. */
const imageSize = 108;
const pointers = { from: 12, to: 28 } as const;
/** C1 in the second byte of the status word. */
const C1 = { byte: 5, bit: 2 } as const;

export class Fpu {
  readonly state = new State(new WebAssembly.Memory({ initial: 2 }));
  readonly x: Exports;
  readonly #out = new DataView(new ArrayBuffer(imageSize));
  readonly #bytes = new Uint8Array(this.#out.buffer);

  private constructor(wasm: BufferSource) {
    this.x = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory: this.state.memory } }).exports as Exports;
  }

  static async create(): Promise<Fpu> {
    await buildRoutines();
    return new Fpu(readFileSync(routinesPath));
  }

  restore(image: DataView): void { loadAll(this.state, image, 32); }
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
    for (let i = 0; i < pointers.from; i++) if (((ours[i] as number) ^ (image[i] as number)) & (i === C1.byte ? ~C1.bit : 0xff)) return false;
    const theirs = new DataView(image.buffer, image.byteOffset, imageSize);
    const ordinal = (v: DataView, at: number) => (BigInt(v.getUint16(at + 8, true)) << 63n) + BigInt.asUintN(63, v.getBigUint64(at, true));
    for (let i = 0; i < 8; i++) {
      const off = ordinal(this.#out, 28 + 10 * i) - ordinal(theirs, 28 + 10 * i);
      if (off !== 0n && (i > 1 || off > 1n || off < -1n)) return false;
    }
    return true;
  }
}
