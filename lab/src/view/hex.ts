// Numbers in hexadecimal.

/** `0x1f`, with so many digits at least. */
export const hex = (n: number | bigint, digits = 0): string => `0x${n.toString(16).padStart(digits, "0")}`;
