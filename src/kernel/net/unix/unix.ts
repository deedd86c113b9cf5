// Unix domain sockets. man 7 unix; Linux net/unix/af_unix.c.

import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { AF, SHUT, SOCK, type SocketType } from "../../../abi/uapi/socket.ts";
import { ofBytes } from "../../base/byte-string.ts";
import { Fifo } from "../../base/fifo.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import type { SecurityState } from "../../cred/cred.ts";
import { mayReachAbstract } from "../../cred/security.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../../fs/vfs/file.ts";
import type { Inode } from "../../fs/vfs/inode.ts";
import { type AddressUse, NO_PEER } from "../address.ts";
import { SendBuffer } from "../send-buffer.ts";
import { peerOf, type ReceiveResult, SIOC_QUEUE, Socket, type SocketMessage, weightOf } from "../socket.ts";
import { type Flight, flightOf } from "./garbage.ts";
import { bindName, findBound, releaseName } from "./name.ts";
import { unixTable } from "./table.ts";

/** net.unix.max_dgram_qlen. */
const MAX_PACKETS = 10;

/** sizeof(struct sockaddr_un.sun_path) */
const PATH_SIZE = 108;

/** 0, or -EPERM for an abstract name that a security module refuses. */
const mayReach = (task: Task, to: UnixSocket): number => (to.address.startsWith("\0") ? mayReachAbstract(task, to.maker) : 0);

/** A Unix domain socket of any type. */
export class UnixSocket extends Socket {
  override readonly domain = AF.UNIX;
  /** sun_path. It begins with NUL for an abstract name and is empty for none. */
  address = "";
  peer: UnixSocket | undefined = undefined;
  /** True after a connection, even if the peer has been closed since. */
  connected = false;
  backlog: UnixSocket[] | undefined = undefined;
  backlogMax = 0;
  override get listening(): boolean {
    return this.backlog !== undefined;
  }
  readShut = false;
  writeShut = false;
  closed = false;
  readonly queue = new Fifo<SocketMessage>();
  /** Datagram sockets that wait until this one's queue has space. Linux unix_sock.peer_wait. */
  private readonly _waiters = new Set<UnixSocket>();
  /** Sockets that have this one in their `_waiters`. */
  private readonly _waitsFor = new Set<UnixSocket>();
  private _queued = 0;
  /** The messages of the queue that hold descriptors. */
  readonly carriers = new Set<SocketMessage>();
  private readonly _flight: Flight;
  readonly readQueue = new WaitQueue();
  readonly writeQueue = new WaitQueue();
  private readonly _buffer = new SendBuffer(this.writeQueue, this);
  /** The inode of its name in the file tree. */
  bound: Inode | undefined = undefined;
  /** The state of security modules in the credentials of the creator. Linux file.f_cred. */
  readonly maker: SecurityState | undefined;

  constructor(task: Task, type: SocketType, nonblock: boolean) {
    super(task, type, nonblock, { set: "unix", domain: AF.UNIX });
    this._flight = flightOf(task.kernel);
    this.maker = task.cred.security;
  }
  override get passesCredentials(): boolean {
    return true;
  }

  /** Linux unix_show_fdinfo(). */
  override info(): string {
    let descriptors = 0;
    for (const { rights } of this.queue) descriptors += rights.length;
    return `scm_fds: ${descriptors}\n`;
  }
  protected override get ownWeight(): number {
    return sizes.unixSocket;
  }
  private _streams(): boolean {
    return this.type !== SOCK.DGRAM;
  }
  override get signalsPipe(): boolean {
    return this.type === SOCK.STREAM;
  }
  override get writesAll(): boolean {
    return this.type === SOCK.STREAM;
  }
  override get waitingBytes(): number {
    return this.type === SOCK.STREAM ? this._queued : (this.queue.at(0)?.bytes.length ?? 0);
  }
  get peerAddress(): string | undefined {
    return this.connected ? (this.peer?.address ?? "") : undefined;
  }
  /** True if the queue of packets has no space for `from`. A peer always has it. Linux unix_recvq_full(). */
  private _refuses(from: UnixSocket): boolean {
    return from !== this && this.peer !== from && this.type === SOCK.DGRAM && this.queue.length > MAX_PACKETS;
  }

