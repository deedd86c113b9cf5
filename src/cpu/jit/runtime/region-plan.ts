// What to compile for a block that is hot, and in the place of what: a region of the function around it, that region made anew with more in it,
// or a small one aside, for what the function's cannot be entered at, or has no room for.
import type { Blocks } from "../../interp/block-cache.ts";
import type { Made } from "../cache/format.ts";
import type { Graph } from "../cfg/graph.ts";
import { growGraph, type Reader, type Surroundings } from "../cfg/grow-graph.ts";
import { harmlessEntries, loopAround } from "../cfg/structure.ts";
import type { CodeMap } from "../profile/control-profile.ts";
import type { Source } from "./code-snapshot.ts";

/** Times that a region may be made anew at once, with more entries or blocks, when control turns out to come elsewhere too. */
const generations = 8;
/** What is newly hot in a function of more instructions becomes a satellite, a region for itself, until there is one for each so many. */
const satelliteWorth = 128;
/** Instructions of a function at most whose parts' regions go when it is hot as a whole. */
const smallFunction = 150;
/** Passes that make a block worth compiling in any case. */
const lasting = 512;
/**
 * Passes that make a block worth compiling beside a hot one that was passed so often. In a region a block costs V8 half a millisecond; a pass
 * that leaves the region for the interpreter costs as much as some tens of blocks in it.
 */
const worthwhile = (hot: number): number => (hot >= lasting ? Math.max(lasting, hot / 16) : Math.max(lasting / 8, hot / 2));

export interface Region {
  readonly slot: number;
  readonly graph: Graph;
  /** Addresses that it was grown from, the function's first instruction first if that is known. */
  readonly roots: readonly number[];
  /** The first records of its entries. */
  heads: readonly number[];
  readonly source: Source;
  /** The invalidation by which it was last lost. */
  lost: number;
  /** What was doubted when it was written (`Doubts.now`). */
  doubted: number;
  made: Made;
  module: WebAssembly.Module;
  /** An earlier run had made it, and the interpreter has not met all of its blocks in this one. */
  unmet: boolean;
  /** It reads immediates where they lie. */
  readonly patched: boolean;
  readonly context: number;
  /** Begins in the middle of a function that has a region, for control that comes into a loop there; leads into that region where it can. */
  readonly aside: boolean;
  readonly generation: number;
  /** Regions aside that stand in for its next generation. */
  readonly satellites: Set<Region>;
}

export interface Plan {
  readonly graph: Graph | undefined;
  readonly roots: readonly number[];
  /** Regions that go. */
  readonly goes: readonly Region[];
  readonly aside: boolean;
  /** The region that it is to be a satellite of. */
  readonly of?: Region;
  readonly generation: number;
}

/** What the JIT knows of its regions. */
export interface Known {
  readonly blocks: Blocks;
  readonly code: CodeMap;
  /** The region of a function that code is in without an entry there, if it stands. */
  around(ip: number): Region | undefined;
  /** The region that begins at a block. */
  beginning(head: number): Region | undefined;
  stands(region: Region): boolean;
  /** The interpreter is to have met the blocks of a region. */
  meet(region: Region): void;
  /** Has control come to a block time and again that is in a region? */
  insists(ip: number): boolean;
}

/** The block of a region that an instruction is in. */
export const blockAround = (graph: Graph, ip: number): number | undefined => {
  for (const block of graph.blocks.values()) if (block.ip <= ip && ip < block.end) return block.ip;
  return undefined;
};

/** Does a branch in a region lead to an address and out of it? */
const leavesFor = (graph: Graph, ip: number): boolean =>
  !graph.blocks.has(ip) &&
  [...graph.blocks.values()].some(
    ({ terminator, instructions }) => (terminator === "branch" || terminator === "branchIf") && instructions.at(-1)!.target === ip,
  );

