// The host's TCP sockets of a machine. A socket is read only when the machine asks for bytes.
import { connect, type Socket } from "node:net";
import { E, type ErrnoName } from "../../abi/errno.ts";
import type { HostAddress, HostLink, NetworkEvent } from "../../kernel/net/host-network.ts";

/** Milliseconds that the bytes of an ended machine have to be sent. */
const LINGER = 5000;

interface Connection {
  readonly socket: Socket;
  /** The machine, and the other side, send no more. */
  sent: boolean;
  received: boolean;
}
/** The positive errno of an error of Node. A host without descriptors has no buffers for the machine. */
const errnoOf = (error: NodeJS.ErrnoException | undefined): number => {
  const { code = "ECONNRESET" } = error ?? {};
  if (code === "EMFILE" || code === "ENFILE") return E.ENOBUFS;
  return E[code as ErrnoName] ?? E.ECONNRESET;
};

/** The TCP sockets by id. Events go to the machine as data. */
export class Connections implements Pick<HostLink, "write" | "end" | "reset" | "resume"> {
  readonly #tell: (event: NetworkEvent) => void;
  readonly #all = new Map<number, Connection>();

  constructor(tell: (event: NetworkEvent) => void) {
    this.#tell = tell;
  }
  /** Begins a connection. `loopback`: the address may be the host's own. */
  open(id: number, { address, port }: HostAddress, loopback: boolean): void {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    this.add(id, socket);
    socket.once("connect", () => {
      // An address that is the host's by a route only. Its socket has the same address at both ends.
      if (loopback || socket.localAddress !== socket.remoteAddress) this.#tell({ what: "connected", id });
      else socket.destroy(Object.assign(new Error("the host's own address"), { code: "EHOSTUNREACH" }));
    });
  }
  /** Follows a socket. */
  add(id: number, socket: Socket): void {
    const connection: Connection = { socket, sent: false, received: false };
    this.#all.set(id, connection);
    let failure: NodeJS.ErrnoException | undefined;
    socket.on("data", (bytes: Buffer) => {
      socket.pause();
      this.#tell({ what: "bytes", id, bytes: new Uint8Array(bytes) });
    });
    socket.once("end", () => {
      connection.received = true;
      this.#tell({ what: "end", id });
    });
    socket.on("drain", () => this.#tell({ what: "ready", id }));
    socket.on("error", (error) => void (failure ??= error));
    socket.once("close", () => {
      if (!this.#all.delete(id)) return;
      if (failure || !connection.sent || !connection.received) this.#tell({ what: "failed", id, error: errnoOf(failure) });
    });
  }
  /** The number of sockets. */
  get size(): number {
    return this.#all.size;
  }
  write(id: number, bytes: Uint8Array): boolean {
    return this.#all.get(id)?.socket.write(bytes) ?? true;
  }
  end(id: number): void {
    const connection = this.#all.get(id);
    if (!connection) return;
    connection.sent = true;
    connection.socket.end();
  }
  reset(id: number): void {
    const connection = this.#all.get(id);
    if (!connection) return;
    this.#all.delete(id);
    if (connection.socket.connecting) connection.socket.destroy();
    else connection.socket.resetAndDestroy();
  }
  resume(id: number): void {
    this.#all.get(id)?.socket.resume();
  }
  async close(flush: boolean): Promise<void> {
    const sockets = Array.from(this.#all.values(), ({ socket }) => socket);
    this.#all.clear();
    const sending = sockets.filter((socket) => !socket.connecting && !socket.destroyed && !socket.writableFinished);
    if (flush && sending.length > 0) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise((resolve) => (timer = setTimeout(resolve, LINGER)));
      const sent = sending.map((socket) => new Promise((resolve) => socket.once("finish", resolve).once("close", resolve).end()));
      await Promise.race([Promise.all(sent), limit]);
      clearTimeout(timer);
    }
    for (const socket of sockets) socket.destroy();
  }
}
