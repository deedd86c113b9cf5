// A root with persistent changes: an upper layer of the host over a lower tree, which never changes. Every
// change is one record of the upper layer, made before the call returns. Only times of open files may be
// late.
import { E } from "../../../abi/errno.ts";
import type { WorkBudget } from "../../../budget.ts";
import { asBytes } from "../../base/byte-string.ts";
import type { Clock, Inode, NewInode, Or } from "../vfs/inode.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/mode.ts";
import { HostBase } from "./host-fs.ts";
import type { HostNode, HostTree } from "./host-tree.ts";
import { MemFs, MemLink } from "./memfs.ts";
import { OverlayContent } from "./overlay-content.ts";
import { HostOverlayDir, HostOverlayFile, HostOverlayNode } from "./overlay-inodes.ts";
import { ROOT, UpperState } from "./upper-state.ts";
import type { UpperNode, UpperRecord, UpperStore } from "./upper-store.ts";

/** Where a file comes from. */
interface Origin {
  /** Its number in the upper layer. */
  id?: number;
  /** Its path in the lower layer, and the node there. */
  readonly lower?: string | undefined;
  readonly node?: HostNode | undefined;
  /** The name by which it was found, until it has a number. */
  found?: { readonly directory: Inode; readonly name: string } | undefined;
}
/** The same, as an object of its own. */
export class UpperPlace {
  id: number | undefined;
  readonly lower: string | undefined;
  readonly node: HostNode | undefined;
  found: Origin["found"];
  constructor({ id, lower, node, found }: Origin) {
    this.id = id;
    this.lower = lower;
    this.node = node;
    this.found = found;
  }
}
interface Pending {
  nodes: Map<number, UpperNode>;
  names: (readonly [directory: number, name: string, id: number])[];
  chunks: (readonly [id: number, first: number, count: number])[];
}
const textOfBytes = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const none = (): Pending => ({ nodes: new Map(), names: [], chunks: [] });

/** The file system of `--overlay`. */
export class HostOverlayFs extends MemFs {
  override readonly type: string = "overlay";
  override readonly keepsBirths = false;
  override readonly magic: number = 0x794c7630;
  readonly store: UpperStore;
  readonly state = new UpperState();
  private readonly _lower: HostTree | undefined;
  private readonly _links: Map<number, number>;
  private readonly _inodes = new Map<number, Inode>();
  private readonly _linked = new Map<HostNode, Inode>();
  private readonly _places = new Map<Inode, UpperPlace>();
  /** Files with times that no record has. */
  private readonly _late = new Set<Inode>();
  /** Files without a name and without an open file: their bytes go after the record that says so. */
  private readonly _removed: number[] = [];
  private _pending = none();
  /** The host refused a record. All later changes fail, so that the upper layer stays consistent. */
  private _failed = false;

  /** `budget`: for the records of earlier runs. */
  constructor(dev: number, clock: Clock, store: UpperStore, lower: HostTree | undefined, budget: WorkBudget) {
    super(dev, clock, {});
    this.store = store;
    this._lower = lower;
    for (const record of store.begin(budget)) this.state.load(record, budget);
    this._links = this.state.reached();
    this.state.tidy(this._links);
    store.keep(new Set(this.state.nodes.keys()));
  }
  protected override rootDir(mode: number): Inode {
    const node = this._lower?.root;
    const known = this.state.nodes.get(ROOT);
    if (known) return this._fromUpper(ROOT, known);
    const place = new UpperPlace({ id: ROOT, lower: node && "", node });
    const { mode: bits, uid, gid } = node?.stat ?? { mode: S_IFDIR | mode, uid: 0, gid: 0 };
    const root = new HostOverlayDir(this, { mode: bits, uid, gid, rdev: 0 }, node);
    if (node) this._shownAs(root, node);
    this._places.set(root, place);
    this._inodes.set(ROOT, root);
    this._pending.nodes.set(ROOT, this._nodeOf(root, place));
    return root;
  }
  private _shownAs(inode: Inode, { stat: { nlink, atime, mtime, ctime } }: HostNode): void {
    Object.assign(inode, { nlink, atime, mtime, ctime });
  }

