// A module that imports memory is told that it is shared by one bit, wherever among its imports the memory
// stands.
import { describe, expect, it } from "vitest";
import { generated } from "../../src/cpu/generated/code.ts";
import { wt } from "../../src/wasm/encoder.ts";
import { ModuleWriter } from "../../src/wasm/module.ts";
import { isShared, mostPages, takeShared } from "../../src/wasm/shared-memory.ts";

const memory = (shared: boolean) => new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
const written = (...limits: Parameters<ModuleWriter["done"]>): Uint8Array<ArrayBuffer> => {
  const m = new ModuleWriter();
  m.importTable("js", "table", 300);
  m.importFunc("js", "f", { params: [wt.i32], results: [] });
  return m.done(...limits) as Uint8Array<ArrayBuffer>;
};
const links = (wasm: Uint8Array<ArrayBuffer>, shared: boolean): void =>
  void new WebAssembly.Instance(new WebAssembly.Module(wasm), {
    vm: { memory: memory(shared) },
    js: { table: new WebAssembly.Table({ element: "anyfunc", initial: 300 }), f: () => {} },
  });
/** The first memory import after a table, a mutable global and a function of the type 200. */
const others = (flags: number): Uint8Array<ArrayBuffer> => {
  const imports = [4, 0, 1, 0x74, 1, 0x70, 1, 2, 3, 1, 0x62, 0, 3, 0x7f, 1, 0, 0, 0, 0xc8, 1, 0, 0, 2, flags, 1];
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, imports.length, ...imports);
};

describe("a memory import", () => {
  it("is of the kind that its module names", () => {
    expect([isShared(memory(false)), isShared(memory(true))]).toEqual([false, true]);
    links(written(1, mostPages), false);
    expect(() => links(written(1, mostPages), true)).toThrow(WebAssembly.LinkError);
    links(takeShared(written(1, mostPages)), true);
    links(written(1, mostPages, true), true);
    expect(takeShared(written(1, 1))).toEqual(written(1, 1, true));
  });
  it("differs by one bit, in every module of the build", () => {
    for (const bytes of [...generated.handlers, generated.routines]) {
      const [plain, shared] = [bytes(), takeShared(bytes())];
      const changed = [...plain.keys()].filter((n) => plain[n] !== shared[n]);
      expect(changed.map((n) => [plain[n], shared[n]])).toEqual([[1, 3]]);
      expect(WebAssembly.Module.imports(new WebAssembly.Module(shared)).some(({ kind }) => kind === "memory")).toBe(true);
    }
  });
  it("is found behind others", () => {
    expect(takeShared(others(1))).toEqual(others(3));
  });
  it("is left alone where it is not as expected", () => {
    expect(() => takeShared(written(1))).toThrow("limits' flags are 0");
    expect(() => takeShared(takeShared(written(1, 1)))).toThrow("limits' flags are 3");
    expect(() => takeShared(others(1).fill(4, 38, 39))).toThrow("import of kind 4");
    expect(() => takeShared(others(1).subarray(0, 16))).toThrow("it ends");
    expect(() => takeShared(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 1, 0))).toThrow("no memory among its imports");
  });
});
