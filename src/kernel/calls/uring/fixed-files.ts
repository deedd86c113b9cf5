// Registered files of a ring: files by slot, without a descriptor. man 2 io_uring_register,
// IORING_REGISTER_FILES; Linux io_uring/filetable.c.
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import { sizes } from "../../base/sizes.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { Resource } from "./resource.ts";

/** The greatest number of slots. Linux IORING_MAX_FIXED_FILES. */
export const MOST_FIXED_FILES = 1 << 20;

/** A table of files. */
export class FixedFiles {
  readonly #slots: (FileDescription | undefined)[];
  readonly #resources = new Map<number, Resource>();
  readonly #account: Account;
  /** Slots that the kernel may choose. */
  #range: readonly [number, number];
  constructor(account: Account, count: number) {
    account.force(count * sizes.place);
    this.#account = account;
    this.#slots = new Array(count).fill(undefined);
    this.#range = [0, count];
  }
  get size(): number {
    return this.#slots.length;
  }
  get(slot: number): FileDescription | undefined {
    return this.#slots[slot];
  }
  /** The use of a file that has a tag. */
  resource(slot: number): Resource | undefined {
    return this.#resources.get(slot);
  }
  /** The registration has failed. */
  forgetTags(): void {
    for (const resource of this.#resources.values()) resource.forget();
  }
  /** Sets or empties a slot. */
  set(slot: number, file: FileDescription | undefined, resource?: Resource): void {
    const old = this.#slots[slot];
    const oldResource = this.#resources.get(slot);
    this.#slots[slot] = file?.hold();
    if (resource) this.#resources.set(slot, resource);
    else this.#resources.delete(slot);
    old?.drop();
    oldResource?.drop();
  }
  /** IORING_REGISTER_FILE_ALLOC_RANGE: 0 or -errno. */
  limit(from: number, count: number): number {
    if (from + count > this.size) return -E.EINVAL;
    this.#range = [from, from + count];
    return 0;
  }
  /** The slot for a new file in the allocation range, or -ENFILE. */
  get free(): number {
    const [from, to] = this.#range;
    for (let slot = from; slot < to; slot++) if (this.#slots[slot] === undefined) return slot;
    return -E.ENFILE;
  }
  end(): void {
    for (let slot = 0; slot < this.size; slot++) this.set(slot, undefined);
    this.#account.give(this.size * sizes.place);
  }
}
