// The way of a datagram that a program has made itself: to the sockets that hear it, to a UDP socket, and to
// the kernel, which answers. Linux net/ipv4/ip_input.c ip_local_deliver_finish(), net/ipv4/icmp.c.
import { IPPROTO } from "../../../abi/uapi/socket.ts";
import type { Kernel } from "../../core/kernel.ts";
import { type Datagram, decode, echoReply, portUnreachable, udpOf } from "../../net/datagram.ts";
import { isBroadcast, isMulticast } from "../../net/inet-address.ts";
import type { NetNamespace } from "../../net/namespace.ts";
import { announce, ETH_HEADER, ETH_P, type LinkFrame, PACKET, showDatagram, showFrame, type Tap } from "../../net/taps.ts";
import { UdpSocket } from "../../net/udp.ts";

/** Gives a datagram to the receivers that are not raw sockets. */
const receive = (kernel: Kernel, net: NetNamespace, datagram: Datagram): void => {
  const { from, to, protocol } = datagram;
  if (!net.isOwn(to) && !isBroadcast(to) && !isMulticast(to)) return;
  const reply = isMulticast(to) || isBroadcast(to) ? undefined : echoReply(datagram);
  if (reply) return announce(kernel, net, reply);
  const udp = protocol === IPPROTO.UDP ? udpOf(datagram) : undefined;
  if (!udp) return;
  const source = { ip: from, port: udp.from };
  const receiver = UdpSocket.receiverAt(net.udp, to, udp.to, source);
  if (receiver) receiver.arrive(source, udp.data.slice());
  else if (net.isOwn(from)) announce(kernel, net, portUnreachable(datagram));
};
/** Sends a datagram over the loopback. */
export const deliver = (kernel: Kernel, net: NetNamespace, datagram: Datagram): void => {
  announce(kernel, net, datagram);
  receive(kernel, net, datagram);
};
/** Sends a frame of a packet socket over the loopback. Other protocols than IP end here. */
export const deliverFrame = (kernel: Kernel, net: NetNamespace, frame: LinkFrame, sender: Tap): void => {
  showFrame(kernel, net, frame, sender);
  if (frame.kind === PACKET.OTHERHOST || (frame.protocol !== ETH_P.IP && frame.protocol !== ETH_P.IPV6)) return;
  const datagram = decode(frame.bytes.subarray(ETH_HEADER));
  if (!datagram || (typeof datagram.from === "number") !== (frame.protocol === ETH_P.IP)) return;
  // A datagram from the loopback's network comes from no device but the loopback itself.
  showDatagram(kernel, net, datagram);
  receive(kernel, net, datagram);
};
