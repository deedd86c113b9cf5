// The file of a recording: a line that names the format, then frames, written as the run goes. A frame has
// its length, a checksum, and items in compressed form: facts as JSON, or bytes that later facts name by
// their number among the bytes. The last frames may be missing or torn: what is before them is the
// recording of a shorter run.
import { Problem } from "../../problem.ts";

/** Facts as JSON, or bytes. */
export type FrameItem = { readonly facts: unknown } | { readonly bytes: Uint8Array };
/** The compression of a file's frames: raw deflate (RFC 1951), or zstd (RFC 8878). */
type Codec = "deflate" | "zstd";
/** The first line of a file, without its number. */
const LINE = "trapgate recording ";
/** The number of the format, and what its frames are. 2 and 3, which have all notes as text, are read too. */
const formats: Readonly<Record<string, Codec>> = { 2: "deflate", 3: "zstd", 4: "deflate", 5: "zstd" };
const written = { deflate: 4, zstd: 5 } as const;
/** What a writer needs of the host: a compression, and the checksum of RFC 1952. */
export interface Packer {
  readonly codec: Codec;
  /**
   * Small frames at once, so that a killed process leaves them. Large ones may take another thread while the
   * run goes on: then the bytes stay as they are.
   */
  readonly pack: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  readonly crc32: (bytes: Uint8Array) => number;
}
/** What a reader needs of the host. */
export interface Unpacker {
  /** Throws if the bytes are no compressed ones, or more than `most`. */
  readonly unpack: Readonly<Record<Codec, (bytes: Uint8Array, most: number) => Uint8Array>>;
  readonly crc32: (bytes: Uint8Array) => number;
}

/** Before a frame: the length of its body and the body's checksum. */
const HEAD = 8;
/** Before an item: its kind, and its length. */
const ITEM_HEAD = 5;
const kinds = { facts: 1, bytes: 2 } as const;
/** All frames of a file together, unpacked. */
const MOST_FILE = 2 ** 30 + 2 ** 28;
/** Bytes of items in one frame, about. */
const FRAME = 2 ** 20;
/** Room for a frame and its last item. Pages that have no item cost nothing. */
const ROOM = FRAME + 2 ** 16;

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);

/** The first line of a recording. */
const FIRST_LINE = new RegExp(`^${LINE}(\\d+)\n`);
/** The number of a file's format. Undefined: it is no recording. */
const formatOf = (bytes: Uint8Array): string | undefined =>
  FIRST_LINE.exec(new TextDecoder("latin1").decode(bytes.subarray(0, LINE.length + 5)))?.[1];
/** True for a recording's first bytes. */
export const isRecording = (bytes: Uint8Array): boolean => formatOf(bytes) !== undefined;

/**
 * Writes a file. Items are copied into a frame, which is compressed when it is full or `flush` is called.
 */
export class FrameWriter {
  private readonly _write: (bytes: Uint8Array) => void;
  private readonly _packer: Packer;
  /** The next frame: its first `_size` bytes are items. */
  private _frame = new Uint8Array(0);
  private _view = new DataView(this._frame.buffer);
  private _size = 0;
  /** Frames that have begun, in their order. */
  private _written: Promise<void> = Promise.resolve();
  private _begun = 0;
  private _failure: { readonly cause: unknown } | undefined = undefined;

