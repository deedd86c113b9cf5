// Heat: the samples that each block has got. Code that is hot in one process will probably stay hot.
// Code that is hot only over many short processes is different. Each process ends before a region pays for
// itself. Such samples count less.

import { Recent } from "./recent.ts";

/** Samples over several address spaces that count as one sample in one space. */
const spacesFactor = 16;

interface Block {
  /** Samples in the address space of the last sample, and in all spaces. */
  here: number;
  all: number;
  space: number;
  /** The heat at the last report; 0 before the first. */
  reported: number;
}

/** Samples by block; a key is an address and its context. */
export class Heat {
  readonly #blocks = new Recent<Block>();
  readonly #numbers = new WeakMap<object, number>();
  #spaces = 0;
  /** The address space that runs, and the one whose number is `#number`. */
  #current: object = this;
  #numbered: object = this;
  #number = 0;

  /** Tells the profile that another address space runs. It gets a number with its first sample. */
  enter(space: object): void {
    this.#current = space;
  }
  #spaceNumber(): number {
    const space = this.#current;
    if (space === this.#numbered) return this.#number;
    let number = this.#numbers.get(space);
    if (number === undefined) this.#numbers.set(space, (number = ++this.#spaces));
    this.#numbered = space;
    return (this.#number = number);
  }

  /**
   * Counts a sample. True if the block's heat is `wanted`, and again each time that it has doubled: a block
   * that could not be compiled is tried again for as long as it runs.
   */
  add(key: number, wanted: number): boolean {
    const space = this.#spaceNumber();
    let block = this.#blocks.get(key);
    if (!block) this.#blocks.set(key, (block = { here: 0, all: 0, space, reported: 0 }));
    if (block.space !== space) block.here = 0;
    block.space = space;
    block.here++;
    block.all++;
    const heat = heatOf(block);
    if (heat < Math.max(wanted, 2 * block.reported)) return false;
    block.reported = heat;
    return true;
  }
  of(key: number): number {
    const block = this.#blocks.get(key);
    return block ? heatOf(block) : 0;
  }
  /** Sets the heat of a block. */
  set(key: number, heat: number): void {
    this.#blocks.set(key, { here: heat, all: heat * spacesFactor, space: this.#spaceNumber(), reported: 0 });
  }
  delete(key: number): void {
    this.#blocks.delete(key);
  }
  clear(): void {
    this.#blocks.clear();
  }
}

const heatOf = ({ here, all }: Block): number => Math.max(here, Math.floor(all / spacesFactor));
