// The graph of a trace tree: one block for each place of each trace, so that what is known at the end of one is known in the next. Control leaves it where it
// goes another way, and goes round from the end of each trace to the root: it is one loop without calls, whose registers stay in locals.
import type { Graph, JitBlock } from "../cfg/graph.ts";
import { type BlockReader, readBlock } from "../cfg/grow-graph.ts";
import { isDirect, type TraceNode, type TraceTree } from "./trace-recorder.ts";

/** How a block ends in a tree: a call is the jump that it is, for where it comes back to is on the trace. */
const terminatorOf = (block: JitBlock): JitBlock["terminator"] =>
  block.terminator !== "call" ? block.terminator : isDirect(block) ? "branch" : "jump";

export const graphOfTree = (reader: BlockReader, { root }: TraceTree): Graph => {
  const pages = new Map<number, number>();
  const blocks = new Map<number, JitBlock>();
  const read = new Map<number, JitBlock>();
  let instructions = 0;
  // No address: below the dispatcher's.
  let key = -1;
  const add = (node: TraceNode, own: number): number => {
    const { ip } = node.block;
    const block = read.get(ip) ?? readBlock(reader, ip, new Set(), pages)!;
    read.set(ip, block);
    instructions += block.instructions.length;
    const successors: number[] = [];
    blocks.set(own, { ...block, key: own, terminator: terminatorOf(block), successors });
    // The most frequent one last: it is written in line.
    const next = [...node.next].sort((a, b) => a.executions - b.executions);
    for (const one of next) successors.push(add(one, --key));
    if (node.closes > 0) successors.splice(next.filter((one) => one.executions <= node.closes).length, 0, root.block.ip);
    return own;
  };
  add(root, root.block.ip);
  return { entries: [root.block.ip], blocks, pages, instructions, full: false, tree: true };
};
