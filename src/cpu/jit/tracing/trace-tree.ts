// The graph of a trace tree. It has one block for each position of each trace, so that facts from the end of
// a block hold in the next one. Control leaves the tree where it takes another path, and jumps from the end
// of each trace to the root. So a tree is one loop without calls, and its registers stay in locals.
import type { BlockGraph, JitBlock } from "../cfg/graph.ts";
import { type BlockReader, readBlock } from "../cfg/grow-graph.ts";
import { isDirect, type TraceNode, type TraceTree } from "./trace-recorder.ts";

/** The terminator of a block in a tree. A call becomes a jump, because its return point is on the trace. */
const terminatorOf = (block: JitBlock): JitBlock["terminator"] =>
  block.terminator !== "call" ? block.terminator : isDirect(block) ? "branch" : "jump";

/** The graph of a trace tree. Blocks are decoded again by `reader`. */
export const graphOfTree = (reader: BlockReader, { root }: TraceTree): BlockGraph => {
  const pages = new Map<number, number>();
  const blocks = new Map<number, JitBlock>();
  const read = new Map<number, JitBlock>();
  let instructions = 0;
  // Keys that are no addresses, below the dispatcher's key.
  let key = -1;
  const add = (node: TraceNode, own: number): number => {
    const { ip } = node.block;
    const block = read.get(ip) ?? readBlock(reader, ip, new Set(), pages)!;
    read.set(ip, block);
    instructions += block.instructions.length;
    const successors: number[] = [];
    blocks.set(own, { ...block, key: own, terminator: terminatorOf(block), successors });
    // The most frequent successor is last, because it is placed inline.
    const next = [...node.next].sort((a, b) => a.executions - b.executions);
    for (const one of next) successors.push(add(one, --key));
    if (node.closes > 0) successors.splice(next.filter((one) => one.executions <= node.closes).length, 0, root.block.ip);
    return own;
  };
  add(root, root.block.ip);
  return { entries: [root.block.ip], blocks, pages, instructions, full: false, tree: true };
};
