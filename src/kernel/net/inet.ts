// The common part of TCP and UDP sockets of both IP versions: names, ports and options. man 7 ip, ipv6,
// socket; Linux net/ipv4/af_inet.c, net/ipv6/af_inet6.c, net/core/sock.c.
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { AF, SHUT, SOCK } from "../../abi/uapi/socket.ts";
import { WaitQueue } from "../base/wait.ts";
import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../fs/vfs/file.ts";
import { type AddressUse, NO_PEER } from "./address.ts";
import { ethernet } from "./devices.ts";
import { type HeaderRequest, headerNotes, headerRequest } from "./header-notes.ts";
import {
  anyOf,
  type Endpoint,
  type InetFamily,
  type Ip,
  isAny,
  isBroadcast,
  isLoopback,
  isMulticast,
  loopbackFor,
  parse,
  parse6,
  sockaddr,
  sockaddr6,
  toAddress,
  toEndpoint,
} from "./inet-address.ts";
import { Groups, IP_MULTICAST } from "./multicast.ts";
import { HEADER_OPTION, IP, IPV6, IPV6_STICKY, SO, SOL } from "./options/numbers.ts";
import { INT, type OptionSet } from "./options/row.ts";
import type { Holder, Ports } from "./ports.ts";
import { type ControlNote, type DatagramHeader, type SendRequest, Socket, type SocketOwner } from "./socket.ts";
import type { OptionAnswer, OptionBuffer } from "./socket-level.ts";

const int = INT.write;

/** The set of options of a type. */
const SETS = { [SOCK.STREAM]: "tcp", [SOCK.DGRAM]: "udp", [SOCK.RAW]: "raw" } as const;

/** An Internet socket. Ports are held in the tables of its network namespace. */
export abstract class InetSocket extends Socket implements Holder {
  readonly uid: number;
  /** IPV6_ADDRFORM changes it. */
  override domain: InetFamily;
  /** The bound address. Port 0: not bound. */
  ip: Ip;
  port = 0;
  /**
   * True for an address or a port that the user chose. It stays after the end of a connection. Linux
   * SOCK_BINDADDR_LOCK.
   */
  protected chosen = { ip: false, port: false };
  peerName: Endpoint | undefined = undefined;
  /** Shut down for reading. */
  readShut = false;
  /** Shut down for writing. */
  writeShut = false;
  readonly readQueue = new WaitQueue();
  readonly writeQueue = new WaitQueue();

  constructor(
    task: SocketOwner,
    type: typeof SOCK.STREAM | typeof SOCK.DGRAM | typeof SOCK.RAW,
    { domain, nonblock }: { readonly domain: InetFamily; readonly nonblock: boolean },
    {
      buffers,
      set = SETS[type],
    }: { readonly buffers?: { readonly send: number; readonly receive: number }; readonly set?: OptionSet } = {},
  ) {
    super(task, type, nonblock, { set, domain, ...(buffers ? { buffers } : {}) });
    this.domain = domain;
    this.ip = anyOf(domain);
    if (domain === AF.INET6) this.options.put(SOL.IPV6, IPV6.V6ONLY, task.net.only6);
    this.uid = task.cred.euid;
  }
  abstract override readonly protocol: number;
  protected get ports(): Ports {
    return this.type === SOCK.STREAM ? this.net.tcp : this.net.udp;
  }
  get only6(): boolean {
    return this.options.get(SOL.IPV6, IPV6.V6ONLY) === 1;
  }
  get reuse(): boolean {
    return this.options.on(SO.REUSEADDR);
  }
  get reusePort(): boolean {
    return this.options.on(SO.REUSEPORT);
  }

