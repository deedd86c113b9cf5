// The control-flow graph of a region: which blocks hot code runs through, found from its roots along direct branches, past calls, and to
// the targets that its computed jumps have been seen to have. Only blocks that the interpreter has already met are taken: what never ran
// is not worth compiling. Where a region can be entered besides its first root: at such targets, and at its other roots and the return points
// of its calls if that harms no loop.

import { type Decoded, noRegister } from "../../decode/decoder.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { effectsOf } from "../../isa/effects.ts";
import { contexts } from "../../machine/context.ts";
import type { Exit } from "../../machine/exit.ts";
import { S } from "../../machine/state.ts";
import { type Graph, isByPointer, type JitBlock } from "./graph.ts";
import { harmlessEntries, reachable } from "./structure.ts";

/** What the rest of the JIT knows when a region is grown. */
export interface Surroundings {
  /** Has the interpreter a block at an address, which no other region begins with that matters? */
  free(ip: number): boolean;
  /** The same, and control goes there often enough to be worth it. */
  worth(ip: number): boolean;
  /** The same, though another region may begin there. */
  met(ip: number): boolean;
  /** The same, and not one that does not matter either. */
  enterable(ip: number): boolean;
  /** Where a computed jump has been seen to go. */
  targets(ip: number): Iterable<number>;
  /** Here is a call to a known address. */
  called(target: number): void;
}

/** V8's time for a function grows faster than its size, but so does what control pays between small ones: measured in docs/performance.md, "Ways out". */
const limits = { blocks: 240, instructions: 2000, entries: 96, blockLength: 64, leaf: 40 } as const;

const isCall = (d: Decoded): boolean => effectsOf(d.row).calls;
const isReturn = (d: Decoded): boolean => effectsOf(d.row).returns;

/** Can the JIT compile it at all? What acts on the machine (but INT n, of which one is a door), or goes through segments with limits, is the interpreter's. */
const compilable = (d: Decoded): boolean => {
  const f = effectsOf(d.row);
  if (f.callsHelper && f.exits === undefined) return false;
  if (d.mode !== 64 && d.segment >= 0 && d.isMemory && d.row.shape.memory && f.memory) return d.segment >= 4 && d.addressSize === 32;
  // A write through CS faults.
  if (d.mode !== 64 && d.segment === S.cs && d.row.addressed) return false;
  return d.mode === 64 || d.addressSize === 32;
};

const notePage = (blocks: Blocks, ip: number, pages: Map<number, number>): void => {
  const page = Math.floor(ip / 4096);
  if (!pages.has(page)) pages.set(page, blocks.frameOf(page * 4096));
};
const notePages = (blocks: Blocks, d: Decoded, pages: Map<number, number>): void => {
  notePage(blocks, d.ip, pages);
  notePage(blocks, d.ip + d.length - 1, pages);
};

/** Code as it stands while a region is planned: a graph may be grown more than once, and is looked into before it is taken. */
export class Reader {
  readonly blocks: Blocks;
  /** Where a door's call will come back to, if not behind the door. */
  readonly landing: (door: Exit) => number | undefined;
  /** Where data lies in memory, if that is known without looking for it; else negative. */
  readonly placeOf: (linear: number) => number;
  readonly #known = new Map<number, Decoded | undefined>();
  readonly #heads = new Map<number, number>();
  constructor(blocks: Blocks, { landing, placeOf }: Pick<Reader, "landing" | "placeOf">) {
    this.blocks = blocks;
    this.landing = landing;
    this.placeOf = placeOf;
  }
  /** The instruction at an address, if there is one that the JIT can compile. */
  at(ip: number): Decoded | undefined {
    const known = this.#known.get(ip);
    if (known !== undefined || this.#known.has(ip)) return known;
    const d = this.blocks.decodeOne(ip, true);
    const read = d && compilable(d) ? d.copy() : undefined;
    this.#known.set(ip, read);
    return read;
  }
  /** Where a call goes, if that is known: its pointer at a constant address (32-bit code enters the kernel by one) hardly ever changes once code is hot,
   *  so it is taken for what it is now, and compared when the call is made. Linkage stubs' pointers are not: docs/performance.md, "Ways of control". */
  calleeOf(d: Decoded): number | undefined {
    if (effectsOf(d.row).branches) return d.target;
    if (!isCall(d) || !d.isMemory || d.base !== noRegister || d.index !== noRegister || d.size !== d.mode) return undefined;
    return this.blocks.pointerAt(this.placeOf(this.blocks.linearOf(d)), d.mode);
  }
  /** The first record of the block known at an address, 0 if none. */
  headOf(ip: number): number {
    let head = this.#heads.get(ip);
    if (head === undefined) this.#heads.set(ip, (head = this.blocks.headOf(ip)));
    return head;
  }
}

/**
 * What a call leads to that does no more than jump on by a pointer, as the entries of a procedure linkage table do: it is part of the call. So
 * short a block would hardly ever be found hot, and each call through it would end a region.
 */
const readStub = (reader: Reader, target: number, pages: Map<number, number>): Decoded[] => {
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
    // ENDBR64, where there is one.
    if (f.branches || f.branchesIf || f.jumps || f.exits !== undefined || f.memory || f.stack || d.row.ends) return [];
  }
  return [];
};

