// Published ports: the host's sockets that stand for ports of the machine.
import { createSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { ipOf } from "../../kernel/net/address-text.ts";
import type { PublishedPort } from "../../kernel/net/outside/network-options.ts";
import { Problem } from "../../problem.ts";
import type { Datagrams } from "./datagrams.ts";
import { clientAddress } from "./reach.ts";

/** [ADDRESS:]HOST:GUEST[/tcp|/udp]. */
export const publishedPort = (text: string): PublishedPort => {
  const match = /^(?:(?:\[([^\]]+)\]|([\d.]+)):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const [, six, four, host, guest, protocol = "tcp"] = match ?? [];
  const address = six ?? four;
  const good = match && Number(host) < 65536 && Number(guest) < 65536 && Number(guest) > 0 && (!address || ipOf(address) !== undefined);
  if (!good)
    throw new Problem("bad-value", `--publish wants [ADDRESS:]HOST:GUEST[/tcp|/udp] with two port numbers, not "${text}"`, {
      help: "such as 8080:80, 0.0.0.0:8080:80 or 5353:53/udp",
    });
  return { host: Number(host), guest: Number(guest), protocol: protocol as "tcp" | "udp", ...(address ? { address } : {}) };
};

const LOOPBACK = "127.0.0.1";
const why: Readonly<Record<string, string>> = {
  EADDRINUSE: "it is in use",
  EACCES: "it needs more rights",
  EADDRNOTAVAIL: "the address is not one of this host",
};
const refused = ({ host, protocol = "tcp", address = LOOPBACK }: PublishedPort, cause: NodeJS.ErrnoException): Problem =>
  new Problem("bad-port", `${protocol} port ${host} of ${address} cannot be published: ${why[cause.code ?? ""] ?? cause.message}`, {
    cause,
  });

/** Listens for TCP clients. Resolves to the server and the host's port. */
export const listenTcp = async (
  port: PublishedPort,
  client: (socket: Socket) => void,
): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, client);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(refused(port, error)));
    server.listen({ host: port.address ?? LOOPBACK, port: port.host }, resolve);
  });
  server.removeAllListeners("error");
  // A connection that could not be accepted: the client sees a reset.
  server.on("error", () => {});
  return { server, port: (server.address() as { port: number }).port };
};

/** Takes packets for a published port. Resolves to the host's port. */
export const listenUdp = async (id: number, port: PublishedPort, datagrams: Datagrams): Promise<number> => {
  const { address = LOOPBACK, guest } = port;
  const version = address.includes(":") ? 6 : 4;
  const socket = createSocket(version === 6 ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", (error) => reject(refused(port, error)));
    socket.bind(port.host, address, resolve);
  });
  socket.removeAllListeners("error");
  datagrams.publish(id, socket, version, guest, clientAddress);
  return socket.address().port;
};
