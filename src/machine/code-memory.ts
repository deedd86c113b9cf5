// Compiled code between runs of a program in one process: tests run the same guests again and again.
import type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion } from "../cpu/jit/cache/format.ts";

export type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion };

/** The greatest number of units. */
const most = 256;

/** For the machines of one program that have the same options: the `code` of each. */
export class MemoryCodeStore implements CodeStore {
  private readonly _units = new Map<string, CachedRegions>();
  private _modules = new WeakMap<Uint8Array, WebAssembly.Module>();
  load({ id }: CodeUnit): CachedRegions | undefined {
    return this._units.get(id);
  }
  save(units: readonly (readonly [CodeUnit, CachedRegions])[]): void {
    for (const [{ id }, cached] of units) {
      // The latest last: the first are the oldest.
      this._units.delete(id);
      this._units.set(id, cached);
      if (this._units.size > most) this._units.delete(this._units.keys().next().value as string);
    }
  }
  module({ wasm }: CompiledRegion): WebAssembly.Module | undefined {
    return this._modules.get(wasm);
  }
  /** The module has it, and stays as it is. */
  native({ wasm }: CompiledRegion, module: WebAssembly.Module): undefined {
    this._modules.set(wasm, module);
  }
}
