// A zip archive of a few files, deflated. PKWARE APPNOTE.TXT 4.3; without zip64, encryption and dates.
import { crc32, deflateRawSync } from "node:zlib";

/** Version 2.0 of the format: deflate. Names are UTF-8 (bit 11). 1 January 1980. */
const VERSION = 20;
const UTF8 = 0x800;
const DEFLATED = 8;
const DATE = 0x21;

/** The common part of a file's local header and of its entry in the directory. */
const fields = (packed: Uint8Array, bytes: Uint8Array, name: Buffer): Buffer => {
  const out = Buffer.alloc(26);
  for (const [n, value] of [VERSION, UTF8, DEFLATED, 0, DATE].entries()) out.writeUInt16LE(value, 2 * n);
  out.writeUInt32LE(crc32(bytes), 10);
  out.writeUInt32LE(packed.length, 14);
  out.writeUInt32LE(bytes.length, 18);
  out.writeUInt16LE(name.length, 22);
  return out;
};

/** The bytes of an archive with these files. */
export const zip = (files: Readonly<Record<string, Uint8Array>>): Buffer => {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [path, bytes] of Object.entries(files)) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(bytes, { level: 9 });
    const common = fields(packed, bytes, name);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, name, packed]);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([VERSION, 0]), common, entry, name]));
    parts.push(local);
    at += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
};
