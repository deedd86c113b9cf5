// Images in files of the host: docker save's archives, OCI layouts, and tar archives of a root directory.
import { createReadStream, existsSync, type ReadStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MOST_JSON, type Source } from "../../image/parts.ts";
import { type ReadImage, readArchive, readParts } from "../../image/read.ts";
import { Problem } from "../../problem.ts";
import { BlobFile } from "./blob-file.ts";
import { unpacked } from "./unpack.ts";

/** An opened image. */
export interface Image extends ReadImage {
  /** Ends the use of its temporary file. */
  close(): void;
}
/** The default limit of all that an image unpacks to. */
export const MOST_BYTES = 16 * 2 ** 30;

/** Streams of files that end together. One that is not read to its end would keep its descriptor. */
class Streams {
  readonly #all: ReadStream[] = [];
  of(path: string): ReadStream {
    const stream = createReadStream(path);
    this.#all.push(stream);
    return stream;
  }
  close(): void {
    for (const stream of this.#all) stream.destroy();
  }
}

const ofDirectory = (folder: string, streams: Streams): Source => {
  const file = (name: string): string | undefined => {
    const path = join(folder, name);
    return existsSync(path) && statSync(path).isFile() ? path : undefined;
  };
  return {
    chunks: (name) => {
      const path = file(name);
      return path === undefined ? undefined : streams.of(path);
    },
    text: (name) => {
      const path = file(name);
      return path === undefined || statSync(path).size > MOST_JSON ? undefined : readFileSync(path, "utf8");
    },
  };
};
/**
 * Opens an image: a docker save or OCI archive, a directory with an OCI layout, or a tar archive of a root
 * directory. Each may be compressed by gzip or zstd.
 *
 * @throws {Problem} The image is damaged, leads out of itself, or unpacks to more than `most` bytes.
 */
export const openImage = async (path: string, most = MOST_BYTES): Promise<Image> => {
  if (!existsSync(path)) throw new Problem("bad-image", `--image: there is no ${path}`);
  const blobs = new BlobFile(most);
  const means = { blobs, unpack: unpacked, most };
  const streams = new Streams();
  try {
    if (!statSync(path).isDirectory()) return { ...(await readArchive(streams.of(path), path, means)), close: () => blobs.close() };
    const image = await readParts(ofDirectory(path, streams), means);
    if (!image)
      throw new Problem("bad-image", `--image: ${path} is no OCI layout`, {
        help: "--root DIR takes a directory with the files themselves",
      });
    return { ...image, close: () => blobs.close() };
  } catch (error) {
    blobs.close();
    throw error;
  } finally {
    streams.close();
  }
};
