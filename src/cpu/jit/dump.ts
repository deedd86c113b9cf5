// The text form of a compiled region for users (`--dump-jit`): its guest code block by block, with the
// meaning of each instruction.
import { describe } from "../describe/index.ts";
import { instructionText } from "../text/disassemble.ts";
import type { BlockGraph, JitBlock } from "./cfg/graph.ts";

const hex = (n: number): string => `0x${BigInt.asUintN(64, BigInt(n)).toString(16)}`;

/** True if a block of the region contains the address. */
export const regionContains = (graph: Pick<BlockGraph, "blocks">, address: number): boolean =>
  [...graph.blocks.values()].some((block) => block.ip <= address && address < block.end);

const exits = ({ blocks }: Pick<BlockGraph, "blocks">, { terminator, successors }: JitBlock): string =>
  `${terminator}${successors.length > 0 ? ` -> ${successors.map((key) => hex(blocks.get(key)?.ip ?? key)).join(", ")}` : ""}`;

/** The lines of the text form, blocks in the order of their addresses. */
export const dumpRegion = (graph: Pick<BlockGraph, "blocks">): string[] =>
  [...graph.blocks.values()]
    .sort((a, b) => a.ip - b.ip)
    .flatMap((block) => [
      `${hex(block.ip)}: ${exits(graph, block)}`,
      ...block.instructions.flatMap((d) => [
        `  ${hex(d.ip)}  ${instructionText(d)}`,
        ...describe(d)
          .split("\n")
          .map((line) => `      ${line}`),
      ]),
    ]);