  /** A socket of IPv6 has no IPv4. Linux rawv6_bind(), ping_v6_bind(). */
  protected get isPure(): boolean {
    return false;
  }
  parseAddress(bytes: Uint8Array, use: AddressUse): string | number {
    if (this.domain === AF.INET) return parse(bytes, use);
    const address = parse6(bytes, use, this.only6, this.type === SOCK.DGRAM);
    if (!this.isPure || typeof address === "number" || address === NO_PEER) return address;
    return typeof toEndpoint(address).ip === "number" ? -E.EINVAL : address;
  }
  addressBytes(address: string): Uint8Array {
    return this.domain === AF.INET ? sockaddr(address) : sockaddr6(address);
  }
  get address(): string {
    return toAddress(this);
  }
  get peerAddress(): string | undefined {
    return this.peerName && toAddress(this.peerName);
  }

  bind(task: Task, address: string): number {
    const { ip, port } = toEndpoint(address);
    const special = isBroadcast(ip) || isMulticast(ip);
    if (typeof ip === "string" && isMulticast(ip) && this.type === SOCK.STREAM) return -E.EINVAL;
    // Without any interface address every address counts as local. Linux inet_addr_type_table().
    const local = !this.net.addressed || this.net.isOwn(ip) || special;
    if (!isAny(ip) && !local && !this._freebind(ip)) return -E.EADDRNOTAVAIL;
    if (port !== 0 && port < this.net.firstFreePort && !capableIn(task.cred, this.net.owner, CAP.NET_BIND_SERVICE)) return -E.EACCES;
    if (this.port !== 0 || !this.bindable) return -E.EINVAL;
    const later = port === 0 && this.options.get(SOL.IP, IP.BIND_ADDRESS_NO_PORT) === 1;
    const error = later ? 0 : this.take(ip, port);
    if (error < 0) return error;
    this.ip = ip;
    this.chosen = { ip: !isAny(ip), port: port !== 0 };
    return 0;
  }
  /** An address that is not the machine's may be bound. Linux inet_can_nonlocal_bind(). */
  private _freebind(ip: Ip): boolean {
    if (this.net.foreignBind[typeof ip === "number" ? "four" : "six"] === 1) return true;
    const on = (level: number, options: readonly number[]): boolean => options.some((option) => this.options.get(level, option) === 1);
    return on(SOL.IP, [IP.FREEBIND, IP.TRANSPARENT]) || on(SOL.IPV6, [IPV6.FREEBIND, IPV6.TRANSPARENT]);
  }
  /** True if the socket is neither listening nor connected. */
  protected get bindable(): boolean {
    return true;
  }
  /** Takes port `wanted` at `ip`, or a free one for 0. Returns 0 or -EADDRINUSE. */
  protected take(ip: Ip, wanted: number): number {
    const range = this.options.get(SOL.IP, IP.LOCAL_PORT_RANGE) ?? 0;
    const port = wanted === 0 ? this.ports.free(range & 0xffff, range >>> 16) : wanted;
    if (port === undefined) return -E.EADDRINUSE;
    const before = this.ip;
    [this.ip, this.port] = [ip, port];
    const error = this.ports.check(this);
    if (error < 0) [this.ip, this.port] = [before, 0];
    else this.ports.hold(this);
    return error;
  }
  /**
   * Releases the port and address, except those that the user chose. `always`: a chosen port is released too.
   */
  protected leavePort(always = false): void {
    if (this.port === 0) return;
    if (always || !this.chosen.port) {
      this.ports.drop(this);
      this.port = 0;
    }
    if (!this.chosen.ip) this.ip = anyOf(this.domain);
  }
  /** Copies the settings that an accepted connection inherits from its listener. */
  protected inherit(from: InetSocket): void {
    this.options.copyFrom(from.options);
    this.filters.copyFrom(from.filters);
    this.linger = from.linger;
    this.lingerShown = from.lingerShown;
    this.sendBuffer = from.sendBuffer;
    this.receiveBuffer = from.receiveBuffer;
    this.sendTimeout = from.sendTimeout;
    this.receiveTimeout = from.receiveTimeout;
  }
  /**
   * The destination of a packet: an address of the machine or outside, or -errno. The socket's own address
   * must have the same version. Linux ip_route_output_key_hash().
   */
  protected route(ip: Ip): Ip {
    const to = isAny(ip) ? loopbackFor(ip) : ip;
    const { net } = this;
    if (!isAny(this.ip) && typeof this.ip !== typeof to) return -E.ENETUNREACH;
    if (net.isOwn(to)) return net.up ? to : -E.ENETUNREACH;
    if (!net.uplink?.reaches(to)) return -E.ENETUNREACH;
    return !isAny(this.ip) && isLoopback(this.ip) ? -E.EINVAL : to;
  }

