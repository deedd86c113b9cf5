// Regular files, symbolic links and special files on ext2. Linux fs/ext2/file.c, symlink.c, namei.c.
import { E } from "../../../abi/errno.ts";
import { asBytes, ofBytes } from "../../base/byte-string.ts";
import { MAX_FILE_SIZE, RegularInode } from "../../fs/files/regular.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { type Extents, Inode, type Or } from "../../fs/vfs/inode.ts";
import type { Ext2Fs } from "./ext2.ts";
import { POINTERS } from "./layout.ts";
import { StoredInode } from "./node.ts";

/**
 * The extents of a search for data or a hole. Beyond them everything counts as data, as it may: an image can
 * give a few blocks billions of places.
 */
const MOST_EXTENTS = 1 << 16;

/** A regular file. */
export class Ext2File extends RegularInode {
  declare readonly fs: Ext2Fs;
  readonly stored: StoredInode;
  constructor(fs: Ext2Fs, mode: number, ino: number) {
    super(fs, mode, ino);
    this.stored = new StoredInode(fs, ino);
  }
  override get size(): number {
    return this.stored.size;
  }
  override get blocks(): number {
    return this.stored.sectors;
  }
  override get heldPages(): number {
    return this.stored.sectors >> 3;
  }

  /** Calls `each` for the extents of [at, at + length), until it returns a negative number. */
  private _extents(at: number, length: number, each: (block: number, within: number, from: number, to: number) => number): number {
    const { blockSize } = this.fs.volume.geometry;
    for (let done = 0; done < length; ) {
      const n = Math.floor((at + done) / blockSize);
      const within = (at + done) % blockSize;
      const found = this.stored.find(n, Math.ceil((within + length - done) / blockSize));
      if (typeof found === "number") return found;
      const to = Math.min(length, done + found.length * blockSize - within);
      const error = each(found.block, within, done, to);
      if (error < 0) return error;
      done = to;
    }
    return length;
  }
  override readAt(at: number, into: Uint8Array): number {
    return this._extents(at, into.length, (block, within, from, to) => {
      const part = into.subarray(from, to);
      if (block !== 0) return this.fs.volume.read(block, part, within);
      part.fill(0);
      return 0;
    });
  }

  override writeAt(at: number, bytes: Uint8Array): number {
    const { volume } = this.fs;
    const { blockSize } = volume.geometry;
    const most = Math.min(MAX_FILE_SIZE, this.stored.map.most * blockSize);
    if (at >= most) return -E.EFBIG;
    const length = Math.min(bytes.length, most - at);
    let done = 0;
    let error = 0;
    while (done < length && error === 0) {
      const within = (at + done) % blockSize;
      const count = Math.ceil((within + length - done) / blockSize);
      const run = this.stored.map.make(Math.floor((at + done) / blockSize), count);
      if (typeof run === "number") error = run;
      else {
        const to = Math.min(length, done + run.length * blockSize - within);
        // New blocks are zero outside of the written range.
        const last = run.block + Math.floor((within + to - done - 1) / blockSize);
        if (run.isNew && within > 0) error = volume.write(run.block, new Uint8Array(blockSize));
        if (run.isNew && (within + to - done) % blockSize > 0 && error === 0) error = volume.write(last, new Uint8Array(blockSize));
        if (error === 0) error = volume.write(run.block, bytes.subarray(done, to), within);
        if (error === 0) done = to;
      }
    }
    this._grow(at + done);
    if (done === 0) this.stored.store(this);
    return done > 0 || error === 0 ? done : error;
  }
  private _grow(size: number): void {
    if (size <= this.stored.size) return;
    this.stored.size = size;
    if (size >= 2 ** 31) this.fs.hasLargeFiles();
  }

