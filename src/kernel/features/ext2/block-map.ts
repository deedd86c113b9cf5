// The blocks of a file on ext2: 12 pointers in the inode, then trees of indirect blocks of depth 1, 2 and 3.
// Linux fs/ext2/inode.c.
import { E } from "../../../abi/errno.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import type { Allocator, Release } from "./allocate.ts";
import { DIRECT, POINTERS } from "./layout.ts";
import type { Volume } from "./volume.ts";

/** The part of an inode with its blocks. */
export interface Mapped {
  /** The 15 pointers. */
  readonly pointers: Uint32Array;
  /** All blocks, indirect ones too, in units of 512 bytes. */
  sectors: number;
}
/** A place of pointers: in the inode (`block` 0) or in an indirect block. */
interface Home {
  readonly block: number;
  readonly index: number;
  /** The pointers from here to the end of the array. */
  readonly span: number;
}
const isHome = (found: Home | Hole): found is Home => "block" in found;
/** No pointers for this many blocks. */
interface Hole {
  readonly span: number;
}
/** A part of a file: consecutive blocks of the device (0: a hole). */
export interface BlockExtent {
  readonly block: number;
  readonly length: number;
}

/** The map of one file. */
export class BlockMap {
  private readonly _volume: Volume;
  private readonly _allocator: Allocator;
  private readonly _of: Mapped;
  /** Pointers of an indirect block. */
  private readonly _width: number;
  private readonly _sectorsPerBlock: number;
  private _goal = 0;
  constructor(volume: Volume, allocator: Allocator, of: Mapped, goal: number) {
    this._volume = volume;
    this._allocator = allocator;
    this._of = of;
    this._width = volume.geometry.blockSize / 4;
    this._sectorsPerBlock = volume.geometry.blockSize / 512;
    this._goal = goal;
  }
  /** The most blocks of a file: those of all pointers, with a count of sectors below 2^32. */
  get most(): number {
    const w = this._width;
    return Math.min(DIRECT + w + w ** 2 + w ** 3, Math.floor(2 ** 32 / (this._sectorsPerBlock * (1 + 2 / w))));
  }

  private _get(home: number, index: number): number {
    return home === 0 ? (this._of.pointers[index] as number) : this._volume.pointer(home, index);
  }
  private _set(home: number, index: number, pointers: Uint32Array): number {
    if (home !== 0) return this._volume.write(home, new Uint8Array(pointers.buffer, pointers.byteOffset, pointers.byteLength), index * 4);
    this._of.pointers.set(pointers, index);
    return 0;
  }
  private _take(most: number): Or<BlockExtent> {
    const taken = this._allocator.takeBlocks(this._goal, most);
    if (typeof taken === "number") return taken;
    this._goal = taken.block + taken.length;
    this._of.sectors += taken.length * this._sectorsPerBlock;
    return taken;
  }

  /** The place of the pointer of block `n`. `make` allocates indirect blocks. */
  private _home(n: number, make: boolean): Or<Home | Hole> {
    if (n < DIRECT) return { block: 0, index: n, span: DIRECT - n };
    const w = this._width;
    let rest = n - DIRECT;
    for (let depth = 1; depth <= POINTERS - DIRECT; depth++) {
      if (rest < w ** depth) return this._walk(rest, depth, make);
      rest -= w ** depth;
    }
    return -E.EFBIG;
  }
  private _walk(n: number, depth: number, make: boolean): Or<Home | Hole> {
    const w = this._width;
    let [home, index] = [0, DIRECT - 1 + depth];
    for (let level = depth; level > 0; level--) {
      let next = this._get(home, index);
      if (next < 0) return next;
      if (next === 0) {
        if (!make) return { span: w ** level - (n % w ** level) };
        const made = this._take(1);
        if (typeof made === "number") return made;
        next = made.block;
        const error = this._volume.write(next, new Uint8Array(4 * w)) || this._set(home, index, Uint32Array.of(next));
        if (error < 0) return error;
      }
      if (!this._volume.isBlock(next)) return -E.EUCLEAN;
      home = next;
      index = Math.floor(n / w ** (level - 1)) % w;
    }
    return { block: home, index, span: w - index };
  }
  /** Up to `count` pointers from a place on. */
  private _pointers(home: Home, count: number): Or<Uint32Array> {
    const n = Math.min(count, home.span);
    if (home.block === 0) return this._of.pointers.slice(home.index, home.index + n);
    const pointers = new Uint32Array(n);
    const error = this._volume.read(home.block, new Uint8Array(pointers.buffer), home.index * 4);
    return error < 0 ? error : pointers;
  }
  /** The first consecutive blocks among pointers. */
  private _run(pointers: Uint32Array): Or<BlockExtent> {
    const block = pointers[0] as number;
    let length = 1;
    while (length < pointers.length && pointers[length] === (block === 0 ? 0 : block + length)) length++;
    if (block !== 0 && (!this._volume.isBlock(block) || !this._volume.isBlock(block + length - 1))) return -E.EUCLEAN;
    return { block, length };
  }

