// The records of a block of a directory. Linux struct ext2_dir_entry_2, fs/ext2/dir.c ext2_check_folio().
import { E } from "../../../abi/errno.ts";
import { asBytes, ofBytes } from "../../base/byte-string.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { DIRENT_HEAD, direntLength, fileTypeOf } from "./layout.ts";
import type { Geometry } from "./volume.ts";

/** A record of a block, at byte `at` of it. `ino` 0: free. */
export interface DirRecord {
  readonly at: number;
  readonly length: number;
  readonly ino: number;
  readonly fileType: number;
  readonly name: string;
}
/** The bytes that the records of one block can give to another record: the most of any of them. */
export const largestRoom = (records: readonly DirRecord[]): number => Math.max(...records.map(roomOf));
/** The bytes that a record has for another one. */
export const roomOf = ({ ino, length, name }: DirRecord): number => (ino === 0 ? length : length - direntLength(name.length));
/** True for the two names that no index has. */
export const isDots = (name: string): boolean => name === "." || name === "..";

/** The records of a block, or -EIO if one is wrong. */
export const decodeRecords = (bytes: Uint8Array, { inodes, hasTypes }: Geometry): Or<DirRecord[]> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: DirRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + DIRENT_HEAD > bytes.length) return -E.EIO;
    const [ino, length] = [view.getUint32(at, true), view.getUint16(at + 4, true)];
    const nameLength = bytes[at + 6] as number;
    const wrong = length < direntLength(1) || length % 4 !== 0 || length < direntLength(nameLength) || at + length > bytes.length;
    if (wrong || ino > inodes) return -E.EIO;
    const name = ofBytes(bytes.subarray(at + DIRENT_HEAD, at + DIRENT_HEAD + nameLength));
    records.push({ at, length, ino, fileType: hasTypes ? (bytes[at + 7] as number) : 0, name });
    at += length;
  }
  return records;
};

/** Writes a record. `type`: an S_IFMT value. */
export const putRecord = (
  bytes: Uint8Array,
  { at, length, name, ino, type }: Pick<DirRecord, "at" | "length" | "name" | "ino"> & { readonly type: number },
  { hasTypes }: Geometry,
): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(at, ino, true);
  view.setUint16(at + 4, length, true);
  bytes[at + 6] = name.length;
  bytes[at + 7] = hasTypes ? fileTypeOf(type) : 0;
  bytes.set(asBytes(name), at + DIRENT_HEAD);
};
