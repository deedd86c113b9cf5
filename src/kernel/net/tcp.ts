// TCP between sockets of one machine. Data arrives at once and is never lost. Only states that programs can
// see exist. man 7 tcp; RFC 9293; Linux net/ipv4/tcp.c, net/ipv4/af_inet.c, net/ipv4/tcp_input.c.

import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { O_NONBLOCK } from "../../abi/uapi/fcntl.ts";
import { SHUT, SOCK } from "../../abi/uapi/socket.ts";
import { ofBytes } from "../base/byte-string.ts";
import { sizes } from "../base/sizes.ts";
import { wait } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Result } from "../core/result.ts";
import type { Task } from "../core/task.ts";
import { Pipe } from "../fs/files/pipe.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from "../fs/vfs/file.ts";
import { NO_PEER } from "./address.ts";
import { InetSocket, unreachable } from "./inet.ts";
import { type Endpoint, type InetFamily, type Ip, isAny, receives, toEndpoint } from "./inet-address.ts";
import type { Connecting } from "./namespace.ts";
import { SOL, TCP } from "./options/numbers.ts";
import { INT } from "./options/row.ts";
import { NO_CRED, type ReceiveResult, SIOC_QUEUE, type SocketMessage, type SocketOwner } from "./socket.ts";
import type * as SocketLevel from "./socket-level.ts";
import { TcpCounts, tcpInfoBytes } from "./tcp/info.ts";
import { SEGMENT, UnsentBytes } from "./tcp/unsent.ts";

/**
 * net.ipv4.tcp_wmem and tcp_rmem in bytes, and the size to which a send buffer grows over the loopback
 * device.
 */
const BUFFERS = { send: 16_384, receive: 131_072 };
const GROWN = 2_626_560;
/** net.ipv4.tcp_mem in bytes, and the bytes that a connection may always send. */
const MEMORY = 2 ** 28;
const LITTLE = 16_384;
/**
 * net.ipv4.tcp_available_congestion_control, the default first, and TCP_CA_NAME_MAX. They differ in nothing
 * here.
 */
const CONGESTION: readonly [string, ...string[]] = ["cubic", "reno"];
const CONGESTION_SIZE = 16;
/** TCP_MSS_DEFAULT: the size of a segment before a connection. */
const DEFAULT_SEGMENT = 536;
/** TCP_TIMEWAIT_LEN in nanoseconds. */
const TIME_WAIT = 60e9;

const int = INT.write;

/** `opening`: the other end did not answer yet. The shutdown flags distinguish FIN_WAIT and CLOSE_WAIT. */
type State = "closed" | "listening" | "opening" | "open";

/** A TCP socket: closed, listening, or one end of a connection. */
export class TcpSocket extends InetSocket {
  readonly protocol = 6;
  state: State = "closed";
  /** Linux struct socket.state: if a connect(2) has yet to report its result, or did report it. */
  private _told: "unconnected" | "connecting" | "connected" = "unconnected";
  /** The other end of the connection. */
  private _other: TcpSocket | undefined = undefined;
  /** The received bytes that were not read yet, in pages like a pipe. */
  private readonly _incoming: Pipe;
  private readonly _kernel: Kernel;
  /** The bytes at the end of the other end's queue that wait for more. */
  private readonly _held: UnsentBytes;
  private readonly _counts = new TcpCounts();
  /** This end sent its FIN. */
  private _finished = false;
  /** The other end sent its FIN. */
  private _ended = false;
  /** This end sent its FIN first: it enters TIME_WAIT. */
  private _first = false;
  /** All descriptors were closed. */
  private _orphan = false;
  private _congestion = CONGESTION[0];
  private _accepted: TcpSocket[] = [];
  private _backlog = 0;
  /** Connecting sockets that found the backlog full. */
  private readonly _waiting = new Set<TcpSocket>();
  /** The pending answer from outside. */
  private _asked: Connecting | undefined = undefined;
  /** The end of a connection that stands for the other side outside of the machine. It holds no port. */
  private readonly _foreign: boolean;

