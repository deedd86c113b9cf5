// The growth of a region's control-flow graph from its roots: along direct branches, past calls, and to
// observed targets of indirect jumps.
// Only blocks that the interpreter has decoded are included, because code that never ran is not worth
// compiling. Observed jump targets are entries. Other roots and return points are entries if all loops stay
// reducible.

import { type Decoded, noRegister } from "../../decode/decoder.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { effectsOf } from "../../isa/effects.ts";
import { contexts } from "../../machine/context.ts";
import type { Exit } from "../../machine/exit.ts";
import { S } from "../../machine/state.ts";
import { type BlockGraph, isByPointer, type JitBlock } from "./graph.ts";
import { reachable, reducibleEntries } from "./structure.ts";

/** Conditions on the blocks that a region may grow over. */
export interface GrowthLimits {
  /** True if the interpreter has a block at an address, and no other region that matters begins there. */
  isFree(ip: number): boolean;
  /** True if it is free and control goes there often enough. */
  isWorthwhile(ip: number): boolean;
  /** True if the interpreter has a block there, even if another region begins with it. */
  isDecoded(ip: number): boolean;
  /** True if it is free and no region begins there, not even one that growth ignores. */
  mayEnter(ip: number): boolean;
  /** Observed targets of an indirect jump. */
  targets(ip: number): Iterable<number>;
  /** Reports a call of a known address. */
  noteCall(target: number): void;
}

/**
 * V8's compile time grows faster than a function's size. Small regions cost more transitions between each
 * other. docs/performance.md has the measurements.
 */
const limits = { blocks: 240, instructions: 2000, entries: 96, blockLength: 64, leaf: 40 } as const;

const isCall = (d: Decoded): boolean => effectsOf(d.row).calls;
const isReturn = (d: Decoded): boolean => effectsOf(d.row).returns;

/**
 * True if the JIT can compile an instruction. Helper functions, except INT n of a door, and segments with
 * limits are left to the interpreter.
 */
const compilable = (d: Decoded): boolean => {
  const f = effectsOf(d.row);
  if (f.callsHelper && f.exits === undefined) return false;
  if (d.mode !== 64 && d.segment >= 0 && d.isMemory && d.row.shape.memory && f.memory) return d.segment >= 4 && d.addressSize === 32;
  // A write through CS faults.
  if (d.mode !== 64 && d.segment === S.cs && d.row.addressed) return false;
  return d.mode === 64 || d.addressSize === 32;
};

/** The code that a graph grows over: its decoded instructions and their frames. */
export type CodeView = Pick<Blocks, "context" | "decodeOne" | "frameOf" | "headOf" | "linearOf" | "pointerAt">;

const notePage = (blocks: CodeView, ip: number, pages: Map<number, number>): void => {
  const page = Math.floor(ip / 4096);
  if (!pages.has(page)) pages.set(page, blocks.frameOf(page * 4096));
};
const notePages = (blocks: CodeView, d: Decoded, pages: Map<number, number>): void => {
  notePage(blocks, d.ip, pages);
  notePage(blocks, d.ip + d.length - 1, pages);
};

/**
 * A view of code during the planning of a region, with a cache of decoded instructions. A plan may grow
 * several graphs.
 */
