// Netlink sockets: a program's end of a protocol that the kernel serves. man 7 netlink; Linux
// net/netlink/af_netlink.c.

import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { AF, type SocketType } from "../../../abi/uapi/socket.ts";
import { ofBytes } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import { Fifo } from "../../base/fifo.ts";
import type { NamespaceState } from "../../base/namespace-part.ts";
import { Part, type Parted } from "../../base/part.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../../fs/vfs/file.ts";
import { type AddressUse, NO_PEER } from "../../net/address.ts";
import type { NetNamespace } from "../../net/namespace.ts";
import { SO, SOL } from "../../net/options/numbers.ts";
import { INT } from "../../net/options/row.ts";
import { type ReceiveResult, Socket, type SocketMessage, weightOf } from "../../net/socket.ts";
import type { OptionAnswer, OptionBuffer } from "../../net/socket-level.ts";
import {
  align,
  type Broken,
  HEADER,
  isDump,
  type NetlinkReply,
  type NetlinkRequest,
  NLM_F,
  NLMSG,
  type Service,
  u32,
  view,
} from "./message.ts";
import { nftables } from "./nftables.ts";
import { netlinkOptions } from "./options.ts";
import { rtnetlink } from "./route.ts";
import { sockDiag } from "./sock-diag.ts";

/** NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_LIST_MEMBERSHIPS; the groups of NETLINK_ROUTE. */
const MEMBERSHIP = { ADD: 1, DROP: 2 } as const;
const LIST_MEMBERSHIPS = 9;
const MOST_GROUPS = 37;
/** NETLINK_NO_ENOBUFS. */
const NO_ENOBUFS = 5;
/** The size of struct sockaddr_nl. */
const SOCKADDR = 12;
/** A message is smaller than the buffer by so much. Linux netlink_sendmsg(). */
const OVERHEAD = 32;
/** Lower types are control messages. Linux NLMSG_MIN_TYPE. */
const FIRST_TYPE = 16;

/** The protocols. */
const NETLINK = { ROUTE: 0, SOCK_DIAG: 4, NETFILTER: 12, KOBJECT_UEVENT: 15 } as const;
/** Events of devices: the kernel takes no requests, and no device comes or goes. */
const uevents: Service = () => [];
const services: Readonly<Record<number, Service>> = {
  [NETLINK.ROUTE]: rtnetlink,
  [NETLINK.SOCK_DIAG]: sockDiag,
  [NETLINK.NETFILTER]: nftables,
  [NETLINK.KOBJECT_UEVENT]: uevents,
};
/** True if sockets of the protocol can be made. */
export const servesNetlink = (protocol: number): boolean => services[protocol] !== undefined;

/** The ports of a network namespace that are in use. */
export class NetlinkPorts implements NamespaceState {
  readonly used = new Set<number>();
  end(): void {}
}
const part = new Part<Parted, NetlinkPorts>("netlink");
const portsOf = (net: NetNamespace): NetlinkPorts => part.make(net, () => new NetlinkPorts());

/** A netlink socket. It answers requests at once, so that only the receive queue has a state. */
export class NetlinkSocket extends Socket {
  /** The port: the process's id, or another number if that is in use. */
  private _port = 0;
  private _groups = 0;
  private readonly _queue = new Fifo<SocketMessage>();
  private _queued = 0;
  private readonly _readQueue = new WaitQueue();

  override readonly domain = AF.NETLINK;
  override readonly protocol: number;

  constructor(task: Task, type: SocketType, protocol: number, nonblock: boolean) {
    super(task, type, nonblock, { set: "other", levels: netlinkOptions, domain: AF.NETLINK });
    this.protocol = protocol;
  }
  get address(): string {
    return String.fromCharCode(...u32(this._port), ...u32(this._groups));
  }
  get peerAddress(): string {
    return String.fromCharCode(...new Uint8Array(8));
  }
  /** struct sockaddr_nl { u16 family, pad; u32 pid, groups; } */
  parseAddress(bytes: Uint8Array, use: AddressUse): string | number {
    if (bytes.length < 2) return -E.EINVAL;
    const family = view(bytes).getUint16(0, true);
    if (use === "connect" && family === AF.UNSPEC) return NO_PEER;
    if (bytes.length < 12 || family !== AF.NETLINK) return -E.EINVAL;
    return ofBytes(bytes.subarray(4, 12));
  }
  addressBytes(address: string): Uint8Array {
    return Uint8Array.from([AF.NETLINK, 0, 0, 0, ...Array.from(address.padEnd(8, "\0"), (c) => c.charCodeAt(0))]);
  }

