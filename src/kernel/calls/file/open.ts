// Opening, closing and duplicating descriptors. man 2 open, close, dup, close_range, openat2.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { __O_TMPFILE, O_CLOEXEC, O_CREAT, O_PATH, O_TRUNC, O_WRONLY } from "../../../abi/uapi/fcntl.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { FileDescription } from "../../fs/vfs/file.ts";
import { fdLimit, install } from "../../fs/vfs/install.ts";
import { checkHow, type How, howOf, largeFile, open } from "../../fs/vfs/open.ts";
import { RESOLVE } from "../../fs/vfs/resolve.ts";
import { fd, size, uint } from "../../syscall/arg.ts";
import { AT_FDCWD, dirfd, mode, openFlags } from "../../syscall/arg-file.ts";
import { flags, only } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { baseOf, getname } from "./path.ts";

const SCOPES = RESOLVE.BENEATH | RESOLVE.IN_ROOT;

const doOpen = (t: Task, dir: number, path: VAddr, how: How): Result => {
  const bad = checkHow(how);
  if (bad < 0) return bad;
  const name = getname(t, path);
  if (typeof name === "number") return name;
  // The descriptor is reserved first: EMFILE leaves no trace in the file system.
  if (t.files.lowest(0) >= fdLimit(t)) return -E.EMFILE;
  if (name === "") return -E.ENOENT;
  // Where the root is the directory itself, a slash in front does not lead away from it.
  const base = baseOf(t, dir, how.limits && how.limits & SCOPES ? "." : name);
  if (typeof base === "number") return base;
  const file = open(t, base, name, how);
  return file instanceof FileDescription ? install(t, file, (how.flags & O_CLOEXEC) !== 0) : file;
};

/** strace shows the mode only where it counts. */
const creationMode = only(mode, (all) => ((all["flags"] as number) & (O_CREAT | __O_TMPFILE)) !== 0);

/** struct open_how of openat2(2). */
const OPEN_HOW_SIZE = 24;
const ALL_RESOLVE = Object.values(RESOLVE).reduce((a, b) => a | b, 0);
const openat2 = (t: Task, dir: number, path: VAddr, how: VAddr, length: number, abi: Abi): Result => {
  if (length < OPEN_HOW_SIZE) return -E.EINVAL;
  if (length > 4096) return -E.E2BIG;
  const bytes = t.mem.read(how, length);
  if (!bytes) return -E.EFAULT;
  if (bytes.subarray(OPEN_HOW_SIZE).some((b) => b !== 0)) return -E.E2BIG;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const high = view.getUint32(4, true) | view.getUint32(12, true) | view.getUint32(20, true);
  const [flags, mode, limits] = [view.getUint32(0, true), view.getUint32(8, true), view.getUint32(16, true)];
  if (high !== 0 || (limits & ~ALL_RESOLVE) !== 0 || (limits & SCOPES) === SCOPES) return -E.EINVAL;
  // Everything is in memory, so only a change cannot be served from the cache.
  if (limits & RESOLVE.CACHED && flags & (O_TRUNC | O_CREAT | __O_TMPFILE)) return -E.EAGAIN;
  return doOpen(t, dir, path, { flags: flags & O_PATH ? flags : flags | largeFile(abi), mode, limits });
};

const duplicate = (t: Task, oldfd: number, newfd: number, cloexec: boolean): number => {
  if (newfd < 0 || newfd >= fdLimit(t)) return -E.EBADF;
  const file = t.files.getRaw(oldfd);
  if (!file) return -E.EBADF;
  return t.files.replace(newfd, file, cloexec) || newfd;
};

const CLOSE_RANGE_UNSHARE = 2;
const CLOSE_RANGE_CLOEXEC = 4;

/** Calls that open, close and duplicate descriptors. man 2 open, openat2, close, dup. */
export const openCalls: readonly Syscall[] = [
  syscall("open", { pathname: cstring, flags: openFlags, mode: creationMode }, (t, a, abi) =>
    doOpen(t, AT_FDCWD, a.pathname, howOf(a.flags, a.mode, abi)),
  ),
  syscall("openat", { dirfd, pathname: cstring, flags: openFlags, mode: creationMode }, (t, a, abi) =>
    doOpen(t, a.dirfd, a.pathname, howOf(a.flags, a.mode, abi)),
  ),
  syscall("openat2", { dirfd, pathname: cstring, how: given("open_how"), size }, (t, a, abi) =>
    openat2(t, a.dirfd, a.pathname, a.how, a.size, abi),
  ),
  syscall("creat", { pathname: cstring, mode }, (t, a, abi) =>
    doOpen(t, AT_FDCWD, a.pathname, howOf(O_CREAT | O_WRONLY | O_TRUNC, a.mode, abi)),
  ),
  syscall("close", { fd }, (t, a) => t.files.close(a.fd)),
  syscall(
    "close_range",
    { first: uint, last: uint, flags: flags("unsigned int", { CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC }) },
    (t, a) => {
      if (a.flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || a.first > a.last) return -E.EINVAL;
      if (a.flags & CLOSE_RANGE_UNSHARE && t.files.refs > 1) {
        const own = t.files.clone();
        if (!own) return -E.ENOMEM;
        t.files.drop();
        t.files = own;
      }
      if (a.flags & CLOSE_RANGE_CLOEXEC) t.files.cloexecRange(a.first, a.last);
      else t.files.closeRange(a.first, a.last);
      return 0;
    },
  ),
  syscall("dup", { oldfd: fd }, (t, a) => {
    const file = t.files.getRaw(a.oldfd);
    return file ? install(t, file, false) : -E.EBADF;
  }),
  syscall("dup2", { oldfd: fd, newfd: fd }, (t, a) => {
    if (a.oldfd === a.newfd) return t.files.getRaw(a.oldfd) ? a.newfd : -E.EBADF;
    return duplicate(t, a.oldfd, a.newfd, false);
  }),
  syscall("dup3", { oldfd: fd, newfd: fd, flags: openFlags }, (t, a) => {
    if (a.flags & ~O_CLOEXEC || a.oldfd === a.newfd) return -E.EINVAL;
    return duplicate(t, a.oldfd, a.newfd, (a.flags & O_CLOEXEC) !== 0);
  }),
];
