// Trees of fixed names, of which /proc and /sys consist for the most part.

import { E } from "../../../../abi/errno.ts";
import type { Kernel } from "../../../core/kernel.ts";
import type { Task } from "../../../core/task.ts";
import { CAP, capableIn, inGroup } from "../../../cred/cred.ts";
import type { FileSystem, Inode } from "../../vfs/inode.ts";
import { recipe } from "./derived.ts";
import {
  DT,
  linksOf,
  type ProcContent,
  ProcDirNode,
  type ProcEntry,
  ProcFileNode,
  type ProcFolder,
  ProcLinkNode,
  type ProcTarget,
} from "./node.ts";

declare module "../../../core/feature.ts" {
  interface Feature {
    /** Files at the root of /proc. */
    readonly procFiles?: (kernel: Kernel) => FixedTree;
    /** Files of /proc/sys. */
    readonly sysctls?: (kernel: Kernel) => FixedTree;
  }
}

/** The text of a symbolic link. */
export interface FixedLink {
  readonly to: string;
}
/** A large directory, made at its first use. Its inode numbers begin at `inodes`. */
export interface FixedLater {
  readonly inodes: number;
  readonly make: () => FixedTree;
}

/**
 * A tree of fixed names: files with content, links, and directories of them. A function gives names that
 * change.
 */
export interface FixedTree {
  readonly [name: string]: FixedTree | FixedLink | FixedLater | (ProcContent & { readonly mode?: number }) | (() => FixedTree);
}
/** Inode numbers for a directory whose names change. */
const CHANGING = 128;
const isLink = (x: FixedTree[string]): x is FixedLink => typeof (x as FixedLink).to === "string";
const isLater = (x: FixedTree[string]): x is FixedLater => typeof (x as FixedLater).inodes === "number";
const isContent = (x: FixedTree[string]): x is ProcContent & { readonly mode?: number } =>
  (["read", "write", "records", "open"] as const).some((name) => typeof (x as ProcContent)[name] === "function");

const isFolder = (x: FixedTree[string] | undefined): x is FixedTree => typeof x === "object" && !isContent(x) && !isLink(x) && !isLater(x);
/** A tree with the names of both. */
export const mergeTrees = (a: FixedTree, b: FixedTree): FixedTree => {
  const names = Object.entries(b).map(([name, added]): [string, FixedTree[string]] => {
    const present = a[name];
    return [name, isFolder(present) && isFolder(added) ? mergeTrees(present, added) : added];
  });
  return { ...a, ...Object.fromEntries(names) };
};

/** A place in /proc/sys, where settings below `net` belong to a network namespace. */
type Sysctl = "machine" | "network";

/**
 * In /proc/sys only mode bits decide, also for root: no capability overrides them. An administrator of the
 * network namespace has the owner's. Linux proc_sys_permission(), net_ctl_permissions().
 */
const byModeAlone =
  (of: Sysctl) =>
  ({ cred, net }: Task, mask: number, inode: Inode): number => {
    const isOwner = cred.fsuid === 0 || (of === "network" && capableIn(cred, net.owner, CAP.NET_ADMIN));
    const shift = isOwner ? 6 : inGroup(cred, 0) ? 3 : 0;
    return ((inode.mode >> shift) & mask) === mask ? 0 : -E.EACCES;
  };

/** A file system of a fixed tree. Its entries are made from its kernel at their first use. */
export interface FixedFileSystem extends FileSystem {
  /** The tree at the root, and the number before that of its first entry. */
  fixedTree(): { readonly tree: FixedTree; readonly before: number };
}
/** An entry with its origin: the value in the tree, and the entries inside of a directory. */
interface FixedEntry extends ProcEntry {
  readonly what: FixedTree[string];
  readonly sysctl: Sysctl | undefined;
  readonly inside?: () => readonly FixedEntry[];
}