  /** socketpair(2): two connected sockets. */
  static pair(task: Task, type: SocketType, nonblock: boolean): [UnixSocket, UnixSocket] {
    const a = new UnixSocket(task, type, nonblock);
    const b = new UnixSocket(task, type, nonblock);
    join(a, b);
    for (const end of [a, b]) end.know(peerOf(task));
    return [a, b];
  }

  /** struct sockaddr_un { u16 family; char path[108]; } */
  parseAddress(bytes: Uint8Array, use: AddressUse): string | number {
    if (bytes.length < 2) return -E.EINVAL;
    const family = (bytes[0] as number) + ((bytes[1] as number) << 8);
    if (family === AF.UNSPEC && use === "connect" && this.type === SOCK.DGRAM) return NO_PEER;
    if (family !== AF.UNIX || bytes.length > 2 + PATH_SIZE) return -E.EINVAL;
    const path = ofBytes(bytes.subarray(2));
    return path.startsWith("\0") ? path : (path.split("\0", 1)[0] ?? "");
  }
  addressBytes(address: string): Uint8Array {
    const tail = address === "" || address.startsWith("\0") ? address : `${address}\0`;
    return Uint8Array.from([AF.UNIX, 0, ...Array.from(tail, (c) => c.charCodeAt(0))]);
  }

  bind(task: Task, address: string): number {
    return bindName(task, this, address);
  }

  listen(task: Task, backlog: number): number {
    if (!this._streams()) return -E.EOPNOTSUPP;
    if (this.address === "") return -E.EINVAL;
    if (this.connected) return -E.EINVAL;
    this.backlog ??= [];
    this.backlogMax = backlog < 0 ? 4096 : Math.min(backlog, 4096);
    this.know(peerOf(task));
    return 0;
  }

  connect(task: Task, address: string, nonblock: boolean): Result {
    if (this.type === SOCK.DGRAM) return this._connectDatagram(task, address);
    if (this.connected) return -E.EISCONN;
    if (this.backlog) return -E.EINVAL;
    const to = findBound(task, address, this.type);
    if (typeof to === "number") return to;
    if (!to.backlog) return -E.ECONNREFUSED;
    if (to.backlog.length > to.backlogMax) return nonblock ? -E.EAGAIN : wait([to.writeQueue]);
    const guarded = mayReach(task, to);
    if (guarded < 0) return guarded;
    const end = new UnixSocket(task, this.type, false);
    end.options.copyFrom(to.options);
    if (end.admit() < 0) return -E.ENOMEM;
    end.address = to.address;
    end.know(peerOf(task));
    this.know({ cred: to.peerCred, groups: to.peerGroups ?? [] });
    join(this, end);
    to.backlog.push(end.hold());
    to.readQueue.wake();
    return 0;
  }
  private _connectDatagram(task: Task, address: string): number {
    const to = address === NO_PEER ? undefined : findBound(task, address, this.type);
    if (typeof to === "number") return to;
    const guarded = to && to !== this.peer ? mayReach(task, to) : 0;
    if (guarded < 0) return guarded;
    this._setPeer(to);
    return 0;
  }
  /**
   * Sets a datagram socket's peer. Packets of the previous peer are dropped, and it gets an error. Linux
   * unix_dgram_disconnected().
   */
  private _setPeer(to: UnixSocket | undefined): void {
    const { peer } = this;
    this.peer = to;
    this.connected = to !== undefined;
    if (!peer || peer === to || !this._discard()) return;
    this.writeQueue.wake();
    if (!peer.closed && peer.peer === this) peer.error = E.ECONNRESET;
    peer.readQueue.wake();
    peer.writeQueue.wake();
  }
  /** Drops all queued messages. True if there were any. */
  private _discard(): boolean {
    const unread = this.queue.takeAll();
    this._queued = 0;
    for (const message of unread) {
      this._give(message);
      for (const file of message.rights) file.drop();
    }
    return unread.length > 0;
  }

