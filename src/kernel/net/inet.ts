// The common part of TCP and UDP sockets of both IP versions: names, ports and options. man 7 ip, ipv6,
// socket; Linux net/ipv4/af_inet.c, net/ipv6/af_inet6.c, net/core/sock.c.
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { AF, SOCK } from "../../abi/uapi/socket.ts";
import { WaitQueue } from "../base/wait.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { POLLIN, POLLOUT } from "../fs/vfs/file.ts";
import type { Task } from "../task/task.ts";
import type { AddressUse } from "./address.ts";
import { deviceNamed } from "./devices.ts";
import { headerNotes } from "./header-notes.ts";
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
import { HEADER_OPTION, IP_OPTIONS, IPV6_ADDRFORM, IPV6_V6ONLY, type OptionSet, Options, SO, SOL } from "./options.ts";
import type { Holder, Ports } from "./ports.ts";
import { setBuffer } from "./send-buffer.ts";
import { type Header, type Note, Socket, type SocketOwner } from "./socket.ts";

/** An `int` as an option's value. */
export const int = (value: number): Uint8Array => new Uint8Array(new Int32Array([value]).buffer);
const number = (value: Uint8Array, at = 0): number => new DataView(value.buffer, value.byteOffset).getInt32(at, true);

/** The set of options of a type. */
const SETS = { [SOCK.STREAM]: "tcp", [SOCK.DGRAM]: "udp", [SOCK.RAW]: "raw" } as const;

/** An Internet socket. Ports are held in the tables of its network namespace. */
export abstract class InetSocket extends Socket implements Holder {
  readonly options: Options;
  readonly uid: number;
  /** IPV6_ADDRFORM changes it. */
  domain: InetFamily;
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
  /** SO_SNDBUF and SO_RCVBUF, in bytes. */
  sendBuffer: number;
  receiveBuffer: number;
  /** SO_LINGER in seconds; undefined if off. */
  linger: number | undefined = undefined;
  /** SO_BINDTODEVICE: a name, or "" for none. */
  #device = "";
  readonly readQueue = new WaitQueue();
  readonly writeQueue = new WaitQueue();

  constructor(
    task: SocketOwner,
    type: typeof SOCK.STREAM | typeof SOCK.DGRAM | typeof SOCK.RAW,
    { domain, nonblock }: { readonly domain: InetFamily; readonly nonblock: boolean },
    buffers: { send: number; receive: number },
    set: OptionSet = SETS[type],
  ) {
    super(task, type, nonblock);
    this.domain = domain;
    this.ip = anyOf(domain);
    this.options = new Options(set, domain);
    if (domain === AF.INET6) this.options.begin(SOL.IPV6, IPV6_V6ONLY, task.net.only6);
    this.uid = task.cred.euid;
    this.sendBuffer = buffers.send;
    this.receiveBuffer = buffers.receive;
  }
  abstract readonly protocol: number;
  abstract readonly listening: boolean;
  protected get ports(): Ports {
    return this.type === SOCK.STREAM ? this.net.tcp : this.net.udp;
  }
  get only6(): boolean {
    return this.options.get(SOL.IPV6, IPV6_V6ONLY) === 1;
  }
  get reuse(): boolean {
    return this.options.on(SO.REUSEADDR);
  }
  get reusePort(): boolean {
    return this.options.on(SO.REUSEPORT);
  }