  constructor(task: SocketOwner, how: { readonly domain: InetFamily; readonly nonblock: boolean; readonly foreign?: boolean }) {
    super(task, SOCK.STREAM, how, { buffers: BUFFERS });
    this._foreign = how.foreign ?? false;
    this._kernel = task.kernel;
    this._held = new UnsentBytes(task.kernel, this);
    this._incoming = new Pipe(task.kernel.frames, Number.POSITIVE_INFINITY);
  }
  pushed(): void {
    this._other?.readQueue.wake();
  }
  override get family(): InetFamily {
    return this.domain;
  }
  protected override get ownWeight(): number {
    return sizes.connection + (this._foreign ? sizes.hostConnection : 0);
  }
  override get signalsPipe(): boolean {
    return true;
  }
  override get writesAll(): boolean {
    return true;
  }
  override get waitingBytes(): number {
    return this.listening ? -E.EINVAL : this._readable();
  }
  /** There are no urgent data. Linux tcp_ioctl(). */
  override queueState(request: number): number | undefined {
    if (request === SIOC_QUEUE.ATMARK) return 0;
    const ofQueue = request === SIOC_QUEUE.OUTQ || request === SIOC_QUEUE.OUTQNSD;
    return !ofQueue ? undefined : this.listening ? -E.EINVAL : this._held.bytes;
  }
  /** The received bytes that the other end does not hold. */
  private _readable(): number {
    const other = this._other;
    return this._incoming.length - (other ? other._held.bytes : 0);
  }
  get connected(): boolean {
    return this.state === "open";
  }
  override get listening(): boolean {
    return this.state === "listening";
  }
  /** The number of connections that accept(2) has not taken. */
  get pendingConnections(): number {
    return this._accepted.length;
  }
  /** The number of such connections that a listening socket keeps. */
  get mostPending(): number {
    return this._backlog;
  }
  /** The state as /proc/net/tcp shows it. Linux net/tcp_states.h. */
  get stateNumber(): number {
    if (this.state === "open") return this._finished ? 5 : this._ended ? 8 : 1;
    return { listening: 10, opening: 2, closed: 7 }[this.state];
  }
  protected override get bindable(): boolean {
    return this.state === "closed";
  }
  override get peerAddress(): string | undefined {
    return this.state === "open" ? super.peerAddress : undefined;
  }

  listen(_task: Task, backlog: number): number {
    if (this._told !== "unconnected" || (this.state !== "closed" && this.state !== "listening")) return -E.EINVAL;
    this._backlog = Math.min(backlog >>> 0, this.net.maxBacklog);
    if (this.state === "listening") return 0;
    const held = this.port === 0 ? this.take(this.ip, 0) : this.ports.check(this);
    if (held < 0) return held;
    this.state = "listening";
    return 0;
  }

