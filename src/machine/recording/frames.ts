// The file of a recording: a line that names the format, then frames, written as the run goes. A frame has
// its length, a checksum, a kind and its bytes. The last ones may be missing or torn: what is before them is
// the recording of a shorter run.
import { Problem } from "../../problem.ts";

/** A frame: facts as JSON, or bytes that later facts name by their number among the bytes. */
export type Frame = { readonly facts: unknown } | { readonly bytes: Uint8Array };
/** What the format needs of the host: raw deflate, and the checksum of RFC 1952. */
export interface Codec {
  readonly deflate: (bytes: Uint8Array) => Uint8Array;
  /** Throws if the bytes are no deflated ones, or more than `most`. */
  readonly inflate: (bytes: Uint8Array, most: number) => Uint8Array;
  readonly crc32: (bytes: Uint8Array) => number;
}

const MAGIC = "trapgate recording 1\n";
const HEAD = 9;
const kinds = { facts: 1, bytes: 2 } as const;
/** The largest frame, unpacked. */
const MOST_FRAME = 2 ** 26;
/** All frames of a file together, unpacked. */
const MOST_FILE = 2 ** 31;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The first bytes of a recording. */
export const beginning = (): Uint8Array => encode(MAGIC);
/** True for a recording's first bytes. */
export const isRecording = (bytes: Uint8Array): boolean => new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length)) === MAGIC;

/** A frame as bytes. */
export const frameBytes = (frame: Frame, { deflate, crc32 }: Codec): Uint8Array => {
  const body = deflate("facts" in frame ? encode(JSON.stringify(frame.facts)) : frame.bytes);
  const made = new Uint8Array(HEAD + body.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, body.length, true);
  view.setUint8(8, "facts" in frame ? kinds.facts : kinds.bytes);
  made.set(body, HEAD);
  view.setUint32(4, crc32(made.subarray(8)), true);
  return made;
};

/**
 * The frames of a file. A torn end ends them. Throws a Problem for bytes that are no recording.
 *
 * @example
 * for (const frame of framesOf(bytes, codec)) if ("facts" in frame) console.log(frame.facts);
 */
export function* framesOf(bytes: Uint8Array, { inflate, crc32 }: Codec): Generator<Frame> {
  if (!isRecording(bytes)) throw new Problem("bad-recording", "it is no recording: its first line is another");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = MOST_FILE;
  for (let at = MAGIC.length; at + HEAD <= bytes.length; ) {
    const length = view.getUint32(at, true);
    const end = at + HEAD + length;
    if (end > bytes.length || crc32(bytes.subarray(at + 8, end)) !== view.getUint32(at + 4, true)) return;
    const body = bytes.subarray(at + HEAD, end);
    let unpacked: Uint8Array;
    try {
      unpacked = inflate(body, Math.min(MOST_FRAME, left));
    } catch (cause) {
      throw new Problem("bad-recording", `the frame at byte ${at} does not unpack, or is too large`, { cause });
    }
    left -= unpacked.length;
    if (view.getUint8(at + 8) === kinds.bytes) yield { bytes: unpacked };
    else yield { facts: factsOf(unpacked, at) };
    at = end;
  }
}
const factsOf = (bytes: Uint8Array, at: number): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new Problem("bad-recording", `the frame at byte ${at} has no facts`, { cause });
  }
};
