// A directory of this host as the core's HostTree. Nothing below it is followed through a symbolic link: the
// guest resolves links itself, against its own root.
import { type BigIntStats, lstatSync, realpathSync } from "node:fs";
import type { HostTree, HostTreeOptions } from "../kernel/fs/types/host-tree.ts";
import { setTreeMemory } from "../machine/starts/tree-memory.ts";
import { failure } from "./node-errno.ts";
import { identity, NodeFile } from "./node-file.ts";
import { type Reach, reachOfSystem } from "./node-reach.ts";
import { answersAs, TreeNotes } from "./tree-notes.ts";

/** A directory of the host as a HostTree. */
export class NodeTree implements HostTree {
  readonly path: Buffer;
  readonly writable: boolean;
  readonly reach: Reach;
  readonly root: NodeFile;
  /** Notes what is asked of the tree, if a run wants to know. */
  notes: TreeNotes | undefined = undefined;
  /** Files that may be met by several names, by identity. */
  readonly #known = new Map<string, WeakRef<NodeFile>>();
  readonly #gone = new FinalizationRegistry<string>((id) => {
    if (this.#known.get(id)?.deref() === undefined) this.#known.delete(id);
  });

  constructor(path: string | Buffer, writable: boolean, reach: Reach) {
    this.path = realpathSync.native(path, "buffer");
    this.writable = writable;
    this.reach = reach;
    const found = lstatSync(this.path, { bigint: true });
    if (!found.isDirectory()) throw failure("ENOTDIR");
    this.root = new NodeFile(this, undefined, "", found);
  }

  /** The node of a file that was found as `name` in `parent`. */
  met(parent: NodeFile, name: string, found: BigIntStats): NodeFile {
    // Names of a read-only tree are looked up once each: only hard links lead to the same file.
    if (!this.writable && (found.nlink < 2n || found.isDirectory())) return new NodeFile(this, parent, name, found);
    const id = identity(found);
    const known = this.#known.get(id)?.deref();
    if (known) return known.seen(parent, name, found);
    const made = new NodeFile(this, parent, name, found);
    this.#known.set(id, new WeakRef(made));
    this.#gone.register(made, id);
    return made;
  }
}

/**
 * The directory `path` of this host; with `writable` the guest's changes reach it. Throws if there is no such
 * directory.
 */
export const nodeTree = (path: string, options: HostTreeOptions = {}): HostTree => {
  const tree = new NodeTree(path, options.writable ?? false, reachOfSystem());
  return setTreeMemory(tree, {
    place: tree.path.toString("latin1"),
    noted() {
      const noted = new NodeTree(tree.path, tree.writable, tree.reach);
      const all = new TreeNotes(noted.root);
      noted.notes = all;
      return {
        tree: noted,
        get size() {
          return all.size;
        },
        notes: () => all.notes(),
        end: () => void (noted.notes = undefined),
      };
    },
    answersAs: (notes) => answersAs(tree, notes),
  });
};