/** Undefined: it is as good as compiled. */
export const planFor = (hot: number, reader: Reader, known: Known): Plan | undefined => {
  const { blocks, code } = known;
  const headOf = (ip: number) => reader.headOf(ip);
  const start = code.functionOf(hot);
  /** Of its own function: it may be in the regions of callers too, into which small functions are taken, and of another one that ends with a jump into it. */
  const own = (region: Region | undefined): Region | undefined =>
    region && (start === undefined || code.functionOf(region.roots[0]!) === start) ? region : undefined;
  /** The region that begins where the function around the block does. */
  const ofFunction = (): Region | undefined => {
    const region = start === undefined ? undefined : known.beginning(headOf(start));
    return region?.aside || region?.graph.tree ? undefined : region;
  };
  const old = own(known.around(hot)) ?? ofFunction();
  const again = old && known.stands(old);
  if (again) known.meet(old);
  const free = (ip: number) => {
    const head = headOf(ip);
    return head !== 0 && !blocks.isRegion(head);
  };
  /** What begins there goes when the old region is made anew. */
  const goes = (ip: number) => {
    const region = again ? known.beginning(headOf(ip)) : undefined;
    return region !== undefined && (region === old || old!.satellites.has(region));
  };
  const passes = (ip: number) => blocks.records.executionsOf(headOf(ip));
  // One that is made anew has shown that it lasts.
  const enough = Math.max(worthwhile(passes(hot) ?? 0), again ? lasting : 0);
  const often = (ip: number) => (passes(ip) ?? enough) >= enough || (again && old.graph.blocks.has(ip)) === true;
  const surroundings = (free: (ip: number) => boolean, enterable: (ip: number) => boolean): Surroundings => ({
    met: (ip) => headOf(ip) !== 0 && !known.beginning(headOf(ip))?.graph.tree && often(ip),
    targets: (site) => code.targets(site),
    called: (ip) => code.called(ip),
    enterable,
    free,
    worth: (ip) => free(ip) && often(ip),
  });
  const beginning = (ip: number): Region | undefined => known.beginning(headOf(ip));
  /** Of the function around the block, as a loop that was hot before the function was. */
  const isPart = (region: Region | undefined): boolean =>
    region !== undefined &&
    !region.aside &&
    !region.graph.tree &&
    start !== undefined &&
    region.roots[0] !== start &&
    code.functionOf(region.roots[0]!) === start;
  // A region aside ends where any other begins; another one takes no notice of those aside, and one of a small function as a whole not of its parts' either.
  const alone = surroundings(free, free);
  const around = surroundings(
    (ip) => free(ip) || goes(ip) || beginning(ip)?.aside === true,
    (ip) => free(ip) || goes(ip),
  );
  const whole = surroundings(
    (ip) => free(ip) || goes(ip) || beginning(ip)?.aside === true || isPart(beginning(ip)),
    (ip) => free(ip) || goes(ip) || isPart(beginning(ip)),
  );
  /** Parts that were made before are all made again: of a large function that costs more than it brings. */
  const grow = (roots: readonly number[]): Graph | undefined => {
    const graph = roots[0] === start ? growGraph(reader, roots, whole) : undefined;
    return graph && graph.instructions <= smallFunction ? graph : growGraph(reader, roots, around);
  };
  const aside = (ip: number): Plan => ({ graph: growGraph(reader, [ip], alone), roots: [ip], goes: [], aside: true, generation: 0 });

  let ip = hot;
  // What the region jumps to is no part of it, though it may be in the middle of a block: it begins none.
  const inside = again && !leavesFor(old.graph, hot) ? blockAround(old.graph, hot) : undefined;
  if (again && inside !== undefined) {
    // It is compiled, but cannot be entered here: let it be entered where the loop begins.
    const loop = loopAround(old.graph, inside);
    if (loop !== undefined && free(loop)) ip = loop;
    else if (!known.insists(hot)) return undefined;
    if (harmlessEntries(old.graph, [ip]).length === 0) return aside(ip);
  }
  if (again) {
    // There is no room for more in it.
    if (old.graph.full) return aside(ip);
    const wait = Math.max(old.graph.instructions / satelliteWorth, 2 ** (old.generation - generations + 1));
    if (old.satellites.size + 1 < wait) return { ...aside(ip), of: old };
    const roots = [...new Set([...old.roots, ...[...old.satellites].flatMap((r) => r.roots), ip])];
    const graph = growGraph(reader, roots, around);
    // Where it may be entered is known when it is grown: what control comes to otherwise would be the reason to make it anew again.
    const comes = inside !== undefined ? graph?.entries.includes(ip) : graph?.blocks.has(ip);
    if (!comes) return aside(ip);
    return { graph, roots, goes: [...old.satellites, old], aside: false, generation: old.generation + 1 };
  }
  /** In the place of regions that it has all entries of: it may be entered there too, if that harms no loop. */
  const ofRoots = (roots: readonly number[]): Plan => {
    const graph = grow(roots);
    const begun = [...(graph?.blocks.keys() ?? [])].map(beginning).filter(isPart) as Region[];
    const parts = [...new Set(begun)].filter((part) => part.graph.entries.every((entry) => graph!.blocks.has(entry)));
    const all = [...new Set([...roots, ...parts.flatMap((part) => part.roots)])];
    return { graph: parts.length === 0 ? graph : grow(all), roots: all, goes: parts, aside: false, generation: 0 };
  };
  if (start !== undefined && start !== ip && free(start)) {
    const graph = grow([start]);
    const block = graph && blockAround(graph, ip);
    if (block !== undefined) {
      const loop = loopAround(graph!, block);
      return ofRoots(loop === undefined || loop === start || !free(loop) ? [start] : [start, loop]);
    }
    // From its first instruction on control comes here too rarely: the loop is a region by itself.
    const all = growGraph(reader, [start], { ...around, worth: around.free });
    const within = all && blockAround(all, ip);
    const loop = within === undefined ? undefined : loopAround(all!, within);
    if (loop !== undefined && free(loop)) ip = loop;
  }
  return ofRoots([ip]);
};

/** A region's graph once more, without what other regions begin with by now, and with further addresses where control comes to it. */
export const regrown = (old: Region, further: readonly number[], reader: Reader, { blocks, code, beginning }: Known): Graph | undefined => {
  const headOf = (ip: number) => reader.headOf(ip);
  const free = (ip: number) => headOf(ip) !== 0 && !blocks.isRegion(headOf(ip));
  const roots = [...old.roots, ...further.filter((ip) => blockAround(old.graph, ip) !== undefined)].filter(free);
  if (roots.length === 0) return undefined;
  return growGraph(reader, roots, {
    met: (ip) => headOf(ip) !== 0 && !beginning(headOf(ip))?.graph.tree,
    targets: (site) => code.targets(site),
    called: () => {},
    enterable: free,
    free,
    worth: (ip) => free(ip) && (old.graph.blocks.has(ip) || (blocks.records.executionsOf(headOf(ip)) ?? lasting) >= lasting),
  });
};
