// Extended attributes on ext2: all those of a file in one block, which files can share. Linux
// fs/ext2/xattr.c, acl.c.
import { x64 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { struct, u8, u16, u32 } from "../../../abi/struct.ts";
import { asBytes, ofBytes } from "../../base/byte-string.ts";
import { ACL_ACCESS, ACL_DEFAULT } from "../../cred/acl.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { Raw } from "./layout.ts";

const header = struct("ext2_xattr_header", { magic: u32, refcount: u32, blocks: u32, hash: u32, r0: u32, r1: u32, r2: u32, r3: u32 });
const entry = struct("ext2_xattr_entry", { name_len: u8, name_index: u8, value_offs: u16, value_block: u32, value_size: u32, hash: u32 });
const [HEADER, ENTRY] = [header.size(x64), entry.size(x64)];
const MAGIC = 0xea02_0000;
/** The index of each name space. Lists have no name besides it. */
const spaces = [
  [1, "user."],
  [2, ACL_ACCESS],
  [3, ACL_DEFAULT],
  [4, "trusted."],
  [6, "security."],
] as const;
const padded = (n: number): number => (n + 3) & ~3;

/** The versions of lists in a call and on the device; the entries there without an id are shorter. */
const [ACL_CALL, ACL_DEVICE] = [2, 1];
const hasId = (tag: number): boolean => tag === 2 || tag === 8;
const isAcl = (name: string): boolean => name === ACL_ACCESS || name === ACL_DEFAULT;
const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);
/** A list of a call in the form of the device. Linux ext2_acl_to_disk() */
const aclToDevice = (bytes: Uint8Array): Uint8Array => {
  const from = view(bytes);
  const words = [ACL_DEVICE];
  for (let at = 4; at + 8 <= bytes.length; at += 8) {
    words.push(from.getUint32(at, true));
    if (hasId(from.getUint16(at, true))) words.push(from.getUint32(at + 4, true));
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
};
/** The inverse; undefined if it is none. Linux ext2_acl_from_disk() */
const aclOfDevice = (bytes: Uint8Array): Uint8Array | undefined => {
  if (bytes.length < 4 || bytes.length % 4 !== 0 || view(bytes).getUint32(0, true) !== ACL_DEVICE) return undefined;
  const words = [ACL_CALL];
  for (let at = 4; at < bytes.length; at += 4) {
    const has = hasId(view(bytes).getUint16(at, true));
    words.push(view(bytes).getUint32(at, true));
    if (has && at + 8 > bytes.length) return undefined;
    words.push(has ? view(bytes).getUint32((at += 4), true) : 0xffff_ffff);
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
};

/** The number of files that share a block of attributes; -EIO if it is none. */
export const sharersOf = (bytes: Uint8Array): number => {
  const h = new Raw(header, bytes);
  return h.get("magic") === MAGIC && h.get("blocks") === 1 ? h.get("refcount") : -E.EIO;
};
/** Sets the number of files. */
export const setSharers = (bytes: Uint8Array, n: number): void => new Raw(header, bytes).set("refcount", n);

/** The attributes in a block, by their full names; -EIO if it is wrong. Linux ext2_xattr_entry_valid() */
export const decodeAttributes = (bytes: Uint8Array): Or<Map<string, Uint8Array>> => {
  if (sharersOf(bytes) <= 0) return -E.EIO;
  const found = new Map<string, Uint8Array>();
  for (let at = HEADER; at + 4 <= bytes.length && view(bytes).getUint32(at, true) !== 0; ) {
    if (at + ENTRY > bytes.length) return -E.EIO;
    const e = new Raw(entry, bytes.subarray(at, at + ENTRY));
    const [nameEnd, offset, size] = [at + ENTRY + e.get("name_len"), e.get("value_offs"), e.get("value_size")];
    if (nameEnd > bytes.length || e.get("value_block") !== 0 || offset + size > bytes.length) return -E.EIO;
    const space = spaces.find(([index]) => index === e.get("name_index"));
    const name = (space?.[1] ?? "") + ofBytes(bytes.subarray(at + ENTRY, nameEnd));
    const stored = bytes.slice(offset, offset + size);
    const value = isAcl(name) ? aclOfDevice(stored) : stored;
    if (value === undefined) return -E.EIO;
    // Name spaces that Linux does not know are not shown.
    if (space) found.set(name, value);
    at = padded(nameEnd);
  }
  return found;
};

/** Linux ext2_xattr_hash_entry() */
const hashOf = (name: Uint8Array, value: Uint8Array): number => {
  let hash = 0;
  for (const c of name) hash = (hash << 5) ^ (hash >>> 27) ^ c;
  const words = new Uint8Array(padded(value.length));
  words.set(value);
  for (let at = 0; at < words.length; at += 4) hash = (hash << 16) ^ (hash >>> 16) ^ view(words).getUint32(at, true);
  return hash >>> 0;
};
/** Shorter names come first. */
const compare = (a: Uint8Array, b: Uint8Array): number => {
  const i = a.findIndex((c, at) => c !== b[at]);
  return a.length - b.length || (i < 0 ? 0 : (a[i] as number) - (b[i] as number));
};

/** A block with attributes, of one file; -ENOSPC if they do not fit. */
export const encodeAttributes = (attributes: ReadonlyMap<string, Uint8Array>, blockSize: number): Or<Uint8Array> => {
  const entries = [...attributes].map(([full, given]) => {
    const [index, prefix] = spaces.find(([, start]) => full.startsWith(start)) as (typeof spaces)[number];
    return { index, name: asBytes(full.slice(prefix.length)), value: isAcl(full) ? aclToDevice(given) : given };
  });
  const size = entries.reduce((all, { name, value }) => all + padded(ENTRY + name.length) + padded(value.length), HEADER + 4);
  if (size > blockSize) return -E.ENOSPC;
  entries.sort((a, b) => a.index - b.index || compare(a.name, b.name));
  const bytes = new Uint8Array(blockSize);
  let [at, end, hash] = [HEADER, blockSize, 0];
  for (const { index, name, value } of entries) {
    const e = new Raw(entry, bytes.subarray(at, at + ENTRY));
    end -= padded(value.length);
    bytes.set(value, end);
    bytes.set(name, at + ENTRY);
    const own = hashOf(name, value);
    hash = ((hash << 16) ^ (hash >>> 16) ^ own) >>> 0;
    for (const [member, n] of Object.entries({
      name_len: name.length,
      name_index: index,
      value_offs: value.length > 0 ? end : 0,
      value_size: value.length,
      hash: own,
    }))
      e.set(member as "hash", n);
    at += padded(ENTRY + name.length);
  }
  const h = new Raw(header, bytes);
  for (const [member, n] of Object.entries({ magic: MAGIC, refcount: 1, blocks: 1, hash })) h.set(member as "hash", n);
  return bytes;
};
