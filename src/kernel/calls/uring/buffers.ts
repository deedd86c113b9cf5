// Provided buffers: groups from which a request takes its buffer when data is there. man 3
// io_uring_prep_provide_buffers, io_uring_setup_buf_ring; Linux io_uring/kbuf.c.
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { Fifo } from "../../base/fifo.ts";
import { sizes } from "../../base/sizes.ts";

/** A buffer in the memory of the program. */
export interface Buffer {
  readonly at: number;
  readonly length: number;
  readonly id: number;
}
/** sizeof(struct io_uring_buf), and the place of the tail in the first one. */
const ENTRY = 16;
const TAIL = 14;

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
/** A ring of buffers in user memory. */
interface BufferRing {
  readonly kind: "ring";
  readonly mem: AddressSpace;
  readonly at: number;
  readonly entries: number;
  head: number;
}

/** The groups of a ring, by number. */
export class BufferGroups {
  readonly #groups = new Map<number, List | BufferRing>();
  readonly #account: Account;
  constructor(account: Account) {
    this.#account = account;
  }

  /** The next buffer of a group, which remains in it. */
  peek(group: number): Buffer | undefined {
    const g = this.#groups.get(group);
    if (!g) return undefined;
    if (g.kind === "list") {
      const first = g.runs.at(0);
      return first && { at: first.at, length: first.length, id: first.id };
    }
    const tail = g.mem.u16(g.at + TAIL);
    if (tail < 0 || tail === (g.head & 0xffff)) return undefined;
    const entry = g.at + (g.head & (g.entries - 1)) * ENTRY;
    const [at, length, id] = [g.mem.u64(entry), g.mem.u32(entry + 8), g.mem.u16(entry + 12)];
    return at < 0 || length < 0 || id < 0 ? undefined : { at, length, id };
  }
  /** Takes the buffer that `peek` returned. */
  take(group: number): void {
    const g = this.#groups.get(group);
    if (g?.kind === "ring") g.head++;
    else if (g) this.#drop(g, 1);
  }
  /** Removes up to `count` buffers: their number. */
  #drop({ runs }: List, count: number): number {
    let dropped = 0;
    for (let first = runs.at(0); first && dropped < count; first = runs.at(0)) {
      const some = Math.min(first.count, count - dropped);
      dropped += some;
      first.at += some * first.length;
      first.id = (first.id + some) & 0xffff;
      first.count -= some;
      if (first.count > 0) break;
      runs.shift();
      this.#account.give(sizes.providedBuffers);
    }
    return dropped;
  }
  /** Adds buffers: 0 or -errno. */
  provide(group: number, at: number, length: number, count: number, firstId: number): number {
    let g = this.#groups.get(group);
    if (g?.kind === "ring") return -E.EINVAL;
    const isNew = g === undefined;
    if (!this.#account.take(sizes.providedBuffers + (isNew ? sizes.bufferGroup : 0))) return -E.ENOMEM;
    if (!g) this.#groups.set(group, (g = { kind: "list", runs: new Fifo() }));
    g.runs.push({ at, length, id: firstId & 0xffff, count });
    return 0;
  }
  /** Removes up to `count` buffers: their number or -errno. */
  remove(group: number, count: number): number {
    const g = this.#groups.get(group);
    if (!g) return -E.ENOENT;
    if (g.kind === "ring") return -E.EINVAL;
    return this.#drop(g, count);
  }
  /** IORING_REGISTER_PBUF_RING: 0 or -errno. */
  addRing(group: number, mem: AddressSpace, at: number, entries: number): number {
    const g = this.#groups.get(group);
    if (g && (g.kind === "ring" || g.runs.length > 0)) return -E.EEXIST;
    if (!g && !this.#account.take(sizes.bufferGroup)) return -E.ENOMEM;
    this.#groups.set(group, { kind: "ring", mem, at, entries, head: 0 });
    return 0;
  }
  removeRing(group: number): number {
    const g = this.#groups.get(group);
    if (!g) return -E.ENOENT;
    if (g.kind !== "ring") return -E.EINVAL;
    this.#groups.delete(group);
    this.#account.give(sizes.bufferGroup);
    return 0;
  }
  /** The head of a ring of buffers, or -errno. */
  head(group: number): number {
    const g = this.#groups.get(group);
    if (!g) return -E.ENOENT;
    return g.kind === "ring" ? g.head & 0xffff : -E.EINVAL;
  }
  end(): void {
    for (const [group, g] of this.#groups) if (g.kind === "list") this.remove(group, Number.POSITIVE_INFINITY);
    this.#account.give(this.#groups.size * sizes.bufferGroup);
    this.#groups.clear();
  }
}
