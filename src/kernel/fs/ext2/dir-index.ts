// The names of a directory: records on the device, and an index of them in memory that finds names and free
// room, so that a directory of any length is not searched. Linux fs/ext2/dir.c.
import { E } from "../../../abi/errno.ts";
import { own } from "../../base/byte-string.ts";
import { sizes } from "../../base/sizes.ts";
import type { DirEntry, Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR } from "../vfs/mode.ts";
import { type DirRecord, decodeRecords, isDots, largestRoom, putRecord, roomOf } from "./dir-record.ts";
import type { Ext2Fs } from "./ext2.ts";
import { direntLength, INDEX_FL, typeOfFileType } from "./layout.ts";
import type { Stored } from "./node.ts";

/** The inode of a name. */
interface Named {
  readonly ino: number;
  readonly type: number;
}
/** A block of the directory: its number on the device, and its records. */
interface DirBlock {
  readonly block: number;
  readonly bytes: Uint8Array;
  readonly records: readonly DirRecord[];
}
/** The names in memory. */
interface Index {
  /** The inode, and the offset of the record in the directory. */
  readonly names: Map<string, { ino: number; readonly at: number }>;
  /** The largest room of each block. */
  readonly rooms: number[];
  /** The blocks before this one are full. */
  full: number;
}

/** The names of one directory. Operations return -errno if they fail. */
export class DirIndex {
  readonly #fs: Ext2Fs;
  readonly #stored: Stored;
  readonly #blockSize: number;
  #index: Index | undefined = undefined;
  #charged = 0;
  constructor(fs: Ext2Fs, stored: Stored) {
    this.#fs = fs;
    this.#stored = stored;
    this.#blockSize = fs.blockSize;
  }

  /** Block `n` of the directory. A hole is -EIO. */
  #read(n: number): Or<DirBlock> {
    const found = this.#stored.find(n, 1);
    if (typeof found === "number") return found;
    const { block } = found;
    const bytes = block === 0 ? -E.EIO : this.#fs.volume.block(block);
    if (typeof bytes === "number") return bytes;
    const records = decodeRecords(bytes, this.#fs.volume.geometry);
    return typeof records === "number" ? records : { block, bytes, records };
  }
  #put(bytes: Uint8Array, at: number, length: number, name: string, { ino, type }: Named): void {
    putRecord(bytes, { at, length, name, ino, type }, this.#fs.volume.geometry);
  }
  #roomIn(bytes: Uint8Array): number {
    const records = decodeRecords(bytes, this.#fs.volume.geometry);
    return typeof records === "number" ? 0 : largestRoom(records);
  }