  bind(task: Task, address: string): number {
    const wanted = view(Uint8Array.from(address, (c) => c.charCodeAt(0)));
    const port = wanted.getUint32(0, true);
    if (this._port !== 0) return port === 0 || port === this._port ? 0 : -E.EINVAL;
    this._groups = wanted.getUint32(4, true);
    return this._take(task, port);
  }
  private _take(task: Task, wanted: number): number {
    const ports = portsOf(this.net).used;
    let port = wanted || task.pidNs.numberOf(task.tgid);
    if (wanted !== 0 && ports.has(this._key(wanted))) return -E.EADDRINUSE;
    for (let other = 0xffff_f000; ports.has(this._key(port)); other--) port = other;
    ports.add(this._key(port));
    this._port = port;
    return 0;
  }
  /** A port among those of all protocols. */
  private _key(port: number): number {
    return this.protocol * 2 ** 32 + port;
  }
  connect(task: Task, address: string): number {
    const to = address === NO_PEER ? 0 : view(Uint8Array.from(address, (c) => c.charCodeAt(0))).getUint32(0, true);
    if (to !== 0) return -E.ECONNREFUSED;
    return this._port === 0 ? this._take(task, 0) : 0;
  }
  listen(): number {
    return -E.EOPNOTSUPP;
  }
  accept(): number {
    return -E.EOPNOTSUPP;
  }
  shutdown(): number {
    return -E.EOPNOTSUPP;
  }

  send(task: Task, message: SocketMessage, address: string | undefined): number {
    if (address !== undefined && address.slice(0, 4) !== "\0\0\0\0") return -E.ECONNREFUSED;
    if (message.bytes.length > this.sendBuffer - OVERHEAD) return -E.EMSGSIZE;
    if (this._port === 0) this._take(task, 0);
    const bytes = message.bytes.slice();
    for (let at = 0; at + HEADER <= bytes.length; ) {
      const v = view(bytes.subarray(at));
      const length = v.getUint32(0, true);
      if (length < HEADER || at + length > bytes.length) break;
      const flags = v.getUint16(6, true);
      const request = { type: v.getUint16(4, true), flags, seq: v.getUint32(8, true), bytes: bytes.subarray(at, at + length) };
      task.kernel.charge(cost.call);
      if (flags & NLM_F.REQUEST && request.type >= FIRST_TYPE) this._serve(task, request);
      at += align(length);
    }
    return bytes.length;
  }
  /** Queues the answers of a request, and an acknowledgement for an error or if it is asked for. */
  private _serve(task: Task, request: NetlinkRequest): void {
    if (this._isFull && isDump(request)) {
      // All of the answer would be lost.
      this.error = E.ENOBUFS;
      return;
    }
    const answer = (services[this.protocol] as Service)(task, request);
    const result = typeof answer === "number" ? answer : 0;
    if (typeof answer !== "number") this._answer(request, answer);
    // The last message of a dump says that it is done. Linux netlink_dump_start().
    const isDone = typeof answer !== "number" && isDump(request);
    if (result < 0 || (!isDone && (request.flags & NLM_F.ACK) !== 0)) this._acknowledge(request, result);
  }
  private _answer(request: NetlinkRequest, answer: NetlinkReply | Broken): void {
    const dump = isDump(request);
    const [parts, ended] = "ended" in answer ? [[], answer.ended] : [answer, 0];
    for (const [type, part] of parts) this._put(this._message(request, type, dump ? NLM_F.MULTI : 0, part));
    if (dump) this._put(this._message(request, NLMSG.DONE, NLM_F.MULTI, u32(ended >>> 0)));
  }
  /** Acknowledges a request: for a success with the request's header, for an error with the whole request. */
  private _acknowledge(request: NetlinkRequest, result: number): void {
    const shown = result < 0 ? request.bytes : request.bytes.subarray(0, HEADER);
    this._put(this._message(request, NLMSG.ERROR, result < 0 ? 0 : NLM_F.CAPPED, Uint8Array.from([...u32(result >>> 0), ...shown])));
  }
  private _message({ seq }: NetlinkRequest, type: number, flags: number, body: Uint8Array): Uint8Array {
    const out = new Uint8Array(HEADER + body.length);
    const v = view(out);
    v.setUint32(0, out.length, true);
    v.setUint16(4, type, true);
    v.setUint16(6, flags, true);
    v.setUint32(8, seq, true);
    v.setUint32(12, this._port, true);
    out.set(body, HEADER);
    return out;
  }
  /** An answer was lost, and nothing has been received since. */
  private _isFull = false;
  /** Queues an answer. A full queue drops it and sets ENOBUFS. Linux netlink_overrun(). */
  private _put(bytes: Uint8Array): void {
    if (this.filters.keeps(() => ({ bytes, at: 0 })) === 0) return;
    const message: SocketMessage = { bytes, rights: [], cred: { pid: 0, uid: 0, gid: 0 }, from: this.peerAddress };
    if (this._queued + bytes.length > this.receiveBuffer || !this.account.take(weightOf(message))) {
      if (this.options.get(SOL.NETLINK, NO_ENOBUFS) !== 1) this.error = E.ENOBUFS;
      this._isFull = true;
      return;
    }
    this._queued += bytes.length;
    this._queue.push(message);
    this._readQueue.wake();
  }

