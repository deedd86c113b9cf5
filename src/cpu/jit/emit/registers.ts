// The registers of a region in locals. A local is made on first use, so a region has only those that it
// needs.
//
// Outside 64-bit mode general registers are locals of 32 bits. An engine then has one copy of a value; 64-bit
// locals would often need two. The upper halves are undefined there (SDM Vol. 1 3.4.1.1). The upper halves of
// registers that a region may write become 0, as after the interpreter has written all 32 bits.

import { type Body, i32c, localGet, node, op, type WasmNode, type WasmType, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { at } from "../../machine/state.ts";
import { overlap, part, type RegisterSet, type UseRecorder, union } from "../analysis/register-cache.ts";

class Locals {
  readonly #body: Body;
  readonly #t: WasmType;
  readonly #index = new Map<number, number>();
  readonly #uses: UseRecorder;
  readonly #part: (r: number) => RegisterSet;
  readonly #whole: (r: number) => RegisterSet;
  /** `whole`: the set that is written by writing all bits of the local, if it is larger. */
  constructor(body: Body, t: WasmType, uses: UseRecorder, part: (r: number) => RegisterSet, whole = part) {
    this.#body = body;
    this.#t = t;
    this.#uses = uses;
    this.#part = part;
    this.#whole = whole;
  }
  #of(r: number): number {
    let l = this.#index.get(r);
    if (l === undefined) this.#index.set(r, (l = this.#body.keep(this.#t)));
    return l;
  }
  get(r: number): WasmNode {
    const local = this.#of(r);
    this.#uses.read(this.#part(r));
    return localGet(this.#t, local);
  }
  /** Makes the locals of the first `count` registers that are in a set. */
  make(parts: RegisterSet, count: number): void {
    for (let r = 0; r < count; r++) if (overlap(this.#part(r), parts)) this.#of(r);
  }
  /** The local itself, for code that is completed later. The register is known to be in it. */
  current(r: number): WasmNode {
    return localGet(this.#t, this.#of(r));
  }
  set(r: number, v: WasmNode): void {
    this.#body.set(this.#of(r), as(this.#t, v));
    this.#uses.write(this.#whole(r));
  }
  /** Writes fewer than 32 bits of a general register. The value contains the other bits unchanged. */
  setLow(r: number, v: WasmNode): void {
    this.#body.set(this.#of(r), as(this.#t, v));
    this.#uses.write(this.#part(r));
  }
  /** The next code is a loop that may write the register. */
  mayWrite(r: number): void {
    this.set(r, this.get(r));
  }
  /** The registers of a set that are in locals here. */
  *within(parts: RegisterSet): Iterable<[number, number]> {
    for (const [r, l] of this.#index) if (overlap(this.#part(r), parts)) yield [r, l];
  }
}

/** The general and vector registers of one region. */
export class RegionRegisters {
  readonly gpr: Locals;
  readonly xmms: Locals;
  /** Upper halves of ymm registers. */
  readonly uppers: Locals;
  readonly #load: number;
  readonly #t: WasmType;
  constructor(body: Body, narrow: boolean, uses: UseRecorder) {
    this.#t = narrow ? wt.i32 : wt.i64;
    this.#load = narrow ? op.i32load : op.i64load;
    this.gpr = new Locals(body, this.#t, uses, part.general, narrow ? (r) => union(part.general(r), part.zeroed(r)) : part.general);
    this.xmms = new Locals(body, wt.v128, uses, part.vector);
    this.uppers = new Locals(body, wt.v128, uses, part.upper);
  }
  /** Makes the locals of a set, which code is about to use. */
  make(parts: RegisterSet): void {
    // Outside 64-bit mode the other bits of the first word are upper halves (register-cache.ts).
    this.gpr.make(parts, this.#t === wt.i32 ? 8 : 16);
    this.xmms.make(parts, 16);
    this.uppers.make(parts, 16);
  }
  /** Loads registers from the state page. */
  load(b: Body, parts: RegisterSet): void {
    for (const [r, l] of this.gpr.within(parts)) b.set(l, node(this.#t, this.#load, [i32c(0)], at.gpr + r * 8));
    for (const [r, l] of this.xmms.within(parts)) b.set(l, node(wt.v128, op.v128load, [i32c(0)], at.ymm + r * 32));
    for (const [r, l] of this.uppers.within(parts)) b.set(l, node(wt.v128, op.v128load, [i32c(0)], at.ymm + r * 32 + 16));
  }
  store(b: Body, parts: RegisterSet): void {
    if (this.#t === wt.i32) this.#storeHalves(b, parts);
    else for (const [r, l] of this.gpr.within(parts)) b.store(op.i64store, i32c(0), localGet(wt.i64, l), at.gpr + r * 8);
    for (const [r, l] of this.xmms.within(parts)) b.store(op.v128store, i32c(0), localGet(wt.v128, l), at.ymm + r * 32);
    for (const [r, l] of this.uppers.within(parts)) b.store(op.v128store, i32c(0), localGet(wt.v128, l), at.ymm + r * 32 + 16);
  }
  #storeHalves(b: Body, parts: RegisterSet): void {
    const low = new Map(this.gpr.within(parts));
    for (const [r, l] of low) {
      const value = localGet(wt.i32, l);
      if (overlap(part.zeroed(r), parts)) b.store(op.i64store, i32c(0), as(wt.i64, value), at.gpr + r * 8);
      else b.store(op.i32store, i32c(0), value, at.gpr + r * 8);
    }
    for (const r of zeroedOf(parts)) if (!low.has(r)) b.store(op.i32store, i32c(0), i32c(0), at.gpr + r * 8 + 4);
  }
}

const legacy = [0, 1, 2, 3, 4, 5, 6, 7] as const;
/** The registers whose upper halves are in a set. */
const zeroedOf = (parts: RegisterSet): readonly number[] => legacy.filter((r) => overlap(part.zeroed(r), parts));
/** Not 0 if one of these upper halves is not 0 in the state page. */
export const anyUpper = (parts: RegisterSet): WasmNode => {
  const uppers = zeroedOf(parts).map((r) => node(wt.i32, op.i32load, [i32c(0)], at.gpr + r * 8 + 4));
  return uppers.length === 0 ? i32c(0) : uppers.reduce((sum, upper) => node(wt.i32, op.i32or, [sum, upper]));
};
