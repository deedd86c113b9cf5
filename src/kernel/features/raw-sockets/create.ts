// Sockets that socket(2) makes: packet sockets, ping and raw sockets. Linux packet_create(), inetsw_array.
import { E } from "../../../abi/errno.ts";
import { AF, IPPROTO, SOCK } from "../../../abi/uapi/socket.ts";
import { type InetSockets, mayBeRaw, type SocketFamily } from "../../net/family.ts";
import { PacketSocket } from "./packet.ts";
import { mayPing, PingSocket } from "./ping.ts";
import { RawSocket } from "./raw.ts";

/** Linux packet_create(). The protocol has the order of the network. */
export const packetFamily: SocketFamily = (t, type, protocol, nonblock) => {
  if (!mayBeRaw(t)) return -E.EPERM;
  if (type !== SOCK.RAW && type !== SOCK.DGRAM) return -E.ESOCKTNOSUPPORT;
  return { make: () => new PacketSocket(t, type, ((protocol & 255) << 8) | ((protocol >> 8) & 255), nonblock) };
};
/** Linux inetsw_array: the rows of ping and raw sockets. */
export const rawOrPing: InetSockets = (t, type, protocol, how) => {
  if (type === SOCK.DGRAM) {
    if (protocol !== (how.domain === AF.INET ? IPPROTO.ICMP : IPPROTO.ICMPV6)) return undefined;
    return mayPing(t) ? { make: () => new PingSocket(t, how) } : -E.EACCES;
  }
  if (type !== SOCK.RAW) return undefined;
  // No protocol is that of all datagrams.
  if (protocol === 0) return -E.EPROTONOSUPPORT;
  return mayBeRaw(t) ? { make: () => new RawSocket(t, protocol, how) } : -E.EPERM;
};
