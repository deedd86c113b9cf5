// Compiled code between runs of a program in one process: tests run the same guests again and again.
import type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion } from "../cpu/jit/cache/format.ts";

export type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion };

/** The greatest number of units. */
const most = 256;

/** For the machines of one program that have the same options: the `code` of each. */
export class MemoryCodeStore implements CodeStore {
  readonly #units = new Map<string, CachedRegions>();
  #modules = new WeakMap<Uint8Array, WebAssembly.Module>();
  load({ id }: CodeUnit): CachedRegions | undefined {
    return this.#units.get(id);
  }
  save(units: readonly (readonly [CodeUnit, CachedRegions])[]): void {
    for (const [{ id }, cached] of units) {
      // The latest last: the first are the oldest.
      this.#units.delete(id);
      this.#units.set(id, cached);
      if (this.#units.size > most) this.#units.delete(this.#units.keys().next().value as string);
    }
  }
  module({ wasm }: CompiledRegion): WebAssembly.Module | undefined {
    return this.#modules.get(wasm);
  }
  /** The module has it, and stays as it is. */
  native({ wasm }: CompiledRegion, module: WebAssembly.Module): undefined {
    this.#modules.set(wasm, module);
  }
}
