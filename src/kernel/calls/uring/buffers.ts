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

/** Buffers of IORING_OP_PROVIDE_BUFFERS. */
interface List {
  readonly kind: "list";
  readonly buffers: Fifo<Buffer>;
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
    if (g.kind === "list") return g.buffers.at(0);
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
    else if (g?.buffers.shift()) this.#account.give(sizes.providedBuffer);
  }
  /** Adds buffers: 0 or -errno. */
  provide(group: number, at: number, length: number, count: number, firstId: number): number {
    let g = this.#groups.get(group);
    if (g?.kind === "ring") return -E.EINVAL;
    if (!this.#account.take(count * sizes.providedBuffer)) return -E.ENOMEM;
    if (!g) this.#groups.set(group, (g = { kind: "list", buffers: new Fifo() }));
    for (let i = 0; i < count; i++) g.buffers.push({ at: at + i * length, length, id: (firstId + i) & 0xffff });
    return 0;
  }
  /** Removes up to `count` buffers: their number or -errno. */
  remove(group: number, count: number): number {
    const g = this.#groups.get(group);
    if (!g) return -E.ENOENT;
    if (g.kind === "ring") return -E.EINVAL;
    let n = 0;
    while (n < count && g.buffers.length > 0) {
      this.take(group);
      n++;
    }
    return n;
  }
  /** IORING_REGISTER_PBUF_RING: 0 or -errno. */
  addRing(group: number, mem: AddressSpace, at: number, entries: number): number {
    const g = this.#groups.get(group);
    if (g && (g.kind === "ring" || g.buffers.length > 0)) return -E.EEXIST;
    this.#groups.set(group, { kind: "ring", mem, at, entries, head: 0 });
    return 0;
  }
  removeRing(group: number): number {
    const g = this.#groups.get(group);
    if (!g) return -E.ENOENT;
    if (g.kind !== "ring") return -E.EINVAL;
    this.#groups.delete(group);
    return 0;
  }
  /** The head of a ring of buffers, or -errno. */
  head(group: number): number {
    const g = this.#groups.get(group);
    if (!g) return -E.ENOENT;
    return g.kind === "ring" ? g.head & 0xffff : -E.EINVAL;
  }
  end(): void {
    for (const [group, g] of this.#groups) if (g.kind === "list") this.remove(group, g.buffers.length);
    this.#groups.clear();
  }
}
