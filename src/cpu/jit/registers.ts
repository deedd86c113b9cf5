// The registers of a region, in locals: made on first use, so that a region carries only what it touches.
//
// Outside 64-bit mode general registers are locals of 32 bits: an engine then has one copy of a value, where it needs two of one that is
// sometimes meant with 64 bits. What the upper halves are is undefined there (SDM Vol. 1 3.4.1.1); those of registers that a region may
// write become 0, as the interpreter leaves them where it has written all 32 bits.
import { as } from "../expression.ts";
import { at } from "../state.ts";
import { type Body, i32c, localGet, type Node, node, op, type WasmType, wt } from "../wasm.ts";

class Locals {
  readonly #body: Body;
  readonly #t: WasmType;
  readonly #index = new Map<number, number>();
  readonly written = new Set<number>();
  constructor(body: Body, t: WasmType) {
    this.#body = body;
    this.#t = t;
  }
  #of(r: number): number {
    let l = this.#index.get(r);
    if (l === undefined) this.#index.set(r, (l = this.#body.keep(this.#t)));
    return l;
  }
  get(r: number): Node {
    return localGet(this.#t, this.#of(r));
  }
  set(r: number, v: Node): void {
    this.#body.set(this.#of(r), as(this.#t, v));
    this.written.add(r);
  }
  get used(): IterableIterator<[number, number]> {
    return this.#index.entries();
  }
}

export class Registers {
  readonly gpr: Locals;
  readonly xmms: Locals;
  /** Upper halves of ymm registers. */
  readonly uppers: Locals;
  readonly #load: number;
  readonly #t: WasmType;
  constructor(body: Body, narrow: boolean) {
    this.#t = narrow ? wt.i32 : wt.i64;
    this.#load = narrow ? op.i32load : op.i64load;
    this.gpr = new Locals(body, this.#t);
    this.xmms = new Locals(body, wt.v128);
    this.uppers = new Locals(body, wt.v128);
  }
  /** What the region uses, from the state page. */
  load(b: Body): void {
    for (const [r, l] of this.gpr.used) b.set(l, node(this.#t, this.#load, [i32c(0)], at.gpr + r * 8));
    for (const [r, l] of this.xmms.used) b.set(l, node(wt.v128, op.v128load, [i32c(0)], at.ymm + r * 32));
    for (const [r, l] of this.uppers.used) b.set(l, node(wt.v128, op.v128load, [i32c(0)], at.ymm + r * 32 + 16));
  }
  /** Write back what the region may have changed. */
  store(b: Body): void {
    for (const r of this.gpr.written) b.store(op.i64store, i32c(0), as(wt.i64, this.gpr.get(r)), at.gpr + r * 8);
    for (const r of this.xmms.written) b.store(op.v128store, i32c(0), this.xmms.get(r), at.ymm + r * 32);
    for (const r of this.uppers.written) b.store(op.v128store, i32c(0), this.uppers.get(r), at.ymm + r * 32 + 16);
  }
}
