// add_key and request_key, and strings of user memory for the key calls. man 2 add_key, man 2 request_key;
// Linux security/keys/keyctl.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { KEY_NEED } from "../../../abi/uapi/keyctl.ts";
import { cost } from "../../base/cost.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { size } from "../../syscall/arg.ts";
import { inBuffer } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { keyText, serial } from "./args.ts";
import { createOrUpdate } from "./create.ts";
import { Keyring } from "./keyring.ts";
import { isFailure, lookupKey } from "./lookup.ts";
import { requestKey } from "./request.ts";
import { keyTypeOf } from "./type.ts";

/** Limit in bytes of descriptions and other strings, with their NUL. Linux KEY_MAX_DESC_SIZE. */
const STRING_MAX = 4096;
const TYPE_MAX = 32;
/** The greatest payload that is read at all. */
export const PAYLOAD_MAX = (1 << 20) - 1;

/** A type's name, or -errno. Linux key_get_type_from_user(). */
export const typeName = (t: Task, at: VAddr): Or<string> => {
  const name = t.mem.cString(at, TYPE_MAX);
  if (name === undefined) return -E.EFAULT;
  if (name === "" || name.length >= TYPE_MAX) return -E.EINVAL;
  return name.startsWith(".") ? -E.EPERM : name;
};
/** A string, or -errno. Linux strndup_user(). */
export const keyString = (t: Task, at: VAddr): Or<string> => {
  const text = t.mem.cString(at, STRING_MAX);
  return text === undefined ? -E.EFAULT : text.length >= STRING_MAX ? -E.EINVAL : text;
};
/** A payload, or -errno. */
export const payloadOf = (t: Task, at: VAddr, length: number): Or<Uint8Array> => {
  if (length === 0) return new Uint8Array(0);
  t.kernel.charge(length * cost.byte);
  return t.mem.read(at, length)?.slice() ?? -E.EFAULT;
};

interface Add {
  readonly type: VAddr;
  readonly description: VAddr;
  readonly payload: VAddr;
  readonly plen: number;
  readonly keyring: number;
}
const add = (t: Task, a: Add): Result => {
  if (a.plen > PAYLOAD_MAX) return -E.EINVAL;
  const type = typeName(t, a.type);
  if (typeof type === "number") return type;
  const description = a.description === 0 ? "" : keyString(t, a.description);
  if (typeof description === "number") return description;
  if (description.startsWith(".") && type.startsWith("keyring")) return -E.EPERM;
  const payload = payloadOf(t, a.payload, a.plen);
  if (typeof payload === "number") return payload;
  const into = lookupKey(t, a.keyring, { create: true }, KEY_NEED.WRITE);
  if (isFailure(into)) return into;
  return createOrUpdate(t, into, type, description === "" ? undefined : description, payload);
};

interface Request {
  readonly type: VAddr;
  readonly description: VAddr;
  readonly callout_info: VAddr;
  readonly dest_keyring: number;
}
const request = (t: Task, a: Request): Result => {
  const name = typeName(t, a.type);
  if (typeof name === "number") return name;
  const description = keyString(t, a.description);
  if (typeof description === "number") return description;
  const callout = a.callout_info === 0 ? "" : keyString(t, a.callout_info);
  if (typeof callout === "number") return callout;
  const into = a.dest_keyring === 0 ? undefined : lookupKey(t, a.dest_keyring, { create: true }, KEY_NEED.WRITE);
  if (into !== undefined && isFailure(into)) return into;
  const type = keyTypeOf(name);
  if (!type) return -E.ENOKEY;
  const ring = into?.key;
  if (ring && !(ring instanceof Keyring)) return -E.ENOTDIR;
  const bytes = a.callout_info === 0 ? undefined : Uint8Array.from(callout, (c) => c.charCodeAt(0));
  return requestKey(t, type, description, bytes, ring);
};

/** Calls that add or request a key. man 2 add_key, request_key. */
export const keyCalls: readonly Syscall[] = [
  syscall("add_key", { type: keyText, description: keyText, payload: inBuffer("plen"), plen: size, keyring: serial }, (t, a) => add(t, a), {
    note: "types keyring, user, logon and big_key: no asymmetric, encrypted and trusted keys",
  }),
  syscall("request_key", { type: keyText, description: keyText, callout_info: keyText, dest_keyring: serial }, (t, a) => request(t, a)),
];
