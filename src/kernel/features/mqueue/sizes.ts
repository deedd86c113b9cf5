// Bytes of objects of message queues, as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** A message without its bytes. */
  ipcMessage: 384,
} as const;
