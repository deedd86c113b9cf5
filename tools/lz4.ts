// LZ4's block format, the packing half: greedy, one candidate a hash. The core unpacks it
// (src/wasm/unpack.ts). https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

const MIN_MATCH = 4;
/** The format wants the last bytes as literals: a match must start so far before the end. */
const MARGIN = 12;
const LAST_LITERALS = 5;
const MAX_DISTANCE = 0xffff;

const hash = (bytes: Uint8Array, at: number): number => {
  const word =
    (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
  return Math.imul(word, 0x9e37_79b1) >>> 16;
};
const matchLength = (bytes: Uint8Array, a: number, b: number, end: number): number => {
  let n = 0;
  while (b + n < end && bytes[a + n] === bytes[b + n]) n++;
  return n;
};

export const pack = (bytes: Uint8Array): Uint8Array => {
  const out: number[] = [];
  const more = (n: number): void => {
    for (; n >= 255; n -= 255) out.push(255);
    out.push(n);
  };
  const sequence = (from: number, to: number, distance: number, length: number): void => {
    const literals = to - from;
    const matched = length - MIN_MATCH;
    out.push((Math.min(literals, 15) << 4) | (length === 0 ? 0 : Math.min(matched, 15)));
    if (literals >= 15) more(literals - 15);
    for (let i = from; i < to; i++) out.push(bytes[i] as number);
    if (length === 0) return;
    out.push(distance & 0xff, distance >> 8);
    if (matched >= 15) more(matched - 15);
  };
  const seen = new Int32Array(1 << 16).fill(-1);
  const end = bytes.length;
  let literal = 0;
  for (let at = 0; at < end - MARGIN; ) {
    const h = hash(bytes, at);
    const candidate = seen[h] as number;
    seen[h] = at;
    const length = candidate >= 0 && at - candidate <= MAX_DISTANCE ? matchLength(bytes, candidate, at, end - LAST_LITERALS) : 0;
    if (length < MIN_MATCH) {
      at++;
      continue;
    }
    sequence(literal, at, at - candidate, length);
    at += length;
    literal = at;
  }
  sequence(literal, end, 0, 0);
  return Uint8Array.from(out);
};
