// Adds the first files and mounts to a machine before a program runs: no permissions, no tasks.

import { RegularInode } from "../kernel/fs/files/regular.ts";
import { isShortage, mountpoint } from "../kernel/fs/standard.ts";
import { type Base, Content } from "../kernel/fs/types/content.ts";
import { MemDir, MemFile } from "../kernel/fs/types/memfs.ts";
import type { Path } from "../kernel/fs/vfs/dentry.ts";
import type { FileSystem } from "../kernel/fs/vfs/inode.ts";
import { S_IFREG } from "../kernel/fs/vfs/mode.ts";
import { adopt } from "../kernel/fs/vfs/resolve.ts";
import type { Vfs } from "../kernel/fs/vfs.ts";
import { Problem } from "../problem.ts";
import type { FileBytes, FileOptions } from "./options.ts";

/** Bytes of a file that are read to recognise its type. */
const HEAD = 65536;

/** The names of the root have filled the memory. */
export const memoryUsedUp = (): Problem =>
  new Problem("no-memory", "the guest's memory is used up before its program starts", {
    help: "the names of its root take memory too: a larger --memory (option memory) is needed",
  });

/** The directory at an absolute path. Missing directories are created. */
const directoryAt = (vfs: Vfs, path: string): Path => {
  if (!path.startsWith("/")) throw new Problem("bad-mount", `a path in the guest must be absolute, not "${path}"`);
  const found = mountpoint(vfs, path);
  if (isShortage(found)) throw memoryUsedUp();
  if (typeof found === "number") throw new Problem("bad-mount", `${path} is no folder in the guest and cannot be made one`);
  return found;
};

const parentOf = (vfs: Vfs, path: string): { readonly at: Path; readonly parent: MemDir; readonly name: string } => {
  const slash = path.lastIndexOf("/");
  const at = directoryAt(vfs, path.slice(0, slash) || "/");
  const parent = at.dentry.inode;
  if (!(parent instanceof MemDir)) throw new Problem("bad-mount", `${path} cannot be put into the guest: its folder is the host's`);
  return { at, parent, name: path.slice(slash + 1) };
};

/** Bytes below a file. */
export class GivenBytes implements Base {
  readonly size: number;
  private readonly _bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.size = bytes.length;
    this._bytes = bytes;
  }
  read(offset: number, into: Uint8Array): number {
    const part = this._bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }
}
/** The bytes of a file that the owner of the machine supplies page by page. */
export class SuppliedBytes implements Base {
  readonly size: number;
  private readonly _source: FileBytes;
  constructor(source: FileBytes) {
    this.size = source.size;
    this._source = source;
  }
  read(offset: number, into: Uint8Array): number {
    return this._source.read(offset, into);
  }
}

/** A regular file with these bytes, which are not copied until the guest changes them. */
export const putFile = (vfs: Vfs, path: string, content: Exclude<FileOptions["content"], string>, mode: number): void => {
  const { parent, name } = parentOf(vfs, path);
  // A folder of the host has its own names first.
  parent.lookup(name);
  const made = { mode: S_IFREG | mode, uid: 0, gid: 0, rdev: 0 };
  const base = content instanceof Uint8Array ? new GivenBytes(content) : new SuppliedBytes(content);
  parent.add(name, new MemFile(parent.fs, made, new Content(parent.fs.budget, base)));
};

/**
 * A file that each machine has.
 *
 * @throws {Problem} The memory was used up before it was made.
 */
export const fileAt = (vfs: Vfs, path: string): Path => {
  const { at, parent, name } = parentOf(vfs, path);
  const inode = parent.lookup(name);
  if (typeof inode === "number")
    throw isShortage(inode) ? memoryUsedUp() : new Problem("bad-mount", `the guest's root lets no ${path} exist`);
  return { mount: at.mount, dentry: at.dentry.children.get(name) ?? adopt(at.dentry, name, inode) };
};

/** The file at an absolute path, for messages. Links are not followed. */
export const lookAt = (vfs: Vfs, path: string): { readonly isDirectory: boolean; readonly bytes?: Uint8Array } | undefined => {
  if (/^\/+$/.test(path)) return { isDirectory: true };
  const slash = path.lastIndexOf("/");
  const at = mountpoint(vfs, path.slice(0, slash) || "/");
  const parent = typeof at === "number" ? undefined : at.dentry.inode;
  const inode = parent instanceof MemDir ? parent.lookup(path.slice(slash + 1)) : undefined;
  if (inode === undefined || typeof inode === "number") return undefined;
  if (!(inode instanceof RegularInode)) return { isDirectory: inode.isDir };
  const bytes = new Uint8Array(Math.min(inode.size, HEAD));
  return inode.readAt(0, bytes) < 0 ? undefined : { isDirectory: false, bytes };
};

/** Mounts a file system at a path, whose directories are made. */
export const mountAt = (vfs: Vfs, path: string, fs: FileSystem, flags = 0): void => {
  vfs.namespace.attach(directoryAt(vfs, path), fs, { flags });
};
