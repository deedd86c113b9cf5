// IP datagrams as bytes: headers of IPv4, IPv6, UDP and ICMP with their checksums. RFC 791, 8200, 768, 792,
// 4443.

import { IPPROTO } from "../../abi/uapi/socket.ts";
import { ofBytes } from "../base/byte-string.ts";
import type { Endpoint, Ip } from "./inet-address.ts";
import type { LinkFrame } from "./taps.ts";

/** Lengths of headers in bytes. */
const IP4 = 20;
const IP6 = 40;
const UDP = 8;
const ICMP = 8;
/** The flag "don't fragment" of IPv4. */
const DF = 0x4000;

/** Types of ICMP and ICMPv6 messages. */
export const ECHO = { four: { request: 8, reply: 0 }, six: { request: 128, reply: 129 } } as const;
/** A closed port: type and code. */
const UNREACHABLE = { four: [3, 3], six: [1, 4] } as const;
/** The longest part of a datagram that an error quotes, so that the error fits in 576 and 1280 bytes. */
const QUOTED = { four: 576 - IP4 - ICMP, six: 1280 - IP6 - ICMP } as const;

/** A datagram with its header decoded. */
export interface Datagram {
  /** The whole datagram. */
  readonly bytes: Uint8Array;
  readonly from: Ip;
  readonly to: Ip;
  readonly protocol: number;
  /** The offset of the data in `bytes`. */
  readonly at: number;
  /** The frame that all taps see, made for the first one. */
  frame?: LinkFrame;
}
/** The settings of a header that a sender chooses. */
export interface Settings {
  readonly ttl: number;
  /** The type of service, or the traffic class. */
  readonly tos: number;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const octets = (ip: Ip): number[] =>
  typeof ip === "number" ? [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255] : Array.from(ip, (c) => c.charCodeAt(0));

/** The Internet checksum: the complement of the sum in ones' complement of all words. RFC 1071. */
export const checksum = (...parts: readonly Uint8Array[]): number => {
  let sum = 0;
  for (const part of parts) {
    const v = view(part);
    const even = part.length & ~1;
    for (let at = 0; at < even; at += 2) sum += v.getUint16(at);
    if (part.length > even) sum += (part[even] as number) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
};
/** The pseudo-header of the checksums of UDP and ICMPv6. */
const pseudo = (from: Ip, to: Ip, protocol: number, length: number): Uint8Array =>
  typeof from === "number"
    ? Uint8Array.from([...octets(from), ...octets(to), 0, protocol, length >> 8, length & 255])
    : Uint8Array.from([...octets(from), ...octets(to), 0, 0, length >> 8, length & 255, 0, 0, 0, protocol]);

/** A datagram with data of a protocol. Both addresses have the same version. */
export const datagram = (from: Ip, to: Ip, protocol: number, data: Uint8Array, { ttl, tos }: Settings): Datagram => {
  const four = typeof from === "number";
  const at = four ? IP4 : IP6;
  const bytes = new Uint8Array(at + data.length);
  const v = view(bytes);
  if (four) {
    bytes.set([0x45, tos], 0);
    v.setUint16(2, bytes.length);
    v.setUint16(6, DF);
    bytes.set([ttl, protocol], 8);
    bytes.set([...octets(from), ...octets(to)], 12);
    v.setUint16(10, checksum(bytes.subarray(0, IP4)));
  } else {
    v.setUint32(0, ((6 << 28) | (tos << 20)) >>> 0);
    v.setUint16(4, data.length);
    bytes.set([protocol, ttl], 6);
    bytes.set([...octets(from), ...octets(to)], 8);
  }
  bytes.set(data, at);
  return { bytes, from, to, protocol, at };
};

/** The fields of its header that control messages show. */
export const headerOf = ({ bytes, from, to }: Datagram): { readonly to: Ip; readonly ttl: number; readonly tos: number } =>
  typeof from === "number"
    ? { to, ttl: bytes[8] as number, tos: bytes[1] as number }
    : { to, ttl: bytes[7] as number, tos: (((bytes[0] as number) & 15) << 4) | ((bytes[1] as number) >> 4) };

const four = (v: DataView, at: number): number => v.getUint32(at);
const six = (bytes: Uint8Array, at: number): string => ofBytes(bytes.subarray(at, at + 16));
/**
 * The datagram in bytes of a guest, without trailing bytes. Undefined if its header is wrong. Linux
 * ip_rcv_core().
 */
export const decode = (bytes: Uint8Array): Datagram | undefined => {
  const v = view(bytes);
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 6) {
    if (bytes.length < IP6) return undefined;
    const end = IP6 + v.getUint16(4);
    if (end > bytes.length) return undefined;
    return { bytes: bytes.subarray(0, end), from: six(bytes, 8), to: six(bytes, 24), protocol: bytes[6] as number, at: IP6 };
  }
  if (version !== 4 || bytes.length < IP4) return undefined;
  const at = ((bytes[0] as number) & 15) * 4;
  const end = v.getUint16(2);
  if (at < IP4 || end < at || end > bytes.length || checksum(bytes.subarray(0, at)) !== 0) return undefined;
  // A part of a datagram: nothing puts it together.
  if ((v.getUint16(6) & 0x3fff) !== 0) return undefined;
  return { bytes: bytes.subarray(0, end), from: four(v, 12), to: four(v, 16), protocol: bytes[9] as number, at };
};
/** Completes the header that a program has made (IP_HDRINCL). Linux raw_send_hdrinc(). */
export const complete = (bytes: Uint8Array, from: Ip, id: number): void => {
  const v = view(bytes);
  const length = ((bytes[0] as number) & 15) * 4;
  if (four(v, 12) === 0) bytes.set(octets(from), 12);
  v.setUint16(2, bytes.length);
  v.setUint16(10, 0);
  if (v.getUint16(4) === 0) v.setUint16(4, id);
  v.setUint16(10, checksum(bytes.subarray(0, length)));
};

/**
 * A datagram of UDP. Its checksum is that of the pseudo-header: the loopback leaves the rest to a device, and
 * none follows.
 */
export const udpDatagram = (from: Endpoint, to: Endpoint, data: Uint8Array, settings: Settings): Datagram => {
  const bytes = new Uint8Array(UDP + data.length);
  const v = view(bytes);
  v.setUint16(0, from.port);
  v.setUint16(2, to.port);
  v.setUint16(4, bytes.length);
  bytes.set(data, UDP);
  v.setUint16(6, ~checksum(pseudo(from.ip, to.ip, IPPROTO.UDP, bytes.length)) & 0xffff);
  return datagram(from.ip, to.ip, IPPROTO.UDP, bytes, settings);
};
/** The ports and the data of UDP in a datagram; undefined if the header is wrong. */
export const udpOf = ({ bytes, at }: Datagram): { readonly from: number; readonly to: number; readonly data: Uint8Array } | undefined => {
  const v = view(bytes);
  if (bytes.length < at + UDP) return undefined;
  const length = v.getUint16(at + 4);
  if (length < UDP || at + length > bytes.length) return undefined;
  return { from: v.getUint16(at), to: v.getUint16(at + 2), data: bytes.subarray(at + UDP, at + length) };
};

/** The checksum of an ICMP message, whose own field is 0. */
const icmpChecksum = (from: Ip, to: Ip, message: Uint8Array): number =>
  typeof from === "number" ? checksum(message) : checksum(pseudo(from, to, IPPROTO.ICMPV6, message.length), message);
/** Puts the checksum into an ICMP message. */
export const sealIcmp = (from: Ip, to: Ip, message: Uint8Array): void => {
  const v = view(message);
  v.setUint16(2, 0);
  v.setUint16(2, icmpChecksum(from, to, message));
};
const icmp = (from: Ip, to: Ip, message: Uint8Array): Datagram => {
  sealIcmp(from, to, message);
  return datagram(from, to, typeof from === "number" ? IPPROTO.ICMP : IPPROTO.ICMPV6, message, { ttl: 64, tos: 0 });
};
/** The answer to an echo request; undefined otherwise. Linux icmp_echo(), icmpv6_echo_reply(). */
export const echoReply = ({ bytes, at, from, to, protocol }: Datagram): Datagram | undefined => {
  const [own, types] = typeof from === "number" ? [IPPROTO.ICMP, ECHO.four] : [IPPROTO.ICMPV6, ECHO.six];
  const message = bytes.slice(at);
  if (protocol !== own || message.length < ICMP || message[0] !== types.request) return undefined;
  if (protocol === IPPROTO.ICMP && checksum(message) !== 0) return undefined;
  message[0] = types.reply;
  return icmp(to, from, message);
};
/** The error for a datagram to a closed port. Linux icmp_send(). */
export const portUnreachable = ({ bytes, from, to }: Datagram): Datagram => {
  const [kind, most] = typeof from === "number" ? [UNREACHABLE.four, QUOTED.four] : [UNREACHABLE.six, QUOTED.six];
  const quoted = bytes.subarray(0, most);
  const message = new Uint8Array(ICMP + quoted.length);
  message.set(kind);
  message.set(quoted, ICMP);
  return icmp(to, from, message);
};
