// keyctl(2): operations on keys and keyrings. man 2 keyctl; Linux security/keys/keyctl.c.

import type { Abi } from "../../../abi/abi.ts";
import { E, restart } from "../../../abi/errno.ts";
import { KEY_ALL_PERMISSIONS, KEY_NEED, KEY_REQKEY_DEFL, KEY_SPEC, KEYCTL, KEYCTL_MOVE_EXCL } from "../../../abi/uapi/keyctl.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { asBytes } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import { gather, importIovec, totalLength } from "../../calls/file/iovec.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable, inGroup } from "../../cred/cred.ts";
import { shownUid, toKernel } from "../../cred/user-namespace.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { type KeyctlArgument, keyctlArgument, keyctlOperation } from "./args.ts";
import { type Authority, authorityOf } from "./authority.ts";
import { keyString, PAYLOAD_MAX, payloadOf, typeName } from "./calls.ts";
import { complete, reject, update } from "./create.ts";
import type { Key } from "./key.ts";
import { Keyring } from "./keyring.ts";
import { keysOf } from "./keys.ts";
import { isFailure, type Lookup, type LookupResult, lookupKey, NEEDS, type Need } from "./lookup.ts";
import { keysPart } from "./part.ts";
import { findAuthority } from "./request.ts";
import { type KeyRef, mayUse, searchKeyring } from "./search.ts";
import { installOwn, taskKeys } from "./task-keys.ts";
import { indexOf, keyTypeOf } from "./type.ts";
import { joinSession, newSession, persistent } from "./user-keyrings.ts";

type Args = readonly [KeyctlArgument, KeyctlArgument, KeyctlArgument, KeyctlArgument];
type Operation = (t: Task, args: Args, abi: Abi) => Result;
const { VIEW, READ, WRITE, SEARCH, LINK, SETATTR } = KEY_NEED;
/** (uid_t)-1, (gid_t)-1: no change. */
const KEEP = 0xffff_ffff;

/** Looks a key up, and goes on with it. */
const withKey = (t: Task, id: number, how: Lookup, need: Need, act: (ref: KeyRef) => Result): Result => {
  const ref = lookupKey(t, id, how, need);
  return isFailure(ref) ? ref : act(ref);
};
const withRing = (t: Task, id: number, how: Lookup, need: Need, act: (ring: Keyring, ref: KeyRef) => Result): Result =>
  withKey(t, id, how, need, (ref) => (ref.key instanceof Keyring ? act(ref.key, ref) : -E.ENOTDIR));
/** As withKey, also for a key that the task is authorised to construct. */
const withAuthority = (t: Task, id: number, how: Lookup, need: Need, act: (key: Key) => Result): Result => {
  const found = lookupKey(t, id, how, need);
  if (!isFailure(found)) return act(found.key);
  const authority = found === -E.EACCES ? findAuthority(t, id) : found;
  if (isFailure(authority)) return found;
  return withKey(t, id, { partial: true }, NEEDS.OVERRIDE, ({ key }) => act(key));
};

const copyOut = (t: Task, to: KeyctlArgument, room: number, bytes: Uint8Array): number => {
  t.kernel.charge(bytes.length * cost.byte);
  if (to.at === 0 || room < bytes.length || bytes.length === 0) return bytes.length;
  return t.mem.write(to.at, bytes) ? bytes.length : -E.EFAULT;
};

const describe: Operation = (t, [id, buffer, room]) =>
  withAuthority(t, id.int, { partial: true }, VIEW, (key) => {
    const { userNs } = t.cred;
    const owner = `${shownUid(userNs, key.uid)};${key.groupIn(userNs)}`;
    const text = `${key.type.name};${owner};${key.perm.toString(16).padStart(8, "0")};${key.description}\0`;
    return copyOut(t, buffer, room.int >>> 0, asBytes(text));
  });
