// `trapgate run --dump-jit ADDRESS`: the compiled region that holds an address, as guest code, pseudo-code
// and WebAssembly's text.
import { createRequire } from "node:module";
import type { BlockGraph } from "../../cpu/jit/cfg/graph.ts";
import { dumpRegion, regionContains } from "../../cpu/jit/dump.ts";
import type { Machine } from "../../machine/machine.ts";

/** The used part of wabt, an optional package. https://github.com/AssemblyScript/wabt.js */
interface Wabt {
  readWasm(
    bytes: Uint8Array,
    options: Readonly<Record<string, boolean>>,
  ): { toText(options: { readonly foldExprs: boolean }): string; destroy(): void };
}
const features = {
  readDebugNames: true,
  simd: true,
  bulk_memory: true,
  tail_call: true,
  threads: true,
  sat_float_to_int: true,
  sign_extension: true,
} as const;

const wasmText = async (wasm: Uint8Array): Promise<string[]> => {
  let start: () => Promise<Wabt>;
  try {
    start = createRequire(import.meta.url)("wabt") as () => Promise<Wabt>;
  } catch {
    return [`(${wasm.length} bytes of WebAssembly; their text needs the package wabt: npm install wabt)`];
  }
  const module = (await start()).readWasm(wasm, features);
  const text = module.toText({ foldExprs: true });
  module.destroy();
  return text.trimEnd().split("\n");
};

/** Watches a machine; afterwards `report` prints the last region that held the address. */
export const watchRegions = (machine: Machine, address: number): { report(say: (line: string) => void): Promise<void> } => {
  let last: { readonly graph: BlockGraph; readonly wasm: Uint8Array } | undefined;
  let regions = 0;
  machine.onRegion = (graph, wasm) => {
    regions++;
    if (regionContains(graph, address)) last = { graph, wasm };
  };
  return {
    async report(say) {
      const at = `0x${address.toString(16)}`;
      if (!last) return say(`trapgate: --dump-jit: none of the ${regions} compiled regions holds ${at}`);
      const { graph, wasm } = last;
      for (const line of [
        `${graph.tree ? "trace tree" : "region"} with ${at}: ${graph.blocks.size} blocks, ${wasm.length} bytes of WebAssembly`,
        ...dumpRegion(graph),
      ])
        say(line);
      for (const line of await wasmText(wasm)) say(line);
    },
  };
};
