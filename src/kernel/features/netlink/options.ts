// Options of netlink sockets whose value is a number. man 7 netlink; Linux net/netlink/af_netlink.c
// netlink_setsockopt().
import { SOL } from "../../net/options/numbers.ts";
import type { Levels } from "../../net/options/options.ts";
import { flag, type Rows, row } from "../../net/options/row.ts";
import { socketRows } from "../../net/options/socket-rows.ts";

/** All acknowledgements are whole: their detail has no effect. */
const netlinkRows: Rows = {
  /** PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, LISTEN_ALL_NSID, CAP_ACK, EXT_ACK, GET_STRICT_CHK */
  3: row(0, flag),
  4: row(0, flag),
  5: row(0, flag),
  8: row(0, flag),
  10: row(0, flag),
  11: row(0, flag),
  12: row(0, flag),
};
/** All tables. */
export const netlinkOptions: Levels = { [SOL.SOCKET]: socketRows("other"), [SOL.NETLINK]: netlinkRows };
