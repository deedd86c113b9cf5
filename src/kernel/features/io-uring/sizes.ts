// Bytes of objects of io_uring, as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** A request with its view of its task. */
  uringRequest: 2048,
  /** A completion without a place. */
  completion: 24,
  /** A run of provided buffers, and a group of those. */
  providedBuffers: 192,
  bufferGroup: 384,
  /** A registered buffer; registered credentials. */
  fixedBuffer: 96,
  personality: 96,
} as const;
