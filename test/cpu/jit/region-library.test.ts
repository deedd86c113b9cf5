// The library of regions: code and module of an entry belong together, for the host's code of a module is
// stored with the code. V8 does not check that they fit.
import { describe, expect, it } from "vitest";
import type { CachedRegion } from "../../../src/cpu/jit/cache/format.ts";
import { RegionLibrary } from "../../../src/cpu/jit/cache/library.ts";

const file = { id: "u", name: "u", content: "c", position: 0, start: 0, end: 4096 };
/** An empty module with a custom section, so that modules differ. */
const moduleOf = (n: number) => new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 3, 1, 0x61, n));
const regionOf = (n: number) => ({ roots: [16], compiled: { base: 0, wasm: Uint8Array.of(n) } }) as unknown as CachedRegion;

describe("an entry of two instances", () => {
  it("has the module of its data when the older instance ends after the newer one was compiled anew", () => {
    const library = new RegionLibrary();
    const [older, newer] = [moduleOf(1), moduleOf(2)];
    const entry = library.add(16, 0, file, () => regionOf(1));
    library.changed(entry, () => regionOf(2), newer);
    library.settle(entry, regionOf(1), older);
    expect(entry.data.compiled.wasm).toEqual(Uint8Array.of(1));
    expect(entry.module).toBe(older);
    library.changed(entry, () => regionOf(2), newer);
    expect([entry.data.compiled.wasm, entry.module]).toEqual([Uint8Array.of(2), newer]);
  });
});