  /** connect(2). A waiting call is repeated. Linux __inet_stream_connect(). */
  connect(task: Task, address: string, nonblock: boolean): Result {
    if (address === NO_PEER) return this._disconnect();
    const again = task.waited.data === this;
    if (!again) {
      if (this._told === "connected") return -E.EISCONN;
      if (this._told === "unconnected") {
        const begun = this.state === "closed" ? this._sendSyn(task, address) : -E.EISCONN;
        if (begun < 0) return begun;
        this._told = "connecting";
        if (nonblock) return -E.EINPROGRESS;
      } else if (this.state === "opening" && nonblock) return -E.EALREADY;
    }
    if (this.state === "opening") {
      const until = this.waitUntil(task, POLLOUT);
      if (until !== undefined && task.waited.expired) return -E.EINPROGRESS;
      task.waited.data = this;
      return wait([this.writeQueue], { until, interrupted: this.interruptedWait(until) });
    }
    if (this.state === "open") {
      this._told = "connected";
      return 0;
    }
    const error = this.takeError() || -E.ECONNABORTED;
    this._disconnect();
    return error;
  }
  /** Sends the SYN. Over the loopback device the answer is immediate. */
  private _sendSyn(task: Task, address: string): number {
    const to = toEndpoint(address);
    const ip = this.route(to.ip);
    if (unreachable(ip)) return ip;
    this._renew();
    if (this.port === 0) {
      const held = this.take(this.ip, 0);
      if (held < 0) return held === -E.EADDRINUSE ? -E.EADDRNOTAVAIL : held;
    }
    if (isAny(this.ip)) this.ip = this.net.sourceFor(ip);
    this.peerName = { ip, port: to.port };
    if (!this.net.isOwn(ip)) return this._ask(this.peerName);
    const listener = this._listenerAt(ip, to.port);
    if (!listener) this._die(E.ECONNREFUSED);
    else if (!this._enter(task, listener)) return -E.ENOBUFS;
    return 0;
  }
  /** Connects to a listener, or waits for a place in its backlog. False: memory is short. */
  private _enter(owner: SocketOwner, listener: TcpSocket): boolean {
    if (listener._accepted.length <= listener._backlog) return this._join(owner, listener);
    this.state = "opening";
    listener._waiting.add(this);
    return true;
  }
  /** Asks the host for a connection. `answer` gets the result. */
  private _ask(to: Endpoint): number {
    const asked = this.net.uplink?.connect(this, to) ?? -E.ENETUNREACH;
    if (typeof asked === "number") {
      this.peerName = undefined;
      this.leavePort();
      return asked;
    }
    this.state = "opening";
    this._asked = asked;
    return 0;
  }
  /** The answer from outside: the foreign end of the connection, or an error number. */
  answer(end: TcpSocket | number): void {
    this._asked = undefined;
    if (typeof end === "number") {
      this._die(end);
      return;
    }
    this._link(end);
    this.wakeAll();
  }
  /** The end of a connection outside of the machine. */
  static foreign(owner: SocketOwner, domain: InetFamily, at: Endpoint): TcpSocket {
    const end = new TcpSocket(owner, { domain, nonblock: false, foreign: true });
    [end.ip, end.port] = [at.ip, at.port];
    return end;
  }
  /** Connects a foreign end to a listener of the machine. False: there is none, or memory is short. */
  arrive(owner: SocketOwner, to: Endpoint): boolean {
    const listener = this._listenerAt(to.ip, to.port);
    this.peerName = to;
    this._told = "connected";
    return listener !== undefined && this._enter(owner, listener);
  }
  private _listenerAt(ip: Ip, port: number): TcpSocket | undefined {
    const all = this.ports.at(port).filter((h): h is TcpSocket => h instanceof TcpSocket && h.listening);
    // Linux inet6_lookup_listener(), compute_score(): the exact address, then the same version.
    const fitting = all.filter((h) => receives(h.ip, h.only6, ip));
    return fitting.find((h) => h.ip === ip) ?? fitting.find((h) => typeof h.ip === typeof ip) ?? fitting[0];
  }
  /** Connects to a listener. False: memory is short for the other end. */
  private _join(owner: SocketOwner, listener: TcpSocket): boolean {
    const end = new TcpSocket(owner, { domain: listener.domain, nonblock: false });
    if (end.admit() < 0) return false;
    end.inherit(listener);
    const { ip, port } = this.peerName as Endpoint;
    [end.ip, end.port] = [ip, port];
    end.ports.hold(end);
    end.peerName = { ip: this.ip, port: this.port };
    this._link(end);
    listener._accepted.push(end.hold());
    listener.readQueue.wake();
    this.wakeAll();
    return true;
  }
  /** Connects two ends. Only buffers within the machine grow: a network of the host has its own. */
  private _link(end: TcpSocket): void {
    end._told = "connected";
    for (const [a, b] of [[this, end] as const, [end, this] as const]) {
      a._other = b;
      a.state = "open";
      if (a.sendBuffer === BUFFERS.send && !a._foreign && !b._foreign) a.sendBuffer = GROWN;
    }
  }

  accept(task: Task, nonblock: boolean): TcpSocket | number {
    if (this.state !== "listening") return -E.EINVAL;
    const end = this._accepted.shift();
    if (!end) return -E.EAGAIN;
    if (nonblock) end.flags |= O_NONBLOCK;
    const [next] = this._waiting;
    if (next) {
      this._waiting.delete(next);
      if (!next._join(task, this)) next._die(E.ECONNREFUSED);
    }
    return end.handOver();
  }

  /** The number of bytes that may be sent now. Under memory pressure each connection may still send some. */
  private _sendSpace(): number {
    if (!this._other) return 0;
    const { length } = this._other._incoming;
    const own = this.sendBuffer + this._other.receiveBuffer - length;
    return Math.min(own, Math.max(MEMORY - this.ports.inFlight, LITTLE - length));
  }
  private _take(n: number, into: Uint8Array | undefined): Uint8Array {
    const bytes = this._incoming.take(n, into);
    this.ports.inFlight -= bytes.length;
    return bytes;
  }
  private _discard(): void {
    this.ports.inFlight -= this._incoming.length;
    this._incoming.end();
  }
  send(_task: Task, message: SocketMessage, _address: string | undefined): number {
    if (this.error !== 0) return this.takeError();
    if (this.state === "opening") return -E.EAGAIN;
    const to = this._other;
    if (this.state !== "open" || this.writeShut || !to) return -E.EPIPE;
    if (to._orphan) {
      // The other end cannot read it: the answer is a reset.
      this._reset();
      return message.bytes.length;
    }
    const bytes = message.bytes.subarray(0, Math.max(0, this._sendSpace()));
    if (bytes.length === 0 && message.bytes.length > 0) return -E.EAGAIN;
    const sent = to._incoming.put(bytes);
    if (sent < 0) return -E.ENOBUFS;
    this.ports.inFlight += sent;
    TcpCounts.moved(this._counts, to._counts, sent, this._kernel.now);
    this._held.add(sent, message.more === true || this.options.get(SOL.TCP, TCP.CORK) === 1);
    return sent;
  }

