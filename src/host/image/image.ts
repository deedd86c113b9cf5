// Images as roots of a machine: docker save's archives, OCI layouts (archives or directories), and tar archives of a root directory.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TarHeader } from "modern-tar";
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import { Problem } from "../../problem.ts";
import { BlobFile, type Piece } from "./blob-file.ts";
import { type LayerEntry, LayerTree } from "./layer-tree.ts";
import { type Configuration, configuration, dockerManifest, index, manifest, parsed } from "./schema.ts";
import { entries, unpacked } from "./unpack.ts";

/** An opened image. */
export interface Image {
  readonly tree: HostTree;
  /** How its program starts; a plain tar archive has none. */
  readonly start: ImageStart;
  /** Ends the use of its temporary file. */
  close(): void;
}
/** What the configuration says, with names of users resolved in the image. */
export interface ImageStart {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

const MOST_JSON = 1 << 22;
/** More than an image has; the entries of an outer archive are layers and JSON. */
const MOST_BLOBS = 10_000;
/** The default limit of all that an image unpacks to. */
export const MOST_BYTES = 16 * 2 ** 30;

/** Names as byte strings: one character a byte. */
const byteString = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text.slice(0, 1 << 16)));
const kinds = new Set(["file", "directory", "symlink", "link", "fifo", "character-device", "block-device"]);
const entryOf = (header: TarHeader, content: LayerEntry["content"]): LayerEntry => ({
  name: byteString(header.name),
  type: (header.type ?? "file") as LayerEntry["type"],
  mode: header.mode ?? 0o755,
  uid: header.uid ?? 0,
  gid: header.gid ?? 0,
  mtime: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
  target: byteString(header.linkname ?? ""),
  content,
});

