// What all inodes of ext2 share: the record on the device, its blocks, and their end. Linux fs/ext2/inode.c
// ext2_iget(), __ext2_write_inode(), ext2_evict_inode().
import { E } from "../../../abi/errno.ts";
import type { Timespec } from "../../base/time.ts";
import type { Inode, NewInode, Or } from "../../fs/vfs/inode.ts";
import { decodeDev, encodeDev, major, makedev, minor, S_IFBLK, S_IFCHR, S_IFLNK, S_IFMT, S_IFREG } from "../../fs/vfs/mode.ts";
import { decodeAttributes, encodeAttributes, sharersOf } from "./attributes.ts";
import { BlockMap, type Mapped } from "./block-map.ts";
import type { Ext2Fs } from "./ext2.ts";
import { INDEX_FL, type inodeRecord, POINTERS, type Raw } from "./layout.ts";

/** An inode of ext2. */
export type Ext2Inode = Inode & { readonly fs: Ext2Fs; readonly stored: StoredInode };
type Record = Raw<(typeof inodeRecord)["fields"]>;

const seconds = (n: number): Timespec => ({ sec: n | 0, nsec: 0 });
/** Time stamps have 32 bits. */
const clamp = ({ sec }: Timespec): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, sec)) >>> 0;
/** A device number is in the first pointer in its old form, or else in the second one. */
const pointersOfDevice = (rdev: number): [number, number] =>
  major(rdev) < 256 && minor(rdev) < 256 ? [(major(rdev) << 8) | minor(rdev), 0] : [0, encodeDev(rdev)];
const deviceOfPointers = (first: number, second: number): number =>
  first !== 0 ? makedev((first >> 8) & 0xff, first & 0xff) : decodeDev(second);
const isDevice = (type: number): boolean => type === S_IFCHR || type === S_IFBLK;

/** The part of an inode that the VFS does not know. */
export class StoredInode implements Mapped {
  readonly pointers = new Uint32Array(POINTERS);
  sectors = 0;
  size = 0;
  /** i_flags that no request shows. */
  hiddenFlags = 0;
  generation = 0;
  /** The block of extended attributes. */
  attributes = 0;
  readonly map: BlockMap;
  /** The seconds of the access time in the record. */
  private _accessed = 0;
  private _given = false;
  private _wrongAttributes = false;

