// The code cache of one process: compiled regions stay in memory between runs of a program.
import type { CodeStore, Kept, KeptRegion, Made } from "../cpu/jit/cache/format.ts";

export type { CodeStore, Kept, KeptRegion, Made };

/** For the machines of one program that have the same options: the `code` of each. */
export class MemoryCodeStore implements CodeStore {
  #kept: Kept | undefined;
  #modules = new WeakMap<Uint8Array, WebAssembly.Module>();
  load(): Kept | undefined {
    return this.#kept;
  }
  save(kept: Kept): void {
    this.#kept = kept;
  }
  module({ wasm }: Made): WebAssembly.Module | undefined {
    return this.#modules.get(wasm);
  }
  /** The module has it, and stays as it is. */
  native({ wasm }: Made, module: WebAssembly.Module): undefined {
    this.#modules.set(wasm, module);
  }
}
