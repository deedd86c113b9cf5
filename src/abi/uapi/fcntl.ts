// The flags of open(2) and the access modes. Linux uapi asm-generic/fcntl.h, which x86 uses without changes.

/** The bits of the access mode. */
export const O_ACCMODE = 3;
/** Access mode: reading. */
export const O_RDONLY = 0;
/** Access mode: writing. */
export const O_WRONLY = 1;
/** Access mode: reading and writing. */
export const O_RDWR = 2;
/** Create a missing file. */
export const O_CREAT = 0o100;
/** With O_CREAT: -EEXIST for an existing file. */
export const O_EXCL = 0o200;
/** A terminal does not become the controlling one. */
export const O_NOCTTY = 0o400;
/** Cut the file to length 0. */
export const O_TRUNC = 0o1000;
/** Each write goes to the end of the file. */
export const O_APPEND = 0o2000;
/** Reads and writes return -EAGAIN instead of waiting. */
export const O_NONBLOCK = 0o4000;
/** Writes wait for the data. */
export const O_DSYNC = 0o10000;
/** SIGIO when reading or writing becomes possible. */
export const O_ASYNC = 0o20000;
/** No page cache; for a pipe: packet mode. */
export const O_DIRECT = 0o40000;
/** The file may be longer than 2^31 - 1 bytes. */
export const O_LARGEFILE = 0o100000;
/** -ENOTDIR for other files. */
export const O_DIRECTORY = 0o200000;
/** -ELOOP for a symbolic link. */
export const O_NOFOLLOW = 0o400000;
/** Reads do not change the access time. */
export const O_NOATIME = 0o1000000;
/** execve(2) closes the descriptor. */
export const O_CLOEXEC = 0o2000000;
/** Writes wait for data and attributes. Includes O_DSYNC. */
export const O_SYNC = 0o4010000;
/** A descriptor of the path only, not for reading or writing. */
export const O_PATH = 0o10000000;
/** The bit of O_TMPFILE alone. O_TMPFILE includes O_DIRECTORY. */
export const __O_TMPFILE = 0o20000000;
/** A new file without a name, in a directory. */
export const O_TMPFILE = __O_TMPFILE | O_DIRECTORY;

/** The greatest size and offset in bytes of a file without O_LARGEFILE. Linux MAX_NON_LFS. */
export const MAX_NON_LFS = 0x7fff_ffff;

/** Flags that affect open(2) only. The file description does not store them. Linux do_dentry_open(). */
export const openOnly = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
/** Flags that F_SETFL may change. Linux SETFL_MASK. */
export const settable = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC;

/** A seal of F_ADD_SEALS: no more seals. man 2 fcntl. */
export const F_SEAL_SEAL = 1;
/** A seal: the file cannot become shorter. */
export const F_SEAL_SHRINK = 2;
/** A seal: the file cannot become longer. */
export const F_SEAL_GROW = 4;
/** A seal: the contents cannot change. */
export const F_SEAL_WRITE = 8;
/** A seal: only existing shared writable mappings can change the contents. */
export const F_SEAL_FUTURE_WRITE = 16;
/** A seal: the execute bits cannot change. */
export const F_SEAL_EXEC = 32;
/** All seals that F_ADD_SEALS accepts. */
export const ALL_SEALS = 63;
