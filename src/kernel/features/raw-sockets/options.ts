// Options of packet sockets whose value is a number. man 7 packet; Linux net/packet/af_packet.c
// packet_setsockopt().
import { SOL } from "../../net/options/numbers.ts";
import type { Levels } from "../../net/options/options.ts";
import { anything, flag, type Rows, row, within } from "../../net/options/row.ts";
import { socketRows } from "../../net/options/socket-rows.ts";

/** Options of level SOL_PACKET. Rings and their form are the socket's own (packet.ts). */
export const PACKET_OPTION = { AUXDATA: 8, IGNORE_OUTGOING: 23 } as const;
const linkRows: Rows = {
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
/** All tables. */
export const packetOptions: Levels = { [SOL.SOCKET]: socketRows("other"), [SOL.PACKET]: linkRows };
