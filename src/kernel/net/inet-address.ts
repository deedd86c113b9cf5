// Internet addresses. Only 127.0.0.0/8 and ::1 exist on this machine. man 7 ip, man 7 ipv6; Linux
// net/ipv4/af_inet.c, net/ipv6/af_inet6.c.

import { E } from "../../abi/errno.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { ofBytes } from "../base/byte-string.ts";
import { type AddressUse, NO_PEER } from "./address.ts";

/**
 * An address as packets have it: an unsigned number for IPv4, 16 chars for IPv6. A mapped address
 * (::ffff:127.0.0.1) is the IPv4 address.
 */
export type Ip = number | string;
/** An address and a port. */
export interface Endpoint {
  readonly ip: Ip;
  readonly port: number;
}
/** AF_INET or AF_INET6. */
export type InetFamily = typeof AF.INET | typeof AF.INET6;
/** INADDR_ANY. */
export const ANY = 0;
/** INADDR_LOOPBACK: 127.0.0.1. */
export const LOOPBACK = 0x7f00_0001;
/** in6addr_any. */
export const ANY6 = "\0".repeat(16);
/** in6addr_loopback: ::1. */
export const LOOPBACK6 = `${"\0".repeat(15)}\x01`;
const BROADCAST = 0xffff_ffff;
const LOOPBACK_BROADCAST = 0x7fff_ffff;
const MAPPED = `${"\0".repeat(10)}\xff\xff`;

/** True for 0.0.0.0 and ::. */
export const isAny = (ip: Ip): boolean => ip === ANY || ip === ANY6;
/** The address for all interfaces in a family. */
export const anyOf = (family: InetFamily): Ip => (family === AF.INET ? ANY : ANY6);
/** The loopback address in the family of `ip`. */
export const loopbackFor = (ip: Ip): Ip => (typeof ip === "number" ? LOOPBACK : LOOPBACK6);
/** True for 127.0.0.0/8 and ::1. */
export const isLoopback = (ip: Ip): boolean => (typeof ip === "number" ? ip >>> 24 === 127 : ip === LOOPBACK6);
/** True for 255.255.255.255 and the broadcast address of the loopback network. */
export const isBroadcast = (ip: Ip): boolean => ip === BROADCAST || ip === LOOPBACK_BROADCAST;
/** True for 224.0.0.0/4 and ff00::/8. */
export const isMulticast = (ip: Ip): boolean => (typeof ip === "number" ? ip >>> 28 === 14 : ip.charCodeAt(0) === 0xff);
/** True if a socket that is bound to `bound` receives packets for `ip`. `only6`: IPV6_V6ONLY is set. */
export const receives = (bound: Ip, only6: boolean, ip: Ip): boolean =>
  bound === ip || (bound === ANY && typeof ip === "number") || (bound === ANY6 && (typeof ip === "string" || !only6));

const fromChars = (chars: string): number[] => Array.from(chars, (c) => c.charCodeAt(0));
/** The internal form of an address: port and address in network byte order, as 6 or 18 chars. */
export const toAddress = ({ ip, port }: Endpoint): string =>
  String.fromCharCode(port >> 8, port & 255) + (typeof ip === "number" ? String.fromCharCode(...octets(ip)) : ip);
/** The inverse of `toAddress`. */
export const toEndpoint = (address: string): Endpoint => {
  const [a = 0, b = 0] = fromChars(address.slice(0, 2));
  const rest = address.slice(2);
  return { port: (a << 8) | b, ip: rest.length === 16 ? rest : fromChars(rest).reduce((n, octet) => ((n << 8) | octet) >>> 0, 0) };
};
const octets = (ip: number): number[] => [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255];

/** The size of struct sockaddr_in: family, port, address, eight bytes of padding. */
const SIZE = 16;
/**
 * The size of struct sockaddr_in6: family, port, flow information, address, scope. The scope may be absent.
 */
const SIZE6 = 28;
const LEAST6 = 24;
/**
 * The internal form of a struct sockaddr_in from a guest, `NO_PEER`, or -errno. Linux inet_bind(),
 * ip4_datagram_connect().
 */
export const parse = (bytes: Uint8Array, use: AddressUse): string | number => {
  if (bytes.length < 2) return -E.EINVAL;
  const family = familyOf(bytes);
  if (use === "connect" && family === AF.UNSPEC) return NO_PEER;
  if (bytes.length < SIZE) return -E.EINVAL;
  const address = ofBytes(bytes.subarray(2, 8));
  if (family === AF.INET) return address;
  // Old programs do not set the family.
  if (family === AF.UNSPEC && (use === "send" || toEndpoint(address).ip === ANY)) return address;
  return -E.EAFNOSUPPORT;
};
const familyOf = (bytes: Uint8Array): number => (bytes[0] as number) | ((bytes[1] as number) << 8);

/**
 * The same of a struct sockaddr_in6. `only6`: IPV6_V6ONLY is set, so mapped addresses are refused. Linux
 * inet6_bind(), tcp_v6_connect(), udpv6_sendmsg().
 */
export const parse6 = (bytes: Uint8Array, use: AddressUse, only6: boolean, datagrams: boolean): string | number => {
  if (bytes.length < 2) return -E.EINVAL;
  const family = familyOf(bytes);
  if (use === "connect" && family === AF.UNSPEC) return NO_PEER;
  if (family === AF.INET && datagrams && use !== "bind") return only6 ? -E.ENETUNREACH : parse(bytes, use);
  if (bytes.length < LEAST6) return -E.EINVAL;
  if (family !== AF.INET6) return use === "send" ? -E.EINVAL : -E.EAFNOSUPPORT;
  const port = ofBytes(bytes.subarray(2, 4));
  const ip = ofBytes(bytes.subarray(8, 24));
  if (!ip.startsWith(MAPPED)) return port + ip;
  if (only6) return use === "bind" ? -E.EINVAL : -E.ENETUNREACH;
  return port + ip.slice(MAPPED.length);
};

/** The struct sockaddr_in of an internal address. */
export const sockaddr = (address: string): Uint8Array => {
  const out = new Uint8Array(SIZE);
  out[0] = AF.INET;
  out.set(fromChars(address), 2);
  return out;
};
/** The struct sockaddr_in6 of an internal address. */
export const sockaddr6 = (address: string): Uint8Array => {
  const out = new Uint8Array(SIZE6);
  out[0] = AF.INET6;
  out.set(fromChars(address.slice(0, 2)), 2);
  const ip = address.slice(2);
  out.set(fromChars(ip.length === 4 ? MAPPED + ip : ip), 8);
  return out;
};