const security: Operation = (t, [id, buffer, room]) =>
  withAuthority(t, id.int, { partial: true }, VIEW, () => {
    if (buffer.at === 0 || room.size === 0) return 1;
    return t.mem.write(buffer.at, new Uint8Array(1)) ? 1 : -E.EFAULT;
  });

const read: Operation = (t, [id, buffer, room]) => {
  const ref = lookupKey(t, id.int, {}, NEEDS.DEFERRED);
  if (typeof ref === "number") return -E.ENOKEY;
  if ("interrupted" in ref) return ref;
  const { key, possessed } = ref;
  if (key.state !== undefined && key.state < 0) return key.state;
  if (!mayUse(ref, t.cred, READ) && !possessed) return -E.EACCES;
  if (key.validity < 0) return key.validity;
  if (!key.type.reads) return -E.EOPNOTSUPP;
  const has = buffer.at !== 0 && room.size > 0;
  const content = key.content(has ? room.size : 0);
  return typeof content === "number" ? content : copyOut(t, buffer, room.size, content);
};

const search: Operation = (t, [ringId, typeAt, descriptionAt, destination]) => {
  const name = typeName(t, typeAt.at);
  if (typeof name === "number") return name;
  const description = keyString(t, descriptionAt.at);
  if (typeof description === "number") return description;
  return withKey(t, ringId.int, {}, SEARCH, (from) => {
    const into = destination.int === 0 ? undefined : lookupKey(t, destination.int, { create: true }, WRITE);
    if (into !== undefined && isFailure(into)) return into;
    const type = keyTypeOf(name);
    if (!type) return -E.ENOKEY;
    const found = searchKeyring(from, { cred: t.cred, index: indexOf(type, description), live: true, nested: true });
    if (typeof found === "number") return found === -E.EAGAIN ? -E.ENOKEY : found;
    if (into) {
      if (!mayUse(found, t.cred, LINK)) return -E.EACCES;
      const linked = into.key instanceof Keyring ? into.key.link(found.key) : -E.ENOTDIR;
      if (linked < 0) return linked;
    }
    return found.key.serial;
  });
};

const link: Operation = (t, [id, into]) =>
  withKey(t, into.int, { create: true }, WRITE, ({ key: ring }) =>
    withKey(t, id.int, { create: true }, LINK, ({ key }) => (ring instanceof Keyring ? ring.link(key) : -E.ENOTDIR)),
  );
const unlink: Operation = (t, [id, from]) =>
  withKey(t, from.int, {}, WRITE, ({ key: ring }) =>
    withKey(t, id.int, { partial: true }, NEEDS.UNLINK, ({ key }) => (ring instanceof Keyring ? ring.unlink(key) : -E.ENOTDIR)),
  );
const move: Operation = (t, [id, from, to, flags]) => {
  if ((flags.int & ~KEYCTL_MOVE_EXCL) !== 0) return -E.EINVAL;
  return withKey(t, id.int, { create: true }, LINK, ({ key }) =>
    withKey(t, from.int, {}, WRITE, ({ key: source }) =>
      withKey(t, to.int, { create: true }, WRITE, ({ key: target }) => {
        if (source === target) return 0;
        if (!(source instanceof Keyring) || !(target instanceof Keyring)) return -E.ENOTDIR;
        return source.move(key, target, flags.int === KEYCTL_MOVE_EXCL);
      }),
    ),
  );
};
const revoke: Operation = (t, [id]) => {
  const writable = lookupKey(t, id.int, {}, WRITE);
  const ref = writable === -E.EACCES ? lookupKey(t, id.int, {}, SETATTR) : writable;
  if (isFailure(ref)) return ref;
  ref.key.revoke();
  return 0;
};

