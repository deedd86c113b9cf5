// Raw sockets, ping sockets and packet sockets. man 7 raw, icmp, packet.
import { AF } from "../../../abi/uapi/socket.ts";
import type { Feature } from "../../core/feature.ts";
import { packetFamily, rawOrPing } from "./create.ts";
import { packetOptions } from "./options.ts";

/** The feature. */
export const rawSockets: Feature = {
  name: "raw sockets",
  config: "PACKET",
  socketFamilies: { [AF.PACKET]: (...request) => packetFamily(...request) },
  inetSockets: (...request) => rawOrPing(...request),
  netFiles: {
    packet: () => "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n",
    raw: () => "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n",
  },
  constants: () => ({ packetOptions }),
};
