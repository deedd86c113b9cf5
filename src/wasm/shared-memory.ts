// Memory that generated modules import. A module that imports a shared memory (SharedArrayBuffer) declares
// that by a flag. The build emits modules for unshared memory. The flag is set at load time for shared
// memory, so that one set of modules serves both.
// https://webassembly.github.io/threads/core/binary/types.html#limits

/**
 * Maximum of a memory in 64 KiB pages. A shared memory needs a maximum, and an import must declare one that
 * is not smaller.
 */
export const mostPages = 65536;

/**
 * True if the memory is shared. `instanceof` does not work: a page without cross-origin isolation has no
 * SharedArrayBuffer.
 */
export const isShared = ({ buffer }: WebAssembly.Memory): boolean => buffer[Symbol.toStringTag] === ("SharedArrayBuffer" as string);

/** Flags of limits in the binary format. */
export const limits = { most: 1, shared: 2 } as const;
const kinds = { func: 0, table: 1, memory: 2, global: 3 } as const;
const IMPORTS = 2;

/**
 * Changes a module's memory import from unshared to shared, in place. The import must have a maximum. Throws
 * if the bytes have another form.
 */
export const takeShared = <T extends Uint8Array>(wasm: T): T => {
  let at = 8;
  const byte = (): number => wasm[at++] ?? wrong("it ends");
  const u = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const b = byte();
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
  };
  const wrong = (why: string): never => {
    throw new Error(`a module that is to import shared memory: ${why} at byte ${at}`);
  };
  const skipName = (): void => {
    const length = u();
    at += length;
  };
  const skipLimits = (): void => {
    const flags = byte();
    u();
    if (flags & limits.most) u();
  };
  while (byte() !== IMPORTS) skipName();
  u();
  for (let left = u(); left > 0; left--) {
    skipName();
    skipName();
    const kind = byte();
    if (kind === kinds.memory) {
      const flags = byte();
      if (flags !== limits.most) wrong(`limits' flags are ${flags}`);
      wasm[at - 1] = flags | limits.shared;
      return wasm;
    }
    if (kind === kinds.func) u();
    else if (kind === kinds.global) at += 2;
    else if (kind === kinds.table) {
      byte();
      skipLimits();
    } else wrong(`import of kind ${kind}`);
  }
  return wrong("no memory among its imports");
};
