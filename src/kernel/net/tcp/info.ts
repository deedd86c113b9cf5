// TCP_INFO: the state of a connection as getsockopt(2) reports it. man 7 tcp; Linux net/ipv4/tcp.c
// tcp_get_info(). Nothing is lost over the loopback, and an answer takes no time.
import { x64 } from "../../../abi/abi.ts";
import { struct, u8, u16, u32, u64 } from "../../../abi/struct.ts";
import { SEGMENT } from "./unsent.ts";

/** struct tcp_info of Linux 6.12, which is the same in both ABIs. */
const tcpInfo = struct("tcp_info", {
  state: u8,
  ca_state: u8,
  retransmits: u8,
  probes: u8,
  backoff: u8,
  options: u8,
  wscale: u8,
  flags: u8,
  rto: u32,
  ato: u32,
  snd_mss: u32,
  rcv_mss: u32,
  unacked: u32,
  sacked: u32,
  lost: u32,
  retrans: u32,
  fackets: u32,
  last_data_sent: u32,
  last_ack_sent: u32,
  last_data_recv: u32,
  last_ack_recv: u32,
  pmtu: u32,
  rcv_ssthresh: u32,
  rtt: u32,
  rttvar: u32,
  snd_ssthresh: u32,
  snd_cwnd: u32,
  advmss: u32,
  reordering: u32,
  rcv_rtt: u32,
  rcv_space: u32,
  total_retrans: u32,
  pacing_rate: u64,
  max_pacing_rate: u64,
  bytes_acked: u64,
  bytes_received: u64,
  segs_out: u32,
  segs_in: u32,
  notsent_bytes: u32,
  min_rtt: u32,
  data_segs_in: u32,
  data_segs_out: u32,
  delivery_rate: u64,
  busy_time: u64,
  rwnd_limited: u64,
  sndbuf_limited: u64,
  delivered: u32,
  delivered_ce: u32,
  bytes_sent: u64,
  bytes_retrans: u64,
  dsack_dups: u32,
  reord_seen: u32,
  rcv_ooopack: u32,
  snd_wnd: u32,
  rcv_wnd: u32,
  rehash: u32,
  total_rto: u16,
  total_rto_recoveries: u16,
  total_rto_time: u32,
});

/** What a connection has carried so far. */
export class TcpCounts {
  bytesSent = 0;
  bytesReceived = 0;
  segmentsSent = 0;
  segmentsReceived = 0;
  /** Virtual times in nanoseconds. */
  sentAt = 0;
  receivedAt = 0;

  /** Bytes have gone to the other end. */
  static moved(from: TcpCounts, to: TcpCounts, bytes: number, now: number): void {
    const segments = Math.ceil(bytes / SEGMENT);
    from.bytesSent += bytes;
    from.segmentsSent += segments;
    from.sentAt = now;
    to.bytesReceived += bytes;
    to.segmentsReceived += segments;
    to.receivedAt = now;
  }
}

/** The numbers of a socket for its report. `pending` and `backlog` are those of a listener. */
export interface TcpReport {
  readonly state: number;
  readonly connected: boolean;
  readonly pending: number;
  readonly backlog: number;
  readonly segment: number;
  readonly held: number;
  readonly mtu: number;
  readonly receiveBuffer: number;
  readonly now: number;
}
/** TCPI_OPT_TIMESTAMPS, TCPI_OPT_SACK, TCPI_OPT_WSCALE. */
const OPTIONS = 7;
/** tcp_rmem allows windows of 7 more bits. */
const SCALES = 0x77;
/** TCP_INFINITE_SSTHRESH, TCP_INIT_CWND, and the delays of an acknowledgement in microseconds. */
const [NO_THRESHOLD, WINDOW, RTO, ATO] = [0x7fff_ffff, 10, 201_000, 40_000];
/** IPv4, TCP and time stamps: what a packet has besides its data. */
const HEADERS = 52;
const NO_LIMIT = 2n ** 64n - 1n;
const zeros = tcpInfo.decode(new Uint8Array(tcpInfo.size(x64)), x64);

/** The bytes of struct tcp_info. */
export const tcpInfoBytes = (s: TcpReport, c: TcpCounts): Uint8Array => {
  const ms = (at: number): number => Math.floor((s.now - at) / 1e6);
  const common = { ...zeros, state: s.state, rto: 1_000_000, snd_mss: s.segment, rcv_mss: 536, snd_ssthresh: NO_THRESHOLD };
  const idle = { ...common, snd_cwnd: WINDOW, reordering: 3, max_pacing_rate: NO_LIMIT, unacked: s.pending, sacked: s.backlog };
  if (!s.connected) return tcpInfo.encode(idle, x64);
  return tcpInfo.encode(
    {
      ...idle,
      options: OPTIONS,
      wscale: SCALES,
      rto: RTO,
      ato: c.bytesReceived > 0 ? ATO : 0,
      unacked: 0,
      sacked: 0,
      last_data_sent: ms(c.sentAt),
      last_data_recv: ms(c.receivedAt),
      last_ack_recv: ms(Math.max(c.sentAt, c.receivedAt)),
      pmtu: Math.min(s.mtu, 0xffff),
      rcv_ssthresh: s.receiveBuffer / 2,
      rtt: 20,
      rttvar: 10,
      advmss: Math.min(s.mtu, 0xffff) - HEADERS,
      rcv_space: s.receiveBuffer / 2,
      // The SYN has a number of its own.
      bytes_acked: BigInt(c.bytesSent + 1),
      bytes_received: BigInt(c.bytesReceived),
      segs_out: c.segmentsSent + 2,
      segs_in: c.segmentsReceived + 1,
      notsent_bytes: s.held,
      min_rtt: 10,
      data_segs_in: c.segmentsReceived,
      data_segs_out: c.segmentsSent,
      delivered: c.segmentsSent + 1,
      bytes_sent: BigInt(c.bytesSent),
      snd_wnd: s.receiveBuffer / 2,
      rcv_wnd: s.receiveBuffer / 2,
    },
    x64,
  );
};