  receive(_task: Task, n: number, peek: boolean, into?: Uint8Array): ReceiveResult | number | undefined {
    if (this.state === "listening") return -E.ENOTCONN;
    const readable = this._readable();
    if (readable > 0) {
      const most = Math.min(n, readable);
      const bytes = peek ? this._incoming.peek(most, into) : this._take(most, into);
      if (!peek) this._other?.writeQueue.wake();
      const notes = this.options.get(SOL.TCP, TCP.INQ) === 1 ? [{ level: SOL.TCP, type: TCP.INQ, data: int(this._readable()) }] : [];
      return { bytes, length: bytes.length, rights: [], cred: NO_CRED, from: "", notes };
    }
    if (this._ended) return undefined;
    if (this.error !== 0) return this.takeError();
    if (this.readShut) return undefined;
    return this.state === "closed" ? -E.ENOTCONN : -E.EAGAIN;
  }

  /** shutdown(2): 0 or -errno. Linux inet_shutdown(). */
  shutdown(how: number): number {
    if (how < SHUT.RD || how > SHUT.RDWR) return -E.EINVAL;
    const reads = how !== SHUT.WR;
    if (this.state === "opening" || (this.state === "listening" && reads)) return this._disconnect();
    if (this.state === "listening") return 0;
    const connected = this.state === "open";
    if (reads) this.readShut = true;
    if (how !== SHUT.RD) {
      this.writeShut = true;
      if (connected) this._finish();
    }
    this.wakeAll();
    return connected ? 0 : -E.ENOTCONN;
  }

  /** Sends the FIN. */
  private _finish(): void {
    const { state } = this;
    if (this._finished || state !== "open") return;
    this._held.flush();
    this._finished = true;
    const other = this._other;
    if (!other) return;
    this._first = !other._finished;
    other._ended = true;
    other.readShut = true;
    if (other._finished) this._endConnection();
    other.wakeAll();
  }
  /** Ends the connection after both FINs. The end with the first FIN enters TIME_WAIT. */
  private _endConnection(): void {
    const other = this._other as TcpSocket;
    const first = this._first ? this : other;
    const until = this.net.tcp.now + TIME_WAIT;
    const { ip, only6, port, reuse, reusePort, uid } = first;
    if (port !== 0 && !first._foreign) this.ports.remember({ ip, only6, port, reuse, reusePort, uid, listening: false, until });
    for (const end of [this, other]) {
      end.state = "closed";
      end._other = undefined;
      end.readShut = end.writeShut = true;
      end.leavePort(end._orphan);
    }
  }
  /** Handles a reset. After the other end's FIN it is a broken pipe. Linux tcp_reset(). */
  private _reset(): void {
    this._die(this._ended && !this._finished ? E.EPIPE : E.ECONNRESET);
  }
  private _die(error: number): void {
    this.error = error;
    const other = this._other;
    this.state = "closed";
    this.readShut = this.writeShut = true;
    this._other = undefined;
    if (other && other._other === this) other._forget();
    this.leavePort(this._orphan);
    this.wakeAll();
  }
  /** Forgets the other end without a message to it. */
  private _forget(): void {
    this._other = undefined;
    this.state = "closed";
    if (this._orphan) this.leavePort(true);
  }
  /** Aborts the connections of a listener, or the own connection. Linux tcp_disconnect(). */
  private _disconnect(): number {
    const was = this.state;
    this.state = "closed";
    if (was === "listening") this._stopListening();
    if (was === "opening") this._stopOpening();
    if (this._other) {
      this._other._reset();
      this.error = E.ECONNRESET;
    }
    this._discard();
    this._told = "unconnected";
    this.peerName = undefined;
    this._renew();
    this.leavePort();
    this.wakeAll();
    return 0;
  }
  private _stopOpening(): void {
    this._asked?.cancel();
    this._asked = undefined;
    for (const h of this.ports.at((this.peerName as Endpoint).port)) if (h instanceof TcpSocket) h._waiting.delete(this);
  }
  private _renew(): void {
    this._finished = this._ended = this._first = this.readShut = this.writeShut = false;
  }
  private _stopListening(): void {
    for (const end of this._accepted.splice(0)) {
      if (end._other) end._other._reset();
      end.drop();
    }
    for (const socket of this._waiting) socket._die(E.ECONNREFUSED);
    this._waiting.clear();
  }

