// WebAssembly modules for generated code: the sections around the functions that encoder.ts writes.
// https://webassembly.github.io/spec/core/binary/modules.html

import { Bytes, type FunctionBytes, op, type WasmType } from "./encoder.ts";
import { limits } from "./shared-memory.ts";

/** The type of a function: parameters and results. */
export interface FuncType {
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
}

/** A module under construction. Function indices: imports first, then functions in order of `func`. */
export class ModuleWriter {
  readonly #types: string[] = [];
  readonly #typeList: FuncType[] = [];
  readonly #imports: { module: string; name: string; type: number }[] = [];
  readonly #globals: { module: string; name: string; type: WasmType }[] = [];
  readonly #funcs: { type: number; body: FunctionBytes }[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  readonly #elements: number[] = [];
  #firstSlot = 0;
  #first: { name: string; size: number; most: number } | undefined;
  #second: { name: string; size: number; most: number } | undefined;
  #importedTable: { module: string; name: string; size: number } | undefined;

  type(t: FuncType): number {
    const key = `${t.params}:${t.results}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#typeList.push(t);
    return this.#types.push(key) - 1;
  }
  importFunc(module: string, name: string, t: FuncType): number {
    if (this.#funcs.length) throw new Error("imports come before functions");
    return this.#imports.push({ module, name, type: this.type(t) }) - 1;
  }
  /** Imports a constant. Returns its index among globals. */
  importGlobal(module: string, name: string, type: WasmType): number {
    return this.#globals.push({ module, name, type }) - 1;
  }
  func(t: FuncType, body: FunctionBytes): number {
    return this.#imports.length + this.#funcs.push({ type: this.type(t), body }) - 1;
  }
  exportFunc(name: string, index: number): void {
    this.#exports.push({ name, index });
  }
  /** Appends a function to the table. Returns its slot. */
  element(index: number): number {
    return this.#firstSlot + this.#elements.push(index) - 1;
  }

  /** Declares table 0, exported under a name, with slots for elements of other modules. */
  firstTable(name: string, size: number, most = size): void {
    this.#first = { name, size, most };
  }

  /** Declares table 1, exported empty under a name. */
  secondTable(name: string, size: number): void {
    this.#second = { name, size, most: size };
  }

  /**
   * Imports a table as table 0, with at least `size` elements. This module's elements start at `firstSlot`.
   */
  importTable(module: string, name: string, size: number, firstSlot = 0): void {
    this.#importedTable = { module, name, size };
    this.#firstSlot = firstSlot;
  }

  /** Replaces the number of an own function by its index, which is known when all imports are. */
  #setIndex(body: FunctionBytes, at: number): void {
    const index = this.#imports.length + (body[at]! & 0x7f);
    if (index >= 1 << 14) throw new Error("the index of an own function has more than two bytes");
    body[at] = (index & 0x7f) | 0x80;
    body[at + 1] = index >> 7;
  }

  /**
   * The module's bytes. Memory is imported as vm.memory with `least` to `most` pages of 64 KiB. If both are
   * equal, the engine knows that memory never moves and does not reload its base after calls. It then omits
   * the check of an imported table's size, too.
   */
  done(least: number, most?: number, shared = false): Uint8Array {
    const exactly = most === least;
    const out = new Bytes();
    out.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const section = (id: number, fill: (b: Bytes) => void) => {
      const b = new Bytes();
      fill(b);
      out.byte(id);
      out.u(b.length);
      out.bytes(b.done());
    };
    section(1, (b) => {
      b.u(this.#typeList.length);
      for (const t of this.#typeList) {
        b.byte(0x60);
        b.u(t.params.length);
        b.bytes([...t.params]);
        b.u(t.results.length);
        b.bytes([...t.results]);
      }
    });
    section(2, (b) => {
      b.u(this.#imports.length + this.#globals.length + (this.#importedTable ? 2 : 1));
      b.name("vm");
      b.name("memory");
      b.bytes([2, (most === undefined ? 0 : limits.most) | (shared ? limits.shared : 0)]);
      b.u(least);
      if (most !== undefined) b.u(most);
      if (this.#importedTable) {
        b.name(this.#importedTable.module);
        b.name(this.#importedTable.name);
        b.bytes([1, 0x70, exactly ? 1 : 0]);
        b.u(this.#importedTable.size);
        if (exactly) b.u(this.#importedTable.size);
      }
      for (const { module, name, type } of this.#globals) {
        b.name(module);
        b.name(name);
        b.bytes([3, type, 0]);
      }
      for (const i of this.#imports) {
        b.name(i.module);
        b.name(i.name);
        b.byte(0);
        b.u(i.type);
      }
    });
    section(3, (b) => {
      b.u(this.#funcs.length);
      for (const f of this.#funcs) b.u(f.type);
    });
    const tables = [this.#first, this.#second].filter((table) => table !== undefined);
    if (tables.length)
      section(4, (b) => {
        b.u(tables.length);
        for (const { size, most } of tables) {
          b.bytes([0x70, 1]);
          b.u(size);
          b.u(most);
        }
      });
    section(7, (b) => {
      b.u(this.#exports.length + tables.length);
      tables.forEach(({ name }, index) => {
        b.name(name);
        b.byte(1);
        b.u(index);
      });
      for (const e of this.#exports) {
        b.name(e.name);
        b.byte(0);
        b.u(e.index);
      }
    });
    if (this.#elements.length)
      section(9, (b) => {
        b.u(1);
        b.byte(0);
        b.byte(op.i32const);
        b.s32(this.#firstSlot);
        b.byte(op.end);
        b.u(this.#elements.length);
        for (const e of this.#elements) b.u(e);
      });
    // https://webassembly.github.io/branch-hinting/core/appendix/custom.html: the section precedes the code
    // section.
    const hinted = this.#funcs.flatMap(({ body }, n) =>
      body.hints?.length ? [{ index: this.#imports.length + n, hints: body.hints }] : [],
    );
    if (hinted.length)
      section(0, (b) => {
        b.name("metadata.code.branch_hint");
        b.u(hinted.length);
        for (const { index, hints } of hinted) {
          b.u(index);
          b.u(hints.length);
          for (const { at, likely } of hints) {
            b.u(at);
            b.u(1);
            b.byte(likely ? 1 : 0);
          }
        }
      });
    section(10, (b) => {
      b.u(this.#funcs.length);
      for (const { body } of this.#funcs) {
        for (const at of body.ownCalls ?? []) this.#setIndex(body, at);
        b.u(body.length);
        b.bytes(body);
      }
    });
    return out.done();
  }
}
