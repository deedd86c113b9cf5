// The bitmaps of ext2: blocks and inodes are taken and given back. Linux fs/ext2/balloc.c, ialloc.c.
import { E } from "../../../abi/errno.ts";
import type { Or } from "../vfs/inode.ts";
import type { Volume } from "./volume.ts";

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
export interface Run {
  readonly block: number;
  readonly length: number;
}

/** The bitmaps of a volume. */
export class Allocator {
  readonly #volume: Volume;
  /** Groups whose descriptors promise what their bitmaps do not have: they are not searched again. */
  readonly #empty = { blocks: new Set<number>(), inodes: new Set<number>() };
  constructor(volume: Volume) {
    this.#volume = volume;
  }

  /** Takes up to `most` consecutive blocks, near `goal`: a run, or -ENOSPC. */
  takeBlocks(goal: number, most: number): Or<Run> {
    const { firstBlock, blocksPerGroup, groups } = this.#volume.geometry;
    const first = Math.min(groups - 1, Math.max(0, Math.floor((goal - firstBlock) / blocksPerGroup)));
    for (let n = 0; n < groups; n++) {
      const group = (first + n) % groups;
      const taken = this.#takeIn(group, n === 0 ? goal - this.#volume.range(group).from : 0, most);
      if (taken !== undefined) return taken;
    }
    return -E.ENOSPC;
  }
  /** Takes blocks of one group, from bit `from` on. */
  #takeIn(group: number, from: number, most: number): Or<Run> | undefined {
    const volume = this.#volume;
    const desc = volume.desc(group);
    if (typeof desc === "number") return desc;
    const free = desc.get("free_blocks_count");
    if (free === 0 || this.#empty.blocks.has(group)) return undefined;
    const map = volume.block(desc.get("block_bitmap"));
    if (typeof map === "number") return map;
    const range = volume.range(group);
    const bits = range.to - range.from;
    let bit = nextClear(map, Math.min(bits, Math.max(0, from)), bits);
    if (bit === bits) bit = nextClear(map, 0, bits);
    if (bit === bits) {
      this.#empty.blocks.add(group);
      return undefined;
    }
    const isSystem = volume.system(group, desc);
    let length = 0;
    while (length < Math.min(most, free) && bit + length < bits && !isSet(map, bit + length) && !isSystem(range.from + bit + length)) {
      map[(bit + length) >> 3]! |= 1 << ((bit + length) & 7);
      length++;
    }
    // The bitmap calls a structure of the group free.
    if (length === 0) return -E.EUCLEAN;
    desc.set("free_blocks_count", free - length);
    return this.#store(desc.get("block_bitmap"), map, group, desc, { blocks: -length }) || { block: range.from + bit, length };
  }
  #store(
    at: number,
    map: Uint8Array,
    group: number,
    desc: Parameters<Volume["setDesc"]>[1],
    free: { blocks?: number; inodes?: number },
  ): number {
    const volume = this.#volume;
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
    return new Release(this.#volume, (group, map, count) => {
      const desc = this.#volume.desc(group);
      if (typeof desc === "number") return desc;
      this.#empty.blocks.delete(group);
      desc.set("free_blocks_count", Math.min(0xffff, desc.get("free_blocks_count") + count));
      return this.#store(desc.get("block_bitmap"), map, group, desc, { blocks: count });
    });
  }

  /** Takes an inode, near that of the directory `near`: its number, or -ENOSPC. */
  takeInode(near: number, isDir: boolean): number {
    const { inodesPerGroup, groups, firstInode } = this.#volume.geometry;
    const first = Math.floor((near - 1) / inodesPerGroup);
    for (let n = 0; n < groups; n++) {
      const group = (first + n) % groups;
      const desc = this.#volume.desc(group);
      if (typeof desc === "number") return desc;
      const free = desc.get("free_inodes_count");
      if (free === 0 || this.#empty.inodes.has(group)) continue;
      const map = this.#volume.block(desc.get("inode_bitmap"));
      if (typeof map === "number") return map;
      const bit = nextClear(map, group === 0 ? firstInode - 1 : 0, inodesPerGroup);
      if (bit >= inodesPerGroup) {
        this.#empty.inodes.add(group);
        continue;
      }
      map[bit >> 3]! |= 1 << (bit & 7);
      desc.set("free_inodes_count", free - 1);
      if (isDir) desc.set("used_dirs_count", Math.min(0xffff, desc.get("used_dirs_count") + 1));
      return this.#store(desc.get("inode_bitmap"), map, group, desc, { inodes: -1 }) || group * inodesPerGroup + bit + 1;
    }
    return -E.ENOSPC;
  }
  /** Gives back an inode: 0 or -errno. */
  giveInode(ino: number, isDir: boolean): number {
    const { inodesPerGroup } = this.#volume.geometry;
    const [group, bit] = [Math.floor((ino - 1) / inodesPerGroup), (ino - 1) % inodesPerGroup];
    const desc = this.#volume.desc(group);
    if (typeof desc === "number") return desc;
    const map = this.#volume.block(desc.get("inode_bitmap"));
    if (typeof map === "number") return map;
    if (!isSet(map, bit)) return -E.EUCLEAN;
    map[bit >> 3]! &= ~(1 << (bit & 7));
    this.#empty.inodes.delete(group);
    desc.set("free_inodes_count", Math.min(0xffff, desc.get("free_inodes_count") + 1));
    if (isDir) desc.set("used_dirs_count", Math.max(0, desc.get("used_dirs_count") - 1));
    return this.#store(desc.get("inode_bitmap"), map, group, desc, { inodes: 1 });
  }
}

/** Blocks that are given back. A bitmap is written when another group's turn comes, and at the end. */
export class Release {
  readonly #volume: Volume;
  readonly #write: (group: number, map: Uint8Array, count: number) => number;
  #group = -1;
  #map: Uint8Array = new Uint8Array(0);
  #isSystem: (block: number) => boolean = () => true;
  #count = 0;
  constructor(volume: Volume, write: (group: number, map: Uint8Array, count: number) => number) {
    this.#volume = volume;
    this.#write = write;
  }
  /** Gives back a block. False: it is none of a file, or is free already. */
  give(block: number): boolean {
    const volume = this.#volume;
    if (!volume.isBlock(block)) return false;
    const { firstBlock, blocksPerGroup } = volume.geometry;
    const group = Math.floor((block - firstBlock) / blocksPerGroup);
    if (group !== this.#group && !this.#enter(group)) return false;
    const bit = (block - firstBlock) % blocksPerGroup;
    if (!isSet(this.#map, bit) || this.#isSystem(block)) return false;
    this.#map[bit >> 3]! &= ~(1 << (bit & 7));
    this.#count++;
    return true;
  }
  #enter(group: number): boolean {
    this.end();
    const desc = this.#volume.desc(group);
    const map = typeof desc === "number" ? desc : this.#volume.block(desc.get("block_bitmap"));
    if (typeof desc === "number" || typeof map === "number") return false;
    this.#group = group;
    this.#map = map;
    this.#isSystem = this.#volume.system(group, desc);
    return true;
  }
  end(): void {
    if (this.#count > 0) this.#write(this.#group, this.#map, this.#count);
    this.#group = -1;
    this.#count = 0;
  }
}
