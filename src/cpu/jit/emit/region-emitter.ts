// A region's function: its blocks in structured control flow, each instruction through the one set of meanings.
//
// A guest call is a wasm call of the region that begins at its target, if there is one: state goes through the state page, and if what
// comes back is the address after the call, control goes on in line. Whatever else comes back goes up, frame by frame, to
// the dispatcher: all state is where it belongs at that moment, so nothing is lost with the wasm stack. A jump out of the region
// tail-calls the region that begins where it leads.

import { Body, constant, type FunctionBytes, i32c, i64c, localGet, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { isEntryOf, jumpEntry } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { type Decoded, noRegister } from "../../decode/decoder.ts";
import { callDepth, regionType, slotBits } from "../../decode/operand-slots.ts";
import { effectsOf } from "../../isa/effects.ts";
import { exitCode } from "../../machine/exit.ts";
import { callTarget, jumpCache, layout } from "../../machine/layout.ts";
import { at, R } from "../../machine/state.ts";
import { type Knowledge, meet, nothingKnown } from "../analysis/dataflow.ts";
import type { Round } from "../analysis/loop-flags.ts";
import { Runs } from "../analysis/page-ranges.ts";
import { inScope, inStatePage, noParts, type Scope } from "../analysis/register-cache.ts";
import { type Graph, isOpen, type JitBlock } from "../cfg/graph.ts";
import { checkpoints, closedLoops, dispatcher, isBackward, longestPaths, type Structure, structureOf } from "../cfg/structure.ts";
import { manners } from "./exits.ts";
import { RegionCompiler } from "./instruction-compiler.ts";
import { type JumpTable, noTarget } from "./jump-tables.ts";
import type { Mark, RegionRuntime } from "./region-base.ts";
import { isInline } from "./x87-batch.ts";

type Label = { readonly kind: "loop" | "merge"; readonly key: number } | { readonly kind: "other" };

const registerKinds: ReadonlySet<string> = new Set(["rm", "rmreg", "reg", "opreg", "vreg"]);
/** Does an instruction read or write the stack pointer, other than as part of an address? */
const namesStackPointer = (d: Decoded, registerOffset: (d: Decoded, n: number) => number): boolean =>
  d.row.operands.some((o, n) => {
    if (o.kind === "fixed") return o.register === R.sp;
    return registerKinds.has(o.kind) && !(o.kind === "rm" && d.isMemory) && registerOffset(d, n) === at.gpr + R.sp * 8;
  });
/** Does code leave the stack pointer alone, and use memory by it? */
const isSteady = (code: readonly Decoded[], registerOffset: (d: Decoded, n: number) => number): boolean =>
  code.some((d) => d.isMemory && d.base === R.sp && d.index === noRegister) &&
  code.every((d) => !effectsOf(d.row).stack && !effectsOf(d.row).repeats && !namesStackPointer(d, registerOffset));

/** Rounds of a loop, on average, from which on it is worth to ask what its registers point into. */
const longLoop = 16;
/** The slot of a region, and which of its entries is meant. */
interface Entrance {
  readonly slot: Node;
  readonly number: Node;
}

class RegionEmitter {
  readonly #g: Graph;
  readonly #s: Structure;
  readonly #c: RegionCompiler;
  readonly #b: Body;
  /** Open labels inside the exits' blocks, innermost last. */
  readonly #labels: Label[] = [];
  readonly #checked: Set<number>;
  readonly #need: ReadonlyMap<number, number>;
  readonly #runtime: RegionRuntime;
  /** Which of `dispatched` the dispatcher is to go to. */
  readonly #next: number;
  /** What is known at the end of a block, for its successors. */
  readonly #knownAfter = new Map<number, Knowledge>();
  readonly #predecessors = new Map<number, number[]>();
  readonly #jumpTable: JumpTable | undefined;
  /** By block: the scope that it is in. */
  readonly #scopes = new Map<number, Scope>();
  /** Of the loops in scopes, by their heads. */
  readonly #rounds = new Map<number, Round>();
  readonly #is64: boolean;
  readonly #runs = new Map<Scope, Runs>();
  /** What is known all over a scope. */
  readonly #knownIn = new Map<Scope, Knowledge>();

  constructor(g: Graph, runtime: RegionRuntime, registerOffset: (d: Decoded, n: number) => number) {
    this.#g = g;
    this.#runtime = runtime;
    this.#s = structureOf(g);
    this.#b = new Body(regionType.params, 0x4000);
    const { mode } = g.blocks.get(g.entries[0]!)!.instructions[0]!;
    this.#is64 = mode === 64;
    this.#c = new RegionCompiler(this.#b, runtime, mode);
    this.#c.registerOffset = registerOffset;
    this.#next = this.#b.keep(wt.i32);
    this.#c.hasRuns = [...g.blocks.values()].some((block) => block.instructions.some(isInline));
    this.#checked = checkpoints(g, this.#s);
    const jumps = [...g.blocks.values()].some((block) => block.terminator === "jump");
    this.#jumpTable = jumps && this.#s.dispatched.length ? runtime.jumpTable(this.#s.dispatched) : undefined;
    this.#need = longestPaths(g, this.#s, this.#checked);
    for (const [head, body] of closedLoops(g, this.#s)) {
      const steady = isSteady(
        [...body].flatMap((ip) => g.blocks.get(ip)!.instructions),
        registerOffset,
      );
      const scope: Scope = { head, steady, whole: g.tree, touched: noParts, written: noParts };
      for (const ip of body) this.#scopes.set(ip, scope);
    }
    const from = (ip: number, to: readonly number[]) => {
      for (const s of to) this.#predecessors.set(s, [...(this.#predecessors.get(s) ?? []), ip]);
    };
    from(dispatcher, this.#s.dispatched);
    for (const block of g.blocks.values()) from(block.key, block.successors);
  }

  emit(): FunctionBytes {
    const b = this.#b;
    const c = this.#c;
    this.#tree(this.#s.root);
    b.opcode(op.unreachable);
    if (c.hasRuns) {
      b.end();
      c.fpu.storeLeft();
      b.opcode(op.br);
      b.code.u(manners.indexOf("leave"));
    }
    this.#leave();
    const prologue = new Body([]);
    c.loadModes(prologue);
    if (this.#s.dispatched.length) prologue.set(this.#next, localGet(wt.i32, entryLocal));
    for (let blocks = manners.length + (c.hasRuns ? 1 : 0); blocks > 0; blocks--) {
      prologue.opcode(op.block);
      prologue.code.byte(0x40);
    }
    return b.done(prologue.code);
  }
  /** With the registers in their place, in any of the manners: on into the region that begins where control goes, if one does; else back to who called. */
  #leave(): void {
    const b = this.#b;
    const { rip, budgetLocal } = this.#c;
    this.#c.owed = 0;
    const whole = this.#g.tree ? this.#scopes.get(this.#s.root)! : undefined;
    const end = () => {
      b.end();
      if (whole) this.#c.storeAll(whole);
    };
    end();
    this.#open({ kind: "other" }, op.block);
    this.#enter(this.#lookUp(rip), localGet(wt.i32, budgetLocal), op.returnCallIndirect);
    this.#close();
    end();
    b.store(op.i32store, i32c(0), localGet(wt.i32, budgetLocal), at.regionBudget);
    b.expr(rip);
    b.opcode(op.return);
    end();
    b.expr(notTo(loaded(at.exitCode)));
  }
  /** The region that begins at an address, by the jump cache; if none does, out of the label that is so many further out. */
  #lookUp(target: Node, label = 0): Entrance {
    const b = this.#b;
    const entry = jumpEntry(b, target);
    b.goIf(node(wt.i32, op.i32eqz, [isEntryOf(entry, target)]), label, false);
    const slot = b.bind(node(wt.i32, op.i32load16u, [entry], layout.jumpCache + jumpCache.region));
    b.goIf(node(wt.i32, op.i32eqz, [slot]), label, false);
    return { slot, number: node(wt.i32, op.i32load16u, [entry], layout.jumpCache + jumpCache.region + slotBits / 8) };
  }
  /** The same of a computed call. */
  #lookUpCall(target: Node): Entrance {
    const b = this.#b;
    const place = this.#runtime.newCallTarget();
    const [slot, number] = [b.local(wt.i32), b.local(wt.i32)];
    const half = (n: number): Node => node(wt.i32, op.i32load16u, [i32c(0)], place + callTarget.region + n);
    b.if(node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [i32c(0)], place + callTarget.ip), target]), true);
    b.set(slot, half(0));
    b.set(number, half(slotBits / 8));
    b.else();
    const found = this.#lookUp(target, 1);
    b.set(slot, found.slot);
    b.set(number, found.number);
    b.store(op.i64store, i32c(0), target, place + callTarget.ip);
    b.store(op.i32store16, i32c(0), localGet(wt.i32, slot), place + callTarget.region);
    b.store(op.i32store16, i32c(0), localGet(wt.i32, number), place + callTarget.region + slotBits / 8);
    b.end();
    return { slot: localGet(wt.i32, slot), number: localGet(wt.i32, number) };
  }
  #enter({ slot, number }: Entrance, budget: Node, how: number): void {
    const b = this.#b;
    b.expr(budget);
    b.expr(number);
    b.expr(slot);
    b.opcode(how);
    b.code.u(this.#runtime.regionTypeIndex);
    b.code.u(0);
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
  /** What happens only if c, and goes elsewhere then. */
  #when(c: Node, then: () => void, likely?: boolean): void {
    this.#b.if(c, likely);
    this.#labels.push({ kind: "other" });
    this.#c.depth++;
    this.#aside(then);
    this.#close();
  }

  /** Writes another way than the one that is written next. */
  #aside(write: () => void): void {
    const { owed, flagParts, residence } = this.#c;
    const { known, last } = flagParts;
    const standing = residence.now;
    write();
    Object.assign(flagParts, { known, last });
    residence.now = standing;
    this.#c.owed = owed;
  }

  /** A block and all it dominates. Merge points among its children each get a wasm block around what comes before them. */
  #tree(key: number): void {
    const { residence } = this.#c;
    const scope = this.#scopes.get(key);
    const loop = key === dispatcher ? this.#comesBack() : this.#s.loops.has(key);
    if (residence.now.scope ? residence.now.scope !== scope : loop && !scope) residence.forget();
    const entersScope = scope !== undefined && residence.now.scope === undefined;
    if (this.#checked.has(key) && !(entersScope && scope.whole)) this.#checkBudget(key);
    if (entersScope) {
      if (!this.#is64) this.#c.leaveIfUpper(i64c(BigInt(this.#g.blocks.get(key)!.ip)), 0, () => scope.written);
      residence.enter(scope);
      if (this.#is64 && !this.#g.tree && this.#isLong(key)) this.#runs.set(scope, new Runs(key));
      if (scope.whole) this.#checkBudget(key);
      if (scope.steady) this.#knownIn.set(scope, { ...nothingKnown, ...this.#c.steadyPlace(R.sp) });
    }
    if (loop) {
      this.#c.pay();
      const round = scope && this.#c.round(entersScope);
      this.#open({ kind: "loop", key }, op.loop);
      if (round) {
        this.#rounds.set(key, round);
        residence.begin(round);
      }
    }
    const merges = this.#s.children.get(key)!.filter((child) => this.#s.merges.has(child));
    this.#within(key, merges.reverse());
    if (loop) {
      this.#b.opcode(op.unreachable);
      this.#close();
    }
  }
  #within(key: number, merges: readonly number[]): void {
    const [last, ...rest] = merges;
    if (last === undefined) return key === dispatcher ? this.#dispatch() : this.#block(key);
    this.#open({ kind: "merge", key: last }, op.block);
    this.#within(key, rest);
    this.#b.opcode(op.unreachable);
    this.#close();
    // Ways meet here, from one scope or from none.
    const scope = this.#scopes.get(last);
    this.#c.residence.now = scope && scope.head !== last ? inScope(scope) : inStatePage;
    this.#c.owed = 0;
    this.#tree(last);
  }

  /** Does anything lead back to the dispatcher? */
  #comesBack(): boolean {
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
    c.runs = this.#runsOf(key);
    // Of what comes around, or in from elsewhere, nothing is known.
    const before = key === this.#s.root ? [] : (this.#predecessors.get(key) ?? []);
    c.knowledge = this.#knownAtHead(key) ?? meet(before.map((p) => this.#knownAfter.get(p) ?? this.#knownOnTheWay(p, key)));
    const outer = this.#mark;
    if (c.residence.mark()) this.#mark = { ip, owed: c.owed };
    // What begins again somewhere says of that block only that something missed.
    c.doubtful = this.#runtime.isDoubtful(ip) || (this.#mark !== undefined && this.#runtime.isDoubtful(this.#mark.ip));
    c.owed += n;
    const all = () => {
      c.block(block.instructions);
      this.#knownAfter.set(key, isOpen(block) ? nothingKnown : c.knowledge);
      this.#terminate(block);
    };
    if (this.#mark && c.residence.canBeginAgain) this.#fromMark(this.#mark, all);
    else all();
    this.#mark = outer;
  }
  /** Is a loop passed much more often than control comes into it? */
  #isLong(head: number): boolean {
    const { passes } = this.#runtime;
    const scope = this.#scopes.get(head);
    const before = this.#predecessors.get(head)!.filter((key) => this.#scopes.get(key) !== scope);
    const entered = before.reduce((sum, key) => sum + (key === dispatcher ? 0 : (passes(key) ?? 0)), 0);
    return (passes(head) ?? 0) >= longLoop * entered;
  }
  #runsOf(key: number): Runs | undefined {
    const scope = this.#scopes.get(key);
    return scope && this.#runs.get(scope);
  }
  /** Where the state page was last whole, on the way to the block that is being written. */
  #mark: Mark | undefined;
  #fromMark(mark: Mark, write: () => void): void {
    this.#labels.push({ kind: "other" });
    this.#c.fromMark(mark, write);
    this.#labels.pop();
  }
  #knownAtHead(key: number): Knowledge | undefined {
    const scope = this.#scopes.get(key);
    return scope?.head === key ? this.#knownIn.get(scope) : undefined;
  }
  /** What is known on a way that is not written yet. */
  #knownOnTheWay(from: number, to: number): Knowledge {
    const scope = this.#scopes.get(to);
    return (scope && this.#scopes.get(from) === scope && this.#knownIn.get(scope)) || nothingKnown;
  }
  #checkBudget(key: number): void {
    const b = this.#b;
    b.if(node(wt.i32, op.i32ltS, [localGet(wt.i32, this.#c.budgetLocal), i32c((this.#need.get(key) ?? 0) + this.#c.owed)]), false);
    this.#c.depth++;
    this.#c.leaveAt(i64c(BigInt(this.#g.blocks.get(key)!.ip)), exitCode.lowBudget, 0);
    this.#c.depth--;
    b.end();
  }

  #terminate(block: JitBlock): void {
    const c = this.#c;
    const control = c.control;
    switch (block.terminator) {
      case "branchIf": {
        if (control?.kind !== "branchIf") throw new Error("a conditional branch did not branch");
        const { target } = block.instructions.at(-1)!;
        if (this.#keyOf(block, block.end) !== undefined || this.#keyOf(block, target) === undefined) {
          this.#when(control.c, () => this.#go(block, target), this.#leaves(block, target));
          return this.#go(block, block.end);
        }
        this.#when(node(wt.i32, op.i32eqz, [control.c]), () => this.#go(block, block.end), this.#leaves(block, block.end));
        return this.#go(block, target);
      }
      case "branch":
        return this.#go(block, block.instructions.at(-1)!.target);
      case "call": {
        const { inside } = block;
        // By a stub's jump.
        c.proveTarget();
        const target = control?.kind === "jump" ? control.target : i64c(BigInt(block.instructions.at(-1)!.target));
        if (inside === undefined) return this.#call(block, target);
        if (isOpen(block)) this.#when(node(wt.i32, op.i64ne, [target, i64c(BigInt(inside))]), () => this.#call(block, target));
        return this.#go(block, inside);
      }
      case "fall":
        return this.#go(block, block.end);
      case "jump":
      case "return": {
        if (control?.kind !== "jump") throw new Error("a jump did not jump");
        const { target } = control;
        return this.#toKnown(block, target, () =>
          block.terminator === "return" ? this.#c.leaveAt(target, exitCode.returned, 0) : this.#computed(target),
        );
      }
      case "door":
        if (control?.kind === "door") this.#door(block, control.code);
        return;
      case "leave":
        // Whatever left before did so on a condition, or makes this dead.
        c.leaveAt(i64c(BigInt(block.end)), block.instructions.at(-1)!.row.ends ? exitCode.changed : exitCode.jumped, 0);
    }
  }
  /** All ways from here want what has been written in the state page: it is stored once. */
  #settle(): void {
    const { residence } = this.#c;
    if (!residence.now.scope) residence.settle();
  }
  /** A computed jump: to another entry of this region, else out. */
  #computed(target: Node): void {
    const b = this.#b;
    this.#settle();
    const table = this.#jumpTable;
    if (table) {
      const distance = b.bind(pure.sub(target, i64c(BigInt(table.lowest))));
      this.#when(as(wt.i32, pure.ltU(distance, i64c(BigInt(table.span)))), () => {
        const next = b.bind(node(wt.i32, op.i32load8u, [as(wt.i32, distance)], table.at));
        this.#when(node(wt.i32, op.i32ne, [next, i32c(noTarget)]), () => {
          this.#redispatch(next);
        });
      });
    }
    this.#c.proveTarget();
    this.#c.leaveAt(target, exitCode.jumped, 0);
  }
  /** A return to where calls within the region come from, or a jump in a trace tree: to the block at its target, or else out. */
  #toKnown(block: JitBlock, target: Node, out: () => void): void {
    this.#settle();
    const addresses = block.successors.map((key) => this.#g.blocks.get(key)!.ip);
    const known = Number(constant(target) ?? -1n);
    if (addresses.includes(known)) return this.#go(block, known);
    // The way that is written in line goes on along the trace.
    const inLine = this.#g.tree ? addresses.pop() : undefined;
    for (const ip of addresses) this.#when(node(wt.i32, op.i64eq, [target, i64c(BigInt(ip))]), () => this.#go(block, ip));
    if (inLine === undefined) return out();
    this.#when(node(wt.i32, op.i64ne, [target, i64c(BigInt(inLine))]), out, false);
    this.#go(block, inLine);
  }
  #redispatch(next: Node): void {
    this.#c.residence.forget();
    this.#c.pay();
    this.#b.set(this.#next, next);
    this.#b.opcode(op.br);
    this.#b.code.u(this.#label("loop", dispatcher));
  }
  #call(block: JitBlock, target: Node): void {
    const c = this.#c;
    if (!block.successors.includes(block.end)) return c.leaveAt(target, exitCode.jumped, 0);
    this.#settle();
    this.#open({ kind: "other" }, op.block);
    this.#aside(() => this.#callRegion(block, target));
    this.#close();
    c.leaveAt(target, exitCode.jumped, 0);
  }
  /** Out of the label around this if no region begins there, or there have been too many calls already. */
  #callRegion(block: JitBlock, target: Node): void {
    const b = this.#b;
    const c = this.#c;
    const depth = b.bind(loaded(at.callDepth));
    b.goIf(node(wt.i32, op.i32geU, [depth, i32c(callDepth)]), 0, false);
    const region = constant(target) === undefined ? this.#lookUpCall(target) : this.#lookUp(target);
    c.residence.forget();
    b.store(op.i32store, i32c(0), node(wt.i32, op.i32add, [depth, i32c(1)]), at.callDepth);
    this.#enter(region, c.budget(), op.callIndirect);
    const where = b.local(wt.i64);
    b.code.byte(op.localSet);
    b.code.u(where);
    this.#open({ kind: "other" }, op.block);
    b.goIf(node(wt.i32, op.i64ne, [localGet(wt.i64, where), i64c(BigInt(block.end))]), 0, false);
    b.store(op.i32store, i32c(0), depth, at.callDepth);
    this.#comeBack();
    this.#go(block, block.end);
    this.#close();
    b.expr(localGet(wt.i64, where));
    b.opcode(op.return);
  }
  /** Somebody else has run, and has left all in its place. */
  #comeBack(): void {
    const c = this.#c;
    c.owed = 0;
    this.#b.set(c.budgetLocal, loaded(at.regionBudget));
    this.#b.later((late) => c.loadModes(late));
  }

  /** The kernel is asked to serve the call while the region waits. Where it then lets the program go on is in the state page. */
  #door(block: JitBlock, code: number): void {
    const b = this.#b;
    const c = this.#c;
    c.residence.forget();
    b.store(op.i64store, i32c(0), i64c(c.nextIpConstant()), at.rip);
    b.store(op.i32store, i32c(0), c.budget(), at.regionBudget);
    const how = b.bind(node(wt.i32, op.call, [i32c(code)], this.#runtime.serve()));
    b.if(how, false);
    b.expr(notTo(how));
    b.opcode(op.return);
    b.end();
    this.#comeBack();
    const rip = b.bind(node(wt.i64, op.i64load, [i32c(0)], at.rip));
    b.if(node(wt.i32, op.i64ltS, [rip, i64c(0n)]), false);
    c.depth++;
    c.leaveAt(rip, exitCode.changed, 0);
    c.depth--;
    b.end();
    const [back] = block.successors;
    if (back === undefined) return this.#computed(rip);
    this.#when(node(wt.i32, op.i64ne, [rip, i64c(BigInt(back))]), () => this.#computed(rip));
    this.#go(block, back);
  }

  /** Control goes from a block to an address. */
  #go(from: JitBlock, ip: number): void {
    const key = this.#keyOf(from, ip);
    if (key === undefined) return this.#c.leaveAt(i64c(BigInt(ip)), exitCode.jumped, 0);
    if (this.#s.irreducible.has(`${from.key}>${key}`)) return this.#redispatch(i32c(this.#s.dispatched.indexOf(key)));
    const backward = isBackward(this.#s, from.key, key);
    if (!backward && !this.#s.merges.has(key)) return this.#tree(key);
    const { residence } = this.#c;
    const scope = this.#scopes.get(key);
    if (!scope || scope !== residence.now.scope) residence.forget();
    if (backward) {
      this.#endRound(key);
      this.#checkBudget(key);
    }
    this.#c.pay();
    this.#b.opcode(op.br);
    this.#b.code.u(this.#label(backward ? "loop" : "merge", key));
  }
  /** What is known of a branch: not to be likely if it leaves a trace tree. */
  #leaves(from: JitBlock, ip: number): false | undefined {
    return this.#g.tree && this.#keyOf(from, ip) === undefined ? false : undefined;
  }
  /** The block that is at an address behind another. */
  #keyOf(from: JitBlock, ip: number): number | undefined {
    return from.successors.find((key) => this.#g.blocks.get(key)?.ip === ip);
  }
  #endRound(head: number): void {
    const round = this.#rounds.get(head);
    if (!round) return;
    if (this.#c.residence.now.round === round) round.endsAsItBegan();
    else round.ends(this.#c.flagParts.last);
  }
}
const entryLocal = 1;
/** A region's result for an exit or leave code. */
const notTo = (code: Node): Node => node(wt.i64, op.i64extendI32s, [node(wt.i32, op.i32xor, [code, i32c(-1)])]);
const loaded = (from: number): Node => node(wt.i32, op.i32load, [i32c(0)], from);

/** The bytes of a region's function. */
export const emitRegion = (g: Graph, runtime: RegionRuntime, registerOffset: (d: Decoded, n: number) => number): FunctionBytes =>
  new RegionEmitter(g, runtime, registerOffset).emit();
