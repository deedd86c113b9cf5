// New keys and their payloads: add_key(2), KEYCTL_UPDATE, KEYCTL_INSTANTIATE, KEYCTL_REJECT. Linux
// security/keys/key.c.
import { E } from "../../../abi/errno.ts";
import { KEY_NEED, possessor, user } from "../../../abi/uapi/keyctl.ts";
import type { Wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import type { Key } from "./key.ts";
import { Keyring } from "./keyring.ts";
import { keysOf } from "./keys.ts";
import { awaitKey } from "./lookup.ts";
import { type KeyRef, mayUse } from "./search.ts";
import { indexOf, type KeyType, keyTypeOf, keyTypes } from "./type.ts";

const { VIEW, READ, WRITE, SEARCH, LINK, SETATTR } = KEY_NEED;
/** The permissions of a key for which its maker gives none. */
export const usualPermissions = (type: KeyType): number => {
  const more = (type.reads ? READ : 0) | (type.updates || type === keyTypes.keyring ? WRITE : 0);
  return (possessor(VIEW | SEARCH | LINK | SETATTR | more) | user(VIEW)) >>> 0;
};

/** Gives a key under construction a payload and links it. `began`: the ring has counted the link. */
const instantiate = (key: Key, payload: Uint8Array, quota: number, ring: Keyring | undefined): number => {
  if (key.state !== undefined) return -E.EBUSY;
  const refused = key instanceof Keyring ? 0 : key.fill(payload, quota);
  if (refused < 0) return refused;
  key.settle(0);
  ring?.add(key);
  return 0;
};

/**
 * A new key in a keyring, or one of the same type and description with a new payload: its number or -errno.
 */
export const createOrUpdate = (
  t: Task,
  into: KeyRef,
  name: string,
  description: string | undefined,
  payload: Uint8Array,
): number | Wait => {
  const type = keyTypeOf(name);
  if (!type) return -E.ENODEV;
  const ring = into.key;
  if (description === undefined) return -E.EINVAL;
  if (!(ring instanceof Keyring)) return -E.ENOTDIR;
  const quota = type.quota(payload.length);
  if (quota < 0) return quota;
  const index = indexOf(type, description);
  const begun = ring.begin(index);
  if (begun < 0) return begun;
  const wrong = ring.restricted ? -E.EPERM : mayUse(into, t.cred, WRITE) ? 0 : -E.EACCES;
  const old = wrong === 0 && type.updates ? ring.links.get(index) : undefined;
  if (old && !old.invalidated && !old.revoked) return replace(t, { key: old, possessed: into.possessed }, payload, quota);
  const key = wrong < 0 ? wrong : make(t, type, description);
  const failed = typeof key === "number" ? key : instantiate(key, payload, quota, ring);
  if (failed < 0) ring.cancel(index);
  if (typeof key === "number") return key;
  key.drop();
  return failed < 0 ? failed : key.serial;
};
/** A key of the task's, under construction. */
export const make = (t: Task, type: KeyType, description: string): Key | number => {
  const { fsuid: uid, fsgid: gid } = t.cred;
  return keysOf(t.kernel).make(type, description, { uid, gid, perm: usualPermissions(type), quota: "checked" });
};
const replace = (t: Task, ref: KeyRef, payload: Uint8Array, quota: number): number | Wait => {
  const { key } = ref;
  if (key.constructing) {
    const state = awaitKey(key);
    if (state !== 0) return state;
  }
  const failed = mayUse(ref, t.cred, WRITE) ? refill(key, payload, quota) : -E.EACCES;
  return failed < 0 ? failed : key.serial;
};
/** A negative key becomes a positive one. */
const refill = (key: Key, payload: Uint8Array, quota: number): number => {
  const failed = key.fill(payload, quota);
  if (failed < 0) return failed;
  key.expireAt(Number.POSITIVE_INFINITY);
  key.settle(0);
  return 0;
};

/** Linux key_update(). */
export const update = (t: Task, ref: KeyRef, payload: Uint8Array): number => {
  const { key } = ref;
  if (!mayUse(ref, t.cred, WRITE)) return -E.EACCES;
  if (!key.type.updates) return -E.EOPNOTSUPP;
  const quota = key.type.quota(payload.length);
  return quota < 0 ? quota : refill(key, payload, quota);
};

/** Ends a construction with a payload. Linux key_instantiate_and_link(). */
export const complete = (key: Key, payload: Uint8Array, ring: Keyring | undefined, authority: Key): number => {
  const quota = key.type.quota(payload.length);
  if (quota < 0) return quota;
  const begun = ring?.begin(key.index) ?? 0;
  if (begun < 0) return begun;
  const failed = ring?.restricted ? -E.EPERM : instantiate(key, payload, quota, ring);
  if (failed < 0) ring?.cancel(key.index);
  else authority.invalidate();
  return failed;
};
/** Ends a construction with a refusal, which lasts `seconds`. Linux key_reject_and_link(). */
export const reject = (key: Key, seconds: number, error: number, ring: Keyring | undefined, authority: Key | undefined): number => {
  if (ring?.restricted) return -E.EPERM;
  const begun = ring?.begin(key.index) ?? 0;
  if (key.state !== undefined) {
    if (begun === 0) ring?.cancel(key.index);
    return -E.EBUSY;
  }
  key.expireAt(keysOf(key.keys.kernel).now + seconds);
  key.settle(-error);
  if (begun === 0) ring?.add(key);
  authority?.invalidate();
  return begun;
};
