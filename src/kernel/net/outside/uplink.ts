// The connection of a machine to the outside world: TCP connections and packets between its sockets and the
// host's. Addresses are translated as in a router. man 7 ip; RFC 3022. The host decides which addresses may
// be reached.
import { E } from "../../../abi/errno.ts";
import { AF } from "../../../abi/uapi/socket.ts";
import { sizes } from "../../base/sizes.ts";
import type { Kernel } from "../../core/kernel.ts";
import { credOf } from "../../cred/cred.ts";
import { ipOf, ipText } from "../address-text.ts";
import type { HostAddress, HostLink, HostNetwork, NetworkEvent } from "../host-network.ts";
import { type Endpoint, type Ip, isBroadcast, isMulticast, toAddress, toEndpoint } from "../inet-address.ts";
import type { Connecting, NetNamespace, NetworkUplink as Way } from "../namespace.ts";
import { plan } from "../plan.ts";
import type { SocketOwner } from "../socket.ts";
import { TcpSocket } from "../tcp.ts";
import { UdpSocket } from "../udp.ts";
import { Bridge } from "./bridge.ts";

/** Sockets of the host at a time. */
const MOST = 1024;
/** Other sides that one socket exchanges packets with. The oldest is forgotten. */
const MOST_PEERS = 256;

/**
 * A packet socket of the host, and the addresses that it has sent to. It hears no others, as behind a router.
 */
interface Datagrams {
  readonly id: number;
  readonly peers: Set<string>;
}
/** A connection that was asked for. */
interface Opening {
  readonly socket: TcpSocket;
  readonly end: TcpSocket;
}

const textOf = ({ ip, port }: Endpoint): HostAddress => ({ address: ipText(ip), port });
const remember = (peers: Set<string>, peer: string): void => {
  peers.delete(peer);
  peers.add(peer);
  const [oldest] = peers;
  if (peers.size > MOST_PEERS && oldest !== undefined) peers.delete(oldest);
};

/** The open connections and packet sockets of a machine, by id. */
export class Uplink implements Way {
  network: HostNetwork;
  private readonly _owner: SocketOwner;
  private readonly _net: NetNamespace;
  private _link: HostLink | undefined;
  private _lastId = 0;
  private readonly _opening = new Map<number, Opening>();
  private readonly _bridges = new Map<number, Bridge>();
  /** The host's packet sockets of the machine's sockets, and back. */
  private readonly _datagrams = new Map<UdpSocket, Datagrams>();
  private readonly _senders = new Map<number, UdpSocket>();
  /** The host's packet sockets of published ports, by the machine's port. */
  private readonly _published = new Map<number, Datagrams>();

  constructor(kernel: Kernel, net: NetNamespace, network: HostNetwork) {
    this._owner = { kernel, net, cred: credOf(0, 0) };
    this._net = net;
    this.network = network;
  }
  /** Connects the machine to the host's network. `tell` takes its events, which come back by `deliver`. */
  async open(tell: (event: NetworkEvent) => void): Promise<void> {
    this.attach(await this.network.open(tell));
  }
  attach(link: HostLink): void {
    this._link = link;
  }
  /** `flush`: bytes that programs have sent reach the other side first. */
  async close(flush: boolean): Promise<void> {
    const link = this._link;
    if (flush) for (const bridge of this._bridges.values()) bridge.flush();
    this._link = undefined;
    await link?.close(flush);
  }

  /** The connections with the outside world, and the packet sockets, in words. */
  get connections(): string[] {
    const ends = [...this._bridges.values(), ...this._opening.values()].map(({ end }): Endpoint => end);
    const flows = [...this._datagrams.values(), ...this._published.values()].flatMap(({ peers }) => [...peers].map(toEndpoint));
    const words = (kind: string) => (each: Endpoint) => `${kind} ${ipText(each.ip)}:${each.port}`;
    return [...ends.map(words("tcp")), ...flows.map(words("udp"))];
  }
  /** The host's ends of all connections are gone: programs see resets. */
  lost(): void {
    this._link = undefined;
    for (const bridge of [...this._bridges.values()]) bridge.failed();
    for (const { socket, end } of this._opening.values()) {
      end.drop();
      socket.answer(E.ECONNRESET);
    }
    this._opening.clear();
    for (const socket of [...this._datagrams.keys()]) this.forget(socket);
    this._published.clear();
  }

  /** True for an address that packets may be sent to. The host may still refuse it. */
  reaches(to: Ip): boolean {
    if (!this._link || isMulticast(to) || isBroadcast(to)) return false;
    // Answers to clients of a published port go the way that they came.
    return this.network.reaches ? typeof to === "number" || this.network.six : this._published.size > 0;
  }
  private _count(): number {
    return this._opening.size + this._bridges.size + this._datagrams.size;
  }