const chown: Operation = (t, [id, user, group]) => {
  const { userNs } = t.cred;
  const [newUser, newGroup] = [user.int >>> 0, group.int >>> 0];
  const uid = newUser === KEEP ? undefined : toKernel(userNs, "uidMap", newUser);
  const gid = newGroup === KEEP ? undefined : toKernel(userNs, "gidMap", newGroup);
  if ((newUser !== KEEP && uid === undefined) || (newGroup !== KEEP && gid === undefined)) return -E.EINVAL;
  if (uid === undefined && gid === undefined) return 0;
  return withKey(t, id.int, { create: true, partial: true }, SETATTR, ({ key }) => {
    const privileged = (uid !== undefined && uid !== key.uid) || (gid !== undefined && gid !== key.gid && !inGroup(t.cred, gid));
    if (privileged && !capable(t.cred, CAP.SYS_ADMIN)) return -E.EACCES;
    const refused = uid !== undefined && uid !== key.uid ? keysOf(t.kernel).chown(key, uid) : 0;
    if (refused === 0 && gid !== undefined) key.gid = gid;
    return refused;
  });
};
const setPermissions: Operation = (t, [id, perm]) => {
  const bits = perm.int >>> 0;
  if ((bits & ~KEY_ALL_PERMISSIONS) !== 0) return -E.EINVAL;
  return withKey(t, id.int, { create: true, partial: true }, SETATTR, ({ key }) => {
    if (key.uid !== t.cred.fsuid && !capable(t.cred, CAP.SYS_ADMIN)) return -E.EACCES;
    key.perm = bits;
    return 0;
  });
};
const setTimeout: Operation = (t, [id, seconds]) =>
  withAuthority(t, id.int, { create: true, partial: true }, SETATTR, (key) => {
    key.setTimeout(seconds.int >>> 0);
    return 0;
  });

/** The keyring in which an instantiated key is linked. Linux get_instantiation_keyring(). */
const destinationOf = (t: Task, id: number, authority: Authority): LookupResult<Keyring | Record<string, never>> => {
  if (id === 0) return {};
  if (id > 0) {
    const ref = lookupKey(t, id, { create: true }, WRITE);
    return isFailure(ref) ? ref : ref.key instanceof Keyring ? ref.key : -E.ENOTDIR;
  }
  if (id === KEY_SPEC.REQKEY_AUTH_KEY) return -E.EINVAL;
  return id >= KEY_SPEC.REQUESTOR_KEYRING ? (authority.destination ?? {}) : -E.ENOKEY;
};
/** Ends a construction for which the task has assumed the authority. */
const construct = (t: Task, id: number, ringId: number, act: (key: Key, ring: Keyring | undefined, authority: Key) => number): Result => {
  const held = keysPart.of(t)?.authority;
  if (!held) return -E.EPERM;
  const authority = authorityOf(held);
  if (!authority) return -E.EKEYREVOKED;
  if (authority.target.serial !== id) return -E.EPERM;
  const ring = destinationOf(t, ringId, authority);
  if (isFailure(ring)) return ring;
  const failed = act(authority.target, ring instanceof Keyring ? ring : undefined, held);
  if (failed === 0) keysPart.of(t)?.set("authority", undefined);
  return failed;
};
const instantiate: Operation = (t, [id, at, length, ring]) => {
  const bytes = at.at === 0 ? 0 : length.size;
  if (bytes > PAYLOAD_MAX) return -E.EINVAL;
  if (!keysPart.of(t)?.authority) return -E.EPERM;
  const payload = payloadOf(t, at.at, bytes);
  if (typeof payload === "number") return payload;
  return construct(t, id.int, ring.int, (key, into, authority) => complete(key, payload, into, authority));
};
const instantiateIov: Operation = (t, [id, at, count, ring], abi) => {
  const segments = importIovec(t, at.at, at.at === 0 ? 0 : count.int >>> 0, abi);
  if (typeof segments === "number") return segments;
  if (totalLength(segments) > PAYLOAD_MAX) return -E.EINVAL;
  if (!keysPart.of(t)?.authority) return -E.EPERM;
  const length = totalLength(segments);
  const payload = gather(t, segments, 0, length);
  if (payload.length < length) return -E.EFAULT;
  return construct(t, id.int, ring.int, (key, into, authority) => complete(key, payload, into, authority));
};
const restarts: ReadonlySet<number> = new Set(Object.values(restart));
const MAX_ERRNO = 4095;
const refuse = (t: Task, id: number, seconds: number, error: number, ring: number): Result => {
  if (error === 0 || error >= MAX_ERRNO || restarts.has(error)) return -E.EINVAL;
  return construct(t, id, ring, (key, into, authority) => reject(key, seconds, error, into, authority));
};
const assume: Operation = (t, [id]) => {
  if (id.int < 0) return -E.EINVAL;
  if (id.int === 0) {
    keysPart.of(t)?.set("authority", undefined);
    return 0;
  }
  const key = findAuthority(t, id.int);
  if (isFailure(key)) return key;
  taskKeys(t).set("authority", key);
  return key.serial;
};

