// The addresses of the host's network that a machine may reach, and the address that stands for the host
// itself.
import { getServers } from "node:dns";
import { networkInterfaces } from "node:os";
import { E } from "../../abi/errno.ts";
import { ipOf, ipText } from "../../kernel/net/address-text.ts";
import type { HostAddress } from "../../kernel/net/host-network.ts";
import { type Ip, isAny, isBroadcast, isLoopback, isMulticast } from "../../kernel/net/inet-address.ts";
import { DNS_PORT, plan } from "../../kernel/net/plan.ts";
import { LocalAddresses } from "./local-addresses.ts";

/**
 * Addresses of this network, of links, and reserved ones: 0.0.0.0/8, 169.254.0.0/16, 240.0.0.0/4; ::/96,
 * fe80::/10. RFC 6890.
 */
const isLocal = (ip: Ip): boolean =>
  typeof ip === "number"
    ? ip >>> 24 === 0 || ip >>> 16 === 0xa9fe || ip >>> 28 === 15
    : ip.startsWith("\0".repeat(12)) || (ip.charCodeAt(0) === 0xfe && (ip.charCodeAt(1) & 0xc0) === 0x80);
/** The link between machine and host: 10.0.2.0/24, and its IPv6 network. */
const isLink = (ip: Ip): boolean => {
  const { four, six } = plan.own;
  return typeof ip === "number" ? ip >>> 8 === (four.ip as number) >>> 8 : ip.slice(0, 8) === (six.ip as string).slice(0, 8);
};

/** `203.0.113.1`, `203.0.113.1:5353`, `fd00::1`, `[fd00::1]:5353`; the default port is that of DNS. */
export const serverOf = (text: string): HostAddress | undefined => {
  const match = /^(?:\[([^\]]+)\]|([^:]+)|([^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = Number(match?.[4] ?? DNS_PORT);
  return address === undefined || ipOf(address) === undefined || port > 65535 ? undefined : { address, port };
};

/** Decides which addresses may be reached, and translates those that stand for the host. */
export class NetworkReach {
  readonly #loopback: boolean;
  readonly #resolvers: readonly HostAddress[];
  /** The host's own addresses. Connections to them would come to services that firewalls keep from others. */
  readonly #own = new LocalAddresses();

  /** `resolvers`: of `serverOf`; default: those of the host. */
  constructor(loopback: boolean, resolvers: readonly HostAddress[] | undefined) {
    this.#loopback = loopback;
    this.#resolvers = resolvers ?? getServers().flatMap((text) => serverOf(text) ?? []);
  }
  /** The host's address for one of a machine, or -errno if the machine may not reach it. */
  find({ address, port }: HostAddress): HostAddress | number {
    const ip = ipOf(address);
    if (ip === undefined) return -E.EINVAL;
    if (ip === plan.resolver && port === DNS_PORT) return this.#resolvers[0] ?? -E.ECONNREFUSED;
    if (ip === plan.host || ip === plan.host6)
      return this.#loopback ? { address: ip === plan.host ? "127.0.0.1" : "::1", port } : -E.ECONNREFUSED;
    if (isAny(ip) || isLoopback(ip) || isBroadcast(ip) || isMulticast(ip) || isLocal(ip) || isLink(ip)) return -E.EHOSTUNREACH;
    if (!this.#loopback && this.#own.has(ip)) return -E.EHOSTUNREACH;
    return { address: ipText(ip), port };
  }
}
/** The address that a machine sees of a client. The host's loopback addresses are the gateway's. */
export const clientAddress = (address: string): string => {
  const ip = ipOf(address);
  if (ip === undefined || isLoopback(ip)) return ipText(plan.host);
  return isLocal(ip) ? ipText(typeof ip === "number" ? plan.host : plan.host6) : ipText(ip);
};
/** True if the host has an IPv6 address that others can reach. */
export const hasSix = (): boolean =>
  Object.values(networkInterfaces()).some((list) =>
    list?.some(({ family, internal, address }) => family === "IPv6" && !internal && !isLocal(ipOf(address) ?? 0)),
  );
