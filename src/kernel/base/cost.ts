// How long work of the kernel takes, in nanoseconds of virtual time: about as long as under Linux on a processor of some gigahertz. `Kernel.charge`
// takes them. None may depend on the host, nor on how code is run: guests see the clock.

export const cost = {
  /** A system call that does little. */
  call: 100,
  /** A byte copied, or zeroed, or compared. */
  byte: 0.1,
  /** A byte of a random number. Linux's ChaCha20 gives half a gigabyte a second. */
  randomByte: 2,
  /** A page whose entry in the page table is looked at or changed. */
  page: 25,
  /** A character of a text that is made for a reader. */
  character: 1,
  /** A mapping that is made, changed or taken away. */
  mapping: 100,
  /** An entry of a list, tree or table that a call goes through. */
  entry: 10,
  /** A fault or trap that becomes a signal. */
  fault: 500,
} as const;

/** Bytes that a call copies at most before it gives way (`again` in wait.ts). Other work gives way after as much time, a tenth of a millisecond. */
export const PIECE_BYTES = 1 << 20;
