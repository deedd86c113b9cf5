// inotify_init, inotify_add_watch, inotify_rm_watch. man 7 inotify; Linux fs/notify/inotify/inotify_user.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDONLY } from "../../../abi/uapi/fcntl.ts";
import type { Task } from "../../core/task.ts";
import { IN, InotifyFile } from "../../fs/files/inotify.ts";
import { inotifyOf } from "../../fs/files/watch-limits.ts";
import { install } from "../../fs/vfs/install.ts";
import { may } from "../../fs/vfs/mode.ts";
import { EVENT } from "../../fs/vfs/notify.ts";
import { permission } from "../../fs/vfs/permission.ts";
import { fd, int } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";

const init = (t: Task, how: number): number => {
  if (how & ~(O_CLOEXEC | O_NONBLOCK)) return -E.EINVAL;
  if (!inotifyOf(t.kernel).take("instances", t.cred.uid)) return -E.EMFILE;
  const file = new InotifyFile(t, t.kernel.vfs.anonymous(t, "inotify"), O_RDONLY | (how & O_NONBLOCK));
  return install(t, file, (how & O_CLOEXEC) !== 0);
};

const { ISDIR, UNMOUNT, ...events } = EVENT;
/** All bits that are known. Linux ALL_INOTIFY_BITS. */
const KNOWN = Object.values(IN).reduce((all, bit) => all | bit, ISDIR | UNMOUNT);

const addWatch = (t: Task, n: number, path: VAddr, mask: number): number => {
  if (mask & ~KNOWN || (mask & KNOWN) === 0) return -E.EINVAL;
  const both = IN.MASK_ADD | IN.MASK_CREATE;
  const file = t.files.get(n);
  if (!file) return -E.EBADF;
  if ((mask & both) === both || !(file instanceof InotifyFile)) return -E.EINVAL;
  const found = lookup(t, AT_FDCWD, path, (mask & IN.DONT_FOLLOW) === 0);
  if (typeof found === "number") return found;
  const { inode } = found.dentry;
  if (mask & IN.ONLYDIR && !inode.isDir) return -E.ENOTDIR;
  const denied = permission(t, inode, may.read);
  return denied < 0 ? denied : file.watch(inode, mask);
};
const removeWatch = (t: Task, n: number, wd: number): number => {
  const file = t.files.get(n);
  if (!file) return -E.EBADF;
  return file instanceof InotifyFile ? file.unwatch(wd) : -E.EINVAL;
};

const { Q_OVERFLOW: _q, IGNORED: _i, ALL_EVENTS, ...watchFlags } = IN;
const prefixed = Object.fromEntries(Object.entries({ ALL_EVENTS, ...events, ...watchFlags }).map(([name, bit]) => [`IN_${name}`, bit | 0]));
const maskArg = flags("uint32_t", prefixed, "IN_???");

/** Calls of inotify. man 7 inotify. */
export const inotifyCalls: readonly Syscall[] = [
  syscall("inotify_init", {}, (t) => init(t, 0)),
  syscall("inotify_init1", { flags: flags("int", { IN_NONBLOCK: O_NONBLOCK, IN_CLOEXEC: O_CLOEXEC }, "IN_???") }, (t, a) =>
    init(t, a.flags),
  ),
  syscall("inotify_add_watch", { fd, pathname: cstring, mask: maskArg }, (t, a) => addWatch(t, a.fd, a.pathname, a.mask)),
  syscall("inotify_rm_watch", { fd, wd: int }, (t, a) => removeWatch(t, a.fd, a.wd)),
];