  override truncate(size: number): number {
    const { volume } = this.fs;
    const { blockSize } = volume.geometry;
    if (size > Math.min(MAX_FILE_SIZE, this.stored.map.most * blockSize)) return -E.EFBIG;
    const tail = size % blockSize;
    if (size < this.stored.size) {
      this.stored.map.cut(Math.ceil(size / blockSize));
      const last = tail > 0 ? this.stored.find(Math.floor(size / blockSize), 1) : { block: 0 };
      if (typeof last === "number") return last;
      if (last.block !== 0) volume.write(last.block, new Uint8Array(blockSize - tail), tail);
      this.stored.size = size;
    } else this._grow(size);
    this.pages?.truncated(size);
    this.touch("modify");
    return 0;
  }
  override nextData(at: number, data: boolean): number {
    let found = data ? at : this.size;
    let extents = 0;
    this._extents(at, this.size - at, (block, _within, from) => {
      if ((block !== 0) === data) found = at + from;
      else if (data) found = this.size;
      return (block !== 0) === data || ++extents === MOST_EXTENTS ? -1 : 0;
    });
    return data && extents === MOST_EXTENTS ? at : found;
  }

  /** The file system ends. */
  end(): void {
    super.evict();
  }
  override extents(from: number, to: number, most: number): Extents {
    const { blockSize } = this.fs.volume.geometry;
    const found: { logical: number; physical: number; length: number }[] = [];
    const end = Math.ceil(to / blockSize);
    let n = Math.floor(from / blockSize);
    for (let looks = 0; n < end; looks++) {
      const run = looks < MOST_EXTENTS ? this.stored.find(n, end - n) : -E.EUCLEAN;
      if (typeof run === "number") return { found, ended: false };
      if (run.block !== 0) {
        if (most > 0 && found.length === most) return { found, ended: false };
        found.push({ logical: n * blockSize, physical: run.block * blockSize, length: run.length * blockSize });
      }
      n += run.length;
    }
    return { found, ended: true };
  }

  protected override evict(): void {
    super.evict();
    // A mapping may still read the blocks. Then `unmapped` gives them back.
    if (!this.pages) this.stored.give(this);
    this.fs.forget(this);
  }
  /** Backing: called when the last mapping of an ended file has ended. */
  unmapped(): void {
    this.stored.give(this);
  }
}

/** A symbolic link, or a special file, which the VFS opens by its type. */
export class Ext2Node extends Inode {
  declare readonly fs: Ext2Fs;
  readonly stored: StoredInode;
  constructor(fs: Ext2Fs, mode: number, ino: number) {
    super(fs, mode, ino);
    this.stored = new StoredInode(fs, ino);
  }
  override get size(): number {
    return this.stored.size;
  }
  override get blocks(): number {
    return this.stored.sectors;
  }
  override open(): Or<FileDescription> {
    return this.isLink ? -E.ELOOP : -E.ENXIO;
  }
  override readlink(): Or<string> {
    const { stored, fs } = this;
    if (!this.isLink) return -E.EINVAL;
    const short = new Uint8Array(stored.pointers.buffer, 0, 4 * POINTERS);
    if (stored.isShort(this)) return ofBytes(short.subarray(0, stored.size));
    const first = stored.size < fs.blockSize ? stored.find(0, 1) : -E.EUCLEAN;
    if (typeof first === "number") return first;
    const text = new Uint8Array(stored.size);
    const error = first.block === 0 ? -E.EUCLEAN : fs.volume.read(first.block, text);
    return error < 0 ? error : ofBytes(text);
  }
  /** Stores the text of a new link: 0 or -errno. */
  setTarget(target: string): number {
    const { stored, fs } = this;
    const text = asBytes(target);
    if (text.length >= fs.blockSize) return -E.ENAMETOOLONG;
    if (text.length < 4 * POINTERS) new Uint8Array(stored.pointers.buffer).set(text);
    else {
      const run = stored.map.make(0, 1);
      if (typeof run === "number") return run;
      const block = new Uint8Array(fs.blockSize);
      block.set(text);
      const error = fs.volume.write(run.block, block);
      if (error < 0) return error;
    }
    stored.size = text.length;
    return 0;
  }
  protected override evict(): void {
    this.stored.give(this);
    this.fs.forget(this);
  }
}
