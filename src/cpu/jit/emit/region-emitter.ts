// The function of a region: its blocks in structured control flow, with each instruction compiled from its
// meaning.
//
// A guest CALL is a wasm call of the region that begins at its target, if there is one. Registers are passed
// in the state page. If the callee returns the address after the call, control continues inline. Any other
// address is returned further, frame by frame, to the dispatcher. All state is in the state page at that
// moment, so nothing is lost with the wasm stack. A jump out of the region tail-calls the region that begins
// at its target.

import { Body, type FunctionBytes, i32c, i64c, localGet, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { isEntryOf, jumpEntry } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import type { Decoded } from "../../decode/decoder.ts";
import { callDepth, regionType, slotBits } from "../../decode/operand-slots.ts";
import { exitCode } from "../../machine/exit.ts";
import { callTarget, jumpCache, layout } from "../../machine/layout.ts";
import { at, R } from "../../machine/state.ts";
import { type DataflowState, meet, nothingKnown } from "../analysis/dataflow.ts";
import type { Iteration } from "../analysis/loop-flags.ts";
import { analyseRegion, type BlockFacts, type RegionFacts } from "../analysis/region-facts.ts";
import { inScope, inStatePage, type LoopScope } from "../analysis/register-cache.ts";
import { type BlockGraph, isOpen, type JitBlock } from "../cfg/graph.ts";
import { dispatcher, isBackward, type Structure } from "../cfg/structure.ts";
import { exitKinds } from "./exits.ts";
import { RegionCompiler } from "./instruction-compiler.ts";
import { type JumpTable, noTarget } from "./jump-tables.ts";
import type { Checkpoint, RegionRuntime } from "./region-base.ts";

type Label = { readonly kind: "loop" | "merge"; readonly key: number } | { readonly kind: "other" };

/** The slot of a region, and the index of one of its entries. */
interface RegionEntry {
  readonly slot: WasmNode;
  readonly number: WasmNode;
}

class RegionEmitter {
  readonly #facts: RegionFacts;
  readonly #g: BlockGraph;
  readonly #s: Structure;
  readonly #c: RegionCompiler;
  readonly #b: Body;
  /** Open labels inside the exits' labels, innermost last. */
  readonly #labels: Label[] = [];
  readonly #runtime: RegionRuntime;
  /** The index in `dispatched` of the dispatcher's next target. */
  readonly #next: number;
  /** The dataflow state at the end of a block, for its successors. */
  readonly #stateAfter = new Map<number, DataflowState>();
  readonly #jumpTable: JumpTable | undefined;
  /** The loops of loop scopes by head. */
  readonly #iterations = new Map<number, Iteration>();
  /** Dataflow facts that hold in a whole loop scope. */
  readonly #stateInScope = new Map<LoopScope, DataflowState>();

  constructor(facts: RegionFacts, runtime: RegionRuntime, registerOffset: (d: Decoded, n: number) => number) {
    this.#facts = facts;
    this.#g = facts.graph;
    this.#s = facts.structure;
    this.#runtime = runtime;
    this.#b = new Body(regionType.params, 0x4000);
    this.#c = new RegionCompiler(this.#b, runtime, facts, registerOffset);
    this.#next = this.#b.keep(wt.i32);
    this.#jumpTable = facts.hasJumps && this.#s.dispatched.length ? runtime.jumpTable(this.#s.dispatched) : undefined;
  }
  /** The facts about a block; undefined for the dispatcher. */
  #of(key: number): BlockFacts | undefined {
    return this.#facts.blocks.get(key);
  }
  #scope(key: number): LoopScope | undefined {
    return this.#of(key)?.scope;
  }

  /** The function; undefined if a region with a base needs constants (CodeAddresses.isFixed). */
  emit(): FunctionBytes | undefined {
    const b = this.#b;
    const c = this.#c;
    this.#dominated(this.#s.root);
    b.opcode(op.unreachable);
    if (this.#facts.hasX87Batches) {
      b.end();
      c.x87.storeAtExit();
      b.opcode(op.br);
      b.code.u(exitKinds.indexOf("leave"));
    }
    this.#exits();
    const prologue = new Body([]);
    c.addresses.load(prologue);
    c.loadModes(prologue);
    if (this.#s.dispatched.length) prologue.set(this.#next, localGet(wt.i32, entryLocal));
    for (let blocks = exitKinds.length + (this.#facts.hasX87Batches ? 1 : 0); blocks > 0; blocks--) {
      prologue.opcode(op.block);
      prologue.code.byte(0x40);
    }
    return c.addresses.isFixed ? undefined : b.done(prologue.code);
  }
  /**
   * The common code of exits, by kind. "jump" enters the region that begins at the target, if there is one.
   * Otherwise control returns to the caller.
   */
  #exits(): void {
    const b = this.#b;
    const { rip, budgetLocal } = this.#c;
    this.#c.pendingCharge = 0;
    const whole = this.#g.tree ? this.#scope(this.#s.root)! : undefined;
    const end = () => {
      b.end();
      if (whole) this.#c.storeAll(whole);
    };
    end();
    this.#open({ kind: "other" }, op.block);
    this.#enter(this.#lookUp(rip), localGet(wt.i32, budgetLocal), op.returnCall);
    this.#close();
    end();
    b.store(op.i32store, i32c(0), localGet(wt.i32, budgetLocal), at.regionBudget);
    b.expr(rip);
    b.opcode(op.return);
    end();
    b.expr(exitResult(loaded(at.exitCode)));
  }
  /**
   * The region that begins at an address, by the jump cache. If there is none, control branches to the label
   * that is so many further out.
   */
  #lookUp(target: WasmNode, label = 0): RegionEntry {
    const b = this.#b;
    const entry = jumpEntry(b, target);
    b.goIf(node(wt.i32, op.i32eqz, [isEntryOf(entry, target)]), label, false);
    const slot = b.bind(node(wt.i32, op.i32load16u, [entry], layout.jumpCache + jumpCache.region));
    b.goIf(node(wt.i32, op.i32eqz, [slot]), label, false);
    return { slot, number: node(wt.i32, op.i32load16u, [entry], layout.jumpCache + jumpCache.region + slotBits / 8) };
  }
  /** The same for an indirect call, with a call target cache. */
  #lookUpCall(target: WasmNode): RegionEntry {
    const b = this.#b;
    const cache = this.#runtime.callCache();
    const [slot, number] = [b.local(wt.i32), b.local(wt.i32)];
    const half = (n: number): WasmNode => node(wt.i32, op.i32load16u, [i32c(0)], cache + callTarget.region + n);
    b.if(node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [i32c(0)], cache + callTarget.ip), target]), true);
    b.set(slot, half(0));
    b.set(number, half(slotBits / 8));
    b.else();
    const found = this.#lookUp(target, 1);
    b.set(slot, found.slot);
    b.set(number, found.number);
    b.store(op.i64store, i32c(0), target, cache + callTarget.ip);
    b.store(op.i32store16, i32c(0), localGet(wt.i32, slot), cache + callTarget.region);
    b.store(op.i32store16, i32c(0), localGet(wt.i32, number), cache + callTarget.region + slotBits / 8);
    b.end();
    return { slot: localGet(wt.i32, slot), number: localGet(wt.i32, number) };
  }
  #enter({ slot, number }: RegionEntry, budget: WasmNode, how: number): void {
    const b = this.#b;
    b.expr(budget);
    b.expr(number);
    b.expr(slot);
    b.opcode(how);
    b.code.u(this.#runtime.enterRegion());
  }

  #open(label: Label, opcode: number): void {
    this.#b.opcode(opcode);
    this.#b.code.byte(0x40);
    this.#labels.push(label);
    this.#c.depth++;
  }
  #close(): void {
    this.#b.end();
    this.#labels.pop();
    this.#c.depth--;
  }
  /** Code that runs only if `c` holds and does not continue here. */
  #when(c: WasmNode, then: () => void, likely?: boolean): void {
    this.#b.if(c, likely);
    this.#labels.push({ kind: "other" });
    this.#c.depth++;
    this.#offPath(then);
    this.#close();
  }

  /** Emits a path other than the one that is emitted next, and restores the state afterwards. */
  #offPath(write: () => void): void {
    const { pendingCharge, lazyFlags, registerCache } = this.#c;
    const { facts, comparison } = lazyFlags;
    const cacheState = registerCache.now;
    write();
    lazyFlags.facts = facts;
    lazyFlags.comparison = comparison;
    registerCache.now = cacheState;
    this.#c.pendingCharge = pendingCharge;
  }

  /**
   * A block and all blocks that it dominates. Each merge point among its children gets a wasm block around
   * the code before it.
   */
  #dominated(key: number): void {
    const { registerCache } = this.#c;
    const scope = this.#scope(key);
    const loop = key === dispatcher ? this.#isDispatcherLoop() : this.#s.loops.has(key);
    if (registerCache.now.scope ? registerCache.now.scope !== scope : loop && !scope) registerCache.forget();
    const entersScope = scope !== undefined && registerCache.now.scope === undefined;
    if (this.#of(key)?.testsBudget && !(entersScope && scope.isRegion)) this.#checkBudget(key);
    if (entersScope) {
      if (!this.#facts.is64) this.#exitIfUpper(scope, this.#c.addresses.at(this.#g.blocks.get(key)!.ip));
      this.#c.registers.make(scope.accessed);
      registerCache.enter(scope);
      if (scope.isRegion) this.#checkBudget(key);
      if (scope.steady) this.#stateInScope.set(scope, { ...nothingKnown, ...this.#c.stackTranslation(R.sp) });
    }
    if (loop) {
      this.#c.chargePending();
      const iteration = scope && this.#c.iteration(entersScope);
      this.#open({ kind: "loop", key }, op.loop);
      if (iteration) {
        this.#iterations.set(key, iteration);
        registerCache.beginLoop(iteration);
      }
    }
    const merges = this.#s.children.get(key)!.filter((child) => this.#s.merges.has(child));
    this.#withMerges(key, merges.reverse());
    if (loop) {
      this.#b.opcode(op.unreachable);
      this.#close();
    }
  }
  #withMerges(key: number, merges: readonly number[]): void {
    const [last, ...rest] = merges;
    if (last === undefined) return key === dispatcher ? this.#dispatch() : this.#block(key);
    this.#open({ kind: "merge", key: last }, op.block);
    this.#withMerges(key, rest);
    this.#b.opcode(op.unreachable);
    this.#close();
    // Edges merge here, all from one loop scope or all from none.
    const scope = this.#scope(last);
    this.#c.registerCache.now = scope && scope.head !== last ? inScope(scope) : inStatePage;
    this.#c.pendingCharge = 0;
    this.#dominated(last);
  }

  /** Code of a loop scope clears upper halves without reading them: it is not entered while one is not 0. */
  #exitIfUpper(scope: LoopScope, rip: WasmNode): void {
    const c = this.#c;
    c.exitIfUpper(scope.written, () => {
      if (!scope.isRegion) return c.exitAt(rip, exitCode.upper, 0);
      // The common exits of a trace tree store its registers, which are not loaded yet.
      const b = this.#b;
      b.store(op.i64store, i32c(0), rip, at.rip);
      b.store(op.i32store, i32c(0), c.budget(), at.regionBudget);
      b.expr(exitResult(i32c(exitCode.upper)));
      b.opcode(op.return);
    });
  }

  /** True if an edge leads back to the dispatcher. */
  #isDispatcherLoop(): boolean {
    return this.#jumpTable !== undefined || this.#s.irreducible.size > 0;
  }
  #dispatch(): void {
    const b = this.#b;
    const { dispatched } = this.#s;
    b.table(
      localGet(wt.i32, this.#next),
      dispatched.map((key) => this.#label("merge", key)),
    );
  }
  #label(kind: "loop" | "merge", key: number): number {
    const index = this.#labels.findLastIndex((l) => l.kind === kind && l.key === key);
    if (index < 0) throw new Error("no label for an edge");
    return this.#labels.length - 1 - index;
  }

  #block(key: number): void {
    const block = this.#g.blocks.get(key)!;
    const { ip } = block;
    const c = this.#c;
    const n = block.instructions.length;
    const facts = this.#of(key)!;
    c.pageRanges = facts.pageRanges;
    // Nothing is known on back edges and on edges from the dispatcher.
    const before = key === this.#s.root ? [] : facts.predecessors;
    c.state = this.#stateAtHead(key) ?? meet(before.map((p) => this.#stateAfter.get(p) ?? this.#stateOnEdge(p, key)));
    const outer = this.#checkpoint;
    if (c.registerCache.checkpoint()) this.#checkpoint = { ip, pendingCharge: c.pendingCharge };
    // A side exit that restarts is counted at its checkpoint, so it does not show which block missed.
    c.deoptimised = this.#runtime.isDeoptimised(ip) || (this.#checkpoint !== undefined && this.#runtime.isDeoptimised(this.#checkpoint.ip));
    c.pendingCharge += n;
    const all = () => {
      c.block(block.instructions, facts.segments);
      c.chargeTime(facts.time);
      this.#stateAfter.set(key, isOpen(block) ? nothingKnown : c.state);
      this.#terminate(block);
    };
    if (this.#checkpoint && c.registerCache.isRestartable) this.#restartable(this.#checkpoint, all);
    else all();
    this.#checkpoint = outer;
  }
  /** The last checkpoint on the path to the current block. */
  #checkpoint: Checkpoint | undefined;
  #restartable(mark: Checkpoint, write: () => void): void {
    this.#labels.push({ kind: "other" });
    this.#c.restartable(mark, write);
    this.#labels.pop();
  }
  #stateAtHead(key: number): DataflowState | undefined {
    const scope = this.#scope(key);
    return scope?.head === key ? this.#stateInScope.get(scope) : undefined;
  }
  /** Facts on an edge whose source is not emitted yet. */
  #stateOnEdge(from: number, to: number): DataflowState {
    const scope = this.#scope(to);
    return (scope && this.#scope(from) === scope && this.#stateInScope.get(scope)) || nothingKnown;
  }
  #checkBudget(key: number): void {
    const c = this.#c;
    const need = i32c((this.#of(key)?.need ?? 0) + c.pendingCharge);
    this.#b.if(node(wt.i32, op.i32ltS, [localGet(wt.i32, c.budgetLocal), need]), false);
    c.depth++;
    c.exitAt(c.addresses.at(this.#g.blocks.get(key)!.ip), exitCode.lowBudget, 0);
    c.depth--;
    this.#b.end();
  }

  #terminate(block: JitBlock): void {
    const c = this.#c;
    const control = c.control;
    switch (block.terminator) {
      case "branchIf": {
        if (control?.kind !== "branchIf") throw new Error("the meaning of a conditional branch set no branch");
        const { target } = block.instructions.at(-1)!;
        if (this.#keyOf(block, block.end) !== undefined || this.#keyOf(block, target) === undefined) {
          this.#when(control.c, () => this.#go(block, target), this.#exitIsUnlikely(block, target));
          return this.#go(block, block.end);
        }
        this.#when(node(wt.i32, op.i32eqz, [control.c]), () => this.#go(block, block.end), this.#exitIsUnlikely(block, block.end));
        return this.#go(block, target);
      }
      case "branch":
        return this.#go(block, block.instructions.at(-1)!.target);
      case "call": {
        const { inside } = block;
        // The target comes from the jump of a linkage stub.
        c.proveTarget();
        const target = control?.kind === "jump" ? control.target : c.addresses.target(block.instructions.at(-1)!);
        if (inside === undefined) return this.#call(block, target);
        if (isOpen(block)) this.#when(node(wt.i32, op.i64ne, [target, c.addresses.at(inside)]), () => this.#call(block, target));
        return this.#go(block, inside);
      }
      case "fall":
        return this.#go(block, block.end);
      case "jump":
      case "return": {
        if (control?.kind !== "jump") throw new Error("the meaning of a jump set no target");
        const { target } = control;
        return this.#toSuccessor(block, target, () =>
          block.terminator === "return" ? this.#c.exitAt(target, exitCode.returned, 0) : this.#computed(target),
        );
      }
      case "door":
        if (control?.kind === "door") this.#door(block, control.code);
        return;
      case "leave":
        // An earlier exit of this block was conditional, or it makes this code unreachable.
        c.exitAt(c.addresses.at(block.end), block.instructions.at(-1)!.row.ends ? exitCode.changed : exitCode.jumped, 0);
    }
  }
  /** All paths from here need the dirty registers in the state page, so they are stored once. */
  #writeBack(): void {
    const { registerCache } = this.#c;
    if (!registerCache.now.scope) registerCache.writeBack();
  }
  /** An indirect jump: to another entry of this region, otherwise out of it. */
  #computed(target: WasmNode): void {
    const b = this.#b;
    this.#writeBack();
    const table = this.#jumpTable;
    if (table) {
      const distance = b.bind(pure.sub(target, this.#c.addresses.at(table.lowest)));
      this.#when(as(wt.i32, pure.ltU(distance, i64c(BigInt(table.span)))), () => {
        const next = b.bind(node(wt.i32, op.i32load8u, [as(wt.i32, distance)], table.at));
        this.#when(node(wt.i32, op.i32ne, [next, i32c(noTarget)]), () => {
          this.#redispatch(next);
        });
      });
    }
    this.#c.proveTarget();
    this.#c.exitAt(target, exitCode.jumped, 0);
  }
  /**
   * A return to one of the region's return points, or a jump in a trace tree. It goes to the block at the
   * target, otherwise out of the region.
   */
  #toSuccessor(block: JitBlock, target: WasmNode, out: () => void): void {
    this.#writeBack();
    const addresses = block.successors.map((key) => this.#g.blocks.get(key)!.ip);
    const known = this.#c.addresses.of(target);
    if (known !== undefined && addresses.includes(known)) return this.#go(block, known);
    // The path along the trace is inline.
    const inline = this.#g.tree ? addresses.pop() : undefined;
    for (const ip of addresses) this.#when(node(wt.i32, op.i64eq, [target, this.#c.addresses.at(ip)]), () => this.#go(block, ip));
    if (inline === undefined) return out();
    this.#when(node(wt.i32, op.i64ne, [target, this.#c.addresses.at(inline)]), out, false);
    this.#go(block, inline);
  }
  #redispatch(next: WasmNode): void {
    this.#c.registerCache.forget();
    this.#c.chargePending();
    this.#b.set(this.#next, next);
    this.#b.opcode(op.br);
    this.#b.code.u(this.#label("loop", dispatcher));
  }
  #call(block: JitBlock, target: WasmNode): void {
    const c = this.#c;
    if (!block.successors.includes(block.end)) return c.exitAt(target, exitCode.jumped, 0);
    this.#writeBack();
    this.#open({ kind: "other" }, op.block);
    this.#offPath(() => this.#callRegion(block, target));
    this.#close();
    c.exitAt(target, exitCode.jumped, 0);
  }
  /** Branches to the label around it if no region begins at the target or calls are too deep. */
  #callRegion(block: JitBlock, target: WasmNode): void {
    const b = this.#b;
    const c = this.#c;
    const depth = b.bind(loaded(at.callDepth));
    b.goIf(node(wt.i32, op.i32geU, [depth, i32c(callDepth)]), 0, false);
    const region = c.addresses.of(target) === undefined ? this.#lookUpCall(target) : this.#lookUp(target);
    c.registerCache.forget();
    b.store(op.i32store, i32c(0), node(wt.i32, op.i32add, [depth, i32c(1)]), at.callDepth);
    this.#enter(region, c.budget(), op.call);
    const where = b.local(wt.i64);
    b.code.byte(op.localSet);
    b.code.u(where);
    this.#open({ kind: "other" }, op.block);
    b.goIf(node(wt.i32, op.i64ne, [localGet(wt.i64, where), c.addresses.at(block.end)]), 0, false);
    b.store(op.i32store, i32c(0), depth, at.callDepth);
    this.#afterCall();
    this.#go(block, block.end);
    this.#close();
    b.expr(localGet(wt.i64, where));
    b.opcode(op.return);
  }
  /** Other code has run and has left all registers in the state page. */
  #afterCall(): void {
    const c = this.#c;
    c.pendingCharge = 0;
    this.#b.set(c.budgetLocal, loaded(at.regionBudget));
    c.loadModes(this.#b);
  }

  /**
   * The kernel serves the call while the region waits. The state page then has the address at which the
   * program continues.
   */
  #door(block: JitBlock, code: number): void {
    const b = this.#b;
    const c = this.#c;
    c.registerCache.forget();
    b.store(op.i64store, i32c(0), c.addresses.at(c.nextIpConstant()), at.rip);
    b.store(op.i32store, i32c(0), c.budget(), at.regionBudget);
    const how = b.bind(node(wt.i32, op.call, [i32c(code)], this.#runtime.serve()));
    b.if(how, false);
    b.expr(exitResult(how));
    b.opcode(op.return);
    b.end();
    this.#afterCall();
    const rip = b.bind(node(wt.i64, op.i64load, [i32c(0)], at.rip));
    b.if(node(wt.i32, op.i64ltS, [rip, i64c(0n)]), false);
    c.depth++;
    c.exitAt(rip, exitCode.changed, 0);
    c.depth--;
    b.end();
    const [back] = block.successors;
    if (back === undefined) return this.#computed(rip);
    this.#when(node(wt.i32, op.i64ne, [rip, c.addresses.at(back)]), () => this.#computed(rip));
    this.#go(block, back);
  }

  /** Control goes from a block to an address. */
  #go(from: JitBlock, ip: number): void {
    const key = this.#keyOf(from, ip);
    if (key === undefined) return this.#c.exitAt(this.#c.addresses.at(ip), exitCode.jumped, 0);
    if (this.#s.irreducible.has(`${from.key}>${key}`)) return this.#redispatch(i32c(this.#s.dispatched.indexOf(key)));
    const backward = isBackward(this.#s, from.key, key);
    if (!backward && !this.#s.merges.has(key)) return this.#dominated(key);
    const { registerCache } = this.#c;
    const scope = this.#scope(key);
    if (!scope || scope !== registerCache.now.scope) registerCache.forget();
    if (backward) {
      this.#endIteration(key);
      this.#checkBudget(key);
    }
    this.#c.chargePending();
    this.#b.opcode(op.br);
    this.#b.code.u(this.#label(backward ? "loop" : "merge", key));
  }
  /** The hint for a branch: unlikely if it leaves a trace tree. */
  #exitIsUnlikely(from: JitBlock, ip: number): false | undefined {
    return this.#g.tree && this.#keyOf(from, ip) === undefined ? false : undefined;
  }
  /** The successor of a block that begins at an address. */
  #keyOf(from: JitBlock, ip: number): number | undefined {
    return from.successors.find((key) => this.#g.blocks.get(key)?.ip === ip);
  }
  #endIteration(head: number): void {
    const iteration = this.#iterations.get(head);
    if (!iteration) return;
    if (this.#c.registerCache.now.iteration === iteration) iteration.endUnchanged();
    else iteration.endWith(this.#c.lazyFlags.comparison);
  }
}
const entryLocal = 1;
/** The result of a region for an exit code. */
const exitResult = (code: WasmNode): WasmNode => node(wt.i64, op.i64extendI32s, [node(wt.i32, op.i32xor, [code, i32c(-1)])]);
const loaded = (from: number): WasmNode => node(wt.i32, op.i32load, [i32c(0)], from);

/**
 * The bytes of a region's function. `registerOffset` returns the offset of a register operand in the state
 * page. Undefined: there is a base, and the region needs constants in its place.
 */
export const emitRegion = (
  g: BlockGraph,
  runtime: RegionRuntime,
  registerOffset: (d: Decoded, n: number) => number,
): FunctionBytes | undefined => {
  const facts = analyseRegion(g, { registerOffset, executions: runtime.executions });
  return new RegionEmitter(facts, runtime, registerOffset).emit();
};
