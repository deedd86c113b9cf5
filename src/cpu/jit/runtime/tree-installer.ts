// Installs the trace trees that sampling windows show, and evicts those that no longer run. The chapter
// docs/design/traces.md specifies it.

import type { Blocks } from "../../interp/block-cache.ts";
import { contexts } from "../../machine/context.ts";
import type { BlockGraph } from "../cfg/graph.ts";
import { BlockReader } from "../cfg/grow-graph.ts";
import { loopScopes, structureOf } from "../cfg/structure.ts";
import { coverageOf, type TraceStep, type TraceTree, type TreeLimits, traceTrees } from "../tracing/trace-recorder.ts";
import type { TraceSampler } from "../tracing/trace-sampler.ts";
import { graphOfTree } from "../tracing/trace-tree.ts";
import type { ActiveRegions } from "./active-regions.ts";
import type { JitLinks } from "./region-modules.ts";
import { type Region, type RegionContext, type RegionShape, regrow } from "./region-plan.ts";

/** Regions, at most, that may contain the root of a trace tree. */
const maxRegionsPerRoot = 2;

/** The parts of the region table that the installer uses. */
export interface TreeLinks {
  readonly blocks: Blocks;
  readonly links: JitLinks;
  readonly active: ActiveRegions;
  readonly context: RegionContext;
  /** Upper bound of the instructions of a tree. */
  readonly treeSize: number;
  /** Compiles a graph and activates the region. */
  add(graph: BlockGraph, shape: RegionShape): Region;
  /** Removes a region that a better one replaces. */
  forget(region: Region): void;
}

/** Adds a sampling window. Installs and evicts trace trees as the sampler decides. */
export const addWindow = (at: TreeLinks, window: readonly TraceStep[], now: number, sampler: TraceSampler): void => {
  const { active, blocks } = at;
  const { context } = blocks;
  const installed = (): Region[] => active.all.filter(({ graph, context: of }) => graph.tree && of === context);
  const { install, evict } = sampler.addWindow(window, now, () => {
    const around: TreeLimits = {
      size: at.treeSize,
      mayStart: (ip) =>
        contexts[context]!.flat && active.around(ip).length <= maxRegionsPerRoot && !active.at(blocks.headOf(ip))?.graph.tree,
      loopAt: (ip) => {
        for (const { graph } of active.around(ip))
          for (const body of loopScopes(graph, structureOf(graph)).values()) if (body.has(ip)) return body;
        return undefined;
      },
    };
    const trees = new Map(installed().map(({ graph }) => [graph.entries[0]!, graph]));
    return {
      coverage: (windows) => coverageOf(windows, trees),
      trees: (windows, inside) => traceTrees(windows, inside, new BlockReader(blocks, at.links), around),
    };
  });
  if (evict.length > 0) for (const region of installed()) if (evict.includes(region.graph.entries[0]!)) at.forget(region);
  if (install.length > 0) installTrees(at, install);
};

/**
 * Installs trace trees. A tree is entered where other regions exit at its root. So each region that contains
 * the root is recompiled without it, with entries at the exits of the tree.
 */
const installTrees = (at: TreeLinks, trees: readonly TraceTree[]): void => {
  const { active, blocks, links, context } = at;
  const around = new Set<Region>();
  for (const tree of trees) {
    const { ip } = tree.root.block;
    if (blocks.headOf(ip) === 0) continue;
    for (const region of active.around(ip)) {
      around.add(region);
      context.decodeBlocks(region);
      at.forget(region);
    }
    at.add(graphOfTree(new BlockReader(blocks, links), tree), { roots: [ip], patched: false, side: false, generation: 0 });
  }
  const exits = trees.flatMap((tree) => tree.exits);
  for (const old of around) {
    const graph = regrow(old, exits, new BlockReader(blocks, links), context);
    if (graph) at.add(graph, { ...old, roots: graph.entries });
  }
};
