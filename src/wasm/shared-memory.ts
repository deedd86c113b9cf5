// The memory that generated modules import. It may be shared (a SharedArrayBuffer), which a module that imports it has to say by a bit. The built
// modules say that it is not; the bit is set when they are loaded for a memory that is: one set of them serves both kinds.
// https://webassembly.github.io/threads/core/binary/types.html#limits

/** A memory that is shared has a maximum, and what imports it names one that is no less: in 64 KiB pages, the most there is. */
export const mostPages = 65536;

/** Not by `instanceof`: a page that is not cross-origin isolated has no SharedArrayBuffer. */
export const isShared = ({ buffer }: WebAssembly.Memory): boolean => buffer[Symbol.toStringTag] === ("SharedArrayBuffer" as string);

/** Flags of limits. */
export const limits = { most: 1, shared: 2 } as const;
const kinds = { func: 0, table: 1, memory: 2, global: 3 } as const;
const IMPORTS = 2;

/** A module that imports a memory with a maximum, in place: made to import a shared one. */
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
