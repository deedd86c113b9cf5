// ext2 on a block device, read and written. Every change reaches the device at once. Reserved blocks are for
// everybody. Linux fs/ext2; Documentation/filesystems/ext2.rst.
import { E } from "../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { sizes } from "../../base/sizes.ts";
import type { Dentry } from "../../fs/vfs/dentry.ts";
import { type BlockDevice, type Clock, FileSystem, type Inode, type NewInode, type Or, type StatFs } from "../../fs/vfs/inode.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../../fs/vfs/mode.ts";
import { Allocator } from "./allocate.ts";
import { setSharers, sharersOf } from "./attributes.ts";
import { Ext2Dir } from "./dir.ts";
import { Ext2File, Ext2Node } from "./file.ts";
import { FEATURE, ROOT_INO, USER_FLAGS, VALID_FS } from "./layout.ts";
import type { Ext2Inode } from "./node.ts";
import { Volume } from "./volume.ts";

/** A mounted volume. */
export class Ext2Fs extends FileSystem {
  override readonly type = "ext2";
  override readonly magic = 0xef53;
  override readonly fileFlags = USER_FLAGS;
  /** COMPRESSED, IMMUTABLE, APPEND, NODUMP, ENCRYPTED. Linux ext2_getattr() */
  override readonly attributes = 0x874n;
  override readonly keepsXattrs = true;
  override readonly timeUnit = 1_000_000_000;
  override readonly device: BlockDevice;
  readonly volume: Volume;
  readonly allocator: Allocator;
  /** The inodes that were used, by number. */
  private readonly _inodes = new Map<number, Ext2Inode>();
  private _root: Dentry | undefined = undefined;
  private _charged = 0;
  private _ended = false;
  /** s_state before the mount. */
  private _state = 0;
  private _generation = 1;

  private constructor(device: BlockDevice, volume: Volume, clock: Clock) {
    super(device.number, clock);
    this.device = device;
    this.volume = volume;
    this.allocator = new Allocator(volume);
  }
  /** The volume of a device, mounted with SB_* flags: -EINVAL if it is none, or its root is wrong. */
  static mount(device: BlockDevice, clock: Clock, flags: number): Or<Ext2Fs> {
    const volume = Volume.open(device);
    if (typeof volume === "number") return volume;
    const fs = new Ext2Fs(device, volume, clock);
    fs.superFlags = flags;
    const root = fs.inode(ROOT_INO);
    if (typeof root === "number" || !root.isDir || root.size === 0) {
      fs.give(fs._charged);
      return -E.EINVAL;
    }
    fs._root = fs.makeRoot(root);
    clock.garbage.add(fs, sizes.fileSystem);
    device.holder = fs;
    fs._state = VALID_FS;
    if (!fs.readOnly) fs._began();
    return fs;
  }
  override get root(): Dentry {
    return this._root as Dentry;
  }
  /** Linux ext2_setup_super(), ext2_sync_fs(). */
  private _began(): void {
    this.volume.changeSuper((s) => {
      this._state = s.get("state");
      s.set("state", this._state & ~VALID_FS);
      s.set("mnt_count", (s.get("mnt_count") + 1) & 0xffff);
      s.set("mtime", this.now().sec >>> 0);
    });
  }
  private _finished(): void {
    this.sync();
    this.volume.changeSuper((s) => {
      s.set("state", this._state);
      s.set("wtime", this.now().sec >>> 0);
    });
  }
  /** A remount changes SB_RDONLY: 0, or -EACCES for a device that cannot be written. */
  change(readOnly: boolean): number {
    if (readOnly === this.readOnly) return 0;
    if (!readOnly && this.device.readOnly) return -E.EACCES;
    if (readOnly) this._finished();
    else this._began();
    return 0;
  }
  /** Writes the access times. */
  sync(): void {
    if (!this.readOnly) for (const inode of this._inodes.values()) inode.stored.storeAccess(inode);
  }
  /** Nothing leads to the file system any more (kept.ts). */
  end(): void {
    if (!this.readOnly) this._finished();
    for (const inode of this._inodes.values()) if (inode instanceof Ext2File) inode.end();
    this._inodes.clear();
    this.give(this._charged);
    this._ended = true;
    this.device.holder = undefined;
  }

