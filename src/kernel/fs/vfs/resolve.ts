// Path resolution. man 7 path_resolution; Linux fs/namei.c.
import { E } from "../../../abi/errno.ts";
import { own } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { Dentry, type Path, samePath } from "./dentry.ts";
import type { Inode, Or } from "./inode.ts";
import { may } from "./mode.ts";
import { MountNamespace, MS_NOSYMFOLLOW } from "./mount.ts";
import { mayFollow, permission } from "./permission.ts";

/** The greatest length of a name in bytes. */
export const NAME_MAX = 255;
const MAX_LINKS = 40;

/** The kind of a path's last component. Only a name can be made or removed. */
export type LastKind = "name" | "dot" | "dotdot" | "root";
/** The last component of a path and its parent directory. */
export interface Last {
  /** The directory that contains it. */
  readonly parent: Path;
  readonly name: string;
  readonly kind: LastKind;
  /** True if a slash follows the name: it must be a directory. */
  readonly slash: boolean;
}

/** The dentry of a name in `dir`, or -errno. The caller checks the search permission. */
export const lookupIn = (task: Task, dir: Dentry, name: string): Or<Dentry> => {
  if (!dir.inode.isDir) return -E.ENOTDIR;
  if (name.length > NAME_MAX) return -E.ENAMETOOLONG;
  const cached = dir.child(name);
  if (cached) return cached;
  const inode = dir.inode.lookup(name, task);
  if (typeof inode === "number") return inode;
  return adopt(dir, name, inode);
};

/** Makes the dentry of an inode that was found or made. */
export const adopt = (dir: Dentry, name: string, inode: Inode): Dentry => {
  const made = new Dentry(own(name), dir, inode);
  if (!dir.inode.fs.dynamic) dir.children.set(made.name, made);
  return made;
};

/** The restrictions of a path resolution. man 2 openat2; uapi linux/openat2.h. */
export const RESOLVE = { NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, BENEATH: 8, IN_ROOT: 16, CACHED: 32 } as const;

const SLASH = 0x2f;
const behindSlashes = (text: string, from: number): number => {
  let at = from;
  while (text.charCodeAt(at) === SLASH) at++;
  return at;
};

/** One path resolution. It counts the links that were followed in all its paths. Linux struct nameidata. */
export class PathWalk {
  readonly task: Task;
  at: Path;
  private readonly _root: Path;
  private readonly _limits: number;
  private _links = 0;
  /** `limits` are RESOLVE flags. */
  constructor(task: Task, base: Path, limits = 0) {
    this.task = task;
    this.at = base;
    this._root = limits & (RESOLVE.IN_ROOT | RESOLVE.BENEATH) ? base : task.fs.root;
    this._limits = limits;
  }
  private _has(limit: number): boolean {
    return (this._limits & limit) !== 0;
  }
  /** Goes to the root, for a path that begins with a slash. */
  private _jumpToRoot(): number {
    if (this._has(RESOLVE.BENEATH) || (this._has(RESOLVE.NO_XDEV) && this.at.mount !== this._root.mount)) return -E.EXDEV;
    this.at = this._root;
    return 0;
  }
  /** Checks a step that may have crossed a mount point. */
  private _within(from: Path, to: Path): Or<Path> {
    return this._has(RESOLVE.NO_XDEV) && from.mount !== to.mount ? -E.EXDEV : to;
  }

  /** Resolves all but the last component. Linux link_path_walk(). */
  parent(name: string): Or<Last> {
    this.task.kernel.charge(cost.path);
    if (name.startsWith("/")) {
      const jumped = this._jumpToRoot();
      if (jumped < 0) return jumped;
    }
    const slash = name.endsWith("/");
    // The text to walk, and the start of the next component.
    let text = name;
    let next = behindSlashes(text, 0);
    if (next === text.length) return { parent: this.at, name: "", kind: "root", slash };
    for (;;) {
      const end = text.indexOf("/", next);
      const part = text.slice(next, end < 0 ? text.length : end);
      next = end < 0 ? text.length : behindSlashes(text, end);
      const denied = this._maySearch();
      if (denied < 0) return denied;
      if (next === text.length)
        return { parent: this.at, name: part, kind: part === "." ? "dot" : part === ".." ? "dotdot" : "name", slash };
      const found = this._component(part);
      if (typeof found === "number") return found;
      if (!found.dentry.inode.isLink) {
        this.at = found;
        if (!found.dentry.inode.isDir) return -E.ENOTDIR;
        continue;
      }
      const target = this._follow(found);
      if (typeof target === "number") return target;
      if (typeof target !== "string") {
        this.at = target;
        if (!target.dentry.inode.isDir) return -E.ENOTDIR;
        continue;
      }
      if (target.startsWith("/")) {
        const jumped = this._jumpToRoot();
        if (jumped < 0) return jumped;
      }
      text = `${target}/${text.slice(next)}`;
      next = behindSlashes(text, 0);
    }
  }