/** One block of the region; undefined if nothing can be had at this address. */
export const readBlock = (reader: Reader, ip: number, leaders: ReadonlySet<number>, pages: Map<number, number>): JitBlock | undefined => {
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

/** Is this a small function that calls nobody, but others such by pointers (as 32-bit code calls the kernel)? Then its calls are worth no ceremony. */
const isLeaf = (reader: Reader, start: number, around: Surroundings): boolean => {
  const seen = new Set<number>();
  const queue = [start];
  const pages = new Map<number, number>();
  let instructions = 0;
  for (let ip = queue.pop(); ip !== undefined; ip = queue.pop()) {
    if (seen.has(ip)) continue;
    seen.add(ip);
    if (!around.met(ip)) continue;
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

/** A block up to where another begins that it runs into. */
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

/** Grow a region from its roots, breadth first. */
export const growGraph = (reader: Reader, roots: readonly number[], around: Surroundings): Graph | undefined => {
  if (!contexts[reader.blocks.context]!.flat) return undefined;
  const pages = new Map<number, number>();
  const found = new Map<number, JitBlock>();
  const leaders = new Set<number>(roots);
  const queue = [...roots];
  const required = new Set<number>(roots.slice(0, 1));
  const further = new Set<number>(roots);
  /** Functions that are called as part of the region, and where those calls come back to. */
  const inside = new Set<number>();
  const back = new Set<number>();
  /** Blocks of leaves: all of one comes in, whatever begins there besides. */
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
      around.called(callee);
      const leaf = !leaders.has(callee) && around.met(callee) && isLeaf(reader, callee, around);
      if (leaf) ofLeaves.add(callee);
      if (ofLeaves.has(ip)) ofLeaves.add(block.end);
      if (leaf || (leaders.has(callee) && (roots[0] === callee || inside.has(callee)))) {
        inside.add(callee);
        back.add(block.end);
        block.inside = callee;
        if (isByPointer(block)) further.add(block.end);
        block.successors = isByPointer(block) ? [callee, block.end] : [callee];
        for (const s of [block.end, callee]) {
          if (leaders.has(s) || !(ofLeaves.has(s) || s === callee ? around.met(s) : around.worth(s))) continue;
          leaders.add(s);
          queue.push(s);
        }
        continue;
      }
    }
    const computed = block.terminator === "jump" ? [...around.targets(last.ip)] : [];
    for (const s of [...block.successors, ...computed]) {
      if (ofLeaves.has(ip)) ofLeaves.add(s);
      // What a block runs into is as hot as the block.
      const comes = ofLeaves.has(s) ? around.met(s) : block.terminator === "fall" ? around.free(s) : around.worth(s);
      if (!leaders.has(s) && !comes) continue;
      if (block.terminator === "jump") required.add(s);
      if (block.terminator === "call" || block.terminator === "door") further.add(s);
      if (leaders.has(s)) continue;
      leaders.add(s);
      queue.push(s);
    }
  }
  if (!found.has(roots[0]!)) return undefined;
  // Straight-line blocks that ran into a leader found later.
  for (const [ip, block] of found)
    found.set(
      ip,
      cutAt(block, (at) => found.has(at)),
    );
  for (const block of found.values()) if (block.terminator === "return") block.successors = [...back];
  for (const block of found.values()) block.successors = block.successors.filter((s) => found.has(s));
  const there = (entries: Iterable<number>) => [...entries].filter((e) => found.has(e) && (e === roots[0] || around.enterable(e)));
  const graph = { entries: there(required), blocks: found, pages, instructions, full, tree: false };
  const entries = [...new Set([...graph.entries, ...harmlessEntries(graph, there(further))])].slice(0, limits.entries);
  // What only a root leads to that is no entry after all.
  const reached = reachable(entries, (ip) => found.get(ip)!.successors);
  for (const ip of found.keys()) if (!reached.has(ip)) found.delete(ip);
  return { ...graph, entries };
};
