// The memory system calls over an AddressSpace. All lengths and addresses are `ulong` arguments as numbers up to 2^64 (not `ptr`,
// whose BAD_ADDRESS has lost its alignment); all results are 0, an address, or -errno, in Linux's order of checks.
import type { MappedFile } from "./backing.ts";
import type { AddressSpace } from "./space.ts";

export interface MapRequest {
  readonly at: number;
  readonly length: number;
  /** PROT_* and MAP_* as the caller gave them. */
  readonly prot: number;
  readonly flags: number;
  /** The open file of `fd`; undefined with MAP_ANONYMOUS. (EBADF is the caller's to find.) */
  readonly file?: MappedFile | undefined;
  /** Offset in bytes, a multiple of 4096 (mmap checks: EINVAL; mmap2 multiplies). */
  readonly offset: number;
  /** The call came through a 32-bit door: place it where 32-bit code can reach it. */
  readonly compat: boolean;
}

const notYet = (..._: unknown[]): number => { throw new Error("not yet"); };

export const mmap = (space: AddressSpace, request: MapRequest): number => notYet(space, request);
export const munmap = (space: AddressSpace, at: number, length: number): number => notYet(space, at, length);
export const mprotect = (space: AddressSpace, at: number, length: number, prot: number): number => notYet(space, at, length, prot);
/** Returns the new address. */
export const mremap = (space: AddressSpace, at: number, oldLength: number, newLength: number, flags: number, newAt: number, compat: boolean): number =>
  notYet(space, at, oldLength, newLength, flags, newAt, compat);
export const madvise = (space: AddressSpace, at: number, length: number, advice: number): number => notYet(space, at, length, advice);
export const msync = (space: AddressSpace, at: number, length: number, flags: number): number => notYet(space, at, length, flags);
/** `vec` is a user address. */
export const mincore = (space: AddressSpace, at: number, length: number, vec: number): number => notYet(space, at, length, vec);
/** Returns the break: the old one if it cannot be moved (the system call never fails). */
export const brk = (space: AddressSpace, to: number): number => notYet(space, to);
export const mlock = (space: AddressSpace, at: number, length: number, onFault?: boolean): number => notYet(space, at, length, onFault);
export const munlock = (space: AddressSpace, at: number, length: number): number => notYet(space, at, length);
export const mlockall = (space: AddressSpace, flags: number): number => notYet(space, flags);
export const munlockall = (space: AddressSpace): number => notYet(space);
