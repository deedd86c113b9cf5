// Netlink sockets: routes, socket diagnosis, nftables. man 7 netlink.
import { AF } from "../../../abi/uapi/socket.ts";
import type { Feature } from "../../core/feature.ts";
import { netlinkFamily } from "./create.ts";
import { netlinkOptions } from "./options.ts";

/** The feature. */
export const netlink: Feature = {
  name: "netlink",
  config: "INET_DIAG INET_TCP_DIAG INET_UDP_DIAG UNIX_DIAG",
  socketFamilies: { [AF.NETLINK]: (...request) => netlinkFamily(...request) },
  netFiles: { netlink: () => "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n" },
  constants: () => ({ netlinkOptions }),
};
