// The bitmaps of ext2: blocks and inodes are taken and given back. Linux fs/ext2/balloc.c, ialloc.c.
import { E } from "../../../abi/errno.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { isSystem, type SystemBlocks, type Volume } from "./volume.ts";

const isSet = (map: Uint8Array, bit: number): boolean => ((map[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
/** The first clear bit in [from, to), or `to`. */
const nextClear = (map: Uint8Array, from: number, to: number): number => {
  for (let bit = from; bit < to; bit++) {
    if ((bit & 7) === 0) while (bit + 8 <= to && map[bit >> 3] === 0xff) bit += 8;
    if (bit >= to || !isSet(map, bit)) return Math.min(bit, to);
  }
  return to;
};

/** A run of blocks. */
export interface BlockRun {
  readonly block: number;
  readonly length: number;
}

/** The bitmaps of a volume. */
export class Allocator {
  private readonly _volume: Volume;
  /** Groups whose descriptors promise what their bitmaps do not have: they are not searched again. */
  private readonly _empty = { blocks: new Set<number>(), inodes: new Set<number>() };
  constructor(volume: Volume) {
    this._volume = volume;
  }

  /** Takes up to `most` consecutive blocks, near `goal`: a run, or -ENOSPC. */
  takeBlocks(goal: number, most: number): Or<BlockRun> {
    const { firstBlock, blocksPerGroup, groups } = this._volume.geometry;
    const first = Math.min(groups - 1, Math.max(0, Math.floor((goal - firstBlock) / blocksPerGroup)));
    for (let n = 0; n < groups; n++) {
      const group = (first + n) % groups;
      const taken = this._takeIn(group, n === 0 ? goal - this._volume.range(group).from : 0, most);
      if (taken !== undefined) return taken;
    }
    return -E.ENOSPC;
  }
  /** Takes blocks of one group, from bit `from` on. */
  private _takeIn(group: number, from: number, most: number): Or<BlockRun> | undefined {
    const volume = this._volume;
    const desc = volume.desc(group);
    if (typeof desc === "number") return desc;
    const free = desc.get("free_blocks_count");
    if (free === 0 || this._empty.blocks.has(group)) return undefined;
    const map = volume.block(desc.get("block_bitmap"));
    if (typeof map === "number") return map;
    const range = volume.range(group);
    const bits = range.to - range.from;
    let bit = nextClear(map, Math.min(bits, Math.max(0, from)), bits);
    if (bit === bits) bit = nextClear(map, 0, bits);
    if (bit === bits) {
      this._empty.blocks.add(group);
      return undefined;
    }
    const system = volume.system(group, desc);
    let length = 0;
    while (
      length < Math.min(most, free) &&
      bit + length < bits &&
      !isSet(map, bit + length) &&
      !isSystem(system, range.from + bit + length)
    ) {
      map[(bit + length) >> 3]! |= 1 << ((bit + length) & 7);
      length++;
    }
    // The bitmap calls a structure of the group free.
    if (length === 0) return -E.EUCLEAN;
    desc.set("free_blocks_count", free - length);
    return this._store(desc.get("block_bitmap"), map, group, desc, { blocks: -length }) || { block: range.from + bit, length };
  }
  private _store(
    at: number,
    map: Uint8Array,
    group: number,
    desc: Parameters<Volume["setDesc"]>[1],
    free: { blocks?: number; inodes?: number },
  ): number {
    const volume = this._volume;
    const steps = [
      () => volume.write(at, map),
      () => volume.setDesc(group, desc),
      () =>
        volume.changeSuper((s) => {
          s.set("free_blocks_count", Math.max(0, s.get("free_blocks_count") + (free.blocks ?? 0)));
          s.set("free_inodes_count", Math.max(0, s.get("free_inodes_count") + (free.inodes ?? 0)));
        }),
    ];
    for (const step of steps) {
      const error = step();
      if (error < 0) return error;
    }
    return 0;
  }

  /** Gives back blocks by a list that is written group by group. */
  release(): Release {
    return new Release(this._volume, this);
  }
  /** Writes the bitmap of a group in which blocks were given back: 0 or -errno. */
  released(group: number, map: Uint8Array, count: number): number {
    const desc = this._volume.desc(group);
    if (typeof desc === "number") return desc;
    this._empty.blocks.delete(group);
    desc.set("free_blocks_count", Math.min(0xffff, desc.get("free_blocks_count") + count));
    return this._store(desc.get("block_bitmap"), map, group, desc, { blocks: count });
  }

  /** Takes an inode, near that of the directory `near`: its number, or -ENOSPC. */
  takeInode(near: number, isDir: boolean): number {
    const { inodesPerGroup, groups, firstInode } = this._volume.geometry;
    const first = Math.floor((near - 1) / inodesPerGroup);
    for (let n = 0; n < groups; n++) {
      const group = (first + n) % groups;
      const desc = this._volume.desc(group);
      if (typeof desc === "number") return desc;
      const free = desc.get("free_inodes_count");
      if (free === 0 || this._empty.inodes.has(group)) continue;
      const map = this._volume.block(desc.get("inode_bitmap"));
      if (typeof map === "number") return map;
      const bit = nextClear(map, group === 0 ? firstInode - 1 : 0, inodesPerGroup);
      if (bit >= inodesPerGroup) {
        this._empty.inodes.add(group);
        continue;
      }
      map[bit >> 3]! |= 1 << (bit & 7);
      desc.set("free_inodes_count", free - 1);
      if (isDir) desc.set("used_dirs_count", Math.min(0xffff, desc.get("used_dirs_count") + 1));
      return this._store(desc.get("inode_bitmap"), map, group, desc, { inodes: -1 }) || group * inodesPerGroup + bit + 1;
    }
    return -E.ENOSPC;
  }
  /** Gives back an inode: 0 or -errno. */
  giveInode(ino: number, isDir: boolean): number {
    const { inodesPerGroup } = this._volume.geometry;
    const [group, bit] = [Math.floor((ino - 1) / inodesPerGroup), (ino - 1) % inodesPerGroup];
    const desc = this._volume.desc(group);
    if (typeof desc === "number") return desc;
    const map = this._volume.block(desc.get("inode_bitmap"));
    if (typeof map === "number") return map;
    if (!isSet(map, bit)) return -E.EUCLEAN;
    map[bit >> 3]! &= ~(1 << (bit & 7));
    this._empty.inodes.delete(group);
    desc.set("free_inodes_count", Math.min(0xffff, desc.get("free_inodes_count") + 1));
    if (isDir) desc.set("used_dirs_count", Math.max(0, desc.get("used_dirs_count") - 1));
    return this._store(desc.get("inode_bitmap"), map, group, desc, { inodes: 1 });
  }
}

/** Blocks that are given back. A bitmap is written when another group's turn comes, and at the end. */
export class Release {
  private readonly _volume: Volume;
  private readonly _allocator: Allocator;
  private _group = -1;
  private _map: Uint8Array = new Uint8Array(0);
  private _system: SystemBlocks | undefined = undefined;
  private _count = 0;
  constructor(volume: Volume, allocator: Allocator) {
    this._volume = volume;
    this._allocator = allocator;
  }
  /** Gives back a block. False: it is none of a file, or is free already. */
  give(block: number): boolean {
    const volume = this._volume;
    if (!volume.isBlock(block)) return false;
    const { firstBlock, blocksPerGroup } = volume.geometry;
    const group = Math.floor((block - firstBlock) / blocksPerGroup);
    if (group !== this._group && !this._enter(group)) return false;
    const bit = (block - firstBlock) % blocksPerGroup;
    if (!isSet(this._map, bit) || !this._system || isSystem(this._system, block)) return false;
    this._map[bit >> 3]! &= ~(1 << (bit & 7));
    this._count++;
    return true;
  }
  private _enter(group: number): boolean {
    this.end();
    const desc = this._volume.desc(group);
    const map = typeof desc === "number" ? desc : this._volume.block(desc.get("block_bitmap"));
    if (typeof desc === "number" || typeof map === "number") return false;
    this._group = group;
    this._map = map;
    this._system = this._volume.system(group, desc);
    return true;
  }
  end(): void {
    if (this._count > 0) this._allocator.released(this._group, this._map, this._count);
    this._group = -1;
    this._count = 0;
  }
}
