// Netlink sockets: routes, socket diagnosis, nftables. man 7 netlink.
import { E } from "../../../abi/errno.ts";
import { AF, SOCK } from "../../../abi/uapi/socket.ts";
import type { Feature } from "../../feature.ts";
import type { SocketFamily } from "../../net/family.ts";
import { NetlinkSocket, servesNetlink } from "./netlink.ts";
import { netlinkOptions } from "./options.ts";

/** Linux netlink_create(). */
const family: SocketFamily = (t, type, protocol, nonblock) => {
  if (type !== SOCK.RAW && type !== SOCK.DGRAM) return -E.ESOCKTNOSUPPORT;
  return servesNetlink(protocol) ? { make: () => new NetlinkSocket(t, type, protocol, nonblock) } : -E.EPROTONOSUPPORT;
};

/** The feature. */
export const netlink: Feature = {
  name: "netlink",
  config: "INET_DIAG INET_TCP_DIAG INET_UDP_DIAG UNIX_DIAG",
  socketFamilies: { [AF.NETLINK]: family },
  netFiles: { netlink: () => "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n" },
  constants: () => ({ netlinkOptions }),
};
