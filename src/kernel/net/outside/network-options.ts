// Options of a machine's network: addresses that it may reach, and ports that clients may reach.

/** A port of the host that is a port of the machine. */
export interface PublishedPort {
  /** The port on the host; 0: a free one. */
  readonly host: number;
  /** The port in the machine. */
  readonly guest: number;
  /** Default "tcp". */
  readonly protocol?: "tcp" | "udp";
  /** The address of the host that listens. Default 127.0.0.1: only programs of the host are clients. */
  readonly address?: string;
}

/** Options of `hostNetwork`. */
export interface HostNetworkOptions {
  /**
   * "host": programs may connect to all addresses that the host can reach, but not to the host itself.
   * Default "none".
   */
  readonly reach?: "none" | "host";
  /**
   * With `reach`: 10.0.2.2 is the host's loopback, and the host's other addresses may be reached. Default
   * false.
   */
  readonly loopback?: boolean;
  readonly publish?: readonly PublishedPort[];
  /**
   * Resolvers behind 10.0.2.3, such as "203.0.113.1" or "[::1]:5353". The first one is used. Default: the
   * host's.
   */
  readonly dns?: readonly string[];
  /** Called for each published port when it listens, with the port of the host. */
  readonly listening?: (port: Required<PublishedPort>) => void;
}
