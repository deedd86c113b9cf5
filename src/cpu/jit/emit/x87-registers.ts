// The locals of x87 batches, and the stores that bring the state page up to date: at the end of a batch, and
// in the common code of all exits from batches.

import { type Body, i32c, i64c, localGet, node, op, type WasmNode, type WasmType, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { at, S } from "../../machine/state.ts";
import { add, and, i32, or, packed, unpacked } from "./x87-number.ts";

const C1 = 0x200;
const TOP = 0x3800;
/** Bit positions of the word that describes the pending stores of an exit from a batch. */
const pending = { dirty: 0, depth: 8, emptied: 11, filled: 19, data: 27, segment: 28 } as const;

/** The last executed instruction, for FNSTENV. */
export interface LastInstruction {
  readonly ip: WasmNode;
  readonly opcode: WasmNode;
}
/** The stores that bring the state page up to date. Sets of registers are numbered from the initial TOP. */
export interface PendingStores {
  readonly dirty: number;
  readonly depth: number;
  readonly emptied: number;
  readonly filled: number;
  /** The last instruction; undefined if none was executed. */
  readonly last: LastInstruction | undefined;
  /** The segment register of the last memory operand; undefined if there was none. */
  readonly segment: number | undefined;
}

/** The x87 registers of a region in locals. A local is made at its first use. */
export class X87Registers {
  readonly #b: Body;
  readonly #locals = new Map<string, number>();
  constructor(body: Body) {
    this.#b = body;
  }
  #local(name: string, t: WasmType): WasmNode {
    let l = this.#locals.get(name);
    if (l === undefined) this.#locals.set(name, (l = this.#b.keep(t)));
    return localGet(t, l);
  }
  set(to: WasmNode, v: WasmNode): void {
    this.#b.set(to.k as number, as(to.t, v));
  }
  significand(j: number): WasmNode {
    return this.#local(`m${j}`, wt.i64);
  }
  signExponent(j: number): WasmNode {
    return this.#local(`se${j}`, wt.i32);
  }
  /** The status word without changes of TOP and C1 and without inexactness. */
  get status(): WasmNode {
    return this.#local("status", wt.i32);
  }
  get top(): WasmNode {
    return this.#local("top", wt.i32);
  }
  get tags(): WasmNode {
    return this.#local("tags", wt.i32);
  }
  get c1(): WasmNode {
    return this.#local("c1", wt.i32);
  }
  /** Not 0 if a result was inexact. */
  get inexact(): WasmNode {
    return this.#local("inexact", wt.i64);
  }
  get dataPointer(): WasmNode {
    return this.#local("data", wt.i64);
  }
  /** The offset of register j from `fpuRegs` in the state page. */
  #address(j: number): WasmNode {
    return i32(op.i32shl, and(j === 0 ? this.top : add(this.top, i32c(j)), i32c(7)), i32c(4));
  }
  load(j: number): void {
    this.set(this.significand(j), node(wt.i64, op.i64load, [this.#address(j)], at.fpuRegs));
    this.set(this.signExponent(j), unpacked(node(wt.i32, op.i32load16u, [this.#address(j)], at.fpuRegs + 8)));
  }
  #store(j: number): void {
    const b = this.#b;
    b.store(op.i64store, this.#address(j), this.significand(j), at.fpuRegs);
    b.store(op.i32store16, this.#address(j), packed(this.signExponent(j)), at.fpuRegs + 8);
  }
  /** The status word; `depth`: TOP minus its initial value. */
  statusAt(depth: WasmNode): WasmNode {
    const top = i32(op.i32shl, and(add(this.top, depth), i32c(7)), i32c(11));
    const raised = i32(op.i32shl, i32(op.i64ne, this.inexact, i64c(0n)), i32c(5));
    const c1 = i32(op.i32shl, this.c1, i32c(9));
    return or(or(and(this.status, i32c(0xffff & ~(TOP | C1))), top), or(raised, c1));
  }
  #storeRest(depth: WasmNode, emptied: WasmNode, filled: WasmNode, last: LastInstruction): void {
    const b = this.#b;
    b.store(op.i32store16, i32c(0), this.statusAt(depth), at.fpuStatus);
    const physical = (set: WasmNode): WasmNode => {
      const rotated = i32(op.i32shl, set, this.top);
      return or(rotated, i32(op.i32shrU, rotated, i32c(8)));
    };
    const tags = and(or(this.tags, physical(emptied)), i32(op.i32xor, physical(filled), i32c(-1)));
    b.store(op.i32store8, i32c(0), tags, at.fpuEmpty);
    b.store(op.i64store, i32c(0), last.ip, at.fpuIp);
    b.store(op.i32store16, i32c(0), last.opcode, at.fpuOpcode);
    b.store(op.i32store16, i32c(0), node(wt.i32, op.i32load, [i32c(0)], at.segSelector + S.cs * 4), at.fpuCs);
  }
  #storeData(segment: WasmNode): void {
    const b = this.#b;
    b.store(op.i64store, i32c(0), this.dataPointer, at.fpuDp);
    const offset = i32(op.i32shl, segment, i32c(2));
    b.store(op.i32store16, i32c(0), node(wt.i32, op.i32load, [offset], at.segSelector), at.fpuDs);
  }

  /** Stores everything at the end of a batch. */
  storeAll({ dirty, depth, emptied, filled, last, segment }: PendingStores): void {
    for (let j = 0; j < 8; j++) if ((dirty >> j) & 1) this.#store(j);
    this.#storeRest(i32c(depth), i32c(emptied), i32c(filled), last!);
    if (segment !== undefined) this.#storeData(i32c(segment));
  }
  /** Prepares an exit within a batch: describes the stores of `storeAtExit`. */
  prepareExit({ dirty, depth, emptied, filled, last, segment }: PendingStores): void {
    const word =
      (dirty << pending.dirty) |
      ((depth & 7) << pending.depth) |
      (emptied << pending.emptied) |
      (filled << pending.filled) |
      (Number(segment !== undefined) << pending.data) |
      ((segment ?? 0) << pending.segment);
    this.set(this.#local("left", wt.i32), i32c(word));
    this.set(this.#local("lastIp", wt.i64), last?.ip ?? i64c(-1n));
    this.set(this.#local("lastOpcode", wt.i32), last?.opcode ?? i32c(0));
  }
  /** The common code of all exits from batches. */
  storeAtExit(): void {
    const b = this.#b;
    const exitState = this.#local("left", wt.i32);
    const bits = (from: number, mask: number): WasmNode => and(i32(op.i32shrU, exitState, i32c(from)), i32c(mask));
    const when = (c: WasmNode, then: () => void): void => {
      b.if(c);
      then();
      b.end();
    };
    for (let j = 0; j < 8; j++) if (this.#locals.has(`m${j}`)) when(bits(pending.dirty + j, 1), () => this.#store(j));
    const last = { ip: this.#local("lastIp", wt.i64), opcode: this.#local("lastOpcode", wt.i32) };
    // No instruction has been executed yet, so there is nothing to store.
    when(i32(op.i64ne, last.ip, i64c(-1n)), () =>
      this.#storeRest(bits(pending.depth, 7), bits(pending.emptied, 255), bits(pending.filled, 255), last),
    );
    when(bits(pending.data, 1), () => this.#storeData(bits(pending.segment, 7)));
  }
}
