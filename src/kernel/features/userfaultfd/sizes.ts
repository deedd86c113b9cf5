// Bytes of objects of userfaultfd(2), as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** An instance; a page whose writes it asks for, or that it has poisoned. */
  userfault: 2560,
  uffdPage: 64,
} as const;
