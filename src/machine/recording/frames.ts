// The file of a recording: a line that names the format, then frames, written as the run goes. A frame has
// its length, a checksum, and items in deflated form: facts as JSON, or bytes that later facts name by their
// number among the bytes. The last frames may be missing or torn: what is before them is the recording of a
// shorter run.
import { Problem } from "../../problem.ts";

/** Facts as JSON, or bytes. */
export type FrameItem = { readonly facts: unknown } | { readonly bytes: Uint8Array };
/** What a writer needs of the host: raw deflate, and the checksum of RFC 1952. */
export interface Packer {
  /** Small frames at once, so that a killed process leaves them; large ones while the run goes on. */
  readonly deflate: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  readonly crc32: (bytes: Uint8Array) => number;
}
/** What a reader needs of the host. */
export interface Unpacker {
  /** Throws if the bytes are no deflated ones, or more than `most`. */
  readonly inflate: (bytes: Uint8Array, most: number) => Uint8Array;
  readonly crc32: (bytes: Uint8Array) => number;
}

const MAGIC = "trapgate recording 2\n";
/** Before a frame: the length of its body and the body's checksum. */
const HEAD = 8;
/** Before an item: its kind, and its length. */
const ITEM_HEAD = 5;
const kinds = { facts: 1, bytes: 2 } as const;
/** All frames of a file together, unpacked. */
const MOST_FILE = 2 ** 30 + 2 ** 28;
/** Bytes of items in one frame, about. */
const FRAME = 2 ** 20;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** True for a recording's first bytes. */
export const isRecording = (bytes: Uint8Array): boolean => new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length)) === MAGIC;

/**
 * Writes a file. Items wait until a frame is full or `flush` is called, and are deflated while the run goes
 * on.
 */
export class FrameWriter {
  private readonly _write: (bytes: Uint8Array) => void;
  private readonly _packer: Packer;
  private _items: { readonly kind: number; readonly body: Uint8Array }[] = [];
  private _size = 0;
  /** Frames that have begun, in their order. */
  private _written: Promise<void> = Promise.resolve();
  private _begun = 0;
  private _failure: { readonly cause: unknown } | undefined = undefined;

  /** `write` appends to the file. */
  constructor(write: (bytes: Uint8Array) => void, packer: Packer) {
    this._write = write;
    this._packer = packer;
    write(encode(MAGIC));
  }
  add(item: FrameItem): void {
    const body = "facts" in item ? encode(JSON.stringify(item.facts)) : item.bytes;
    this._items.push({ kind: "facts" in item ? kinds.facts : kinds.bytes, body });
    this._size += body.length + ITEM_HEAD;
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
    const items = this._items;
    const plain = new Uint8Array(this._size);
    this._items = [];
    this._size = 0;
    let at = 0;
    for (const { kind, body } of items) {
      plain[at] = kind;
      new DataView(plain.buffer).setUint32(at + 1, body.length, true);
      plain.set(body, at + ITEM_HEAD);
      at += ITEM_HEAD + body.length;
    }
    const packed = this._packer.deflate(plain);
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
export function* itemsOf(bytes: Uint8Array, { inflate, crc32 }: Unpacker): Generator<FrameItem> {
  if (!isRecording(bytes)) throw new Problem("bad-recording", "it is no recording: its first line is another");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = MOST_FILE;
  for (let at = MAGIC.length; at + HEAD <= bytes.length; ) {
    const end = at + HEAD + view.getUint32(at, true);
    if (end > bytes.length) return;
    const body = bytes.subarray(at + HEAD, end);
    if (crc32(body) !== view.getUint32(at + 4, true)) return;
    let unpacked: Uint8Array;
    try {
      unpacked = inflate(body, left);
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
