// LZ4's block format, the packing half: the shortest parse among the longest matches of each place. The core
// unpacks it (src/wasm/unpack.ts). https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

const MIN_MATCH = 4;
/** The format wants the last bytes as literals: a match must start so far before the end. */
const MARGIN = 12;
const LAST_LITERALS = 5;
const MAX_DISTANCE = 0xffff;
/** Earlier places that are tried for a match. */
const CANDIDATES = 64;
/** A match of this length is taken whole: no parse gains more than a byte by a part of it. */
const LONG = 64;

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

interface Matches {
  /** The longest match of each place, 0 for none, and how far back it lies. */
  readonly lengths: Int32Array;
  readonly distances: Uint16Array;
}
const longestMatches = (bytes: Uint8Array): Matches => {
  const end = bytes.length;
  const lengths = new Int32Array(end);
  const distances = new Uint16Array(end);
  const last = new Int32Array(1 << 16).fill(-1);
  const before = new Int32Array(end);
  for (let at = 0; at < end - MARGIN; at++) {
    const h = hash(bytes, at);
    before[at] = last[h] as number;
    last[h] = at;
    // A place in a long match of the place before has the rest of it.
    const inherited = at > 0 ? (lengths[at - 1] as number) - 1 : 0;
    let most = inherited >= LONG ? inherited : MIN_MATCH - 1;
    let distance = distances[at - 1] as number;
    for (let n = 0, c = before[at] as number; inherited < LONG && n < CANDIDATES && c >= 0 && at - c <= MAX_DISTANCE; n++) {
      if (bytes[c + most] === bytes[at + most]) {
        const length = matchLength(bytes, c, at, end - LAST_LITERALS);
        if (length > most) [most, distance] = [length, at - c];
      }
      c = before[c] as number;
    }
    if (most < MIN_MATCH) continue;
    lengths[at] = most;
    distances[at] = distance;
  }
  return { lengths, distances };
};

/** Bytes of a length beyond its four bits. */
const extra = (n: number): number => (n < 15 ? 0 : 1 + Math.floor((n - 15) / 255));

/** The length of the match that the shortest parse takes at each place, 0 for a literal. */
const shortestParse = ({ lengths }: Matches): Int32Array => {
  const end = lengths.length;
  const costs = new Float64Array(end + 1);
  const taken = new Int32Array(end);
  for (let at = end - 1; at >= 0; at--) {
    let best = 1 + (costs[at + 1] as number);
    const longest = lengths[at] as number;
    for (let length = longest >= LONG ? longest : MIN_MATCH; length <= longest; length++) {
      // A token and a distance.
      const cost = 3 + extra(length - MIN_MATCH) + (costs[at + length] as number);
      if (cost > best) continue;
      best = cost;
      taken[at] = length;
    }
    costs[at] = best;
  }
  return taken;
};

/** The bytes in LZ4's block format. */
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
  const matches = longestMatches(bytes);
  const taken = shortestParse(matches);
  let literal = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = taken[at] as number;
    if (length === 0) {
      at++;
      continue;
    }
    sequence(literal, at, matches.distances[at] as number, length);
    at += length;
    literal = at;
  }
  sequence(literal, bytes.length, 0, 0);
  return Uint8Array.from(out);
};
