// The names of a directory: records on the device, and an index of them in memory that finds names and free
// room, so that a directory of any length is not searched. Linux fs/ext2/dir.c.
import { E } from "../../../abi/errno.ts";
import { own } from "../../base/byte-string.ts";
import { sizes } from "../../base/sizes.ts";
import type { DirEntry, Or } from "../../fs/vfs/inode.ts";
import { direntType, S_IFDIR } from "../../fs/vfs/mode.ts";
import { type DirRecord, decodeRecords, isDots, largestRoom, putRecord, roomOf } from "./dir-record.ts";
import type { Ext2Fs } from "./ext2.ts";
import { direntLength, INDEX_FL, typeOfFileType } from "./layout.ts";
import type { StoredInode } from "./node.ts";

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
  private readonly _fs: Ext2Fs;
  private readonly _stored: StoredInode;
  private readonly _blockSize: number;
  private _index: Index | undefined = undefined;
  private _charged = 0;
  constructor(fs: Ext2Fs, stored: StoredInode) {
    this._fs = fs;
    this._stored = stored;
    this._blockSize = fs.blockSize;
  }

  /** Block `n` of the directory. A hole is -EIO. */
  private _read(n: number): Or<DirBlock> {
    const found = this._stored.find(n, 1);
    if (typeof found === "number") return found;
    const { block } = found;
    const bytes = block === 0 ? -E.EIO : this._fs.volume.block(block);
    if (typeof bytes === "number") return bytes;
    const records = decodeRecords(bytes, this._fs.volume.geometry);
    return typeof records === "number" ? records : { block, bytes, records };
  }
  private _put(bytes: Uint8Array, at: number, length: number, name: string, { ino, type }: Named): void {
    putRecord(bytes, { at, length, name, ino, type }, this._fs.volume.geometry);
  }
  private _roomIn(bytes: Uint8Array): number {
    const records = decodeRecords(bytes, this._fs.volume.geometry);
    return typeof records === "number" ? 0 : largestRoom(records);
  }

  /** The index, read at the first call: -EIO for a wrong block, -EUCLEAN if one occurs twice. */
  private _names(): Or<Index> {
    if (this._index) return this._index;
    const index: Index = { names: new Map(), rooms: [], full: 0 };
    const seen = new Set<number>();
    const blocks = Math.ceil(this._stored.size / this._blockSize);
    for (let n = 0; n < blocks; n++) {
      const read = this._read(n);
      const error = typeof read === "number" ? read : seen.has(read.block) ? -E.EUCLEAN : this._collect(index, n, read.records);
      if (typeof read === "number" || error < 0) {
        this.drop();
        return error;
      }
      seen.add(read.block);
    }
    this._index = index;
    return index;
  }
  /** Adds the names of block `n` to the index: 0 or -ENOMEM. */
  private _collect(index: Index, n: number, records: readonly DirRecord[]): number {
    index.rooms.push(largestRoom(records));
    for (const { ino, name, at } of records) {
      if (ino === 0 || isDots(name)) continue;
      if (!this._charge(name)) return -E.ENOMEM;
      index.names.set(own(name), { ino, at: n * this._blockSize + at });
    }
    return 0;
  }
  private _charge(name: string): boolean {
    const bytes = sizes.name + name.length;
    if (!this._fs.take(bytes)) return false;
    this._charged += bytes;
    return true;
  }
  private _uncharge(name: string): void {
    const bytes = sizes.name + name.length;
    this._charged -= bytes;
    this._fs.give(bytes);
  }
  /** Forgets the names in memory. */
  drop(): void {
    this._index = undefined;
    this._fs.give(this._charged);
    this._charged = 0;
  }

  /** 0, or the -errno of a directory that cannot be read. */
  check(): number {
    const index = this._names();
    return typeof index === "number" ? index : 0;
  }
  /** True if the directory can be read and has no names but the dots. */
  get isEmpty(): boolean {
    const index = this._names();
    return typeof index !== "number" && index.names.size === 0;
  }
  /** The inode number of a name, or -ENOENT. */
  find(name: string): number {
    const index = this._names();
    return typeof index === "number" ? index : (index.names.get(name)?.ino ?? -E.ENOENT);
  }
  /** The entries from the byte `cookie` on, while the directory exists. */
  *entries(cookie: number, exists: () => boolean): Generator<DirEntry> {
    // The index is proof that the directory ends.
    if (this.check() < 0) return;
    for (let n = Math.floor(cookie / this._blockSize); n * this._blockSize < this._stored.size && exists(); n++) {
      const read = this._read(n);
      if (typeof read === "number") return;
      for (const { at, length, ino, fileType, name } of read.records) {
        const offset = n * this._blockSize + at;
        if (offset < cookie || ino === 0 || isDots(name)) continue;
        yield { name, ino, type: direntType(typeOfFileType(fileType)), cookie: offset + length };
      }
    }
  }

  /** Adds a name. */
  add(name: string, inode: Named): number {
    const index = this._names();
    if (typeof index === "number") return index;
    const need = direntLength(name.length);
    if (!this._charge(name)) return -E.ENOMEM;
    let n = index.full;
    while (n < index.rooms.length && (index.rooms[n] as number) < need) n++;
    const at = n < index.rooms.length ? this._insert(index, n, name, inode) : this._append(index, name, inode);
    if (at < 0) {
      this._uncharge(name);
      return at;
    }
    // The rooms that were passed may fit shorter names: only blocks without any room are skipped next time.
    while (index.full < index.rooms.length && (index.rooms[index.full] as number) < direntLength(1)) index.full++;
    index.names.set(own(name), { ino: inode.ino, at: n * this._blockSize + at });
    this._changed();
    return 0;
  }
  private _insert(index: Index, n: number, name: string, inode: Named): number {
    const read = this._read(n);
    if (typeof read === "number") return read;
    const { block, bytes, records } = read;
    const need = direntLength(name.length);
    const place = records.find((record) => roomOf(record) >= need);
    if (!place) return -E.EUCLEAN;
    const used = place.ino === 0 ? 0 : direntLength(place.name.length);
    if (used > 0) new DataView(bytes.buffer).setUint16(place.at + 4, used, true);
    this._put(bytes, place.at + used, place.length - used, name, inode);
    const error = this._fs.volume.write(block, bytes);
    if (error < 0) return error;
    index.rooms[n] = this._roomIn(bytes);
    return place.at + used;
  }
  private _append(index: Index, name: string, inode: Named): number {
    const n = index.rooms.length;
    const run = n >= this._stored.map.most ? -E.ENOSPC : this._stored.map.make(n, 1);
    if (typeof run === "number") return run;
    const bytes = new Uint8Array(this._blockSize);
    this._put(bytes, 0, bytes.length, name, inode);
    const error = this._fs.volume.write(run.block, bytes);
    if (error < 0) return error;
    this._stored.size = (n + 1) * this._blockSize;
    index.rooms.push(this._roomIn(bytes));
    return 0;
  }
  /** An index of the directory on the device is stale. */
  private _changed(): void {
    this._stored.hiddenFlags &= ~INDEX_FL;
  }

  /** Changes the record of a name. */
  private _edit(name: string, edit: (bytes: Uint8Array, records: readonly DirRecord[], i: number) => void): number {
    const index = this._names();
    if (typeof index === "number") return index;
    const found = index.names.get(name);
    if (!found) return -E.ENOENT;
    const n = Math.floor(found.at / this._blockSize);
    const read = this._read(n);
    if (typeof read === "number") return read;
    const { block, bytes, records } = read;
    const i = records.findIndex((record) => record.at === found.at % this._blockSize && record.name === name);
    if (i < 0) return -E.EUCLEAN;
    edit(bytes, records, i);
    const error = this._fs.volume.write(block, bytes);
    index.rooms[n] = this._roomIn(bytes);
    index.full = Math.min(index.full, n);
    return error;
  }
  /** Removes a name. */
  remove(name: string): number {
    const error = this._edit(name, (bytes, records, i) => {
      const view = new DataView(bytes.buffer);
      const [gone, before] = [records[i] as DirRecord, records[i - 1]];
      view.setUint32(gone.at, 0, true);
      if (before) view.setUint16(before.at + 4, before.length + gone.length, true);
    });
    if (error < 0) return error;
    this._index?.names.delete(name);
    this._uncharge(name);
    this._changed();
    return 0;
  }
  /** A name leads to another inode. */
  replace(name: string, inode: Named): number {
    const error = this._edit(name, (bytes, records, i) => {
      const { at, length } = records[i] as DirRecord;
      this._put(bytes, at, length, name, inode);
    });
    const entry = this._index?.names.get(name);
    if (error === 0 && entry) entry.ino = inode.ino;
    return error;
  }
  /** The name ".." leads to another directory. */
  setParent(ino: number): number {
    const read = this._read(0);
    if (typeof read === "number") return read;
    const up = read.records.find((record) => record.name === "..");
    if (!up) return -E.EUCLEAN;
    new DataView(read.bytes.buffer).setUint32(up.at, ino, true);
    return this._fs.volume.write(read.block, read.bytes);
  }
  /** The first block of a new directory, with the dots. */
  begin(ino: number, parent: number): number {
    const run = this._stored.map.make(0, 1);
    if (typeof run === "number") return run;
    const bytes = new Uint8Array(this._blockSize);
    const dot = direntLength(1);
    this._put(bytes, 0, dot, ".", { ino, type: S_IFDIR });
    this._put(bytes, dot, bytes.length - dot, "..", { ino: parent, type: S_IFDIR });
    this._stored.size = bytes.length;
    return this._fs.volume.write(run.block, bytes);
  }
}
