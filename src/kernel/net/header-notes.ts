// The control messages on fields of a datagram's header: those that receivers get and those that senders set.
// man 7 ip, "IP_PKTINFO"; man 7 ipv6; Linux net/ipv4/ip_sockglue.c, net/ipv6/datagram.c.
import { E } from "../../abi/errno.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { devicesOf, lo } from "./devices.ts";
import { type InetFamily, type Ip, sockaddr6, toAddress } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";
import { HEADER_OPTION, SOL } from "./options/numbers.ts";
import type { Options } from "./options/options.ts";
import type { ControlNote, DatagramHeader } from "./socket.ts";

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
export const headerNotes = (
  net: NetNamespace,
  options: Options,
  domain: InetFamily,
  { to, ttl, tos }: DatagramHeader,
): readonly ControlNote[] => {
  const { four, six } = HEADER_OPTION;
  const note = (level: number, requested: number, type: number, data: () => Uint8Array): ControlNote[] =>
    options.get(level, requested) === 1 ? [{ level, type, data: data() }] : [];
  const info = domain === AF.INET6 ? note(SOL.IPV6, six.receiveInfo, six.info, () => info6(net, to)) : [];
  // A datagram to a mapped address has the messages of IPv4, too.
  if (typeof to === "number")
    return [
      ...info,
      ...note(SOL.IP, four.info, four.info, () => info4(net, to)),
      ...note(SOL.IP, four.receiveTtl, four.ttl, () => word(ttl)),
      ...note(SOL.IP, four.receiveTos, four.tos, () => Uint8Array.of(tos)),
    ];
  return [
    ...info,
    ...note(SOL.IPV6, six.receiveTtl, six.shownTtl, () => word(ttl)),
    ...note(SOL.IPV6, six.receiveTos, six.tos, () => word(tos)),
  ];
};

/** The fields that a sender sets for itself alone; undefined: the socket's own settings hold. */
export interface HeaderRequest {
  readonly ttl?: number;
  readonly tos?: number;
  /** The source address. */
  readonly source?: Ip;
  /** The number of the device. */
  readonly device?: number;
}

/** struct in_pktinfo: device, local address, destination. struct in6_pktinfo: address, device. */
const INFO4 = 12;
const INFO6 = 20;
/** Messages of IPv6 for fields that this network does not have: flow label, fragments, extension headers. */
const withoutEffect = new Set([3, 4, 5, 11, 54, 55, 57, 58, 59, 62]);

const numberIn = (data: DataView, least: number, most: number): number | undefined => {
  const value = data.byteLength === 4 ? data.getInt32(0, true) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
};
const charsOf = (data: DataView, length: number): string => String.fromCharCode(...new Uint8Array(data.buffer, data.byteOffset, length));

const ofInfo4 = (data: DataView): HeaderRequest | number => {
  if (data.byteLength !== INFO4) return -E.EINVAL;
  const [device, source] = [data.getInt32(0, true), data.getUint32(4)];
  return { ...(device === 0 ? {} : { device }), ...(source === 0 ? {} : { source }) };
};
const ofInfo6 = (data: DataView): HeaderRequest | number => {
  if (data.byteLength < INFO6) return -E.EINVAL;
  const [device, source] = [data.getInt32(16, true), charsOf(data, 16)];
  return { ...(device === 0 ? {} : { device }), ...(source === "\0".repeat(16) ? {} : { source }) };
};

/**
 * The request of one control message of a datagram to an IPv4 (`four`) or IPv6 address. Levels of the other
 * version are ignored.
 */
export const headerRequest = (four: boolean, level: number, type: number, data: DataView): HeaderRequest | number => {
  if (level !== (four ? SOL.IP : SOL.IPV6)) return {};
  if (four) {
    if (type === HEADER_OPTION.four.info) return ofInfo4(data);
    if (type === HEADER_OPTION.four.ttl) {
      const ttl = numberIn(data, 1, 255);
      return ttl === undefined ? -E.EINVAL : { ttl };
    }
    if (type !== HEADER_OPTION.four.tos) return -E.EINVAL;
    const tos = data.byteLength === 1 ? data.getUint8(0) : numberIn(data, 0, 255);
    return tos === undefined ? -E.EINVAL : { tos };
  }
  const { six } = HEADER_OPTION;
  if (type === six.info) return ofInfo6(data);
  if (withoutEffect.has(type)) return {};
  if (type !== six.shownTtl && type !== six.tos) return -E.EINVAL;
  const value = numberIn(data, -1, 255);
  if (value === undefined) return -E.EINVAL;
  // -1 is the socket's own value.
  return value < 0 ? {} : type === six.tos ? { tos: value } : { ttl: value };
};
