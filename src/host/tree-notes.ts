// What a run has asked of a directory or a file of the host, and if the host would answer the same now.
// Content is not looked at: a file with the same inode, size, mtime and ctime has the same content, unless it
// changed while the run was young (`isRacyNow`).
import { type BigIntStats, fstatSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { E } from "../abi/errno.ts";
import type { HostNode, HostStat } from "../kernel/fs/types/host-tree.ts";
import { S_IFDIR, S_IFMT } from "../kernel/fs/vfs/mode.ts";
import type { SourceMemory, TreeNote } from "../machine/starts/tree-memory.ts";
import { attempt } from "./node-cache-files.ts";
import { identity, type NodeFile, statOf } from "./node-file.ts";
import type { NodeTree } from "./node-tree.ts";

/** The attributes of no file. */
const absent = "";

/**
 * Times of a file system advance in steps, of 10 ms at most on Linux. A file that changes twice in one step
 * keeps its times. So a file that has just changed does not vouch for its content.
 */
const RACY_MS = 2000;
/** Tells of attributes whether the file has changed lately, and may change unseen. */
const isRacyNow = (): ((stat: HostStat) => boolean) => {
  const limit = (Date.now() - RACY_MS) / 1000;
  return ({ mtime, ctime }) => mtime.sec >= limit || ctime.sec >= limit;
};

/** Attributes that a guest can see. Most of a directory's change with its entries; `isShown`: they count. */
const attributes = (id: string, { mode, uid, gid, size, nlink, rdev, mtime, ctime }: HostStat, isShown: boolean): string => {
  const always = `${id} ${mode} ${uid} ${gid}`;
  if ((mode & S_IFMT) === S_IFDIR && !isShown) return always;
  return `${always} ${size} ${nlink} ${rdev} ${mtime.sec}.${mtime.nsec} ${ctime.sec}.${ctime.nsec}`;
};

/** The questions of a run to a tree that it does not change. */
export class TreeNotes {
  readonly #files: NodeFile[];
  /** Names without a file, by directory. */
  readonly #absent: (readonly [dir: NodeFile, name: string])[] = [];
  readonly #shown = new Set<HostNode>();
  #isWhole = true;

  constructor(root: NodeFile) {
    this.#files = [root];
  }
  lookedUp(dir: NodeFile, name: string, found: HostNode | number): void {
    if (typeof found === "object") this.#files.push(found as NodeFile);
    else if (found === -E.ENOENT) this.#absent.push([dir, name]);
    else this.#isWhole = false;
  }
  /** A guest has seen the attributes of a file, or the entries of a directory. */
  shown(file: HostNode): void {
    this.#shown.add(file);
  }
  get size(): number {
    return this.#files.length + this.#absent.length;
  }
  /** The notes. Undefined: an answer was an error, or a file has changed lately and may change unseen. */
  notes(): readonly TreeNote[] | undefined {
    const isRacy = isRacyNow();
    const isShown = (file: NodeFile): boolean => this.#shown.has(file);
    if (!this.#isWhole || this.#files.some((file) => (!isDirectory(file) || isShown(file)) && isRacy(file.stat))) return undefined;
    const pathOf = ({ path }: NodeFile): string => path.join("/");
    const inside = (dir: NodeFile, name: string): string => (dir.parent ? `${pathOf(dir)}/${name}` : name);
    return [
      ...this.#files.map((file): TreeNote => [pathOf(file), attributes(file.id, file.stat, isShown(file))]),
      ...this.#absent.map(([dir, name]): TreeNote => [inside(dir, name), absent]),
    ];
  }
}
const allAttributes = (found: BigIntStats): string => attributes(identity(found), statOf(found), true);
const isDirectory = ({ type }: NodeFile): boolean => type === S_IFDIR;

const bytesOf = (path: string): Buffer | string => (/^[\0-\x7f]*$/.test(path) ? path : Buffer.from(path, "latin1"));
/**
 * Would the tree answer all questions as it did? Each directory on the way to a path has a note of its own,
 * so a link in its place is found.
 */
export const answersAs = ({ path: folder }: Pick<NodeTree, "path">, notes: readonly TreeNote[]): boolean => {
  const base = folder.toString("latin1");
  return notes.every(([path, was]) => {
    const found = attempt(() => lstatSync(bytesOf(join(base, path)), { bigint: true, throwIfNoEntry: false }) ?? absent);
    if (found === absent || found === undefined) return found === was;
    const now = allAttributes(found);
    return now === was || (found.isDirectory() && was !== absent && now.startsWith(`${was} `));
  });
};

/** Of a file that a run reads by a descriptor, wherever its path leads later. */
export const fileMemory = (path: string, fd: number): SourceMemory => {
  const status = (): BigIntStats => fstatSync(fd, { bigint: true });
  const note = (found: BigIntStats): TreeNote => ["", allAttributes(found)];
  return {
    place: path,
    noted: () => {
      const before = note(status());
      return {
        size: 1,
        notes: () => {
          const found = status();
          return note(found)[1] === before[1] && !isRacyNow()(statOf(found)) ? [before] : undefined;
        },
        end: () => {},
      };
    },
    answersAs: (notes) => JSON.stringify(notes) === JSON.stringify([note(status())]),
  };
};