  /** Charges bytes. False: memory is short. */
  take(bytes: number): boolean {
    if (!this.account.take(bytes)) return false;
    this._charged += bytes;
    return true;
  }
  give(bytes: number): void {
    if (this._ended) return;
    this._charged -= bytes;
    this.account.give(bytes);
  }
  newGeneration(): number {
    return this._generation++;
  }
  override attributesChanged(inode: Inode): number {
    return (inode as Ext2Inode).stored.store(inode as Ext2Inode);
  }
  override changed(inode: Inode): void {
    this.attributesChanged(inode);
  }
  override storeXattrs(inode: Inode): number {
    return (inode as Ext2Inode).stored.storeAttributes(inode as Ext2Inode);
  }
  override get blockSize(): number {
    return this.volume.geometry.blockSize;
  }
  /** The first file of 2 GiB. */
  hasLargeFiles(): void {
    this.volume.changeSuper((s) => s.set("feature_ro_compat", s.get("feature_ro_compat") | FEATURE.roCompat.LARGE_FILE));
  }
  /** Charges pages of extended attributes. */
  override charge(pages: number): boolean {
    if (pages < 0) this.give(-pages * PAGE_SIZE);
    return pages <= 0 || this.take(pages * PAGE_SIZE);
  }
  /** A file with extended attributes ends: so does their block, if no other file shares it. */
  dropAttributes(block: number): void {
    const bytes = this.volume.isBlock(block) ? this.volume.block(block) : -E.EIO;
    const sharers = typeof bytes === "number" ? 0 : sharersOf(bytes);
    if (typeof bytes === "number" || sharers < 1) return;
    if (sharers === 1) {
      const release = this.allocator.release();
      release.give(block);
      release.end();
    } else {
      setSharers(bytes, sharers - 1);
      this.volume.write(block, bytes);
    }
  }
  /** The first extended attribute. */
  hasAttributes(): void {
    this.volume.changeSuper((s) => s.set("feature_compat", s.get("feature_compat") | FEATURE.compat.EXT_ATTR));
  }

  private _of(ino: number, mode: number): Ext2Inode {
    const type = mode & S_IFMT;
    return type === S_IFREG
      ? new Ext2File(this, mode, ino)
      : type === S_IFDIR
        ? new Ext2Dir(this, mode, ino)
        : new Ext2Node(this, mode, ino);
  }
  /** The inode of a number: -EIO if no file has it. Linux ext2_iget(), ext2_lookup(). */
  inode(ino: number): Or<Ext2Inode> {
    const known = this._inodes.get(ino);
    if (known) return known;
    const record = this.volume.record(ino);
    if (typeof record === "number") return record;
    const mode = record.get("mode");
    if (record.get("links_count") === 0 || mode === 0) return -E.EIO;
    if (!this.take(sizes.inode)) return -E.ENOMEM;
    const inode = this._of(ino, mode);
    inode.stored.load(inode, record);
    this._inodes.set(ino, inode);
    return inode;
  }
  /** A new inode for a name in `dir`, with one link. */
  create(dir: Ext2Inode, made: NewInode): Or<Ext2Inode> {
    if (!this.take(sizes.inode)) return -E.ENOMEM;
    const ino = this.allocator.takeInode(dir.ino, (made.mode & S_IFMT) === S_IFDIR);
    const error = ino < 0 ? ino : this._inodes.has(ino) ? -E.EUCLEAN : this.volume.clearRecord(ino);
    if (error < 0) {
      this.give(sizes.inode);
      return error;
    }
    const inode = this._of(ino, made.mode);
    inode.stored.init(inode, made);
    this._inodes.set(ino, inode);
    return inode;
  }
  forget({ ino }: Inode): void {
    if (this._inodes.delete(ino)) this.give(sizes.inode);
  }

  override statfs(): StatFs {
    const { geometry, tableBlocks, descBlocks } = this.volume;
    const { groups, firstBlock, blocks, blockSize, inodes, reserved } = geometry;
    let overhead = firstBlock + groups * (2 + tableBlocks);
    for (let group = 0; group < groups; group++) if (this.volume.hasSuper(group)) overhead += 1 + descBlocks;
    const s = this.volume.super();
    const [free, filesFree] = typeof s === "number" ? [0, 0] : [s.get("free_blocks_count"), s.get("free_inodes_count")];
    const id = new DataView(geometry.uuid.buffer, geometry.uuid.byteOffset);
    const fsid = [0, 4].map((at) => (id.getUint32(at, true) ^ id.getUint32(at + 8, true)) >>> 0) as [number, number];
    return {
      blockSize,
      blocks: blocks - overhead,
      free,
      available: Math.max(0, free - reserved),
      files: inodes,
      filesFree,
      nameMax: 255,
      fsid,
    };
  }
}