  accept(_task: Task, nonblock: boolean): Socket | number {
    if (!this._streams()) return -E.EOPNOTSUPP;
    if (!this.backlog) return -E.EINVAL;
    const end = this.backlog.shift();
    if (!end) return this.readShut ? -E.EINVAL : -E.EAGAIN;
    if (nonblock) end.flags |= O_NONBLOCK;
    this.writeQueue.wake();
    return end.handOver();
  }

  send(task: Task, message: SocketMessage, address: string | undefined): number {
    const to = this.type === SOCK.STREAM ? this._streamsTo(message, address) : this._destination(task, address);
    if (typeof to === "number") return to;
    if (message.rights.length > 0) {
      if (this._flight.tooMany(task)) return -E.ETOOMANYREFS;
      message.owner = task.cred.uid;
    }
    if (this.type !== SOCK.STREAM) {
      if (message.bytes.length > this._buffer.maxPacket) return -E.EMSGSIZE;
      if (this._buffer.isFull) return -E.EAGAIN;
      if (to._refuses(this)) return this._waitFor(to);
      return to._putPacket(message, this._buffer) ? message.bytes.length : -E.ENOBUFS;
    }
    return message.bytes.length === 0 ? 0 : this._sendStream(to, message);
  }
  /** Sends pieces while there is space: the number of bytes, or -errno. The first has the descriptors. */
  private _sendStream(to: UnixSocket, message: SocketMessage): number {
    let sent = 0;
    for (; sent < message.bytes.length; ) {
      if (this._buffer.isFull) return sent || -E.EAGAIN;
      const bytes = message.bytes.subarray(sent, sent + this._buffer.maxPiece);
      if (!to._put({ ...message, bytes, rights: sent === 0 ? message.rights : [] }, this._buffer)) return sent || -E.ENOBUFS;
      sent += bytes.length;
    }
    return sent;
  }
  /**
   * The receiver of a stream's bytes, or -errno. EPIPE has precedence over a pending error. Linux
   * unix_stream_sendmsg().
   */
  private _streamsTo({ bytes }: SocketMessage, address: string | undefined): UnixSocket | number {
    const { peer } = this;
    if (address !== undefined) return this.connected ? -E.EISCONN : -E.EOPNOTSUPP;
    if (!peer) return -E.ENOTCONN;
    if (this.writeShut || peer.readShut) return -E.EPIPE;
    return this.error !== 0 && bytes.length > 0 ? this.takeError() : peer;
  }
  /** The receiver of a packet, or -errno. Linux unix_seqpacket_sendmsg(), unix_dgram_sendmsg(). */
  private _destination(task: Task, address: string | undefined): UnixSocket | number {
    if (this.error !== 0) return this.takeError();
    if (this.writeShut && this.connected) return -E.EPIPE;
    if (address !== undefined && this.type === SOCK.DGRAM) {
      const to = findBound(task, address, this.type);
      if (typeof to === "number") return to;
      // A connected datagram socket accepts packets from its peer only.
      if (to.connected && to.peer !== this) return -E.EPERM;
      const guarded = to === this.peer ? 0 : mayReach(task, to);
      return guarded < 0 ? guarded : to;
    }
    const { peer } = this;
    if (!this.connected) return -E.ENOTCONN;
    if (!this._streams() && peer?.closed) {
      this._setPeer(undefined);
      return -E.ECONNREFUSED;
    }
    return !peer || peer.readShut ? -E.EPIPE : peer;
  }
  /** Queues a packet that the filter keeps, or its first bytes. The sender does not hear of a lost one. */
  private _putPacket(message: SocketMessage, buffer: SendBuffer): boolean {
    const { bytes } = message;
    const kept = this.filters.keeps(() => ({ bytes, at: 0 }));
    return kept === 0 || this._put({ ...message, ...this.marks(), bytes: bytes.subarray(0, kept) }, buffer);
  }
  /** Queues a message. False: memory is short. Linux sock_alloc_send_pskb(). */
  private _put(message: SocketMessage, buffer: SendBuffer): boolean {
    message.weight = weightOf(message);
    if (!this.account.take(message.weight)) return false;
    message.sender = { buffer, bytes: buffer.take(message.bytes.length, this.type === SOCK.STREAM ? "piece" : "packet") };
    message.bytes = message.bytes.slice();
    for (const file of message.rights) file.hold();
    if (message.rights.length > 0) {
      this.carriers.add(message);
      this._flight.count(message, 1);
    }
    this.queue.push(message);
    this._queued += message.bytes.length;
    this.readQueue.wake();
    return true;
  }

