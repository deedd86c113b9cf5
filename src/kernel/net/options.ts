// Options of Internet sockets. man 7 socket, ip, tcp; Linux net/core/sock.c sk_setsockopt(),
// net/ipv4/ip_sockglue.c, net/ipv4/tcp.c. Most options are only stored, because they have no effect on the
// loopback device.
import { E } from "../../abi/errno.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import type { Task } from "../task/task.ts";
import { deviceNumbered } from "./devices.ts";
import type { InetFamily } from "./inet-address.ts";

/** Option levels. */
export const SOL = { IP: 0, SOCKET: 1, TCP: 6, UDP: 17, IPV6: 41, ICMPV6: 58, UDPLITE: 136, RAW: 255, PACKET: 263 } as const;
/** Options of level SOL_SOCKET. Linux uapi asm-generic/socket.h. */
export const SO = {
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  KEEPALIVE: 9,
  LINGER: 13,
  REUSEPORT: 15,
  PASSCRED: 16,
  PEERCRED: 17,
  RCVLOWAT: 18,
  SNDLOWAT: 19,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  BINDTODEVICE: 25,
  DETACH_FILTER: 27,
  PEERNAME: 28,
  ACCEPTCONN: 30,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  PROTOCOL: 38,
  DOMAIN: 39,
  COOKIE: 57,
  RCVTIMEO_NEW: 66,
  SNDTIMEO_NEW: 67,
} as const;
/** IP_HDRINCL: an option of raw sockets. man 7 raw. */
export const IP_HDRINCL = 3;
/** Options of level IPPROTO_IP: own datagrams to groups come back; groups that others have joined count. */
export const MULTICAST_LOOP = 34;
/** IP_MULTICAST_ALL. man 7 ip. */
export const MULTICAST_ALL = 49;
/** The option of level IPPROTO_IP for header options. man 7 ip. */
export const IP_OPTIONS = 4;
/** The option of level IPPROTO_IPV6 that changes the family of a socket. man 7 ipv6. */
export const IPV6_ADDRFORM = 1;
/** The option of level IPPROTO_IPV6 that excludes IPv4. man 7 ipv6. */
export const IPV6_V6ONLY = 26;
/** The option of level IPPROTO_UDP that keeps bytes for one packet. man 7 udp. */
export const UDP_CORK = 1;
/** Options of level IPPROTO_TCP that sockets ask for. man 7 tcp. */
export const TCP = { NODELAY: 1, MAXSEG: 2, CORK: 3, WINDOW_CLAMP: 10, INFO: 11, CONGESTION: 13, IS_MPTCP: 43 } as const;
/**
 * Options on fields of a datagram's header: those that set them, those that ask for them, and the types of
 * the control messages that show them. man 7 ip, ipv6.
 */
export const HEADER_OPTION = {
  four: { tos: 1, ttl: 2, info: 8, receiveTtl: 12, receiveTos: 13 },
  six: { ttl: 16, receiveInfo: 49, info: 50, receiveTtl: 51, shownTtl: 52, receiveTos: 66, tos: 67 },
} as const;
/** net.core.somaxconn */
export const SOMAXCONN = 4096;

/** The stored value for a value of setsockopt(2), or -errno. */
type Setter = (value: number, task: Task) => number;
const flag: Setter = (v) => Number(v !== 0);
const within =
  (min: number, max: number): Setter =>
  (v) =>
    v < min || v > max ? -E.EINVAL : v;

interface Row {
  readonly initial: number;
  readonly set: Setter;
  /** 0, or -errno. With it, a stored value below 0 is no error. */
  readonly may?: Setter;
}
const row = (initial: number, set: Setter): Row => ({ initial, set });
const netAdmin = (task: Task): boolean => capableIn(task.cred, task.net.owner, CAP.NET_ADMIN);
const netAdminOrRaw = (task: Task): boolean => netAdmin(task) || capableIn(task.cred, task.net.owner, CAP.NET_RAW);
const fixed = (value: number): Row => row(value, () => -E.ENOPROTOOPT);

