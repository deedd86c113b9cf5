// Ping sockets: echo requests without privilege. The port is the identifier of the messages. man 7 icmp;
// Linux net/ipv4/ping.c, net/ipv6/ping.c.
import { E } from "../../../abi/errno.ts";
import { AF, IPPROTO, SOCK } from "../../../abi/uapi/socket.ts";
import type { Task } from "../../core/task.ts";
import { NO_PEER } from "../../net/address.ts";
import { type Datagram, datagram, ECHO, headerOf, sealIcmp } from "../../net/datagram.ts";
import { lo } from "../../net/devices.ts";
import type { HeaderRequest } from "../../net/header-notes.ts";
import { InetSocket, unreachable } from "../../net/inet.ts";
import { type InetFamily, type Ip, isAny, isBroadcast, isMulticast, toAddress, toEndpoint } from "../../net/inet-address.ts";
import { SO, SOL } from "../../net/options/numbers.ts";
import type { ReceiveResult, SocketMessage } from "../../net/socket.ts";
import { type Hearer, seenBy } from "../../net/taps.ts";
import { deliver } from "./deliver.ts";
import { PacketQueue } from "./queue.ts";

const MAX_MESSAGE = 0xffff;
/** The header of an ICMP message, and the offset of the identifier in it. */
const HEADER = 8;
const IDENTIFIER = 4;

/** True if a group of the task is one of net.ipv4.ping_group_range. Linux ping_init_sock(). */
export const mayPing = ({ cred, net }: Task): boolean => {
  const [low, high] = net.pingGroups;
  const isIn = (gid: number): boolean => low <= gid && gid <= high;
  return isIn(cred.egid) || cred.groups.some(isIn);
};

/** A ping socket. */
export class PingSocket extends InetSocket implements Hearer {
  readonly protocol: number;
  private readonly _queue: PacketQueue;

  constructor(task: Task, how: { readonly domain: InetFamily; readonly nonblock: boolean }) {
    super(task, SOCK.DGRAM, how, { set: "ping" });
    this.protocol = how.domain === AF.INET ? IPPROTO.ICMP : IPPROTO.ICMPV6;
    this._queue = new PacketQueue(this.account);
    // Linux INET_PROTOSW_REUSE: sockets share identifiers unless they refuse to.
    this.options.put(SOL.SOCKET, SO.REUSEADDR, 1);
    this.net.raw.add(this);
  }
  override get waitingBytes(): number {
    return this._queue.firstLength;
  }
  protected override get isPure(): boolean {
    return true;
  }
  override bind(_task: Task, address: string): number {
    const { ip, port } = toEndpoint(address);
    if (this.port !== 0) return -E.EINVAL;
    if (!isAny(ip) && !this.net.isOwn(ip) && !isBroadcast(ip) && !isMulticast(ip)) return -E.EADDRNOTAVAIL;
    const taken = this._takeIdentifier(port);
    if (taken < 0) return taken;
    this.ip = ip;
    this.chosen = { ip: !isAny(ip), port: port !== 0 };
    return 0;
  }
  /** Takes an identifier, or a free one for 0. All addresses share them. Linux ping_get_port(). */
  private _takeIdentifier(wanted: number): number {
    const { pings } = this.net;
    const port = wanted === 0 ? pings.free(0, 0) : wanted;
    if (port === undefined) return -E.EADDRINUSE;
    if (pings.at(port).some((other) => !(other.reuse && this.reuse))) return -E.EADDRINUSE;
    this.port = port;
    pings.hold(this);
    return 0;
  }
  connect(_task: Task, address: string): number {
    if (address === NO_PEER) {
      this.peerName = undefined;
      return 0;
    }
    const to = toEndpoint(address);
    const ip = this.route(to.ip);
    if (unreachable(ip)) return ip;
    const taken = this.port === 0 ? this._takeIdentifier(0) : 0;
    if (taken < 0) return -E.EAGAIN;
    if (isAny(this.ip)) this.ip = this.net.sourceFor(ip);
    this.peerName = { ip, port: to.port };
    return 0;
  }
  listen(): number {
    return -E.EOPNOTSUPP;
  }
  accept(): number {
    return -E.EOPNOTSUPP;
  }

  send(task: Task, { bytes, request }: SocketMessage, address: string | undefined): number {
    const taken = this.port === 0 ? this._takeIdentifier(0) : 0;
    if (taken < 0) return -E.EAGAIN;
    if (bytes.length > MAX_MESSAGE) return -E.EMSGSIZE;
    const kind = this.domain === AF.INET ? ECHO.four : ECHO.six;
    if (bytes.length < HEADER || bytes[0] !== kind.request || bytes[1] !== 0) return -E.EINVAL;
    const to = address === undefined ? this.peerName : toEndpoint(address);
    if (!to) return -E.EDESTADDRREQ;
    if (isBroadcast(to.ip) && !this.options.on(SO.BROADCAST)) return -E.EACCES;
    const ip = isBroadcast(to.ip) ? to.ip : this.route(to.ip);
    if (unreachable(ip)) return ip;
    const from = this.sourceOf(ip, request);
    if (unreachable(from)) return from;
    // Outside there is no way for datagrams other than UDP: they are lost.
    if (isBroadcast(ip) || this.net.isOwn(ip)) deliver(task.kernel, this.net, this._made(from, ip, bytes.slice(), request));
    return bytes.length;
  }
  private _made(from: Ip, to: Ip, message: Uint8Array, request: HeaderRequest | undefined): Datagram {
    new DataView(message.buffer).setUint16(IDENTIFIER, this.port);
    sealIcmp(from, to, message);
    return datagram(from, to, this.protocol, message, this.headerSettings(typeof from === "number", request));
  }

  hear(heard: Datagram): void {
    const { bytes, from, to, protocol, at } = heard;
    if (protocol !== this.protocol || this.readShut || (typeof from === "number") !== (this.domain === AF.INET)) return;
    const message = bytes.subarray(at);
    if (message[0] !== (this.domain === AF.INET ? ECHO.four : ECHO.six).reply || message.length < HEADER) return;
    const identifier = ((message[IDENTIFIER] as number) << 8) | (message[IDENTIFIER + 1] as number);
    if (identifier !== this.port || this._latest(to) !== this) return;
    const kept = this.filters.keeps(() => seenBy(heard, "inner", lo));
    if (kept === 0) return;
    const more = { header: headerOf(heard), ...this.marks() };
    if (this._queue.put(message.subarray(0, kept), toAddress({ ip: from, port: 0 }), this.receiveBuffer, more)) this.readQueue.wake();
    else this.lost++;
  }
  /** The socket that hears a reply to its identifier: the one that took it last. Linux ping_lookup(). */
  private _latest(to: Ip): unknown {
    return this.net.pings
      .at(this.port)
      .filter((other) => other instanceof PingSocket && other.domain === this.domain && (isAny(other.ip) || other.ip === to))
      .at(-1);
  }
  receive(_task: Task, n: number, peek: boolean): ReceiveResult | number | undefined {
    if (this.error !== 0) return this.takeError();
    const got = this._queue.take(n, peek);
    if (got) return { ...got, notes: this.notesOf(got.header) };
    return this.readShut ? undefined : -E.EAGAIN;
  }
  shutdown(how: number): number {
    return this.shutDatagrams(how);
  }
  override poll(): number {
    return this.datagramEvents(this._queue.length > 0);
  }
  override release(): void {
    this.net.raw.delete(this);
    if (this.port !== 0) this.net.pings.drop(this);
    this.leaveGroups();
    this._queue.clear();
  }
}
