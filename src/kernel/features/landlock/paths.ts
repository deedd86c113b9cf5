// Landlock's checks of the file tree. Every layer must grant a right on the file or on a directory above it.
// Linux security/landlock/fs.c.
import { E } from "../../../abi/errno.ts";
import { ACCESS_FS } from "../../../abi/uapi/landlock.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import type { Dentry, Path } from "../../fs/vfs/dentry.ts";
import type { Reference } from "../../fs/vfs/security.ts";
import {
  type Domain,
  deniedFs,
  domainOf,
  fileKey,
  type Handled,
  initMasks,
  isAllowed,
  type LandlockRule,
  type LayerMasks,
  newMasks,
  restricts,
  unmask,
} from "./domain.ts";

const A = ACCESS_FS;
/** Every file right. */
export const ALL_FS = Object.values(A).reduce((all, bit) => all | bit, 0);
/** The rights that make sense for a file that is no directory. Linux ACCESS_FILE. */
export const FILE_RIGHTS =
  A.LANDLOCK_ACCESS_FS_EXECUTE |
  A.LANDLOCK_ACCESS_FS_WRITE_FILE |
  A.LANDLOCK_ACCESS_FS_READ_FILE |
  A.LANDLOCK_ACCESS_FS_TRUNCATE |
  A.LANDLOCK_ACCESS_FS_IOCTL_DEV;
/**
 * True for a file of the kernel's own, for example a pipe: opened through /proc/PID/fd, it is not restricted.
 */
const isInternal = (dentry: Dentry): boolean => dentry.inode.fs.internal;
const ruleAt = (domain: Domain, dentry: Dentry): LandlockRule | undefined => domain.files.get(fileKey(dentry.inode));
const reading = (layer: Handled): number => deniedFs(layer);

/**
 * Visits a path and the directories above it, up to the root of all mounts, until `visit` returns true. A
 * directory that a mount hides is not visited. Returns the last result.
 */
const walkUp = (task: Task, path: Path, visit: (dentry: Dentry) => boolean): boolean => {
  let { mount, dentry } = path;
  for (;;) {
    task.kernel.charge(cost.entry);
    if (visit(dentry)) return true;
    while (dentry === mount.root) {
      if (!mount.parent || !mount.mountpoint) return false;
      dentry = mount.mountpoint;
      mount = mount.parent;
    }
    if (dentry.isRoot) return false;
    dentry = dentry.parent;
  }
};

/** The rights of `request` that the task's domain allows on a path. */
export const allowedAt = (task: Task, path: Path, request: number): number => {
  const domain = domainOf(task.cred);
  if (!restricts(domain, "fs") || isInternal(path.dentry)) return request;
  const masks = newMasks();
  const handled = initMasks(domain, request, masks, reading);
  if (handled === 0) return request;
  if (walkUp(task, path, (dentry) => unmask(ruleAt(domain, dentry), handled, masks))) return request;
  let allowed = request;
  masks.forEach((left, bit) => {
    if (left !== 0) allowed &= ~(1 << bit);
  });
  return allowed;
};
/** 0, or -EACCES if the domain denies a right. A task without a domain has every right. */
export const mayAccessPath = (task: Task, path: Path, request: number): number =>
  allowedAt(task, path, request) === request ? 0 : -E.EACCES;

/** The right to make a file, by its type. Linux get_mode_access(). */
const MAKE = new Map<number, number>([
  [0o120000, A.LANDLOCK_ACCESS_FS_MAKE_SYM],
  [0o040000, A.LANDLOCK_ACCESS_FS_MAKE_DIR],
  [0o020000, A.LANDLOCK_ACCESS_FS_MAKE_CHAR],
  [0o060000, A.LANDLOCK_ACCESS_FS_MAKE_BLOCK],
  [0o010000, A.LANDLOCK_ACCESS_FS_MAKE_FIFO],
  [0o140000, A.LANDLOCK_ACCESS_FS_MAKE_SOCK],
]);
const makeRight = (type: number): number => MAKE.get(type) ?? A.LANDLOCK_ACCESS_FS_MAKE_REG;
const removeRight = (dentry: Dentry | undefined): number =>
  dentry === undefined ? 0 : dentry.inode.isDir ? A.LANDLOCK_ACCESS_FS_REMOVE_DIR : A.LANDLOCK_ACCESS_FS_REMOVE_FILE;

/** 0 or -EACCES for a new name in `dir`. `type` is the S_IFMT part of the mode. */
export const mayMake = (task: Task, dir: Path, type: number): number => mayAccessPath(task, dir, makeRight(type));
/** 0 or -EACCES for the removal of a name in `dir`. */
export const mayRemove = (task: Task, dir: Path, isDir: boolean): number =>
  mayAccessPath(task, dir, isDir ? A.LANDLOCK_ACCESS_FS_REMOVE_DIR : A.LANDLOCK_ACCESS_FS_REMOVE_FILE);
