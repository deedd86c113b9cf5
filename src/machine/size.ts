// Sizes as users give them: bytes, or a number with a unit: 64M, 1G. Units are powers of 1024, as in dd(1).

/** Bytes, or a number of KiB, MiB or GiB: `"64M"`, `"1G"`. */
export type Size = number | `${number}${"" | "K" | "M" | "G"}`;

/**
 * The least and the most memory of a machine in bytes. A 32-bit WebAssembly memory holds 4 GiB, ours
 * included.
 */
export const MIN_MEMORY = 2 ** 20;
/** The memory of a machine without the option. */
export const DEFAULT_MEMORY = 2 ** 30;
/** The most memory of a machine in bytes. */
export const MAX_MEMORY = 2 ** 32 - 2 ** 28;

const units: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/**
 * The size in bytes; undefined if the text is no size. "64M", "64MiB", "64mb" and "67108864" are the same.
 */
export const bytesOf = (size: number | string): number | undefined => {
  if (typeof size === "number") return size;
  const match = /^(\d+)([kmg]?)i?b?$/i.exec(size);
  return match ? Number(match[1]) * (units[(match[2] as string).toLowerCase()] as number) : undefined;
};
