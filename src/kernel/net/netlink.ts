// Netlink sockets with the routing messages of the devices. man 7 netlink, man 7 rtnetlink;
// Linux net/netlink/af_netlink.c, net/core/rtnetlink.c.
import { E } from "../../abi/errno.ts";
import { AF, type SocketType } from "../../abi/uapi/socket.ts";
import { Fifo } from "../base/fifo.ts";
import { WaitQueue } from "../base/wait.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../fs/vfs/file.ts";
import type { Task } from "../task/task.ts";
import { type AddressUse, NO_PEER } from "./address.ts";
import { type Device, type DeviceAddress, deviceNamed, devicesOf, lo, UP } from "./devices.ts";
import { type Ip, LOOPBACK } from "./inet-address.ts";

import { SO, SOL } from "./options.ts";
import { type Message, type Received, Socket, weightOf } from "./socket.ts";

/** The protocol of routing messages, the only one here. */
export const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
/** Message types and flags: uapi linux/netlink.h, linux/rtnetlink.h. */
const NLMSG = { ERROR: 2, DONE: 3 } as const;
const RTM = { NEWLINK: 16, GETLINK: 18, SETLINK: 19, NEWADDR: 20, GETADDR: 22, NEWROUTE: 24, GETROUTE: 26 } as const;
const NLM_F = { REQUEST: 1, MULTI: 2, ACK: 4, DUMP: 0x300, CAPPED: 0x100, EXCL: 0x200 } as const;
const HEADER = 16;
const BUFFER = 212_992;
const align = (n: number): number => (n + 3) & ~3;

interface Request {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** The whole message with its header. */
  readonly bytes: Uint8Array;
}
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);
const cString = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

/** A struct rtattr { u16 length, type; data }, padded to four bytes. */
const attributes = (list: readonly (readonly [type: number, data: Uint8Array])[]): Uint8Array => {
  const out = new Uint8Array(list.reduce((n, [, data]) => n + align(4 + data.length), 0));
  let at = 0;
  for (const [type, data] of list) {
    view(out).setUint16(at, 4 + data.length, true);
    view(out).setUint16(at + 2, type, true);
    out.set(data, at + 4);
    at += align(4 + data.length);
  }
  return out;
};
const attribute = (bytes: Uint8Array, from: number, wanted: number): Uint8Array | undefined => {
  for (let at = from; at + 4 <= bytes.length; ) {
    const length = view(bytes).getUint16(at, true);
    if (length < 4) return undefined;
    if (view(bytes).getUint16(at + 2, true) === wanted) return bytes.subarray(at + 4, at + length);
    at += align(length);
  }
  return undefined;
};

/** struct ifinfomsg, struct ifaddrmsg. */
const INFO = 16;
const ADDR = 8;
const IFLA = { ADDRESS: 1, BROADCAST: 2, IFNAME: 3, MTU: 4, TXQLEN: 13, OPERSTATE: 16 } as const;
const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, BROADCAST: 4, FLAGS: 8 } as const;
const PREFIX = 8;
const PERMANENT = 0x80;
/** struct rtmsg, its attributes, and what a route of this machine has: RT_TABLE_MAIN, RTPROT_BOOT, RTPROT_KERNEL, RTN_UNICAST, RT_SCOPE_LINK. */
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, TABLE: 15 } as const;
const ROUTE = { main: 254, boot: 3, kernel: 2, unicast: 1, link: 253 } as const;
const networkOrder = (ip: Ip): Uint8Array =>
  typeof ip === "number"
    ? Uint8Array.from([ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255])
    : Uint8Array.from(ip, (c) => c.charCodeAt(0));
/** The network of an address: its prefix, and zeros. */
const networkOf = ({ ip, prefix }: DeviceAddress): Uint8Array =>
  networkOrder(ip).map((octet, i) => octet & ~(255 >> Math.min(8, Math.max(0, prefix - 8 * i))));

/** A socket of NETLINK_ROUTE. It answers requests at once, so that only the receive queue has a state. */
export class NetlinkSocket extends Socket {
  /** The port: the process's id, or another number if that is in use. */
  #port = 0;
  #groups = 0;
  readonly #queue = new Fifo<Message>();
  #queued = 0;
  readonly #readQueue = new WaitQueue();

