// The plan for a hot block: which region to compile and which regions it replaces.
// The choices are a region of the function around the block, that region recompiled with more blocks, and a
// small side region. A side region serves blocks that the function's region cannot be entered at or has no
// space for.
import type { Blocks } from "../../interp/block-cache.ts";
import type { CachedRegion, CompiledRegion } from "../cache/format.ts";
import type { LibraryEntry } from "../cache/library.ts";
import type { BlockGraph } from "../cfg/graph.ts";
import { type BlockReader, type GrowthLimits, growGraph } from "../cfg/grow-graph.ts";
import { loopAround, reducibleEntries } from "../cfg/structure.ts";
import type { ControlProfile } from "../profile/control-profile.ts";
import type { CodeSnapshot } from "./code-snapshot.ts";

/**
 * Recompilations of a region without delay, each with more entries or blocks. Later ones wait for pending
 * extensions.
 */
const generations = 8;
/**
 * In a larger function newly hot code becomes a pending extension. The function's region is recompiled when
 * there is one extension for each so many instructions.
 */
const instructionsPerExtension = 128;
/** Instructions of a function, at most, whose partial regions are replaced when all of it is hot. */
const smallFunction = 150;
/** Executions that make a block worth compiling in any case. */
const stableExecutions = 512;
/**
 * Executions that make a block worth compiling next to a hot block with a given count. A block in a region
 * costs compile time, but one side exit costs as much as compiling some tens of blocks.
 */
const executionsWorthCompiling = (hot: number): number =>
  hot >= stableExecutions ? Math.max(stableExecutions, hot / 16) : Math.max(stableExecutions / 8, hot / 2);

/** A compiled region with its graph and its state. */
export interface Region {
  readonly slot: number;
  readonly graph: BlockGraph;
  /** Addresses that it was grown from, the function's first instruction first if it is known. */
  readonly roots: readonly number[];
  /** The first records of its entries. */
  heads: readonly number[];
  readonly snapshot: CodeSnapshot;
  /** The invalidation that last invalidated it. */
  invalidatedAt: number;
  /** `DeoptProfile.version` when it was compiled. */
  deoptVersion: number;
  compiled: CompiledRegion;
  module: WebAssembly.Module;
  /** Its entry in the library; undefined if it reads immediates from memory. */
  entry: LibraryEntry | undefined;
  /** It comes from the code cache, and the interpreter has not decoded all its blocks in this run. */
  notReached: boolean;
  /** It reads immediates from memory. */
  readonly patched: boolean;
  readonly context: number;
  /** The doors in it, and the return addresses of their calls that it was compiled for. */
  readonly landings: CachedRegion["landings"];
  /**
   * It begins in the middle of a function that has a region, mostly in a loop. It jumps into that region
   * where it can.
   */
  readonly side: boolean;
  readonly generation: number;
  /** Side regions that wait to be merged into its next generation. */
  readonly pendingExtensions: Set<Region>;
}

/** A region to compile. Without a graph the code cannot be compiled. */
export interface Plan {
  readonly graph: BlockGraph | undefined;
  readonly roots: readonly number[];
  /** Regions that it replaces. */
  readonly replaced: readonly Region[];
  readonly side: boolean;
  /** The region that it is a pending extension of. */
  readonly extensionOf?: Region;
  readonly generation: number;
}

/** The parts of a region that its plan decides. */
export type RegionShape = Pick<Region, "roots" | "patched" | "side" | "generation">;

/** The regions and profiles that a plan depends on. */
export interface RegionContext {
  readonly blocks: Blocks;
  readonly profile: ControlProfile;
  /** The function's region that covers an address without an entry there, if its pages are still mapped. */
  functionRegionAt(ip: number): Region | undefined;
  /** The region that begins at a block. */
  regionAt(head: number): Region | undefined;
  isMapped(region: Region): boolean;
  /** Makes the interpreter decode all blocks of a region. */
  decodeBlocks(region: Region): void;
  /** True if a block of an existing region is hot enough for a region of its own. */
  forcesRegion(ip: number): boolean;
}

/** The address of the region's block that contains an instruction. */
export const blockAround = (graph: BlockGraph, ip: number): number | undefined => {
  for (const block of graph.blocks.values()) if (block.ip <= ip && ip < block.end) return block.ip;
  return undefined;
};

