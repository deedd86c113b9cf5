// Compressed streams: gzip and zstd are recognised by their first bytes. RFC 1952, RFC 8878.
import { createHash } from "node:crypto";
import { pipeline, Readable, Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { Problem } from "../../problem.ts";
import { overLimit } from "./blob-file.ts";

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((b, i) => bytes[i] === b);

/** Bytes with at least `least` in the first chunk. */
async function* gathered(source: AsyncIterable<Uint8Array>, least: number): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of source) {
    if (first === undefined) yield chunk;
    else {
      const joined: Uint8Array = Buffer.concat([first, chunk]);
      first = joined;
      if (joined.length < least) continue;
      first = undefined;
      yield joined;
    }
  }
  if (first && first.length > 0) yield first;
}

/** fzstd pushes its output: it is collected per chunk of input, which bounds it to the ratio of one chunk. */
const zstd = (): Transform => {
  let out: Transform;
  const decoder = new Decompress((chunk) => void out.push(chunk));
  out = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        decoder.push(chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        decoder.push(new Uint8Array(0), true);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return out;
};
/** Small pieces of input limit the output of one piece of a bomb. */
const INPUT = 1 << 14;
async function* cut(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) for (let at = 0; at < chunk.length; at += INPUT) yield chunk.subarray(at, at + INPUT);
}

/**
 * The bytes without compression. More than `most` bytes are a Problem. `digest`: the sha256 of the input in
 * hex, which must match.
 */
export async function* unpacked(
  source: AsyncIterable<Uint8Array>,
  name: string,
  { most, digest }: { readonly most: number; readonly digest?: string | undefined },
): AsyncGenerator<Uint8Array> {
  const hash = digest === undefined ? undefined : createHash("sha256");
  const hashed = async function* () {
    for await (const chunk of gathered(source, ZSTD.length)) {
      hash?.update(chunk);
      yield chunk;
    }
  };
  const input = hashed();
  const { value: first, done } = await input.next();
  const all = async function* () {
    if (!done) yield first as Uint8Array;
    yield* input;
  };
  const decoder = done ? undefined : startsWith(first, GZIP) ? createGunzip() : startsWith(first, ZSTD) ? zstd() : undefined;
  const plain = decoder ? (pipeline(Readable.from(cut(all())), decoder, () => {}) as unknown as AsyncIterable<Uint8Array>) : all();
  let length = 0;
  try {
    for await (const chunk of plain) {
      length += chunk.length;
      if (length > most) throw overLimit(most);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem("bad-image", `${name} is damaged: ${(cause as Error).message}`, { cause });
  }
  if (hash && hash.digest("hex") !== digest)
    throw new Problem("bad-image", `${name} is damaged: its bytes do not have the digest sha256:${digest}`);
}