  override poll(): number {
    if (this.state === "listening") return this._accepted.length > 0 ? POLLIN | POLLRDNORM : 0;
    let events = 0;
    if ((this.readShut && this.writeShut) || this.state === "closed") events |= POLLHUP;
    if (this.readShut) events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (this.state !== "opening") {
      if (this._readable() > 0) events |= POLLIN | POLLRDNORM;
      // Linux sk_stream_is_writeable(): a third of the buffer is free.
      if (this.writeShut || !this._other || 3 * this._sendSpace() >= this.sendBuffer + this._other.receiveBuffer)
        events |= POLLOUT | POLLWRNORM;
    }
    if (this.error !== 0) events |= POLLERR;
    return events;
  }

  protected override getOwnOption(task: Task, level: number, option: number, asked: SocketLevel.OptionBuffer): SocketLevel.OptionAnswer {
    return (level === SOL.TCP ? this._ownOption(option) : undefined) ?? super.getOwnOption(task, level, option, asked);
  }
  private _ownOption(option: number): Uint8Array | undefined {
    const { connected } = this;
    const value = (option: number): number => this.options.get(SOL.TCP, option) ?? 0;
    switch (option) {
      case TCP.CONGESTION:
        return new TextEncoder().encode(this._congestion.padEnd(CONGESTION_SIZE, "\0"));
      case TCP.MAXSEG:
        return int(connected ? SEGMENT : value(option) || DEFAULT_SEGMENT);
      case TCP.WINDOW_CLAMP:
        return int(connected && value(option) === 0 ? this.receiveBuffer / 2 : value(option));
      case TCP.IS_MPTCP:
        return int(0);
      // The clock of TCP's timestamps: milliseconds.
      case TCP.TIMESTAMP:
        return int(Math.floor(this._kernel.now / 1e6) | 0);
      // Cubic tells nothing; there are no kept SYN, no layer above and no keys.
      case TCP.CC_INFO:
      case TCP.SAVED_SYN:
      case TCP.ULP:
      case TCP.FASTOPEN_KEY:
        return new Uint8Array(0);
      case TCP.INFO:
        return tcpInfoBytes(
          {
            state: this.stateNumber,
            connected,
            pending: this.listening ? this.pendingConnections : 0,
            backlog: this.listening ? this.mostPending : 0,
            segment: connected ? SEGMENT : DEFAULT_SEGMENT,
            held: this._held.bytes,
            mtu: this.net.mtu,
            receiveBuffer: this.receiveBuffer,
            now: this._kernel.now,
          },
          this._counts,
        );
    }
    return undefined;
  }
  protected override setOwnOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    if (level === SOL.TCP && option === TCP.CONGESTION) return this._setCongestion(value);
    if (level === SOL.TCP && option === TCP.ULP) return value.length === 0 ? -E.EINVAL : -E.ENOENT;
    if (level === SOL.TCP && option === TCP.FASTOPEN_KEY) return value.length === 16 || value.length === 32 ? 0 : -E.EINVAL;
    const result = super.setOwnOption(task, level, option, value, abi);
    // TCP_NODELAY sends also what TCP_CORK holds.
    const sends = option === TCP.CORK ? 0 : option === TCP.NODELAY ? 1 : undefined;
    if (result === 0 && level === SOL.TCP && sends !== undefined && this.options.get(level, option) === sends) this._held.flush();
    return result;
  }
  private _setCongestion(value: Uint8Array): number {
    if (value.length === 0) return -E.EINVAL;
    const name = ofBytes(value.subarray(0, CONGESTION_SIZE - 1)).split("\0", 1)[0] as string;
    if (!CONGESTION.includes(name)) return -E.ENOENT;
    this._congestion = name;
    return 0;
  }

  override release(): void {
    this.leaveGroups();
    this._orphan = true;
    if (this.state === "listening" || this.state === "opening") this._disconnect();
    const other = this._other;
    if (other && (this._incoming.length > 0 || this.linger === 0)) other._reset();
    else this._finish();
    this._discard();
    // An end that waits for the other end's FIN holds its port.
    if (this.state === "closed") this.leavePort(true);
  }
}
