// Compressed streams in a page: gzip and zstd are recognised by their first bytes. RFC 1952, RFC 8878.
// fflate and not DecompressionStream: layers of eStargz have many members, at which browsers stop.
import { Gunzip } from "fflate";
import { Decompress } from "fzstd";
import type { Unpack } from "../../image/store.ts";
import { Problem } from "../../problem.ts";
import { overLimit } from "./memory-store.ts";

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
/** True if the bytes begin with `magic`. */
export const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);

/**
 * Bytes of input unpacked at a time. The output of one piece stays small: Deflate's ratio is at most 1032.
 */
const INPUT = 1 << 14;
/**
 * The largest accepted window of a zstd frame, as a base-2 logarithm. fzstd keeps the window. RFC 8878 asks
 * for 8 MiB.
 */
const MOST_WINDOW = 27;

interface Decoder {
  push(bytes: Uint8Array, last: boolean): void;
}

/** The window of the first zstd frame. RFC 8878 3.1.1.1.2. */
const checkWindow = (bytes: Uint8Array): void => {
  const isSingle = ((bytes[4] ?? 0) & 0x20) !== 0;
  if (!isSingle && ((bytes[5] ?? 0) >> 3) + 10 > MOST_WINDOW) throw new Error("its window is larger than 128 MiB");
};
const decoderOf = (first: Uint8Array, out: (chunk: Uint8Array) => void): Decoder | undefined => {
  if (startsWith(first, GZIP)) return new Gunzip(out);
  if (!startsWith(first, ZSTD)) return undefined;
  checkWindow(first);
  return new Decompress(out);
};

/** Bytes with at least `least` in the first chunk. */
async function* gathered(source: AsyncIterable<Uint8Array>, least: number): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of source) {
    if (first === undefined) {
      yield chunk;
      continue;
    }
    const joined: Uint8Array = new Uint8Array(first.length + chunk.length);
    joined.set(first);
    joined.set(chunk, first.length);
    first = joined;
    if (joined.length < least) continue;
    first = undefined;
    yield joined;
  }
  if (first && first.length > 0) yield first;
}

async function* plain(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  let decoder: Decoder | undefined;
  let isFirst = true;
  for await (const chunk of gathered(source, 8)) {
    if (isFirst) decoder = decoderOf(chunk, (bytes) => ready.push(bytes));
    isFirst = false;
    if (!decoder) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length; at += INPUT) {
      decoder.push(chunk.subarray(at, at + INPUT), false);
      yield* ready.splice(0);
    }
  }
  decoder?.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}

const digestOf = async (chunks: readonly Uint8Array[]): Promise<string> => {
  const { subtle } = globalThis.crypto;
  if (!subtle)
    throw new Problem("bad-image", "digests of layers cannot be checked here", { help: "serve the page by https, or from localhost" });
  const sum = await subtle.digest(
    "SHA-256",
    new Uint8Array(await new Blob(chunks as readonly Uint8Array<ArrayBuffer>[] as never).arrayBuffer()),
  );
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** The bytes without compression. */
export const unpacked: Unpack = async function* (source, name, { most, digest }) {
  const kept: Uint8Array[] = [];
  let taken = 0;
  const input = async function* () {
    for await (const chunk of source) {
      taken += chunk.length;
      if (taken > most) throw overLimit(most);
      if (digest !== undefined) kept.push(chunk);
      yield chunk;
    }
  };
  let length = 0;
  try {
    for await (const chunk of plain(input())) {
      length += chunk.length;
      if (length > most) throw overLimit(most);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem("bad-image", `${name} is damaged: ${(cause as Error).message}`, { cause });
  }
  if (digest !== undefined && (await digestOf(kept)) !== digest)
    throw new Problem("bad-image", `${name} is damaged: its bytes do not have the digest sha256:${digest}`);
};
