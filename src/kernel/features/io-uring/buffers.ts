// Provided buffers: groups from which a request takes its buffer when data is there. man 3
// io_uring_prep_provide_buffers, io_uring_setup_buf_ring; Linux io_uring/kbuf.c.
import { E } from "../../../abi/errno.ts";
import { CQE_F } from "../../../abi/uapi/io-uring.ts";
import type { Account } from "../../../memory/account.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { Fifo } from "../../base/fifo.ts";
import type { SharedPages } from "../../fs/files/shared-pages.ts";
import { ownSizes } from "./sizes.ts";

/** Memory of the program. */
export interface Area {
  readonly at: number;
  readonly length: number;
}
/** A buffer in the memory of the program. */
export interface Buffer extends Area {
  readonly id: number;
}
/** sizeof(struct io_uring_buf), and the place of the tail in the first one. */
const ENTRY = 16;
const TAIL = 14;
/** Buffers of one bundle, at most. Linux UIO_MAXIOV. */
const MOST = 1024;

/** Buffers that follow one another in memory: `count` of `length` bytes. */
interface Run {
  at: number;
  readonly length: number;
  id: number;
  count: number;
}
/** Buffers of IORING_OP_PROVIDE_BUFFERS. */
interface List {
  readonly kind: "list";
  readonly runs: Fifo<Run>;
}
/** The memory of a ring of buffers: the program's, or pages of the kernel that the program maps. */
export type Entries = { readonly mem: AddressSpace; readonly at: number } | { readonly pages: SharedPages };
/** A ring of buffers in memory that the program writes. */
interface BufferRing {
  readonly kind: "ring";
  readonly entries: Entries;
  readonly count: number;
  /** A buffer is used up in pieces: IOU_PBUF_RING_INC. */
  readonly pieces: boolean;
  head: number;
}

const read = (entries: Entries, at: number): Uint8Array | undefined =>
  "pages" in entries ? entries.pages.bytes(at, ENTRY) : entries.mem.read(entries.at + at, ENTRY);
const write = (entries: Entries, at: number, bytes: Uint8Array): void => {
  if ("pages" in entries) entries.pages.write(at, bytes);
  else entries.mem.write(entries.at + at, bytes);
};
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const entryAt = (g: BufferRing, index: number): number => (index & (g.count - 1)) * ENTRY;
const bufferAt = (g: BufferRing, index: number): Buffer | undefined => {
  const bytes = read(g.entries, entryAt(g, index));
  if (!bytes) return undefined;
  const v = view(bytes);
  return { at: Number(v.getBigUint64(0, true)), length: v.getUint32(8, true), id: v.getUint16(12, true) };
};

/** The groups of a ring, by number. */
export class BufferGroups {
  private readonly _groups = new Map<number, List | BufferRing>();
  private readonly _account: Account;
  constructor(account: Account) {
    this._account = account;
  }