  /**
   * The blocks of the device for up to `count` blocks from `n` on. Of a hole, not more than its known part.
   */
  find(n: number, count: number): Or<BlockExtent> {
    const home = this._home(n, false);
    if (typeof home === "number") return home;
    if (!isHome(home)) return { block: 0, length: Math.min(count, home.span) };
    const pointers = this._pointers(home, count);
    return typeof pointers === "number" ? pointers : this._run(pointers);
  }
  /** As `find`, and fills a hole with new blocks, whose bytes are undefined. */
  make(n: number, count: number): Or<BlockExtent & { readonly isNew: boolean }> {
    const home = this._home(n, true);
    if (typeof home === "number") return home;
    const pointers = isHome(home) ? this._pointers(home, count) : -E.EUCLEAN;
    if (typeof pointers === "number") return pointers;
    const run = this._run(pointers);
    if (typeof run === "number" || run.block !== 0) return typeof run === "number" ? run : { ...run, isNew: false };
    const taken = this._take(run.length);
    if (typeof taken === "number") return taken;
    const { block, index } = home as Home;
    const error = this._set(
      block,
      index,
      Uint32Array.from({ length: taken.length }, (_, i) => taken.block + i),
    );
    return error < 0 ? error : { ...taken, isNew: true };
  }

  /** Gives back the blocks from `n` on. */
  cut(n: number): void {
    const release = this._allocator.release();
    const { pointers } = this._of;
    for (let i = n; i < DIRECT; i++) {
      this._give(release, pointers[i] as number, 0);
      pointers[i] = 0;
    }
    let rest = n - DIRECT;
    for (let depth = 1; depth <= POINTERS - DIRECT; depth++) {
      const index = DIRECT - 1 + depth;
      if (rest <= 0) {
        this._give(release, pointers[index] as number, depth);
        pointers[index] = 0;
      } else if (rest < this._width ** depth) this._prune(release, pointers[index] as number, depth, rest);
      rest -= this._width ** depth;
    }
    release.end();
  }
  /** Gives back a tree. A block that is free already ends the walk: so no image makes it endless. */
  private _give(release: Release, block: number, level: number): void {
    if (block === 0 || !release.give(block)) return;
    this._of.sectors = Math.max(0, this._of.sectors - this._sectorsPerBlock);
    if (level === 0) return;
    const below = this._pointers({ block, index: 0, span: this._width }, this._width);
    if (typeof below !== "number") for (const each of below) this._give(release, each, level - 1);
  }
  /** Gives back the blocks of a tree from its block `from` on. */
  private _prune(release: Release, block: number, level: number, from: number): void {
    if (block === 0 || !this._volume.isBlock(block)) return;
    const below = this._pointers({ block, index: 0, span: this._width }, this._width);
    if (typeof below === "number") return;
    const each = this._width ** (level - 1);
    const first = Math.floor(from / each);
    const inside = from - first * each;
    if (inside > 0) this._prune(release, below[first] as number, level - 1, inside);
    for (let i = inside > 0 ? first + 1 : first; i < below.length; i++) {
      this._give(release, below[i] as number, level - 1);
      below[i] = 0;
    }
    this._set(block, 0, below);
  }
}
