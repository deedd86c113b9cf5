// The network of this host for machines: its sockets, within the user's limits.
import type { Server } from "node:net";
import { E } from "../../abi/errno.ts";
import type { HostAddress, HostLink, HostNetwork, NetworkEvent } from "../../kernel/net/host-network.ts";
import type { HostNetworkOptions, PublishedPort } from "../../kernel/net/outside/network-options.ts";
import { Problem } from "../../problem.ts";
import { Connections } from "./connections.ts";
import { Datagrams } from "./datagrams.ts";
import { listenTcp, listenUdp } from "./publish.ts";
import { clientAddress, hasSix, NetworkReach, serverOf } from "./reach.ts";

/** Clients of published ports at a time. The machine has a limit of its own. */
const MOST = 1024;

class NodeLink implements HostLink {
  readonly #reach: NetworkReach | undefined;
  readonly #loopback: boolean;
  readonly #connections: Connections;
  readonly #datagrams: Datagrams;
  readonly #servers: Server[] = [];
  #lastId = 0;
  #closed = false;
  readonly #tell: (event: NetworkEvent) => void;

  constructor({ reach, loopback = false, dns }: HostNetworkOptions, tell: (event: NetworkEvent) => void) {
    this.#tell = (event) => void (this.#closed || tell(event));
    const resolvers = dns?.map((text) => serverOf(text) ?? badResolver(text));
    this.#reach = reach === "host" ? new NetworkReach(loopback, resolvers) : undefined;
    this.#loopback = loopback;
    this.#connections = new Connections(this.#tell);
    this.#datagrams = new Datagrams(this.#tell);
  }
  /** Publishes a port. Resolves to the host's port. */
  async publish(published: PublishedPort): Promise<number> {
    if (published.protocol === "udp") return listenUdp(--this.#lastId, published, this.#datagrams);
    const { server, port } = await listenTcp(published, (socket) => {
      const { remoteAddress, remotePort } = socket;
      if (this.#closed || this.#connections.size >= MOST || remoteAddress === undefined || remotePort === undefined) {
        socket.resetAndDestroy();
        return;
      }
      const id = --this.#lastId;
      this.#connections.add(id, socket);
      socket.pause();
      const from = { address: clientAddress(remoteAddress), port: remotePort };
      this.#tell({ what: "arrived", id, from, port: published.guest });
    });
    this.#servers.push(server);
    return port;
  }
  connect(id: number, to: HostAddress): number {
    const real = this.#reach?.find(to) ?? -E.ENETUNREACH;
    if (typeof real === "number") return real;
    // The resolver may be the host's own.
    this.#connections.open(id, real, this.#loopback || real.address !== to.address);
    return 0;
  }
  write(id: number, bytes: Uint8Array): boolean {
    return this.#connections.write(id, bytes);
  }
  end(id: number): void {
    this.#connections.end(id);
  }
  reset(id: number): void {
    this.#connections.reset(id);
  }
  resume(id: number): void {
    this.#connections.resume(id);
  }
  datagram(id: number, to: HostAddress, bytes: Uint8Array): number {
    const real = this.#datagrams.clientOf(id, to) ?? this.#reach?.find(to) ?? -E.ENETUNREACH;
    return typeof real === "number" ? real : this.#datagrams.send(id, to, real, bytes);
  }
  took(id: number, bytes: number): void {
    this.#datagrams.took(id, bytes);
  }
  closeDatagrams(id: number): void {
    this.#datagrams.closeOne(id);
  }
  async close(flush: boolean): Promise<void> {
    this.#closed = true;
    for (const server of this.#servers) server.close();
    this.#datagrams.close();
    await this.#connections.close(flush);
  }
}
const badResolver = (text: string): never => {
  throw new Problem("bad-value", `${JSON.stringify(text)} is no address of a resolver`, { help: "such as 203.0.113.1 or [::1]:5353" });
};

/** A network of this host, with checked options. */
export const nodeNetwork = (options: HostNetworkOptions): HostNetwork => ({
  reaches: options.reach === "host",
  six: hasSix(),
  async open(tell) {
    const link = new NodeLink(options, tell);
    try {
      for (const published of options.publish ?? []) {
        const { guest, protocol = "tcp", address = "127.0.0.1" } = published;
        const host = await link.publish(published);
        options.listening?.({ guest, protocol, address, host });
      }
    } catch (error) {
      await link.close(false);
      throw error;
    }
    return link;
  },
});
