// IPv4 addresses. Only 127.0.0.0/8 exists on this machine. man 7 ip; Linux net/ipv4/af_inet.c.
import { E } from "../../abi/errno.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { type AddressUse, NO_PEER } from "./address.ts";

/** An IPv4 address as an unsigned number, and a port. */
export interface Endpoint {
  readonly ip: number;
  readonly port: number;
}
/** INADDR_ANY. */
export const ANY = 0;
/** INADDR_LOOPBACK: 127.0.0.1. */
export const LOOPBACK = 0x7f00_0001;
const BROADCAST = 0xffff_ffff;
const LOOPBACK_BROADCAST = 0x7fff_ffff;

/** True for 127.0.0.0/8. */
export const isLoopback = (ip: number): boolean => ip >>> 24 === 127;
/** True for 255.255.255.255 and the broadcast address of the loopback network. */
export const isBroadcast = (ip: number): boolean => ip === BROADCAST || ip === LOOPBACK_BROADCAST;
/** True for 224.0.0.0/4. */
export const isMulticast = (ip: number): boolean => ip >>> 28 === 14;

/** The internal form of an address: port and address in network byte order, as six chars. */
export const toAddress = ({ ip, port }: Endpoint): string => String.fromCharCode(port >> 8, port & 255, ...octets(ip));
/** The inverse of `toAddress`. */
export const toEndpoint = (address: string): Endpoint => {
  const [a = 0, b = 0, ...ip] = Array.from(address, (c) => c.charCodeAt(0));
  return { port: (a << 8) | b, ip: ip.reduce((n, octet) => ((n << 8) | octet) >>> 0, 0) };
};
const octets = (ip: number): number[] => [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255];

/** The size of struct sockaddr_in: family, port, address, eight bytes of padding. */
const SIZE = 16;
/**
 * The internal form of a struct sockaddr_in from a guest, `NO_PEER`, or -errno. Linux inet_bind(),
 * ip4_datagram_connect().
 */
export const parse = (bytes: Uint8Array, use: AddressUse): string | number => {
  if (bytes.length < 2) return -E.EINVAL;
  const family = (bytes[0] as number) | ((bytes[1] as number) << 8);
  if (use === "connect" && family === AF.UNSPEC) return NO_PEER;
  if (bytes.length < SIZE) return -E.EINVAL;
  const address = String.fromCharCode(...bytes.subarray(2, 8));
  if (family === AF.INET) return address;
  // Old programs do not set the family.
  if (family === AF.UNSPEC && (use === "send" || toEndpoint(address).ip === ANY)) return address;
  return -E.EAFNOSUPPORT;
};
/** The struct sockaddr_in of an internal address. */
export const sockaddr = (address: string): Uint8Array => {
  const out = new Uint8Array(SIZE);
  out[0] = AF.INET;
  for (let i = 0; i < address.length; i++) out[2 + i] = address.charCodeAt(i);
  return out;
};
