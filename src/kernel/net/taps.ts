// Sockets that hear the traffic of the loopback: raw sockets hear datagrams, packet sockets hear frames. man
// 7 raw, man 7 packet; Linux net/ipv4/raw.c raw_local_deliver(), net/core/dev.c dev_queue_xmit_nit().
import { IPPROTO } from "../../abi/uapi/socket.ts";
import { cost } from "../base/cost.ts";
import type { Kernel } from "../core/kernel.ts";
import { type Datagram, decode } from "./datagram.ts";
import { type Seen, type Work, workOfPacket } from "./filter/program.ts";
import type { NetNamespace } from "./namespace.ts";

/** ETH_P_*: the protocols of frames. Linux uapi linux/if_ether.h. */
export const ETH_P = { ALL: 3, IP: 0x0800, IPV6: 0x86dd } as const;
/** The length of an Ethernet header: two addresses and the protocol. */
export const ETH_HEADER = 14;
/** PACKET_*: for whom a frame is. Linux uapi linux/if_packet.h. */
export const PACKET = { HOST: 0, MULTICAST: 2, OTHERHOST: 3, OUTGOING: 4 } as const;

/** A frame on the loopback device. */
export interface LinkFrame {
  /** The Ethernet header and the data. */
  readonly bytes: Uint8Array;
  readonly protocol: number;
  /** PACKET_HOST, PACKET_MULTICAST or PACKET_OTHERHOST. */
  readonly kind: number;
  /** The place of a checksum that no device has computed, and the start of its bytes. */
  readonly sum?: { readonly start: number; readonly offset: number };
  /** The work of all filters that see it. */
  readonly work: Work;
}
/** A socket that hears datagrams. */
export interface Hearer {
  hear(datagram: Datagram): void;
}
/** A socket that hears frames. */
export interface Tap {
  /** `kind` is the frame's kind, or PACKET_OUTGOING for a frame that leaves. */
  seize(frame: LinkFrame, kind: number): void;
}

/** The offset of the checksum in the header of UDP. */
const UDP_CHECKSUM = 6;
/** The frame of a datagram. */
export const frameOf = (datagram: Datagram): LinkFrame => (datagram.frame ??= makeFrame(datagram));
const makeFrame = ({ bytes, from, protocol: inner, at }: Datagram): LinkFrame => {
  const frame = new Uint8Array(ETH_HEADER + bytes.length);
  const protocol = typeof from === "number" ? ETH_P.IP : ETH_P.IPV6;
  frame.set([protocol >> 8, protocol & 255], ETH_HEADER - 2);
  frame.set(bytes, ETH_HEADER);
  const whole = { bytes: frame, protocol, kind: PACKET.HOST, work: workOfPacket() };
  return inner === IPPROTO.UDP ? { ...whole, sum: { start: ETH_HEADER + at, offset: UDP_CHECKSUM } } : whole;
};
/** The length of the header of a protocol inside of IP, for SKF_AD_PAY_OFFSET. Linux __skb_get_poff(). */
const innerHeader = ({ bytes, protocol, at }: Datagram): number =>
  protocol === IPPROTO.TCP
    ? ((bytes[at + 12] ?? 0) >> 4) * 4
    : [IPPROTO.UDP, IPPROTO.ICMP, IPPROTO.ICMPV6].includes(protocol as 17)
      ? 8
      : 0;
/** The offset of the data of a datagram in its frame. */
const payloadAt = (datagram: Datagram): number => ETH_HEADER + datagram.at + innerHeader(datagram);
/** A frame as the filter of a packet socket sees it, from an offset on. */
export const seenFrame = ({ bytes, protocol, work }: LinkFrame, at: number, kind: number, device: Seen["device"]): Seen => {
  const payload = (): number => {
    const datagram = decode(bytes.subarray(ETH_HEADER));
    return datagram ? payloadAt(datagram) - at : ETH_HEADER - at;
  };
  return { bytes, at, network: ETH_HEADER, link: 0, protocol, kind, device, payload, work };
};
/** A datagram as the filter of a socket sees it: from its network header on, or from the inner one. */
export const seenBy = (datagram: Datagram, from: "network" | "inner", device: Seen["device"]): Seen => {
  const { bytes, protocol, kind, work } = frameOf(datagram);
  const at = from === "network" ? ETH_HEADER : ETH_HEADER + datagram.at;
  return {
    bytes,
    at,
    network: ETH_HEADER,
    link: 0,
    protocol,
    kind,
    device,
    payload: () => payloadAt(datagram) - at,
    work,
  };
};
/** Shows a frame to all packet sockets but the sender, when it leaves and when it arrives. */
export const showFrame = (kernel: Kernel, net: NetNamespace, frame: LinkFrame, sender?: Tap): void => {
  kernel.charge(2 * net.taps.size * cost.entry + frame.bytes.length * cost.byte);
  for (const tap of net.taps) if (tap !== sender) tap.seize(frame, PACKET.OUTGOING);
  for (const tap of net.taps) tap.seize(frame, frame.kind);
};
/** Shows a datagram to the raw sockets. */
export const showDatagram = (kernel: Kernel, net: NetNamespace, datagram: Datagram): void => {
  kernel.charge(net.raw.size * cost.entry + datagram.bytes.length * cost.byte);
  for (const socket of net.raw) socket.hear(datagram);
};
/** Shows a datagram that the kernel sends to all that hear. */
export const announce = (kernel: Kernel, net: NetNamespace, datagram: Datagram): void => {
  if (net.taps.size > 0) showFrame(kernel, net, frameOf(datagram));
  showDatagram(kernel, net, datagram);
};
/** True if a socket would hear a datagram. */
export const heard = (net: NetNamespace): boolean => net.taps.size + net.raw.size > 0;
