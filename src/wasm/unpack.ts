// Generated code travels as base64 of LZ4 blocks: a sixth of its size in the source, and unpacked in a few milliseconds by the lines
// below, at once and everywhere (a DecompressionStream takes 30 ms to wake up in Node, and has to be awaited).
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

/** The bytes that base64 stands for. A plain loop: V8 has compiled nothing yet when a start comes here. */
export const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};
/** One LZ4 block whose unpacked size is known. Plain loops: most copies are short. */
const unpackBlock = (packed: Uint8Array, out: Uint8Array): void => {
  let from = 0;
  let to = 0;
  while (from < packed.length) {
    const token = packed[from++] as number;
    let n = token >> 4;
    if (n === 15) {
      for (; packed[from] === 255; from++) n += 255;
      n += packed[from++] as number;
    }
    for (const end = to + n; to < end; ) out[to++] = packed[from++] as number;
    if (from >= packed.length) break;
    const distance = (packed[from] as number) | ((packed[from + 1] as number) << 8);
    from += 2;
    n = token & 15;
    if (n === 15) {
      for (; packed[from] === 255; from++) n += 255;
      n += packed[from++] as number;
    }
    // Byte by byte, since a match may run into what it produces: then it repeats.
    for (const end = to + n + 4; to < end; to++) out[to] = out[to - distance] as number;
  }
};

/** "SIZE:BASE64". */
export const unpack = (text: string): Uint8Array<ArrayBuffer> => {
  const colon = text.indexOf(":");
  const packed = bytesOf(text.slice(colon + 1));
  const out = new Uint8Array(Number(text.slice(0, colon)));
  unpackBlock(packed, out);
  return out;
};
