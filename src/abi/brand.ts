// Branded number types, which the compiler does not mix up. They cost nothing at run time.

declare const brand: unique symbol;
/** `T` with the name `B` in its type. The value is a plain `T`. */
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** A user-space virtual address: 0 <= a < 2^47, so a double holds it exactly. */
export type VAddr = Brand<number, "VAddr">;
/** A file descriptor of a guest process. */
export type Fd = Brand<number, "Fd">;

/**
 * One past the highest address that user code may use (TASK_SIZE_MAX is one page less). Linux
 * arch/x86/include/asm/page_64_types.h
 */
export const USER_END = 2 ** 47;

/** A pointer argument that no user mapping can satisfy: reads and writes through it give EFAULT. */
export const BAD_ADDRESS = -1 as VAddr;

/**
 * The only way from two register halves to an address. Non-canonical and kernel addresses become BAD_ADDRESS.
 */
export const vaddr = (lo: number, hi: number): VAddr =>
  (hi >>> 0 < 0x8000 ? (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0) : BAD_ADDRESS) as VAddr;