const setDefaultRing: Operation = (t, [wanted]) => {
  const held = taskKeys(t);
  const before = held.defaultRing;
  const ring = wanted.int;
  if (ring === KEY_REQKEY_DEFL.NO_CHANGE) return before;
  if (ring < 0 || ring > KEY_REQKEY_DEFL.REQUESTOR_KEYRING || ring === KEY_REQKEY_DEFL.GROUP_KEYRING) return -E.EINVAL;
  const slot = ring === KEY_REQKEY_DEFL.THREAD_KEYRING ? "thread" : ring === KEY_REQKEY_DEFL.PROCESS_KEYRING ? "process" : undefined;
  const failed = slot ? installOwn(keysOf(t.kernel), held, t.cred, slot) : 0;
  if (failed < 0) return failed;
  held.defaultRing = ring;
  return before;
};
const join: Operation = (t, [at]) => {
  if (at.at === 0) return newSession(t);
  const name = keyString(t, at.at);
  if (typeof name === "number") return name;
  return name.startsWith(".") ? -E.EPERM : joinSession(t, name);
};
const sessionToParent: Operation = (t) =>
  withKey(t, KEY_SPEC.SESSION_KEYRING, {}, LINK, ({ key }) => {
    const session = key as Keyring;
    const parent = t.process.parent;
    if (!parent || parent === t.kernel.init || parent.threads.length !== 1) return -E.EPERM;
    const [other] = parent.threads as [Task];
    const before = keysPart.of(other)?.session;
    if (before === session) return 0;
    const { euid, egid } = t.cred;
    const { cred } = other;
    if (cred.uid !== euid || cred.euid !== euid || cred.suid !== euid) return -E.EPERM;
    if (cred.gid !== egid || cred.egid !== egid || cred.sgid !== egid) return -E.EPERM;
    if ((before && before.uid !== euid) || session.uid !== euid) return -E.EPERM;
    taskKeys(other).set("session", session);
    return 0;
  });
const restrict: Operation = (t, [id, typeAt, textAt]) =>
  withKey(t, id.int, {}, SETATTR, ({ key }) => {
    if ((typeAt.at === 0) !== (textAt.at === 0)) return -E.EINVAL;
    const name = typeAt.at === 0 ? undefined : typeName(t, typeAt.at);
    if (typeof name === "number") return name;
    const text = name === undefined ? "" : keyString(t, textAt.at);
    if (typeof text === "number") return text;
    if (!(key instanceof Keyring)) return -E.ENOTDIR;
    // No type here has restrictions of its own.
    if (name !== undefined) return keyTypeOf(name) ? -E.ENOENT : -E.ENOKEY;
    if (key.restricted) return -E.EEXIST;
    key.restricted = true;
    return 0;
  });
const getPersistent: Operation = (t, [uid, into]) => {
  let delayed: Result = 0;
  const result = persistent(t, uid.int >>> 0, () => {
    const ref = lookupKey(t, into.int, { create: true }, WRITE);
    if (!isFailure(ref)) return ref.key instanceof Keyring ? ref.key : -E.ENOTDIR;
    delayed = ref;
    return typeof ref === "number" ? ref : -E.EAGAIN;
  });
  return typeof delayed === "number" ? result : delayed;
};

