// Options of wait4(2) and waitid(2). Linux uapi linux/wait.h.

/** W* and __W* without the prefix. */
export const W = {
  NOHANG: 1,
  UNTRACED: 2,
  STOPPED: 2,
  EXITED: 4,
  CONTINUED: 8,
  NOWAIT: 0x0100_0000,
  NOTHREAD: 0x2000_0000,
  ALL: 0x4000_0000,
  CLONE: 0x8000_0000,
} as const;
