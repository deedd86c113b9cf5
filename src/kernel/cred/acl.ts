// POSIX access control lists. man 5 acl; Linux fs/posix_acl.c. An inode keeps them as extended attributes,
// with ids of the kernel.
import { E } from "../../abi/errno.ts";
import { type Cred, inGroup } from "./cred.ts";
import { type IdKind, toKernel, toLocal, type UserNamespace } from "./user-namespace.ts";

/** The attribute of the list that decides on access. */
export const ACL_ACCESS = "system.posix_acl_access";
/** The attribute of a directory with the list of new files in it. */
export const ACL_DEFAULT = "system.posix_acl_default";

/** e_tag. Linux uapi linux/posix_acl.h. */
const TAG = { USER_OBJ: 1, USER: 2, GROUP_OBJ: 4, GROUP: 8, MASK: 16, OTHER: 32 } as const;
/** Tags in the order that a list has. */
const ORDER: readonly number[] = Object.values(TAG);
const NAMED: Readonly<Record<number, IdKind>> = { [TAG.USER]: "uidMap", [TAG.GROUP]: "gidMap" };
/** POSIX_ACL_XATTR_VERSION; the bytes of the header and of an entry. Linux uapi linux/posix_acl_xattr.h. */
const VERSION = 2;
const HEADER = 4;
const ENTRY = 8;
/** ACL_UNDEFINED_ID. */
const NO_ID = 0xffff_ffff;

/** One line of a list. `perm`: read 4, write 2, execute 1. `id` is a kernel id. */
interface AclEntry {
  readonly tag: number;
  readonly perm: number;
  readonly id: number;
}
/** A list in the order of its tags. */
export type Acl = readonly AclEntry[];

/**
 * The list of an attribute's bytes; ids are those of `ns`. An empty list, or -errno. Linux
 * posix_acl_from_xattr().
 */
export const aclOfBytes = (bytes: Uint8Array, ns: UserNamespace | undefined): Acl | number => {
  if (bytes.length === 0) return [];
  if (bytes.length < HEADER) return -E.EINVAL;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (v.getUint32(0, true) !== VERSION) return -E.EOPNOTSUPP;
  if ((bytes.length - HEADER) % ENTRY !== 0) return -E.EINVAL;
  const acl: AclEntry[] = [];
  for (let at = HEADER; at < bytes.length; at += ENTRY) {
    const tag = v.getUint16(at, true);
    const kind = NAMED[tag];
    const id = kind ? toKernel(ns, kind, v.getUint32(at + 4, true)) : NO_ID;
    if (!ORDER.includes(tag) || id === undefined || (kind && id === NO_ID)) return -E.EINVAL;
    acl.push({ tag, perm: v.getUint16(at + 2, true), id });
  }
  return acl;
};

/** The bytes of the attribute, with the ids of `ns`. Linux posix_acl_to_xattr(). */
export const bytesOfAcl = (acl: Acl, ns: UserNamespace | undefined): Uint8Array => {
  const bytes = new Uint8Array(HEADER + acl.length * ENTRY);
  const v = new DataView(bytes.buffer);
  v.setUint32(0, VERSION, true);
  for (const [i, { tag, perm, id }] of acl.entries()) {
    const at = HEADER + i * ENTRY;
    const kind = NAMED[tag];
    v.setUint16(at, tag, true);
    v.setUint16(at + 2, perm, true);
    v.setUint32(at + 4, kind ? (toLocal(ns, kind, id) ?? NO_ID) : NO_ID, true);
  }
  return bytes;
};

/**
 * True for a list with the three basic entries, in order, and a mask if it names users or groups. Linux
 * posix_acl_valid().
 */
export const isValidAcl = (acl: Acl): boolean => {
  const count = (tag: number): number => acl.filter((e) => e.tag === tag).length;
  const ordered = acl.every((e, i) => e.perm <= 7 && (i === 0 || (acl[i - 1] as AclEntry).tag <= e.tag));
  const basic = count(TAG.USER_OBJ) === 1 && count(TAG.GROUP_OBJ) === 1 && count(TAG.OTHER) === 1;
  const named = acl.some((e) => NAMED[e.tag]);
  return ordered && basic && count(TAG.MASK) <= 1 && (!named || count(TAG.MASK) === 1);
};

const permOf = (acl: Acl, tag: number): number => acl.find((e) => e.tag === tag)?.perm ?? 0;
/** True if the mode alone says all of the list. Linux posix_acl_equiv_mode(). */
export const isMode = (acl: Acl): boolean => acl.every(({ tag }) => tag !== TAG.MASK && !NAMED[tag]);
/** The tag whose permissions are the group's bits of the mode: the mask, if there is one. */
const groupClass = (acl: Acl): number => (acl.some((e) => e.tag === TAG.MASK) ? TAG.MASK : TAG.GROUP_OBJ);
/** The bits of the mode that a list shows. */
export const modeOfAcl = (acl: Acl): number =>
  (permOf(acl, TAG.USER_OBJ) << 6) | (permOf(acl, groupClass(acl)) << 3) | permOf(acl, TAG.OTHER);

const withPerms = (acl: Acl, perms: (tag: number, perm: number) => number): Acl => acl.map((e) => ({ ...e, perm: perms(e.tag, e.perm) }));
/** The list after chmod(2). Linux __posix_acl_chmod_masq(). */
export const chmodAcl = (acl: Acl, mode: number): Acl => {
  const group = groupClass(acl);
  const shifts: Readonly<Record<number, number>> = { [TAG.USER_OBJ]: 6, [group]: 3, [TAG.OTHER]: 0 };
  return withPerms(acl, (tag, perm) => (shifts[tag] === undefined ? perm : (mode >> shifts[tag]) & 7));
};
/**
 * The list of a new file: the directory's default list within the mode that was asked for. Linux
 * posix_acl_create_masq().
 */
export const inheritedAcl = (acl: Acl, mode: number): Acl => {
  const allowed = chmodAcl(acl, mode);
  return acl.map((e, i) => ({ ...e, perm: e.perm & (allowed[i] as AclEntry).perm }));
};

/** True if the list grants `want` to a task that does not own the file. Linux posix_acl_permission(). */
export const aclGrants = (acl: Acl, gid: number, cred: Cred, want: number): boolean => {
  const has = ({ perm }: AclEntry): boolean => (perm & want) === want;
  const mask = acl.find((e) => e.tag === TAG.MASK);
  const masked = (e: AclEntry): boolean => has(e) && (!mask || has(mask));
  const user = acl.find((e) => e.tag === TAG.USER && e.id === cred.fsuid);
  if (user) return masked(user);
  const groups = acl.filter((e) => (e.tag === TAG.GROUP_OBJ ? inGroup(cred, gid) : e.tag === TAG.GROUP && inGroup(cred, e.id)));
  const first = groups.find(has);
  if (first) return masked(first);
  return groups.length === 0 && acl.some((e) => e.tag === TAG.OTHER && has(e));
};
