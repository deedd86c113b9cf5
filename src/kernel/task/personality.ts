// personality(2). Linux uapi linux/personality.h.

/** Execution domains, their mask, and flags. */
export const PER = {
  LINUX: 0,
  LINUX32: 8,
  MASK: 0xff,
  UNAME26: 0x0020000,
  ADDR_NO_RANDOMIZE: 0x0040000,
  READ_IMPLIES_EXEC: 0x0400000,
  STICKY_TIMEOUTS: 0x4000000,
  ADDR_COMPAT_LAYOUT: 0x0200000,
} as const;

/** uname(2) machine: "i686" for a 32-bit personality. */
export const machineOf = (personality: number): string => ((personality & PER.MASK) === PER.LINUX32 ? "i686" : "x86_64");