/** Where the parts of an image are found by name. */
interface Source {
  /** The bytes of a part; undefined: there is none. */
  chunks(name: string): AsyncIterable<Uint8Array> | undefined;
  text(name: string): string | undefined;
}
const ofDirectory = (folder: string): Source => {
  const file = (name: string): string | undefined => {
    const path = join(folder, name);
    return existsSync(path) && statSync(path).isFile() ? path : undefined;
  };
  return {
    chunks: (name) => {
      const path = file(name);
      return path === undefined ? undefined : createReadStream(path);
    },
    text: (name) => {
      const path = file(name);
      return path === undefined || statSync(path).size > MOST_JSON ? undefined : readFileSync(path, "utf8");
    },
  };
};
const ofArchive = (blobs: BlobFile, parts: ReadonlyMap<string, Piece>): Source => ({
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

/** Adds one archive as the next layer. */
const addLayer = async (tree: LayerTree, blobs: BlobFile, source: AsyncIterable<Uint8Array>, name: string): Promise<void> => {
  tree.nextLayer();
  for await (const { header, body } of entries(source, name)) {
    if (!kinds.has(header.type ?? "file")) {
      for await (const _ of body);
      continue;
    }
    const piece = await stored(blobs, body);
    tree.add(entryOf(header, (header.type ?? "file") === "file" ? blobs.content(piece) : undefined));
  }
};
const stored = async (blobs: BlobFile, body: AsyncIterable<Uint8Array>): Promise<Piece> => {
  const at = blobs.size;
  for await (const chunk of body) blobs.append(chunk);
  return { at, size: blobs.size - at };
};

interface Parts {
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
const partsOf = (source: Source): Parts | undefined => {
  const layout = source.text("index.json");
  if (layout !== undefined && source.text("oci-layout") !== undefined) return ofLayout(source, layout);
  const docker = source.text("manifest.json");
  return docker === undefined ? undefined : ofDocker(source, docker);
};

/** `name`, `name:group`, ids, or both: of the image's own /etc/passwd and /etc/group. man 5 passwd. */
const userOf = (tree: LayerTree, user: string): { uid: number; gid: number; home: string | undefined } | undefined => {
  if (user === "") return undefined;
  const [name = "", group] = user.split(":");
  const lines = (file: string): string[][] => (tree.text(file, MOST_JSON) ?? "").split("\n").map((line) => line.split(":"));
  const isId = (text: string): boolean => /^\d{1,9}$/.test(text);
  const entry = lines("etc/passwd").find(([login, , uid]) => (isId(name) ? uid === name : login === name));
  if (!entry && !isId(name))
    throw new Problem("bad-image", `the image's user ${JSON.stringify(name)} is not in its /etc/passwd`, { help: "--uid N sets one" });
  let gid = Number(entry?.[3] ?? (isId(name) ? 0 : Number.NaN));
  if (group !== undefined && group !== "") {
    const found = isId(group) ? group : lines("etc/group").find(([one]) => one === group)?.[2];
    if (found === undefined) throw new Problem("bad-image", `the image's group ${JSON.stringify(group)} is not in its /etc/group`);
    gid = Number(found);
  }
  return { uid: Number(entry?.[2] ?? name), gid: Number.isInteger(gid) ? gid : 0, home: entry?.[5] };
};

const startOf = (tree: LayerTree, { config }: Configuration): ImageStart => {
  const user = userOf(tree, config?.User ?? "");
  const env = Object.fromEntries(
    (config?.Env ?? []).flatMap((entry) => {
      const at = entry.indexOf("=");
      return at < 1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
  return {
    env: { HOME: user?.home ?? "/root", ...env },
    entrypoint: config?.Entrypoint ?? [],
    command: config?.Cmd ?? [],
    cwd: config?.WorkingDir || undefined,
    uid: user?.uid,
    gid: user?.gid,
  };
};

/**
 * Opens an image: a file of docker save or an OCI archive, a directory with an OCI layout, or a tar archive of a root directory, each
 * with gzip, zstd or no compression.
 *
 * @throws {Problem} The image is damaged, leads out of itself, or unpacks to more than `most` bytes.
 */
export const openImage = async (path: string, most = MOST_BYTES): Promise<Image> => {
  if (!existsSync(path)) throw new Problem("bad-image", `--image: there is no ${path}`);
  const blobs = new BlobFile(most);
  try {
    const tree = new LayerTree();
    const isDirectory = statSync(path).isDirectory();
    const source = isDirectory ? ofDirectory(path) : await readArchive(path, tree, blobs, most);
    const parts = source && partsOf(source);
    if (isDirectory && !parts)
      throw new Problem("bad-image", `--image: ${path} is no OCI layout`, {
        help: "--root DIR takes a directory with the files themselves",
      });
    if (!source || !parts) return { tree, start: startOf(tree, {}), close: () => blobs.close() };
    for (const { name, digest } of parts.layers) {
      const chunks = source.chunks(name);
      if (!chunks) throw new Problem("bad-image", `the image has no ${name}`);
      await addLayer(tree, blobs, unpacked(chunks, name, { most, digest }), name);
    }
    const config = parsed(configuration, parts.config, "the configuration");
    return { tree, start: startOf(tree, config), close: () => blobs.close() };
  } catch (error) {
    blobs.close();
    throw error;
  }
};

/** Names that only the outer archive of an image has. */
const isPart = (name: string): boolean =>
  /^(\.\/?)?(|manifest\.json|index\.json|oci-layout|repositories|blobs(\/.*)?|[0-9a-f]{64}(\/.*|\.json|\.tar)?)$/.test(name);

/**
 * Reads a tar archive. If it is an image, the result has its parts; else its files are in the tree, and the result is undefined. The
 * first entry that no image has decides.
 */
const readArchive = async (path: string, tree: LayerTree, blobs: BlobFile, most: number): Promise<Source | undefined> => {
  const parts = new Map<string, Piece>();
  let isImage = true;
  const kept: LayerEntry[] = [];
  tree.nextLayer();
  for await (const { header, body } of entries(unpacked(createReadStream(path), path, { most }), path)) {
    const type = header.type ?? "file";
    const piece = await stored(blobs, body);
    if (!kinds.has(type)) continue;
    const entry = entryOf(header, type === "file" ? blobs.content(piece) : undefined);
    if (isImage && (!isPart(header.name) || kept.length > MOST_BLOBS)) {
      isImage = false;
      for (const one of kept) tree.add(one);
    }
    if (!isImage) {
      tree.add(entry);
      continue;
    }
    kept.push(entry);
    const name = header.name.replace(/^\.\//, "");
    if (type === "file") parts.set(name, piece);
    // docker save links equal layers.
    else if (type === "symlink" || type === "link") {
      const target = parts.get(join(type === "link" ? "" : join(name, ".."), header.linkname ?? ""));
      if (target) parts.set(name, target);
    }
  }
  const source = ofArchive(blobs, parts);
  if (isImage && (parts.has("manifest.json") || parts.has("index.json"))) return source;
  if (isImage) for (const one of kept) tree.add(one);
  return undefined;
};