  constructor(fs: Ext2Fs, ino: number) {
    const { inodesPerGroup } = fs.volume.geometry;
    this.map = new BlockMap(fs.volume, fs.allocator, this, fs.volume.range(Math.floor((ino - 1) / inodesPerGroup)).from);
  }
  /** Takes the attributes of a record. */
  load(inode: Ext2Inode, r: Record): void {
    const type = r.get("mode") & S_IFMT;
    const view = r.get("block");
    this.pointers.set(new Uint32Array(view.buffer, 0, POINTERS));
    this.sectors = r.get("blocks");
    this.size = r.get("size") + (type === S_IFREG ? r.get("size_high") * 2 ** 32 : 0);
    this.generation = r.get("generation");
    this.attributes = r.get("file_acl");
    inode.uid = r.get("uid") | (r.get("uid_high") << 16);
    inode.gid = r.get("gid") | (r.get("gid_high") << 16);
    inode.uid >>>= 0;
    inode.gid >>>= 0;
    inode.nlink = r.get("links_count");
    inode.atime = seconds(r.get("atime"));
    inode.mtime = seconds(r.get("mtime"));
    inode.ctime = seconds(r.get("ctime"));
    inode.fileFlags = r.get("flags") & inode.fs.fileFlags;
    this.hiddenFlags = r.get("flags") & ~inode.fs.fileFlags;
    this._accessed = clamp(inode.atime);
    this._loadAttributes(inode);
    if (isDevice(type)) inode.rdev = deviceOfPointers(this.pointers[0] as number, this.pointers[1] as number);
  }
  /** Takes the attributes of a new inode. */
  init(inode: Ext2Inode, made: NewInode): void {
    inode.uid = made.uid;
    inode.gid = made.gid;
    inode.rdev = made.rdev;
    inode.fileFlags = (made.fileFlags ?? 0) & inode.fs.fileFlags;
    this.generation = inode.fs.newGeneration();
    if (isDevice(inode.type)) this.pointers.set(pointersOfDevice(made.rdev));
  }
  /** The attributes of the file's block. With a wrong block it has none, and gets none. */
  private _loadAttributes(inode: Ext2Inode): void {
    if (this.attributes === 0) return;
    const { volume } = inode.fs;
    const bytes = volume.isBlock(this.attributes) ? volume.block(this.attributes) : -E.EIO;
    const found = typeof bytes === "number" ? bytes : decodeAttributes(bytes);
    if (typeof found === "number") {
      this._wrongAttributes = true;
      return;
    }
    inode.xattrs = found;
    inode.xattrBytes = [...found].reduce((all, [name, value]) => all + name.length + value.length, 0);
    inode.xattrPages = inode.fs.charge(1) ? 1 : 0;
  }
  /** Writes all extended attributes: 0 or -errno. */
  storeAttributes(inode: Ext2Inode): number {
    if (this._wrongAttributes) return -E.EIO;
    const { fs } = inode;
    const { volume } = fs;
    const bytes = encodeAttributes(inode.xattrs ?? new Map(), volume.geometry.blockSize);
    if (typeof bytes === "number") return bytes;
    const old = this.attributes === 0 ? undefined : volume.block(this.attributes);
    if (typeof old === "number") return old;
    const isOwn = old !== undefined && sharersOf(old) === 1;
    if (inode.xattrs?.size && isOwn) return volume.write(this.attributes, bytes);
    let block = 0;
    if (inode.xattrs?.size) {
      const run = fs.allocator.takeBlocks(this.attributes || volume.geometry.firstBlock, 1);
      if (typeof run === "number") return run;
      block = run.block;
      fs.hasAttributes();
    }
    const error = block === 0 ? 0 : volume.write(block, bytes);
    if (error < 0) return error;
    const sectors = volume.geometry.blockSize / 512;
    if (old) {
      fs.dropAttributes(this.attributes);
      this.sectors -= sectors;
    }
    if (block !== 0) this.sectors += sectors;
    this.attributes = block;
    return this.store(inode);
  }
  /** Writes the record: 0 or -errno. */
  store(inode: Ext2Inode): number {
    if (this._given || inode.fs.readOnly) return 0;
    const { volume } = inode.fs;
    const r = volume.record(inode.ino);
    if (typeof r === "number") return r;
    this._accessed = clamp(inode.atime);
    const values = {
      mode: inode.mode,
      uid: inode.uid & 0xffff,
      uid_high: inode.uid >>> 16,
      gid: inode.gid & 0xffff,
      gid_high: inode.gid >>> 16,
      size: this.size >>> 0,
      atime: this._accessed,
      mtime: clamp(inode.mtime),
      ctime: clamp(inode.ctime),
      dtime: 0,
      links_count: inode.nlink,
      blocks: this.sectors >>> 0,
      flags: (this.hiddenFlags | inode.fileFlags) >>> 0,
      generation: this.generation,
      file_acl: this.attributes,
      block: new Uint8Array(this.pointers.buffer),
      ...(inode.isFile ? { size_high: Math.floor(this.size / 2 ** 32) } : {}),
    };
    for (const [name, value] of Object.entries(values)) r.set(name as keyof typeof values, value);
    return volume.setRecord(inode.ino, r);
  }
  /** Writes a record whose access time has changed. Reads change it in memory only. */
  storeAccess(inode: Ext2Inode): void {
    if (clamp(inode.atime) !== this._accessed) this.store(inode);
  }
  /** A directory changes, so its index is stale. */
  dropIndex(): void {
    this.hiddenFlags &= ~INDEX_FL;
  }
  /** True if the pointers are those of blocks, and not a device number or a short link's text. */
  private _hasBlocks(inode: Ext2Inode): boolean {
    if (inode.isFile || inode.isDir) return true;
    const own = this.attributes === 0 ? 0 : inode.fs.volume.geometry.blockSize / 512;
    return inode.type === S_IFLNK && this.sectors > own;
  }
  /** Gives back the blocks and the inode. */
  give(inode: Ext2Inode): void {
    const { fs } = inode;
    if (this._given || fs.readOnly) return;
    if (this._hasBlocks(inode)) this.map.cut(0);
    if (this.attributes !== 0) fs.dropAttributes(this.attributes);
    this.attributes = this.size = this.sectors = 0;
    this.store(inode);
    const r = fs.volume.record(inode.ino);
    if (typeof r !== "number") {
      r.set("dtime", clamp(fs.now()));
      fs.volume.setRecord(inode.ino, r);
    }
    this._given = true;
    fs.allocator.giveInode(inode.ino, inode.isDir);
  }
  /** True if a link's text is in the pointers. Linux ext2_inode_is_fast_symlink(). */
  isShort(inode: Ext2Inode): boolean {
    return !this._hasBlocks(inode) && this.size < 4 * POINTERS;
  }
  /** A range of blocks of a file below its size: their extent, whose length is at most `count`. */
  find(n: number, count: number): Or<{ block: number; length: number }> {
    return n >= this.map.most ? -E.EFBIG : this.map.find(n, count);
  }
}
