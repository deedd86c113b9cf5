// The addresses of a machine with a network, as in qemu's user network: one link with the machine, the host
// and a resolver. qemu "Using the user mode network stack".
import { ipOf } from "./address-text.ts";
import type { Ip } from "./inet-address.ts";

const ip = (text: string): Ip => ipOf(text) as Ip;

/** Addresses by role. */
export const plan = {
  /** The machine's own addresses with the lengths of their prefixes. */
  own: { four: { ip: ip("10.0.2.15"), prefix: 24 }, six: { ip: ip("fd74:7261:7067::15"), prefix: 64 } },
  /**
   * The gateway. Connections to it reach the host's loopback if that is allowed. Its clients have this
   * address.
   */
  host: ip("10.0.2.2"),
  host6: ip("fd74:7261:7067::2"),
  /** Port 53 of it is the host's resolver. */
  resolver: ip("10.0.2.3"),
} as const;

/** The port of a resolver. */
export const DNS_PORT = 53;
