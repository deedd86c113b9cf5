// Flags of preadv2(2), pwritev2(2) and splice(2). Linux uapi linux/fs.h, include/linux/splice.h.

/** Polls for completion. */
export const RWF_HIPRI = 1;
/** As O_DSYNC, for one write. */
export const RWF_DSYNC = 2;
/** As O_SYNC, for one write. */
export const RWF_SYNC = 4;
/** -EAGAIN instead of a wait. */
export const RWF_NOWAIT = 8;
/** As O_APPEND, for one write. */
export const RWF_APPEND = 16;
/** The flags that Linux 6.6 knows. RWF_SUPPORTED. */
export const RWF_SUPPORTED = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND;

/** Pages move instead of being copied, where that is possible. */
export const SPLICE_F_MOVE = 1;
/** -EAGAIN instead of a wait for a pipe. */
export const SPLICE_F_NONBLOCK = 2;
/** More data follow. */
export const SPLICE_F_MORE = 4;
/** vmsplice(2): the pages are the pipe's from now on. */
export const SPLICE_F_GIFT = 8;
/** io_uring: the source is a registered file. */
export const SPLICE_F_FD_IN_FIXED = 0x8000_0000;
