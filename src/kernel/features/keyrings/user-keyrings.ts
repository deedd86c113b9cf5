// The keyrings of users: user, user session, persistent, and joined sessions. man 7 user-keyring,
// user-session-keyring, persistent-keyring, session-keyring; Linux security/keys/process_keys.c,
// persistent.c.
import { E } from "../../../abi/errno.ts";
import { KEY_ALL, KEY_NEED, possessor, user } from "../../../abi/uapi/keyctl.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { CAP, type Cred, capableIn } from "../../cred/cred.ts";
import { toKernel, toLocal } from "../../cred/user-namespace.ts";
import { NO_GROUP } from "./key.ts";
import { Keyring } from "./keyring.ts";
import { keysOf } from "./keys.ts";
import { mayUse, searchKeyring } from "./search.ts";
import { taskKeys } from "./task-keys.ts";
import { indexOf, keyTypes } from "./type.ts";

const { VIEW, READ, WRITE, SEARCH, LINK, SETATTR } = KEY_NEED;
const perm = (ofPossessor: number, ofUser: number): number => (possessor(ofPossessor) | user(ofUser)) >>> 0;
const REGISTER = perm(WRITE | SEARCH, VIEW | READ);
const OF_USER = perm(KEY_ALL & ~SETATTR, KEY_ALL);
const PERSISTENT = perm(KEY_ALL & ~SETATTR, VIEW | READ);
const SESSION = perm(KEY_ALL, VIEW | READ);
const NAMED_SESSION = perm(KEY_ALL, VIEW | READ | LINK);

/** The keyrings of a user. */
export interface UserKeyrings {
  readonly user: Keyring;
  readonly session: Keyring;
}

/** The register of a namespace's users. */
const register = (kernel: Kernel, { userNs }: Cred): Keyring | number => {
  const ns = keysOf(kernel).namespace(userNs);
  if (ns.users) return ns.users;
  const made = keysOf(kernel).keyring(".user_reg", { uid: userNs?.owner ?? 0, gid: NO_GROUP, perm: REGISTER, quota: "overrun" });
  return typeof made === "number" ? made : (ns.users = made);
};

/** The keyrings of the task's real user, made at their first use. Linux look_up_user_keyrings(). */
export const userKeyrings = (kernel: Kernel, cred: Cred): UserKeyrings | number => {
  const reg = register(kernel, cred);
  if (typeof reg === "number") return reg;
  const { userNs, uid } = cred;
  const id = toLocal(userNs, "uidMap", uid) ?? NO_GROUP;
  /** The keyring with this name, or a new one with a use that the register gets. */
  const one = (description: string, link: (ring: Keyring) => number): Keyring | number => {
    const wanted = { cred, index: indexOf(keyTypes.keyring, description), live: true, nested: false };
    const found = searchKeyring({ key: reg, possessed: true }, wanted);
    if (typeof found !== "number") return found.key as Keyring;
    if (found !== -E.EAGAIN) return found;
    const ring = keysOf(kernel).keyring(description, { uid, gid: NO_GROUP, perm: OF_USER, quota: "checked" });
    if (typeof ring === "number") return ring;
    ring.ofUser = true;
    const refused = link(ring) || reg.link(ring);
    ring.drop();
    return refused < 0 ? refused : ring;
  };
  const own = one(`_uid.${id}`, () => 0);
  if (typeof own === "number") return own;
  const session = one(`_uid_ses.${id}`, (ring) => ring.link(own));
  return typeof session === "number" ? session : { user: own, session };
};

/** Installs a new session keyring without a name. Linux join_session_keyring(NULL). */
export const newSession = (t: Task): number => {
  const { uid, gid } = t.cred;
  const held = taskKeys(t);
  const quota = held.session ? "checked" : "overrun";
  const ring = keysOf(t.kernel).keyring("_ses", { uid, gid, perm: SESSION, quota });
  if (typeof ring === "number") return ring;
  held.set("session", ring);
  ring.drop();
  return ring.serial;
};
/** A keyring with this name that the task may search. Linux find_keyring_by_name(). */
const named = (t: Task, name: string): Keyring | undefined => {
  const { userNs } = t.cred;
  for (const ring of keysOf(t.kernel).namespace(userNs).named.get(name) ?? []) {
    if (ring.revoked || toLocal(userNs, "uidMap", ring.uid) === undefined) continue;
    if (mayUse({ key: ring, possessed: false }, t.cred, SEARCH)) return ring;
  }
  return undefined;
};
/** Joins the session with a name, or makes it. Linux join_session_keyring(). */
export const joinSession = (t: Task, name: string): number => {
  const { uid, gid } = t.cred;
  const found = named(t, name)?.hold();
  const ring = found ?? keysOf(t.kernel).keyring(name, { uid, gid, perm: NAMED_SESSION, quota: "checked" });
  if (typeof ring === "number") return ring;
  const held = taskKeys(t);
  const stays = held.session === ring;
  if (!stays) held.set("session", ring);
  ring.drop();
  return stays ? 0 : ring.serial;
};

/**
 * Links a user's persistent keyring into `destination`: its number or -errno. Linux keyctl_get_persistent().
 */
export const persistent = (t: Task, wanted: number, destination: () => Keyring | number): number => {
  const { cred, kernel } = t;
  const { userNs } = cred;
  const uid = wanted === 0xffff_ffff ? cred.uid : toKernel(userNs, "uidMap", wanted);
  if (uid === undefined) return -E.EINVAL;
  if (uid !== cred.uid && uid !== cred.euid && !capableIn(cred, userNs, CAP.SETUID)) return -E.EPERM;
  const to = destination();
  if (typeof to === "number") return to;
  const ring = persistentOf(kernel, cred, uid);
  if (typeof ring === "number") return ring;
  const result = mayUse({ key: ring.ring, possessed: true }, cred, LINK) ? to.link(ring.ring) : -E.EACCES;
  if (result === 0 || ring.isNew) ring.ring.setTimeout(keysOf(kernel).limits.persistent_keyring_expiry);
  return result < 0 ? result : ring.ring.serial;
};
const persistentOf = (kernel: Kernel, { userNs }: Cred, uid: number): { ring: Keyring; isNew: boolean } | number => {
  const keys = keysOf(kernel);
  const ns = keys.namespace(userNs);
  if (!ns.persistent) {
    const made = keys.keyring(".persistent_register", { uid: 0, gid: 0, perm: PERSISTENT, quota: "none" });
    if (typeof made === "number") return made;
    ns.persistent = made;
  }
  const description = `_persistent.${toLocal(userNs, "uidMap", uid) ?? NO_GROUP}`;
  const known = ns.persistent.links.get(indexOf(keyTypes.keyring, description));
  if (known instanceof Keyring && !known.invalidated && !known.revoked) return { ring: known, isNew: false };
  const ring = keys.keyring(description, { uid, gid: NO_GROUP, perm: PERSISTENT, quota: "none" });
  if (typeof ring === "number") return ring;
  const refused = ns.persistent.link(ring);
  ring.drop();
  return refused < 0 ? refused : { ring, isNew: true };
};
