// The decoder of blocks: from the bytes at an instruction pointer to records. A block lies in one page. The
// exception is a single instruction that crosses into the next one.

import { type Decoded, Decoder } from "../decode/decoder.ts";
import type { InstructionRows } from "../decode/instructions.ts";
import { special } from "../decode/operand-slots.ts";
import type { AddressSize } from "../isa/ops.ts";
import { contexts } from "../machine/context.ts";
import { dispatch, layout, record } from "../machine/layout.ts";
import type { Model } from "../machine/model.ts";
import type { State } from "../machine/state.ts";
import type { CodeAddresses } from "./code-addresses.ts";
import { PredecodeCache, type PredecodeRoutines, type Preload } from "./predecode.ts";
import type { Records } from "./records.ts";

/** The most instructions of a block. */
export const longest = 128;

const nextRecord = (layout.dispatch + dispatch.next) >> 2;

/** A failed fetch: a page fault with error code and address, or an undefined or too long instruction. */
export interface FetchFault {
  kind: "page" | "undefined" | "long";
  error: number;
  address: number;
}

/** Decodes instructions and writes their records. */
export class BlockDecoder {
  readonly fault: FetchFault = { kind: "page", error: 0, address: 0 };
  readonly #state: State;
  readonly #records: Records;
  readonly #addresses: CodeAddresses;
  readonly #decoder: Decoder;
  readonly #predecode: PredecodeCache;
  readonly #crosses: (first: number, frame: number) => void;
  readonly #window = new Uint8Array(32);
  #secondFrame = 0;
  /** The address of the next record. The routine decodes too (routines/blocks.ts). */
  get next(): number {
    return this.#state.u32[nextRecord] as number;
  }
  set next(address: number) {
    this.#state.u32[nextRecord] = address;
  }

  /** `crosses` is called for a block that crosses into another page, with that page's frame. */
  constructor(
    state: State,
    records: Records,
    addresses: CodeAddresses,
    { instructions, routines, model }: { instructions: InstructionRows; routines: PredecodeRoutines; model: Model },
    crosses: (first: number, frame: number) => void,
  ) {
    this.#state = state;
    this.#records = records;
    this.#addresses = addresses;
    const tables = instructions.tables(model);
    this.#decoder = new Decoder(tables);
    this.#predecode = new PredecodeCache(state, tables, routines);
    this.#crosses = crosses;
  }
  /** Adds predecode cache entries that the build computed. */
  preload(preload: Preload): void {
    this.#predecode.preload(preload);
  }
  /** A bit for each context whose entries have been entered. */
  get known(): number {
    return this.#predecode.known;
  }
  /** Code of a context is about to be decoded; `first` is the address of the next block. */
  enterContext(context: number, first: number): void {
    this.#predecode.enterContext(context, first);
  }
  /** Records a page fault of a fetch. `t`: the negative page-fault code. */
  noFrame(t: number, linear: number): 0 {
    this.fault.kind = "page";
    this.fault.error = -t - 1;
    this.fault.address = linear;
    return 0;
  }

  /**
   * Decodes from ip to the end of the page, a branch, or `count` instructions. Returns the number of decoded
   * instructions.
   */
  translate(from: number, linear: number, frame: number, context: number, count: number, end: number = special.next): number {
    const { u8, i32 } = this.#state;
    const mode = contexts[context]!.mode;
    const d = this.#decoder.d;
    const start = this.next;
    const pageEnd = frame + 4096;
    let offset = frame + (linear & 0xfff);
    let ip = from;
    let n = 0;
    let ended = false;
    for (;;) {
      const alike = this.#predecode.decode(start + n * record.size, n, count, offset, pageEnd, ip, context);
      n = alike & 0xff;
      offset += alike >> 9;
      ip += alike >> 9;
      ended = (alike & 0x100) !== 0;
      if (ended || n >= count || offset >= pageEnd) break;
      let r = this.#decoder.decode(u8, offset, pageEnd, ip, mode);
      const crossing = r === "more";
      if (crossing) {
        if (n > 0) break;
        r = this.#decodeCrossing(ip, linear, offset, pageEnd, mode);
        if (r === "more") return 0;
        if (r === "ok") this.#crosses(start, this.#secondFrame);
      }
      if (r !== "ok") {
        if (n > 0) break;
        this.fault.kind = r === "long" ? "long" : "undefined";
        return 0;
      }
      const rec = start + n * record.size;
      const note = this.#records.write(rec, d, ip, context);
      if (!crossing) this.#predecode.addEntry(d, offset, pageEnd, context, rec, note, this.#records);
      i32[(layout.notes >> 2) + n] = note;
      n++;
      offset += d.length;
      ip += d.length;
      ended = d.row.ends === true;
      if (ended || n >= count || offset >= pageEnd) break;
    }
    this.#records.finishBlock(start, n, from);
    this.next = start + n * record.size;
    // The end record. Its count of remaining instructions is 0.
    if (!ended) this.writeEnd(this.#addresses.after(ip), end);
    return n;
  }
  /** Writes the record that ends a block. */
  writeEnd(ip: number, handler: number): void {
    this.#records.writeEnd(this.next, ip, handler);
    this.next += record.size;
  }

  #decodeCrossing(
    ip: number,
    linear: number,
    offset: number,
    pageEnd: number,
    mode: 16 | 32 | 64,
    ahead = false,
  ): ReturnType<Decoder["decode"]> {
    const s = this.#state;
    const here = pageEnd - offset;
    this.#window.set(s.u8.subarray(offset, pageEnd));
    const nextPage = linear - (linear % 4096) + 4096;
    const frame = ahead ? this.#addresses.presentFrame(nextPage) : this.#addresses.frame(nextPage);
    if (frame < 0) {
      this.noFrame(frame, nextPage);
      return "more";
    }
    this.#window.set(s.u8.subarray(frame, frame + 16), here);
    const r = this.#decoder.decode(this.#window, 0, here + 16, ip, mode);
    this.#secondFrame = frame;
    return r;
  }

  /** Decodes an instruction from given bytes. The result is a copy. */
  decodeBytes(bytes: Uint8Array, ip: number, mode: AddressSize): Decoded {
    const result = this.#decoder.decode(bytes, 0, bytes.length, ip, mode);
    if (result !== "ok") throw new Error(`bytes that were an instruction are not: ${result}`);
    return this.#decoder.d.copy();
  }
  /**
   * Decodes the instruction at `ip` without a block. Undefined with `fault` set if the fetch fails. `ahead`:
   * control is not there, so no page is faulted in.
   */
  decodeOne(ip: number, ahead = false): Decoded | undefined {
    const s = this.#state;
    const { mode } = contexts[this.#addresses.context]!;
    const linear = this.#addresses.linear(ip);
    const frame = ahead ? this.#addresses.frameOf(ip) : this.#addresses.userFrame(linear);
    if (frame < 0) {
      this.noFrame(frame, linear);
      return undefined;
    }
    const offset = frame + (linear & 0xfff);
    let r = this.#decoder.decode(s.u8, offset, frame + 4096, ip, mode);
    if (r === "more") r = this.#decodeCrossing(ip, linear, offset, frame + 4096, mode, ahead);
    if (r === "ok") return this.#decoder.d;
    if (r !== "more") this.fault.kind = r === "long" ? "long" : "undefined";
    return undefined;
  }
}
