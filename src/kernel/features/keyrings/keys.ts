// All keys of the kernel: by serial number, by user, and keyrings by name. Linux security/keys/key.c
// key_alloc(), process_keys.c.
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";
import { cost } from "../../base/cost.ts";
import type { NamespaceState } from "../../base/namespace-part.ts";
import { Part, type Parted } from "../../base/part.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import { AuthorityKey } from "./authority.ts";
import { Key, type KeyUser, type NewKey } from "./key.ts";
import { Keyring } from "./keyring.ts";
import { ownSizes } from "./sizes.ts";
import { type KeyType, keyTypes } from "./type.ts";

/** The sysctls of /proc/sys/kernel/keys. Times are in seconds. */
export interface KeyLimits {
  maxkeys: number;
  maxbytes: number;
  root_maxkeys: number;
  root_maxbytes: number;
  gc_delay: number;
  persistent_keyring_expiry: number;
}
const FIRST_SERIAL = 3;
const LAST_SERIAL = 0x7fff_ffff;

/** The keyrings of a user namespace: the registers of its users, and names. */
export class NamespaceKeys implements NamespaceState {
  users: Keyring | undefined = undefined;
  persistent: Keyring | undefined = undefined;
  /** Keyrings that KEYCTL_JOIN_SESSION_KEYRING finds, in the order of their making. */
  readonly named = new Map<string, Set<Keyring>>();

  /** The namespace has ended. */
  end(): void {
    this.users?.drop();
    this.persistent?.drop();
    this.users = this.persistent = undefined;
  }
}

const namespacePart = new Part<Parted, NamespaceKeys>("keyrings");
const kernelPart = new Part<Kernel, Keys>("keyrings");

const classOf = (type: KeyType): typeof Key =>
  type === keyTypes.keyring ? Keyring : type === keyTypes[".request_key_auth"] ? AuthorityKey : Key;

