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
  private readonly _slots: (FileDescription | undefined)[];
  private readonly _resources = new Map<number, Resource>();
  private readonly _account: Account;
  /** Slots that the kernel may choose. */
  private _range: readonly [number, number];
  constructor(account: Account, count: number) {
    account.force(count * sizes.place);
    this._account = account;
    this._slots = new Array(count).fill(undefined);
    this._range = [0, count];
  }
  get size(): number {
    return this._slots.length;
  }
  get(slot: number): FileDescription | undefined {
    return this._slots[slot];
  }
  /** The use of a file that has a tag. */
  resource(slot: number): Resource | undefined {
    return this._resources.get(slot);
  }
  /** The registration has failed. */
  forgetTags(): void {
    for (const resource of this._resources.values()) resource.forget();
  }
  /** Sets or empties a slot. */
  set(slot: number, file: FileDescription | undefined, resource?: Resource): void {
    const old = this._slots[slot];
    const oldResource = this._resources.get(slot);
    this._slots[slot] = file?.hold();
    if (resource) this._resources.set(slot, resource);
    else this._resources.delete(slot);
    old?.drop();
    oldResource?.drop();
  }
  /** IORING_REGISTER_FILE_ALLOC_RANGE: 0 or -errno. */
  limit(from: number, count: number): number {
    if (from + count > this.size) return -E.EINVAL;
    this._range = [from, from + count];
    return 0;
  }
  /** The slot for a new file in the allocation range, or -ENFILE. */
  get free(): number {
    const [from, to] = this._range;
    for (let slot = from; slot < to; slot++) if (this._slots[slot] === undefined) return slot;
    return -E.ENFILE;
  }
  end(): void {
    for (let slot = 0; slot < this.size; slot++) this.set(slot, undefined);
    this._account.give(this.size * sizes.place);
  }
}
