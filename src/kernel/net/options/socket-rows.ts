// Options of level SOL_SOCKET whose value is a number. man 7 socket; Linux net/core/sock.c sk_setsockopt(),
// sk_getsockopt().
import { E } from "../../../abi/errno.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { SO } from "./numbers.ts";
import {
  anything,
  flag,
  ignored,
  MARKS,
  type OptionRow,
  type OptionSet,
  pair,
  privileged,
  refuse,
  row,
  type Setter,
  ULONG,
  within,
} from "./row.ts";

/** SOF_TIMESTAMPING_*: flags that need others, and the mask of all. Linux uapi linux/net_tstamp.h. */
const STAMPING = { OPT_ID: 1 << 7, OPT_TSONLY: 1 << 11, OPT_STATS: 1 << 12, OPT_ID_TCP: 1 << 16, MASK: 0x3ffff } as const;
/** Linux sock_set_timestamping(). */
const stamping: Setter = (v) => {
  if ((v & ~STAMPING.MASK) !== 0) return refuse(E.EINVAL);
  const lone = (one: number, other: number): boolean => (v & one) !== 0 && (v & other) === 0;
  return lone(STAMPING.OPT_ID_TCP, STAMPING.OPT_ID) || lone(STAMPING.OPT_STATS, STAMPING.OPT_TSONLY) ? refuse(E.EINVAL) : v;
};
/** CLOCK_MONOTONIC, and the flags of struct sock_txtime: SOF_TXTIME_*. */
const MONOTONIC = 1;
const TXTIME_FLAGS = 3;
/** struct sock_txtime { clockid_t clockid; u32 flags; }. No queue sends at a time. */
const sendTime: Setter = (v, task) => {
  const [clock, flags] = [v % 2 ** 32, Math.floor(v / 2 ** 32)];
  if (flags > TXTIME_FLAGS) return refuse(E.EINVAL);
  return clock === MONOTONIC || capableIn(task.cred, task.net.owner, CAP.NET_ADMIN) ? v : refuse(E.EPERM);
};
const ints: readonly OptionSet[] = ["tcp", "udp", "udplite", "ping", "raw"];
const only = (made: OptionRow, sets: readonly OptionSet[], shows = true): OptionRow => ({ ...made, only: { sets, shows } });
const positive = (v: number): boolean => v > 0;

const common = {
  [SO.DEBUG]: row(0, (v, task) => (v !== 0 && !capableIn(task.cred, task.net.owner, CAP.NET_ADMIN) ? refuse(E.EACCES) : flag(v, task))),
  [SO.REUSEADDR]: row(0, flag),
  [SO.DONTROUTE]: row(0, flag),
  [SO.BROADCAST]: row(0, flag),
  [SO.KEEPALIVE]: row(0, flag),
  [SO.OOBINLINE]: row(0, flag),
  [SO.NO_CHECK]: row(0, flag),
  [SO.PRIORITY]: row(
    0,
    privileged(anything, (v) => v < 0 || v > 6, ...MARKS),
  ),
  /** It has had no effect since Linux 2.2. */
  [SO.BSDCOMPAT]: row(0, ignored),
  [SO.REUSEPORT]: only(row(0, flag), ints),
  [SO.PASSCRED]: row(0, flag),
  [SO.RCVLOWAT]: row(1, (v) => (v < 0 ? 0x7fff_ffff : v || 1)),
  [SO.SNDLOWAT]: row(1),
  [SO.PASSSEC]: row(0, flag),
  [SO.MARK]: row(
    0,
    privileged(anything, () => true, ...MARKS),
  ),
  [SO.TIMESTAMPING]: { ...row(0, stamping), form: pair(false) },
  [SO.RXQ_OVFL]: row(0, flag),
  [SO.WIFI_STATUS]: row(0, flag),
  [SO.PEEK_OFF]: only(row(-1, anything), ["tcp", "udp", "udplite", "unix"], false),
  [SO.SELECT_ERR_QUEUE]: row(0, flag),
  [SO.NOFCS]: row(0, flag),
  [SO.BUSY_POLL]: row(0, within(0, 0x7fff_ffff)),
  /** No queue paces. */
  [SO.MAX_PACING_RATE]: { ...row(-1, anything), form: ULONG },
  /** SKF_AD_MAX: the kernel's ancillary loads of filters. */
  [SO.BPF_EXTENSIONS]: row(64),
  [SO.INCOMING_CPU]: row(-1, anything),
  [SO.INCOMING_NAPI_ID]: row(0),
  [SO.ZEROCOPY]: only(row(0, within(0, 1)), ["tcp", "udp"]),
  [SO.TXTIME]: { ...row(0, sendTime), form: pair(true) },
  [SO.BINDTOIFINDEX]: row(0, (v, task) => (v < 0 ? refuse(E.EINVAL) : v === 0 || task.net.numbered(v) ? v : refuse(E.ENODEV))),
  [SO.PREFER_BUSY_POLL]: row(
    0,
    privileged(flag, (v) => v !== 0, CAP.NET_ADMIN),
  ),
  [SO.BUF_LOCK]: row(0, within(0, 3)),
  /** Sockets reserve nothing: no control group counts their memory. */
  [SO.RESERVE_MEM]: row(0, (v) => refuse(v < 0 ? E.EINVAL : E.EOPNOTSUPP)),
  [SO.TXREHASH]: only(
    row(1, (v) => (v < -1 || v > 1 ? refuse(E.EINVAL) : Math.abs(v))),
    ["tcp"],
    false,
  ),
  [SO.RCVMARK]: row(
    0,
    privileged(flag, () => true, ...MARKS),
  ),
  [SO.PASSPIDFD]: row(0, flag),
} as const;

/** The half of net.ipv4.tcp_rmem. Linux tcp_set_rcvlowat(). */
const MOST_LOW_WATER = 2 ** 24;
/** The options of a protocol. */
export const socketRows = (set: OptionSet): Readonly<Record<number, OptionRow>> =>
  set === "tcp" ? { ...common, [SO.RCVLOWAT]: row(1, (v) => (v < 0 ? MOST_LOW_WATER : Math.min(v || 1, MOST_LOW_WATER))) } : common;
/** Options that can be set and not be read. */
export const unreadRows: Readonly<Record<number, OptionRow>> = {
  /** A route that is bad: there is no other. */
  [SO.CNX_ADVICE]: row(0, ignored),
  [SO.BUSY_POLL_BUDGET]: row(0, privileged(within(0, 0xffff), positive, CAP.NET_ADMIN)),
};