  override get stampsMessages(): boolean {
    return false;
  }
  override queueState(): undefined {
    return undefined;
  }
  override get passesCredentials(): boolean {
    return true;
  }
  override get traceName(): string {
    const name = Object.entries(NETLINK).find(([, n]) => n === this.protocol)?.[0];
    return `NETLINK:[${this._port === 0 ? this.inode.ino : `${name}:${this._port}`}]`;
  }
  override deliverNotice(bytes: Uint8Array): void {
    if (this.refs > 0) this._put(bytes);
  }

  receive(_task: Task, n: number, peek: boolean): ReceiveResult | number {
    if (this.error !== 0) return this.takeError();
    const first = this._queue.at(0);
    if (!first) return -E.EAGAIN;
    if (!peek) {
      this._isFull = false;
      this._queue.shift();
      this.account.give(weightOf(first));
      this._queued -= first.bytes.length;
    }
    return { ...first, bytes: first.bytes.subarray(0, n), length: first.bytes.length };
  }
  override poll(): number {
    return POLLOUT | POLLWRNORM | (this.error !== 0 ? POLLERR : 0) | (this._queue.length > 0 ? POLLIN | POLLRDNORM : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this._readQueue];
  }
  override getOption(task: Task, level: number, option: number, asked: OptionBuffer): OptionAnswer {
    // There is no peer with a name. Linux netlink_getname().
    if (level === SOL.SOCKET && option === SO.PEERNAME && asked.length > SOCKADDR) return -E.EINVAL;
    return super.getOption(task, level, option, asked);
  }
  protected override getOwnOption(task: Task, level: number, option: number, asked: OptionBuffer): OptionAnswer {
    if (level !== SOL.NETLINK || option !== LIST_MEMBERSHIPS) return super.getOwnOption(task, level, option, asked);
    return this._groups === 0 ? new Uint8Array(0) : u32(this._groups);
  }
  protected override setOwnOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    if (level !== SOL.NETLINK || (option !== MEMBERSHIP.ADD && option !== MEMBERSHIP.DROP))
      return super.setOwnOption(task, level, option, value, abi);
    const group = INT.read(value);
    if (group === undefined || group < 1 || group > MOST_GROUPS) return -E.EINVAL;
    // No other part of the kernel sends to groups above 32: they are not kept.
    const bit = group > 32 ? 0 : (1 << (group - 1)) >>> 0;
    this._groups = option === MEMBERSHIP.ADD ? (this._groups | bit) >>> 0 : (this._groups & ~bit) >>> 0;
    return 0;
  }
  override release(): void {
    portsOf(this.net).used.delete(this._key(this._port));
    for (const message of this._queue.takeAll()) this.account.give(weightOf(message));
  }
}