  constructor(task: Task, type: SocketType, nonblock: boolean) {
    super(task, type, nonblock);
  }
  get address(): string {
    return String.fromCharCode(...u32(this.#port), ...u32(this.#groups));
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
    return String.fromCharCode(...bytes.subarray(4, 12));
  }
  addressBytes(address: string): Uint8Array {
    return Uint8Array.from([AF.NETLINK, 0, 0, 0, ...Array.from(address.padEnd(8, "\0"), (c) => c.charCodeAt(0))]);
  }

  bind(task: Task, address: string): number {
    const wanted = view(Uint8Array.from(address, (c) => c.charCodeAt(0)));
    const port = wanted.getUint32(0, true);
    if (this.#port !== 0) return port === 0 || port === this.#port ? 0 : -E.EINVAL;
    this.#groups = wanted.getUint32(4, true);
    return this.#take(task, port);
  }
  #take(task: Task, wanted: number): number {
    const { netlinkPorts } = this.net;
    let port = wanted || task.pidNs.numberOf(task.tgid);
    if (wanted !== 0 && netlinkPorts.has(wanted)) return -E.EADDRINUSE;
    for (let other = 0xffff_f000; netlinkPorts.has(port); other--) port = other;
    netlinkPorts.add(port);
    this.#port = port;
    return 0;
  }
  connect(task: Task, address: string): number {
    const to = address === NO_PEER ? 0 : view(Uint8Array.from(address, (c) => c.charCodeAt(0))).getUint32(0, true);
    if (to !== 0) return -E.ECONNREFUSED;
    return this.#port === 0 ? this.#take(task, 0) : 0;
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

  send(task: Task, message: Message, address: string | undefined): number {
    if (address !== undefined && address.slice(0, 4) !== "\0\0\0\0") return -E.ECONNREFUSED;
    if (this.#port === 0) this.#take(task, 0);
    const { bytes } = message;
    for (let at = 0; at + HEADER <= bytes.length; ) {
      const v = view(bytes.subarray(at));
      const length = v.getUint32(0, true);
      if (length < HEADER || at + length > bytes.length) break;
      const flags = v.getUint16(6, true);
      const request = { type: v.getUint16(4, true), flags, seq: v.getUint32(8, true), bytes: bytes.subarray(at, at + length) };
      if (flags & NLM_F.REQUEST && request.type >= RTM.NEWLINK) this.#serve(task, request);
      at += align(length);
    }
    return bytes.length;
  }
  #serve(task: Task, request: Request): void {
    const result = this.#result(task, request);
    if (result < 0 || (request.flags & NLM_F.ACK) !== 0) this.#acknowledge(request, result);
  }
  /** Queues the answers of a request. The result, 0 or -errno, is for the acknowledgement. */
  #result(task: Task, request: Request): number {
    const dump = (request.flags & NLM_F.DUMP) === NLM_F.DUMP;
    switch (request.type) {
      case RTM.GETLINK:
        return this.#links(request, dump);
      case RTM.GETADDR:
        return dump ? this.#answer(request, dump, this.#addresses(request)) : -E.EOPNOTSUPP;
      case RTM.GETROUTE:
        return dump ? this.#answer(request, dump, this.#routes(request)) : -E.EOPNOTSUPP;
    }
    if (!capableIn(task.cred, this.net.owner, CAP.NET_ADMIN)) return -E.EPERM;
    if (request.type === RTM.NEWADDR) return this.#newAddr(request);
    return request.type === RTM.NEWLINK || request.type === RTM.SETLINK ? this.#setLink(request) : -E.EOPNOTSUPP;
  }
  /** The device that a request names. */
  #device({ bytes }: Request): Device | undefined {
    if (bytes.length < HEADER + INFO) return undefined;
    const index = view(bytes).getInt32(HEADER + 4, true);
    if (index !== 0) return devicesOf(this.net).find((device) => device.index === index);
    const name = attribute(bytes, HEADER + INFO, IFLA.IFNAME);
    return name && deviceNamed(this.net, String.fromCharCode(...name).split("\0", 1)[0] as string);
  }
  #links(request: Request, dump: boolean): number {
    const one = this.#device(request);
    if (!dump && !one) return -E.ENODEV;
    const devices = dump ? devicesOf(this.net) : [one as Device];
    return this.#answer(
      request,
      dump,
      devices.map((device) => [RTM.NEWLINK, this.#link(device)]),
    );
  }
  /** RTM_NEWADDR. The device accepts only 127.0.0.1/8. */
  #newAddr({ bytes, flags }: Request): number {
    if (bytes.length < HEADER + ADDR) return -E.EINVAL;
    if (view(bytes).getInt32(HEADER + 4, true) !== lo.index) return -E.ENODEV;
    const local = attribute(bytes, HEADER + ADDR, IFA.LOCAL);
    const supported = bytes[HEADER] === AF.INET && bytes[HEADER + 1] === PREFIX && local && view(local).getUint32(0) === LOOPBACK;
    if (!supported) return -E.EOPNOTSUPP;
    if (this.net.addressed && flags & NLM_F.EXCL) return -E.EEXIST;
    this.net.addressed = true;
    return 0;
  }
  #setLink(request: Request): number {
    if (this.#device(request) !== lo) return -E.EOPNOTSUPP;
    const v = view(request.bytes);
    const [flags, change] = [v.getUint32(HEADER + 8, true), v.getUint32(HEADER + 12, true)];
    if (change === 0 || change & UP) this.net.setUp((flags & UP) !== 0);
    return 0;
  }
  #link(device: Device): Uint8Array {
    const info = new Uint8Array(INFO);
    const v = view(info);
    const flags = device.flags(this.net);
    v.setUint16(2, device.hardware, true);
    v.setInt32(4, device.index, true);
    v.setUint32(8, flags, true);
    // IF_OPER_UNKNOWN, IF_OPER_DOWN, IF_OPER_UP.
    const state = (flags & UP) === 0 ? 2 : device === lo ? 0 : 6;
    const list = attributes([
      [IFLA.IFNAME, cString(device.name)],
      [IFLA.TXQLEN, u32(device.queue)],
      [IFLA.OPERSTATE, Uint8Array.of(state)],
      [IFLA.MTU, u32(device === lo ? this.net.mtu : device.mtu)],
      [IFLA.ADDRESS, Uint8Array.from(device.mac)],
      [IFLA.BROADCAST, Uint8Array.from(device.broadcast)],
    ]);
    return Uint8Array.from([...info, ...list]);
  }
  /** The addresses of the family that is asked for, or of both. Linux inet_dump_ifaddr(), inet6_dump_addr(). */
  #addresses({ bytes }: Request): (readonly [type: number, body: Uint8Array])[] {
    const family = bytes[HEADER];
    return ([AF.INET, AF.INET6] as const)
      .filter((f) => family === AF.UNSPEC || family === f)
      .flatMap((f) =>
        devicesOf(this.net).flatMap((device) =>
          device
            .addresses(this.net)
            .filter(({ ip }) => (typeof ip === "number") === (f === AF.INET))
            .map((address) => [RTM.NEWADDR, this.#addr(device, address)] as const),
        ),
      );
  }
  #addr(device: Device, address: DeviceAddress): Uint8Array {
    const { prefix, scope } = address;
    const v4 = typeof address.ip === "number";
    const head = Uint8Array.from([v4 ? AF.INET : AF.INET6, prefix, PERMANENT, scope, ...u32(device.index)]);
    const ip = networkOrder(address.ip);
    const broadcast = networkOf(address).map((octet, i) => octet | (255 >> Math.min(8, Math.max(0, prefix - 8 * i))));
    const labels = [
      [IFA.LOCAL, ip] as const,
      ...(device === lo ? [] : [[IFA.BROADCAST, broadcast] as const]),
      [IFA.LABEL, cString(device.name)] as const,
    ];
    const list = attributes([[IFA.ADDRESS, ip], ...(v4 ? labels : []), [IFA.FLAGS, u32(PERMANENT)]]);
    return Uint8Array.from([...head, ...list]);
  }
  /** The routes of the main table: the default one, and one for each network. Linux inet_dump_fib(). */
  #routes({ bytes }: Request): (readonly [type: number, body: Uint8Array])[] {
    const family = bytes[HEADER];
    if (family !== AF.UNSPEC && family !== AF.INET) return [];
    return devicesOf(this.net)
      .filter((device) => device !== lo)
      .flatMap((device) => {
        const oif = [RTA.OIF, u32(device.index)] as const;
        const table = [RTA.TABLE, u32(ROUTE.main)] as const;
        const gateway = device.gateway(this.net);
        const way: (readonly [number, Uint8Array])[] = gateway === undefined ? [] : [[RTA.GATEWAY, networkOrder(gateway)]];
        const first = gateway === undefined ? [] : [this.#route(0, ROUTE.boot, 0, [table, ...way, oif])];
        const four = device.addresses(this.net).filter(({ ip }) => typeof ip === "number");
        const others = four.map((address) =>
          this.#route(address.prefix, ROUTE.kernel, ROUTE.link, [
            table,
            [RTA.DST, networkOf(address)],
            [RTA.PREFSRC, networkOrder(address.ip)],
            oif,
          ]),
        );
        return [...first, ...others].map((body) => [RTM.NEWROUTE, body] as const);
      });
  }
  /** struct rtmsg with its attributes. */
  #route(prefix: number, protocol: number, scope: number, list: readonly (readonly [number, Uint8Array])[]): Uint8Array {
    return Uint8Array.from([AF.INET, prefix, 0, 0, ROUTE.main, protocol, scope, ROUTE.unicast, ...u32(0), ...attributes(list)]);
  }

  #answer(request: Request, dump: boolean, parts: readonly (readonly [type: number, body: Uint8Array])[]): number {
    for (const [type, body] of parts) this.#put(this.#message(request, type, dump ? NLM_F.MULTI : 0, body));
    if (dump) this.#put(this.#message(request, NLMSG.DONE, NLM_F.MULTI, u32(0)));
    return 0;
  }
  /** Acknowledges a request: for a success with the request's header, for an error with the whole request. */
  #acknowledge(request: Request, result: number): void {
    const shown = result < 0 ? request.bytes : request.bytes.subarray(0, HEADER);
    this.#put(this.#message(request, NLMSG.ERROR, result < 0 ? 0 : NLM_F.CAPPED, Uint8Array.from([...u32(result >>> 0), ...shown])));
  }
  #message({ seq }: Request, type: number, flags: number, body: Uint8Array): Uint8Array {
    const out = new Uint8Array(HEADER + body.length);
    const v = view(out);
    v.setUint32(0, out.length, true);
    v.setUint16(4, type, true);
    v.setUint16(6, flags, true);
    v.setUint32(8, seq, true);
    v.setUint32(12, this.#port, true);
    out.set(body, HEADER);
    return out;
  }
  /** Queues an answer. A full queue drops it and sets ENOBUFS. Linux netlink_overrun(). */
  #put(bytes: Uint8Array): void {
    const message: Message = { bytes, rights: [], cred: { pid: 0, uid: 0, gid: 0 }, from: this.peerAddress };
    if (this.#queued + bytes.length > BUFFER || !this.account.take(weightOf(message))) {
      this.error = E.ENOBUFS;
      return;
    }
    this.#queued += bytes.length;
    this.#queue.push(message);
    this.#readQueue.wake();
  }

  /** Queues a message of another part of the kernel (ipc/mqueue.ts). */
  deliver(bytes: Uint8Array): void {
    if (this.refs > 0) this.#put(bytes);
  }

  receive(_task: Task, n: number, peek: boolean): Received | number {
    if (this.error !== 0) return this.takeError();
    const first = this.#queue.at(0);
    if (!first) return -E.EAGAIN;
    if (!peek) {
      this.#queue.shift();
      this.account.give(weightOf(first));
      this.#queued -= first.bytes.length;
    }
    return { ...first, bytes: first.bytes.slice(0, n), length: first.bytes.length };
  }
  override poll(): number {
    return POLLOUT | POLLWRNORM | (this.error !== 0 ? POLLERR : 0) | (this.#queue.length > 0 ? POLLIN | POLLRDNORM : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this.#readQueue];
  }
  override getOption(_task: Task, level: number, option: number): Uint8Array | number {
    if (level !== SOL.SOCKET) return -E.ENOPROTOOPT;
    const value = {
      [SO.TYPE]: this.type,
      [SO.DOMAIN]: AF.NETLINK,
      [SO.PROTOCOL]: NETLINK_ROUTE,
      [SO.ERROR]: option === SO.ERROR ? -this.takeError() : 0,
      [SO.SNDBUF]: BUFFER,
      [SO.RCVBUF]: BUFFER,
    }[option];
    return value === undefined ? -E.ENOPROTOOPT : u32(value);
  }
  /** Accepts buffer sizes and the detail of acknowledgements without effect: all messages are sent whole. */
  override setOption(_task: Task, level: number, option: number, value: Uint8Array): number {
    if (value.length < 4) return -E.EINVAL;
    const supported =
      level === SOL_NETLINK ? option >= 9 && option <= 12 : level === SOL.SOCKET && (option === SO.SNDBUF || option === SO.RCVBUF);
    return supported ? 0 : -E.ENOPROTOOPT;
  }
  override release(): void {
    this.net.netlinkPorts.delete(this.#port);
    for (const message of this.#queue.takeAll()) this.account.give(weightOf(message));
  }
}
