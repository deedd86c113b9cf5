// The transport of the debugger: a socket on this host, or this process's standard streams.
import { lookup } from "node:dns";
import { type AddressInfo, createServer, isIP, type Socket } from "node:net";

/** One connection: bytes in both directions. */
export interface DebugConnection {
  send(bytes: Uint8Array): void;
  /** Ends the connection after all that was sent. */
  end(): void;
}
/** What the owner of a connection does with its bytes. */
export interface DebugPeer {
  receive(bytes: Uint8Array): void;
  closed(): void;
}
/** Makes a peer for a connection. */
export type Accept = (connection: DebugConnection) => DebugPeer;

/** Where a server listens: a port of a host's address, or a file of a socket. */
export type ListenAddress = { readonly host: string; readonly port: number; readonly family?: 4 | 6 } | { readonly path: string };

/** The address as gdb's `target remote` takes it. */
export const addressText = (at: ListenAddress): string =>
  "path" in at ? at.path : `${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;

/**
 * Listens for one connection at a time: a second one is closed at once. Resolves with the address. Rejects
 * with the error of the host.
 */
export const listenOn = (at: ListenAddress, accept: Accept): Promise<{ readonly address: ListenAddress; close(): void }> =>
  new Promise((resolve, reject) => {
    let current: Socket | undefined;
    const server = createServer((socket) => {
      if (current) {
        socket.destroy();
        return;
      }
      current = socket;
      socket.setNoDelay(true);
      // Of a peer whose host is gone the kernel says so, in time.
      socket.setKeepAlive(true);
      const peer = accept({
        send: (bytes) => void socket.write(bytes),
        end: () => void socket.end(),
      });
      socket.on("data", (bytes: Buffer) => peer.receive(new Uint8Array(bytes)));
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        current = undefined;
        peer.closed();
      });
    });
    server.on("error", reject);
    const onListening = (): void => {
      const bound = server.address() as AddressInfo | string;
      resolve({
        address: typeof bound === "string" ? { path: bound } : { host: bound.address, port: bound.port },
        close: () => {
          current?.end();
          server.close();
        },
      });
    };
    if ("path" in at) {
      server.listen(at.path, onListening);
      return;
    }
    const { host, port, family } = at;
    const bind = (address: string): void => void server.listen(port, address, onListening);
    // A name has addresses of several families.
    if (family === undefined || isIP(host) === family) bind(host);
    else lookup(host, { family }, (error, found) => (error ? reject(error) : bind(found)));
  });

/** The standard streams as the connection. */
export const overStandardStreams = (accept: Accept): void => {
  const peer = accept({
    send: (bytes) => void process.stdout.write(bytes),
    end: () => void process.stdin.destroy(),
  });
  process.stdin.on("data", (bytes: Buffer) => peer.receive(new Uint8Array(bytes)));
  process.stdin.once("close", () => peer.closed());
  // A peer that was killed resets the connection: it is closed, and takes no more replies.
  process.stdin.on("error", () => process.stdin.destroy());
  process.stdout.on("error", () => process.stdin.destroy());
};

/** Milliseconds that a server which cannot begin waits for the peer's first packet. */
const FIRST_PACKET = 3000;
/**
 * Takes the peer's first packet from standard input, which ends then: of a server that ends with bytes
 * unread the peer sees a reset, and gdb then does not show what the server has said. Resolves at the end
 * of the input too, and after a time. A terminal has no peer.
 */
export const takeFirstPacket = (): Promise<void> =>
  new Promise((resolve) => {
    const { stdin } = process;
    if (stdin.isTTY) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      stdin.destroy();
      resolve();
    };
    const timer = setTimeout(done, FIRST_PACKET);
    stdin.on("data", (bytes: Buffer) => bytes.includes("#") && done());
    stdin.once("end", done);
    stdin.once("error", done);
  });

/** Standard input, a piece at a time; undefined is its end. */
export const pieces = (): (() => Promise<Uint8Array | undefined>) => {
  const arrived: (Uint8Array | undefined)[] = [];
  let wake: (() => void) | undefined;
  let hasBegun = false;
  const add = (bytes: Uint8Array | undefined): void => {
    arrived.push(bytes);
    wake?.();
  };
  return async () => {
    if (!hasBegun) {
      hasBegun = true;
      process.stdin.on("data", (bytes: Buffer) => add(new Uint8Array(bytes)));
      process.stdin.once("end", () => add(undefined));
      process.stdin.once("error", () => add(undefined));
    }
    while (arrived.length === 0) await new Promise<void>((done) => (wake = done));
    return arrived.shift();
  };
};