  /** The index, read at the first call: -EIO for a wrong block, -EUCLEAN if one occurs twice. */
  #names(): Or<Index> {
    if (this.#index) return this.#index;
    const index: Index = { names: new Map(), rooms: [], full: 0 };
    const seen = new Set<number>();
    const blocks = Math.ceil(this.#stored.size / this.#blockSize);
    for (let n = 0; n < blocks; n++) {
      const read = this.#read(n);
      const error = typeof read === "number" ? read : seen.has(read.block) ? -E.EUCLEAN : this.#collect(index, n, read.records);
      if (typeof read === "number" || error < 0) {
        this.drop();
        return error;
      }
      seen.add(read.block);
    }
    this.#index = index;
    return index;
  }
  /** Adds the names of block `n` to the index: 0 or -ENOMEM. */
  #collect(index: Index, n: number, records: readonly DirRecord[]): number {
    index.rooms.push(largestRoom(records));
    for (const { ino, name, at } of records) {
      if (ino === 0 || isDots(name)) continue;
      if (!this.#charge(name)) return -E.ENOMEM;
      index.names.set(own(name), { ino, at: n * this.#blockSize + at });
    }
    return 0;
  }
  #charge(name: string): boolean {
    const bytes = sizes.name + name.length;
    if (!this.#fs.take(bytes)) return false;
    this.#charged += bytes;
    return true;
  }
  #uncharge(name: string): void {
    const bytes = sizes.name + name.length;
    this.#charged -= bytes;
    this.#fs.give(bytes);
  }
  /** Forgets the names in memory. */
  drop(): void {
    this.#index = undefined;
    this.#fs.give(this.#charged);
    this.#charged = 0;
  }

  /** 0, or the -errno of a directory that cannot be read. */
  check(): number {
    const index = this.#names();
    return typeof index === "number" ? index : 0;
  }
  /** True if the directory can be read and has no names but the dots. */
  get isEmpty(): boolean {
    const index = this.#names();
    return typeof index !== "number" && index.names.size === 0;
  }
  /** The inode number of a name, or -ENOENT. */
  find(name: string): number {
    const index = this.#names();
    return typeof index === "number" ? index : (index.names.get(name)?.ino ?? -E.ENOENT);
  }
  /** The entries from the byte `cookie` on, while the directory exists. */
  *entries(cookie: number, exists: () => boolean): Generator<DirEntry> {
    // The index is proof that the directory ends.
    if (this.check() < 0) return;
    for (let n = Math.floor(cookie / this.#blockSize); n * this.#blockSize < this.#stored.size && exists(); n++) {
      const read = this.#read(n);
      if (typeof read === "number") return;
      for (const { at, length, ino, fileType, name } of read.records) {
        const offset = n * this.#blockSize + at;
        if (offset < cookie || ino === 0 || isDots(name)) continue;
        yield { name, ino, type: direntType(typeOfFileType(fileType)), cookie: offset + length };
      }
    }
  }

  /** Adds a name. */
  add(name: string, inode: Named): number {
    const index = this.#names();
    if (typeof index === "number") return index;
    const need = direntLength(name.length);
    if (!this.#charge(name)) return -E.ENOMEM;
    let n = index.full;
    while (n < index.rooms.length && (index.rooms[n] as number) < need) n++;
    const at = n < index.rooms.length ? this.#insert(index, n, name, inode) : this.#append(index, name, inode);
    if (at < 0) {
      this.#uncharge(name);
      return at;
    }
    // The rooms that were passed may fit shorter names: only blocks without any room are skipped next time.
    while (index.full < index.rooms.length && (index.rooms[index.full] as number) < direntLength(1)) index.full++;
    index.names.set(own(name), { ino: inode.ino, at: n * this.#blockSize + at });
    this.#changed();
    return 0;
  }
  #insert(index: Index, n: number, name: string, inode: Named): number {
    const read = this.#read(n);
    if (typeof read === "number") return read;
    const { block, bytes, records } = read;
    const need = direntLength(name.length);
    const place = records.find((record) => roomOf(record) >= need);
    if (!place) return -E.EUCLEAN;
    const used = place.ino === 0 ? 0 : direntLength(place.name.length);
    if (used > 0) new DataView(bytes.buffer).setUint16(place.at + 4, used, true);
    this.#put(bytes, place.at + used, place.length - used, name, inode);
    const error = this.#fs.volume.write(block, bytes);
    if (error < 0) return error;
    index.rooms[n] = this.#roomIn(bytes);
    return place.at + used;
  }
  #append(index: Index, name: string, inode: Named): number {
    const n = index.rooms.length;
    const run = n >= this.#stored.map.most ? -E.ENOSPC : this.#stored.map.make(n, 1);
    if (typeof run === "number") return run;
    const bytes = new Uint8Array(this.#blockSize);
    this.#put(bytes, 0, bytes.length, name, inode);
    const error = this.#fs.volume.write(run.block, bytes);
    if (error < 0) return error;
    this.#stored.size = (n + 1) * this.#blockSize;
    index.rooms.push(this.#roomIn(bytes));
    return 0;
  }
  /** An index of the directory on the device is stale. */
  #changed(): void {
    this.#stored.hiddenFlags &= ~INDEX_FL;
  }

  /** Changes the record of a name. */
  #edit(name: string, edit: (bytes: Uint8Array, records: readonly DirRecord[], i: number) => void): number {
    const index = this.#names();
    if (typeof index === "number") return index;
    const found = index.names.get(name);
    if (!found) return -E.ENOENT;
    const n = Math.floor(found.at / this.#blockSize);
    const read = this.#read(n);
    if (typeof read === "number") return read;
    const { block, bytes, records } = read;
    const i = records.findIndex((record) => record.at === found.at % this.#blockSize && record.name === name);
    if (i < 0) return -E.EUCLEAN;
    edit(bytes, records, i);
    const error = this.#fs.volume.write(block, bytes);
    index.rooms[n] = this.#roomIn(bytes);
    index.full = Math.min(index.full, n);
    return error;
  }
  /** Removes a name. */
  remove(name: string): number {
    const error = this.#edit(name, (bytes, records, i) => {
      const view = new DataView(bytes.buffer);
      const [gone, before] = [records[i] as DirRecord, records[i - 1]];
      view.setUint32(gone.at, 0, true);
      if (before) view.setUint16(before.at + 4, before.length + gone.length, true);
    });
    if (error < 0) return error;
    this.#index?.names.delete(name);
    this.#uncharge(name);
    this.#changed();
    return 0;
  }
  /** A name leads to another inode. */
  replace(name: string, inode: Named): number {
    const error = this.#edit(name, (bytes, records, i) => {
      const { at, length } = records[i] as DirRecord;
      this.#put(bytes, at, length, name, inode);
    });
    const entry = this.#index?.names.get(name);
    if (error === 0 && entry) entry.ino = inode.ino;
    return error;
  }
  /** The name ".." leads to another directory. */
  setParent(ino: number): number {
    const read = this.#read(0);
    if (typeof read === "number") return read;
    const up = read.records.find((record) => record.name === "..");
    if (!up) return -E.EUCLEAN;
    new DataView(read.bytes.buffer).setUint32(up.at, ino, true);
    return this.#fs.volume.write(read.block, read.bytes);
  }
  /** The first block of a new directory, with the dots. */
  begin(ino: number, parent: number): number {
    const run = this.#stored.map.make(0, 1);
    if (typeof run === "number") return run;
    const bytes = new Uint8Array(this.#blockSize);
    const dot = direntLength(1);
    this.#put(bytes, 0, dot, ".", { ino, type: S_IFDIR });
    this.#put(bytes, dot, bytes.length - dot, "..", { ino: parent, type: S_IFDIR });
    this.#stored.size = bytes.length;
    return this.#fs.volume.write(run.block, bytes);
  }
}
