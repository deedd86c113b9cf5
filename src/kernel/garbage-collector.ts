// Objects without an event at their end: namespaces, mounts and their file systems, filters, local descriptor
// tables, lists of groups. They are charged when they are made. When memory is short, a search finds the
// unreachable ones.
import type { Reclaimer } from "../memory/frames.ts";
import { Filter } from "../seccomp/filter.ts";
import type { NamespaceState } from "./base/namespace-part.ts";
import type { Kernel } from "./core/kernel.ts";
import type { Task } from "./core/task.ts";
import type { UserNamespace } from "./cred/user-namespace.ts";
import { isNsInode } from "./fs/types/nsfs.ts";
import { FileSystem, type Garbage } from "./fs/vfs/inode.ts";
import { Mount, type MountNamespace } from "./fs/vfs/mount.ts";
import type { PartNamespace } from "./namespace/set.ts";
import type { PidNamespace } from "./task/pid-namespace.ts";

declare module "./core/kernel.ts" {
  interface KernelMembers {
    readonly garbage: GarbageCollector;
  }
}

/** A file system. Its files give up their pages. */
interface Ending {
  end(): void;
}

interface Entry {
  bytes: number;
  /** The system call that made the object. Until that call ends the object may be unreachable. */
  readonly since: number;
}

/** Bytes that may be added between two searches. After a search that left more, the bytes that it left. */
const FEW = 2 ** 22;
/** Objects that a search may visit for one umount(2). */
const LOOKS = 64;
/** Nanoseconds of virtual time for each visited object. */
const STEP = 100;

/** The charged objects, and the search for unreachable ones. */
export class GarbageCollector implements Garbage, Reclaimer {
  private readonly _kernel: Kernel;
  private readonly _entries = new Map<object, Entry>();
  private _total = 0;
  /** Mounts that have left a namespace since the last search. */
  private _unmounts = 0;
  /** The total in bytes from which `tidy` searches. */
  private _enough = FEW;
  /** Open files that hold a namespace or a filter. */
  readonly files = new Map<object, object>();

  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }
  /** Charges a new object, or one that has grown to `bytes`. */
  add(object: object, bytes: number): void {
    const { frames, syscalls } = this._kernel;
    let entry = this._entries.get(object);
    if (!entry) this._entries.set(object, (entry = { bytes: 0, since: syscalls }));
    const more = bytes - entry.bytes;
    entry.bytes = bytes;
    this._total += more;
    if (more > 0) frames.account.force(more);
    else frames.account.give(-more);
  }
  /** Before a new object: searches if enough has been added. */
  tidy(): void {
    if (this._total < this._enough) return;
    this.sweep();
    this._enough = Math.max(FEW, 2 * this._total);
  }

  /** Reclaimer. The number of freed pages is unknown: it reports at least one if an object was found. */
  reclaim(): number {
    if (this._kernel.vfs === undefined) return 0;
    let found = this.sweep();
    for (const { mem } of this._kernel.tasks.values()) found += mem.table.trimEmpty();
    return found;
  }
  /** A mount has left its namespace: searches, with a bounded number of visits per such mount on average. */
  unmounted(): void {
    this._unmounts++;
    if (this._unmounts * LOOKS >= this._entries.size + this._kernel.tasks.size) this.sweep();
  }

  /** Drops unreachable objects and returns their number. */
  sweep(): number {
    const { frames, syscalls } = this._kernel;
    const reached = new Search(this._kernel, this.files, this._entries.keys()).reached;
    let found = 0;
    for (const [object, { bytes, since }] of this._entries) {
      if (since === syscalls || reached.has(object)) continue;
      this._entries.delete(object);
      this._total -= bytes;
      frames.account.give(bytes);
      if ("end" in object) (object as Ending).end();
      found++;
    }
    this._unmounts = 0;
    this._kernel.charge(STEP * (this._entries.size + reached.size));
    return found;
  }
}

/** The objects that tasks, open files and mounts reach. */
class Search {
  readonly reached = new Set<object>();

  constructor(kernel: Kernel, files: ReadonlyMap<object, object>, all: Iterable<object>) {
    this._namespace(kernel.vfs.namespace);
    this._mount(kernel.vfs.memfds);
    this._mount(kernel.vfs.hugeFiles);
    for (const task of kernel.tasks.values()) this._task(task);
    for (const { leader } of kernel.processes.values()) if (leader) this._task(leader);
    for (const object of files.values()) {
      if (object instanceof Filter) this._filters(object);
      else this._namespace(object);
    }
    // A task with a file of a mount open can walk to the mounts around it, also after umount2(2) with
    // MNT_DETACH. Files of a queue or of the first root have mounts that are not in the list.
    for (const object of all) {
      if (!isOpen(object)) continue;
      if (object instanceof FileSystem) this._fileSystem(object);
      else if (isMount(object)) this._mount(object);
    }
  }
  /** False: it was visited before. */
  private _first(object: object): boolean {
    if (this.reached.has(object)) return false;
    this.reached.add(object);
    return true;
  }
  private _task(task: Task): void {
    const { cred, namespaces, pidNs, childPidNs, fs } = task;
    this.reached.add(task.ldt);
    this.reached.add(cred.groups);
    if (cred.security) for (const state of Object.values(cred.security)) this.reached.add(state);
    if (this._first(namespaces)) for (const namespace of Object.values(namespaces)) this._namespace(namespace);
    for (const namespace of [pidNs, childPidNs, cred.userNs]) if (namespace) this._namespace(namespace);
    this._mount(fs.root.mount);
    this._mount(fs.cwd.mount);
    if (task.seccomp?.filter) this._filters(task.seccomp.filter);
  }
  private _filters(head: Filter): void {
    for (let f: Filter | null = head; f && this._first(f); f = f.prev);
  }
  private _namespace(namespace: object): void {
    if (!this._first(namespace)) return;
    const { owner, parent, root, parts } = namespace as Partial<
      PidNamespace & Omit<MountNamespace, "parent"> & Pick<PartNamespace, "parts"> & { readonly parent: UserNamespace }
    >;
    for (const { fileSystem } of (parts?.values() ?? []) as Iterable<NamespaceState>) if (fileSystem) this._fileSystem(fileSystem);
    if (typeof owner === "object") this._namespace(owner);
    if (parent) this._namespace(parent);
    // A cgroup namespace has a root too.
    if (root && isMount(root)) this._mount(root);
  }
  /** Visits a file system, and the layers of an overlay, which may have no mount any more. */
  private _fileSystem(fs: FileSystem): void {
    if (!this._first(fs)) return;
    if (fs.owner) this._namespace(fs.owner);
    for (const { inode } of fs.below) this._fileSystem(inode.fs);
  }
  /** Visits a mount and all mounts connected to it. */
  private _mount(mount: Mount): void {
    const open = [mount];
    for (let m = open.pop(); m; m = open.pop()) {
      if (!this._first(m)) continue;
      this._fileSystem(m.fs);
      if (m.namespace) this._namespace(m.namespace);
      if (isNsInode(m.root.inode)) this._namespace(m.root.inode.namespace);
      if (m.parent) open.push(m.parent);
      open.push(...m.children.values());
    }
  }
}

const isOpen = (object: object): boolean => "opens" in object && (object.opens as number) > 0;
const isMount = (object: object): object is Mount => object instanceof Mount;
