// Records of directory entries before their names. Linux include/linux/dirent.h, fs/readdir.c.
import { long, s64, struct, u8, u16, u64, ulong } from "../struct.ts";

/** The record of getdents64(2); the name follows `d_type`. */
export const DIRENT64 = struct("linux_dirent64", { d_ino: u64, d_off: s64, d_reclen: u16, d_type: u8 });
/** The record of getdents(2); the name follows `d_reclen`, and the type is the last byte. */
export const DIRENT = struct("linux_dirent", { d_ino: ulong, d_off: long, d_reclen: u16 });
