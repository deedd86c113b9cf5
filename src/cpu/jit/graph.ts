// The control-flow graph of a region: which blocks hot code runs through, found from its entry along direct branches, calls and the
// returns of those calls. Only blocks that the interpreter has already met are taken: what never ran is not worth compiling.

import type { Blocks } from "../blocks.ts";
import { contexts } from "../context.ts";
import { Decoded } from "../decode.ts";
import { isMemoryOperand } from "../form.ts";
import { S } from "../state.ts";
import { factsOf } from "./facts.ts";

export interface JitBlock {
  readonly ip: number;
  readonly instructions: readonly Decoded[];
  /** Address after the last instruction. */
  readonly end: number;
  /** How it ends: by the last instruction's own control, or by going on to `end`. */
  readonly terminator: "branch" | "branchIf" | "jump" | "call" | "leave" | "fall";
  /** Where it can go by known addresses: branch target first, then the fall-through. A return lists the return points of calls in the region. */
  successors: number[];
}

export interface Graph {
  readonly entry: number;
  readonly blocks: ReadonlyMap<number, JitBlock>;
  /** Page numbers (of ip) and the frames they were read from. */
  readonly pages: ReadonlyMap<number, number>;
  readonly instructions: number;
}

const limits = { blocks: 96, instructions: 1200, blockLength: 64 } as const;

const copy = (d: Decoded): Decoded => Object.assign(new Decoded(), d);
const isCall = (d: Decoded): boolean => factsOf(d.row).calls;
const isReturn = (d: Decoded): boolean => factsOf(d.row).returns;

/** Can the JIT compile it at all? What acts on the machine, or goes through segments with limits, is the interpreter's. */
const compilable = (d: Decoded): boolean => {
  const f = factsOf(d.row);
  if (f.acts) return false;
  if (d.mode !== 64 && d.segment >= 0 && d.isMemory && d.row.operands.some(isMemoryOperand)) return d.segment >= 4 && d.addressSize === 32;
  // A write through CS faults.
  if (d.mode !== 64 && d.segment === S.cs && d.row.addressed) return false;
  return d.mode === 64 || d.addressSize === 32;
};

/** Decode one block of the region; undefined if nothing can be had at this address. */
const readBlock = (blocks: Blocks, ip: number, leaders: ReadonlySet<number>, pages: Map<number, number>): JitBlock | undefined => {
  const instructions: Decoded[] = [];
  let at = ip;
  for (;;) {
    if (at !== ip && leaders.has(at)) return { ip, instructions, end: at, terminator: "fall", successors: [at] };
    const d = blocks.decodeOne(at);
    const crosses = d !== undefined && Math.floor(at / 4096) !== Math.floor((at + d.length - 1) / 4096);
    if (!d || crosses || !compilable(d) || instructions.length === limits.blockLength) {
      return instructions.length === 0 ? undefined : { ip, instructions, end: at, terminator: "leave", successors: [] };
    }
    const page = Math.floor(at / 4096);
    if (!pages.has(page)) pages.set(page, blocks.frameOf(at));
    instructions.push(copy(d));
    at += d.length;
    const f = factsOf(d.row);
    if (f.branchesIf) return { ip, instructions, end: at, terminator: "branchIf", successors: [d.target, at] };
    if (isCall(d) && f.branches) return { ip, instructions, end: at, terminator: "call", successors: [d.target] };
    if (f.branches) return { ip, instructions, end: at, terminator: "branch", successors: [d.target] };
    if (f.jumps) return { ip, instructions, end: at, terminator: "jump", successors: [] };
    if (d.row.ends) return { ip, instructions, end: at, terminator: "leave", successors: [] };
  }
};

/** Grow a region from `entry`, breadth first. `met` says whether the interpreter has a block at an address. */
export const growGraph = (blocks: Blocks, entry: number, met: (ip: number) => boolean): Graph | undefined => {
  if (!contexts[blocks.context]!.flat) return undefined;
  const pages = new Map<number, number>();
  const found = new Map<number, JitBlock>();
  const leaders = new Set<number>([entry]);
  const queue = [entry];
  const returnPoints = new Map<number, number>();
  let instructions = 0;
  for (let ip = queue.shift(); ip !== undefined; ip = queue.shift()) {
    if (found.has(ip)) continue;
    if (found.size >= limits.blocks || instructions >= limits.instructions) break;
    const block = readBlock(blocks, ip, leaders, pages);
    if (!block) continue;
    found.set(ip, block);
    instructions += block.instructions.length;
    const next = block.terminator === "call" ? [...block.successors, block.end] : block.successors;
    if (block.terminator === "call") returnPoints.set(block.end, block.successors[0] as number);
    for (const s of next) {
      if (found.has(s) || leaders.has(s) || !met(s)) continue;
      leaders.add(s);
      queue.push(s);
    }
  }
  if (!found.has(entry)) return undefined;
  // Straight-line blocks that ran into a leader found later are cut there by reading them again.
  for (const [ip, block] of found) {
    const inside = block.instructions.some((d) => d.ip !== ip && found.has(d.ip));
    if (!inside) continue;
    const cut = readBlock(blocks, ip, new Set(found.keys()), pages);
    if (cut) found.set(ip, cut);
  }
  // A return goes to the return points of calls in the region whose callee is here too.
  const points = [...returnPoints].filter(([point, callee]) => found.has(point) && found.has(callee)).map(([point]) => point);
  for (const block of found.values()) {
    if (block.terminator === "jump" && isReturn(block.instructions.at(-1)!)) block.successors = points;
    block.successors = block.successors.filter((s) => found.has(s));
  }
  return { entry, blocks: found, pages, instructions };
};
