// The registers of a region, in locals: made on first use, so that a region carries only what it touches.
//
// Outside 64-bit mode general registers are locals of 32 bits: an engine then has one copy of a value, where it needs two of one that is
// sometimes meant with 64 bits. What the upper halves are is undefined there (SDM Vol. 1 3.4.1.1); those of registers that a region may
// write become 0, as the interpreter leaves them where it has written all 32 bits.

import { type Body, i32c, localGet, type Node, node, op, type WasmType, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { at } from "../../machine/state.ts";
import { overlap, type Parts, part } from "../analysis/register-cache.ts";

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
  constructor(body: Body, t: WasmType, notes: Noting, part: (r: number) => Parts) {
    this.#body = body;
    this.#t = t;
    this.#notes = notes;
    this.#part = part;
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
    this.gpr = new Locals(body, this.#t, notes, part.general);
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
    for (const [r, l] of this.gpr.among(parts)) b.store(op.i64store, i32c(0), as(wt.i64, localGet(this.#t, l)), at.gpr + r * 8);
    for (const [r, l] of this.xmms.among(parts)) b.store(op.v128store, i32c(0), localGet(wt.v128, l), at.ymm + r * 32);
    for (const [r, l] of this.uppers.among(parts)) b.store(op.v128store, i32c(0), localGet(wt.v128, l), at.ymm + r * 32 + 16);
  }
}