  /** The path of the last component. A link is not followed. */
  final(last: Last): Or<Path> {
    // A mount over the root is not visible from it.
    if (last.kind === "root") return last.parent;
    this.at = last.parent;
    return this._component(last.name);
  }

  /**
   * The path of the last component, with its links followed. For a link to a missing name the result is that
   * name's `Last`, so that open(O_CREAT) can make it.
   */
  follow(last: Last, followLast: boolean): Or<Path | { missing: Last }> {
    for (let here = last; ; ) {
      const found = this.final(here);
      if (typeof found === "number") return found === -E.ENOENT && here.kind === "name" ? { missing: here } : found;
      const { inode } = found.dentry;
      if (!inode.isLink || !(followLast || here.slash)) return here.slash && !inode.isDir ? -E.ENOTDIR : found;
      const guard = mayFollow(this.task, here.parent.dentry.inode, inode);
      if (guard < 0) return guard;
      const target = this._follow(found);
      if (typeof target === "number") return target;
      if (typeof target !== "string") return here.slash && !target.dentry.inode.isDir ? -E.ENOTDIR : target;
      const next = this.parent(target);
      if (typeof next === "number") return next;
      here = here.slash ? { ...next, slash: true } : next;
    }
  }

  private _maySearch(): number {
    const { inode } = this.at.dentry;
    return inode.isDir ? permission(this.task, inode, may.exec) : -E.ENOTDIR;
  }

  /** Walks one component from the current position. */
  private _component(part: string): Or<Path> {
    this.task.kernel.charge(cost.entry);
    if (part === ".") return this.at;
    if (part === "..") return this._up();
    const found = lookupIn(this.task, this.at.dentry, part);
    if (typeof found === "number") return found;
    return this._within(this.at, MountNamespace.cross({ mount: this.at.mount, dentry: found }));
  }
  private _up(): Or<Path> {
    let at = this.at;
    if (this._has(RESOLVE.BENEATH) && samePath(at, this._root)) return -E.EXDEV;
    // The root of a mount is entered from the mount point; the task's root is its own parent.
    while (!samePath(at, this._root)) {
      if (at.dentry !== at.mount.root) return this._within(this.at, MountNamespace.cross({ mount: at.mount, dentry: at.dentry.parent }));
      if (!at.mount.parent) break;
      at = { mount: at.mount.parent, dentry: at.mount.mountpoint as Dentry };
    }
    return this._within(this.at, MountNamespace.cross(at));
  }
  private _follow(link: Path): Or<string | Path> {
    if (++this._links > MAX_LINKS) return -E.ELOOP;
    if (this._has(RESOLVE.NO_SYMLINKS) || link.mount.flags & MS_NOSYMFOLLOW) return -E.ELOOP;
    const { inode } = link.dentry;
    const jump = inode.jump(this.task);
    if (jump !== undefined) {
      if (this._has(RESOLVE.NO_MAGICLINKS)) return -E.ELOOP;
      if (this._has(RESOLVE.BENEATH | RESOLVE.IN_ROOT)) return -E.EXDEV;
      return typeof jump === "number" ? jump : this._within(this.at, jump);
    }
    const text = inode.readlink(this.task);
    return text === "" ? -E.ENOENT : text;
  }
}

/**
 * The path of an existing name, or -errno. `follow`: a link as last component is followed. Linux
 * user_path_at().
 */
export const resolve = (task: Task, base: Path, name: string, follow = true): Or<Path> => {
  if (name === "") return -E.ENOENT;
  const walk = new PathWalk(task, base);
  const last = walk.parent(name);
  if (typeof last === "number") return last;
  const found = walk.follow(last, follow);
  return typeof found === "object" && "missing" in found ? -E.ENOENT : found;
};

/** The parent of a name to make or remove, or -errno. Linux filename_parentat(). */
export const resolveParent = (task: Task, base: Path, name: string): Or<Last> =>
  name === "" ? -E.ENOENT : new PathWalk(task, base).parent(name);