  /** The descriptors of a message are in flight no longer. */
  private _land(message: SocketMessage): void {
    if (this.carriers.delete(message)) this._flight.count(message, -1);
  }
  /** Takes the descriptors out of the queue, by message. The caller drops them. */
  giveUpRights(): readonly (readonly FileDescription[])[] {
    return [...this.carriers].map((message) => {
      this._land(message);
      const { rights } = message;
      message.rights = [];
      return rights;
    });
  }
  receive(_task: Task, n: number, peek: boolean, into?: Uint8Array): ReceiveResult | number | undefined {
    const first = this.queue.at(0);
    // A stream returns queued bytes before an error. Linux unix_stream_read_generic(),
    // __skb_try_recv_datagram().
    if (this.error !== 0 && (!first || this.type !== SOCK.STREAM)) return this.takeError();
    if (!first) {
      if (this._streams() && !this.connected) return this.type === SOCK.STREAM ? -E.EINVAL : -E.ENOTCONN;
      return this.readShut || (this._streams() && (!this.peer || this.peer.closed || this.peer.writeShut)) ? undefined : -E.EAGAIN;
    }
    return this.type === SOCK.STREAM ? this._takeStream(n, peek, into) : this._takePacket(first, n, peek);
  }
  private _takePacket(first: SocketMessage, n: number, peek: boolean): ReceiveResult {
    if (!peek) this._drop(first);
    return { ...first, bytes: first.bytes.subarray(0, n), length: first.bytes.length };
  }
  private _drop(first: SocketMessage): void {
    this.queue.shift();
    this._give(first);
    this._queued -= first.bytes.length;
    this._wakeWaiters();
  }
  /** The message has been read or dropped. */
  private _give(message: SocketMessage): void {
    const { weight, sender } = message;
    this._land(message);
    this.account.give(weight ?? 0);
    sender?.buffer.give(sender.bytes);
  }
  /** Registers this sender with a full datagram socket, which wakes it when it has space. Returns -EAGAIN. */
  private _waitFor(to: UnixSocket): number {
    to._waiters.add(this);
    this._waitsFor.add(to);
    return -E.EAGAIN;
  }
  /** Wakes the senders that wait for this socket. */
  private _wakeWaiters(): void {
    for (const socket of this._waiters) {
      socket._waitsFor.delete(this);
      socket.writeQueue.wake();
    }
    this._waiters.clear();
  }
  /** Reads bytes of several messages, but not beyond descriptors or a change of the sender's credentials. */
  private _takeStream(n: number, peek: boolean, into: Uint8Array | undefined): ReceiveResult {
    const first = this.queue.at(0) as SocketMessage;
    const parts: Uint8Array[] = [];
    let remaining = n;
    let i = 0;
    for (; i < this.queue.length && remaining > 0; i++) {
      const message = this.queue.at(i) as SocketMessage;
      if (i > 0 && (message.rights.length > 0 || first.rights.length > 0 || !sameSender(message, first))) break;
      const piece = message.bytes.subarray(0, remaining);
      parts.push(piece);
      remaining -= piece.length;
    }
    const bytes = concat(parts, into);
    const { rights } = first;
    if (!peek) this._consume(bytes.length);
    return { ...first, bytes, rights, length: bytes.length };
  }
  private _consume(n: number): void {
    let remaining = n;
    for (let first = this.queue.at(0); first && remaining > 0; first = this.queue.at(0)) {
      const taken = Math.min(remaining, first.bytes.length);
      first.bytes = first.bytes.subarray(taken);
      this._land(first);
      first.rights = [];
      remaining -= taken;
      this._queued -= taken;
      if (first.bytes.length > 0) break;
      this.queue.shift();
      this._give(first);
    }
  }

