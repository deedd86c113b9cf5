// The host's own addresses, as its kernel decides: every local route of every table. Interfaces that are down
// have them too, and so do routes without an interface (AnyIP), which os.networkInterfaces() leaves out.
// Linux net/ipv4/fib_trie.c, fib_add_ifaddr(); net/ipv6/route.c; proc_pid_net(5).
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { ipOf, ipText } from "../../kernel/net/address-text.ts";
import type { Ip } from "../../kernel/net/inet-address.ts";

/** A set of addresses: those whose first `bits` bits are those of `bytes`. */
interface Prefix {
  readonly bytes: Uint8Array;
  readonly bits: number;
}
/** Milliseconds for which the tables are valid. To read them for each packet would cost more. */
const VALID = 100;
/** Flags of /proc/net/ipv6_route: packets of these routes come to the host. uapi linux/ipv6_route.h */
const RTF_LOCAL_OR_ANYCAST = 0x8010_0000;

const bytesOf = (ip: Ip): Uint8Array =>
  typeof ip === "number" ? Uint8Array.of(ip >>> 24, ip >>> 16, ip >>> 8, ip) : Uint8Array.from(ip, (char) => char.charCodeAt(0));
const contains = ({ bytes, bits }: Prefix, address: Uint8Array): boolean => {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (((bytes[whole] as number) ^ (address[whole] as number)) & (0xff00 >> rest) & 0xff) === 0;
};

/**
 * The local prefixes of /proc/net/fib_trie. A local route for all addresses belongs to a table that only
 * marked packets reach (TPROXY), so it is left out.
 */
export const localPrefixes4 = (fibTrie: string): Prefix[] => {
  const found: Prefix[] = [];
  let leaf: number | undefined;
  for (const line of fibTrie.split("\n")) {
    const address = /\|-- ([\d.]+)$/.exec(line)?.[1];
    if (address !== undefined) leaf = ipOf(address) as number | undefined;
    const bits = Number(/^\s+\/(\d+) \S+ LOCAL\b/.exec(line)?.[1] ?? 0);
    if (bits > 0 && leaf !== undefined) found.push({ bytes: bytesOf(leaf), bits });
  }
  return found;
};
/** The local prefixes of /proc/net/ipv6_route: the destination, its prefix; flags are the ninth field. */
export const localPrefixes6 = (ipv6Route: string): Prefix[] =>
  ipv6Route.split("\n").flatMap((line) => {
    const [address = "", prefix = "0", , , , , , , flags = "0"] = line.split(/\s+/);
    const bits = Number.parseInt(prefix, 16);
    return (Number.parseInt(flags, 16) & RTF_LOCAL_OR_ANYCAST) !== 0 && bits > 0
      ? [{ bytes: Uint8Array.from(Buffer.from(address, "hex")), bits }]
      : [];
  });

/**
 * The addresses of /proc/net/if_inet6. While the kernel looks for duplicates of a new one, no local route
 * leads to it yet, and a connection that is tried until then comes to the host. RFC 4862, 5.4
 */
const addresses6 = (ifInet6: string): Prefix[] =>
  ifInet6.split("\n").flatMap((line) => {
    const [, address] = /^([\da-f]{32}) /.exec(line) ?? [];
    return address === undefined ? [] : [{ bytes: Uint8Array.from(Buffer.from(address, "hex")), bits: 128 }];
  });

/** A route of the main table. */
interface Route extends Prefix {
  readonly metric: number;
  /** It leads through the loopback device, so its packets come back as the host's own. */
  readonly loops: boolean;
}
const LOOPBACK = "lo";
/** uapi linux/route.h */
const RTF_REJECT = 0x200;
/**
 * /proc/net/route: device, destination, gateway, flags, two counts, metric, mask; words of network byte
 * order.
 */
export const routes4 = (text: string): Route[] =>
  text.split("\n").flatMap((line) => {
    const [device = "", destination = "", , flags = "0", , , metric = "0", mask = ""] = line.split("\t");
    if (!/^[\dA-F]{8}$/.test(destination)) return [];
    const bits = Array.from(Number.parseInt(mask, 16).toString(2)).filter((bit) => bit === "1").length;
    const loops = device === LOOPBACK && (Number.parseInt(flags, 16) & RTF_REJECT) === 0;
    return [{ bytes: Uint8Array.from(Buffer.from(destination, "hex")).reverse(), bits, metric: Number(metric), loops }];
  });
/** The routes of /proc/net/ipv6_route: the metric is the sixth field, the device the last one. */
const routes6 = (text: string): Route[] =>
  text.split("\n").flatMap((line) => {
    const [address = "", prefix = "0", , , , metric = "0", , , flags = "0", device = ""] = line.split(/\s+/);
    if (address.length !== 32) return [];
    const loops = device === LOOPBACK && (Number.parseInt(flags, 16) & RTF_REJECT) === 0;
    const bytes = Uint8Array.from(Buffer.from(address, "hex"));
    return [{ bytes, bits: Number.parseInt(prefix, 16), metric: Number.parseInt(metric, 16), loops }];
  });

/**
 * Where there are no route tables: a socket can be bound to local addresses only. A failure for another
 * reason counts as local.
 */
export const canBind = (ip: Ip): boolean => {
  const [address, version] = [ipText(ip), typeof ip === "number" ? 4 : 6];
  // The look-up of an address answers at once, so bind() is done when it returns.
  const lookup = (_: string, __: unknown, done: (error: null, address: string, family: number) => void): void =>
    done(null, address, version);
  const socket = createSocket(version === 6 ? { type: "udp6", ipv6Only: true, lookup } : { type: "udp4", lookup });
  let absent = false;
  socket.on("error", (error: NodeJS.ErrnoException) => (absent = error.code === "EADDRNOTAVAIL"));
  socket.bind({ address, port: 0, exclusive: true });
  socket.close();
  return !absent;
};
/** Decides whether an address is the host's own. */
export class LocalAddresses {
  #tables: Tables | undefined;
  #read = Number.NEGATIVE_INFINITY;

  /** True if a packet to `ip` would come to the host itself. */
  has(ip: Ip): boolean {
    const now = performance.now();
    if (now - this.#read > VALID) {
      this.#tables = readTables();
      this.#read = now;
    }
    const bytes = bytesOf(ip);
    if (!this.#tables) return canBind(ip);
    const { local, routes } = this.#tables;
    return local.some((prefix) => contains(prefix, bytes)) || bestRoute(routes, bytes)?.loops === true;
  }
}
/** The route of the longest prefix, then of the lowest metric. */
const bestRoute = (routes: readonly Route[], bytes: Uint8Array): Route | undefined =>
  routes.reduce<Route | undefined>(
    (best, route) =>
      contains(route, bytes) && (!best || route.bits > best.bits || (route.bits === best.bits && route.metric < best.metric))
        ? route
        : best,
    undefined,
  );

interface Tables {
  readonly local: readonly Prefix[];
  readonly routes: readonly Route[];
}
const readTables = (): Tables | undefined => {
  try {
    const four = readFileSync("/proc/net/fib_trie", "latin1");
    const six = existing("/proc/net/ipv6_route");
    return {
      local: [...localPrefixes4(four), ...localPrefixes6(six), ...addresses6(existing("/proc/net/if_inet6"))],
      routes: [...routes4(existing("/proc/net/route")), ...routes6(six)],
    };
  } catch {
    return undefined;
  }
};
/** A kernel without IPv6 has no such table. */
const existing = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
};
