// The library's code cache: an opaque handle, because the format of compiled regions is internal.
import type { CodeStore } from "../../cpu/jit/cache/format.ts";
import { MemoryCodeStore } from "../code-memory.ts";
import { storeOf } from "./stores.ts";

/**
 * Keeps compiled code between runs in this process, and machines behind the starts of programs, apart from
 * the memory that all machines share. Give it as `code` to machines with the same options. The guest sees the
 * same results; later runs start with compiled code, and equal ones go on behind their start.
 *
 * @example
 * const code = new CodeMemory();
 * for (const seed of [1, 2, 3]) await Machine.run(program, { code, seed });
 */
export class CodeMemory {
  private readonly _store: CodeStore = new MemoryCodeStore();
  constructor() {
    storeOf.set(this, this._store);
  }
}
