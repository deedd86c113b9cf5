// Bytes of objects of keyrings, as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** A key without its description and payload; a link of a keyring. */
  key: 1024,
  keyLink: 192,
} as const;
