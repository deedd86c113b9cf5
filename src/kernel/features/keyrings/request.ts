// request_key(2): the search for a key, and its construction by /sbin/request-key. man 2 request_key; Linux
// security/keys/request_key.c.
import { E } from "../../../abi/errno.ts";
import { KEY_ALL, KEY_NEED, KEY_REQKEY_DEFL, possessor, user } from "../../../abi/uapi/keyctl.ts";
import { type Held, type Wait, wait } from "../../base/wait.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { credOf } from "../../cred/cred.ts";
import { spawn } from "../../lifecycle/spawn.ts";
import { type AuthorityKey, authorityOf } from "./authority.ts";
import { make, reject } from "./create.ts";
import type { Key } from "./key.ts";
import type { Keyring } from "./keyring.ts";
import { keysOf } from "./keys.ts";
import { awaitKey, isFailure, type LookupResult } from "./lookup.ts";
import { keysPart } from "./part.ts";
import { mayUse, searchProcess } from "./search.ts";
import { subjectOf, taskKeys } from "./task-keys.ts";
import { indexOf, type KeyType, keyTypes } from "./type.ts";
import { userKeyrings } from "./user-keyrings.ts";

/** Seconds for which a key that could not be constructed is refused. Linux key_negative_timeout. */
const NEGATIVE = 60;
const PROGRAM = "/sbin/request-key";
const { VIEW, READ, SEARCH, LINK } = KEY_NEED;

/** A request whose program runs, in the thread's `waited`. */
export class KeyConstruction implements Held {
  readonly key: Key;
  readonly authority: Key;
  readonly program: Process | undefined;
  constructor(key: Key, authority: Key, program: Process | undefined) {
    this.key = key;
    this.authority = authority;
    this.program = program;
  }
  drop(): void {
    end(this, -E.ENOKEY);
  }
}

/**
 * Searches for a key, and constructs it if `callout` is given. The key's number, a Wait or -errno. Linux
 * request_key_and_link().
 */
export const requestKey = (
  t: Task,
  type: KeyType,
  description: string,
  callout: Uint8Array | undefined,
  destination: Keyring | undefined,
): Wait | number => {
  const begun = t.waited.data as KeyConstruction | undefined;
  if (begun) return finish(t, begun);
  const wanted = { index: indexOf(type, description), live: true, nested: true, skipsExpired: true };
  const found = searchProcess(t.kernel, subjectOf(t), wanted);
  if (typeof found !== "number") {
    const state = awaitKey(found.key);
    if (typeof state !== "number") return state;
    if (destination && !mayUse(found, t.cred, LINK)) return -E.EACCES;
    const linked = destination?.link(found.key) ?? 0;
    if (linked < 0) return linked;
    return state < 0 ? state : found.key.serial;
  }
  if (found !== -E.EAGAIN) return found;
  if (!callout) return -E.ENOKEY;
  return construct(t, type, description, callout, destination);
};

const construct = (t: Task, type: KeyType, description: string, callout: Uint8Array, given: Keyring | undefined): Wait | number => {
  if (type === keyTypes.keyring) return -E.EPERM;
  const destination = given ?? defaultDestination(t);
  if (typeof destination === "number") return destination;
  const key = make(t, type, description);
  if (typeof key === "number") return key;
  key.constructing = true;
  const linked = destination.begin(key.index);
  if (linked < 0) {
    key.drop();
    return linked;
  }
  destination.add(key);
  const authority = makeAuthority(t, key, callout, destination);
  if (typeof authority === "number") {
    reject(key, NEGATIVE, E.ENOKEY, undefined, undefined);
    key.drop();
    return authority;
  }
  const program = run(t, key, authority);
  const running = new KeyConstruction(key, authority, typeof program === "number" ? undefined : program);
  if (typeof program === "number") return end(running, program);
  t.waited.data = t.waited.held = running;
  return finish(t, running);
};
const finish = (t: Task, running: KeyConstruction): Wait | number => {
  const { program, key } = running;
  if (program && program.ended === undefined) return wait([program.endEvents], { killable: true });
  t.waited.held = undefined;
  const { serial } = key;
  const refused = end(running, key.constructing || key.validity < 0 ? -E.ENOKEY : 0);
  return refused < 0 ? refused : serial;
};
/**
 * The end of a program that ran or could not run: the -errno `error`, or the result of its work. Linux
 * complete_request_key().
 */
