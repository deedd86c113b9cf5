// Capabilities of files: the extended attribute security.capability. man 7 capabilities, "File capabilities";
// Linux security/commoncap.c, uapi linux/capability.h struct vfs_ns_cap_data.
import { E } from "../../abi/errno.ts";
import { ALL_CAPS, type Cred } from "./cred.ts";
import { levelOf, toKernel, toLocal, type UserNamespace } from "./user-namespace.ts";

const EFFECTIVE = 1;
/** The bytes of the attribute by revision, which is the highest byte of the first word. */
const LENGTH: Readonly<Record<number, number>> = { 1: 12, 2: 20, 3: 24 };
const ROOT_ID_AT = 20;

type Namespace = UserNamespace | undefined;

/** The sets that a file grants. */
export interface FileCaps {
  /** Revision 1 has the first 32 capabilities only; 3 has the uid of a namespace's root. */
  readonly revision: number;
  /** The new program's effective set is its permitted set. */
  readonly effective: boolean;
  readonly permitted: bigint;
  readonly inheritable: bigint;
  /** The root user for whose namespaces they count; 0 if the revision has none. */
  readonly root: number;
}

/** Undefined: no revision has these bytes. */
const parse = (bytes: Uint8Array): FileCaps | undefined => {
  if (bytes.length < 4) return undefined;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = v.getUint32(0, true);
  const revision = magic >>> 24;
  if (LENGTH[revision] !== bytes.length) return undefined;
  const wide = revision > 1;
  const set = (at: number): bigint => (BigInt(v.getUint32(at, true)) | (wide ? BigInt(v.getUint32(at + 8, true)) << 32n : 0n)) & ALL_CAPS;
  const root = revision === 3 ? v.getUint32(ROOT_ID_AT, true) : 0;
  return { revision, effective: (magic & EFFECTIVE) !== 0, permitted: set(4), inheritable: set(8), root };
};
/** Linux validheader(): what user code sets and gets is of revision 2 or 3, without unknown flags. */
const parseStrict = (bytes: Uint8Array): FileCaps | undefined => {
  const caps = parse(bytes);
  return caps && caps.revision !== 1 && ((bytes[0] ?? 0) & ~EFFECTIVE) === 0 && !bytes[1] && !bytes[2] ? caps : undefined;
};

/** The bytes in another revision: 2, or 3 with the uid of a root. */
const converted = (bytes: Uint8Array, effective: boolean, root: number | undefined): Uint8Array => {
  const revision = root === undefined ? 2 : 3;
  const to = new Uint8Array(LENGTH[revision] as number);
  to.set(bytes.subarray(0, ROOT_ID_AT));
  const v = new DataView(to.buffer);
  v.setUint32(0, ((revision << 24) | (effective ? EFFECTIVE : 0)) >>> 0, true);
  if (root !== undefined) v.setUint32(ROOT_ID_AT, root, true);
  return to;
};

/** True if `uid` is the root of `ns` or of a namespace above it. Linux rootid_owns_currentns(). */
const isRootAbove = (ns: Namespace, uid: number): boolean => {
  for (let at = ns; at; at = at.parent) if (toLocal(at, "uidMap", uid) === 0) return true;
  return uid === 0;
};
/** True if `ns` is `above` or below it. Linux in_userns(). */
const isWithin = (ns: Namespace, above: Namespace): boolean => {
  let at = ns;
  while (levelOf(at) > levelOf(above)) at = at?.parent;
  return at === above;
};

/**
 * The bytes that a file system keeps for those of a task, or -errno. `owner` is the namespace of the file
 * system; `may`: the task may grant the file capabilities; `trusted`: it may do so in `owner`. Linux
 * cap_convert_nscap().
 */
export const fileCapsToKeep = (bytes: Uint8Array, cred: Cred, owner: Namespace, may: boolean, trusted: boolean): Uint8Array | number => {
  const caps = parseStrict(bytes);
  if (!caps) return -E.EINVAL;
  if (!may) return -E.EPERM;
  if (caps.revision === 2 && trusted) return bytes;
  const uid = toKernel(cred.userNs, "uidMap", caps.root);
  const root = uid === undefined ? undefined : toLocal(owner, "uidMap", uid);
  return root === undefined ? -E.EINVAL : converted(bytes, caps.effective, root);
};

/**
 * The bytes that a task sees, or -errno: with the uid of a root of its own namespace, or without one if the
 * root is that of a namespace above. Linux cap_inode_getsecurity().
 */
export const fileCapsToShow = (bytes: Uint8Array, cred: Cred, owner: Namespace): Uint8Array | number => {
  const caps = parseStrict(bytes);
  if (!caps) return -E.EINVAL;
  const uid = toKernel(owner, "uidMap", caps.root);
  const local = uid === undefined ? undefined : toLocal(cred.userNs, "uidMap", uid);
  if (local) return converted(bytes, caps.effective, local);
  if (uid === undefined || !isRootAbove(cred.userNs, uid)) return -E.EOVERFLOW;
  return caps.revision === 2 ? bytes : converted(bytes, caps.effective, undefined);
};

/**
 * The capabilities that a file grants to a program of `ns`: undefined if there are none, -EINVAL for bytes of
 * no revision. Linux get_vfs_caps_from_disk().
 */
export const fileCapsFor = (bytes: Uint8Array, ns: Namespace, owner: Namespace): FileCaps | number | undefined => {
  if (!isWithin(ns, owner)) return undefined;
  const caps = parse(bytes);
  if (!caps) return -E.EINVAL;
  const uid = toKernel(owner, "uidMap", caps.root);
  return uid !== undefined && isRootAbove(ns, uid) ? caps : undefined;
};