/** KEYCTL_CAPS0_*, KEYCTL_CAPS1_*: all but Diffie-Hellman, public keys and notifications. */
const CAPABILITIES = Uint8Array.of(0xf3, 0x03);
const capabilities: Operation = (t, [buffer, room]) => {
  if (room.size > 0) {
    const bytes = CAPABILITIES.subarray(0, room.size);
    if (!t.mem.write(buffer.at, bytes) || !t.mem.clear(buffer.at + bytes.length, room.size - bytes.length)) return -E.EFAULT;
  }
  return CAPABILITIES.length;
};

const OPERATIONS: Readonly<Record<number, Operation>> = {
  [KEYCTL.GET_KEYRING_ID]: (t, [id, create]) => withKey(t, id.int, { create: create.int !== 0 }, SEARCH, ({ key }) => key.serial),
  [KEYCTL.JOIN_SESSION_KEYRING]: join,
  [KEYCTL.UPDATE]: (t, [id, at, length]) => {
    if (length.size > PAGE_SIZE) return -E.EINVAL;
    const payload = payloadOf(t, at.at, length.size);
    return typeof payload === "number" ? payload : withKey(t, id.int, {}, WRITE, (ref) => update(t, ref, payload));
  },
  [KEYCTL.REVOKE]: revoke,
  [KEYCTL.CHOWN]: chown,
  [KEYCTL.SETPERM]: setPermissions,
  [KEYCTL.DESCRIBE]: describe,
  [KEYCTL.CLEAR]: (t, [id]) =>
    withRing(t, id.int, { create: true }, WRITE, (ring) => {
      ring.empty();
      return 0;
    }),
  [KEYCTL.LINK]: link,
  [KEYCTL.UNLINK]: unlink,
  [KEYCTL.SEARCH]: search,
  [KEYCTL.READ]: read,
  [KEYCTL.INSTANTIATE]: instantiate,
  [KEYCTL.NEGATE]: (t, [id, seconds, ring]) => refuse(t, id.int, seconds.int >>> 0, E.ENOKEY, ring.int),
  [KEYCTL.SET_REQKEY_KEYRING]: setDefaultRing,
  [KEYCTL.SET_TIMEOUT]: setTimeout,
  [KEYCTL.ASSUME_AUTHORITY]: assume,
  [KEYCTL.GET_SECURITY]: security,
  [KEYCTL.SESSION_TO_PARENT]: sessionToParent,
  [KEYCTL.REJECT]: (t, [id, seconds, error, ring]) => refuse(t, id.int, seconds.int >>> 0, error.int >>> 0, ring.int),
  [KEYCTL.INSTANTIATE_IOV]: instantiateIov,
  [KEYCTL.INVALIDATE]: (t, [id]) =>
    withKey(t, id.int, {}, SEARCH, ({ key }) => {
      key.invalidate();
      return 0;
    }),
  [KEYCTL.GET_PERSISTENT]: getPersistent,
  [KEYCTL.RESTRICT_KEYRING]: restrict,
  [KEYCTL.MOVE]: move,
  [KEYCTL.CAPABILITIES]: capabilities,
};

/** The call keyctl(2). */
export const keyctlCalls: readonly Syscall[] = [
  syscall(
    "keyctl",
    { operation: keyctlOperation, arg2: keyctlArgument(2), arg3: keyctlArgument(3), arg4: keyctlArgument(4), arg5: keyctlArgument(5) },
    (t, a, abi) => OPERATIONS[a.operation]?.(t, [a.arg2, a.arg3, a.arg4, a.arg5], abi) ?? -E.EOPNOTSUPP,
    { note: "no Diffie-Hellman, no public keys (KEYCTL_PKEY_*), no KEYCTL_WATCH_KEY" },
  ),
];
