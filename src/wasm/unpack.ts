// Generated code is carried as base64 of LZ4 blocks, which keeps the sources small. The decoder below is
// synchronous and needs no platform support; a DecompressionStream has to be awaited.
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

/** Decodes base64. A plain loop, because V8 has no compiled code yet when a start reaches this. */
export const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};
/** Decodes one LZ4 block into a buffer of its unpacked size. Plain loops, because most copies are short. */
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
    // Copied byte by byte: a match may overlap its own output, which repeats it.
    for (const end = to + n + 4; to < end; to++) out[to] = out[to - distance] as number;
  }
};

/** Decodes a text of the form "SIZE:BASE64", with the unpacked size in bytes. */
export const unpack = (text: string): Uint8Array<ArrayBuffer> => {
  const colon = text.indexOf(":");
  const packed = bytesOf(text.slice(colon + 1));
  const out = new Uint8Array(Number(text.slice(0, colon)));
  unpackBlock(packed, out);
  return out;
};
