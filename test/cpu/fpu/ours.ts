// Runs one x87 case on the routines: FRSTOR image in, FNSAVE image out, as the judge does on the processor.
import { readFileSync } from "node:fs";
import { at } from "../../../src/cpu/state.ts";
import { buildRoutines, routinesPath } from "../../../tools/routines.mjs";

// biome-ignore lint/suspicious/noExplicitAny: the exports are named by the rows that call them
export type Exports = Record<string, (...args: any[]) => any>;

export class Fpu {
  readonly #memory = new WebAssembly.Memory({ initial: 2 });
  readonly #view = new DataView(this.#memory.buffer);
  readonly x: Exports;

  private constructor(wasm: BufferSource) {
    this.x = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory: this.#memory } }).exports as Exports;
  }

  static async create(): Promise<Fpu> {
    await buildRoutines();
    return new Fpu(readFileSync(routinesPath));
  }

  get state(): DataView { return this.#view; }

  /** Take a 108-byte image in the 32-bit protected-mode layout. */
  restore(image: DataView): void {
    const sw = image.getUint16(4, true);
    const tags = image.getUint16(8, true);
    this.#view.setUint16(at.fpuControl, image.getUint16(0, true), true);
    this.#view.setUint16(at.fpuStatus, sw, true);
    let empty = 0;
    for (let r = 0; r < 8; r++) {
      if (((tags >> (r * 2)) & 3) === 3) empty |= 1 << r;
      const from = 28 + 10 * ((r - (sw >> 11)) & 7);
      const to = at.fpuRegs + r * 16;
      this.#view.setUint32(to, image.getUint32(from, true), true);
      this.#view.setUint32(to + 4, image.getUint32(from + 4, true), true);
      this.#view.setUint16(to + 8, image.getUint16(from + 8, true), true);
    }
    this.#view.setUint8(at.fpuEmpty, empty);
  }

  /** Does an image taken by FNSAVE on the processor show our state? The pointers (bytes 12 to 27) are the rows' business. */
  equals(image: DataView): boolean {
    const v = this.#view;
    const sw = image.getUint16(4, true);
    if (sw !== v.getUint16(at.fpuStatus, true) || image.getUint16(0, true) !== v.getUint16(at.fpuControl, true)) return false;
    if (image.getUint16(8, true) !== this.x["tag_word"]?.()) return false;
    for (let i = 0; i < 8; i++) {
      const ours = at.fpuRegs + (((sw >> 11) + i) & 7) * 16;
      const theirs = 28 + 10 * i;
      if (v.getUint32(ours, true) !== image.getUint32(theirs, true)) return false;
      if (v.getUint32(ours + 4, true) !== image.getUint32(theirs + 4, true)) return false;
      if (v.getUint16(ours + 8, true) !== image.getUint16(theirs + 8, true)) return false;
    }
    return true;
  }

  /** The same, but for one unit in the last place of two results and for C1. */
  resembles(image: DataView): boolean {
    const v = this.#view;
    const sw = image.getUint16(4, true);
    if ((sw ^ v.getUint16(at.fpuStatus, true)) & ~0x200) return false;
    if (image.getUint16(8, true) !== this.x["tag_word"]?.()) return false;
    for (let i = 0; i < 8; i++) {
      const at80 = (w: DataView, at: number) => (BigInt(w.getUint16(at + 8, true)) << 63n) + (w.getBigUint64(at, true) & 0x7fffffffffffffffn);
      const off = at80(v, at.fpuRegs + (((sw >> 11) + i) & 7) * 16) - at80(image, 28 + 10 * i);
      if (off !== 0n && (i > 1 || off > 1n || off < -1n)) return false;
    }
    return true;
  }

  /** The same layout as the judge's, for messages. */
  save(): Uint8Array {
    const out = new DataView(new ArrayBuffer(108));
    const v = this.#view;
    const sw = v.getUint16(at.fpuStatus, true);
    out.setUint16(0, v.getUint16(at.fpuControl, true), true);
    out.setUint16(4, sw, true);
    out.setUint16(8, this.x["tag_word"]?.(), true);
    for (let i = 0; i < 8; i++) {
      const ours = at.fpuRegs + (((sw >> 11) + i) & 7) * 16;
      out.setBigUint64(28 + 10 * i, v.getBigUint64(ours, true), true);
      out.setUint16(36 + 10 * i, v.getUint16(ours + 8, true), true);
    }
    return new Uint8Array(out.buffer);
  }
}
