// How hot blocks are: how many samples have fallen on each. Code that is hot in one process, as in most programs that run for long, will most
// likely go on being hot. Where only many processes together make it so, each of them ends before a region pays, and what is to come is no
// more than what has been: such samples count for less.

/** Times the samples that would do in one address space. */
const spacesFactor = 16;

interface Block {
  /** In the address space that it was last met in, and in all. */
  here: number;
  all: number;
  space: number;
  /** The most of what is wanted that it has come to: what was tried then is not tried again. */
  reached: number;
}

export class Heat {
  readonly #blocks = new Map<number, Block>();
  readonly #numbers = new WeakMap<object, number>();
  #spaces = 0;
  #space = 0;

  /** Code is that of another address space from now on. */
  enter(space: object): void {
    let number = this.#numbers.get(space);
    if (number === undefined) this.#numbers.set(space, (number = ++this.#spaces));
    this.#space = number;
  }

  /** A sample. True where by it the block comes to one of the numbers that are wanted. */
  add(key: number, wanted: readonly number[]): boolean {
    const block = this.#blocks.get(key) ?? { here: 0, all: 0, space: this.#space, reached: 0 };
    this.#blocks.set(key, block);
    if (block.space !== this.#space) block.here = 0;
    block.space = this.#space;
    block.here++;
    block.all++;
    const reached = wanted.filter((n) => n <= heatOf(block)).length;
    if (reached <= block.reached) return false;
    block.reached = reached;
    return true;
  }
  of(key: number): number {
    const block = this.#blocks.get(key);
    return block ? heatOf(block) : 0;
  }
  /** It is known to be as hot as that. */
  set(key: number, heat: number): void {
    this.#blocks.set(key, { here: heat, all: heat * spacesFactor, space: this.#space, reached: 0 });
  }
  delete(key: number): void {
    this.#blocks.delete(key);
  }
  clear(): void {
    this.#blocks.clear();
  }
}

const heatOf = ({ here, all }: Block): number => Math.max(here, Math.floor(all / spacesFactor));
