// Putting the first files and mounts into a machine before anything runs: no permissions, no tasks.
import { Content } from "../kernel/fs/content.ts";
import { Dentry, type Path } from "../kernel/fs/dentry.ts";
import type { FileSystem, Inode, NewInode } from "../kernel/fs/inode.ts";
import { MemDir, MemFile } from "../kernel/fs/memfs.ts";
import { S_IFDIR, S_IFREG } from "../kernel/fs/mode.ts";
import { MountNamespace } from "../kernel/fs/mount.ts";
import type { Vfs } from "../kernel/fs/vfs.ts";
import { Problem } from "../problem.ts";

const owned = (mode: number): NewInode => ({ mode, uid: 0, gid: 0, rdev: 0 });

const namesOf = (path: string): string[] => {
  if (!path.startsWith("/")) throw new Problem("bad-mount", `a path in the guest must be absolute, not "${path}"`);
  return path.split("/").filter((name) => name !== "" && name !== ".");
};

const directory = (inode: Inode, path: string): MemDir => {
  if (inode instanceof MemDir) return inode;
  throw new Problem("bad-mount", `${path} is not a folder of the guest that files can be put into`);
};

const child = (at: Path, name: string, inode: Inode): Path => {
  const known = at.dentry.children.get(name);
  const dentry = known ?? new Dentry(name, at.dentry, inode);
  at.dentry.children.set(name, dentry);
  return MountNamespace.cross({ mount: at.mount, dentry });
};

/** The directory at an absolute path, made with all above it where it is missing. */
export const makeDirectory = (vfs: Vfs, path: string): Path => {
  let at = MountNamespace.cross(vfs.namespace.root.path);
  for (const name of namesOf(path)) {
    const parent = directory(at.dentry.inode, path);
    const known = parent.lookup(name);
    const inode = typeof known === "number" ? parent.mkdir(name, owned(S_IFDIR | 0o755)) : known;
    if (typeof inode === "number") throw new Problem("no-memory", `${path} cannot be made in the guest`);
    at = child(at, name, inode);
  }
  return at;
};

const split = (path: string): { readonly above: string; readonly name: string } => {
  const names = namesOf(path);
  return { above: `/${names.slice(0, -1).join("/")}`, name: names.at(-1) ?? "" };
};

/** A regular file with these bytes, which are not copied until the guest changes them. */
export const putFile = (vfs: Vfs, path: string, bytes: Uint8Array, mode: number): void => {
  const { above, name } = split(path);
  const parent = directory(makeDirectory(vfs, above).dentry.inode, path);
  const read = (offset: number, into: Uint8Array): number => {
    const part = bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  };
  parent.add(name, new MemFile(parent.fs, owned(S_IFREG | mode), new Content(parent.fs.budget, { size: bytes.length, read })));
};

export const putNode = (vfs: Vfs, path: string, mode: number, rdev: number): void => {
  const { above, name } = split(path);
  directory(makeDirectory(vfs, above).dentry.inode, path).mknod(name, { ...owned(mode), rdev });
};

export const putLink = (vfs: Vfs, path: string, target: string): void => {
  const { above, name } = split(path);
  directory(makeDirectory(vfs, above).dentry.inode, path).symlink(name, target, owned(0o777));
};

export const mountAt = (vfs: Vfs, path: string, fs: FileSystem, options: { readonly source?: string; readonly flags?: number } = {}): void => {
  vfs.namespace.attach(makeDirectory(vfs, path), fs, options);
};
