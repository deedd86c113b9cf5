// The gzip format with blocks that are not compressed: the kernel has no compressor, and its texts are short.
// RFC 1952, RFC 1951 3.2.4.
const STORED_MAX = 0xffff;

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return ~crc >>> 0;
};

/** The bytes as a gzip file. */
export const gzip = (bytes: Uint8Array): Uint8Array => {
  const blocks = Math.max(1, Math.ceil(bytes.length / STORED_MAX));
  const out = new Uint8Array(10 + blocks * 5 + bytes.length + 8);
  const view = new DataView(out.buffer);
  // Method 8, no flags, no time; the system is Unix.
  out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  let at = 10;
  for (let n = 0; n < blocks; n++) {
    const block = bytes.subarray(n * STORED_MAX, (n + 1) * STORED_MAX);
    out[at] = n === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, block.length, true);
    view.setUint16(at + 3, ~block.length & 0xffff, true);
    out.set(block, at + 5);
    at += 5 + block.length;
  }
  view.setUint32(at, crc32(bytes), true);
  view.setUint32(at + 4, bytes.length, true);
  return out;
};
