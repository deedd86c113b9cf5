// The account of a Unix socket's bytes that its peers have not read. Linux
// net/core/sock.c, net/core/skbuff.c, net/unix/af_unix.c.
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { WaitQueue } from "../base/wait.ts";

/** sizeof(struct skb_shared_info) and sizeof(struct sk_buff), aligned. */
const SHARED_INFO = 320;
const SK_BUFF = 256;
/** The smallest block for a head that kmalloc() gives. */
const MIN_BLOCK = 512;
/** Bytes of a head in one page (SKB_MAX_HEAD), and in four (SKB_MAX_ALLOC). */
const HEAD = PAGE_SIZE - SHARED_INFO;
const LARGE_HEAD = 4 * PAGE_SIZE - SHARED_INFO;
/** Bytes of pages beside the head: of a piece of a stream, and of a packet. */
const STREAM_PAGES = 32768;
const PACKET_PAGES = 17 * PAGE_SIZE;
/** What a send buffer has no room for. */
const SLACK = 32;

const inPages = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;
/** skb->truesize: the memory for `bytes`, of which `paged` are in pages. */
const trueSize = (bytes: number, paged: number): number => {
  const head = Math.ceil((bytes - paged) / 64) * 64 + SHARED_INFO;
  return Math.max(MIN_BLOCK, 2 ** Math.ceil(Math.log2(head))) + SK_BUFF + inPages(paged);
};
/** The memory for a piece of a stream. Linux unix_stream_sendmsg(). */
const pieceSize = (bytes: number): number => trueSize(bytes, Math.min(bytes, inPages(Math.max(0, bytes - HEAD))));
/** The memory for a packet. Linux unix_dgram_sendmsg(). */
const packetSize = (bytes: number): number => trueSize(bytes, inPages(Math.min(Math.max(0, bytes - LARGE_HEAD), PACKET_PAGES)));

/** The unread bytes of a sender, with Linux's overhead for each piece. */
export class SendBuffer {
  private readonly _socket: { readonly sendBuffer: number };
  private readonly _writers: WaitQueue;
  private _used = 0;

  /** `writers` wait for space. `socket` has the limit, SO_SNDBUF in bytes. */
  constructor(writers: WaitQueue, socket: { readonly sendBuffer: number }) {
    this._writers = writers;
    this._socket = socket;
  }
  /** SIOCOUTQ. Linux sk_wmem_alloc_get(). */
  get used(): number {
    return this._used;
  }
  /** True if nothing more can be sent. */
  get isFull(): boolean {
    return this._used >= this._socket.sendBuffer;
  }
  /** True if poll(2) reports space: three quarters are free. Linux unix_writable(). */
  get isWritable(): boolean {
    return 4 * this._used <= this._socket.sendBuffer;
  }
  /** The greatest packet in bytes. */
  get maxPacket(): number {
    return this._socket.sendBuffer - SLACK;
  }
  /** The bytes of a stream that the next piece takes: at most half of the buffer. */
  get maxPiece(): number {
    return Math.min((this._socket.sendBuffer >> 1) - 64, HEAD + STREAM_PAGES);
  }
  /** Takes the memory for bytes and returns its size. */
  take(bytes: number, kind: "piece" | "packet"): number {
    const size = kind === "piece" ? pieceSize(bytes) : packetSize(bytes);
    this._used += size;
    return size;
  }
  /** Gives memory back. Writers go on when poll(2) would report space. Linux sock_wfree(). */
  give(size: number): void {
    this._used -= size;
    if (this.isWritable) this._writers.wake();
  }
}
