// Options of levels IPPROTO_IP and IPPROTO_IPV6 whose value is a number. man 7 ip, ipv6; Linux
// net/ipv4/ip_sockglue.c do_ip_setsockopt(), net/ipv6/ipv6_sockglue.c do_ipv6_setsockopt(). Many of them are
// only stored, because they have no effect on the loopback device.
import { E } from "../../../abi/errno.ts";
import { HEADER_OPTION, IP, IPV6 } from "./numbers.ts";
import { flag, INT, MARKS, type OptionRow, type OptionSet, privileged, type Rows, refuse, row, type Setter, within } from "./row.ts";

/** A number within limits, or -1 for the default. */
const orDefault =
  (normal: number, min: number, max: number): Setter =>
  (v) =>
    v === -1 ? normal : v < min || v > max ? refuse(E.EINVAL) : v;
/** The index of a device in network order, as an int. Linux do_ip_setsockopt(), IP_UNICAST_IF. */
const swapped = (v: number): number => ((v & 255) << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
const unicastDevice: Setter = (v, task) => (v === 0 || task.net.numbered(swapped(v)) ? v : refuse(E.EADDRNOTAVAIL));
const on = (v: number): boolean => v !== 0;
/** The least port in the lower half, the greatest in the upper; 0 is the system's. */
const portRange: Setter = (v) => {
  const [low, high] = [v & 0xffff, v >>> 16];
  return low !== 0 && high !== 0 && low > high ? refuse(E.EINVAL) : v;
};

/** Options of IPPROTO_IP. */
export const ipRows = (set: OptionSet, six: boolean): Rows => {
  const tcp = set === "tcp";
  const raw = set === "raw";
  return {
    /** TOS: TCP owns the two ECN bits of a connection. */
    1: row(0, (v) => v & (tcp ? 0xfc : 0xff)),
    /** TTL */
    2: row(64, orDefault(64, 1, 255)),
    [IP.HDRINCL]: row(0, raw ? flag : undefined),
    /** ROUTER_ALERT: no packet is forwarded. */
    5: row(0, raw ? flag : () => refuse(E.EINVAL)),
    /** RECVOPTS, RETOPTS */
    6: row(0, flag),
    7: row(0, flag),
    [HEADER_OPTION.four.info]: row(0, flag),
    /** MTU_DISCOVER */
    10: row(1, within(0, 5)),
    /** RECVERR */
    11: row(0, flag),
    [HEADER_OPTION.four.receiveTtl]: row(0, flag),
    [HEADER_OPTION.four.receiveTos]: row(0, flag),
    [IP.FREEBIND]: row(0, flag),
    /** PASSSEC */
    18: row(0, flag),
    [IP.TRANSPARENT]: row(0, privileged(flag, on, ...MARKS)),
    /** RECVORIGDSTADDR, MINTTL, NODEFRAG, CHECKSUM */
    20: row(0, flag),
    21: row(0, within(0, 255)),
    22: row(0, raw ? flag : undefined),
    23: row(0, flag),
    [IP.BIND_ADDRESS_NO_PORT]: row(0, flag),
    /** RECVFRAGSIZE, RECVERR_RFC4884 */
    25: row(0, tcp ? () => refuse(E.EINVAL) : flag),
    26: row(0, within(0, 1)),
    /** MULTICAST_TTL */
    33: row(1, tcp ? () => refuse(E.EINVAL) : orDefault(1, 0, 255)),
    [IP.MULTICAST_LOOP]: row(1, flag),
    [IP.MULTICAST_ALL]: row(Number(!six), within(0, 1)),
    /** UNICAST_IF */
    50: row(0, unicastDevice),
    [IP.LOCAL_PORT_RANGE]: row(0, portRange),
  };
};

/** IPV6_PREFER_SRC_*: where the source address is from, and how it was made. */
const PREFER = { TMP: 1, PUBLIC: 2, DEFAULT: 0x100, COA: 4, HOME: 0x400, CGA: 8, NONCGA: 0x800 } as const;
/** The value of IPV6_ADDR_PREFERENCES. Linux __ip6_sock_set_addr_preferences(). */
const preferences: Setter = (v) => {
  const kind = v & (PREFER.TMP | PREFER.PUBLIC | PREFER.DEFAULT);
  const home = v & (PREFER.HOME | PREFER.COA);
  const made = v & (PREFER.CGA | PREFER.NONCGA);
  const single = (bits: number): boolean => (bits & (bits - 1)) === 0;
  if (![kind, home, made].every(single)) return refuse(E.EINVAL);
  return (kind || PREFER.DEFAULT) | (home || PREFER.HOME);
};
/** The least MTU of IPv6. */
const MIN_MTU = 1280;
/** The old and the new option for the information on a packet that is sent and received. */
const flags = [2, 3, 4, 5, 8, 11, 25, 33, 53, 56, 58, 60, 62, 74, 77, IPV6.FREEBIND];

/** Options of IPPROTO_IPV6. -1 stands for the default. */
export const ipv6Rows = (set: OptionSet): Rows => {
  const raw = set === "raw";
  const tcp = set === "tcp";
  const many: Rows = Object.fromEntries(flags.map((option) => [option, row(0, flag)]));
  const rows: Record<number, OptionRow> = {
    ...many,
    /** UNICAST_HOPS, MULTICAST_HOPS */
    16: row(64, orDefault(64, 0, 255)),
    18: row(1, tcp ? undefined : orDefault(1, 0, 255)),
    /** MULTICAST_IF: a device, or none. */
    17: row(0, tcp ? undefined : (v, task) => (v === 0 || task.net.numbered(v) ? v : refuse(E.ENODEV))),
    /** MULTICAST_LOOP, ROUTER_ALERT, MTU_DISCOVER */
    19: row(1, within(0, 1)),
    22: row(0),
    23: row(1, within(0, 5)),
    /** A raw socket has no IPv4 anyway. */
    [IPV6.V6ONLY]: row(0, raw ? () => refuse(E.EINVAL) : flag),
    /** MULTICAST_ALL, ROUTER_ALERT_ISOLATE, RECVERR_RFC4884 */
    [IPV6.MULTICAST_ALL]: row(1, flag),
    30: row(0, flag),
    31: row(0, within(0, 1)),
    [HEADER_OPTION.six.receiveInfo]: row(0, flag),
    [HEADER_OPTION.six.receiveTtl]: row(0, flag),
    [HEADER_OPTION.six.receiveTos]: row(0, flag),
    /** TCLASS: TCP owns two bits. AUTOFLOWLABEL, ADDR_PREFERENCES, MINHOPCOUNT, TRANSPARENT, UNICAST_IF */
    67: row(0, (v, task) => {
      const value = orDefault(0, 0, 255)(v, task);
      return typeof value === "number" && tcp ? value & 0xfc : value;
    }),
    70: row(1, flag),
    72: row(PREFER.DEFAULT | PREFER.HOME, preferences),
    73: row(0, within(0, 255)),
    [IPV6.TRANSPARENT]: row(0, privileged(flag, on, ...MARKS)),
    76: row(0, unicastDevice),
  };
  if (raw) rows[IPV6_HDRINCL] = row(0, flag);
  return rows;
};
/** Options that can be set and not be read: the size of fragments. */
export const unreadIpv6Rows: Rows = { [IPV6.MTU]: row(0, (v) => (v !== 0 && v < MIN_MTU ? refuse(E.EINVAL) : v)) };
/** The number of a program in `bytes`: level IPPROTO_IP takes a byte too. */
export const shortInt = (bytes: Uint8Array): number | undefined => (bytes.length > 0 && bytes.length < 4 ? bytes[0] : INT.read(bytes));
/** IPV6_CHECKSUM, of level IPPROTO_RAW too. */
export const IPV6_CHECKSUM = 7;
/** IPV6_HDRINCL, likewise. */
export const IPV6_HDRINCL = 36;
