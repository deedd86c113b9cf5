// The common part of an overlay's directories and files: their file in a layer, and its copy to the upper
// one. Linux fs/overlayfs/copy_up.c, namei.c.
import { E } from "../../../abi/errno.ts";
import { RegularInode } from "../../fs/files/regular.ts";
import type { Dentry } from "../../fs/vfs/dentry.ts";
import type { Changes, FileSystem, Inode, NewInode, Or } from "../../fs/vfs/inode.ts";
import { S_IFCHR, S_IFMT } from "../../fs/vfs/mode.ts";
import { adopt, lookupIn } from "../../fs/vfs/resolve.ts";

/** The attribute of a directory that hides the directories below it. */
export const OPAQUE = "trusted.overlay.opaque";
/** The bytes that a copy up moves at a time. */
const CHUNK = 1 << 16;
/** Layers are read by the file system itself, without a task. */
export const NOBODY = undefined as never;

/** True for a name that hides those below: a character device 0:0. */
export const isWhiteout = ({ mode, rdev }: Inode): boolean => (mode & S_IFMT) === S_IFCHR && rdev === 0;
/** True for a directory that hides the directories of lower layers. */
export const isOpaque = ({ xattrs }: Inode): boolean => xattrs?.get(OPAQUE)?.[0] === 0x79;
/** A name of a layer's directory, or undefined. */
export const found = (dir: Dentry, name: string): Dentry | undefined => {
  const dentry = lookupIn(NOBODY, dir, name);
  return typeof dentry === "number" ? undefined : dentry;
};
/** Removes a name of a layer from its directory and from the cache. */
export const removeReal = (dir: Dentry, { name, inode }: Dentry): number => {
  const done = inode.isDir ? dir.inode.rmdir(name, inode) : dir.inode.unlink(name, inode);
  if (done < 0) return done;
  const cached = dir.child(name);
  if (cached) cached.deleted = true;
  dir.children.delete(name);
  return 0;
};

/** The nodes of files in the layers. */
export class OverlayNodes {
  private readonly _byReal = new Map<Inode, Inode>();
  /** The files of each node: one in a lower layer, and its copy. */
  private readonly _reals = new Map<Inode, Inode[]>();
  get(real: Inode): Inode | undefined {
    return this._byReal.get(real);
  }
  set(real: Inode, node: Inode): void {
    this._byReal.set(real, node);
    const reals = this._reals.get(node);
    if (reals) reals.push(real);
    else this._reals.set(node, [real]);
  }
  /** A node has ended. */
  delete(node: Inode): void {
    for (const real of this._reals.get(node) ?? []) if (this._byReal.get(real) === node) this._byReal.delete(real);
    this._reals.delete(node);
  }
}
/** The file system, as its nodes see it. */
export interface Overlay extends FileSystem {
  /** The inode of each file of a layer, so that all names of a file have one. */
  readonly nodes: OverlayNodes;
  /** Charges or, with a negative number, gives back nodes. */
  count(nodes: number): void;
}

/** The place of a node: its directory and its name there. The root has none. */
export interface OverlayPlace {
  readonly dir: OverlayNode;
  name: string;
}
/** The common part of directories, files and other nodes. */
export interface OverlayNode extends Inode {
  readonly fs: Overlay;
  readonly real: Dentry;
  readonly isUpper: boolean;
  readonly place: OverlayPlace | undefined;
  /** Its file is in the upper layer from now on. */
  moved(to: Dentry): void;
}
/** True for an inode of an overlay. */
export const isNode = (inode: Inode): inode is Inode & OverlayNode => "isUpper" in inode;

/** Takes over the attributes of the file in the layer. */
export const refresh = (node: OverlayNode): void => {
  const { mode, uid, gid, nlink, rdev, atime, mtime, ctime, xattrs } = node.real.inode;
  Object.assign(node, { mode, uid, gid, nlink: node.isDir ? 1 : nlink, rdev, atime, mtime, ctime, xattrs });
};

/** Makes a node exist in the upper layer: 0 or -errno. Linux ovl_copy_up(). */
export const copyUp = (node: OverlayNode): number => {
  if (node.isUpper) return 0;
  const { place } = node;
  if (!place || !node.fs.writable) return -E.EROFS;
  const above = copyUp(place.dir);
  if (above < 0) return above;
  const dir = place.dir.real;
  const { inode } = node.real;
  const copy = copyOf(dir.inode, place.name, inode);
  if (typeof copy === "number") return copy;
  const { atime, mtime } = inode;
  if (inode.xattrs) copy.xattrs = new Map([...inode.xattrs].filter(([name]) => !name.startsWith("trusted.overlay.")));
  copy.setattr({ uid: inode.uid, gid: inode.gid, mode: inode.mode, atime, mtime });
  const { fs } = node;
  node.moved(adopt(dir, place.name, copy));
  fs.nodes.set(copy, node);
  return 0;
};
const copyOf = (dir: Inode, name: string, from: Inode): Or<Inode> => {
  const made: NewInode = { mode: from.mode, uid: from.uid, gid: from.gid, rdev: from.rdev };
  const target = from.isLink ? from.readlink(NOBODY) : "";
  const copy = typeof target === "number" ? target : dir.create(name, made, target);
  if (typeof copy === "number" || !(from instanceof RegularInode) || !(copy instanceof RegularInode)) return copy;
  const buffer = new Uint8Array(CHUNK);
  for (let at = 0; at < from.size; at += CHUNK) {
    const bytes = buffer.subarray(0, Math.min(CHUNK, from.size - at));
    const got = from.readAt(at, bytes);
    if (got >= 0) from.pages?.overlay(at, bytes);
    const wrote = got < 0 ? got : copy.writeAt(at, bytes);
    if (wrote === bytes.length) continue;
    dir.unlink(name, copy);
    return wrote < 0 ? wrote : -E.ENOSPC;
  }
  return copy;
};
/** Changes attributes of the upper file. */
export const setattr = (node: OverlayNode, changes: Changes): number => {
  const bad = copyUp(node);
  if (bad < 0) return bad;
  const done = node.real.inode.setattr(changes);
  refresh(node);
  return done;
};
