// The parts of an image: its configuration and its layers. docker save's archives; OCI image specification,
// "Image Layout".
import { Problem } from "../problem.ts";
import { dockerManifest, index, manifest, parsed } from "./schema.ts";
import type { BlobStore, Piece } from "./store.ts";

/** More is refused. */
export const MOST_JSON = 1 << 22;

/** Where the parts of an image are found by name. */
export interface Source {
  /** The bytes of a part; undefined: there is none. */
  chunks(name: string): AsyncIterable<Uint8Array> | undefined;
  text(name: string): string | undefined;
}
/** The parts of an archive that lies in a store. */
export const ofArchive = (blobs: BlobStore, parts: ReadonlyMap<string, Piece>): Source => ({
  chunks: (name) => {
    const piece = parts.get(name);
    return piece && blobs.chunks(piece);
  },
  text: (name) => {
    const piece = parts.get(name);
    if (!piece || piece.size > MOST_JSON) return undefined;
    const bytes = new Uint8Array(piece.size);
    blobs.read(piece.at, bytes);
    return new TextDecoder().decode(bytes);
  },
});

/** The parts of an image. */
export interface Parts {
  readonly config: string;
  /** Names of the layers' archives and their digests, the lowest layer first. */
  readonly layers: readonly { readonly name: string; readonly digest: string | undefined }[];
}
const blobName = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
const hexOf = (digest: string): string => digest.slice("sha256:".length);

const wantedText = (source: Source, name: string): string => {
  const text = source.text(name);
  if (text === undefined) throw new Problem("bad-image", `the image has no ${name}, or it is larger than ${MOST_JSON} bytes`);
  return text;
};
const ofDocker = (source: Source, text: string): Parts => {
  const [first] = parsed(dockerManifest, text, "manifest.json");
  const { Config, Layers } = first as { Config: string; Layers: string[] };
  return { config: wantedText(source, Config), layers: Layers.map((name) => ({ name, digest: undefined })) };
};
const ofLayout = (source: Source, text: string): Parts => {
  let found = parsed(index, text, "index.json");
  for (let depth = 0; depth < 8; depth++) {
    const fits = found.manifests.find(({ platform }) => platform?.architecture === "amd64" && platform.os === "linux");
    const chosen = fits ?? found.manifests[0];
    const inner = wantedText(source, blobName((chosen as { digest: string }).digest));
    const isIndex = /"manifests"\s*:/.test(inner) && !/"layers"\s*:/.test(inner);
    if (!isIndex) {
      const { config, layers } = parsed(manifest, inner, "the manifest");
      return {
        config: wantedText(source, blobName(config.digest)),
        layers: layers.map(({ digest }) => ({ name: blobName(digest), digest: hexOf(digest) })),
      };
    }
    found = parsed(index, inner, "the index");
  }
  throw new Problem("bad-image", "the indexes of the image lead into each other");
};
/** The parts of an image, or undefined: the archive is a root directory. */
export const partsOf = (source: Source): Parts | undefined => {
  const layout = source.text("index.json");
  if (layout !== undefined && source.text("oci-layout") !== undefined) return ofLayout(source, layout);
  const docker = source.text("manifest.json");
  return docker === undefined ? undefined : ofDocker(source, docker);
};
