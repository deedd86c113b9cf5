// Compiled code between runs of a program in one process: tests run the same guests again and again.
import type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion } from "../cpu/jit/cache/format.ts";

export type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion };

/** The greatest number of units, and of bytes of their WebAssembly modules. */
const MAX_UNITS = 256;
const MAX_BYTES = 2 ** 26;

const bytesOf = ({ regions }: CachedRegions): number => regions.reduce((sum, { compiled }) => sum + compiled.wasm.length, 0);

/** For the machines of programs that have the same options: the `code` of each. The oldest units go first. */
export class MemoryCodeStore implements CodeStore {
  private readonly _units = new Map<string, CachedRegions>();
  private _bytes = 0;
  private _modules = new WeakMap<Uint8Array, WebAssembly.Module>();
  load({ id }: CodeUnit): CachedRegions | undefined {
    return this._units.get(id);
  }
  save(units: readonly (readonly [CodeUnit, CachedRegions])[]): void {
    for (const [{ id }, cached] of units) {
      this._forget(id);
      this._units.set(id, cached);
      this._bytes += bytesOf(cached);
    }
    for (const id of this._units.keys()) {
      if (this._units.size <= MAX_UNITS && this._bytes <= MAX_BYTES) break;
      this._forget(id);
    }
  }
  private _forget(id: string): void {
    const known = this._units.get(id);
    if (!known) return;
    this._units.delete(id);
    this._bytes -= bytesOf(known);
  }
  module({ wasm }: CompiledRegion): WebAssembly.Module | undefined {
    return this._modules.get(wasm);
  }
  /** The module has it, and stays as it is. */
  native({ wasm }: CompiledRegion, module: WebAssembly.Module): undefined {
    this._modules.set(wasm, module);
  }
}
