// Trees of fixed names, of which /proc and /sys consist for the most part.
import { E } from "../../../abi/errno.ts";
import { CAP, capableIn, inGroup } from "../../cred/cred.ts";
import type { FileSystem, Inode } from "../vfs/inode.ts";
import { DT, linksOf, type ProcContent, ProcDirNode, type ProcEntry, ProcFileNode, ProcLinkNode } from "./node.ts";

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

/** A place in /proc/sys, where settings below `net` belong to a network namespace. */
type Sysctl = "machine" | "network";

/**
 * In /proc/sys only mode bits decide, also for root: no capability overrides them. An administrator of the
 * network namespace has the owner's. Linux proc_sys_permission(), net_ctl_permissions().
 */
const byModeAlone = <T extends Inode>(inode: T, of: Sysctl): T => {
  inode.permission = ({ cred, net }, mask) => {
    const isOwner = cred.fsuid === 0 || (of === "network" && capableIn(cred, net.owner, CAP.NET_ADMIN));
    const shift = isOwner ? 6 : inGroup(cred, 0) ? 3 : 0;
    return ((inode.mode >> shift) & mask) === mask ? 0 : -E.EACCES;
  };
  return inode;
};

/** The entries of a fixed tree. `next` assigns inode numbers in order. `sysctl`: the tree is of /proc/sys. */
export const fixedEntries = (fs: FileSystem, tree: FixedTree, next: () => number, sysctl?: Sysctl): ProcEntry[] =>
  Object.entries(tree).map(([name, what]) => {
    const ino = next();
    const guard = (inode: Inode): Inode => (sysctl ? byModeAlone(inode, sysctl) : inode);
    if (isContent(what)) {
      const mode = what.mode ?? (what.write ? 0o644 : 0o444);
      return { name, ino, type: DT.reg, make: () => guard(new ProcFileNode(fs, ino, mode, what)) };
    }
    if (isLink(what)) return { name, ino, type: DT.link, make: () => new ProcLinkNode(fs, ino, () => what.to) };
    if (typeof what === "function") return { name, ino, type: DT.dir, make: changing(fs, what, ino, next) };
    const below = sysctl === "machine" && name === "net" ? "network" : (sysctl ?? (name === "sys" ? "machine" : undefined));
    let known: ProcEntry[] | undefined;
    const insideOf = (): ProcEntry[] => {
      if (!isLater(what)) return fixedEntries(fs, what, next, below);
      let at = what.inodes;
      return fixedEntries(fs, what.make(), () => ++at, below);
    };
    if (!isLater(what)) known = insideOf();
    const make = (): Inode => {
      const inside = (known ??= insideOf());
      const dir = new ProcDirNode(fs, ino, 0o555, () => inside);
      // Linux proc_sys_make_inode() sets no count.
      dir.nlink = below ? 1 : linksOf(inside);
      return below ? byModeAlone(dir, below) : dir;
    };
    return { name, ino, type: DT.dir, make };
  });

/** A directory whose tree is computed at each use, with the same inode numbers. */
const changing = (fs: FileSystem, tree: () => FixedTree, ino: number, next: () => number): (() => Inode) => {
  const first = next();
  for (let n = 1; n < CHANGING; n++) next();
  return () => {
    const inside = (): ProcEntry[] => {
      let at = first;
      return fixedEntries(fs, tree(), () => at++);
    };
    const dir = new ProcDirNode(fs, ino, 0o555, inside);
    dir.shape = { links: () => linksOf(inside()) };
    return dir;
  };
};
