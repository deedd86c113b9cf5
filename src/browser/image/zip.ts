// Zip archives as files of a root directory: central directory, stored and deflated files. PKWARE APPNOTE.TXT
// 4.3, 4.4.
import { inflateSync } from "fflate";
import type { WorkBudget } from "../../budget.ts";
import { LayerTree } from "../../image/layer-tree.ts";
import type { UnpackLimit } from "../../image/limit.ts";
import { ofBytes } from "../../kernel/base/byte-string.ts";
import { Problem } from "../../problem.ts";

const LOCAL = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
/** The longest comment behind the end record. */
const MOST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/**
 * The upper byte of "version made by" for Unix. The upper half of the external attributes is then the mode.
 */
const UNIX = 3;
const LINK = 0o120000;
const FORMAT = 0o170000;
/** Link texts that are longer are none. Linux PATH_MAX. */
const MOST_TARGET = 4096;

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});
/** The checksum of RFC 1952. */
export const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffff_ffff) >>> 0;
};

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
  /** st_mode; 0: the archive is not of Unix. */
  readonly mode: number;
}

const damaged = (name: string, why: string): Problem => new Problem("bad-image", `${name} is damaged: ${why}`);

/** The entries of the directory at the end. */
const entriesOf = (bytes: Uint8Array, name: string): readonly Entry[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_SIZE;
  while (end >= 0 && end >= bytes.length - END_SIZE - MOST_COMMENT && view.getUint32(end, true) !== END) end--;
  if (end < 0 || view.getUint32(end, true) !== END) throw damaged(name, "it has no directory at its end");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffff_ffff) throw new Problem("bad-image", `${name} is a zip64 archive: it is too large for a page`);
  const entries: Entry[] = [];
  for (let n = 0; n < count; n++) {
    if (at + ENTRY_SIZE > end || view.getUint32(at, true) !== ENTRY) throw damaged(name, "its directory ends early");
    const length = view.getUint16(at + 28, true);
    const own = ofBytes(bytes.subarray(at + ENTRY_SIZE, at + ENTRY_SIZE + length));
    if (view.getUint16(at + 8, true) & ENCRYPTED) throw new Problem("bad-image", `${name} is encrypted: ${JSON.stringify(own)}`);
    entries.push({
      name: own,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      mode: view.getUint8(at + 5) === UNIX ? view.getUint16(at + 40, true) : 0,
      at: view.getUint32(at + 42, true),
    });
    at += ENTRY_SIZE + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
};

const bytesOf = (archive: Uint8Array, { name, method, crc, packed, size, at }: Entry): Uint8Array => {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  if (at + LOCAL_SIZE > archive.length || view.getUint32(at, true) !== LOCAL) throw damaged(name, "it is not where the directory says");
  const from = at + LOCAL_SIZE + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  const raw = archive.subarray(from, from + packed);
  if (raw.length !== packed) throw damaged(name, "the archive ends inside of it");
  if (method !== STORED && method !== DEFLATED) throw new Problem("bad-image", `${name} is packed by method ${method}: 0 and 8 are known`);
  let bytes: Uint8Array;
  try {
    // The size that the directory says is all that is taken.
    bytes = method === STORED ? raw.slice() : inflateSync(raw, { out: new Uint8Array(size) });
  } catch (cause) {
    throw new Problem("bad-image", `${name} is damaged: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length !== size || crc32(bytes) !== crc) throw damaged(name, "its bytes do not have the sum that the directory says");
  return bytes;
};

/**
 * The files of a zip archive. `limit`: that of their bytes together.
 *
 * @throws {Problem} The archive is damaged or too large.
 */
export const treeOfZip = (archive: Uint8Array, name: string, limit: UnpackLimit, budget: WorkBudget): LayerTree => {
  const tree = new LayerTree(budget);
  tree.nextLayer();
  let sum = 0;
  for (const entry of entriesOf(archive, name)) {
    sum += entry.size;
    limit.check(sum);
    const isFolder = entry.name.endsWith("/");
    const isLink = (entry.mode & FORMAT) === LINK && entry.size <= MOST_TARGET;
    const bytes = isFolder ? new Uint8Array(0) : bytesOf(archive, entry);
    tree.add({
      name: entry.name,
      type: isFolder ? "directory" : isLink ? "symlink" : "file",
      // An archive of another system does not say which files are programs.
      mode: entry.mode === 0 ? 0o755 : entry.mode & 0o7777,
      uid: 0,
      gid: 0,
      mtime: 0,
      target: isLink ? ofBytes(bytes) : "",
      content: isFolder || isLink ? undefined : { size: bytes.length, read: reader(bytes) },
    });
  }
  return tree;
};
const reader =
  (bytes: Uint8Array) =>
  (offset: number, into: Uint8Array): number => {
    const part = bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  };
