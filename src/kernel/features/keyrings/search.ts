// The search of keyrings for a key, and permissions of keys. Linux security/keys/keyring.c
// search_nested_keyrings(), process_keys.c search_process_keyrings_rcu(), permission.c.
import { E } from "../../../abi/errno.ts";
import { KEY_ALL, KEY_NEED } from "../../../abi/uapi/keyctl.ts";
import type { Kernel } from "../../core/kernel.ts";
import { type Cred, inGroup } from "../../cred/cred.ts";
import { toLocal } from "../../cred/user-namespace.ts";
import { authorityOf } from "./authority.ts";
import { type Key, NO_GROUP } from "./key.ts";
import { Keyring, MAX_DEPTH } from "./keyring.ts";
import { keysOf } from "./keys.ts";
import type { KeySubject } from "./task-keys.ts";
import { indexOf, keyTypes } from "./type.ts";

/** A key, and whether the task possesses it: its keyrings lead to it. Linux key_ref_t. */
export interface KeyRef {
  readonly key: Key;
  readonly possessed: boolean;
}

/** True if the permission is granted. Linux key_task_permission(). */
export const mayUse = ({ key, possessed }: KeyRef, cred: Cred, need: number): boolean => {
  const byGroup = key.gid !== NO_GROUP && (key.perm & (KEY_ALL << 8)) !== 0 && inGroup(cred, key.gid);
  const shift = key.uid === cred.fsuid ? 16 : byGroup ? 8 : 0;
  const granted = (key.perm >>> shift) | (possessed ? key.perm >>> 24 : 0);
  return (granted & need) === need;
};

/** The criteria of a search. */
export interface Search {
  readonly cred: Cred;
  /** The type and description (type.ts indexOf). */
  readonly index: string;
  /** The only key that matches. Undefined: any. */
  readonly only?: Key;
  /** Keys that have ended are skipped, and give the error. */
  readonly live: boolean;
  readonly nested: boolean;
  /** An expired key gives no error. */
  readonly skipsExpired?: boolean;
}

/** The first match in a keyring and those below it, or -errno: -EAGAIN if there is none. */
export const searchKeyring = ({ key: top, possessed }: KeyRef, wanted: Search): KeyRef | number => {
  if (!(top instanceof Keyring)) return -E.ENOTDIR;
  if (!mayUse({ key: top, possessed }, wanted.cred, KEY_NEED.SEARCH)) return -E.EACCES;
  let result = -E.EAGAIN;
  const matches = (key: Key): boolean => {
    if (wanted.live && (key.invalidated || key.revoked)) result = -E.EKEYREVOKED;
    else if (wanted.live && key.keys.now >= key.expiry) {
      if (!wanted.skipsExpired) result = -E.EKEYEXPIRED;
    } else if (wanted.only && key !== wanted.only) return false;
    else if (!mayUse({ key, possessed }, wanted.cred, KEY_NEED.SEARCH)) result = -E.EACCES;
    else if (wanted.live && key.state !== undefined && key.state < 0) result = key.state;
    else return true;
    return false;
  };
  // A keyring that was searched at this depth or above it is not searched again: it has no match.
  const seen = new Map<Keyring, number>();
  const search = (ring: Keyring, depth: number): Key | undefined => {
    ring.keys.visit(ring);
    if (ring.invalidated || ring.revoked) return undefined;
    const found = ring.links.get(wanted.index);
    if (found && matches(found)) return found;
    if (!wanted.nested) return undefined;
    for (const next of ring.nested) {
      if (depth >= MAX_DEPTH) return undefined;
      if ((seen.get(next) ?? Number.POSITIVE_INFINITY) <= depth + 1) continue;
      if (!mayUse({ key: next, possessed }, wanted.cred, KEY_NEED.SEARCH)) continue;
      seen.set(next, depth + 1);
      const below = search(next, depth + 1);
      if (below) return below;
    }
    return undefined;
  };
  if (top.index === wanted.index) {
    if (matches(top)) return { key: top, possessed };
    if (result !== -E.EAGAIN) return result;
  }
  const key = search(top, 0);
  return key ? { key, possessed } : result;
};

/** The session keyring of the user, if it was made. Linux get_user_session_keyring_rcu(). */
const userSession = (kernel: Kernel, { userNs, uid }: Cred): Keyring | undefined => {
  const { users } = keysOf(kernel).namespace(userNs);
  const found = users?.links.get(indexOf(keyTypes.keyring, `_uid_ses.${toLocal(userNs, "uidMap", uid) ?? NO_GROUP}`));
  return found instanceof Keyring && found.validity === 0 ? found : undefined;
};

/** Searches the keyrings that credentials hold. Linux search_cred_keyrings_rcu(). */
const searchHeld = (kernel: Kernel, { cred, keys }: KeySubject, wanted: Omit<Search, "cred">): KeyRef | number => {
  let nothing = 0;
  let error = -E.EAGAIN;
  for (const key of [keys?.thread, keys?.process, keys?.session ?? userSession(kernel, cred)]) {
    if (!key) continue;
    const found = searchKeyring({ key, possessed: true }, { ...wanted, cred });
    if (typeof found !== "number") return found;
    if (found === -E.ENOKEY || (found === -E.EAGAIN && nothing === 0)) nothing = found;
    else if (found !== -E.EAGAIN) error = found;
  }
  return nothing !== 0 ? nothing : error;
};

/**
 * Searches the task's keyrings and, under an authorisation, the requester's. Linux
 * search_process_keyrings_rcu().
 */
export const searchProcess = (kernel: Kernel, subject: KeySubject, wanted: Omit<Search, "cred">): KeyRef | number => {
  const own = searchHeld(kernel, subject, wanted);
  if (typeof own !== "number") return own;
  let other = -E.EACCES;
  const { authority } = subject.keys ?? {};
  const isAuthority = wanted.index.startsWith(keyTypes[".request_key_auth"].name);
  if (authority && !isAuthority && authority.validity === 0) {
    const requester = authorityOf(authority)?.requester;
    const found = requester ? searchHeld(kernel, requester, wanted) : other;
    if (typeof found !== "number") return found;
    other = found;
  }
  if (own === -E.ENOKEY || other === -E.ENOKEY) return -E.ENOKEY;
  return own === -E.EACCES ? other : own;
};
/** True if the task's keyrings lead to the key. */
export const possesses = (kernel: Kernel, subject: KeySubject, key: Key): boolean =>
  typeof searchProcess(kernel, subject, { index: key.index, only: key, live: false, nested: true }) !== "number";