  /** `write` appends to the file. */
  constructor(write: (bytes: Uint8Array) => void, packer: Packer) {
    this._write = write;
    this._packer = packer;
    write(encode(`${LINE}${written[packer.codec]}\n`));
  }
  add(item: FrameItem): void {
    const body = "facts" in item ? encode(JSON.stringify(item.facts)) : item.bytes;
    const at = this._size;
    this._size += ITEM_HEAD + body.length;
    if (this._size > this._frame.length) {
      const grown = new Uint8Array(Math.max(ROOM, this._size));
      grown.set(this._frame.subarray(0, at));
      this._frame = grown;
      this._view = new DataView(grown.buffer);
    }
    this._frame[at] = "facts" in item ? kinds.facts : kinds.bytes;
    this._view.setUint32(at + 1, body.length, true);
    this._frame.set(body, at + ITEM_HEAD);
    if (this._size >= FRAME) this._begin();
  }
  /** Begins a frame of the items that wait, unless one is being written. Throws an earlier error. */
  flush(): void {
    if (this._failure) throw this._failure.cause;
    if (this._begun === 0 && this._size > 0) this._begin();
  }
  /** Resolves when all frames that have begun are in the file. Rejects with the first error. */
  async written(): Promise<void> {
    while (this._begun > 0) await this._written;
    if (this._failure) throw this._failure.cause;
  }
  /** Writes all. Rejects with the first error. */
  async close(): Promise<void> {
    if (this._size > 0) this._begin();
    await this.written();
  }
  private _put(body: Uint8Array): void {
    const head = new Uint8Array(HEAD);
    const view = new DataView(head.buffer);
    view.setUint32(0, body.length, true);
    view.setUint32(4, this._packer.crc32(body), true);
    this._write(head);
    this._write(body);
  }
  private _begin(): void {
    const packed = this._packer.pack(this._frame.subarray(0, this._size));
    // Another thread may read the frame now, and a large one does not stay.
    if (!(packed instanceof Uint8Array) || this._size > 2 * FRAME) this._frame = new Uint8Array(0);
    this._size = 0;
    if (packed instanceof Uint8Array && this._begun === 0) return this._put(packed);
    this._begun++;
    this._written = this._written
      .then(async () => {
        const body = await packed;
        if (!this._failure) this._put(body);
      })
      .catch((cause: unknown) => {
        this._failure ??= { cause };
      })
      .finally(() => {
        this._begun--;
      });
  }
}

/**
 * The items of a file. A torn end ends them. Throws a Problem for bytes that are no recording.
 *
 * @example
 * for (const item of itemsOf(bytes, unpacker)) if ("facts" in item) console.log(item.facts);
 */
export function* itemsOf(bytes: Uint8Array, { unpack, crc32 }: Unpacker): Generator<FrameItem> {
  const format = formatOf(bytes);
  if (format === undefined) throw new Problem("bad-recording", "it is no recording: its first line is another");
  const codec = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (!codec)
    throw new Problem("bad-recording", `it has the format ${format}, and this trapgate reads ${Object.keys(formats).join(", ")}`, {
      help: "replay it with the build that has recorded it",
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = MOST_FILE;
  for (let at = LINE.length + format.length + 1; at + HEAD <= bytes.length; ) {
    const end = at + HEAD + view.getUint32(at, true);
    if (end > bytes.length) return;
    const body = bytes.subarray(at + HEAD, end);
    if (crc32(body) !== view.getUint32(at + 4, true)) return;
    let unpacked: Uint8Array;
    try {
      unpacked = unpack[codec](body, left);
    } catch (cause) {
      throw new Problem("bad-recording", `the frame at byte ${at} does not unpack, or is too large`, { cause });
    }
    left -= unpacked.length;
    yield* itemsIn(unpacked, at);
    at = end;
  }
}
function* itemsIn(frame: Uint8Array, from: number): Generator<FrameItem> {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let at = 0; at < frame.length; ) {
    const end = at + ITEM_HEAD + (at + ITEM_HEAD <= frame.length ? view.getUint32(at + 1, true) : 0);
    if (end > frame.length) throw new Problem("bad-recording", `the frame at byte ${from} has half an item`);
    const body = frame.subarray(at + ITEM_HEAD, end);
    if (frame[at] === kinds.bytes) yield { bytes: body };
    else if (frame[at] === kinds.facts) yield { facts: factsOf(body, from) };
    else throw new Problem("bad-recording", `the frame at byte ${from} has an item of no kind`);
    at = end;
  }
}
const factsOf = (bytes: Uint8Array, at: number): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new Problem("bad-recording", `the frame at byte ${at} has no facts`, { cause });
  }
};