  /** The names of a directory that the upper layer has. */
  namesOf(directory: Inode): ReadonlyMap<string, number> | undefined {
    const id = this._places.get(directory)?.id;
    return id === undefined ? undefined : this.state.names.get(id);
  }
  /** The type of a file of the upper layer, S_IF*. */
  typeOf(id: number): number {
    return (this.state.nodes.get(id)?.mode ?? 0) & S_IFMT;
  }
  /** The inode of a name, for a directory that looks it up. */
  load(directory: HostOverlayDir, name: string): Or<Inode> {
    const id = this.namesOf(directory)?.get(name);
    if (id === 0) return -E.ENOENT;
    if (id !== undefined) {
      const node = this.state.nodes.get(id);
      return this._inodes.get(id) ?? (node ? this._fromUpper(id, node) : -E.ENOENT);
    }
    const found = directory.lower?.lookup(name) ?? -E.ENOENT;
    if (typeof found === "number") return found;
    const linked = this._linked.get(found);
    if (linked) return linked;
    const path = this._places.get(directory)?.lower ?? "";
    const place = new UpperPlace({ lower: path === "" ? name : `${path}/${name}`, node: found, found: { directory, name } });
    const { mode, uid, gid, rdev, nlink } = found.stat;
    const inode = this._make({ mode, uid, gid, rdev }, place, {});
    this._shownAs(inode, found);
    if (nlink > 1 && !inode.isDir) this._linked.set(found, inode);
    return inode;
  }
  private _fromUpper(id: number, node: UpperNode): Inode {
    const place = new UpperPlace({ id, lower: node.lower, node: node.lower === undefined ? undefined : this._lowerAt(node.lower) });
    const inode = this._make(node, place, node);
    const [a = 0, an = 0, m = 0, mn = 0, c = 0, cn = 0] = node.times;
    Object.assign(inode, { atime: { sec: a, nsec: an }, mtime: { sec: m, nsec: mn }, ctime: { sec: c, nsec: cn } });
    inode.nlink = inode.isDir ? this._directoryLinks(id, place) : (this._links.get(id) ?? 0);
    if (node.xattrs) inode.xattrs = new Map(Object.entries(node.xattrs).map(([name, value]) => [name, asBytes(value)]));
    this._inodes.set(id, inode);
    return inode;
  }
  /** As Linux's overlayfs has it: 1 for a directory of both layers. */
  private _directoryLinks(id: number, { node }: UpperPlace): number {
    if (node) return 1;
    const all = [...(this.state.names.get(id)?.values() ?? [])];
    return 2 + all.filter((each) => this.typeOf(each) === S_IFDIR).length;
  }
  private _lowerAt(path: string): HostNode | undefined {
    let at = this._lower?.root;
    for (const name of path === "" ? [] : path.split("/")) {
      const next = at?.lookup(name);
      at = typeof next === "number" ? undefined : next;
    }
    return at;
  }
  private _make(
    made: NewInode,
    place: UpperPlace,
    known: { readonly base?: number | undefined; readonly target?: string | undefined },
  ): Inode {
    const inode = this._newInode(made, place, known);
    this._places.set(inode, place);
    return inode;
  }
  private _newInode(
    { mode, uid, gid, rdev }: NewInode,
    { id, node }: UpperPlace,
    { base, target }: { readonly base?: number | undefined; readonly target?: string | undefined },
  ): Inode {
    const made = { mode, uid, gid, rdev };
    switch (mode & S_IFMT) {
      case S_IFDIR:
        return new HostOverlayDir(this, made, node);
      case S_IFLNK: {
        const text = target ?? node?.readlink() ?? "";
        return new MemLink(this, made, typeof text === "number" ? "" : text);
      }
      case S_IFREG: {
        const below = node && new HostBase(node);
        const chunks = id === undefined ? undefined : this.state.chunks.get(id);
        const known = { ...(id === undefined ? {} : { id }), ...(base === undefined ? {} : { base }), ...(chunks ? { chunks } : {}) };
        return new HostOverlayFile(this, made, new OverlayContent(this.store, below, known));
      }
      default:
        return new HostOverlayNode(this, made, node !== undefined);
    }
  }
  /** A new file of a guest. */
  newInode(made: NewInode, target: string): Inode {
    return this._make(made, new UpperPlace({}), { target });
  }