  /** The next buffers of a group up to `length` bytes, which remain in it: only one unless `several`. */
  peek(group: number, length: number, several = false): readonly Buffer[] {
    const g = this._groups.get(group);
    if (!g) return [];
    const most = several && g.kind === "ring" ? MOST : 1;
    const found: Buffer[] = [];
    for (let rest = length, n = 0; n < most && (rest > 0 || n === 0); n++) {
      const buffer = this._nth(g, n);
      if (!buffer) break;
      found.push({ ...buffer, length: Math.min(buffer.length, rest) });
      rest -= buffer.length;
    }
    return found;
  }
  private _nth(g: List | BufferRing, n: number): Buffer | undefined {
    if (g.kind === "list") {
      const run = n === 0 ? g.runs.at(0) : undefined;
      return run && { at: run.at, length: run.length, id: run.id };
    }
    const first = read(g.entries, 0);
    const tail = first ? view(first).getUint16(TAIL, true) : g.head;
    return ((tail - g.head) & 0xffff) > n ? bufferAt(g, g.head + n) : undefined;
  }
  /**
   * Takes `bytes` from the buffers that `peek` returned, of which `id` is the first: the flags of the
   * completion. Linux io_kbuf_commit().
   */
  take(group: number, id: number, bytes: number, several = false): number {
    const g = this._groups.get(group);
    const flags = CQE_F.BUFFER | (id << 16);
    if (g?.kind !== "ring") {
      if (g) this._drop(g, 1);
      return flags;
    }
    if (!g.pieces) {
      for (let rest = bytes, n = 0; n === 0 || (several && rest > 0 && n < MOST); n++) rest -= bufferAt(g, g.head++)?.length ?? rest;
      return flags;
    }
    return this._takePieces(g, bytes, several) ? flags : flags | CQE_F.BUF_MORE;
  }
  /** False: a part of the last buffer remains. */
  private _takePieces(g: BufferRing, bytes: number, several: boolean): boolean {
    for (let rest = bytes, n = 0; n < MOST; g.head++, n++) {
      const buffer = bufferAt(g, g.head);
      if (!buffer) break;
      const used = Math.min(rest, buffer.length);
      const left = buffer.length - used;
      const words = new Uint8Array(12);
      view(words).setBigUint64(0, BigInt(left > 0 ? buffer.at + used : buffer.at), true);
      view(words).setUint32(8, left, true);
      write(g.entries, entryAt(g, g.head), words);
      if (left > 0) return false;
      rest -= used;
      if (rest > 0 && several) continue;
      g.head++;
      break;
    }
    return true;
  }
  /** Removes up to `count` buffers: their number. */
  private _drop({ runs }: List, count: number): number {
    let dropped = 0;
    for (let first = runs.at(0); first && dropped < count; first = runs.at(0)) {
      const some = Math.min(first.count, count - dropped);
      dropped += some;
      first.at += some * first.length;
      first.id = (first.id + some) & 0xffff;
      first.count -= some;
      if (first.count > 0) break;
      runs.shift();
      this._account.give(ownSizes.providedBuffers);
    }
    return dropped;
  }
  /** Adds buffers: 0 or -errno. */
  provide(group: number, at: number, length: number, count: number, firstId: number): number {
    let g = this._groups.get(group);
    if (g?.kind === "ring") return -E.EINVAL;
    const isNew = g === undefined;
    if (!this._account.take(ownSizes.providedBuffers + (isNew ? ownSizes.bufferGroup : 0))) return -E.ENOMEM;
    if (!g) this._groups.set(group, (g = { kind: "list", runs: new Fifo() }));
    g.runs.push({ at, length, id: firstId & 0xffff, count });
    return 0;
  }
  /** Removes up to `count` buffers: their number or -errno. */
  remove(group: number, count: number): number {
    const g = this._groups.get(group);
    if (!g) return -E.ENOENT;
    if (g.kind === "ring") return -E.EINVAL;
    return this._drop(g, count);
  }
  /** True if a ring of buffers may have the number of this group. */
  isFree(group: number): boolean {
    const g = this._groups.get(group);
    return !g || (g.kind === "list" && g.runs.length === 0);
  }
  /** IORING_REGISTER_PBUF_RING, for a number that is free: 0 or -ENOMEM. */
  addRing(group: number, entries: Entries, count: number, pieces: boolean): number {
    if (!this._groups.has(group) && !this._account.take(ownSizes.bufferGroup)) return -E.ENOMEM;
    this._groups.set(group, { kind: "ring", entries, count, pieces, head: 0 });
    return 0;
  }
  removeRing(group: number): number {
    const g = this._groups.get(group);
    if (!g) return -E.ENOENT;
    if (g.kind !== "ring") return -E.EINVAL;
    this._groups.delete(group);
    this._account.give(ownSizes.bufferGroup);
    if ("pages" in g.entries) g.entries.pages.end();
    return 0;
  }
  /** The head of a ring of buffers, or -errno. */
  head(group: number): number {
    const g = this._groups.get(group);
    if (!g) return -E.ENOENT;
    return g.kind === "ring" ? g.head & 0xffff : -E.EINVAL;
  }
  /** The pages of a ring for mmap(2), if the kernel made them. */
  mapping(group: number): MappedFile | undefined {
    const g = this._groups.get(group);
    return g?.kind === "ring" && "pages" in g.entries ? g.entries.pages.file : undefined;
  }
  end(): void {
    for (const [group, g] of this._groups) {
      if (g.kind === "list") this.remove(group, Number.POSITIVE_INFINITY);
      else this.removeRing(group);
    }
    this._account.give(this._groups.size * ownSizes.bufferGroup);
    this._groups.clear();
  }
}
