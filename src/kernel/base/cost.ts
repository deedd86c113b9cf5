// Costs of kernel work in nanoseconds of virtual time, about as long as Linux takes on a processor of some
// gigahertz. `Kernel.charge` takes them. No cost may depend on the host or on the tier, because guests see
// the clock.

/** Costs in nanoseconds of virtual time. */
export const cost = {
  /** A short system call. */
  call: 100,
  /** A byte copied, or zeroed, or compared. */
  byte: 0.1,
  /** A byte of a random number, as from Linux's ChaCha20. */
  randomByte: 2,
  /** A page table entry that is read or changed. */
  page: 25,
  /** A character of generated text, for example in /proc. */
  character: 1,
  /** A mapping that is made, changed or removed. */
  mapping: 100,
  /** An entry of a list, tree or table that a call visits. */
  entry: 10,
  /** The walk of a path, besides its components. */
  path: 400,
  /** A name that begins, ends or moves, with its inode. */
  name: 1500,
  /** A fault or trap that becomes a signal. */
  fault: 500,
} as const;

/**
 * The largest piece of a copying call, in bytes (`again` in wait.ts). Other pieces take as much virtual time.
 */
export const PIECE_BYTES = 1 << 20;