  private _nodeOf(inode: Inode, { lower }: UpperPlace): UpperNode {
    const { mode, uid, gid, rdev, atime, mtime, ctime, xattrs } = inode;
    const below = lower !== undefined && (!inode.isLink || lower === "");
    return {
      mode,
      uid,
      gid,
      rdev,
      times: [atime, mtime, ctime].flatMap(({ sec, nsec }) => [sec, nsec]),
      ...(xattrs && xattrs.size > 0
        ? { xattrs: Object.fromEntries(Array.from(xattrs, ([name, value]) => [name, textOfBytes(value)])) }
        : {}),
      ...(inode instanceof MemLink ? { target: inode.target } : {}),
      ...(below ? { lower } : {}),
      ...(inode instanceof HostOverlayFile && below ? { base: inode.overlaid.baseSize } : {}),
    };
  }
  /**
   * A file's number in the upper layer, which the first call assigns. Undefined for a file of the machine's
   * own.
   */
  private _number(inode: Inode): number | undefined {
    const place = this._places.get(inode);
    if (!place) return undefined;
    if (place.id !== undefined) return place.id;
    place.id = this.state.newId();
    this._inodes.set(place.id, inode);
    this._pending.nodes.set(place.id, this._nodeOf(inode, place));
    const { found } = place;
    place.found = undefined;
    const directory = found && this._number(found.directory);
    if (found && directory !== undefined) this._pending.names.push([directory, found.name, place.id]);
    return place.id;
  }
  /** A file leaves the name by which it was found. */
  private _leaves(inode: Inode, directory: Inode, name: string): void {
    const place = this._places.get(inode);
    if (place?.found?.directory === directory && place.found.name === name) place.found = undefined;
  }

  /** One record of all that is pending: 0, or -EIO if the host refuses it. */
  private _commit(): number {
    if (this._failed) return -E.EIO;
    for (const inode of this._late) this._renew(inode);
    this._late.clear();
    const { nodes, names, chunks } = this._pending;
    if (nodes.size + names.length + chunks.length > 0) {
      const record = { nodes: [...nodes], names, chunks };
      this._pending = none();
      if (this.store.append(record) < 0) {
        this._failed = true;
        return -E.EIO;
      }
      this.state.apply(record);
    }
    for (const id of this._removed.splice(0)) this.store.remove(id);
    if (!this.store.isLong) return 0;
    this.state.tidy();
    return this.store.replace(this.state.snapshot());
  }
  /** The attributes of a file that the upper layer has, as they are now. */
  private _renew(inode: Inode): void {
    const place = this._places.get(inode);
    if (place?.id !== undefined) this._pending.nodes.set(place.id, this._nodeOf(inode, place));
  }
  /** The number of a file. The first call makes it one of the upper layer; -errno if that fails. */
  ready(inode: Inode): number {
    const id = this._number(inode) ?? -E.EIO;
    const done = this._commit();
    return done < 0 ? done : id;
  }
  /** Retains that chunks are in the upper layer, or that fewer bytes of the lower file can be seen. */
  note(file: HostOverlayFile, record: Pick<UpperRecord, "chunks"> | "base"): number {
    if (record === "base") this._renew(file);
    else this._pending.chunks.push(...(record.chunks ?? []));
    return this._commit();
  }

  /** Attributes of a file have changed. */
  override attributesChanged(inode: Inode): number {
    if (this._number(inode) === undefined) return 0;
    this._renew(inode);
    return this._commit();
  }
  /** Times of a file have changed. They wait for the next record, or for the end of the file's use. */
  override changed(inode: Inode): void {
    if (this._places.get(inode)?.id !== undefined) this._late.add(inode);
  }
  /** A file is not used any more for now. */
  unused(inode: Inode): void {
    if (this._late.has(inode)) this._commit();
  }
  /** A file has neither a name nor an open file. */
  override ended(inode: Inode): void {
    const id = this._places.get(inode)?.id;
    this._late.delete(inode);
    this._places.delete(inode);
    if (id === undefined) return;
    this._inodes.delete(id);
    this._removed.push(id);
  }
  /**
   * Records new names of directories. `inode` undefined: the name was removed. `gone`: files that lost a
   * name.
   */
  renamed(
    changes: readonly { readonly directory: Inode; readonly name: string; readonly inode: Inode | undefined }[],
    gone: readonly { readonly inode: Inode; readonly directory: Inode; readonly name: string }[] = [],
  ): number {
    for (const { inode, directory, name } of gone) this._leaves(inode, directory, name);
    for (const { directory, name, inode } of changes) {
      const to = this._number(directory);
      const id = inode && this._number(inode);
      if (inode) this._renew(inode);
      if (to !== undefined) this._pending.names.push([to, name, id ?? 0]);
    }
    return this._commit();
  }
  override begin(): void {
    this.store.resume();
  }
  override finish(): void {
    this._commit();
    this.store.end();
  }
}
