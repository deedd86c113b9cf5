// The code for the parts that a record decides: constants and addresses.

import { op } from "../../wasm/encoder.ts";
import { record } from "../machine/layout.ts";
import { at, type State } from "../machine/state.ts";
import { CodeBuffer } from "./code-buffer.ts";
import { hole } from "./template-body.ts";

/** Writes the constants of records. */
export class RecordCode extends CodeBuffer {
  protected readonly u8: Uint8Array;
  protected readonly i32: Int32Array;
  protected readonly u16: Uint16Array;
  constructor({ u8, i32, u16 }: State) {
    super();
    this.u8 = u8;
    this.i32 = i32;
    this.u16 = u16;
  }
  /** Fills a hole with a constant or an address of a record. */
  protected constant(kind: number, argument: number, rec: number): void {
    switch (kind) {
      case hole.u16:
        return this.i32c(this.u16[(rec + argument) >> 1] as number);
      case hole.u8:
        return this.i32c(this.u8[rec + argument] as number);
      case hole.i64:
        return this.i64c(this.i32[(rec + argument) >> 2] as number, this.i32[(rec + argument + 4) >> 2] as number);
      case hole.low:
        return this.i32c(this.i32[(rec + argument) >> 2] as number);
      case hole.extended: {
        const low = this.i32[(rec + argument) >> 2] as number;
        return this.i64c(low, low >> 31);
      }
      case hole.count:
        return this.#count(rec + argument);
      case hole.record:
        return this.i32c(rec);
      case hole.address:
        return this.#address(argument, rec);
      case hole.addressLow:
        return this.#addressLow(argument, rec);
      default:
        throw new Error(`no hole of kind ${kind}`);
    }
  }
  #count(address: number): void {
    this.i32c(0);
    this.#load(op.i32load, address);
    this.i32c(1);
    this.byte(op.i32add);
    this.byte(op.i32store);
    this.byte(0);
    this.unsigned(address);
  }
  /** base + disp + (index << scale), without the parts that are 0. */
  #address(indexed: number, rec: number): void {
    const low = this.i32[(rec + record.disp) >> 2] as number;
    const high = this.i32[(rec + record.disp + 4) >> 2] as number;
    const base = this.u16[(rec + record.base) >> 1] as number;
    const index = indexed === 0 ? at.zero : (this.u16[(rec + record.index) >> 1] as number);
    let terms = 0;
    if (base !== at.zero) {
      this.#load(op.i64load, base);
      terms++;
    }
    if (index !== at.zero) {
      this.#load(op.i64load, index);
      const scale = this.u8[rec + record.scale] as number;
      if (scale !== 0) {
        this.i64c(scale, 0);
        this.byte(op.i64shl);
      }
      if (terms++ > 0) this.byte(op.i64add);
    }
    if (terms > 0 && low === 0 && high === 0) return;
    this.i64c(low, high);
    if (terms > 0) this.byte(op.i64add);
  }
  #addressLow(indexed: number, rec: number): void {
    const low = this.i32[(rec + record.disp) >> 2] as number;
    const base = this.u16[(rec + record.base) >> 1] as number;
    const index = indexed === 0 ? at.zero : (this.u16[(rec + record.index) >> 1] as number);
    let terms = 0;
    if (base !== at.zero) {
      this.#load(op.i32load, base);
      terms++;
    }
    if (index !== at.zero) {
      this.#load(op.i32load, index);
      const scale = this.u8[rec + record.scale] as number;
      if (scale !== 0) {
        this.i32c(scale);
        this.byte(op.i32shl);
      }
      if (terms++ > 0) this.byte(op.i32add);
    }
    if (terms > 0 && low === 0) return;
    this.i32c(low);
    if (terms > 0) this.byte(op.i32add);
  }
  #load(opcode: number, register: number): void {
    this.i32c(0);
    this.byte(opcode);
    this.byte(0);
    this.unsigned(register);
  }
}