/** True if a branch of a region jumps to an address outside it. */
const jumpsOutTo = (graph: BlockGraph, ip: number): boolean =>
  !graph.blocks.has(ip) &&
  [...graph.blocks.values()].some(
    ({ terminator, instructions }) => (terminator === "branch" || terminator === "branchIf") && instructions.at(-1)!.target === ip,
  );

/** The plan for a hot block. Undefined if an existing region makes compiling it unnecessary. */
export const planFor = (hot: number, reader: BlockReader, context: RegionContext): Plan | undefined => {
  const { blocks, profile } = context;
  const headOf = (ip: number) => reader.headOf(ip);
  const start = profile.functionOf(hot);
  /**
   * The region if it belongs to the function around the block. Callers' regions can contain small functions,
   * and another function's region can end with a jump into this one.
   */
  const own = (region: Region | undefined): Region | undefined =>
    region && (start === undefined || profile.functionOf(region.roots[0]!) === start) ? region : undefined;
  /** The region that begins at the start of the function around the block. */
  const ofFunction = (): Region | undefined => {
    const region = start === undefined ? undefined : context.regionAt(headOf(start));
    return region?.side || region?.graph.tree ? undefined : region;
  };
  const old = own(context.functionRegionAt(hot)) ?? ofFunction();
  const recompiles = old && context.isMapped(old);
  if (recompiles) context.decodeBlocks(old);
  const free = (ip: number) => {
    const head = headOf(ip);
    return head !== 0 && !blocks.isRegion(head);
  };
  /** True if the region at an address is replaced when the old region is recompiled. */
  const isReplaced = (ip: number) => {
    const region = recompiles ? context.regionAt(headOf(ip)) : undefined;
    return region !== undefined && (region === old || old!.pendingExtensions.has(region));
  };
  const executions = (ip: number) => blocks.records.executionsOf(headOf(ip));
  // A region that is being recompiled has proved to be long-lived.
  const minExecutions = Math.max(executionsWorthCompiling(executions(hot) ?? 0), recompiles ? stableExecutions : 0);
  const isFrequent = (ip: number) =>
    (executions(ip) ?? minExecutions) >= minExecutions || (recompiles && old.graph.blocks.has(ip)) === true;
  const limitsWith = (isFree: (ip: number) => boolean, mayEnter: (ip: number) => boolean): GrowthLimits => ({
    isDecoded: (ip) => headOf(ip) !== 0 && !context.regionAt(headOf(ip))?.graph.tree && isFrequent(ip),
    targets: (site) => profile.targets(site),
    noteCall: (ip) => profile.noteFunction(ip),
    mayEnter,
    isFree,
    isWorthwhile: (ip) => isFree(ip) && isFrequent(ip),
  });
  const regionAt = (ip: number): Region | undefined => context.regionAt(headOf(ip));
  /** True for a region of a loop of the same function that became hot before the whole function did. */
  const isPart = (region: Region | undefined): boolean =>
    region !== undefined &&
    !region.side &&
    !region.graph.tree &&
    start !== undefined &&
    region.roots[0] !== start &&
    profile.functionOf(region.roots[0]!) === start;
  // A side region ends where any other region begins. Other regions ignore side regions. The region of a
  // small whole function ignores its partial regions too.
  const sideLimits = limitsWith(free, free);
  const regionLimits = limitsWith(
    (ip) => free(ip) || isReplaced(ip) || regionAt(ip)?.side === true,
    (ip) => free(ip) || isReplaced(ip),
  );
  /** A graph of `functionLimits` has met a partial region, so one of `regionLimits` differs. */
  let metPart = false;
  const isIgnored = (ip: number): boolean => {
    const is = isPart(regionAt(ip));
    metPart ||= is;
    return is;
  };
  const functionLimits = limitsWith(
    (ip) => free(ip) || isReplaced(ip) || regionAt(ip)?.side === true || isIgnored(ip),
    (ip) => free(ip) || isReplaced(ip) || isIgnored(ip),
  );
  /**
   * The whole function, if it is small. For a large function, compiling all its parts again costs more than
   * it saves.
   */
  const grow = (roots: readonly number[]): BlockGraph | undefined => {
    metPart = false;
    const graph = roots[0] === start ? growGraph(reader, roots, functionLimits) : undefined;
    return graph && (graph.instructions <= smallFunction || !metPart) ? graph : growGraph(reader, roots, regionLimits);
  };
  const sidePlan = (ip: number): Plan => ({
    graph: growGraph(reader, [ip], sideLimits),
    roots: [ip],
    replaced: [],
    side: true,
    generation: 0,
  });

  let ip = hot;
  // The target of a jump out of the region is outside it, even if the address lies inside one of its blocks.
  const inside = recompiles && !jumpsOutTo(old.graph, hot) ? blockAround(old.graph, hot) : undefined;
  if (recompiles && inside !== undefined) {
    // The block is compiled, but there is no entry at it. The head of its loop becomes an entry.
    const loop = loopAround(old.graph, inside);
    if (loop !== undefined && free(loop)) ip = loop;
    else if (!context.forcesRegion(hot)) return undefined;
    if (reducibleEntries(old.graph, [ip]).length === 0) return sidePlan(ip);
  }
  if (recompiles) {
    // The region cannot grow any more.
    if (old.graph.full) return sidePlan(ip);
    const wait = Math.max(old.graph.instructions / instructionsPerExtension, 2 ** (old.generation - generations + 1));
    if (old.pendingExtensions.size + 1 < wait) return { ...sidePlan(ip), extensionOf: old };
    const roots = [...new Set([...old.roots, ...[...old.pendingExtensions].flatMap((r) => r.roots), ip])];
    const graph = growGraph(reader, roots, regionLimits);
    // The entries are known only after growth. If the block is still not covered, its heat would cause
    // another recompilation.
    const isCovered = inside !== undefined ? graph?.entries.includes(ip) : graph?.blocks.has(ip);
    if (!isCovered) return sidePlan(ip);
    return { graph, roots, replaced: [...old.pendingExtensions, old], side: false, generation: old.generation + 1 };
  }
  /**
   * Replaces partial regions whose entries are all in the new graph. Their roots become roots of the new
   * region, and entries where that keeps all loops reducible.
   */
  const ofRoots = (roots: readonly number[], graph = grow(roots)): Plan => {
    const found = [...(graph?.blocks.keys() ?? [])].map(regionAt).filter(isPart) as Region[];
    const parts = [...new Set(found)].filter((part) => part.graph.entries.every((entry) => graph!.blocks.has(entry)));
    const all = [...new Set([...roots, ...parts.flatMap((part) => part.roots)])];
    return { graph: parts.length === 0 ? graph : grow(all), roots: all, replaced: parts, side: false, generation: 0 };
  };
  if (start !== undefined && start !== ip && free(start)) {
    const graph = grow([start]);
    const block = graph && blockAround(graph, ip);
    if (block !== undefined) {
      const loop = loopAround(graph!, block);
      return loop === undefined || loop === start || !free(loop) ? ofRoots([start], graph) : ofRoots([start, loop]);
    }
    // Control from the function's start rarely reaches the block. So its loop becomes a region of its own.
    const all = growGraph(reader, [start], { ...regionLimits, isWorthwhile: regionLimits.isFree });
    const blockInAll = all && blockAround(all, ip);
    const loop = blockInAll === undefined ? undefined : loopAround(all!, blockInAll);
    if (loop !== undefined && free(loop)) ip = loop;
  }
  return ofRoots([ip]);
};

/**
 * Grows a region's graph again without the blocks at which other regions begin by now. `further` adds
 * entries.
 */
export const regrow = (
  old: Region,
  further: readonly number[],
  reader: BlockReader,
  { blocks, profile, regionAt }: RegionContext,
): BlockGraph | undefined => {
  const headOf = (ip: number) => reader.headOf(ip);
  const isFree = (ip: number) => headOf(ip) !== 0 && !blocks.isRegion(headOf(ip));
  const roots = [...old.roots, ...further.filter((ip) => blockAround(old.graph, ip) !== undefined)].filter(isFree);
  if (roots.length === 0) return undefined;
  return growGraph(reader, roots, {
    isDecoded: (ip) => headOf(ip) !== 0 && !regionAt(headOf(ip))?.graph.tree,
    targets: (site) => profile.targets(site),
    noteCall: () => {},
    mayEnter: isFree,
    isFree,
    isWorthwhile: (ip) =>
      isFree(ip) && (old.graph.blocks.has(ip) || (blocks.records.executionsOf(headOf(ip)) ?? stableExecutions) >= stableExecutions),
  });
};