/** Options of level SOL_SOCKET that all families have, by number. */
const commonRows: Readonly<Record<number, Row>> = {
  /** DEBUG */
  1: row(0, (v, task) => (v !== 0 && !netAdmin(task) ? -E.EACCES : Number(v !== 0))),
  [SO.REUSEADDR]: row(0, flag),
  /** DONTROUTE */
  5: row(0, flag),
  [SO.BROADCAST]: row(0, flag),
  [SO.KEEPALIVE]: row(0, flag),
  /** OOBINLINE */
  10: row(0, flag),
  /** PRIORITY */
  12: { initial: 0, set: (v) => v, may: (v, task) => ((v >= 0 && v <= 6) || netAdminOrRaw(task) ? 0 : -E.EPERM) },
  /** BSDCOMPAT, which has had no effect since Linux 2.4. */
  14: row(0, () => 0),
  /** NO_CHECK */
  11: row(0, flag),
  [SO.SNDLOWAT]: fixed(1),
  /** MARK */
  36: { initial: 0, set: (v) => v, may: (_, task) => (netAdminOrRaw(task) ? 0 : -E.EPERM) },
  /** RXQ_OVFL, WIFI_STATUS, NOFCS, SELECT_ERR_QUEUE, RCVMARK: no message here has what they ask for. */
  40: row(0, flag),
  41: row(0, flag),
  43: row(0, flag),
  45: row(0, flag),
  75: row(0, flag),
  /** BUSY_POLL, PREFER_BUSY_POLL: there is no device to poll. */
  46: row(0, (v) => (v < 0 ? -E.EINVAL : v)),
  69: row(0, (v, task) => (v !== 0 && !netAdmin(task) ? -E.EPERM : Number(v !== 0))),
  /** BPF_EXTENSIONS: SKF_AD_MAX. INCOMING_NAPI_ID: no device. */
  48: fixed(64),
  56: fixed(0),
};
const socketRows: Readonly<Record<number, Row>> = {
  ...commonRows,
  [SO.REUSEPORT]: row(0, flag),
  [SO.RCVLOWAT]: row(1, (v) => (v < 0 ? 0x7fff_ffff : v || 1)),
  /** TIMESTAMP */
  29: row(0, flag),
};
const unixRows: Readonly<Record<number, Row>> = {
  ...commonRows,
  [SO.REUSEPORT]: row(0, () => -E.EOPNOTSUPP),
  /** PASSSEC: no security module has labels. */
  34: row(0, flag),
  /** ZEROCOPY */
  60: row(0, () => -E.EOPNOTSUPP),
};
/** Coverage of checksums of UDP-Lite: nothing, or the header and more. Linux udp_lib_setsockopt(). */
const coverage: Setter = (v) => (v !== 0 && v < 8 ? 8 : Math.min(v, 0xffff));
const ipRows = (tcp: boolean): Readonly<Record<number, Row>> => ({
  /** TOS: TCP owns the two ECN bits of a connection. */
  1: row(0, (v) => v & (tcp ? 0xfc : 0xff)),
  /** TTL; -1 is the default. */
  2: row(64, (v) => (v === -1 ? 64 : v < 1 || v > 255 ? -E.EINVAL : v)),
  /** RECVOPTS, RETOPTS */
  6: row(0, flag),
  7: row(0, flag),
  [HEADER_OPTION.four.info]: row(0, flag),
  [HEADER_OPTION.four.receiveTtl]: row(0, flag),
  [HEADER_OPTION.four.receiveTos]: row(0, flag),
  /** RECVORIGDSTADDR, CHECKSUM, RECVFRAGSIZE */
  20: row(0, flag),
  23: row(0, flag),
  25: row(0, flag),
  /** MTU_DISCOVER */
  10: row(1, within(0, 5)),
  /** RECVERR */
  11: row(0, flag),
  /** FREEBIND */
  15: row(0, flag),
  /** MULTICAST_TTL, MULTICAST_LOOP, MULTICAST_ALL */
  33: row(1, (v) => (tcp ? -E.EINVAL : v === -1 ? 1 : v < 0 || v > 255 ? -E.EINVAL : v)),
  [MULTICAST_LOOP]: row(1, flag),
  [MULTICAST_ALL]: row(1, within(0, 1)),
});
/** Linux uapi linux/in6.h. -1 stands for the default. */
const ipv6Rows: Readonly<Record<number, Row>> = {
  /** UNICAST_HOPS, MULTICAST_HOPS */
  16: row(64, (v) => (v === -1 ? 64 : v < 0 || v > 255 ? -E.EINVAL : v)),
  18: row(1, (v) => (v === -1 ? 1 : v < 0 || v > 255 ? -E.EINVAL : v)),
  /** MULTICAST_IF: a device, or none. */
  17: row(0, (v, task) => (v === 0 || deviceNumbered(task.net, v) ? v : -E.ENODEV)),
  /** MULTICAST_LOOP */
  19: row(1, within(0, 1)),
  /** MTU_DISCOVER */
  23: row(1, within(0, 5)),
  /** RECVERR */
  25: row(0, flag),
  [IPV6_V6ONLY]: row(0, flag),
  [HEADER_OPTION.six.receiveInfo]: row(0, flag),
  [HEADER_OPTION.six.receiveTtl]: row(0, flag),
  /** RECVRTHDR, RECVHOPOPTS, RECVDSTOPTS */
  56: row(0, flag),
  53: row(0, flag),
  58: row(0, flag),
  [HEADER_OPTION.six.receiveTos]: row(0, flag),
  /** TCLASS, DONTFRAG, AUTOFLOWLABEL, FREEBIND */
  67: row(0, (v) => (v === -1 ? 0 : v < 0 || v > 255 ? -E.EINVAL : v)),
  62: row(0, flag),
  70: row(1, flag),
  78: row(0, flag),
};
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

