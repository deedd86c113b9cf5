// The network of the host as the core sees it: an interface that a host implements. Its methods return at
// once. Answers and events come as data, so that a recording of a run can hold them.

/** An address as text (192.0.2.1, fd00::2) and a port. */
export interface HostAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * Events from the host. `id` is a connection or a datagram socket: positive if the machine opened it,
 * negative if the host did.
 */
export type NetworkEvent =
  /** A connection that the machine asked for is open. */
  | { readonly what: "connected"; readonly id: number }
  /** A client of the host connects to a published port of the machine. */
  | { readonly what: "arrived"; readonly id: number; readonly from: HostAddress; readonly port: number }
  /** Bytes of a connection. No more come before `resume`. */
  | { readonly what: "bytes"; readonly id: number; readonly bytes: Uint8Array }
  /** The other side sends no more. */
  | { readonly what: "end"; readonly id: number }
  /** The connection takes bytes again, after a `write` that returned false. */
  | { readonly what: "ready"; readonly id: number }
  /** The connection does not exist any more. `error` is a positive errno. */
  | { readonly what: "failed"; readonly id: number; readonly error: number }
  /** A packet for a datagram socket; `port`: that of the machine, for a published port. */
  | {
      readonly what: "datagram";
      readonly id: number;
      readonly from: HostAddress;
      readonly bytes: Uint8Array;
      readonly port?: number;
    };

/** One machine's use of the network. */
export interface HostLink {
  /** Begins a connection: 0, or -errno if it is not allowed. `connected` or `failed` follows. */
  connect(id: number, to: HostAddress): number;
  /** Sends bytes, which the host keeps. False: no more are wanted before `ready`. */
  write(id: number, bytes: Uint8Array): boolean;
  /** Sends no more. The connection ends after both sides have ended. */
  end(id: number): void;
  /** Resets the connection. No event follows. */
  reset(id: number): void;
  /** Asks for more bytes. */
  resume(id: number): void;
  /**
   * Sends a packet by a socket, which the first packet opens: 0, or -errno if it is not allowed. A packet may
   * be lost.
   */
  datagram(id: number, to: HostAddress, bytes: Uint8Array): number;
  /** The machine has taken a packet of so many bytes. */
  took(id: number, bytes: number): void;
  /** Closes a datagram socket. */
  closeDatagrams(id: number): void;
  /** Ends the use. `flush`: bytes that were written are sent first. */
  close(flush: boolean): Promise<void>;
}

/** A network for a machine. `hostNetwork` of trapgate/node makes one of the host's sockets. */
export interface HostNetwork {
  /** True: programs may connect to addresses outside. False: only published ports are connected. */
  readonly reaches: boolean;
  /** True if the machine has an IPv6 address too. */
  readonly six: boolean;
  /** Begins the use by a machine. `tell` takes the events. @throws {Problem} A port cannot be published. */
  open(tell: (event: NetworkEvent) => void): Promise<HostLink>;
}