/** The keys of one kernel. */
export class Keys {
  readonly kernel: Kernel;
  readonly bySerial = new OrderedMap<Key>();
  readonly users = new Map<number, KeyUser>();
  readonly limits: KeyLimits = {
    maxkeys: 200,
    maxbytes: 20000,
    root_maxkeys: 1_000_000,
    root_maxbytes: 25_000_000,
    gc_delay: 300,
    persistent_keyring_expiry: 3 * 24 * 3600,
  };
  private readonly _initial = new NamespaceKeys();
  /** The namespace of each keyring with a published name. */
  private readonly _published = new Map<Keyring, NamespaceKeys>();
  /** Keys whose last use has ended. A list, because a keyring's end can end others. */
  private readonly _ending: Key[] = [];
  private _busy = false;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }
  get account(): Account {
    return this.kernel.frames.account;
  }
  /** Seconds since 1970. */
  get now(): number {
    return this.kernel.realtime().sec;
  }
  namespace(ns: UserNamespace | undefined): NamespaceKeys {
    if (!ns) return this._initial;
    return namespacePart.make(ns, () => new NamespaceKeys());
  }
  /** A search enters a keyring. */
  visit(_ring: Keyring): void {
    this.kernel.charge(cost.entry);
  }
  /** The quota of a user. */
  most(uid: number): { readonly keys: number; readonly bytes: number } {
    const { limits } = this;
    return uid === 0 ? { keys: limits.root_maxkeys, bytes: limits.root_maxbytes } : { keys: limits.maxkeys, bytes: limits.maxbytes };
  }
  user(uid: number): KeyUser {
    let user = this.users.get(uid);
    if (!user) this.users.set(uid, (user = { uid, keys: 0, instantiated: 0, quotaKeys: 0, quotaBytes: 0 }));
    return user;
  }

  /** A new key under construction, with one use, or -errno. Linux key_alloc(). */
  make(type: KeyType, description: string, made: NewKey): Key | number {
    if (description === "") return -E.EINVAL;
    const refused = type.vet?.(description) ?? 0;
    if (refused < 0) return refused;
    const bytes = description.length + 1;
    const owner = this.user(made.uid);
    const most = this.most(made.uid);
    if (made.quota === "checked" && (owner.quotaKeys + 1 > most.keys || owner.quotaBytes + bytes > most.bytes)) {
      this._forgetUnused(owner);
      return -E.EDQUOT;
    }
    if (!this.account.canTake(ownSizes.key + description.length)) {
      this._forgetUnused(owner);
      return -E.ENOMEM;
    }
    const key = new (classOf(type))(this, type, description, owner, made);
    this.account.force(key.weight);
    owner.keys++;
    if (key.inQuota) {
      owner.quotaKeys++;
      owner.quotaBytes += bytes;
      key.quota = bytes;
    }
    key.serial = this._serial();
    this.bySerial.set(key.serial, key);
    return key;
  }
  /** A new keyring without links. Linux keyring_alloc(). */
  keyring(description: string, made: NewKey): Keyring | number {
    const key = this.make(keyTypes.keyring, description, made);
    if (typeof key === "number") return key;
    key.settle(0);
    return key as Keyring;
  }
  /** A random number that is free, or the next free one after it. Linux key_alloc_serial(). */
  private _serial(): number {
    let serial: number;
    do serial = this.kernel.random.u32() >>> 1;
    while (serial < FIRST_SERIAL);
    while (this.bySerial.has(serial)) serial = serial >= LAST_SERIAL ? FIRST_SERIAL : serial + 1;
    return serial;
  }
  /** Makes a keyring known by its name in the running task's namespace. Linux keyring_publish_name(). */
  publish(ring: Keyring): void {
    if (ring.description.startsWith(".")) return;
    const ns = this.namespace(this.kernel.scheduler.current?.cred.userNs);
    let rings = ns.named.get(ring.description);
    if (!rings) ns.named.set(ring.description, (rings = new Set()));
    rings.add(ring);
    this._published.set(ring, ns);
  }

  /** Changes the user that a key counts for: 0 or -EDQUOT. Linux keyctl_chown_key(). */
  chown(key: Key, uid: number): number {
    const old = key.owner;
    const now = this.user(uid);
    if (key.inQuota) {
      const most = this.most(uid);
      if (now.quotaKeys + 1 > most.keys || now.quotaBytes + key.quota > most.bytes) {
        this._forgetUnused(now);
        return -E.EDQUOT;
      }
    }
    this._count(key, old, -1);
    this._count(key, now, 1);
    key.owner = now;
    key.uid = uid;
    this._forgetUnused(old);
    return 0;
  }
  private _count(key: Key, user: KeyUser, by: 1 | -1): void {
    user.keys += by;
    if (key.state !== undefined) user.instantiated += by;
    if (!key.inQuota) return;
    user.quotaKeys += by;
    user.quotaBytes += by * key.quota;
  }
  private _forgetUnused(user: KeyUser): void {
    if (user.keys === 0) this.users.delete(user.uid);
  }

  /** The last use of a key has ended. */
  end(key: Key): void {
    this._ending.push(key);
    if (this._busy) return;
    this._busy = true;
    for (let next = this._ending.pop(); next; next = this._ending.pop()) this._remove(next);
    this._busy = false;
  }
  private _remove(key: Key): void {
    this.kernel.charge(cost.entry);
    this.kernel.timers.cancel(key);
    this.bySerial.delete(key.serial);
    key.clear();
    if (key instanceof Keyring) {
      const ns = this._published.get(key);
      const rings = ns?.named.get(key.description);
      rings?.delete(key);
      if (rings?.size === 0) ns?.named.delete(key.description);
      this._published.delete(key);
    }
    this._count(key, key.owner, -1);
    this._forgetUnused(key.owner);
    this.account.give(key.weight);
  }
}

/** The keys of a kernel, from their first use on. */
export const keysOf = (kernel: Kernel): Keys => kernelPart.make(kernel, () => new Keys(kernel));
