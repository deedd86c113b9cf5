// Decompression and digests of Node.js.
import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Codecs } from "../../image/unpack.ts";

/** Those of Node.js. */
export const codecs: Codecs = {
  // The iteration throws the error of the pipeline.
  gunzip: (source) => pipeline(Readable.from(source), createGunzip(), () => {}) as unknown as AsyncIterable<Uint8Array>,
  sha256: () => {
    const hash = createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), done: () => hash.digest("hex") };
  },
};
