// The files of an image: its layers as one read-only tree. OCI image specification, "Image Layer Filesystem
// Changeset".
import { E } from "../abi/errno.ts";
import type { WorkBudget } from "../budget.ts";
import type { HostDirEntry, HostNode, HostStat, HostTree } from "../kernel/fs/types/host-tree.ts";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "../kernel/fs/vfs/mode.ts";
import type { FileBytes } from "../machine/options.ts";
import { Problem } from "../problem.ts";
import { componentsOf, type Files, MOST_DEPTH, walk } from "./walk.ts";

/** An entry of a layer. Names are byte strings. */
export interface LayerEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "link" | "fifo" | "character-device" | "block-device";
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** The target of a link. */
  readonly target: string;
  readonly content: FileBytes | undefined;
}

/** Bytes of this process that an entry takes beside its names, V8's room for garbage included. */
const ENTRY_BYTES = 900;
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const types: Readonly<Record<Exclude<LayerEntry["type"], "link">, number>> = {
  file: S_IFREG,
  directory: S_IFDIR,
  symlink: S_IFLNK,
  fifo: S_IFIFO,
  "character-device": S_IFCHR,
  "block-device": S_IFBLK,
};

const refuse = (message: string): Problem => new Problem("bad-image", message);
const READ_ONLY = -E.EROFS;

/** A file of the tree. */
class LayerNode implements HostNode {
  stat: HostStat;
  readonly #target: string;
  readonly #content: FileBytes | undefined;
  readonly children: Map<string, LayerNode> | undefined;
  /** The newest layer that has the entry. */
  layer: number;

  constructor(entry: Omit<LayerEntry, "name">, layer: number) {
    const time = { sec: Math.max(0, Math.min(entry.mtime, 2 ** 33)), nsec: 0 };
    const type = types[entry.type as Exclude<LayerEntry["type"], "link">];
    const size = entry.type === "symlink" ? entry.target.length : (entry.content?.size ?? 0);
    this.stat = {
      mode: type | (entry.mode & 0o7777),
      uid: entry.uid,
      gid: entry.gid,
      size,
      nlink: 1,
      rdev: 0,
      atime: time,
      mtime: time,
      ctime: time,
    };
    this.#target = entry.target;
    this.#content = entry.content;
    this.children = entry.type === "directory" ? new Map() : undefined;
    this.layer = layer;
  }
  get isLink(): boolean {
    return (this.stat.mode & 0o170000) === S_IFLNK;
  }
  get target(): string {
    return this.#target;
  }

  lookup(name: string): HostNode | number {
    if (!this.children) return -E.ENOTDIR;
    return this.children.get(name) ?? -E.ENOENT;
  }
  readdir(): readonly HostDirEntry[] | number {
    if (!this.children) return -E.ENOTDIR;
    return [...this.children].map(([name, { stat }]) => ({ name, type: stat.mode & 0o170000 }));
  }
  readlink(): string | number {
    return this.isLink ? this.#target : -E.EINVAL;
  }
  read(offset: number, into: Uint8Array): number {
    return this.#content ? this.#content.read(offset, into) : -E.EINVAL;
  }
  hold(): number {
    return 0;
  }
  release(): void {}
  create(): number {
    return READ_ONLY;
  }
  mkdir(): number {
    return READ_ONLY;
  }
  symlink(): number {
    return READ_ONLY;
  }
  link(): number {
    return READ_ONLY;
  }
  unlink(): number {
    return READ_ONLY;
  }
  rmdir(): number {
    return READ_ONLY;
  }
  rename(): number {
    return READ_ONLY;
  }
  write(): number {
    return READ_ONLY;
  }
  truncate(): number {
    return READ_ONLY;
  }
  chmod(): number {
    return READ_ONLY;
  }
  chown(): number {
    return READ_ONLY;
  }
  utimes(): number {
    return READ_ONLY;
  }
}

const folder = { type: "directory", mode: 0o755, uid: 0, gid: 0, mtime: 0, target: "", content: undefined } as const;

