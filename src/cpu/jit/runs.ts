// Loops over arrays. In a scope (residence.ts) nothing changes a translation, and what a register points into is mostly one area: pages in a row
// that are all at home (layout.ts). So an access by that register needs no tag of its page: that it is in the run is one comparison.
//
// The run that was met last is in the state page (`Tlb.showRun`), and in locals from where control enters the scope. What is not in it is looked up by
// itself, as what has no page at home, and now and then the run around it is asked for: areas may alternate, and grow.
import { as } from "../expression.ts";
import { type Access, access } from "../mmu.ts";
import { at, runs } from "../state.ts";
import { type Body, i32c, localGet, type Node, node, op, wt } from "../wasm.ts";

/** What a register points into. */
export class Run {
  readonly #runs: Runs;
  readonly slot: number;
  readonly base: number;
  readonly length: number;
  /** What all accesses by the register want to do. */
  how: Access = access.read;
  constructor(runs: Runs, slot: number, base: number, length: number) {
    this.#runs = runs;
    this.slot = slot;
    this.base = base;
    this.length = length;
  }
  wants(how: Access): void {
    if (how === access.write) this.how = how;
  }
  /** Are all the bytes from an address on in it? `runs.reach` of them at most. */
  has(first: Node): Node {
    return this.#runs.isIn(this, first);
  }
  /** An access has missed it. */
  missed(address: Node): void {
    this.#runs.missed(this, address);
  }
}

/** Registers of a scope at most that have a run. */
const most = 4;

/** Those of one scope. */
export class Runs {
  readonly #body: Body;
  readonly #narrow: boolean;
  readonly #head: number;
  readonly #show: number;
  readonly #byRegister = new Map<number, Run>();
  /** Here control enters the scope, at its head. `show`: the function that puts the run around an address into the state page. */
  constructor(body: Body, narrow: boolean, head: number, show: number) {
    this.#head = head;
    this.#body = body;
    this.#narrow = narrow;
    this.#show = show;
    body.later((late) => {
      for (const run of this.#byRegister.values()) this.#load(late, run);
    });
  }
  /** What a register points into, if not too many do already. */
  of(register: number): Run | undefined {
    const there = this.#byRegister.get(register);
    if (there || this.#byRegister.size === most) return there;
    const run = new Run(this, (this.#head + 7 * register) & (runs.slots - 1), this.#body.keep(this.#t), this.#body.keep(this.#t));
    this.#byRegister.set(register, run);
    return run;
  }
  get #t(): typeof wt.i32 | typeof wt.i64 {
    return this.#narrow ? wt.i32 : wt.i64;
  }
  #load(b: Body, { slot, base, length }: Run): void {
    const load = this.#narrow ? op.i32load : op.i64load;
    const there = at.runs + slot * runs.size;
    b.set(base, node(this.#t, load, [i32c(0)], there + runs.base));
    b.set(length, node(this.#t, load, [i32c(0)], there + runs.length));
  }
  isIn({ base, length }: Run, first: Node): Node {
    const [sub, less] = this.#narrow ? [op.i32sub, op.i32ltU] : [op.i64sub, op.i64ltU];
    return node(wt.i32, less, [node(this.#t, sub, [as(this.#t, first), localGet(this.#t, base)]), localGet(this.#t, length)]);
  }
  missed(run: Run, address: Node): void {
    const b = this.#body;
    const patience = at.runs + run.slot * runs.size + runs.patience;
    const left = b.bind(node(wt.i32, op.i32sub, [node(wt.i32, op.i32load, [i32c(0)], patience), i32c(1)]));
    b.store(op.i32store, i32c(0), left, patience);
    b.if(node(wt.i32, op.i32ltS, [left, i32c(0)]), false);
    b.expr(node(wt.f64, op.f64convertI64s, [as(wt.i64, address)]));
    b.later((late) => late.expr(i32c(run.how)));
    b.expr(i32c(run.slot));
    b.opcode(op.call);
    b.code.u(this.#show);
    this.#load(b, run);
    b.end();
  }
}
