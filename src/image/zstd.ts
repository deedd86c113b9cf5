// zstd for hosts that have none of their own. RFC 8878.
import { Decompress } from "fzstd";

/**
 * The largest accepted window as a base-2 logarithm. The decoder keeps it. RFC 8878 recommends 8 MiB.
 */
const MOST_WINDOW = 27;

/** A decoder that pushes its output. */
export interface PushDecoder {
  push(bytes: Uint8Array, last: boolean): void;
}
/** Throws if the window of the first frame is too large. RFC 8878 3.1.1.1.2. */
export const checkWindow = (bytes: Uint8Array): void => {
  const isSingle = ((bytes[4] ?? 0) & 0x20) !== 0;
  if (!isSingle && ((bytes[5] ?? 0) >> 3) + 10 > MOST_WINDOW) throw new Error("its window is larger than 128 MiB");
};

/** The output of a decoder in one piece. Throws if it has more than `most` bytes. */
export const unpackedBy = (make: (out: (part: Uint8Array) => void) => PushDecoder, bytes: Uint8Array, most: number): Uint8Array => {
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = make((part) => {
    size += part.length;
    if (size > most) throw new Error("too large");
    parts.push(part);
  });
  stream.push(bytes, true);
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
/** The bytes of zstd's frames. Throws if they are no frames, or have more than `most` bytes. */
export const unzstd = (bytes: Uint8Array, most: number): Uint8Array => {
  checkWindow(bytes);
  return unpackedBy((out) => new Decompress(out), bytes, most);
};
