// The code of a template with its holes, which mark the parts that the record decides. Copy and patch: Xu and
// Kjolstad, OOPSLA 2021.

import { Body, node, op, type WasmNode, type WasmType, wt } from "../../wasm/encoder.ts";

/** The contents of holes. Their arguments are in brackets. */
export const hole = {
  /** The index of a local: its type's place in `localTypes` [its number among the locals of that type]. */
  local: 0,
  /** A constant of the record, u16 or u8 [the offset in the record]. */
  u16: 8,
  u8: 9,
  /** A constant of the record, as an i64, or its low half as an i32 [the offset]. */
  i64: 10,
  low: 11,
  /** The address of the record. */
  record: 12,
  /** The offset of the memory operand, as an i64, or its low half as an i32 [1: with an index]. */
  address: 14,
  addressLow: 15,
  /** The continuation in the interpreter, with this instruction [nested blocks around it]. */
  interpret: 18,
  /** A statement: continues at the address on the stack [nested blocks around it]. */
  jump: 21,
  /** A statement: counts an execution of the block's end [the offset of the count in the record]. */
  count: 20,
  /** A constant of the record, its low half sign-extended to an i64. */
  extended: 19,
  /** The continuation at the target of a branch [nested blocks around it], and behind the instruction. */
  taken: 16,
  after: 17,
} as const;
/** The types of locals, in the order in which functions declare them. */
export const localTypes: readonly WasmType[] = [wt.i32, wt.i64, wt.v128, wt.f64, wt.f32];
/** No opcode of WebAssembly: an operator of `Node` that stands for a hole. */
const holeOp = 0x1_0000;
/** A value that fills a hole, or a statement. */
export const holeNode = (t: WasmType, kind: number, argument: number): WasmNode => node(t, holeOp, [], kind * 0x1000 + argument);
const kindOf = (n: WasmNode): number => Math.floor((n.k as number) / 0x1000);
const lowKind: Record<number, number> = { [hole.i64]: hole.low, [hole.address]: hole.addressLow };

/** A meaning that templates do not express: the interpreter's handler executes the instruction. */
export class Refused extends Error {}

/** The body of a template: positions and kinds of its holes, and the types of its locals. */
export class TemplateBody extends Body {
  readonly holes: number[] = [];
  readonly types: WasmType[] = [];
  /** Nested blocks around the next instruction of the code. */
  nested = 0;

  override if(condition: WasmNode, likely?: boolean): void {
    super.if(condition, likely);
    this.nested++;
  }
  override block(): void {
    super.block();
    this.nested++;
  }
  override end(): void {
    super.end();
    this.nested--;
  }

  override keep(t: WasmType): number {
    this.types.push(t);
    return super.keep(t);
  }
  override expr(n: WasmNode): void {
    if (n.op === holeOp) return this.#hole(kindOf(n), (n.k as number) % 0x1000);
    const inner = n.args[0];
    if (n.op === op.i32wrap && inner?.op === holeOp) {
      const kind = lowKind[kindOf(inner)];
      if (kind !== undefined) return this.#hole(kind, (inner.k as number) % 0x1000);
    }
    const low = inner?.op === op.i32wrap ? inner.args[0] : undefined;
    if (n.op === op.i64extendI32s && low?.op === holeOp && kindOf(low) === hole.i64)
      return this.#hole(hole.extended, (low.k as number) % 0x1000);
    if (n.op !== op.localGet) return super.expr(n);
    this.code.byte(op.localGet);
    this.#local(n.k as number);
  }
  override set(local: number, value: WasmNode): void {
    this.expr(value);
    this.code.byte(op.localSet);
    this.#local(local);
  }
  override bind(value: WasmNode): WasmNode {
    return value.op === holeOp && kindOf(value) < hole.address ? value : super.bind(value);
  }
  /**
   * Assigns locals whose uses do not overlap to one place, and returns the number of places of each type.
   * Templates have no loops, so a local is in use between its first and its last mention.
   */
  pack(): number[] {
    const last = new Map<number, number>();
    const isLocal = (n: number): boolean => (this.holes[n + 1] as number) < hole.u16;
    for (let n = 0; n < this.holes.length; n += 3) if (isLocal(n)) last.set(this.holes[n + 2] as number, n);
    const places = new Map<number, number>();
    const free: number[][] = localTypes.map(() => []);
    const counts = localTypes.map(() => 0);
    for (let n = 0; n < this.holes.length; n += 3) {
      if (!isLocal(n)) continue;
      const t = this.holes[n + 1] as number;
      const own = this.holes[n + 2] as number;
      let place = places.get(own);
      if (place === undefined) {
        place = free[t]!.pop() ?? counts[t]!++;
        places.set(own, place);
      }
      this.holes[n + 2] = place;
      if (last.get(own) === n) free[t]!.push(place);
    }
    return counts;
  }
  #hole(kind: number, argument: number): void {
    this.holes.push(this.code.length, kind, argument);
  }
  #local(index: number): void {
    const own = index - this.params.length;
    if (own < 0) return this.code.byte(index);
    const t = localTypes.indexOf(this.types[own] as WasmType);
    if (t < 0) throw new Refused();
    this.#hole(hole.local + t, own);
  }
}
