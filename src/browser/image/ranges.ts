// Files of a tar archive that are fetched on demand by HTTP range requests. RFC 9110 14; POSIX ustar.
import { E } from "../../abi/errno.ts";
import type { WorkBudget } from "../../budget.ts";
import { entries } from "../../image/entries.ts";
import { LayerTree } from "../../image/layer-tree.ts";
import { entryOf, kinds } from "../../image/read.ts";
import type { Piece } from "../../image/store.ts";
import type { FileBytes } from "../../machine/options.ts";
import { Problem } from "../../problem.ts";

/** Bytes that are read in pieces, at once. */
export interface RangeSource {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from `from` to before `to`. Throws if they cannot be had. */
  read(from: number, to: number): Uint8Array;
}

const BLOCK = 1 << 18;
/** Blocks that are kept: 64 MiB. */
const MOST_BLOCKS = 256;

/** Whole blocks of another source, of which the last used ones are kept. */
export class BlockCache implements RangeSource {
  readonly size: number;
  readonly #source: RangeSource;
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(source: RangeSource) {
    this.#source = source;
    this.size = source.size;
  }
  read(from: number, to: number): Uint8Array {
    const end = Math.min(to, this.size);
    const into = new Uint8Array(Math.max(0, end - from));
    for (let at = from; at < end; ) {
      const within = at % BLOCK;
      const part = this.#block(Math.floor(at / BLOCK)).subarray(within, within + end - at);
      if (part.length === 0) throw new Error("the server sent fewer bytes than it promised");
      into.set(part, at - from);
      at += part.length;
    }
    return into;
  }
  #block(n: number): Uint8Array {
    const kept = this.#blocks.get(n) ?? this.#source.read(n * BLOCK, Math.min(this.size, (n + 1) * BLOCK));
    this.#blocks.delete(n);
    this.#blocks.set(n, kept);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= MOST_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    return kept;
  }
}

/** The members of XMLHttpRequest that a worker's synchronous request uses. */
interface SyncRequest {
  responseType: string;
  readonly status: number;
  readonly response: ArrayBuffer;
  open(method: string, url: string, isAsync: boolean): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(): void;
}
const { XMLHttpRequest: requestType } = globalThis as { XMLHttpRequest?: new () => SyncRequest };
/** Workers of pages can wait for a server in the middle of a guest's read. */
export const canWait = requestType !== undefined;

/** A file of a server. `tag`: the ETag that it must keep. */
export const httpRanges = (url: string, size: number, tag: string | null): RangeSource => ({
  size,
  read(from, to) {
    const request = new (requestType as new () => SyncRequest)();
    request.open("GET", url, false);
    request.responseType = "arraybuffer";
    request.setRequestHeader("Range", `bytes=${from}-${to - 1}`);
    request.send();
    if (request.status !== 206 || request.getResponseHeader("ETag") !== tag) throw new Error(`${url} has changed, or has no ranges now`);
    return new Uint8Array(request.response);
  },
});

const RECORD = 512;
const SIZE = 124;
const SIZE_LENGTH = 12;
const SUM = 148;
const SUM_LENGTH = 8;
const TYPE = 156;
/** Entries that describe the next one: pax and GNU. Their bodies are read. */
const isAbout = (type: string): boolean => "xgXLK".includes(type);
/** More text about an entry is refused. */
const MOST_TEXT = 1 << 20;
const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** An entry's header that says that it has no bytes. */
const withoutBody = (header: Uint8Array): Uint8Array => {
  const bytes = header.slice();
  bytes.set(new TextEncoder().encode("0".repeat(SIZE_LENGTH - 1)), SIZE);
  bytes.fill(0x20, SUM, SUM + SUM_LENGTH);
  const sum = bytes.reduce((a, b) => a + b, 0);
  bytes.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), SUM);
  return bytes;
};

/** The archive without the bytes of its files. Its pieces come in the order of the entries. */
async function* headersOf(source: RangeSource, name: string, piece: (piece: Piece) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at + RECORD <= source.size; ) {
    const header = source.read(at, at + RECORD);
    if (header.every((byte) => byte === 0)) break;
    const text = latin(header.subarray(SIZE, SIZE + SIZE_LENGTH)).replace(/[\0 ]+$/, "");
    if (!/^[0-7]*$/.test(text)) throw new Problem("bad-image", `${name} has a file that is too large to be fetched in pieces`);
    const size = Number.parseInt(text || "0", 8);
    const body = Math.ceil(size / RECORD) * RECORD;
    if (isAbout(String.fromCharCode(header[TYPE] as number))) {
      if (size > MOST_TEXT) throw new Problem("bad-image", `${name} has ${size} bytes about one file`);
      const about = source.read(at + RECORD, at + RECORD + body);
      if (/\d+ size=/.test(latin(about.subarray(0, 4096))))
        throw new Problem("bad-image", `${name} says sizes in pax headers: it cannot be fetched in pieces`);
      yield header;
      yield about;
    } else {
      piece({ at: at + RECORD, size });
      yield withoutBody(header);
    }
    at += RECORD + body;
  }
  yield new Uint8Array(2 * RECORD);
}

const contentOf = (source: RangeSource, { at, size }: Piece): FileBytes => ({
  size,
  read(offset, into) {
    try {
      const part = source.read(at + offset, at + Math.min(size, offset + into.length));
      into.set(part);
      return part.length;
    } catch {
      return -E.EIO;
    }
  },
});

/** The files of a tar archive without compression. Their bytes are read when a guest reads them. */
export const treeOfRanges = async (source: RangeSource, name: string, budget: WorkBudget): Promise<LayerTree> => {
  const tree = new LayerTree(budget);
  const pieces: Piece[] = [];
  tree.nextLayer();
  for await (const { header, body } of entries(
    headersOf(source, name, (one) => pieces.push(one)),
    name,
    budget,
  )) {
    for await (const _ of body);
    const piece = pieces.shift();
    const type = header.type ?? "file";
    if (!piece || !kinds.has(type)) continue;
    tree.add(entryOf(header, type === "file" ? contentOf(source, piece) : undefined));
  }
  return tree;
};
