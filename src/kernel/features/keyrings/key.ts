// Keys and the users that they count for. man 7 keyrings; Linux security/keys/key.c, gc.c.
import { E } from "../../../abi/errno.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { OVERFLOW_ID, shownGid, type UserNamespace } from "../../cred/user-namespace.ts";
import type { Timer } from "../../timer/timers.ts";
import type { Keyring } from "./keyring.ts";
import type { Keys } from "./keys.ts";
import { ownSizes } from "./sizes.ts";
import { indexOf, type KeyType } from "./type.ts";

/** A group id that no group has. Linux INVALID_GID. */
export const NO_GROUP = 0xffff_ffff;

/** The counts of a user. Linux struct key_user. */
export interface KeyUser {
  readonly uid: number;
  /** Keys, and those with a payload or a refusal. */
  keys: number;
  instantiated: number;
  /** Keys and bytes that count for the quota. */
  quotaKeys: number;
  quotaBytes: number;
}

/** Owner and permissions of a new key, and how it counts for the quota. */
export interface NewKey {
  readonly uid: number;
  readonly gid: number;
  readonly perm: number;
  /** `overrun`: it counts, but no limit refuses it. */
  readonly quota: "none" | "checked" | "overrun";
}

/** A key. It ends with its last use: `hold`, `drop`. */
export class Key implements Timer {
  readonly keys: Keys;
  readonly type: KeyType;
  readonly description: string;
  readonly index: string;
  serial = 0;
  owner: KeyUser;
  uid: number;
  gid: number;
  perm: number;
  /** Undefined: under construction. 0: it has a payload. Else the -errno of a refusal. */
  state: number | undefined = undefined;
  /** Seconds since 1970. */
  expiry = Number.POSITIVE_INFINITY;
  revoked = false;
  invalidated = false;
  readonly inQuota: boolean;
  /** request_key(2) waits for a program that gives it a payload. */
  constructing = false;
  readonly constructed = new WaitQueue();
  payload: Uint8Array | undefined = undefined;
  /** The payload's length as the quota counts it, and all bytes that the quota counts. */
  length = 0;
  quota = 0;
  usage = 1;
  /** The keyrings with a link to it. */
  readonly parents = new Set<Keyring>();

  constructor(keys: Keys, type: KeyType, description: string, owner: KeyUser, made: NewKey) {
    this.keys = keys;
    this.type = type;
    this.description = description;
    this.index = indexOf(type, description);
    this.owner = owner;
    this.uid = made.uid;
    this.gid = made.gid;
    this.perm = made.perm;
    this.inQuota = made.quota !== "none";
  }

  /** The group that user code of a namespace sees. */
  groupIn(ns: UserNamespace | undefined): number {
    return this.gid === NO_GROUP ? OVERFLOW_ID : shownGid(ns, this.gid);
  }
  hold(): this {
    this.usage++;
    return this;
  }
  drop(): void {
    if (--this.usage === 0) this.keys.end(this);
  }
  /** Drops the payload and the objects that depend on it, at the end and at a revocation. */
  clear(): void {
    this._keep(undefined);
  }
  /** The text of /proc/keys, after the type. */
  describe(_reader: Task): string {
    return this.state === 0 ? `${this.description}: ${this.payload?.length ?? 0}` : this.description;
  }
  /** The content for KEYCTL_READ, of at most `room` bytes where the type cuts it, or -errno. */
  content(_room: number): Uint8Array | number {
    return this.payload ?? -E.EKEYREVOKED;
  }

  /** 0, or the -errno of a key that has ended. Linux key_validate(). */
  get validity(): number {
    if (this.invalidated) return -E.ENOKEY;
    if (this.revoked) return -E.EKEYREVOKED;
    return this.keys.now >= this.expiry ? -E.EKEYEXPIRED : 0;
  }
  /** Counts the payload as `length` bytes: 0 or -EDQUOT. Linux key_payload_reserve(). */
  reserve(length: number): number {
    const more = length - this.length;
    if (this.inQuota && more !== 0) {
      if (more > 0 && this.owner.quotaBytes + more > this.keys.most(this.owner.uid).bytes) return -E.EDQUOT;
      this.owner.quotaBytes += more;
      this.quota += more;
    }
    this.length = length;
    return 0;
  }
  /** Gives it a payload that counts for `quota` bytes: 0, -EDQUOT or -ENOMEM. */
  fill(payload: Uint8Array, quota: number): number {
    if (!this.keys.account.canTake(payload.length)) return -E.ENOMEM;
    const refused = this.reserve(quota);
    if (refused === 0) this._keep(payload);
    return refused;
  }
  private _keep(payload: Uint8Array | undefined): void {
    const { account } = this.keys;
    account.give(this.payload?.length ?? 0);
    account.force(payload?.length ?? 0);
    this.payload = payload;
  }
  /** The construction has ended: with 0 for a payload, or a refusal's -errno. */
  settle(state: number): void {
    if (this.state === undefined) this.owner.instantiated++;
    this.state = state;
    this.constructing = false;
    this.constructed.wake();
  }

  revoke(): void {
    if (this.revoked) return;
    this.revoked = true;
    this.reserve(0);
    this.clear();
  }
  invalidate(): void {
    if (this.invalidated) return;
    this.invalidated = true;
    this.unlinkAll();
  }
  /**
   * Sets the expiry `seconds` from now; 0: never. Links to an expired key go after
   * /proc/sys/kernel/keys/gc_delay.
   */
  setTimeout(seconds: number): void {
    this.expireAt(seconds > 0 ? this.keys.now + seconds : Number.POSITIVE_INFINITY);
  }
  expireAt(expiry: number): void {
    this.expiry = expiry;
    const { kernel, limits } = this.keys;
    if (expiry === Number.POSITIVE_INFINITY) kernel.timers.cancel(this);
    else kernel.timers.set(this, Math.max(kernel.now, (expiry + limits.gc_delay - kernel.bootTime) * 1e9));
  }
  fire(): void {
    this.unlinkAll();
  }
  /** The quota of the keyrings stays: in Linux, the collector does not change it either. */
  unlinkAll(): void {
    this.hold();
    for (const parent of [...this.parents]) if (!parent.revoked && !parent.invalidated) parent.forget(this);
    this.drop();
  }
  /** The bytes that the machine is charged for it, without its payload and links. */
  get weight(): number {
    return ownSizes.key + this.description.length;
  }
}
