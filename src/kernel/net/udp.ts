// UDP between sockets of one machine. man 7 udp; Linux net/ipv4/udp.c.
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { IPPROTO, SOCK } from "../../abi/uapi/socket.ts";
import { cost } from "../base/cost.ts";
import { Fifo } from "../base/fifo.ts";
import type { Task } from "../core/task.ts";
import { NO_PEER } from "./address.ts";
import { portUnreachable, udpDatagram } from "./datagram.ts";
import { lo } from "./devices.ts";
import type { Seen } from "./filter/program.ts";
import { InetSocket, unreachable } from "./inet.ts";
import {
  ANY,
  type Endpoint,
  type InetFamily,
  type Ip,
  isAny,
  isBroadcast,
  isMulticast,
  receives,
  toAddress,
  toEndpoint,
} from "./inet-address.ts";
import { deviceFor, IPV6_MULTICAST } from "./multicast.ts";
import { IP, IPV6, SO, SOL, UDP } from "./options/numbers.ts";
import type { Ports } from "./ports.ts";
import { type DatagramHeader, NO_CRED, type ReceiveResult, type SendRequest, type SocketMessage, weightOf } from "./socket.ts";
import { announce, heard, seenBy } from "./taps.ts";

/** In bytes: the overhead of a packet, and its greatest length. */
const OVERHEAD = 256;
const UDP_HEADER = 8;
const IP_HEADER = 20;
/** UDP_MAX_SEGMENTS. */
const MOST_SEGMENTS = 128;
const MAX_PAYLOAD = 65_507;
/** IPV6_MULTICAST_LOOP. */
const IPV6_LOOP = 19;

/** A UDP socket. */
export class UdpSocket extends InetSocket {
  readonly protocol: number;
  private readonly _queue = new Fifo<SocketMessage>();
  private _queued = 0;

  constructor(task: Task, how: { readonly domain: InetFamily; readonly nonblock: boolean }, protocol: number = IPPROTO.UDP) {
    super(task, SOCK.DGRAM, how, { set: protocol === IPPROTO.UDP ? "udp" : "udplite" });
    this.protocol = protocol;
  }
  protected override get ports(): Ports {
    return this.protocol === IPPROTO.UDP ? this.net.udp : this.net.udplite;
  }
  override get waitingBytes(): number {
    return this._queue.at(0)?.bytes.length ?? 0;
  }
  listen(): number {
    return -E.EOPNOTSUPP;
  }
  accept(): number {
    return -E.EOPNOTSUPP;
  }

  connect(_task: Task, address: string): number {
    if (address === NO_PEER) {
      this.peerName = undefined;
      this.leavePort();
      return 0;
    }
    const to = toEndpoint(address);
    const ip = this.route(to.ip);
    if (unreachable(ip)) return ip;
    const held = this.port === 0 ? this.take(this.ip, 0) : 0;
    if (held < 0) return -E.EAGAIN;
    if (isAny(this.ip)) this.ip = this.net.sourceFor(ip);
    this.peerName = { ip, port: to.port };
    return 0;
  }

  /** The bytes of a packet that is not complete, with its receiver. Linux udp_sock.pending. */
  private _pending: { readonly bytes: Uint8Array; readonly to: string } | undefined = undefined;

