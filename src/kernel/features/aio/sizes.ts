// Bytes of objects of asynchronous I/O, as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** A context without its ring; a poll of it. */
  aioContext: 2048,
  aioRequest: 1024,
} as const;
