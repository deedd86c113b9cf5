// The blocks of a file on ext2: 12 pointers in the inode, then trees of indirect blocks of depth 1, 2 and 3.
// Linux fs/ext2/inode.c.
import { E } from "../../../abi/errno.ts";
import type { Or } from "../vfs/inode.ts";
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
export interface Extent {
  readonly block: number;
  readonly length: number;
}

/** The map of one file. */
export class BlockMap {
  readonly #volume: Volume;
  readonly #allocator: Allocator;
  readonly #of: Mapped;
  /** Pointers of an indirect block. */
  readonly #width: number;
  readonly #sectorsPerBlock: number;
  #goal = 0;
  constructor(volume: Volume, allocator: Allocator, of: Mapped, goal: number) {
    this.#volume = volume;
    this.#allocator = allocator;
    this.#of = of;
    this.#width = volume.geometry.blockSize / 4;
    this.#sectorsPerBlock = volume.geometry.blockSize / 512;
    this.#goal = goal;
  }
  /** The most blocks of a file: those of all pointers, with a count of sectors below 2^32. */
  get most(): number {
    const w = this.#width;
    return Math.min(DIRECT + w + w ** 2 + w ** 3, Math.floor(2 ** 32 / (this.#sectorsPerBlock * (1 + 2 / w))));
  }

  #get(home: number, index: number): number {
    return home === 0 ? (this.#of.pointers[index] as number) : this.#volume.pointer(home, index);
  }
  #set(home: number, index: number, pointers: Uint32Array): number {
    if (home !== 0) return this.#volume.write(home, new Uint8Array(pointers.buffer, pointers.byteOffset, pointers.byteLength), index * 4);
    this.#of.pointers.set(pointers, index);
    return 0;
  }
  #take(most: number): Or<Extent> {
    const taken = this.#allocator.takeBlocks(this.#goal, most);
    if (typeof taken === "number") return taken;
    this.#goal = taken.block + taken.length;
    this.#of.sectors += taken.length * this.#sectorsPerBlock;
    return taken;
  }

  /** The place of the pointer of block `n`. `make` allocates indirect blocks. */
  #home(n: number, make: boolean): Or<Home | Hole> {
    if (n < DIRECT) return { block: 0, index: n, span: DIRECT - n };
    const w = this.#width;
    let rest = n - DIRECT;
    for (let depth = 1; depth <= POINTERS - DIRECT; depth++) {
      if (rest < w ** depth) return this.#walk(rest, depth, make);
      rest -= w ** depth;
    }
    return -E.EFBIG;
  }
  #walk(n: number, depth: number, make: boolean): Or<Home | Hole> {
    const w = this.#width;
    let [home, index] = [0, DIRECT - 1 + depth];
    for (let level = depth; level > 0; level--) {
      let next = this.#get(home, index);
      if (next < 0) return next;
      if (next === 0) {
        if (!make) return { span: w ** level - (n % w ** level) };
        const made = this.#take(1);
        if (typeof made === "number") return made;
        next = made.block;
        const error = this.#volume.write(next, new Uint8Array(4 * w)) || this.#set(home, index, Uint32Array.of(next));
        if (error < 0) return error;
      }
      if (!this.#volume.isBlock(next)) return -E.EUCLEAN;
      home = next;
      index = Math.floor(n / w ** (level - 1)) % w;
    }
    return { block: home, index, span: w - index };
  }
  /** Up to `count` pointers from a place on. */
  #pointers(home: Home, count: number): Or<Uint32Array> {
    const n = Math.min(count, home.span);
    if (home.block === 0) return this.#of.pointers.slice(home.index, home.index + n);
    const pointers = new Uint32Array(n);
    const error = this.#volume.read(home.block, new Uint8Array(pointers.buffer), home.index * 4);
    return error < 0 ? error : pointers;
  }
  /** The first consecutive blocks among pointers. */
  #run(pointers: Uint32Array): Or<Extent> {
    const block = pointers[0] as number;
    let length = 1;
    while (length < pointers.length && pointers[length] === (block === 0 ? 0 : block + length)) length++;
    if (block !== 0 && (!this.#volume.isBlock(block) || !this.#volume.isBlock(block + length - 1))) return -E.EUCLEAN;
    return { block, length };
  }

  /**
   * The blocks of the device for up to `count` blocks from `n` on. Of a hole, not more than its known part.
   */
  find(n: number, count: number): Or<Extent> {
    const home = this.#home(n, false);
    if (typeof home === "number") return home;
    if (!isHome(home)) return { block: 0, length: Math.min(count, home.span) };
    const pointers = this.#pointers(home, count);
    return typeof pointers === "number" ? pointers : this.#run(pointers);
  }
  /** As `find`, and fills a hole with new blocks, whose bytes are undefined. */
  make(n: number, count: number): Or<Extent & { readonly isNew: boolean }> {
    const home = this.#home(n, true);
    if (typeof home === "number") return home;
    const pointers = isHome(home) ? this.#pointers(home, count) : -E.EUCLEAN;
    if (typeof pointers === "number") return pointers;
    const run = this.#run(pointers);
    if (typeof run === "number" || run.block !== 0) return typeof run === "number" ? run : { ...run, isNew: false };
    const taken = this.#take(run.length);
    if (typeof taken === "number") return taken;
    const { block, index } = home as Home;
    const error = this.#set(
      block,
      index,
      Uint32Array.from({ length: taken.length }, (_, i) => taken.block + i),
    );
    return error < 0 ? error : { ...taken, isNew: true };
  }

  /** Gives back the blocks from `n` on. */
  cut(n: number): void {
    const release = this.#allocator.release();
    const { pointers } = this.#of;
    for (let i = n; i < DIRECT; i++) {
      this.#give(release, pointers[i] as number, 0);
      pointers[i] = 0;
    }
    let rest = n - DIRECT;
    for (let depth = 1; depth <= POINTERS - DIRECT; depth++) {
      const index = DIRECT - 1 + depth;
      if (rest <= 0) {
        this.#give(release, pointers[index] as number, depth);
        pointers[index] = 0;
      } else if (rest < this.#width ** depth) this.#prune(release, pointers[index] as number, depth, rest);
      rest -= this.#width ** depth;
    }
    release.end();
  }
  /** Gives back a tree. A block that is free already ends the walk: so no image makes it endless. */
  #give(release: Release, block: number, level: number): void {
    if (block === 0 || !release.give(block)) return;
    this.#of.sectors = Math.max(0, this.#of.sectors - this.#sectorsPerBlock);
    if (level === 0) return;
    const below = this.#pointers({ block, index: 0, span: this.#width }, this.#width);
    if (typeof below !== "number") for (const each of below) this.#give(release, each, level - 1);
  }
  /** Gives back the blocks of a tree from its block `from` on. */
  #prune(release: Release, block: number, level: number, from: number): void {
    if (block === 0 || !this.#volume.isBlock(block)) return;
    const below = this.#pointers({ block, index: 0, span: this.#width }, this.#width);
    if (typeof below === "number") return;
    const each = this.#width ** (level - 1);
    const first = Math.floor(from / each);
    const inside = from - first * each;
    if (inside > 0) this.#prune(release, below[first] as number, level - 1, inside);
    for (let i = inside > 0 ? first + 1 : first; i < below.length; i++) {
      this.#give(release, below[i] as number, level - 1);
      below[i] = 0;
    }
    this.#set(block, 0, below);
  }
}
