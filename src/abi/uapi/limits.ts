// Limits of names, strings and buffers. Linux uapi linux/limits.h, linux/binfmts.h, linux/uio.h.

/** Size of a path with its NUL, in bytes. */
export const PATH_MAX = 4096;
/** Size of one argument or environment string with its NUL, in bytes: 32 pages. */
export const MAX_ARG_STRLEN = 131072;
/** The smallest limit of all argument and environment strings, in bytes. */
export const ARG_MAX = 131072;
/** Number of buffers or messages in one call. */
export const UIO_MAXIOV = 1024;
