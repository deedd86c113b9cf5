// The received packets of a raw or packet socket. Linux net/core/sock.c sock_queue_rcv_skb().
import type { Account } from "../../../memory/account.ts";
import { Fifo } from "../../base/fifo.ts";
import { NO_CRED, type ReceiveResult, type SocketMessage, weightOf } from "../../net/socket.ts";

/** The overhead of a packet in a buffer, in bytes. */
const OVERHEAD = 256;

/** A queue that drops packets beyond its limit. */
export class PacketQueue {
  private readonly _account: Account;
  private readonly _packets = new Fifo<SocketMessage>();
  private _queued = 0;
  /** Packets since the last look: taken, and dropped because the buffer was full. */
  counts = { received: 0, dropped: 0 };

  constructor(account: Account) {
    this._account = account;
  }
  get length(): number {
    return this._packets.length;
  }
  /** The length of the first packet. */
  get firstLength(): number {
    return this._packets.at(0)?.bytes.length ?? 0;
  }
  /**
   * Queues a copy of a packet with its sender's address and other parts of the message. False: it is dropped.
   * `limit`: the buffer in bytes.
   */
  put(bytes: Uint8Array, from: string, limit: number, more: Pick<SocketMessage, "header" | "time" | "lost" | "notes">): boolean {
    const message: SocketMessage = { bytes, rights: [], cred: NO_CRED, from, ...more };
    const cost = bytes.length + OVERHEAD;
    if ((this._queued + cost > limit && this.length > 0) || !this._account.take(weightOf(message))) {
      this.counts.dropped++;
      return false;
    }
    this.counts.received++;
    this._packets.push({ ...message, bytes: bytes.slice() });
    this._queued += cost;
    return true;
  }
  /** The first packet, cut to `n` bytes; undefined if there is none. */
  take(n: number, peek: boolean): ReceiveResult | undefined {
    const first = this._packets.at(0);
    if (!first) return undefined;
    if (!peek) {
      this._packets.shift();
      this._account.give(weightOf(first));
      this._queued -= first.bytes.length + OVERHEAD;
    }
    return { ...first, bytes: first.bytes.subarray(0, n), length: first.bytes.length };
  }
  clear(): void {
    for (const message of this._packets.takeAll()) this._account.give(weightOf(message));
    this._queued = 0;
  }
}
