// Tables beside a machine's memory: an entry for each frame or page. They have several MiB, and V8 collects
// garbage for each such allocation. So a machine that ends can leave its tables to the next machine in the
// same memory.

const left = new WeakMap<WebAssembly.Memory, Map<string, ArrayBuffer>>();

/**
 * A table by its name, with its size in bytes: the one that was left for this memory, or a new one of zeros.
 */
export const takeTable = (memory: WebAssembly.Memory, name: string, bytes: number): ArrayBuffer => {
  const table = left.get(memory)?.get(name);
  left.get(memory)?.delete(name);
  return table?.byteLength === bytes ? table : new ArrayBuffer(bytes);
};

/** Leaves a table to the next machine in this memory. Its owner must not use it any more. */
export const leaveTable = (memory: WebAssembly.Memory, name: string, table: ArrayBufferLike): void => {
  const tables = left.get(memory) ?? new Map<string, ArrayBuffer>();
  left.set(memory, tables.set(name, table as ArrayBuffer));
};