/** Builds the tree. Entries of one layer come together, the lowest layer first. */
export class LayerTree implements HostTree {
  readonly root: HostNode;
  readonly writable = false;
  readonly #root = new LayerNode(folder, 0);
  readonly #budget: WorkBudget;
  #layer = 0;

  /** Entries are charged to the budget, because the host keeps them all. */
  constructor(budget: WorkBudget) {
    this.root = this.#root;
    this.#budget = budget;
  }
  /** The entries that follow belong to the next layer. */
  nextLayer(): void {
    this.#layer++;
  }

  /** @throws {Problem} The entry leads out of the tree, or a limit is reached. */
  add(entry: LayerEntry): void {
    const parts = this.#parts(entry.name);
    const name = parts.at(-1);
    this.#budget.spend(ENTRY_BYTES + entry.name.length + entry.target.length);
    if (name === undefined) {
      if (entry.type === "directory") this.#root.stat = new LayerNode(entry, this.#layer).stat;
      return;
    }
    const parent = this.#directory(parts.slice(0, -1));
    if (name === OPAQUE) {
      for (const [child, node] of parent.children as Map<string, LayerNode>) if (node.layer < this.#layer) parent.children?.delete(child);
    } else if (name.startsWith(WHITEOUT)) {
      const hidden = name.slice(WHITEOUT.length);
      const found = parent.children?.get(hidden);
      if (found && found.layer < this.#layer) parent.children?.delete(hidden);
    } else this.#put(parent, name, entry);
  }

  #put(parent: LayerNode, name: string, entry: LayerEntry): void {
    const children = parent.children as Map<string, LayerNode>;
    const old = children.get(name);
    if (entry.type === "link") {
      const file = this.find(entry.target);
      if (!file || file.children)
        throw refuse(`${JSON.stringify(entry.name)} is a hard link to ${JSON.stringify(entry.target)}, which is no file of the image`);
      file.stat = { ...file.stat, nlink: file.stat.nlink + 1 };
      children.set(name, file);
      return;
    }
    if (entry.type === "directory" && old?.children) {
      old.stat = { ...new LayerNode(entry, this.#layer).stat, nlink: old.stat.nlink };
      old.layer = this.#layer;
      return;
    }
    children.set(name, new LayerNode(entry, this.#layer));
  }

  #parts(name: string): string[] {
    if (name.includes("\0")) throw refuse("a name in the image contains a NUL byte");
    const parts = componentsOf(name);
    if (parts.includes("..")) throw refuse(`${JSON.stringify(name)} leads out of the image`);
    if (parts.length > MOST_DEPTH || parts.some((part) => part.length > 255))
      throw refuse(`${JSON.stringify(name.slice(0, 80))} is too long`);
    return parts;
  }

  /**
   * The directory at a path. Links on the way are followed inside the tree, and missing directories are made.
   */
  #directory(parts: readonly string[]): LayerNode {
    return walk(this.#root, parts, { ...this.#files, make: (dir, name) => this.#made(dir, name) }) as LayerNode;
  }
  /** The file at a path of the image; the last component is not followed. */
  find(name: string): LayerNode | undefined {
    const parts = componentsOf(name);
    const last = parts.pop();
    const parent = walk(this.#root, parts, this.#files);
    if (last === undefined || last === "..") return parent;
    return parent?.children?.get(last);
  }
  /** The bytes of a small file, for /etc/passwd; undefined if it is none or has more than `most` bytes. */
  text(name: string, most: number): string | undefined {
    const file = this.find(name);
    if (!file || (file.stat.mode & 0o170000) !== S_IFREG || file.stat.size > most) return undefined;
    const bytes = new Uint8Array(file.stat.size);
    return file.read(0, bytes) < 0 ? undefined : new TextDecoder().decode(bytes);
  }

  #made(dir: LayerNode, name: string): LayerNode {
    this.#budget.spend(ENTRY_BYTES);
    const made = new LayerNode(folder, this.#layer);
    dir.children?.set(name, made);
    return made;
  }
  readonly #files: Files<LayerNode> = {
    child: (dir, name) => dir.children?.get(name),
    target: (file) => (file.isLink ? file.target : undefined),
    isDirectory: (file) => file.children !== undefined,
    step: () => this.#budget.spend(0),
  };
}