  /** The settings of the header of a datagram that it sends: the message's own, or those of the socket. */
  protected headerSettings(four: boolean, request: HeaderRequest = {}): { readonly ttl: number; readonly tos: number } {
    const [level, { ttl, tos }] = four ? [SOL.IP, HEADER_OPTION.four] : [SOL.IPV6, HEADER_OPTION.six];
    return { ttl: request.ttl ?? this.options.get(level, ttl) ?? 64, tos: request.tos ?? this.options.get(level, tos) ?? 0 };
  }
  override sendRequest(level: number, type: number, data: DataView, to: string | undefined): SendRequest | number {
    if (this.type === SOCK.STREAM) return {};
    const ip = to === undefined ? this.peerName?.ip : toEndpoint(to).ip;
    return headerRequest(this.domain === AF.INET || typeof ip === "number", level, type, data);
  }
  /**
   * The source address of a datagram to `to`, or -errno: that of the message, of the socket, or of the route.
   * Linux ip_route_output_key_hash_rcu(), ip6_datagram_send_ctl().
   */
  protected sourceOf(to: Ip, { source, device }: HeaderRequest = {}): Ip {
    const { net } = this;
    if (device !== undefined && !net.numbered(device)) return -E.ENODEV;
    if (source !== undefined && !net.isOwn(source)) return typeof to === "number" ? -E.ENETUNREACH : -E.EINVAL;
    if (source !== undefined) return source;
    return isAny(this.ip) ? net.sourceFor(to) : this.ip;
  }
  /** The control messages of a datagram that its options ask for. Linux ip_cmsg_recv_offset(). */
  protected notesOf(header: DatagramHeader | undefined): readonly ControlNote[] {
    return header ? headerNotes(this.net, this.options, this.domain, header) : [];
  }
  override queues(events: number): readonly WaitQueue[] {
    return [...((events & POLLIN) !== 0 ? [this.readQueue] : []), ...((events & POLLOUT) !== 0 ? [this.writeQueue] : [])];
  }
  /** shutdown(2) of a socket for datagrams. Linux inet_shutdown(). */
  protected shutDatagrams(how: number): number {
    if (how < SHUT.RD || how > SHUT.RDWR) return -E.EINVAL;
    if (how !== SHUT.WR) this.readShut = true;
    if (how !== SHUT.RD) this.writeShut = true;
    this.wakeAll();
    return this.peerName ? 0 : -E.ENOTCONN;
  }
  /** The events of a socket for datagrams. Linux datagram_poll(). */
  protected datagramEvents(waiting: boolean): number {
    let events = POLLOUT | POLLWRNORM | POLLWRBAND;
    if (this.error !== 0) events |= POLLERR;
    if (this.readShut) events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (this.readShut && this.writeShut) events |= POLLHUP;
    if (waiting) events |= POLLIN | POLLRDNORM;
    return events;
  }
  protected wakeAll(): void {
    this.readQueue.wake();
    this.writeQueue.wake();
  }