const roots = new WeakMap<FileSystem, readonly FixedEntry[]>();
/** The entries at the root of the tree. */
export const fixedEntries = (fs: FixedFileSystem): readonly ProcEntry[] => entriesOf(fs);
const entriesOf = (fs: FixedFileSystem): readonly FixedEntry[] => {
  let known = roots.get(fs);
  if (!known) {
    const { tree, before } = fs.fixedTree();
    let at = before;
    roots.set(fs, (known = numbered(fs, tree, () => ++at, [])));
  }
  return known;
};
/** The entry with a path. A changing directory may have lost it. */
const entryAt = (fs: FixedFileSystem, path: readonly string[]): FixedEntry | undefined => {
  let entries = entriesOf(fs);
  let found: FixedEntry | undefined;
  for (const name of path) {
    found = entries.find((entry) => entry.name === name);
    entries = found?.inside?.() ?? [];
  }
  return found;
};

const content = recipe("fixed file", (fs: FixedFileSystem, path: readonly string[]): ProcContent => {
  const { what, sysctl } = entryAt(fs, path) ?? {};
  if (!what) return { read: () => -E.ENOENT };
  return sysctl ? { ...(what as ProcContent), permission: byModeAlone(sysctl) } : (what as ProcContent);
});
const target = recipe("fixed link", (to: string): ProcTarget => ({ text: () => to }));
const folder = recipe("fixed folder", (fs: FixedFileSystem, path: readonly string[]): ProcFolder => {
  const { what, sysctl, inside = () => [] } = entryAt(fs, path) ?? {};
  return {
    list: inside,
    ...(typeof what === "function" ? { links: () => linksOf(inside()) } : {}),
    ...(sysctl ? { permission: byModeAlone(sysctl) } : {}),
  };
});

/** The entries of a tree. `next` assigns inode numbers in order. `sysctl`: the tree is of /proc/sys. */
const numbered = (
  fs: FixedFileSystem,
  tree: FixedTree,
  next: () => number,
  above: readonly string[],
  sysctl?: Sysctl,
): readonly FixedEntry[] =>
  Object.entries(tree).map(([name, what]): FixedEntry => {
    const ino = next();
    const path = [...above, name];
    const common = { name, ino, what };
    if (isContent(what)) {
      const mode = what.mode ?? (what.write ? 0o644 : 0o444);
      return { ...common, type: DT.reg, sysctl, make: () => new ProcFileNode(fs, ino, mode, content(fs, path)) };
    }
    if (isLink(what)) return { ...common, type: DT.link, sysctl, make: () => new ProcLinkNode(fs, ino, target(what.to)) };
    const dir = { ...common, type: DT.dir };
    if (typeof what === "function") {
      const inside = changing(fs, what, next, path);
      return { ...dir, sysctl: undefined, inside, make: () => new ProcDirNode(fs, ino, 0o555, folder(fs, path)) };
    }
    const below = sysctl === "machine" && name === "net" ? "network" : (sysctl ?? (name === "sys" ? "machine" : undefined));
    let known: readonly FixedEntry[] | undefined;
    const insideOf = (): readonly FixedEntry[] => {
      if (!isLater(what)) return numbered(fs, what, next, path, below);
      let at = what.inodes;
      return numbered(fs, what.make(), () => ++at, path, below);
    };
    if (!isLater(what)) known = insideOf();
    const inside = (): readonly FixedEntry[] => (known ??= insideOf());
    const make = (): Inode => {
      const made = new ProcDirNode(fs, ino, 0o555, folder(fs, path));
      // Linux proc_sys_make_inode() sets no count.
      made.nlink = below ? 1 : linksOf(inside());
      return made;
    };
    return { ...dir, sysctl: below, inside, make };
  });

/** A directory whose tree is computed at each use, with the same inode numbers. */
const changing = (
  fs: FixedFileSystem,
  tree: () => FixedTree,
  next: () => number,
  path: readonly string[],
): (() => readonly FixedEntry[]) => {
  const first = next();
  for (let n = 1; n < CHANGING; n++) next();
  return () => {
    let at = first;
    return numbered(fs, tree(), () => at++, path);
  };
};
