// A region's function: its blocks in structured control flow, each instruction through the one set of meanings.
import type { Decoded } from "../decode.ts";
import { leave } from "../exit.ts";
import { regionType } from "../slots.ts";
import { Body, type FunctionBytes, i32c, i64c, type Node, node, op, wt } from "../wasm.ts";
import { RegionCompiler, type RegionRuntime } from "./compiler.ts";
import type { Graph, JitBlock } from "./graph.ts";
import { longestPath, type Structure, structureOf } from "./structure.ts";

type Label = { readonly kind: "loop" | "merge"; readonly ip: number } | { readonly kind: "other" };

class RegionEmitter {
  readonly #g: Graph;
  readonly #s: Structure;
  readonly #c: RegionCompiler;
  readonly #b: Body;
  /** Open labels inside the exit block, innermost last. */
  readonly #labels: Label[] = [];
  readonly #need: number;
  /** Kind of the flags at the end of a block, for a successor that has no other predecessor. */
  readonly #kindAfter = new Map<number, RegionCompiler["kind"]>();
  readonly #predecessors = new Map<number, number[]>();

  constructor(g: Graph, runtime: RegionRuntime, registerOffset: (d: Decoded, n: number) => number) {
    this.#g = g;
    this.#s = structureOf(g);
    this.#b = new Body(regionType.params);
    this.#c = new RegionCompiler(this.#b, runtime);
    this.#c.registerOffset = registerOffset;
    this.#need = longestPath(g, this.#s);
    for (const block of g.blocks.values())
      for (const s of block.successors) this.#predecessors.set(s, [...(this.#predecessors.get(s) ?? []), block.ip]);
  }

  emit(): FunctionBytes {
    const b = this.#b;
    b.opcode(op.block);
    b.code.byte(0x40);
    this.#tree(this.#g.entry);
    b.opcode(op.unreachable);
    b.end();
    this.#c.storeState();
    const prologue = new Body([]);
    this.#c.loadState(prologue);
    return b.done(prologue.code);
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

  /** A block and all it dominates. Merge points among its children each get a wasm block around what comes before them. */
  #tree(ip: number): void {
    const loop = this.#s.loops.has(ip);
    if (loop) this.#open({ kind: "loop", ip }, op.loop);
    const merges = this.#s.children.get(ip)!.filter((child) => this.#s.merges.has(child));
    this.#within(ip, merges.reverse());
    if (loop) {
      this.#b.opcode(op.unreachable);
      this.#close();
    }
  }
  #within(ip: number, merges: readonly number[]): void {
    const [last, ...rest] = merges;
    if (last === undefined) return this.#block(ip);
    this.#open({ kind: "merge", ip: last }, op.block);
    this.#within(ip, rest);
    this.#b.opcode(op.unreachable);
    this.#close();
    this.#tree(last);
  }

  #block(ip: number): void {
    const block = this.#g.blocks.get(ip)!;
    const c = this.#c;
    const n = block.instructions.length;
    const before = this.#predecessors.get(ip) ?? [];
    c.kind = before.length === 1 && ip !== this.#g.entry ? this.#kindAfter.get(before[0]!) : undefined;
    if (ip === this.#g.entry || this.#s.loops.has(ip)) this.#checkBudget(ip);
    this.#b.set(c.budgetLocal, node(wt.i32, op.i32sub, [c.budget(), i32c(n)]));
    for (let i = 0; i < n; i++) c.instruction(block.instructions[i]!, n - i);
    this.#kindAfter.set(ip, c.kind);
    this.#terminate(block);
  }
  #checkBudget(ip: number): void {
    const b = this.#b;
    b.if(node(wt.i32, op.i32ltS, [this.#c.budget(), i32c(this.#need)]), false);
    this.#c.depth++;
    this.#c.leaveAt(i64c(BigInt(ip)), leave.short, 0);
    this.#c.depth--;
    b.end();
  }

  #terminate(block: JitBlock): void {
    const c = this.#c;
    const control = c.control;
    switch (block.terminator) {
      case "branchIf": {
        if (control?.kind !== "branchIf") throw new Error("a conditional branch did not branch");
        this.#b.if(control.c);
        this.#labels.push({ kind: "other" });
        c.depth++;
        this.#go(block, block.instructions.at(-1)!.target);
        this.#labels.pop();
        c.depth--;
        this.#b.end();
        return this.#go(block, block.end);
      }
      case "branch":
      case "call":
        return this.#go(block, block.instructions.at(-1)!.target);
      case "fall":
        return this.#go(block, block.end);
      case "jump": {
        if (control?.kind !== "jump") throw new Error("a jump did not jump");
        return this.#computed(block, control.target);
      }
      case "leave":
        // Whatever left before did so on a condition, or makes this dead.
        c.leaveAt(i64c(BigInt(block.end)), leave.jumped, 0);
    }
  }
  /** A computed jump: to the return points that the region knows, else out. */
  #computed(block: JitBlock, target: Node): void {
    const c = this.#c;
    for (const s of block.successors) {
      this.#b.if(node(wt.i32, op.i64eq, [target, i64c(BigInt(s))]));
      this.#labels.push({ kind: "other" });
      c.depth++;
      this.#go(block, s);
      this.#labels.pop();
      c.depth--;
      this.#b.end();
    }
    c.leaveAt(target, leave.jumped, 0);
  }

  /** Control goes from a block to an address. */
  #go(from: JitBlock, ip: number): void {
    const known = this.#g.blocks.has(ip) && from.successors.includes(ip) && !this.#s.irreducible.has(`${from.ip}>${ip}`);
    if (!known) return this.#c.leaveAt(i64c(BigInt(ip)), leave.jumped, 0);
    const backward = this.#s.order.get(ip)! <= this.#s.order.get(from.ip)!;
    if (backward || this.#s.merges.has(ip)) {
      const kind = backward ? "loop" : "merge";
      const depth = this.#labels.findLastIndex((l) => l.kind === kind && l.ip === ip);
      if (depth < 0) throw new Error("no label for an edge");
      this.#b.opcode(op.br);
      return this.#b.code.u(this.#labels.length - 1 - depth);
    }
    this.#tree(ip);
  }
}

/** The bytes of a region's function. */
export const emitRegion = (g: Graph, runtime: RegionRuntime, registerOffset: (d: Decoded, n: number) => number): FunctionBytes =>
  new RegionEmitter(g, runtime, registerOffset).emit();
