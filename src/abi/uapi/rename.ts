// Flags of renameat2(2). Linux uapi linux/fs.h.

/** -EEXIST if the new name exists. */
export const RENAME_NOREPLACE = 1;
/** The two names change places. */
export const RENAME_EXCHANGE = 2;
/** The old name becomes a whiteout: a character device 0:0. */
export const RENAME_WHITEOUT = 4;
