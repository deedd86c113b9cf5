// Compiled code between runs of a program in one process: tests run the same guests again and again.
import type { CachedRegion, CachedRegions, CodeStore, CompiledRegion } from "../cpu/jit/cache/format.ts";

export type { CachedRegion, CachedRegions, CodeStore, CompiledRegion };

/** For the machines of one program that have the same options: the `code` of each. */
export class MemoryCodeStore implements CodeStore {
  #cached: CachedRegions | undefined;
  #modules = new WeakMap<Uint8Array, WebAssembly.Module>();
  load(): CachedRegions | undefined {
    return this.#cached;
  }
  save(cached: CachedRegions): void {
    this.#cached = cached;
  }
  module({ wasm }: CompiledRegion): WebAssembly.Module | undefined {
    return this.#modules.get(wasm);
  }
  /** The module has it, and stays as it is. */
  native({ wasm }: CompiledRegion, module: WebAssembly.Module): undefined {
    this.#modules.set(wasm, module);
  }
}
