// The path and descriptor arguments of file calls. Linux getname(), path_init(), fdget().

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { PATH_MAX } from "../../../abi/uapi/limits.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { resolve } from "../../fs/vfs/resolve.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";

/** A path from user memory; may be empty. */
export const getname = (t: Task, at: VAddr): Or<string> => {
  const name = t.mem.cString(at, PATH_MAX);
  if (name === undefined) return -E.EFAULT;
  return name.length >= PATH_MAX ? -E.ENAMETOOLONG : name;
};

/** Where a relative path starts. An absolute path does not look at dirfd. */
export const baseOf = (t: Task, dirfd: number, name: string): Or<Path> => {
  if (dirfd === AT_FDCWD || name.startsWith("/")) return t.fs.cwd;
  const file = t.files.getRaw(dirfd);
  if (!file) return -E.EBADF;
  return name === "" || file.inode.isDir ? file.path : -E.ENOTDIR;
};

/** Runs `call` on a path argument and its base, or returns their -errno. */
export const withPath = <T>(t: Task, dirfd: number, at: VAddr, call: (base: Path, name: string) => T | number): T | number => {
  const name = getname(t, at);
  if (typeof name === "number") return name;
  if (name === "") return -E.ENOENT;
  const base = baseOf(t, dirfd, name);
  return typeof base === "number" ? base : call(base, name);
};

/** The file that an *at call names: `empty` is AT_EMPTY_PATH, which lets an empty path mean dirfd itself. */
export const lookup = (t: Task, dirfd: number, at: VAddr, follow: boolean, empty = false): Or<Path> => {
  const name = getname(t, at);
  if (typeof name === "number") return name;
  if (name === "" && !empty) return -E.ENOENT;
  const base = baseOf(t, dirfd, name);
  return typeof base === "number" || name === "" ? base : resolve(t, base, name, follow);
};
