// The parts of an image: its configuration and its layers. docker save's archives; OCI image specification,
// "Image Layout".
import { Problem } from "../problem.ts";
import { configuration, dockerManifest, index, manifest, parsed } from "./schema.ts";
import type { BlobStore, Piece } from "./store.ts";
import type { ExpectedHash, Sha256 } from "./unpack.ts";

/** More is refused. */
export const MOST_JSON = 1 << 22;

/** Where the parts of an image are found by name. */
export interface PartSource {
  /** The bytes of a part; undefined: there is none. */
  chunks(name: string): AsyncIterable<Uint8Array> | undefined;
  /** The bytes of JSON; undefined: there is none, or it has more than MOST_JSON bytes. */
  json(name: string): Uint8Array | undefined;
}
/** The parts of an archive that lies in a store. */
export const ofArchive = (blobs: BlobStore, parts: ReadonlyMap<string, Piece>): PartSource => ({
  chunks: (name) => {
    const piece = parts.get(name);
    return piece && blobs.chunks(piece);
  },
  json: (name) => {
    const piece = parts.get(name);
    if (!piece || piece.size > MOST_JSON) return undefined;
    const bytes = new Uint8Array(piece.size);
    blobs.read(piece.at, bytes);
    return bytes;
  },
});

/** The parts of an image. */
export interface ImageParts {
  readonly config: string;
  /** Names of the layers' archives and their digests, the lowest layer first. */
  readonly layers: readonly { readonly name: string; readonly expected: ExpectedHash }[];
}
/** A part by its digest, in an OCI layout and in newer archives of docker save. */
const blobName = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
const hexOf = (digest: string): string => digest.slice("sha256:".length);
/** The digest in the name of a configuration of docker save. moby image/spec/v1.2.md */
const hexInName = (name: string): string | undefined => /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];

/** Reads parts that are JSON, and checks their digests. */
class JsonParts {
  readonly #source: PartSource;
  readonly #sha256: () => Sha256;

  constructor(source: PartSource, sha256: () => Sha256) {
    this.#source = source;
    this.#sha256 = sha256;
  }
  has(name: string): boolean {
    return this.#source.json(name) !== undefined;
  }
  /** @throws {Problem} It is absent, too large, or does not have the digest. */
  async text(name: string, hex?: string): Promise<string> {
    const bytes = this.#source.json(name);
    if (bytes === undefined) throw new Problem("bad-image", `the image has no ${name}, or it is larger than ${MOST_JSON} bytes`);
    const sum = this.#sha256();
    sum.update(bytes);
    if (hex !== undefined && (await sum.done()) !== hex)
      throw new Problem("bad-image", `${name} is damaged: its bytes do not have the digest sha256:${hex}`);
    return new TextDecoder().decode(bytes);
  }
}

/** docker save's layers have the digests that the configuration lists of their unpacked bytes. */
const ofDocker = async (json: JsonParts): Promise<ImageParts> => {
  const [first] = parsed(dockerManifest, await json.text("manifest.json"), "manifest.json");
  const { Config, Layers } = first as { Config: string; Layers: string[] };
  const config = await json.text(Config, hexInName(Config));
  const digests = parsed(configuration, config, "the configuration").rootfs?.diff_ids;
  if (digests && digests.length !== Layers.length)
    throw new Problem("bad-image", `the image has ${Layers.length} layers, and its configuration lists ${digests.length}`);
  return {
    config,
    layers: Layers.map((name, i) => {
      const digest = digests?.[i];
      return { name, expected: digest === undefined ? undefined : { unpacked: hexOf(digest) } };
    }),
  };
};
const ofLayout = async (json: JsonParts): Promise<ImageParts> => {
  let found = parsed(index, await json.text("index.json"), "index.json");
  for (let depth = 0; depth < 8; depth++) {
    const fits = found.manifests.find(({ platform }) => platform?.architecture === "amd64" && platform.os === "linux");
    const { digest } = (fits ?? found.manifests[0]) as { digest: string };
    const inner = await json.text(blobName(digest), hexOf(digest));
    const isIndex = /"manifests"\s*:/.test(inner) && !/"layers"\s*:/.test(inner);
    if (!isIndex) {
      const { config, layers } = parsed(manifest, inner, "the manifest");
      return {
        config: await json.text(blobName(config.digest), hexOf(config.digest)),
        layers: layers.map((layer) => ({ name: blobName(layer.digest), expected: { packed: hexOf(layer.digest) } })),
      };
    }
    found = parsed(index, inner, "the index");
  }
  throw new Problem("bad-image", "the indexes of the image lead into each other");
};
/** The parts of an image, or undefined: the archive is a root directory. */
export const partsOf = async (source: PartSource, sha256: () => Sha256): Promise<ImageParts | undefined> => {
  const json = new JsonParts(source, sha256);
  if (json.has("index.json") && json.has("oci-layout")) return ofLayout(json);
  return json.has("manifest.json") ? ofDocker(json) : undefined;
};