const tcpRows: Readonly<Record<number, Row>> = {
  [TCP.NODELAY]: row(0, flag),
  [TCP.MAXSEG]: row(0, (v) => (v !== 0 && (v < LEAST_SEGMENT || v > MOST_SEGMENT) ? -E.EINVAL : v)),
  [TCP.CORK]: row(0, flag),
  /** KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT */
  4: row(7200, within(1, 32767)),
  5: row(75, within(1, 32767)),
  6: row(9, within(1, 127)),
  7: row(6, within(1, 127)),
  /** DEFER_ACCEPT: rounded up to the steps of the retransmission timer. */
  9: row(0, retransmissionSeconds),
  [TCP.WINDOW_CLAMP]: row(0, (v) => (v === 0 ? 0 : v < 0 ? LEAST_WINDOW : Math.max(v, LEAST_WINDOW))),
  /** QUICKACK */
  12: row(1, flag),
  /** THIN_LINEAR_TIMEOUTS, and THIN_DUPACK, which has had no effect since Linux 4.12. */
  16: row(0, within(0, 1)),
  17: row(0, (v) => (v < 0 || v > 1 ? -E.EINVAL : 0)),
  /** USER_TIMEOUT */
  18: row(0, within(0, 0x7fff_ffff)),
  /** FASTOPEN: connections over the loopback have no cookies. */
  23: row(0, (v) => (v < 0 ? -E.EINVAL : Math.min(v, SOMAXCONN))),
  /** SAVE_SYN, FASTOPEN_CONNECT, FASTOPEN_NO_COOKIE */
  27: row(0, within(0, 2)),
  30: row(0, within(0, 1)),
  34: row(0, within(0, 1)),
};
/** Options with negative values, which are no errors: LINGER2 and NOTSENT_LOWAT, by their initial value. */
const signedRows: Readonly<Record<number, { readonly initial: number; readonly store: (value: number) => number }>> = {
  8: { initial: FIN_TIMEOUT, store: (v) => (v < 0 ? -1 : v === 0 ? FIN_TIMEOUT : Math.min(v, MOST_FIN_TIMEOUT)) },
  25: { initial: 0, store: (v) => v },
};

