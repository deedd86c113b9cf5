// Graphs drawn in assembly, for tests of the region compiler's stages. The first stage grows them over the
// assembled bytes as it would over guest code that the interpreter has decoded.

import type { BlockGraph } from "../../../src/cpu/jit/cfg/graph.ts";
import type { CodeView } from "../../../src/cpu/jit/cfg/grow-graph.ts";
import { BlockReader, growGraph } from "../../../src/cpu/jit/cfg/grow-graph.ts";
import { contexts } from "../../../src/cpu/machine/context.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { plainDecoder } from "../../../src/cpu/text/disassemble.ts";
import { CODE } from "./twins.ts";

/** The code's only frame. */
const FRAME = 0x40_0000;

/** A graph, and the names of its blocks. */
export interface Drawn {
  readonly graph: BlockGraph;
  /** The key of a block by its label. */
  readonly key: (label: string) => number;
  /** The labels of some blocks, sorted; addresses without label in hexadecimal. */
  readonly labels: (keys: Iterable<number>) => string[];
}

/**
 * The graph of a function in assembly. It begins at the first instruction and at the labels `entries`.
 * `targets`: labels that indirect jumps lead to. `at`: the address of the first instruction.
 */
export const draw = (
  source: string,
  {
    mode = 64,
    entries = [],
    targets = [],
    at = CODE,
  }: { mode?: 64 | 32; entries?: readonly string[]; targets?: readonly string[]; at?: number } = {},
): Drawn => {
  const { bytes, labels } = assemble(source, { mode, at: at });
  const decoder = plainDecoder();
  const isInside = (ip: number): boolean => ip >= at && ip < at + bytes.length;
  const code: CodeView = {
    context: contexts.findIndex((context) => context.mode === mode && context.flat),
    decodeOne: (ip) => (isInside(ip) && decoder.decode(bytes, ip - at, bytes.length, ip, mode) === "ok" ? decoder.d : undefined),
    frameOf: (ip) => (isInside(ip) || ip % 4096 === 0 ? FRAME : -1),
    headOf: (ip) => (isInside(ip) ? 1 : 0),
    linearOf: (d) => d.disp,
    pointerAt: () => undefined,
  };
  const addressOf = (label: string): number => {
    const address = labels.get(label);
    if (address === undefined) throw new Error(`no label ${label}`);
    return address;
  };
  const reader = new BlockReader(code, { landing: () => undefined, addressOf: () => -1 });
  const graph = growGraph(reader, [at, ...entries.map(addressOf)], {
    isFree: isInside,
    isWorthwhile: isInside,
    isDecoded: isInside,
    mayEnter: isInside,
    targets: () => targets.map(addressOf),
    noteCall: () => {},
  });
  if (!graph) throw new Error("the first instruction cannot be compiled");
  const names = new Map([...labels].map(([label, address]) => [address, label]));
  return {
    graph,
    key: addressOf,
    labels: (keys) => [...keys].map((key) => names.get(key) ?? key.toString(16)).sort(),
  };
};