  send(task: Task, message: SocketMessage, address: string | undefined): number {
    const more = message.more === true || this.options.get(SOL.UDP, UDP.CORK) === 1;
    const kept = this._pending;
    if (!kept && !more) return this._transmit(task, message, address);
    const to = kept?.to ?? address ?? this.peerAddress;
    if (to === undefined) return -E.EDESTADDRREQ;
    const bytes = new Uint8Array((kept?.bytes.length ?? 0) + message.bytes.length);
    // A failure ends the packet.
    if (bytes.length > MAX_PAYLOAD) {
      this._dropPending();
      return -E.EMSGSIZE;
    }
    if (!this.account.take(message.bytes.length)) return -E.ENOBUFS;
    if (kept) bytes.set(kept.bytes);
    bytes.set(message.bytes, kept?.bytes.length ?? 0);
    this._pending = { bytes, to };
    const sent = more ? 0 : this._push(task, message);
    return sent < 0 ? sent : message.bytes.length;
  }
  /** Sends the packet that was kept. */
  private _push(task: Task, like: SocketMessage): number {
    const kept = this._pending;
    if (!kept) return 0;
    this._dropPending();
    return this._transmit(task, { ...like, bytes: kept.bytes }, kept.to);
  }
  private _dropPending(): void {
    this.account.give(this._pending?.bytes.length ?? 0);
    this._pending = undefined;
  }
  protected override setOwnOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    const result = super.setOwnOption(task, level, option, value, abi);
    const uncorked = result === 0 && level === SOL.UDP && option === UDP.CORK && this.options.get(level, option) === 0;
    if (uncorked) this._push(task, { bytes: new Uint8Array(0), rights: [], cred: NO_CRED, from: this.address });
    return result;
  }
  override sendRequest(level: number, type: number, data: DataView, to: string | undefined): SendRequest | number {
    if (level !== SOL.UDP) return super.sendRequest(level, type, data, to);
    return type === UDP.SEGMENT && data.byteLength === 2 ? { segment: data.getUint16(0, true) } : -E.EINVAL;
  }
  /** Sends a message, or the packets that it is cut into (UDP_SEGMENT). Linux udp_send_skb(). */
  private _transmit(task: Task, message: SocketMessage, address: string | undefined): number {
    const { bytes, request } = message;
    const segment = request?.segment ?? this.options.get(SOL.UDP, UDP.SEGMENT) ?? 0;
    if (bytes.length > MAX_PAYLOAD) return -E.EMSGSIZE;
    if (segment === 0 || bytes.length <= segment) return this._transmitOne(task, message, address);
    if (segment > this.net.mtu - UDP_HEADER - IP_HEADER || bytes.length > segment * MOST_SEGMENTS) return -E.EINVAL;
    for (let at = 0; at < bytes.length; at += segment) {
      const sent = this._transmitOne(task, { ...message, bytes: bytes.subarray(at, at + segment) }, address);
      if (sent < 0) return sent;
    }
    return bytes.length;
  }
  private _transmitOne(task: Task, message: SocketMessage, address: string | undefined): number {
    const to = address === undefined ? this.peerName : toEndpoint(address);
    if (!to) return this.error !== 0 ? this.takeError() : -E.EDESTADDRREQ;
    if (to.port === 0) return -E.EINVAL;
    if (isBroadcast(to.ip) && !this.options.on(SO.BROADCAST)) return -E.EACCES;
    if (isMulticast(to.ip)) return this._toGroup(task, message, to);
    const ip = isBroadcast(to.ip) ? to.ip : this.route(to.ip);
    if (unreachable(ip)) return ip;
    if (this.error !== 0) return this.takeError();
    if (this.writeShut) return -E.EPIPE;
    const held = this.port === 0 ? this.take(this.ip, 0) : 0;
    if (held < 0) return -E.EAGAIN;
    const source = this.sourceOf(ip, message.request);
    if (unreachable(source)) return source;
    const from = { ip: source, port: this.port };
    if (!isBroadcast(ip) && !this.net.isOwn(ip) && this.protocol === IPPROTO.UDP)
      return this._sendOut(message.bytes, { ip, port: to.port });
    const { net } = this;
    const header = { to: ip, ...this.headerSettings(typeof ip === "number", message.request) };
    const shown = heard(net) && this.protocol === IPPROTO.UDP ? udpDatagram(from, { ip, port: to.port }, message.bytes, header) : undefined;
    if (shown) announce(task.kernel, net, shown);
    const receiver = UdpSocket.receiverAt(this.ports, ip, to.port, from);
    if (receiver && !receiver._put({ ...message, rights: [], from: toAddress(from), header })) return -E.ENOBUFS;
    // ICMP reports an unreachable port. Only a socket that is connected to it gets the error.
    if (!receiver && this.peerName?.port === to.port && this.peerName.ip === ip) this._refuse();
    if (!receiver && shown && !isBroadcast(ip)) announce(task.kernel, net, portUnreachable(shown));
    return message.bytes.length;
  }
  /** Sends to all members of a group in this machine. Linux __udp4_lib_mcast_deliver(). */
  private _toGroup(task: Task, message: SocketMessage, to: Endpoint): number {
    const { net, groups, options } = this;
    const four = typeof to.ip === "number";
    const index = four ? groups.outgoing.index : (options.get(SOL.IPV6, IPV6_MULTICAST.IF) ?? 0);
    const device = deviceFor(net, index, ANY);
    const own = device?.addresses(net).find(({ ip }) => typeof ip === typeof to.ip)?.ip;
    if (!device || own === undefined) return -E.ENETUNREACH;
    const held = this.port === 0 ? this.take(this.ip, 0) : 0;
    if (held < 0) return -E.EAGAIN;
    const chosen = four && groups.outgoing.address !== ANY ? groups.outgoing.address : own;
    const from = { ip: isAny(this.ip) ? chosen : this.ip, port: this.port };
    // The link to the host loses datagrams to groups.
    const back = device === lo || options.get(four ? SOL.IP : SOL.IPV6, four ? IP.MULTICAST_LOOP : IPV6_LOOP) === 1;
    if (!back) return message.bytes.length;
    const { ttl = 1, tos = 0 } = message.request ?? {};
    const header = { to: to.ip, ttl, tos };
    if (heard(net)) announce(task.kernel, net, udpDatagram(from, to, message.bytes, header));
    task.kernel.charge(net.groups.size * cost.entry);
    // The device takes every packet that one member takes. Linux ip_check_mc_rcu().
    if (![...net.groups].some((joined) => joined.allows(to.ip, device.index, from.ip))) return message.bytes.length;
    let packet: Seen | undefined;
    const seen = (): Seen => (packet ??= seenBy(udpDatagram(from, to, message.bytes, header), "inner", lo));
    for (const h of this.ports.at(to.port)) {
      if (!(h instanceof UdpSocket) || (h.ip !== to.ip && !receives(h.ip, h.only6, to.ip))) continue;
      const member =
        h.groups.allows(to.ip, device.index, from.ip) ??
        h.options.get(four ? SOL.IP : SOL.IPV6, four ? IP.MULTICAST_ALL : IPV6.MULTICAST_ALL) === 1;
      if (member) h.arrive(from, message.bytes, header, seen);
    }
    return message.bytes.length;
  }
  /**
   * The best receiver: first a socket that is connected to the sender, then one that is bound to the address,
   * then the latest one. Linux compute_score().
   */
  static receiverAt(ports: Ports, ip: Ip, port: number, from: Endpoint): UdpSocket | undefined {
    let best: UdpSocket | undefined;
    let bestScore = -1;
    for (const h of ports.at(port)) {
      if (!(h instanceof UdpSocket) || !receives(h.ip, h.only6, ip)) continue;
      const { peerName } = h;
      if (peerName && (peerName.ip !== from.ip || peerName.port !== from.port)) continue;
      const score = (h.ip === ip ? 2 : typeof h.ip === typeof ip ? 1 : 0) + (peerName ? 3 : 0);
      if (score >= bestScore) [best, bestScore] = [h, score];
    }
    return best;
  }
  /** Sends a packet out of the machine. A lost one is none of the sender's errors. */
  private _sendOut(bytes: Uint8Array, to: Endpoint): number {
    const sent = this.net.uplink?.datagram(this, to, bytes.slice()) ?? -E.ENETUNREACH;
    return sent < 0 ? sent : bytes.length;
  }
  /** Takes a packet from outside, or of a group: the filters of all members share `seen`. */
  arrive(from: Endpoint, bytes: Uint8Array, header?: DatagramHeader, seen?: () => Seen): void {
    const { peerName } = this;
    if (peerName && (peerName.ip !== from.ip || peerName.port !== from.port)) return;
    this._put({ bytes, rights: [], cred: NO_CRED, from: toAddress(from), ...(header ? { header } : {}) }, seen);
  }
  /** Queues a packet. A full buffer drops it. False: memory is short. */
  private _put(message: SocketMessage, seen = (): Seen => this._seen(message)): boolean {
    const kept = this.filters.keeps(seen);
    const bytes = message.bytes.subarray(0, Math.max(0, kept - UDP_HEADER));
    const cost = bytes.length + OVERHEAD;
    if (kept === 0 || (this._queued + cost > this.receiveBuffer && this._queue.length > 0)) {
      this.lost++;
      return true;
    }
    // A group has any number of members: no copy is made for one that cannot have it.
    if (!this.account.take(weightOf({ ...message, bytes }))) return false;
    const queued = { ...message, ...this.marks(), bytes: bytes.slice() };
    this._queue.push(queued);
    this._queued += cost;
    this.readQueue.wake();
    return true;
  }
  /** A message as the filter sees it, from the header of UDP on. */
  private _seen({ bytes, from, header }: SocketMessage): Seen {
    const source = toEndpoint(from);
    const to = { ip: header?.to ?? this.ip, port: this.port };
    return seenBy(udpDatagram(source, to, bytes, header ?? { ttl: 64, tos: 0 }), "inner", lo);
  }
  private _refuse(): void {
    this.error = E.ECONNREFUSED;
    this.wakeAll();
  }

  receive(_task: Task, n: number, peek: boolean): ReceiveResult | number | undefined {
    if (this.error !== 0) return this.takeError();
    const first = this._queue.at(0);
    if (!first) return this.readShut ? undefined : -E.EAGAIN;
    if (!peek) {
      this._queue.shift();
      this.account.give(weightOf(first));
      this._queued -= first.bytes.length + OVERHEAD;
    }
    return { ...first, bytes: first.bytes.subarray(0, n), length: first.bytes.length, notes: this.notesOf(first.header) };
  }

  shutdown(how: number): number {
    return this.shutDatagrams(how);
  }
  override poll(): number {
    return this.datagramEvents(this._queue.length > 0);
  }
  override release(): void {
    for (const message of this._queue.takeAll()) this.account.give(weightOf(message));
    this._dropPending();
    this.net.uplink?.forget(this);
    this.leavePort(true);
    this.leaveGroups();
  }
}