export class BlockReader {
  readonly blocks: CodeView;
  /** The return address of a door's call, if it is not the address after the door. */
  readonly landing: (door: Exit) => number | undefined;
  /** The memory offset of data, if it is known without a page walk; negative otherwise. */
  readonly addressOf: (linear: number) => number;
  readonly #known = new Map<number, Decoded | undefined>();
  readonly #heads = new Map<number, number>();
  constructor(blocks: CodeView, { landing, addressOf }: Pick<BlockReader, "landing" | "addressOf">) {
    this.blocks = blocks;
    this.landing = landing;
    this.addressOf = addressOf;
  }
  /** The instruction at an address; undefined if the JIT cannot compile it. */
  at(ip: number): Decoded | undefined {
    const cached = this.#known.get(ip);
    if (cached !== undefined || this.#known.has(ip)) return cached;
    const d = this.blocks.decodeOne(ip, true);
    const read = d && compilable(d) ? d.copy() : undefined;
    this.#known.set(ip, read);
    return read;
  }
  /**
   * The target of a call, if it is known. A pointer at a constant address rarely changes once code is hot:
   * 32-bit code enters the kernel through one. So its present value is assumed, and the call compares it.
   * Pointers of linkage stubs are not assumed (docs/performance.md).
   */
  calleeOf(d: Decoded): number | undefined {
    if (effectsOf(d.row).branches) return d.target;
    if (!isCall(d) || !d.isMemory || d.base !== noRegister || d.index !== noRegister || d.size !== d.mode) return undefined;
    return this.blocks.pointerAt(this.addressOf(this.blocks.linearOf(d)), d.mode);
  }
  /** The first record of the block at an address; 0 if there is none. */
  headOf(ip: number): number {
    let head = this.#heads.get(ip);
    if (head === undefined) this.#heads.set(ip, (head = this.blocks.headOf(ip)));
    return head;
  }
}

/**
 * The instructions of a linkage stub at a call target: no more than a jump through a pointer, as in a
 * procedure linkage table. They become part of the call. So short a block would rarely be sampled, and each
 * call through it would leave the region.
 */
const readStub = (reader: BlockReader, target: number, pages: Map<number, number>): Decoded[] => {
  const stub: Decoded[] = [];
  for (let at = target; stub.length < 2; at += stub.at(-1)!.length) {
    const d = reader.headOf(target) === 0 ? undefined : reader.at(at);
    if (!d) return [];
    const f = effectsOf(d.row);
    stub.push(d);
    if (f.jumps && !f.calls && !f.returns && !f.stack) {
      for (const one of stub) notePages(reader.blocks, one, pages);
      return stub;
    }
    // ENDBR64 may precede the jump.
    if (f.branches || f.branchesIf || f.jumps || f.exits !== undefined || f.memory || f.stack || d.row.ends) return [];
  }
  return [];
};

/** Decodes one block of the region; undefined if its first instruction cannot be compiled. */
export const readBlock = (
  reader: BlockReader,
  ip: number,
  leaders: ReadonlySet<number>,
  pages: Map<number, number>,
): JitBlock | undefined => {
  const instructions: Decoded[] = [];
  let at = ip;
  for (;;) {
    if (at !== ip && leaders.has(at)) return { key: ip, ip, instructions, end: at, terminator: "fall", successors: [at] };
    if (instructions.length === limits.blockLength) return { key: ip, ip, instructions, end: at, terminator: "fall", successors: [at] };
    const d = reader.at(at);
    if (!d) {
      return instructions.length === 0 ? undefined : { key: ip, ip, instructions, end: at, terminator: "leave", successors: [] };
    }
    instructions.push(d);
    notePages(reader.blocks, d, pages);
    at += d.length;
    const f = effectsOf(d.row);
    if (f.exits !== undefined)
      return { key: ip, ip, instructions, end: at, terminator: "door", door: f.exits, successors: [reader.landing(f.exits) ?? at] };
    if (f.branchesIf) return { key: ip, ip, instructions, end: at, terminator: "branchIf", successors: [d.target, at] };
    if (isCall(d) && (f.branches || f.jumps)) {
      const stub = f.branches ? readStub(reader, d.target, pages) : [];
      const [first, last] = [stub[0], stub.at(-1)];
      const lies = first && last ? { stub: { ip: first.ip, end: last.ip + last.length } } : {};
      return { key: ip, ip, instructions: [...instructions, ...stub], end: at, terminator: "call", successors: [at], ...lies };
    }
    if (f.branches) return { key: ip, ip, instructions, end: at, terminator: "branch", successors: [d.target] };
    if (f.jumps) return { key: ip, ip, instructions, end: at, terminator: isReturn(d) ? "return" : "jump", successors: [] };
    if (d.row.ends) return { key: ip, ip, instructions, end: at, terminator: "leave", successors: [] };
  }
};

/**
 * True for a small function that calls no other function, except such functions through pointers, as 32-bit
 * code calls the kernel. Its calls become jumps in the region.
 */
const isLeaf = (reader: BlockReader, start: number, growth: GrowthLimits): boolean => {
  const seen = new Set<number>();
  const queue = [start];
  const pages = new Map<number, number>();
  let instructions = 0;
  for (let ip = queue.pop(); ip !== undefined; ip = queue.pop()) {
    if (seen.has(ip)) continue;
    seen.add(ip);
    if (!growth.isDecoded(ip)) continue;
    const block = readBlock(reader, ip, seen, pages);
    if (!block || block.terminator === "jump" || block.terminator === "leave") return false;
    instructions += block.instructions.length;
    if (instructions > limits.leaf) return false;
    queue.push(...block.successors);
    if (block.terminator !== "call") continue;
    const callee = isByPointer(block) ? reader.calleeOf(block.instructions.at(-1)!) : undefined;
    if (callee === undefined) return false;
    queue.push(callee);
  }
  return true;
};

/** A block cut at the next leader that it runs into. */
const cutAt = (block: JitBlock, isLeader: (ip: number) => boolean): JitBlock => {
  let at = block.ip;
  for (const [n, d] of block.instructions.entries()) {
    if (d.ip !== at) break;
    if (n > 0 && isLeader(at))
      return { key: block.ip, ip: block.ip, instructions: block.instructions.slice(0, n), end: at, terminator: "fall", successors: [at] };
    at += d.length;
  }
  return block;
};

/** Grows a region from its roots, breadth first. Undefined if the first root cannot be compiled. */
export const growGraph = (reader: BlockReader, roots: readonly number[], growth: GrowthLimits): BlockGraph | undefined => {
  if (!contexts[reader.blocks.context]!.flat) return undefined;
  const pages = new Map<number, number>();
  const found = new Map<number, JitBlock>();
  const leaders = new Set<number>(roots);
  const queue = [...roots];
  const required = new Set<number>(roots.slice(0, 1));
  const further = new Set<number>(roots);
  /** Functions that are called as part of the region, and the return points of those calls. */
  const inside = new Set<number>();
  const returnPoints = new Set<number>();
  /** Blocks of leaf functions. All of a leaf is included, even if other regions begin in it. */
  const ofLeaves = new Set<number>();
  let instructions = 0;
  let full = false;
  for (const ip of queue) {
    if (found.has(ip)) continue;
    full = found.size >= limits.blocks || instructions >= limits.instructions;
    if (full) break;
    const block = readBlock(reader, ip, leaders, pages);
    if (!block) continue;
    found.set(ip, block);
    instructions += block.instructions.length;
    const last = block.instructions.at(-1)!;
    const callee = block.terminator === "call" ? reader.calleeOf(last) : undefined;
    if (callee !== undefined) {
      growth.noteCall(callee);
      const leaf = !leaders.has(callee) && growth.isDecoded(callee) && isLeaf(reader, callee, growth);
      if (leaf) ofLeaves.add(callee);
      if (ofLeaves.has(ip)) ofLeaves.add(block.end);
      if (leaf || (leaders.has(callee) && (roots[0] === callee || inside.has(callee)))) {
        inside.add(callee);
        returnPoints.add(block.end);
        block.inside = callee;
        if (isByPointer(block)) further.add(block.end);
        block.successors = isByPointer(block) ? [callee, block.end] : [callee];
        for (const s of [block.end, callee]) {
          if (leaders.has(s) || !(ofLeaves.has(s) || s === callee ? growth.isDecoded(s) : growth.isWorthwhile(s))) continue;
          leaders.add(s);
          queue.push(s);
        }
        continue;
      }
    }
    const computed = block.terminator === "jump" ? [...growth.targets(last.ip)] : [];
    for (const s of [...block.successors, ...computed]) {
      if (ofLeaves.has(ip)) ofLeaves.add(s);
      // The fall-through of a block is as hot as the block.
      const isIncluded = ofLeaves.has(s) ? growth.isDecoded(s) : block.terminator === "fall" ? growth.isFree(s) : growth.isWorthwhile(s);
      if (!leaders.has(s) && !isIncluded) continue;
      if (block.terminator === "jump") required.add(s);
      if (block.terminator === "call" || block.terminator === "door") further.add(s);
      if (leaders.has(s)) continue;
      leaders.add(s);
      queue.push(s);
    }
  }
  if (!found.has(roots[0]!)) return undefined;
  // Blocks that ran into a leader that was found later.
  for (const [ip, block] of found)
    found.set(
      ip,
      cutAt(block, (at) => found.has(at)),
    );
  for (const block of found.values()) if (block.terminator === "return") block.successors = [...returnPoints];
  for (const block of found.values()) block.successors = block.successors.filter((s) => found.has(s));
  const enterable = (entries: Iterable<number>) => [...entries].filter((e) => found.has(e) && (e === roots[0] || growth.mayEnter(e)));
  const graph = { entries: enterable(required), blocks: found, pages, instructions, full, tree: false };
  const entries = [...new Set([...graph.entries, ...reducibleEntries(graph, enterable(further))])].slice(0, limits.entries);
  // Blocks that only a rejected entry leads to.
  const reached = reachable(entries, (ip) => found.get(ip)!.successors);
  for (const ip of found.keys()) if (!reached.has(ip)) found.delete(ip);
  return { ...graph, entries };
};
