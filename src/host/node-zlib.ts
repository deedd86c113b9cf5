// Compression of node:zlib: raw deflate (RFC 1951), and zstd (RFC 8878), which Node.js has from 22.15 and
// 23.8 on.

interface ZstdOptions {
  readonly params?: Readonly<Record<number, number>>;
  /** Bytes of output for which memory is taken at a time. */
  readonly chunkSize?: number;
  readonly maxOutputLength?: number;
}
/** The part of node:zlib that Node.js 20 has not. */
export interface Zstd {
  zstdCompressSync(bytes: Uint8Array, options?: ZstdOptions): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, options?: ZstdOptions): Uint8Array;
  readonly constants: { readonly [name in "ZSTD_c_compressionLevel" | "ZSTD_c_minMatch" | "ZSTD_c_hashLog"]: number };
}

/** The functions, if this Node.js has them. */
export const zstd = (): Zstd | undefined => {
  const zlib = process.getBuiltinModule("node:zlib") as object as Partial<Zstd>;
  return zlib.zstdCompressSync ? (zlib as Zstd) : undefined;
};

/** Undoes raw deflate. Throws if the bytes are none, or more than `length`. */
export const inflateRaw = (bytes: Uint8Array, length: number): Uint8Array => {
  const { inflateRawSync } = process.getBuiltinModule("node:zlib");
  // One chunk, without a copy. One byte more shows that the bytes end.
  const { buffer, byteOffset, byteLength } = inflateRawSync(bytes, { maxOutputLength: length, chunkSize: Math.max(64, length + 1) });
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
};
