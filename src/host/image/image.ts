// Images in files of the host: docker save's archives, OCI layouts, and tar archives of a root directory.
import { createReadStream, type ReadStream, statSync } from "node:fs";
import { WorkBudget } from "../../budget.ts";
import { UnpackLimit } from "../../image/limit.ts";
import { MOST_JSON, type PartSource } from "../../image/parts.ts";
import { type ReadImage, readArchive, readParts } from "../../image/read.ts";
import { chunksOf } from "../../image/store.ts";
import { componentsOf, type Files, walk } from "../../image/walk.ts";
import type { HostNode } from "../../kernel/fs/types/host-tree.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../../kernel/fs/vfs/mode.ts";
import { setTreeMemory } from "../../machine/starts/tree-memory.ts";
import { Problem } from "../../problem.ts";
import { nodeTree } from "../node-tree.ts";
import { BlobFile } from "./blob-file.ts";
import { codecs } from "./codecs.ts";

/** An opened image. */
export interface Image extends ReadImage {
  /** Ends the use of its temporary file. */
  close(): void;
}
const typeOf = ({ stat }: HostNode): number => stat.mode & S_IFMT;
/** A directory of the host, as the paths of an image see it. */
const files: Files<HostNode> = {
  child: (dir, name) => {
    const found = dir.lookup(name);
    return typeof found === "number" ? undefined : found;
  },
  target: (file) => {
    const target = typeOf(file) === S_IFLNK ? file.readlink() : -1;
    return typeof target === "number" ? undefined : target;
  },
  isDirectory: (file) => typeOf(file) === S_IFDIR,
};

/**
 * The parts of an image in a directory. They are found as a guest finds files of a shown folder: no name and
 * no link leads out of it, and only regular files are opened.
 */
const ofDirectory = (folder: string, limit: UnpackLimit): PartSource => {
  const { root } = nodeTree(folder);
  const file = (name: string): HostNode | undefined => {
    const found = walk(root, componentsOf(name), files);
    return found && typeOf(found) === S_IFREG ? found : undefined;
  };
  const read = (node: HostNode, name: string, at: number, into: Uint8Array): number => {
    const n = node.read(at, into);
    if (n < 0) throw new Problem("bad-image", `${name} of the image cannot be read`);
    return n;
  };
  return {
    chunks: (name) => {
      const found = file(name);
      if (!found) return undefined;
      limit.packed(found.stat.size);
      return chunksOf((at, into) => read(found, name, at, into), { at: 0, size: found.stat.size });
    },
    json: (name) => {
      const found = file(name);
      if (!found || found.stat.size > MOST_JSON) return undefined;
      const bytes = new Uint8Array(found.stat.size);
      return bytes.subarray(0, read(found, name, 0, bytes));
    },
  };
};

/** Limits of an image. */
export interface ImageLimits {
  /** Bytes that it may unpack to. Without it the packed size decides (UnpackLimit). */
  readonly most?: number | undefined;
  /** Time, and memory for its names. */
  readonly budget?: WorkBudget | undefined;
}

let opened = 0;
/** An image that was opened does not change: it answers all questions as it did. */
const remembered = ({ tree, start }: ReadImage): ReadImage => {
  const place = `image ${opened++}`;
  return {
    tree: setTreeMemory(tree, { place, noted: () => ({ tree, size: 0, notes: () => [], end: () => {} }), answersAs: () => true }),
    start,
  };
};

/**
 * Opens an image: a docker save or OCI archive, a directory with an OCI layout or the files of docker save,
 * or a tar archive of a root directory. Each may be compressed by gzip or zstd.
 *
 * @throws {Problem} The image is damaged, leads out of itself, or a limit is reached.
 */
export const openImage = async (path: string, { most, budget = new WorkBudget() }: ImageLimits = {}): Promise<Image> => {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new Problem("bad-image", `--image: there is no ${path}`);
  const limit = new UnpackLimit("--image-size", most);
  const blobs = new BlobFile(limit);
  const means = { blobs, codecs, limit, budget };
  let stream: ReadStream | undefined;
  try {
    if (!status.isDirectory()) {
      limit.packed(status.size);
      // A stream that is not read to its end would keep its descriptor.
      stream = createReadStream(path);
      return { ...remembered(await readArchive(stream, path, means)), close: () => blobs.close() };
    }
    const image = await readParts(ofDirectory(path, limit), means);
    if (!image)
      throw new Problem("bad-image", `--image: ${path} is no OCI layout`, {
        help: "--root DIR takes a directory with the files themselves",
      });
    return { ...remembered(image), close: () => blobs.close() };
  } catch (error) {
    blobs.close();
    throw error;
  } finally {
    stream?.destroy();
  }
};
