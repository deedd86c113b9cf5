// The host's UDP sockets of a machine. Packets beyond a full buffer are lost, as in a network.
import { createSocket, type Socket } from "node:dgram";
import { E } from "../../abi/errno.ts";
import type { HostAddress, NetworkEvent } from "../../kernel/net/host-network.ts";

/** Bytes that wait in each direction, at most: about net.core.rmem_default. */
const BUFFER = 212_992;
/** Addresses whose names are kept. The oldest is forgotten. */
const MOST_NAMES = 256;

interface Used {
  readonly sockets: Map<4 | 6, Socket>;
  /** The machine's names of addresses of the host. */
  readonly names: Map<string, HostAddress>;
  /** Bytes that the machine has not taken, and that the host has not sent. */
  waiting: number;
  sending: number;
  readonly port: number | undefined;
}
const keyOf = ({ address, port }: HostAddress): string => `${address} ${port}`;

/** The UDP sockets by id. A socket is opened by its first packet. */
export class Datagrams {
  readonly #tell: (event: NetworkEvent) => void;
  readonly #all = new Map<number, Used>();

  constructor(tell: (event: NetworkEvent) => void) {
    this.#tell = tell;
  }
  #follow(id: number, used: Used, socket: Socket, named: (from: HostAddress) => HostAddress): void {
    socket.on("message", (bytes, { address, port }) => {
      if (used.waiting + bytes.length > BUFFER) return;
      used.waiting += bytes.length;
      const from = named({ address, port });
      this.#tell({ what: "datagram", id, from, bytes: new Uint8Array(bytes), ...(used.port === undefined ? {} : { port: used.port }) });
    });
    // An error of one packet is none of the next one.
    socket.on("error", () => {});
  }
  /** Follows a bound socket of a published port. `named`: the address that the machine sees. */
  publish(id: number, socket: Socket, version: 4 | 6, port: number, named: (address: string) => string): void {
    const used: Used = { sockets: new Map([[version, socket]]), names: new Map(), waiting: 0, sending: 0, port };
    this.#all.set(id, used);
    this.#follow(id, used, socket, (from) => {
      const shown = { address: named(from.address), port: from.port };
      this.#name(used, shown, from);
      return shown;
    });
  }
  #name(used: Used, key: HostAddress, value: HostAddress): void {
    used.names.delete(keyOf(key));
    used.names.set(keyOf(key), value);
    const [oldest] = used.names.keys();
    if (used.names.size > MOST_NAMES && oldest !== undefined) used.names.delete(oldest);
  }
  /** The client of a published port that a machine names. */
  clientOf(id: number, to: HostAddress): HostAddress | undefined {
    const used = this.#all.get(id);
    return used?.port === undefined ? undefined : used.names.get(keyOf(to));
  }
  /** Sends a packet to an address of the host, which the machine knows by the name `to`. */
  send(id: number, to: HostAddress, real: HostAddress, bytes: Uint8Array): number {
    const used = this.#all.get(id) ?? { sockets: new Map(), names: new Map(), waiting: 0, sending: 0, port: undefined };
    this.#all.set(id, used);
    const version = real.address.includes(":") ? 6 : 4;
    let socket = used.sockets.get(version);
    if (!socket) {
      if (used.port !== undefined) return -E.ENETUNREACH;
      socket = createSocket(version === 6 ? { type: "udp6", ipv6Only: true } : { type: "udp4" });
      used.sockets.set(version, socket);
      this.#follow(id, used, socket, (from) => used.names.get(keyOf(from)) ?? from);
    }
    if (used.port === undefined) this.#name(used, real, to);
    if (used.sending + bytes.length > BUFFER) return 0;
    used.sending += bytes.length;
    socket.send(bytes, real.port, real.address, () => void (used.sending -= bytes.length));
    return 0;
  }
  took(id: number, bytes: number): void {
    const used = this.#all.get(id);
    if (used) used.waiting -= bytes;
  }
  closeOne(id: number): void {
    const used = this.#all.get(id);
    this.#all.delete(id);
    if (!used) return;
    // Packets that were sent go first.
    const close = (): void => {
      for (const socket of used.sockets.values()) socket.close();
    };
    if (used.sending === 0) close();
    else setTimeout(close, 50);
  }
  close(): void {
    for (const id of [...this.#all.keys()]) this.closeOne(id);
  }
}