/** 0, or -EPERM for a task whose domain handles files: it may not change the tree of mounts. */
export const mayChangeMounts = (task: Task): number => (restricts(domainOf(task.cred), "fs") ? -E.EPERM : 0);

/** One side of a reference: the layers that deny rights at its directory and at its child. */
interface Side {
  readonly request: number;
  readonly parent: LayerMasks;
  readonly child: LayerMasks | undefined;
  readonly isDir: boolean;
}

/** The layers that deny each right in `dir`, below the root of its mount. True: none does. */
const collect = (domain: Domain, root: Dentry, dir: Dentry, masks: LayerMasks): boolean => {
  if (isInternal(dir)) return true;
  const handled = initMasks(domain, ALL_FS, masks, reading);
  for (let at = dir; ; at = at.parent) {
    if (unmask(ruleAt(domain, at), handled, masks)) return true;
    if (at === root || at.isRoot) return false;
  }
};
const childMasks = (domain: Domain, child: Dentry): LayerMasks => {
  const masks = newMasks();
  unmask(ruleAt(domain, child), initMasks(domain, ALL_FS, masks, reading), masks);
  return masks;
};

/** True if the move of `from`'s child to the other side gives it no right that it lacked. */
const gainsNothing = (from: Side, to: Side): boolean => {
  const { child } = from;
  if (!child) return true;
  return from.parent.every((left, bit) => {
    if (!from.isDir && !((FILE_RIGHTS >> bit) & 1)) return true;
    const target = to.parent[bit] as number;
    return ((left & (child[bit] as number)) | target) === target;
  });
};
/**
 * Forgets the rights that were not asked for. True if all asked ones are allowed. Linux scope_to_request().
 */
const scopeToRequest = ({ request, parent }: Side): boolean => {
  for (let bit = 0; bit < parent.length; bit++) if (!((request >> bit) & 1)) parent[bit] = 0;
  return isAllowed(request, parent);
};
/** True if a right other than REFER is denied: then the error is EACCES, not EXDEV. */
const isDenied = ({ request, parent }: Side): boolean => !isAllowed(request & ~A.LANDLOCK_ACCESS_FS_REFER, parent);

/**
 * 0, -EACCES or -EXDEV for a link or a rename. A file may change its directory only with REFER on both sides,
 * and only if it gains no right by the move. Linux current_check_refer_path().
 */
export const mayRefer = (task: Task, { from, dir, to, removes, exchange }: Reference): number => {
  const domain = domainOf(task.cred);
  if (!restricts(domain, "fs")) return 0;
  let source = exchange && to ? makeRight(to.inode.type) : 0;
  let target = makeRight(from.inode.type);
  if (removes) {
    source |= removeRight(from);
    target |= removeRight(to);
  }
  if (from.parent === dir.dentry) return mayAccessPath(task, dir, source | target);
  source |= A.LANDLOCK_ACCESS_FS_REFER;
  target |= A.LANDLOCK_ACCESS_FS_REFER;
  const top: Path = { mount: dir.mount, dentry: dir.mount.root };
  const a: Side = { request: source, parent: newMasks(), child: childMasks(domain, from), isDir: from.inode.isDir };
  const b: Side = {
    request: target,
    parent: newMasks(),
    child: exchange && to ? childMasks(domain, to) : undefined,
    isDir: to?.inode.isDir ?? true,
  };
  const free = [
    collect(domain, top.dentry, from === top.dentry ? from : from.parent, a.parent),
    collect(domain, top.dentry, dir.dentry, b.parent),
  ];
  if (free[0] && free[1]) return 0;
  if (isReferAllowed(task, domain, top, a, b)) return 0;
  return isDenied(a) || isDenied(b) ? -E.EACCES : -E.EXDEV;
};

/** The second half of the walk, from the root of the common mount up. Linux is_access_to_paths_allowed(). */
const isReferAllowed = (task: Task, domain: Domain, top: Path, a: Side, b: Side): boolean => {
  if (isInternal(top.dentry)) return true;
  const every = domain.layers.reduce((all, layer) => all | deniedFs(layer), 0);
  let requests: readonly [number, number] = [every, every];
  let compares = true;
  return walkUp(task, top, (dentry) => {
    if (compares && gainsNothing(a, b) && gainsNothing(b, a)) {
      const allowed = [scopeToRequest(a), scopeToRequest(b)];
      if (allowed[0] && allowed[1]) return true;
      compares = false;
      requests = [a.request, b.request];
    }
    const rule = ruleAt(domain, dentry);
    const one = unmask(rule, requests[0], a.parent);
    const two = unmask(rule, requests[1], b.parent);
    return one && two;
  });
};
