// Keyrings: keys with links to other keys. Linux security/keys/keyring.c.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { Key } from "./key.ts";
import { ownSizes } from "./sizes.ts";

/** The bytes that a link counts for in the quota. Linux KEYQUOTA_LINK_BYTES. */
const LINK_BYTES = 4;
/** The deepest nesting that a search follows. Linux KEYRING_SEARCH_MAX_DEPTH. */
export const MAX_DEPTH = 6;

/** A keyring. Its links hold the keys. */
export class Keyring extends Key {
  /** By index, in the order of the links. */
  readonly links = new Map<string, Key>();
  /** Those of the links that are keyrings. */
  readonly nested = new Set<Keyring>();
  /** KEYCTL_RESTRICT_KEYRING: no link can be added. */
  restricted = false;
  /** The keyring of a user, which a process that needs a session keyring of its own replaces. */
  ofUser = false;

  override describe(_reader: Task): string {
    const { size } = this.links;
    return this.state === 0 ? `${this.description}: ${size === 0 ? "empty" : size}` : this.description;
  }
  /** The serial numbers of its keys. */
  override content(room: number): Uint8Array | number {
    if ((room & 3) !== 0) return -E.EINVAL;
    const serials = new Int32Array(this.links.size);
    let i = 0;
    for (const { serial } of this.links.values()) serials[i++] = serial;
    return new Uint8Array(serials.buffer);
  }
  override clear(): void {
    for (const key of [...this.links.values()]) this.forget(key);
  }
  override settle(state: number): void {
    super.settle(state);
    this.keys.publish(this);
  }

  /** 0 if a link can be added, which is then counted, or -errno. Linux __key_link_begin(). */
  begin(index: string): number {
    if (this.revoked) return -E.EKEYREVOKED;
    if (this.links.has(index)) return 0;
    if (!this.keys.account.canTake(ownSizes.keyLink)) return -E.ENOMEM;
    return this.reserve(this.length + LINK_BYTES);
  }
  /** After `begin`, if no link is made after all. */
  cancel(index: string): void {
    if (!this.links.has(index)) this.reserve(this.length - LINK_BYTES);
  }
  /** After `begin`: adds the link, in place of one of the same index. Linux __key_link(). */
  add(key: Key): void {
    key.hold();
    const old = this.links.get(key.index);
    if (old) this.forget(old);
    this.keys.account.force(ownSizes.keyLink);
    this.links.set(key.index, key);
    key.parents.add(this);
    if (key instanceof Keyring) this.nested.add(key);
  }
  /** Linux key_link(). */
  link(key: Key): number {
    const refused = this.begin(key.index);
    if (refused < 0) return refused;
    const wrong = this.restricted ? -E.EPERM : key instanceof Keyring ? this.cycle(key) : 0;
    if (wrong < 0) this.cancel(key.index);
    else this.add(key);
    return wrong;
  }
  /** Linux key_unlink(): a link to a key of the same index is enough. */
  unlink(key: Key): number {
    const found = this.links.get(key.index);
    if (!found) return -E.ENOENT;
    this.reserve(this.length - LINK_BYTES);
    this.forget(found);
    return 0;
  }
  /** Removes a link without a change of the quota. */
  forget(key: Key): void {
    if (this.links.get(key.index) !== key) return;
    this.links.delete(key.index);
    key.parents.delete(this);
    if (key instanceof Keyring) this.nested.delete(key);
    this.keys.account.give(ownSizes.keyLink);
    key.drop();
  }
  /** Linux keyring_clear(). */
  empty(): void {
    this.clear();
    this.reserve(0);
  }
  /** Linux key_move(). */
  move(key: Key, to: Keyring, exclusive: boolean): number {
    if (this === to) return 0;
    const found = this.links.get(key.index);
    if (!found) return -E.ENOENT;
    const refused = to.begin(key.index);
    if (refused < 0) return refused;
    let wrong = exclusive && to.links.has(key.index) ? -E.EEXIST : to.restricted ? -E.EPERM : 0;
    if (wrong === 0 && key instanceof Keyring) wrong = to.cycle(key);
    if (wrong < 0) {
      to.cancel(key.index);
      return wrong;
    }
    key.hold();
    this.unlink(key);
    to.add(key);
    key.drop();
    return 0;
  }

  /**
   * 0, -EDEADLK if `below` leads back to this keyring, or -ELOOP if it nests too deep. Linux
   * keyring_detect_cycle().
   */
  cycle(below: Keyring): number {
    if (below === this) return -E.EDEADLK;
    const seen = new Map<Keyring, number>();
    const search = (ring: Keyring, depth: number): number => {
      this.keys.visit(ring);
      if (ring.invalidated || ring.revoked) return 0;
      if (ring.links.get(this.index) === this) return -E.EDEADLK;
      for (const next of ring.nested) {
        if (depth >= MAX_DEPTH) return -E.ELOOP;
        if ((seen.get(next) ?? Number.POSITIVE_INFINITY) <= depth + 1) continue;
        seen.set(next, depth + 1);
        const found = search(next, depth + 1);
        if (found !== 0) return found;
      }
      return 0;
    };
    return search(below, 0);
  }
}