  /** Asks for a connection of a socket: how to cancel it, or -errno. */
  connect(socket: TcpSocket, to: Endpoint): Connecting | number {
    const link = this._link;
    if (!link || !this.network.reaches) return -E.ENETUNREACH;
    if (this._count() >= MOST) return -E.ENOBUFS;
    const end = TcpSocket.foreign(this._owner, socket.domain, to);
    if (end.admit() < 0) return -E.ENOBUFS;
    const id = ++this._lastId;
    const error = link.connect(id, textOf(to));
    if (error < 0) return error;
    this._opening.set(id, { socket, end: end.hold() });
    return { cancel: () => this._cancel(id) };
  }
  private _cancel(id: number): void {
    this._link?.reset(id);
    this._opening.get(id)?.end.drop();
    this._opening.delete(id);
  }
  private _bridge(id: number, end: TcpSocket, link: HostLink): Bridge {
    return new Bridge(id, end, link, this._bridges);
  }

  /** Sends a packet: 0 or -errno. */
  datagram(socket: UdpSocket, to: Endpoint, bytes: Uint8Array): number {
    const link = this._link;
    if (!link) return -E.ENETUNREACH;
    const peer = toAddress(to);
    const published = this._published.get(socket.port);
    if (published?.peers.has(peer)) return link.datagram(published.id, textOf(to), bytes);
    if (!this.network.reaches) return -E.ENETUNREACH;
    const known = this._datagrams.get(socket);
    if (!known && (this._count() >= MOST || !this._owner.kernel.frames.account.take(sizes.hostDatagrams))) return -E.ENOBUFS;
    const used = known ?? { id: ++this._lastId, peers: new Set<string>() };
    if (!known) {
      this._datagrams.set(socket, used);
      this._senders.set(used.id, socket);
    }
    const error = link.datagram(used.id, textOf(to), bytes);
    if (error < 0) return error;
    remember(used.peers, peer);
    return 0;
  }
  /** A socket of packets has ended. */
  forget(socket: UdpSocket): void {
    const known = this._datagrams.get(socket);
    if (!known) return;
    this._datagrams.delete(socket);
    this._senders.delete(known.id);
    this._owner.kernel.frames.account.give(sizes.hostDatagrams);
    this._link?.closeDatagrams(known.id);
  }

  /** An event of the host takes effect. One for a connection that has ended meanwhile has none. */
  deliver(event: NetworkEvent): void {
    const link = this._link;
    if (!link) return;
    const { id } = event;
    switch (event.what) {
      case "connected": {
        const opening = this._opening.get(id);
        if (!opening) return;
        this._opening.delete(id);
        const bridge = this._bridge(id, opening.end, link);
        opening.socket.answer(opening.end);
        return bridge.wake();
      }
      case "failed": {
        this._bridges.get(id)?.failed();
        const opening = this._opening.get(id);
        if (!opening) return;
        this._opening.delete(id);
        opening.end.drop();
        return opening.socket.answer(event.error);
      }
      case "arrived":
        return this._arrived(id, event.from, event.port, link);
      case "bytes":
        return this._bridges.get(id)?.bytes(event.bytes);
      case "end":
        return this._bridges.get(id)?.ended();
      case "ready":
        return this._bridges.get(id)?.ready();
      case "datagram": {
        link.took(id, event.bytes.length);
        const { address, port } = event.from;
        const ip = ipOf(address);
        if (ip === undefined) return;
        if (event.port === undefined) return this._answered(id, { ip, port }, event.bytes);
        return this._packet(id, event.port, { ip, port }, event.bytes);
      }
    }
  }
  /** A client of a published port: its end enters the backlog of the listener, or the client is reset. */
  private _arrived(id: number, { address, port }: HostAddress, to: number, link: HostLink): void {
    const ip = ipOf(address) ?? plan.host;
    const ways: readonly (readonly [from: Ip, own: Ip])[] =
      typeof ip === "number"
        ? [
            [ip, plan.own.four.ip],
            [plan.host6, plan.own.six.ip],
          ]
        : [
            [ip, plan.own.six.ip],
            [plan.host, plan.own.four.ip],
          ];
    for (const [from, own] of this._count() < MOST ? ways : []) {
      const domain = typeof from === "number" ? AF.INET : AF.INET6;
      const end = TcpSocket.foreign(this._owner, domain, { ip: from, port });
      if (end.admit() < 0) break;
      end.hold();
      if (end.arrive(this._owner, { ip: own, port: to })) {
        const bridge = this._bridge(id, end, link);
        link.resume(id);
        return bridge.wake();
      }
      end.drop();
    }
    link.reset(id);
  }
  private _answered(id: number, from: Endpoint, bytes: Uint8Array): void {
    const socket = this._senders.get(id);
    if (socket && this._datagrams.get(socket)?.peers.has(toAddress(from))) socket.arrive(from, bytes);
  }
  /** A packet for a published port. */
  private _packet(id: number, port: number, from: Endpoint, bytes: Uint8Array): void {
    const own = typeof from.ip === "number" ? plan.own.four.ip : plan.own.six.ip;
    const receiver = UdpSocket.receiverAt(this._net.udp, own, port, from);
    if (!receiver) return;
    const published = this._published.get(port) ?? { id, peers: new Set<string>() };
    this._published.set(port, published);
    remember(published.peers, toAddress(from));
    receiver.arrive(from, bytes);
  }
}
