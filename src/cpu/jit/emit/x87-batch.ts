// x87 batches in compiled regions. A batch keeps the register stack of several x87 instructions in locals.
// TOP is known relative to the start of the batch, so ST(i) is a local. FXCH and FLD ST(i) need no code, and
// arithmetic on normal numbers is inline. At the end of the batch, or at an exit from it, the state page is
// as the routines (src/cpu/routines) would leave it.
//
// The batch begins with a test: rounding to nearest at full precision, all exceptions masked, none pending.
// The registers that it reads must be full, and those that it pushes into empty (x87-batches.ts). If the test
// fails, the same instructions run without a batch. So every result within a batch is delivered. Only
// inexactness, C1, and the exceptions of routines for special operands remain to be recorded. SDM Vol. 1 8.1,
// 8.5.

import { type Body, i32c, i64c, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { isInlineRoutine, x87StackEffects } from "../../isa/x87-operations.ts";
import { at, type StateField } from "../../machine/state.ts";
import { type StackNeeds, stackIndex, X87Stack } from "../analysis/x87-batches.ts";
import { type X87Call, X87Forms } from "./x87-forms.ts";
import { and, i32, or, type Value } from "./x87-number.ts";
import { type LastInstruction, type PendingStores, X87Registers } from "./x87-registers.ts";

const ES = 0x80;
/** The bits of the control word that matter, and their usual value. SDM Vol. 1 8.1.5. */
const CONTROL = { mask: 0xf3f, usual: 0x33f } as const;

/** The functions of the compiler that a batch uses. */
export interface X87Host {
  sideExit(): void;
  readonly call: X87Call;
}

/** The x87 batches of one region. */
export class X87Batches {
  readonly #b: Body;
  readonly #host: X87Host;
  readonly #registers: X87Registers;
  readonly #forms: X87Forms;
  /** Within a batch. */
  active = false;
  #stack = new X87Stack();
  /**
   * Facts about registers, numbered from the initial TOP: the local differs from the state page; the value is
   * canonical; it is 0.
   */
  #dirty = 0;
  #canonical = 0;
  #zero = 0;
  /** The last executed instruction, for FNSTENV, and the segment of the last memory operand. */
  #last: LastInstruction | undefined;
  #segment: number | undefined;
  #ip: WasmNode | undefined;
  constructor(body: Body, host: X87Host) {
    this.#b = body;
    this.#host = host;
    this.#registers = new X87Registers(body);
    this.#forms = new X87Forms(body, this.#registers, host.call);
  }

  /** Opens an `if` that contains the batch. */
  begin(needs: StackNeeds): void {
    const b = this.#b;
    const r = this.#registers;
    this.active = true;
    this.#stack = new X87Stack();
    this.#dirty = this.#canonical = this.#zero = 0;
    this.#last = this.#segment = undefined;
    const { status, top, tags } = r;
    r.set(status, node(wt.i32, op.i32load16u, [i32c(0)], at.fpuStatus));
    r.set(top, and(i32(op.i32shrU, status, i32c(11)), i32c(7)));
    r.set(tags, node(wt.i32, op.i32load8u, [i32c(0)], at.fpuEmpty));
    const rotated = i32(op.i32shrU, or(tags, i32(op.i32shl, tags, i32c(8))), top);
    const wrong = and(i32(op.i32xor, rotated, i32c(needs.empty)), i32c(needs.full | needs.empty));
    const control = node(wt.i32, op.i32load16u, [i32c(0)], at.fpuControl);
    const otherControl = i32(op.i32xor, and(control, i32c(CONTROL.mask)), i32c(CONTROL.usual));
    b.if(i32(op.i32eqz, or(or(wrong, otherControl), and(status, i32c(ES)))), true);
    for (let j = 0; j < 8; j++) if ((needs.loads >> j) & 1) r.load(j);
    r.set(r.c1, and(i32(op.i32shrU, status, i32c(9)), i32c(1)));
    r.set(r.inexact, i64c(0n));
  }
  #pending(): PendingStores {
    const { depth, emptied, filled } = this.#stack;
    return { dirty: this.#dirty, depth, emptied, filled, last: this.#last, segment: this.#segment };
  }
  /** Ends the batch and stores everything to the state page. `needs`: those that it began with. */
  end(needs: StackNeeds): void {
    const { full, empty, loads } = this.#stack.needs;
    if (full !== needs.full || empty !== needs.empty || loads !== needs.loads)
      throw new Error("an x87 batch needs other registers than the analysis has found");
    this.#registers.storeAll(this.#pending());
    this.active = false;
  }
  /** Prepares an exit within a batch. */
  prepareExit(): void {
    this.#registers.prepareExit(this.#pending());
  }
  /** The common code of all exits from batches. */
  storeAtExit(): void {
    this.#registers.storeAtExit();
  }

  // ---- fields ----

  /** The status word, for FNSTSW. */
  get status(): WasmNode {
    return as(wt.i64, this.#registers.statusAt(i32c(this.#stack.depth)));
  }
  /** Records the fields of FNSTENV. Selectors are read when they are stored. */
  setField(f: StateField, v: WasmNode, segment: number): void {
    if (f === "fpuIp") this.#ip = v;
    else if (f === "fpuOpcode") this.#last = { ip: this.#ip!, opcode: as(wt.i32, v) };
    else if (f === "fpuDp") {
      this.#registers.set(this.#registers.dataPointer, v);
      this.#segment = segment;
    }
  }

  // ---- operations ----

  /** A call of a routine with an inline form: its stack effect and its value. */
  call(name: string, args: readonly WasmNode[]): WasmNode {
    if (!isInlineRoutine(name)) throw new Error(`routine ${name} has no inline form`);
    const { reads, writes, pushes, pops } = x87StackEffects[name];
    const n = (position: number): number => Number((args[position] as WasmNode).k);
    const sources = reads.map((r) => this.#read(stackIndex(r, n)));
    const result = this.#forms.emit(name, {
      sources,
      args,
      n,
      to: (canonical, zero = false, position = 0) => {
        if (pushes) this.#push();
        return this.#write(pushes ? 0 : stackIndex(writes[position]!, n), canonical, zero);
      },
    });
    if (pops !== undefined && n(pops) !== 0) this.#stack.pop();
    return result;
  }
  #read(i: number): Value {
    const j = this.#stack.register(i);
    const bit = 1 << j;
    if (!this.#stack.read(i)) this.#host.sideExit();
    const r = this.#registers;
    return { m: r.significand(j), se: r.signExponent(j), canonical: (this.#canonical & bit) !== 0, zero: (this.#zero & bit) !== 0 };
  }
  /** A register that is written from here on. */
  #write(i: number, canonical: boolean, zero: boolean): Value {
    const j = this.#stack.register(i);
    const bit = 1 << j;
    this.#stack.write(i);
    this.#dirty |= bit;
    this.#canonical = canonical ? this.#canonical | bit : this.#canonical & ~bit;
    this.#zero = zero ? this.#zero | bit : this.#zero & ~bit;
    return { m: this.#registers.significand(j), se: this.#registers.signExponent(j), canonical };
  }
  #push(): void {
    if (this.#stack.push()) return;
    // The exit is before the push.
    this.#stack.depth++;
    this.#host.sideExit();
    this.#stack.depth--;
  }
}