  protected override getOwnOption(_task: Task, level: number, option: number, _asked: OptionBuffer): OptionAnswer {
    return this.options.bytes(level, option) ?? this._special(level, option) ?? this._unknown(level);
  }
  /** A level or option that the protocol does not have. */
  private _unknown(level: number): number {
    return this.options.hasLevel(level) || this.domain === AF.INET6 ? -E.ENOPROTOOPT : -E.EOPNOTSUPP;
  }
  /** An option that is not a number of a table. Those of the other IP version are not for IPv6 sockets. */
  private _special(level: number, option: number): Uint8Array | number | undefined {
    if (!this.options.hasLevel(level)) return undefined;
    const stream = this.type === SOCK.STREAM;
    if (level === SOL.IP) {
      if (option === IP_MULTICAST.IF) return this.groups.outgoingBytes();
      if (option === IP.PROTOCOL) return int(this.type === SOCK.RAW ? this.protocol : this.port);
      if (option === IP.MTU) return this._mtu();
      if (option === IP.OPTIONS || (option === IP.PKTOPTIONS && stream)) return new Uint8Array(0);
    }
    if (level !== SOL.IPV6) return undefined;
    if (IPV6_STICKY.includes(option) || (option === IPV6.PKTOPTIONS && stream)) return new Uint8Array(0);
    if (option === IPV6.ADDRFORM && this.type !== SOCK.RAW) return this.peerAddress === undefined ? -E.ENOTCONN : int(AF.INET6);
    return option === IPV6.MTU || option === IPV6.PATHMTU ? this._mtu() : undefined;
  }
  /** The MTU of the way to the peer. */
  private _mtu(): Uint8Array | number {
    if (!this.peerName) return -E.ENOTCONN;
    return int(this.net.isOwn(this.peerName.ip) ? this.net.mtu : ethernet.mtu);
  }

  protected override setOwnOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    if (level === SOL.IPV6 && option === IPV6.ADDRFORM) return this._toFour(value);
    const isVersion = (level === SOL.IP || level === SOL.IPV6) && this.options.hasLevel(level);
    const grouped = isVersion ? this._group(level === SOL.IP ? AF.INET : AF.INET6, option, value, abi) : undefined;
    if (grouped !== undefined) return grouped;
    // A bound socket keeps its set of addresses. Linux do_ipv6_setsockopt().
    if (level === SOL.IPV6 && option === IPV6.V6ONLY && this.port !== 0) return -E.EINVAL;
    return super.setOwnOption(task, level, option, value, abi);
  }
  /** IPV6_ADDRFORM: a connected socket with mapped addresses becomes one of IPv4. */
  private _toFour(value: Uint8Array): number {
    if (this.domain !== AF.INET6) return -E.ENOPROTOOPT;
    if (INT.read(value) !== AF.INET) return -E.EINVAL;
    if (this.type === SOCK.RAW) return -E.ENOPROTOOPT;
    if (this.peerAddress === undefined) return -E.ENOTCONN;
    if (this.only6 || typeof this.peerName?.ip !== "number") return -E.EADDRNOTAVAIL;
    this.domain = AF.INET;
    this.options.dropLevel(SOL.IPV6);
    return 0;
  }
  /** The groups that the socket has joined, and its device for them. */
  private _groups: Groups | undefined = undefined;
  get groups(): Groups {
    this._groups ??= new Groups();
    return this._groups;
  }
  private _group(domain: InetFamily, option: number, value: Uint8Array, abi: Abi): number | undefined {
    // Connections have no groups; the older options say so. Linux do_ip_setsockopt().
    if (this.type === SOCK.STREAM && domain === AF.INET) {
      if (option === IP_MULTICAST.ADD || option === IP_MULTICAST.DROP) return -E.EPROTO;
      if (option === IP_MULTICAST.IF) return -E.EINVAL;
    }
    const before = this.groups.weight;
    const result = this.groups.set(this.net, domain, option, value, abi);
    if (result === 0) this.net.groups.add(this.groups);
    const more = this.groups.weight - before;
    if (more > 0) this.account.force(more);
    else this.account.give(-more);
    return result;
  }
  /** Leaves all groups: the socket ends. */
  protected leaveGroups(): void {
    if (!this._groups) return;
    this.net.groups.delete(this._groups);
    this.account.give(this._groups.weight);
    this._groups = undefined;
  }
}
/** True for the -errno of `route`. */
export const unreachable = (ip: Ip): ip is number => typeof ip === "number" && ip < 0;
