// A directory of the host whose pages are read once in an exploration: each schedule reads the same ones.
import type { HostDirEntry, HostNode, HostStat, HostTree } from "../../kernel/fs/types/host-tree.ts";

const PAGE = 4096;
/** Pages that are kept, of all files. */
const MOST = 16384;

/** The nodes and pages of one tree. */
class Known {
  /** A file is one node under all its names. */
  readonly nodes = new WeakMap<HostNode, SteadyNode>();
  pages = 0;
  of(node: HostNode): SteadyNode {
    let known = this.nodes.get(node);
    if (!known) this.nodes.set(node, (known = new SteadyNode(node, this)));
    return known;
  }
}

/** A file whose pages do not change while it is known: no guest can write it. */
class SteadyNode implements HostNode {
  private readonly _node: HostNode;
  private readonly _known: Known;
  private readonly _pages = new Map<number, Uint8Array>();
  constructor(node: HostNode, known: Known) {
    this._node = node;
    this._known = known;
  }
  get stat(): HostStat {
    return this._node.stat;
  }
  get path(): readonly string[] {
    return this._node.path as readonly string[];
  }
  get identity(): string {
    return this._node.identity as string;
  }
  look(): HostStat | undefined {
    return this._node.look ? this._node.look() : this._node.stat;
  }
  shown(): void {
    this._node.shown?.();
  }
  lookup(name: string): HostNode | number {
    const found = this._node.lookup(name);
    return typeof found === "number" ? found : this._known.of(found);
  }
  readdir(): readonly HostDirEntry[] | number {
    return this._node.readdir();
  }
  readlink(): string | number {
    return this._node.readlink();
  }
  read(offset: number, into: Uint8Array): number {
    if (into.length !== PAGE || offset % PAGE !== 0) return this._node.read(offset, into);
    const known = this._pages.get(offset);
    if (known) {
      into.set(known);
      return known.length;
    }
    const length = this._node.read(offset, into);
    if (length > 0 && this._known.pages < MOST) {
      this._known.pages++;
      this._pages.set(offset, into.slice(0, length));
    }
    return length;
  }
  hold(access: { readonly read: boolean; readonly write: boolean }): number {
    return this._node.hold(access);
  }
  release(): void {
    this._node.release();
  }
  create(name: string, mode: number): HostNode | number {
    return this._node.create(name, mode);
  }
  mkdir(name: string, mode: number): HostNode | number {
    return this._node.mkdir(name, mode);
  }
  symlink(name: string, target: string): HostNode | number {
    return this._node.symlink(name, target);
  }
  link(name: string, file: HostNode): number {
    return this._node.link(name, file);
  }
  unlink(name: string): number {
    return this._node.unlink(name);
  }
  rmdir(name: string): number {
    return this._node.rmdir(name);
  }
  rename(name: string, to: HostNode, newName: string): number {
    return this._node.rename(name, to, newName);
  }
  write(offset: number, bytes: Uint8Array): number {
    return this._node.write(offset, bytes);
  }
  truncate(size: number): number {
    return this._node.truncate(size);
  }
  chmod(mode: number): number {
    return this._node.chmod(mode);
  }
  chown(uid: number, gid: number): number {
    return this._node.chown(uid, gid);
  }
  utimes(...times: Parameters<HostNode["utimes"]>): number {
    return this._node.utimes(...times);
  }
}

/** The same tree, if guests cannot change it. */
export const steadyTree = (tree: HostTree): HostTree => (tree.writable ? tree : { root: new Known().of(tree.root), writable: false });
