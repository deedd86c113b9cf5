// Compressed streams: gzip and zstd are recognised by their first bytes. RFC 1952, RFC 8878.
import { Decompress } from "fzstd";
import type { WorkBudget } from "../budget.ts";
import { Problem } from "../problem.ts";
import type { UnpackLimit } from "./limit.ts";
import { checkWindow, type PushDecoder } from "./zstd.ts";

/** A digest that is computed piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** In hex. */
  done(): string | Promise<string>;
}
/** Parts of the system: Node.js and browsers have their own. */
export interface Codecs {
  readonly gunzip: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  readonly sha256: () => Sha256;
}
/** The sha256 in hex that the packed bytes of a part must have, or its unpacked ones. */
export type ExpectedHash = { readonly packed: string } | { readonly unpacked: string } | undefined;

/** Limits and means of the whole image. */
export interface Unpacking {
  readonly codecs: Codecs;
  readonly limit: UnpackLimit;
  readonly budget: WorkBudget;
}

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
/** True if the bytes begin with `magic`. */
export const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);

/** First bytes that tell the compression and the window of zstd. */
const HEAD = 8;
/** Bytes of input unpacked at a time: the output of one piece of a bomb stays small. */
const INPUT = 1 << 14;
/** Small pieces of the bytes, of which the first has at least `HEAD`. */
async function* pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of source) {
    let next = chunk;
    if (first) {
      next = new Uint8Array(first.length + chunk.length);
      next.set(first);
      next.set(chunk, first.length);
      first = next.length < HEAD ? next : undefined;
      if (first) continue;
    }
    for (let at = 0; at < next.length; at += INPUT) yield next.subarray(at, at + INPUT);
  }
  if (first && first.length > 0) yield first;
}
/** The output of a decoder, collected for each piece of input. */
export async function* pushed(
  source: AsyncIterable<Uint8Array>,
  make: (out: (chunk: Uint8Array) => void) => PushDecoder,
): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const decoder = make((bytes) => ready.push(bytes));
  for await (const chunk of source) {
    decoder.push(chunk, false);
    yield* ready.splice(0);
  }
  decoder.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
async function* plain(source: AsyncIterable<Uint8Array>, { gunzip }: Codecs): AsyncGenerator<Uint8Array> {
  const input = pieces(source);
  const { value: first, done } = await input.next();
  if (done) return;
  const all = joined(first, input);
  if (startsWith(first, GZIP)) yield* gunzip(all);
  else if (startsWith(first, ZSTD)) {
    checkWindow(first);
    yield* pushed(all, (out) => new Decompress(out));
  } else yield* all;
}

/**
 * The bytes of a part of an image without compression. `name` is that of messages.
 *
 * @throws {Problem} The part is damaged, does not have the expected digest, or a limit is reached.
 */
export async function* unpacked(
  source: AsyncIterable<Uint8Array>,
  name: string,
  { codecs, limit, budget }: Unpacking,
  expected?: ExpectedHash,
): AsyncGenerator<Uint8Array> {
  const digest = expected && codecs.sha256();
  const isOfPacked = expected !== undefined && "packed" in expected;
  const input = async function* () {
    for await (const chunk of source) {
      if (isOfPacked) digest?.update(chunk);
      yield chunk;
    }
  };
  let length = 0;
  try {
    for await (const chunk of plain(input(), codecs)) {
      budget.check();
      limit.check((length += chunk.length));
      if (!isOfPacked) digest?.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    // An aborted reader ends by its reason.
    budget.check();
    throw new Problem("bad-image", `${name} is damaged: ${(cause as Error).message}`, { cause });
  }
  const wanted = expected && ("packed" in expected ? expected.packed : expected.unpacked);
  if (digest && (await digest.done()) !== wanted)
    throw new Problem("bad-image", `${name} is damaged: its bytes do not have the digest sha256:${wanted}`);
}
