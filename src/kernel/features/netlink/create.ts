// Netlink sockets that socket(2) makes.
import { E } from "../../../abi/errno.ts";
import { SOCK } from "../../../abi/uapi/socket.ts";
import type { SocketFamily } from "../../net/family.ts";
import { NetlinkSocket, servesNetlink } from "./netlink.ts";

/** Linux netlink_create(). */
export const netlinkFamily: SocketFamily = (t, type, protocol, nonblock) => {
  if (type !== SOCK.RAW && type !== SOCK.DGRAM) return -E.ESOCKTNOSUPPORT;
  return servesNetlink(protocol) ? { make: () => new NetlinkSocket(t, type, protocol, nonblock) } : -E.EPROTONOSUPPORT;
};
