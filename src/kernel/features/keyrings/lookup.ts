// From the id of a system call to a key. Linux security/keys/process_keys.c lookup_user_key().
import { E } from "../../../abi/errno.ts";
import { KEY_SPEC } from "../../../abi/uapi/keyctl.ts";
import { type Wait, wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { authorityOf } from "./authority.ts";
import type { Key } from "./key.ts";
import { keysOf } from "./keys.ts";
import { keysPart } from "./part.ts";
import { type KeyRef, mayUse, possesses } from "./search.ts";
import { installOwn, subjectOf, taskKeys } from "./task-keys.ts";
import { newSession, userKeyrings } from "./user-keyrings.ts";

/** A value, a Wait after which the handler runs again, or -errno. */
export type LookupResult<T> = T | Wait | number;
/** True for a result that ends or delays the call. */
export const isFailure = (found: object | number): found is Wait | number => typeof found === "number" || "interrupted" in found;

/**
 * Uses of a key that no permission guards: unlinking, and keys that are read or instantiated in another way.
 */
export const NEEDS = { UNLINK: "unlink", DEFERRED: "deferred", OVERRIDE: "override" } as const;
/** A KEY_NEED permission or a use of `NEEDS`. */
export type Need = number | (typeof NEEDS)[keyof typeof NEEDS];
/** `create`: special keyrings are made. `partial`: also keys under construction. */
export interface Lookup {
  readonly create?: boolean;
  readonly partial?: boolean;
}

/**
 * 0, a Wait for the end of the key's construction, or the -errno of its state. Linux
 * wait_for_key_construction().
 */
export const awaitKey = (key: Key): Wait | number => {
  if (key.constructing) return wait([key.constructed]);
  return key.state !== undefined && key.state < 0 ? key.state : key.validity;
};

const special = (t: Task, id: number, create: boolean): KeyRef | number => {
  const own = (key: Key | undefined): KeyRef | number => (key ? { key, possessed: true } : -E.ENOKEY);
  switch (id) {
    case KEY_SPEC.THREAD_KEYRING:
    case KEY_SPEC.PROCESS_KEYRING: {
      const slot = id === KEY_SPEC.THREAD_KEYRING ? "thread" : "process";
      const made = create ? installOwn(keysOf(t.kernel), taskKeys(t), t.cred, slot) : 0;
      return made < 0 ? made : own(keysPart.of(t)?.[slot]);
    }
    case KEY_SPEC.SESSION_KEYRING: {
      const failed = haveSession(t, create);
      return failed < 0 ? failed : own(keysPart.of(t)?.session);
    }
    case KEY_SPEC.USER_KEYRING:
    case KEY_SPEC.USER_SESSION_KEYRING: {
      const rings = userKeyrings(t.kernel, t.cred);
      if (typeof rings === "number") return rings;
      return own(id === KEY_SPEC.USER_KEYRING ? rings.user : rings.session);
    }
    case KEY_SPEC.REQKEY_AUTH_KEY:
      return own(keysPart.of(t)?.authority);
    case KEY_SPEC.REQUESTOR_KEYRING: {
      const authority = keysPart.of(t)?.authority;
      return authority?.revoked ? -E.EKEYREVOKED : own(authorityOf(authority)?.destination);
    }
    default:
      return -E.EINVAL;
  }
};
/** A session keyring: that of the user to look at, one of the task's own to change. */
const haveSession = (t: Task, create: boolean): number => {
  const { session } = keysPart.of(t) ?? {};
  if (session && !(session.ofUser && create)) return 0;
  if (session) return newSession(t);
  const rings = userKeyrings(t.kernel, t.cred);
  if (typeof rings === "number") return rings;
  if (create) return newSession(t);
  taskKeys(t).set("session", rings.session);
  return 0;
};

/** The key of an id, if the task may use it so. */
export const lookupKey = (t: Task, id: number, { create = false, partial = false }: Lookup, need: Need): LookupResult<KeyRef> => {
  const ref = id < 1 ? special(t, id, create) : bySerial(t, id);
  if (typeof ref === "number") return ref;
  const { key } = ref;
  const unguarded = need === NEEDS.OVERRIDE || need === NEEDS.DEFERRED;
  if (need !== NEEDS.UNLINK) {
    if (!partial) {
      const state = awaitKey(key);
      if (typeof state !== "number" || (state < 0 && !unguarded)) return state;
      if (key.state === undefined) return -E.EIO;
    } else if (need !== NEEDS.DEFERRED && key.validity < 0) return key.validity;
  }
  return typeof need === "number" && !mayUse(ref, t.cred, need) ? -E.EACCES : ref;
};
const bySerial = (t: Task, id: number): KeyRef | number => {
  const key = keysOf(t.kernel).bySerial.get(id);
  return key ? { key, possessed: possesses(t.kernel, subjectOf(t), key) } : -E.ENOKEY;
};
