// CRC32 (SDM Vol. 2A): the Castagnoli polynomial, bit-reversed, over the low bytes of data.

const POLYNOMIAL: u32 = 0x82f63b78;

/** The new CRC after the low `bytes` bytes of `data`. */
export function crc32c(crc: i64, data: i64, bytes: i64): i64 {
  let c = u32(crc);
  let d = u64(data);
  for (let n = i32(bytes); n > 0; n--) {
    c ^= u32(d & 0xff);
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (POLYNOMIAL & (0 - (c & 1)));
    d >>= 8;
  }
  return i64(c);
}
