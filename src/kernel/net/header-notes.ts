// The control messages that show fields of a datagram's header. man 7 ip, "IP_PKTINFO"; man 7 ipv6; Linux
// net/ipv4/ip_sockglue.c ip_cmsg_recv_offset(), net/ipv6/datagram.c ip6_datagram_recv_ctl().
import { AF } from "../../abi/uapi/socket.ts";
import { devicesOf, lo } from "./devices.ts";
import { type InetFamily, type Ip, sockaddr6, toAddress } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";
import { HEADER_OPTION, SOL } from "./options/numbers.ts";
import type { Options } from "./options/options.ts";
import type { Header, Note } from "./socket.ts";

/** The offset of the address in struct sockaddr_in6. */
const ADDRESS6 = 8;

const word = (value: number): Uint8Array => new Uint8Array(new Int32Array([value]).buffer);
const octets4 = (ip: number): readonly number[] => [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255];
/** The number of the device that has the address; packets to groups come by the loopback. */
const deviceOf = (net: NetNamespace, to: Ip): number =>
  (devicesOf(net).find((device) => device.addresses(net).some(({ ip }) => ip === to)) ?? lo).index;

/** struct in_pktinfo: device, local address, destination. */
const info4 = (net: NetNamespace, to: number): Uint8Array => Uint8Array.from([...word(deviceOf(net, to)), ...octets4(to), ...octets4(to)]);
/** struct in6_pktinfo: destination, device. */
const info6 = (net: NetNamespace, to: Ip): Uint8Array =>
  Uint8Array.from([...sockaddr6(toAddress({ ip: to, port: 0 })).subarray(ADDRESS6, ADDRESS6 + 16), ...word(deviceOf(net, to))]);

/** The control messages that a socket's options ask for, in Linux's order. */
export const headerNotes = (net: NetNamespace, options: Options, domain: InetFamily, { to, ttl, tos }: Header): readonly Note[] => {
  const { four, six } = HEADER_OPTION;
  const level = domain === AF.INET ? SOL.IP : SOL.IPV6;
  const note = (asked: number, type: number, data: () => Uint8Array): Note[] =>
    options.get(level, asked) === 1 ? [{ level, type, data: data() }] : [];
  if (domain === AF.INET)
    return [
      ...note(four.info, four.info, () => info4(net, to as number)),
      ...note(four.receiveTtl, four.ttl, () => word(ttl)),
      ...note(four.receiveTos, four.tos, () => Uint8Array.of(tos)),
    ];
  const info = note(six.receiveInfo, six.info, () => info6(net, to));
  if (typeof to === "number") return info;
  return [...info, ...note(six.receiveTtl, six.shownTtl, () => word(ttl)), ...note(six.receiveTos, six.tos, () => word(tos))];
};
