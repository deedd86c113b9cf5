// The registers of a region, in locals: made on first use, so that a region carries only what it touches.
//
// Outside 64-bit mode general registers are locals of 32 bits: an engine then has one copy of a value, where it needs two of one that is
// sometimes meant with 64 bits. What the upper halves are is undefined there (SDM Vol. 1 3.4.1.1); those of registers that a region may
// write become 0, as the interpreter leaves them where it has written all 32 bits.

import { type Body, i32c, localGet, type Node, node, op, type WasmType, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { at } from "../../machine/state.ts";
import { overlap, type Parts, part, union } from "../analysis/register-cache.ts";

/** Told what is read and written (register-cache.ts). */
export interface Noting {
  read(p: Parts): void;
  write(p: Parts): void;
}

class Locals {
  readonly #body: Body;
  readonly #t: WasmType;
  readonly #index = new Map<number, number>();
  readonly #notes: Noting;
  readonly #part: (r: number) => Parts;
  readonly #whole: (r: number) => Parts;
  /** `whole`: what is written by writing all bits of the local, if that is more. */
  constructor(body: Body, t: WasmType, notes: Noting, part: (r: number) => Parts, whole = part) {
    this.#body = body;
    this.#t = t;
    this.#notes = notes;
    this.#part = part;
    this.#whole = whole;
  }
  #of(r: number): number {
    let l = this.#index.get(r);
    if (l === undefined) this.#index.set(r, (l = this.#body.keep(this.#t)));
    return l;
  }
  get(r: number): Node {
    const local = this.#of(r);
    this.#notes.read(this.#part(r));
    return localGet(this.#t, local);
  }
  /** What its local holds, for code that is written when all is: it is in there. */
  there(r: number): Node {
    return localGet(this.#t, this.#of(r));
  }
  set(r: number, v: Node): void {
    this.#body.set(this.#of(r), as(this.#t, v));
    this.#notes.write(this.#whole(r));
  }
  /** The same, of fewer than 32 bits of a general register: the others are in the value as they were. */
  setLow(r: number, v: Node): void {
    this.#body.set(this.#of(r), as(this.#t, v));
    this.#notes.write(this.#part(r));
  }
  /** What follows is done again and again, and may write this. */
  mayWrite(r: number): void {
    this.set(r, this.get(r));
  }
  /** Those of some parts that are in locals here. */
  *among(parts: Parts): Iterable<[number, number]> {
    for (const [r, l] of this.#index) if (overlap(this.#part(r), parts)) yield [r, l];
  }
}

export class Registers {
  readonly gpr: Locals;
  readonly xmms: Locals;
  /** Upper halves of ymm registers. */
  readonly uppers: Locals;
  readonly #load: number;
  readonly #t: WasmType;
  constructor(body: Body, narrow: boolean, notes: Noting) {
    this.#t = narrow ? wt.i32 : wt.i64;
    this.#load = narrow ? op.i32load : op.i64load;
    this.gpr = new Locals(body, this.#t, notes, part.general, narrow ? (r) => union(part.general(r), part.zeroed(r)) : part.general);
    this.xmms = new Locals(body, wt.v128, notes, part.vector);
    this.uppers = new Locals(body, wt.v128, notes, part.upper);
  }
  /** From the state page. */
  load(b: Body, parts: Parts): void {
    for (const [r, l] of this.gpr.among(parts)) b.set(l, node(this.#t, this.#load, [i32c(0)], at.gpr + r * 8));
    for (const [r, l] of this.xmms.among(parts)) b.set(l, node(wt.v128, op.v128load, [i32c(0)], at.ymm + r * 32));
    for (const [r, l] of this.uppers.among(parts)) b.set(l, node(wt.v128, op.v128load, [i32c(0)], at.ymm + r * 32 + 16));
  }
  store(b: Body, parts: Parts): void {
    if (this.#t === wt.i32) this.#storeHalves(b, parts);
    else for (const [r, l] of this.gpr.among(parts)) b.store(op.i64store, i32c(0), localGet(wt.i64, l), at.gpr + r * 8);
    for (const [r, l] of this.xmms.among(parts)) b.store(op.v128store, i32c(0), localGet(wt.v128, l), at.ymm + r * 32);
    for (const [r, l] of this.uppers.among(parts)) b.store(op.v128store, i32c(0), localGet(wt.v128, l), at.ymm + r * 32 + 16);
  }
  #storeHalves(b: Body, parts: Parts): void {
    const low = new Map(this.gpr.among(parts));
    for (const [r, l] of low) {
      const value = localGet(wt.i32, l);
      if (overlap(part.zeroed(r), parts)) b.store(op.i64store, i32c(0), as(wt.i64, value), at.gpr + r * 8);
      else b.store(op.i32store, i32c(0), value, at.gpr + r * 8);
    }
    for (const r of zeroedOf(parts)) if (!low.has(r)) b.store(op.i32store, i32c(0), i32c(0), at.gpr + r * 8 + 4);
  }
}

const legacy = [0, 1, 2, 3, 4, 5, 6, 7] as const;
/** The registers whose upper halves are meant. */
const zeroedOf = (parts: Parts): readonly number[] => legacy.filter((r) => overlap(part.zeroed(r), parts));
/** Is any of these upper halves not 0 in the state page? */
export const anyUpper = (parts: Parts): Node => {
  const uppers = zeroedOf(parts).map((r) => node(wt.i32, op.i32load, [i32c(0)], at.gpr + r * 8 + 4));
  return uppers.length === 0 ? i32c(0) : uppers.reduce((sum, upper) => node(wt.i32, op.i32or, [sum, upper]));
};
