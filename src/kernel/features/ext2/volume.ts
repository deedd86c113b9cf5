// An ext2 volume: its geometry, and checked access to blocks, group descriptors and inode records. Every
// number of the device is checked where it is read, because a guest may have written it. Nothing is cached,
// so that accesses of the device itself agree. Linux fs/ext2/super.c, balloc.c, inode.c.
import { x64 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import type { Fields, Struct } from "../../../abi/struct.ts";
import type { BlockDevice, Or } from "../../fs/vfs/inode.ts";
import { FEATURE, groupDesc, inodeRecord, MAGIC, OLD_FIRST_INO, Raw, ROOT_INO, SUPER_AT, superblock } from "./layout.ts";

/** The sizes and places of a volume. Sizes are in bytes. */
export interface Geometry {
  readonly blockSize: number;
  readonly blocks: number;
  readonly firstBlock: number;
  readonly groups: number;
  readonly blocksPerGroup: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly firstInode: number;
  /** The blocks that only the superuser may fill. */
  readonly reserved: number;
  /** True if directory entries have a type. */
  readonly hasTypes: boolean;
  readonly sparse: boolean;
  readonly uuid: Uint8Array;
}

const features = (all: Readonly<Record<string, number>>): number => Object.values(all).reduce((a, b) => a | b, 0);
/** The most groups: 1 TiB of small blocks. A mount and a full disk look at each. */
const MOST_GROUPS = 1 << 17;
const isPower = (n: number, base: number): boolean => {
  let power = base;
  while (power < n) power *= base;
  return power === n;
};

/** The geometry of a device, or -EINVAL. Linux ext2_fill_super(). */
const geometryOf = (device: BlockDevice): Or<Geometry> => {
  const s = new Raw(superblock, new Uint8Array(superblock.size(x64)));
  if (device.read(SUPER_AT, s.bytes) < 0 || s.get("magic") !== MAGIC || s.get("log_block_size") > 2) return -E.EINVAL;
  const blockSize = 1024 << s.get("log_block_size");
  const isNew = s.get("rev_level") > 0;
  const inodeSize = isNew ? s.get("inode_size") : 128;
  if (isNew && s.get("feature_incompat") & ~features(FEATURE.incompat)) return -E.EINVAL;
  if (isNew && s.get("feature_ro_compat") & ~features(FEATURE.roCompat)) return -E.EINVAL;
  const [blocks, firstBlock] = [s.get("blocks_count"), s.get("first_data_block")];
  const [blocksPerGroup, inodesPerGroup] = [s.get("blocks_per_group"), s.get("inodes_per_group")];
  const bits = blockSize * 8;
  const groups = Math.ceil((blocks - firstBlock) / blocksPerGroup);
  const good =
    inodeSize >= 128 &&
    isPower(inodeSize, 2) &&
    inodeSize <= blockSize &&
    blocksPerGroup > 0 &&
    blocksPerGroup <= bits &&
    inodesPerGroup >= blockSize / inodeSize &&
    inodesPerGroup <= bits &&
    firstBlock === (blockSize === 1024 ? 1 : 0) &&
    blocks > firstBlock &&
    groups <= MOST_GROUPS &&
    blocks * blockSize <= device.size &&
    s.get("inodes_count") === groups * inodesPerGroup;
  if (!good) return -E.EINVAL;
  return {
    blockSize,
    blocks,
    firstBlock,
    groups,
    blocksPerGroup,
    inodes: groups * inodesPerGroup,
    inodesPerGroup,
    inodeSize,
    firstInode: isNew ? s.get("first_ino") : OLD_FIRST_INO,
    reserved: s.get("r_blocks_count"),
    hasTypes: isNew && (s.get("feature_incompat") & FEATURE.incompat.FILETYPE) !== 0,
    sparse: isNew && (s.get("feature_ro_compat") & FEATURE.roCompat.SPARSE_SUPER) !== 0,
    uuid: s.get("uuid").slice(),
  };
};

/** The blocks of a group that hold its structures. */
export interface SystemBlocks {
  readonly blockMap: number;
  readonly inodeMap: number;
  readonly table: number;
  readonly tableEnd: number;
  /** All blocks before it are of the super block and the descriptors. */
  readonly first: number;
}
/** True for a block of structures. */
export const isSystem = ({ blockMap, inodeMap, table, tableEnd, first }: SystemBlocks, block: number): boolean =>
  block === blockMap || block === inodeMap || (block >= table && block < tableEnd) || block < first;

/** An open volume. */
export class Volume {
  readonly device: BlockDevice;
  readonly geometry: Geometry;
  private readonly _word = new Uint8Array(4);
  private readonly _wordView = new DataView(this._word.buffer);
  private constructor(device: BlockDevice, geometry: Geometry) {
    this.device = device;
    this.geometry = geometry;
  }
  /** The volume on a device: -EINVAL if it is none, or if its descriptors are wrong. */
  static open(device: BlockDevice): Or<Volume> {
    const geometry = geometryOf(device);
    if (typeof geometry === "number") return geometry;
    const volume = new Volume(device, geometry);
    for (let group = 0; group < geometry.groups; group++) if (!volume._isGood(group)) return -E.EINVAL;
    return volume;
  }

  /** The first block of a group, and the block after its last one. */
  range(group: number): { readonly from: number; readonly to: number } {
    const { firstBlock, blocksPerGroup, blocks } = this.geometry;
    const from = firstBlock + group * blocksPerGroup;
    return { from, to: Math.min(blocks, from + blocksPerGroup) };
  }
  /** The blocks of a group's inode table. */
  get tableBlocks(): number {
    const { inodesPerGroup, inodeSize, blockSize } = this.geometry;
    return Math.ceil((inodesPerGroup * inodeSize) / blockSize);
  }
  /** The blocks of all group descriptors. */
  get descBlocks(): number {
    const { groups, blockSize } = this.geometry;
    return Math.ceil((groups * groupDesc.size(x64)) / blockSize);
  }
  /** True if a group begins with copies of superblock and descriptors. Linux ext2_bg_has_super(). */
  hasSuper(group: number): boolean {
    return !this.geometry.sparse || group < 2 || [3, 5, 7].some((base) => isPower(group, base));
  }
  /** Linux ext2_check_descriptors(). */
  private _isGood(group: number): boolean {
    const desc = this.desc(group);
    if (typeof desc === "number") return false;
    const { from, to } = this.range(group);
    const inside = (block: number, count: number): boolean => block >= from && block + count <= to;
    return inside(desc.get("block_bitmap"), 1) && inside(desc.get("inode_bitmap"), 1) && inside(desc.get("inode_table"), this.tableBlocks);
  }
  /** A check for blocks of a group that have its structures, and are never a file's. */
  system(group: number, desc: Raw<(typeof groupDesc)["fields"]>): SystemBlocks {
    const [blockMap, inodeMap, table] = [desc.get("block_bitmap"), desc.get("inode_bitmap"), desc.get("inode_table")];
    const first = this.hasSuper(group) ? this.range(group).from + 1 + this.descBlocks : 0;
    return { blockMap, inodeMap, table, tableEnd: table + this.tableBlocks, first };
  }
  /** True for the number of a block that a file can have. */
  isBlock(block: number): boolean {
    return block > this.geometry.firstBlock && block < this.geometry.blocks;
  }

  /** Fills `into` from byte `at` of a block: 0 or -EIO. It may go on into the next blocks. */
  read(block: number, into: Uint8Array, at = 0): number {
    return this.device.read(block * this.geometry.blockSize + at, into);
  }
  write(block: number, bytes: Uint8Array, at = 0): number {
    return this.device.write(block * this.geometry.blockSize + at, bytes);
  }
  /** A whole block. */
  block(block: number): Or<Uint8Array> {
    const bytes = new Uint8Array(this.geometry.blockSize);
    const error = this.read(block, bytes);
    return error < 0 ? error : bytes;
  }
  /** The pointer `index` of an indirect block, or -errno. */
  pointer(block: number, index: number): number {
    const error = this.read(block, this._word, index * 4);
    return error < 0 ? error : this._wordView.getUint32(0, true);
  }

  /** A structure at byte `at` of the device. */
  private _raw<F extends Fields>(of: Struct<F>, at: number): Or<Raw<F>> {
    const raw = new Raw(of, new Uint8Array(of.size(x64)));
    const error = this.device.read(at, raw.bytes);
    return error < 0 ? error : raw;
  }
  private _descAt(group: number): number {
    return (this.geometry.firstBlock + 1) * this.geometry.blockSize + group * groupDesc.size(x64);
  }
  /** The descriptor of a group. */
  desc(group: number): Or<Raw<(typeof groupDesc)["fields"]>> {
    return this._raw(groupDesc, this._descAt(group));
  }
  setDesc(group: number, desc: Raw<(typeof groupDesc)["fields"]>): number {
    return this.device.write(this._descAt(group), desc.bytes);
  }
  /** The superblock. */
  super(): Or<Raw<(typeof superblock)["fields"]>> {
    return this._raw(superblock, SUPER_AT);
  }
  /** Changes the superblock: 0 or -errno. */
  changeSuper(change: (s: Raw<(typeof superblock)["fields"]>) => void): number {
    const s = this.super();
    if (typeof s === "number") return s;
    change(s);
    return this.device.write(SUPER_AT, s.bytes);
  }

  /** The place of an inode's record in bytes; undefined for a number that no inode has. */
  private _recordAt(ino: number): number | undefined {
    const { inodes, inodesPerGroup, inodeSize, blockSize, firstInode } = this.geometry;
    if (ino > inodes || ino < 1 || (ino < firstInode && ino !== ROOT_INO)) return undefined;
    const desc = this.desc(Math.floor((ino - 1) / inodesPerGroup));
    return typeof desc === "number" ? undefined : desc.get("inode_table") * blockSize + ((ino - 1) % inodesPerGroup) * inodeSize;
  }
  /** The record of an inode, or -errno. */
  record(ino: number): Or<Raw<(typeof inodeRecord)["fields"]>> {
    const at = this._recordAt(ino);
    return at === undefined ? -E.EUCLEAN : this._raw(inodeRecord, at);
  }
  setRecord(ino: number, record: Raw<(typeof inodeRecord)["fields"]>): number {
    const at = this._recordAt(ino);
    return at === undefined ? -E.EUCLEAN : this.device.write(at, record.bytes);
  }
  /** Zeroes a record with its extra fields. */
  clearRecord(ino: number): number {
    const at = this._recordAt(ino);
    return at === undefined ? -E.EUCLEAN : this.device.write(at, new Uint8Array(this.geometry.inodeSize));
  }
}
