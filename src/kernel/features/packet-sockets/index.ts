// Packet sockets: frames of devices, and their rings. man 7 packet. Its objects are in src/kernel/net/raw.
import { E } from "../../../abi/errno.ts";
import { AF, SOCK } from "../../../abi/uapi/socket.ts";
import { mayBeRaw, type SocketFamily } from "../../net/family.ts";
import { PacketSocket } from "../../net/raw/packet.ts";
import type { Feature } from "../feature.ts";

/** Linux packet_create(). The protocol has the order of the network. */
const family: SocketFamily = (t, type, protocol, nonblock) => {
  if (!mayBeRaw(t)) return -E.EPERM;
  if (type !== SOCK.RAW && type !== SOCK.DGRAM) return -E.ESOCKTNOSUPPORT;
  return { make: () => new PacketSocket(t, type, ((protocol & 255) << 8) | ((protocol >> 8) & 255), nonblock) };
};

/** The feature. */
export const packetSockets: Feature = { name: "packet sockets", config: "PACKET", socketFamilies: { [AF.PACKET]: family } };
