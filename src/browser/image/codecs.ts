// Decompression and digests in a page. fflate and not DecompressionStream: layers of eStargz have many
// members, at which browsers stop.
import { Gunzip } from "fflate";
import { type Codecs, pushed, type Sha256 } from "../../image/unpack.ts";
import { Problem } from "../../problem.ts";

/** Browsers digest whole buffers, so the bytes are collected. */
const sha256 = (): Sha256 => {
  const chunks: Uint8Array[] = [];
  return {
    update: (bytes) => void chunks.push(bytes),
    async done() {
      const { subtle } = globalThis.crypto;
      if (!subtle)
        throw new Problem("bad-image", "digests of layers cannot be checked here", { help: "serve the page by https, or from localhost" });
      const whole = await new Blob(chunks as readonly Uint8Array<ArrayBuffer>[] as never).arrayBuffer();
      const sum = await subtle.digest("SHA-256", new Uint8Array(whole));
      return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  };
};

/** Those of a page. */
export const codecs: Codecs = {
  gunzip: (source) => pushed(source, (out) => new Gunzip(out)),
  sha256,
};