  parseAddress(bytes: Uint8Array, use: AddressUse): string | number {
    return this.domain === AF.INET ? parse(bytes, use) : parse6(bytes, use, this.only6, this.type === SOCK.DGRAM);
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
    const foreign = this.options.get(SOL.IP, 15) || this.net.foreignBind[typeof ip === "number" ? "four" : "six"];
    if (!isAny(ip) && !local && !foreign) return -E.EADDRNOTAVAIL;
    if (port !== 0 && port < this.net.firstFreePort && !capableIn(task.cred, this.net.owner, CAP.NET_BIND_SERVICE)) return -E.EACCES;
    if (this.port !== 0 || !this.bindable) return -E.EINVAL;
    const error = this.take(ip, port);
    if (error < 0) return error;
    this.chosen = { ip: !isAny(ip), port: port !== 0 };
    return 0;
  }
  /** True if the socket is neither listening nor connected. */
  protected get bindable(): boolean {
    return true;
  }
  /** Takes port `wanted` at `ip`, or a free one for 0. Returns 0 or -EADDRINUSE. */
  protected take(ip: Ip, wanted: number): number {
    const port = wanted === 0 ? this.ports.free() : wanted;
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
    this.linger = from.linger;
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

  /** The settings of the header of a datagram that it sends. */
  protected headerSettings(four: boolean): { readonly ttl: number; readonly tos: number } {
    const [level, { ttl, tos }] = four ? [SOL.IP, HEADER_OPTION.four] : [SOL.IPV6, HEADER_OPTION.six];
    return { ttl: this.options.get(level, ttl) ?? 64, tos: this.options.get(level, tos) ?? 0 };
  }
  /** The control messages of a datagram that its options ask for. Linux ip_cmsg_recv_offset(). */
  protected notesOf(header: Header | undefined): readonly Note[] {
    return header ? headerNotes(this.net, this.options, this.domain, header) : [];
  }
  override queues(events: number): readonly WaitQueue[] {
    return [...((events & POLLIN) !== 0 ? [this.readQueue] : []), ...((events & POLLOUT) !== 0 ? [this.writeQueue] : [])];
  }
  protected wakeAll(): void {
    this.readQueue.wake();
    this.writeQueue.wake();
  }

  override getOption(_task: Task, level: number, option: number): Uint8Array | number {
    const value = this.options.get(level, option);
    if (value !== undefined) return int(value);
    if (level === SOL.SOCKET) return this.#socketOption(option);
    if (level === SOL.IP && level === this.#ownLevel() && option === IP_MULTICAST.IF) return this.groups.outgoingBytes();
    if (level === SOL.IPV6 && level === this.#ownLevel() && option === IPV6_ADDRFORM)
      return this.peerAddress === undefined ? -E.ENOTCONN : int(AF.INET6);
    if (!this.options.hasLevel(level)) return this.domain === AF.INET ? -E.EOPNOTSUPP : -E.ENOPROTOOPT;
    return level === SOL.IP && option === IP_OPTIONS ? new Uint8Array(0) : -E.ENOPROTOOPT;
  }
  #socketOption(option: number): Uint8Array | number {
    switch (option) {
      case SO.TYPE:
        return int(this.type);
      case SO.DOMAIN:
        return int(this.domain);
      case SO.PROTOCOL:
        return int(this.protocol);
      case SO.ERROR:
        return int(-this.takeError());
      case SO.ACCEPTCONN:
        return int(Number(this.listening));
      case SO.SNDBUF:
        return int(this.sendBuffer);
      case SO.RCVBUF:
        return int(this.receiveBuffer);
      case SO.COOKIE:
        return this.cookie;
      case SO.LINGER:
        return new Uint8Array(new Int32Array([Number(this.linger !== undefined), this.linger ?? 0]).buffer);
      case SO.BINDTODEVICE:
        return new TextEncoder().encode(this.#device === "" ? "" : `${this.#device}\0`);
      case SO.PEERCRED:
        return new Uint8Array(new Uint32Array([0, 0xffff_ffff, 0xffff_ffff]).buffer);
    }
    return -E.ENOPROTOOPT;
  }

  override setOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    if (level === SOL.SOCKET && option === SO.BINDTODEVICE) return this.#bindToDevice(task, value);
    if (level === SOL.IPV6 && option === IPV6_ADDRFORM) return this.#toFour(value);
    const grouped = level === this.#ownLevel() ? this.#group(option, value, abi) : undefined;
    if (grouped !== undefined) return grouped;
    if (value.length < 4)
      return level === SOL.SOCKET || value.length === 0 || level !== SOL.IP
        ? -E.EINVAL
        : this.#set(task, level, option, value[0] as number);
    return this.#set(task, level, option, number(value), value);
  }
  #ownLevel(): number {
    return this.domain === AF.INET ? SOL.IP : SOL.IPV6;
  }
  /** IPV6_ADDRFORM: a connected socket with mapped addresses becomes one of IPv4. */
  #toFour(value: Uint8Array): number {
    if (this.domain !== AF.INET6) return -E.ENOPROTOOPT;
    if (value.length < 4 || number(value) !== AF.INET) return -E.EINVAL;
    if (this.type === SOCK.RAW) return -E.ENOPROTOOPT;
    if (this.peerAddress === undefined) return -E.ENOTCONN;
    if (this.only6 || typeof this.peerName?.ip !== "number") return -E.EADDRNOTAVAIL;
    this.domain = AF.INET;
    this.options.dropLevel(SOL.IPV6);
    return 0;
  }
  /** The groups that the socket has joined, and its device for them. */
  #groups: Groups | undefined = undefined;
  get groups(): Groups {
    this.#groups ??= new Groups();
    return this.#groups;
  }
  #group(option: number, value: Uint8Array, abi: Abi): number | undefined {
    // Connections have no groups; the older options say so. Linux do_ip_setsockopt().
    if (this.type === SOCK.STREAM && this.domain === AF.INET) {
      if (option === IP_MULTICAST.ADD || option === IP_MULTICAST.DROP) return -E.EPROTO;
      if (option === IP_MULTICAST.IF) return -E.EINVAL;
    }
    const before = this.groups.weight;
    const result = this.groups.set(this.net, this.domain, option, value, abi);
    if (result === 0) this.net.groups.add(this.groups);
    const more = this.groups.weight - before;
    if (more > 0) this.account.force(more);
    else this.account.give(-more);
    return result;
  }
  /** Leaves all groups: the socket ends. */
  protected leaveGroups(): void {
    if (!this.#groups) return;
    this.net.groups.delete(this.#groups);
    this.account.give(this.#groups.weight);
    this.#groups = undefined;
  }
  /** The change of an existing binding needs CAP_NET_RAW. Linux sock_setbindtodevice(). */
  #bindToDevice(task: Task, value: Uint8Array): number {
    const name = String.fromCharCode(...value.subarray(0, 15)).split("\0", 1)[0] as string;
    if (this.#device !== "" && !capableIn(task.cred, this.net.owner, CAP.NET_RAW)) return -E.EPERM;
    if (name !== "" && !deviceNamed(this.net, name)) return -E.ENODEV;
    this.#device = name;
    return 0;
  }
  #set(task: Task, level: number, option: number, value: number, all?: Uint8Array): number {
    if (level === SOL.SOCKET) {
      const sized = setBuffer(task, option, value, this.net.owner);
      if (typeof sized === "number") return sized;
      if (sized) {
        if (sized.which === "send") this.sendBuffer = sized.bytes;
        else this.receiveBuffer = sized.bytes;
        return 0;
      }
      if (option === SO.LINGER) {
        if (!all || all.length < 8) return -E.EINVAL;
        this.linger = value === 0 ? undefined : number(all, 4);
        return 0;
      }
    }
    // A bound socket keeps its set of addresses. Linux do_ipv6_setsockopt().
    if (level === SOL.IPV6 && option === IPV6_V6ONLY && this.port !== 0) return -E.EINVAL;
    return this.options.set(task, level, option, value);
  }
}
/** True for the -errno of `route`. */
export const unreachable = (ip: Ip): ip is number => typeof ip === "number" && ip < 0;
