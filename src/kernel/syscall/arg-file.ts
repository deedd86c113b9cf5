// Argument types of the file calls: descriptors, modes, open flags, the AT_ flags.

import {
  __O_TMPFILE,
  O_ACCMODE,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_SYNC,
  O_TMPFILE,
  O_TRUNC,
} from "../../abi/uapi/fcntl.ts";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, S_ISGID, S_ISUID, S_ISVTX } from "../../abi/uapi/stat.ts";
import { flags, flagText } from "./arg-flags.ts";
import type { ArgType } from "./declaration.ts";

/** The current directory as dirfd, and AT_* flags. Linux uapi linux/fcntl.h. */
export const AT_FDCWD = -100;
/** The call acts on a symbolic link itself. */
export const AT_SYMLINK_NOFOLLOW = 0x100;
/** faccessat2(2): checks with the effective ids. */
export const AT_EACCESS = 0x200;
/** unlinkat(2): removes a directory. */
export const AT_REMOVEDIR = 0x200;
/** linkat(2): follows a symbolic link. */
export const AT_SYMLINK_FOLLOW = 0x400;
/** No automount at the last component. */
export const AT_NO_AUTOMOUNT = 0x800;
/** An empty path means the descriptor itself. */
export const AT_EMPTY_PATH = 0x1000;

const at = { AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH };
/** AT_* flags of most *at calls. */
export const atFlags = flags("int", at, "AT_???");
/** AT_* flags of faccessat2(2). */
export const accessFlags = flags("int", { AT_SYMLINK_NOFOLLOW, AT_EACCESS, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH }, "AT_???");
/** AT_* flags of unlinkat(2). */
export const unlinkFlags = flags("int", { AT_REMOVEDIR }, "AT_???");

/** A descriptor of a directory, or AT_FDCWD. */
export const dirfd: ArgType<number> = {
  c: "int",
  decode: (raw, i) => (raw[2 * i] as number) | 0,
  show: (v, ctx) => ctx.style.fd(ctx.task, v),
};

// biome-ignore format: table
const openNames = {
  O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK, O_SYNC, O_ASYNC, O_DSYNC, O_DIRECT, O_LARGEFILE, O_NOFOLLOW, O_NOATIME, O_CLOEXEC,
  O_PATH, O_TMPFILE, O_DIRECTORY, __O_TMPFILE,
};
const accessNames = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"] as const;
/** strace's text of open(2) flags: the access mode, then flags. */
export const openFlagsText = (v: number): string => {
  const rest = v & ~O_ACCMODE;
  return accessNames[v & O_ACCMODE] + (rest === 0 ? "" : `|${flagText(rest, openNames)}`);
};
/** The flags of open(2). */
export const openFlags: ArgType<number> = {
  c: "int",
  names: { O_WRONLY: 1, O_RDWR: 2, ...openNames },
  combines: true,
  decode: (raw, i) => (raw[2 * i] as number) | 0,
  show: openFlagsText,
};
/** The flags of pipe2(2). */
export const pipeFlags = flags("int", { O_CLOEXEC, O_NONBLOCK, O_DIRECT }, "O_???");

/** "%#03o" of C. */
export const octal = (n: number): string => (n === 0 ? "000" : `0${n.toString(8)}`.padStart(3, "0"));
/** umode_t: 16 bits. */
export const mode: ArgType<number> = { c: "mode_t", decode: (raw, i) => (raw[2 * i] as number) & 0xffff, show: octal };

const typeNames = new Map(
  Object.entries({ S_IFSOCK, S_IFLNK, S_IFREG, S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO }).map(([name, type]) => [type, name]),
);
const bitNames = { S_ISUID, S_ISGID, S_ISVTX };
/** `S_IFREG|0644`, `S_IFDIR|S_ISVTX|0777`. */
export const modeText = (mode: number): string => {
  const special = flagText(mode & 0o7000, bitNames, "");
  return [typeNames.get(mode & S_IFMT) ?? "", special, octal(mode & 0o777)].filter((s) => s !== "").join("|");
};
/** The mode argument of mknod, with a file type. */
export const typedMode: ArgType<number> = { ...mode, show: modeText };

const LEGACY_NONE = 0xffff;
/** uid_t and gid_t. The old calls of i386 have 16 bits; 0xffff means -1. Linux kernel/uid16.c. */
export const id: ArgType<number> = {
  c: "uid_t",
  decode: (raw, i) => raw[2 * i] as number,
  show: (v) => (v === 0xffffffff ? "-1" : String(v)),
};
/** uid_t and gid_t of calls without the suffix 32. */
export const legacyId: ArgType<number> = {
  ...id,
  decode: (raw, i, abi) => {
    const wide = raw[2 * i] as number;
    if (abi.idSize === 4) return wide;
    return (wide & 0xffff) === LEGACY_NONE ? 0xffffffff : wide & 0xffff;
  },
};