/** The options of a protocol, by level and number. */
type Rows = Readonly<Record<number, Readonly<Record<number, Row>>>>;
/** The protocols that have options of their own. */
export type OptionSet = "unix" | "tcp" | "udp" | "udplite" | "ping" | "raw" | "packet";
const forTcp: Rows = {
  [SOL.SOCKET]: socketRows,
  [SOL.IP]: ipRows(true),
  [SOL.TCP]: tcpRows,
};
const sets: Readonly<Record<OptionSet, Rows>> = {
  unix: { [SOL.SOCKET]: unixRows },
  tcp: forTcp,
  udp: { [SOL.SOCKET]: socketRows, [SOL.IP]: ipRows(false), [SOL.UDP]: { [UDP_CORK]: row(0, flag) } },
  udplite: {
    [SOL.SOCKET]: socketRows,
    [SOL.IP]: ipRows(false),
    [SOL.UDP]: {},
    /** SEND_CSCOV, RECV_CSCOV */
    [SOL.UDPLITE]: { 10: row(0, coverage), 11: row(0, coverage) },
  },
  ping: { [SOL.SOCKET]: socketRows, [SOL.IP]: ipRows(false) },
  raw: { [SOL.SOCKET]: socketRows, [SOL.IP]: { ...ipRows(false), [IP_HDRINCL]: row(0, flag) } },
  packet: { [SOL.SOCKET]: socketRows },
};

/** The integer options of one socket. */
export class Options {
  #rows: Rows;
  readonly #values = new Map<string, number>();

  constructor(set: OptionSet, family?: InetFamily) {
    const rows = sets[set];
    this.#rows = family === AF.INET6 ? { ...rows, [SOL.IPV6]: ipv6Rows } : rows;
  }
  /** True if the protocol has options of this level. */
  hasLevel(level: number): boolean {
    return Object.hasOwn(this.#rows, level);
  }
  /** The protocol has no options of this level any more. */
  dropLevel(level: number): void {
    this.#rows = Object.fromEntries(Object.entries(this.#rows).filter(([key]) => Number(key) !== level));
  }
  /** The value of an option; undefined if the protocol does not have it. */
  get(level: number, option: number): number | undefined {
    const found = this.#rows[level]?.[option] ?? this.#signed(level, option);
    return found && (this.#values.get(`${level}/${option}`) ?? found.initial);
  }
  #signed(level: number, option: number): (typeof signedRows)[number] | undefined {
    return level === SOL.TCP && this.#rows[level] === tcpRows ? signedRows[option] : undefined;
  }
  /** True if a flag of level SOL_SOCKET is set. */
  on(option: number): boolean {
    return this.get(SOL.SOCKET, option) === 1;
  }
  /** Sets the value with which a socket begins. */
  begin(level: number, option: number, value: number): void {
    this.#values.set(`${level}/${option}`, value);
  }
  /** setsockopt(2): 0 or -errno. */
  set(task: Task, level: number, option: number, value: number): number {
    const signed = this.#signed(level, option);
    if (signed) {
      this.#values.set(`${level}/${option}`, signed.store(value));
      return 0;
    }
    const found = this.#rows[level]?.[option];
    if (!found) return -E.ENOPROTOOPT;
    const denied = found.may?.(value, task) ?? 0;
    const stored = denied < 0 ? denied : found.set(value, task);
    if (stored < 0 && (!found.may || denied < 0)) return stored;
    this.#values.set(`${level}/${option}`, stored);
    return 0;
  }
  /** Copies all values that were set: an accepted connection inherits those of its listener. */
  copyFrom(other: Options): void {
    for (const [key, value] of other.#values) this.#values.set(key, value);
  }
}
