// Reads an image into a tree: docker save's archives, OCI layouts, and tar archives of a root directory.
import type { TarHeader } from "modern-tar";
import { ofText } from "../kernel/base/byte-string.ts";
import { Problem } from "../problem.ts";
import { entries } from "./entries.ts";
import { type LayerEntry, LayerTree } from "./layer-tree.ts";
import type { OpenedImage } from "./opened.ts";
import { ofArchive, type PartSource, partsOf } from "./parts.ts";
import { configuration, parsed } from "./schema.ts";
import { startOf } from "./start.ts";
import type { BlobStore, Piece } from "./store.ts";
import { type Unpacking, unpacked } from "./unpack.ts";

/** A read image: its files can be found by name, too. */
export interface ReadImage extends OpenedImage {
  readonly tree: LayerTree;
}
/** Where bytes go, how they are unpacked, and the limits. */
export interface Means extends Unpacking {
  readonly blobs: BlobStore;
}

/** More than an image has; the entries of an outer archive are layers and JSON. */
const MOST_BLOBS = 10_000;

/** More characters of a name than any host takes. */
const MOST_NAME = 1 << 16;
const nameOf = (text: string): string => ofText(text.slice(0, MOST_NAME));
/** Types of entries that a tree takes. */
export const kinds = new Set(["file", "directory", "symlink", "link", "fifo", "character-device", "block-device"]);
/** An entry of a layer from the header of an archive. */
export const entryOf = (header: TarHeader, content: LayerEntry["content"]): LayerEntry => ({
  name: nameOf(header.name),
  type: (header.type ?? "file") as LayerEntry["type"],
  mode: header.mode ?? 0o755,
  uid: header.uid ?? 0,
  gid: header.gid ?? 0,
  mtime: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
  target: nameOf(header.linkname ?? ""),
  content,
});

/** Adds one archive as the next layer. */
const addLayer = async (tree: LayerTree, source: AsyncIterable<Uint8Array>, name: string, { blobs, budget }: Means): Promise<void> => {
  tree.nextLayer();
  for await (const { header, body } of entries(source, name, budget)) {
    if (!kinds.has(header.type ?? "file")) {
      for await (const _ of body);
      continue;
    }
    const piece = await stored(blobs, body);
    tree.add(entryOf(header, (header.type ?? "file") === "file" ? blobs.content(piece) : undefined));
  }
};
const stored = async (blobs: BlobStore, body: AsyncIterable<Uint8Array>): Promise<Piece> => {
  const at = blobs.size;
  for await (const chunk of body) blobs.append(chunk);
  return { at, size: blobs.size - at };
};

/** Reads an image in separate files, such as a directory with an OCI layout. Undefined if it is no image. */
export const readParts = async (source: PartSource, means: Means): Promise<ReadImage | undefined> => {
  const parts = await partsOf(source, means.codecs.sha256);
  if (!parts) return undefined;
  const tree = new LayerTree(means.budget);
  for (const { name, expected } of parts.layers) {
    const chunks = source.chunks(name);
    if (!chunks) throw new Problem("bad-image", `the image has no ${name}`);
    await addLayer(tree, unpacked(chunks, name, means, expected), name, means);
  }
  return { tree, start: startOf(tree, parsed(configuration, parts.config, "the configuration")) };
};

/**
 * Reads an archive, which is an image or the files of a root directory.
 *
 * @throws {Problem} The image is damaged, leads out of itself, or unpacks to more than its limit.
 */
export const readArchive = async (archive: AsyncIterable<Uint8Array>, name: string, means: Means): Promise<ReadImage> => {
  const tree = new LayerTree(means.budget);
  const source = await partsIn(archive, name, tree, means);
  return (source && (await readParts(source, means))) ?? { tree, start: startOf(tree, {}) };
};

/** Names that only the outer archive of an image has. */
const isPart = (name: string): boolean =>
  /^(\.\/?)?(|manifest\.json|index\.json|oci-layout|repositories|blobs(\/.*)?|[0-9a-f]{64}(\/.*|\.json|\.tar)?)$/.test(name);

/** The name to which a symbolic link leads. */
const beside = (name: string, target: string): string => {
  const way = name.split("/").slice(0, -1);
  for (const part of target.split("/"))
    if (part === "..") way.pop();
    else if (part !== "" && part !== ".") way.push(part);
  return way.join("/");
};

/**
 * Reads a tar archive. The result has the parts if the archive is an image. Otherwise its files are in the
 * tree, and the result is undefined. The first entry that no image has decides.
 */
const partsIn = async (
  archive: AsyncIterable<Uint8Array>,
  path: string,
  tree: LayerTree,
  means: Means,
): Promise<PartSource | undefined> => {
  const { blobs, budget } = means;
  const parts = new Map<string, Piece>();
  let isImage = true;
  const kept: LayerEntry[] = [];
  tree.nextLayer();
  for await (const { header, body } of entries(unpacked(archive, path, means), path, budget)) {
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
      const target = parts.get(type === "link" ? (header.linkname ?? "") : beside(name, header.linkname ?? ""));
      if (target) parts.set(name, target);
    }
  }
  const source = ofArchive(blobs, parts);
  if (isImage && (parts.has("manifest.json") || parts.has("index.json"))) return source;
  if (isImage) for (const one of kept) tree.add(one);
  return undefined;
};
