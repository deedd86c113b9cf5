// Options of packet and netlink sockets whose value is a number. man 7 packet, netlink; Linux
// net/packet/af_packet.c packet_setsockopt(), net/netlink/af_netlink.c netlink_setsockopt().
import { anything, flag, type Rows, row, within } from "./row.ts";

/** Options of level SOL_PACKET. Rings and their form are the socket's own (raw/packet.ts). */
export const PACKET_OPTION = { AUXDATA: 8, IGNORE_OUTGOING: 23 } as const;
/** The rows of level SOL_PACKET. */
export const linkRows: Rows = {
  /** COPY_THRESH */
  7: row(0, anything),
  [PACKET_OPTION.AUXDATA]: row(0, flag),
  /** ORIGDEV, LOSS, TIMESTAMP, FANOUT, TX_HAS_OFF, QDISC_BYPASS */
  9: row(0, flag),
  14: row(0, flag),
  17: row(0, anything),
  18: row(0),
  19: row(0, flag),
  20: row(0, flag),
  [PACKET_OPTION.IGNORE_OUTGOING]: row(0, within(0, 1)),
};
/** The rows of level SOL_NETLINK. All acknowledgements are whole: their detail has no effect. */
export const netlinkRows: Rows = {
  /** PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, LISTEN_ALL_NSID, CAP_ACK, EXT_ACK, GET_STRICT_CHK */
  3: row(0, flag),
  4: row(0, flag),
  5: row(0, flag),
  8: row(0, flag),
  10: row(0, flag),
  11: row(0, flag),
  12: row(0, flag),
};
