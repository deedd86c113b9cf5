// Raw sockets: datagrams of one protocol with their headers. man 7 raw; Linux net/ipv4/raw.c, net/ipv6/raw.c.
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { AF, IPPROTO, SHUT, SOCK } from "../../../abi/uapi/socket.ts";
import type { Task } from "../../core/task.ts";
import { POLLERR, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../../fs/vfs/file.ts";
import { NO_PEER } from "../../net/address.ts";
import { complete, type Datagram, datagram, decode, headerOf, sealIcmp } from "../../net/datagram.ts";
import { lo } from "../../net/devices.ts";
import type { HeaderRequest } from "../../net/header-notes.ts";
import { InetSocket, unreachable } from "../../net/inet.ts";
import { anyOf, type InetFamily, type Ip, isAny, isBroadcast, isMulticast, toAddress, toEndpoint } from "../../net/inet-address.ts";
import { IPV6_CHECKSUM, IPV6_HDRINCL } from "../../net/options/inet-rows.ts";
import { IP, SO, SOL } from "../../net/options/numbers.ts";
import { INT } from "../../net/options/row.ts";
import type { ReceiveResult, SocketMessage } from "../../net/socket.ts";
import type { OptionAnswer, OptionBuffer } from "../../net/socket-level.ts";
import { type Hearer, seenBy } from "../../net/taps.ts";
import { deliver } from "./deliver.ts";
import { PacketQueue } from "./queue.ts";

/** The longest datagram, and the shortest header that a program makes. */
const MAX_DATAGRAM = 0xffff;
const HEADER = 20;
/** ICMP_FILTER and ICMPV6_FILTER: the option's number, and the lengths of the masks in bytes. */
const FILTER = 1;
const FILTER_BYTES = { four: 4, six: 32 } as const;

/** A raw socket. */
export class RawSocket extends InetSocket implements Hearer {
  readonly protocol: number;
  private readonly _queue: PacketQueue;
  /** The types of ICMP messages that are not received, as a mask. */
  private _filter: Uint8Array;

  constructor(task: Task, protocol: number, how: { readonly domain: InetFamily; readonly nonblock: boolean }) {
    super(task, SOCK.RAW, how);
    this.protocol = protocol;
    this._queue = new PacketQueue(this.account);
    // Linux INET_PROTOSW_REUSE.
    this.options.put(SOL.SOCKET, SO.REUSEADDR, 1);
    this._filter = new Uint8Array(how.domain === AF.INET ? FILTER_BYTES.four : FILTER_BYTES.six);
    // IPPROTO_RAW is for sending with own headers.
    if (protocol === IPPROTO.RAW) this.options.put(SOL.IP, IP.HDRINCL, 1);
    this.net.raw.add(this);
  }
  override get traceName(): string {
    return `RAW${this.domain === AF.INET6 ? "v6" : ""}:[${this.inode.ino}]`;
  }
  override get address(): string {
    return toAddress({ ip: this.ip, port: this.protocol });
  }
  override get waitingBytes(): number {
    return this._queue.firstLength;
  }
  protected override get isPure(): boolean {
    return true;
  }
  override bind(_task: Task, address: string): number {
    const { ip } = toEndpoint(address);
    if (this.peerName) return -E.EINVAL;
    if (!isAny(ip) && this.net.addressed && !this.net.isOwn(ip) && !isBroadcast(ip) && !isMulticast(ip)) return -E.EADDRNOTAVAIL;
    this.ip = ip;
    this.chosen = { ip: !isAny(ip), port: false };
    return 0;
  }
  connect(_task: Task, address: string): number {
    if (address === NO_PEER) {
      this.peerName = undefined;
      if (!this.chosen.ip) this.ip = anyOf(this.domain);
      return 0;
    }
    const to = toEndpoint(address);
    const ip = this.route(to.ip);
    if (unreachable(ip)) return ip;
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

  send(task: Task, message: SocketMessage, address: string | undefined): number {
    const { length } = message.bytes;
    if (length > MAX_DATAGRAM) return -E.EMSGSIZE;
    const to = address === undefined ? this.peerName : toEndpoint(address);
    if (!to) return -E.EDESTADDRREQ;
    if (isBroadcast(to.ip) && !this.options.on(SO.BROADCAST)) return -E.EACCES;
    const ip = isBroadcast(to.ip) ? to.ip : this.route(to.ip);
    if (unreachable(ip)) return ip;
    const from = this.sourceOf(ip, message.request);
    if (unreachable(from)) return from;
    const made = this._made(from, ip, message.bytes.slice(), message.request);
    if (typeof made === "number") return made;
    // Outside there is no way for datagrams other than UDP: they are lost.
    if (made && (isBroadcast(ip) || this.net.isOwn(ip))) deliver(task.kernel, this.net, made);
    return length;
  }
  /** The datagram of a message; undefined if its own header is wrong, so that no device takes it. */
  private _made(from: Ip, to: Ip, bytes: Uint8Array, request: HeaderRequest | undefined): Datagram | number | undefined {
    if (this.options.get(SOL.IP, IP.HDRINCL) === 1 && typeof from === "number") {
      if (bytes.length < HEADER || ((bytes[0] as number) & 15) * 4 > bytes.length) return -E.EINVAL;
      complete(bytes, from, this._id());
      return decode(bytes);
    }
    if (this.protocol === IPPROTO.ICMPV6) {
      if (bytes.length < 8) return -E.EINVAL;
      sealIcmp(from, to, bytes);
    }
    const four = typeof from === "number";
    if (bytes.length + (four ? HEADER : 0) > MAX_DATAGRAM) return -E.EMSGSIZE;
    return datagram(from, to, this.protocol, bytes, this.headerSettings(four, request));
  }
  private _lastId = 0;
  private _id(): number {
    this._lastId = (this._lastId % 0xffff) + 1;
    return this._lastId;
  }

  hear(heard: Datagram): void {
    const { bytes, from, to, protocol, at } = heard;
    if (protocol !== this.protocol || this.readShut || (typeof from === "number") !== (this.domain === AF.INET)) return;
    if (!isAny(this.ip) && this.ip !== to) return;
    if (this.peerName && this.peerName.ip !== from) return;
    if (this._filters(bytes[at] ?? 0)) return;
    // IPv6 gives the data alone.
    const shown = typeof from === "number" ? bytes : bytes.subarray(at);
    const kept = this.filters.keeps(() => seenBy(heard, typeof from === "number" ? "network" : "inner", lo));
    if (kept === 0) return;
    const more = { header: headerOf(heard), ...this.marks() };
    if (this._queue.put(shown.subarray(0, kept), toAddress({ ip: from, port: 0 }), this.receiveBuffer, more)) this.readQueue.wake();
    else this.lost++;
  }
  private _filters(type: number): boolean {
    if (this.protocol !== IPPROTO.ICMP && this.protocol !== IPPROTO.ICMPV6) return false;
    const word = this._filter[type >> 3];
    return word !== undefined && ((word >> (type & 7)) & 1) === 1;
  }
  receive(_task: Task, n: number, peek: boolean): ReceiveResult | number | undefined {
    if (this.error !== 0) return this.takeError();
    const got = this._queue.take(n, peek);
    if (got) return { ...got, notes: this.notesOf(got.header) };
    return this.readShut ? undefined : -E.EAGAIN;
  }
  shutdown(how: number): number {
    if (how < SHUT.RD || how > SHUT.RDWR) return -E.EINVAL;
    if (!this.peerName) return -E.ENOTCONN;
    // A raw socket that is shut down for writing sends all the same. Linux raw_sendmsg().
    if (how !== SHUT.WR) this.readShut = true;
    this.wakeAll();
    return 0;
  }
  override poll(): number {
    const readable = this._queue.length > 0 || this.readShut ? POLLIN | POLLRDNORM : 0;
    return POLLOUT | POLLWRNORM | POLLWRBAND | readable | (this.readShut ? POLLRDHUP : 0) | (this.error !== 0 ? POLLERR : 0);
  }

  private _isSixRaw(level: number, option: number): boolean {
    if (this.domain !== AF.INET6 || (option !== IPV6_CHECKSUM && option !== IPV6_HDRINCL)) return false;
    return level === SOL.RAW || level === SOL.IPV6;
  }
  /** The level of the own options. */
  private _level(): number {
    return this.domain === AF.INET ? SOL.RAW : SOL.ICMPV6;
  }
  private _icmp(): boolean {
    return this.protocol === (this.domain === AF.INET ? IPPROTO.ICMP : IPPROTO.ICMPV6);
  }
  protected override getOwnOption(task: Task, level: number, option: number, asked: OptionBuffer): OptionAnswer {
    if (this._isSixRaw(level, option))
      return option === IPV6_CHECKSUM ? INT.write(this._icmp() ? 2 : -1) : INT.write(this.options.get(SOL.IPV6, option) ?? 0);
    if (level !== this._level()) return super.getOwnOption(task, level, option, asked);
    if (option !== FILTER) return -E.ENOPROTOOPT;
    return this._icmp() ? this._filter : -E.EOPNOTSUPP;
  }
  protected override setOwnOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    if (this._isSixRaw(level, option)) return this._setChecksum(task, option, value);
    if (level !== this._level()) return super.setOwnOption(task, level, option, value, abi);
    if (option !== FILTER) return -E.ENOPROTOOPT;
    if (!this._icmp()) return -E.EOPNOTSUPP;
    const filter = new Uint8Array(this._filter.length);
    filter.set(value.subarray(0, filter.length));
    this._filter = filter;
    return 0;
  }
  /**
   * Options of level IPPROTO_RAW: a raw socket of IPv6 has two of level IPPROTO_IPV6 here too. The kernel
   * sums up ICMPv6 messages anyway, at byte 2; sums of other protocols are not supported. Linux
   * do_rawv6_setsockopt().
   */
  private _setChecksum(task: Task, option: number, value: Uint8Array): number {
    const word = INT.read(value);
    if (word === undefined) return -E.EINVAL;
    if (option === IPV6_HDRINCL) return this.options.setBytes(task, SOL.IPV6, option, value);
    if (option !== IPV6_CHECKSUM || !this._icmp()) return -E.ENOPROTOOPT;
    return word === 2 ? 0 : -E.EINVAL;
  }
  override release(): void {
    this.net.raw.delete(this);
    this.leaveGroups();
    this._queue.clear();
  }
}