  shutdown(how: number): number {
    if (how < SHUT.RD || how > SHUT.RDWR) return -E.EINVAL;
    const { peer } = this;
    if (how !== SHUT.WR) this.readShut = true;
    if (how !== SHUT.RD) this.writeShut = true;
    if (this._streams() && peer) {
      if (how !== SHUT.WR) peer.writeShut = true;
      if (how !== SHUT.RD) peer.readShut = true;
    }
    for (const s of [this, peer]) {
      s?.readQueue.wake();
      s?.writeQueue.wake();
    }
    return 0;
  }

  override poll(): number {
    let events = 0;
    const ended = this._streams() && this.connected && (!this.peer || this.peer.closed);
    if (this.queue.length > 0 || (this.backlog?.length ?? 0) > 0 || this.readShut || ended) events |= POLLIN | POLLRDNORM;
    if (this.readShut || ended) events |= POLLRDHUP;
    if ((this.readShut && this.writeShut) || ended || (this._streams() && !this.connected && !this.backlog)) events |= POLLHUP;
    if (this.error !== 0) events |= POLLERR;
    if (this.backlog || !this._buffer.isWritable) return events;
    if (this.peer?.closed === false && this.peer._refuses(this)) this._waitFor(this.peer);
    else events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return events;
  }
  override queues(events: number): readonly WaitQueue[] {
    return [...((events & POLLIN) !== 0 ? [this.readQueue] : []), ...((events & POLLOUT) !== 0 ? [this.writeQueue] : [])];
  }

  override sendBufferChanged(): void {
    this.writeQueue.wake();
  }
  protected override getOwnOption(): number {
    return -E.EOPNOTSUPP;
  }
  /** There are no urgent data. Linux unix_ioctl(). */
  override queueState(request: number): number | undefined {
    if (request === SIOC_QUEUE.OUTQ && !this.backlog) return this._buffer.used;
    return request === SIOC_QUEUE.ATMARK ? 0 : super.queueState(request);
  }
  protected override setOwnOption(): number {
    return -E.EOPNOTSUPP;
  }

  override hold(): this {
    if (this.refs === 0) unixTable(this.net).all.add(this);
    return super.hold();
  }
  override drop(): void {
    super.drop();
    if (this.refs > 0) this._flight.suspect();
  }
  override release(): void {
    unixTable(this.net).all.delete(this);
    this.closed = true;
    this._wakeWaiters();
    for (const socket of this._waitsFor) socket._waiters.delete(this);
    this._waitsFor.clear();
    if (this.bound) this.bound.socket = undefined;
    releaseName(this);
    const unread = this._discard();
    for (const end of this.backlog?.splice(0) ?? []) {
      end.drop();
      if (end.peer) end.peer.error = E.ECONNRESET;
    }
    const { peer } = this;
    if (this._streams() && peer) {
      peer.readShut = true;
      peer.writeShut = true;
      if (unread) peer.error = E.ECONNRESET;
    }
    for (const s of [this, peer]) {
      s?.readQueue.wake();
      s?.writeQueue.wake();
    }
  }
}

const join = (a: UnixSocket, b: UnixSocket): void => {
  a.peer = b;
  b.peer = a;
  a.connected = b.connected = true;
};
const sameSender = (a: SocketMessage, b: SocketMessage): boolean =>
  a.cred.pid === b.cred.pid && a.cred.uid === b.cred.uid && a.cred.gid === b.cred.gid;
const concat = (parts: readonly Uint8Array[], into: Uint8Array | undefined): Uint8Array => {
  const length = parts.reduce((n, p) => n + p.length, 0);
  const out = into && length <= into.length ? into.subarray(0, length) : new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