const end = ({ key, authority }: KeyConstruction, error: number): number => {
  if (error < 0) reject(key, NEGATIVE, E.ENOKEY, undefined, authority);
  else authority.revoke();
  const refused = error < 0 ? error : (key.state ?? 0);
  authority.drop();
  key.drop();
  return refused;
};

/** The keyring for a constructed key: KEYCTL_SET_REQKEY_KEYRING. Linux construct_get_dest_keyring(). */
const defaultDestination = (t: Task): Keyring | number => {
  const keys = keysPart.of(t);
  const wish = keys?.defaultRing ?? KEY_REQKEY_DEFL.DEFAULT;
  const isDefault = wish === KEY_REQKEY_DEFL.DEFAULT || wish === KEY_REQKEY_DEFL.REQUESTOR_KEYRING;
  const requester = isDefault ? authorityOf(keys?.authority)?.destination : undefined;
  if (requester) return requester;
  const from = isDefault ? KEY_REQKEY_DEFL.THREAD_KEYRING : wish;
  const held = [keys?.thread, keys?.process, keys?.session];
  let ring = held.slice(from - 1).find((r) => r !== undefined);
  if (from >= KEY_REQKEY_DEFL.USER_KEYRING || !ring) {
    const own = userKeyrings(t.kernel, t.cred);
    if (typeof own === "number") return own;
    ring = from === KEY_REQKEY_DEFL.USER_KEYRING ? own.user : own.session;
  }
  return mayUse({ key: ring, possessed: true }, t.cred, KEY_NEED.WRITE) ? ring : -E.EACCES;
};

/** A new authorisation with one use, or -errno. Linux request_key_auth_new(). */
const makeAuthority = (t: Task, target: Key, callout: Uint8Array, destination: Keyring): Key | number => {
  const held = keysPart.of(t)?.authority;
  const outer = authorityOf(held);
  if (held && !outer) return -E.EKEYREVOKED;
  const perm = (possessor(VIEW | READ | SEARCH | LINK) | user(VIEW)) >>> 0;
  const { fsuid: uid, fsgid: gid } = t.cred;
  const key = keysOf(t.kernel).make(keyTypes[".request_key_auth"], target.serial.toString(16), { uid, gid, perm, quota: "none" });
  if (typeof key === "number") return key;
  const failed = key.fill(callout, 0);
  if (failed < 0) {
    key.drop();
    return failed;
  }
  const from = outer?.requester ?? subjectOf(t);
  (key as AuthorityKey).authority = {
    target: target.hold(),
    destination: destination.hold() as Keyring,
    requester: { cred: from.cred, keys: from.keys?.copy() },
    process: outer?.process ?? t.process,
  };
  key.settle(0);
  return key;
};

/**
 * Starts the program in the initial namespaces, with the authorisation in its session keyring. Linux
 * call_sbin_request_key().
 */
const run = (t: Task, key: Key, authority: Key): Process | number => {
  const rings = userKeyrings(t.kernel, t.cred);
  if (typeof rings === "number") return rings;
  const { fsuid: uid, fsgid: gid } = t.cred;
  const perm = (possessor(KEY_ALL) | user(VIEW | READ)) >>> 0;
  const session = keysOf(t.kernel).keyring(`_req.${key.serial}`, { uid, gid, perm, quota: "overrun" });
  if (typeof session === "number") return session;
  const linked = session.link(authority);
  const keys = keysPart.of(t);
  const own = [keys?.thread, keys?.process, keys?.session ?? rings.session].map((ring) => String(ring?.serial ?? 0));
  const argv = [PROGRAM, "create", String(key.serial), String(uid), String(gid), ...own];
  const envp = ["HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin"];
  const { kernel } = t;
  const program = linked < 0 ? linked : spawn(kernel, { path: PROGRAM, argv, envp, files: [], cred: credOf(0, 0) });
  kernel.scheduler.switchTo(t);
  if (typeof program !== "number") {
    taskKeys(program.leader).set("session", session);
  }
  session.drop();
  return program;
};

/**
 * The authorisation for a key among the task's keyrings, or -errno. Linux key_get_instantiation_authkey().
 */
export const findAuthority = (t: Task, target: number): LookupResult<Key> => {
  const index = indexOf(keyTypes[".request_key_auth"], (target >>> 0).toString(16));
  const found = searchProcess(t.kernel, subjectOf(t), { index, live: true, nested: true });
  if (isFailure(found)) return found === -E.EAGAIN ? -E.ENOKEY : found;
  return found.key.revoked ? -E.EKEYREVOKED : found.key;
};
