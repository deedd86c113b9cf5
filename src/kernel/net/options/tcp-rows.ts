// Options of TCP and UDP whose value is a number. man 7 tcp, udp, udplite; Linux net/ipv4/tcp.c
// do_tcp_setsockopt(), net/ipv4/udp.c udp_lib_setsockopt().
import { E } from "../../../abi/errno.ts";
import { TCP, UDP } from "./numbers.ts";
import { anything, flag, type Rows, refuse, row, type Setter, within } from "./row.ts";

/** TCP_RTO_MAX: the longest time between two retransmissions, in seconds. */
const LONGEST_STEP = 120;
/** The most retransmissions that fit an octet. */
const MOST_STEPS = 255;
/**
 * Seconds as a number of retransmissions, in seconds: 1, 3, 7, … Linux secs_to_retrans(), retrans_to_secs().
 */
const retransmissionSeconds = (wanted: number): number => {
  if (wanted <= 0) return 0;
  let [seconds, step] = [1, 1];
  for (let steps = 1; wanted > seconds && steps < MOST_STEPS; steps++) {
    step = Math.min(LONGEST_STEP, 2 * step);
    seconds += step;
  }
  return seconds;
};
/** net.ipv4.tcp_fin_timeout, and TCP_FIN_TIMEOUT_MAX, in seconds. */
const [FIN_TIMEOUT, MOST_FIN_TIMEOUT] = [60, 120];
/** TCP_MIN_MSS and MAX_TCP_WINDOW; SOCK_MIN_RCVBUF / 2. */
const [LEAST_SEGMENT, MOST_SEGMENT, LEAST_WINDOW] = [88, 32767, 1152];

/** Options of TCP. */
export const tcpRows: Rows = {
  [TCP.NODELAY]: row(0, flag),
  [TCP.MAXSEG]: row(0, (v) => (v !== 0 && (v < LEAST_SEGMENT || v > MOST_SEGMENT) ? refuse(E.EINVAL) : v)),
  [TCP.CORK]: row(0, flag),
  /** KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT */
  4: row(7200, within(1, 32767)),
  5: row(75, within(1, 32767)),
  6: row(9, within(1, 127)),
  7: row(6, within(1, 127)),
  /** LINGER2 */
  8: row(FIN_TIMEOUT, (v) => (v < 0 ? -1 : v === 0 ? FIN_TIMEOUT : Math.min(v, MOST_FIN_TIMEOUT))),
  /** DEFER_ACCEPT: rounded up to the steps of the retransmission timer. */
  9: row(0, retransmissionSeconds),
  [TCP.WINDOW_CLAMP]: row(0, (v) => (v === 0 ? 0 : v < 0 ? LEAST_WINDOW : Math.max(v, LEAST_WINDOW))),
  /** QUICKACK */
  12: row(1, flag),
  /** THIN_LINEAR_TIMEOUTS, and THIN_DUPACK, which has had no effect since Linux 4.12. */
  16: row(0, within(0, 1)),
  17: row(0, (v) => (v < 0 || v > 1 ? refuse(E.EINVAL) : 0)),
  /** USER_TIMEOUT */
  18: row(0, within(0, 0x7fff_ffff)),
  /** FASTOPEN: connections over the loopback have no cookies. */
  23: row(0, (v, { net }) => (v < 0 ? refuse(E.EINVAL) : Math.min(v, net.maxBacklog))),
  /** NOTSENT_LOWAT, SAVE_SYN, FASTOPEN_CONNECT, FASTOPEN_NO_COOKIE */
  25: row(0, anything),
  27: row(0, within(0, 2)),
  30: row(0, within(0, 1)),
  34: row(0, within(0, 1)),
  [TCP.INQ]: row(0, within(0, 1)),
  /** TX_DELAY: nothing delays. */
  37: row(0, within(0, 0x7fff_ffff)),
};
/** Coverage of checksums of UDP-Lite: nothing, or the header and more. */
const coverage: Setter = (v) => (v !== 0 && v < 8 ? 8 : Math.min(v, 0xffff));
/** Options of UDP and UDP-Lite. */
export const udpRows = (lite: boolean): Rows => ({
  [UDP.CORK]: row(0, flag),
  /** SEND_CSCOV, RECV_CSCOV */
  10: row(0, lite ? coverage : undefined),
  11: row(0, lite ? coverage : undefined),
  /** ENCAP: there is no IPsec and no L2TP. */
  100: row(0, (v) => (v === 0 ? 0 : refuse(E.ENOPROTOOPT))),
  /** NO_CHECK6_TX, NO_CHECK6_RX */
  101: row(0, flag),
  102: row(0, flag),
  [UDP.SEGMENT]: row(0, within(0, 0xffff)),
  /** GRO: packets arrive alone. */
  104: row(0, flag),
});
