// Roots of a machine in a page: archives and images that it has, and those that it fetches.

import { WorkBudget } from "../../budget.ts";
import type { LayerTree } from "../../image/layer-tree.ts";
import { UnpackLimit } from "../../image/limit.ts";
import type { OpenedImage } from "../../image/opened.ts";
import { MOST_JSON } from "../../image/parts.ts";
import { readArchive } from "../../image/read.ts";
import { startOf } from "../../image/start.ts";
import { startsWith } from "../../image/unpack.ts";
import { Problem } from "../../problem.ts";
import { codecs } from "./codecs.ts";
import { MemoryStore } from "./memory-store.ts";
import { BlockCache, canWait, httpRanges, type RangeSource, treeOfRanges } from "./ranges.ts";
import { treeOfZip } from "./zip.ts";

/** Options of an archive. */
export interface ArchiveOptions {
  /** Its name in messages. */
  readonly name?: string;
  /** Bytes that it may unpack to. Default 512 MiB. */
  readonly most?: number;
}
const MOST = 2 ** 29;
/** An archive of fewer bytes is fetched at once. */
const SMALL = 2 ** 23;
const ZIP = [0x50, 0x4b];
const USTAR = 257;
const HEAD = 512;

/** The members of ReadableStream that are used: the body of a Response, the stream of a Blob. */
export interface StreamLike {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
  };
}
type Stream = AsyncIterable<Uint8Array> | StreamLike;
/** Not each browser can iterate over its streams. */
async function* chunksOf(stream: Stream): AsyncGenerator<Uint8Array> {
  if (!("getReader" in stream)) return yield* stream;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || !value) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
async function* both(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
/** `most` of an archive as a limit. */
const limitOf = (most: number): UnpackLimit => new UnpackLimit("the option `most`", most);
const collected = async (chunks: AsyncIterable<Uint8Array>, limit: UnpackLimit): Promise<Uint8Array> => {
  const store = new MemoryStore(limit);
  for await (const chunk of chunks) store.append(chunk);
  const bytes = new Uint8Array(store.size);
  store.read(0, bytes);
  return bytes;
};
/** A page keeps the names of an archive: these are 700 000 entries. */
const archiveBudget = (): WorkBudget => new WorkBudget({ bytes: MOST, subject: "the list of the archive's files" });
const ofTree = (tree: LayerTree): OpenedImage => ({ tree, start: startOf(tree, {}) });

/**
 * Opens an archive as the root of a machine: tar (plain, gzip, zstd), zip, an OCI image in an archive, or the
 * output of `docker save`. The files are unpacked to the page's memory.
 *
 * @example
 * const { tree, start } = await openArchive(new Uint8Array(await file.arrayBuffer()));
 * const { status } = await Machine.run("/bin/sh", { root: tree, env: start.env });
 * @throws {Problem} The archive is damaged, leads out of itself, or unpacks to more than `most` bytes.
 */
export const openArchive = async (
  archive: Uint8Array | Stream,
  { name = "the archive", most = MOST }: ArchiveOptions = {},
): Promise<OpenedImage> => {
  const chunks = archive instanceof Uint8Array ? both(archive, (async function* () {})()) : chunksOf(archive);
  let first = new Uint8Array(0);
  while (first.length < 4) {
    const { done, value } = await chunks.next();
    if (done) break;
    if (first.length > 0) {
      const joined = new Uint8Array(first.length + value.length);
      joined.set(first);
      joined.set(value, first.length);
      first = joined;
    } else first = value as Uint8Array<ArrayBuffer>;
  }
  const all = both(first, chunks);
  const limit = limitOf(most);
  if (startsWith(first, ZIP)) return ofTree(treeOfZip(await collected(all, limit), name, limit, archiveBudget()));
  return readArchive(all, name, { blobs: new MemoryStore(limit), codecs, limit, budget: archiveBudget() });
};

/**
 * Opens a tar archive of a root directory without reading the files: guests read their bytes on demand.
 * Undefined if the archive is an image, because its layers must be unpacked.
 *
 * @example
 * const image = await openRanges({ size: file.size, read: (from, to) => readSync(file, from, to) });
 * if (image) await Machine.run("/bin/sh", { root: image.tree });
 * @throws {Problem} The archive is damaged, or leads out of itself.
 */
export const openRanges = async (source: RangeSource, { name = "the archive" }: ArchiveOptions = {}): Promise<OpenedImage | undefined> => {
  const tree = await treeOfRanges(new BlockCache(source), name, archiveBudget());
  const isImage = tree.text("manifest.json", MOST_JSON) !== undefined || tree.text("oci-layout", MOST_JSON) !== undefined;
  return isImage ? undefined : ofTree(tree);
};

const fetched = async (url: string, headers: Record<string, string>): Promise<Response> => {
  let answer: Response;
  try {
    answer = await fetch(url, { headers });
  } catch (cause) {
    throw new Problem("bad-image", `${url} cannot be fetched: ${(cause as Error).message}`, {
      help: "another origin must allow it by CORS; without a network only visited pages are available",
      cause,
    });
  }
  if (!answer.ok) throw new Problem("bad-image", `${url} cannot be fetched: ${answer.status} ${answer.statusText}`);
  return answer;
};

/**
 * Fetches an archive as the root of a machine. In a worker, and from a server that supports ranges, only the
 * headers of a large uncompressed tar archive are fetched first. The bytes of a file come when a guest reads
 * it. Every other archive is fetched whole and unpacked to memory.
 *
 * @example
 * const { tree } = await openUrl("root.tar");   // in a worker
 * @throws {Problem} It cannot be fetched; or as `openArchive`.
 */
export const openUrl = async (url: string, options: ArchiveOptions = {}): Promise<OpenedImage> => {
  const { name = url, most = MOST } = options;
  const whole = (answer: Response): Promise<OpenedImage> => {
    if (!answer.body) throw new Problem("bad-image", `${url} is empty`);
    limitOf(most).check(Number(answer.headers.get("Content-Length")));
    return openArchive(answer.body, { name, most });
  };
  // A browser can fail at a range of a file that it is just storing whole (a service worker's cache does so).
  const range = fetched(url, canWait ? { Range: `bytes=0-${HEAD - 1}` } : {});
  const head = await (canWait ? range.catch(() => fetched(url, {})) : range);
  if (head.status !== 206) return whole(head);
  const size = Number(/\/(\d+)$/.exec(head.headers.get("Content-Range") ?? "")?.[1]);
  const first = new Uint8Array(await head.arrayBuffer());
  const isTar = new TextDecoder().decode(first.subarray(USTAR, USTAR + 5)) === "ustar";
  if (size > SMALL && isTar && !head.headers.has("Content-Encoding")) {
    const image = await openRanges(httpRanges(new URL(url, location.href).href, size, head.headers.get("ETag")), { name });
    if (image) return image;
  }
  return whole(await fetched(url, {}));
};
