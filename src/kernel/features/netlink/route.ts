// NETLINK_ROUTE: devices, addresses, routes and rules. man 7 rtnetlink; Linux
// net/core/rtnetlink.c, net/ipv4/devinet.c, net/core/fib_rules.c, uapi linux/rtnetlink.h.

import { E } from "../../../abi/errno.ts";
import { AF } from "../../../abi/uapi/socket.ts";
import { ofBytes } from "../../base/byte-string.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { type Device, type DeviceAddress, deviceNamed, devicesOf, ethernet, lo, UP } from "../../net/devices.ts";
import { type InetFamily, type Ip, isLoopback, LOOPBACK } from "../../net/inet-address.ts";
import type { NetNamespace } from "../../net/namespace.ts";
import {
  attribute,
  body,
  cString,
  HEADER,
  isDump,
  type NetlinkReply,
  type NetlinkRequest,
  NLM_F,
  type Service,
  u32,
  view,
} from "./message.ts";

const RTM = {
  NEWLINK: 16,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  GETROUTE: 26,
  GETNEIGH: 30,
  NEWRULE: 32,
  GETRULE: 34,
} as const;
/** struct ifinfomsg, ifaddrmsg, rtmsg and fib_rule_hdr. */
const INFO = 16;
const ADDR = 8;
const ROUTE = 12;
const IFLA = {
  ADDRESS: 1,
  BROADCAST: 2,
  IFNAME: 3,
  MTU: 4,
  QDISC: 6,
  STATS: 7,
  TXQLEN: 13,
  OPERSTATE: 16,
  LINKMODE: 17,
  STATS64: 23,
  GROUP: 27,
} as const;
const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, BROADCAST: 4, FLAGS: 8 } as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, CACHEINFO: 12, TABLE: 15, UID: 25 } as const;
const FRA = { PRIORITY: 6, SUPPRESS_PREFIXLEN: 14, TABLE: 15, PROTOCOL: 21 } as const;
const RT_TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;
const RTN = { UNICAST: 1, LOCAL: 2 } as const;
/** The counters of struct rtnl_link_stats64; struct rtnl_link_stats lacks the last one. */
const STATS = 25;
const FR_ACT_TO_TBL = 1;
const RTPROT = { KERNEL: 2, BOOT: 3 } as const;
const SCOPE_LINK = 253;
const RTCF_LOCAL = 0x8000_0000;
const RTM_F_CLONED = 0x200;
const PERMANENT = 0x80;
const networkOrder = (ip: Ip): Uint8Array =>
  typeof ip === "number"
    ? Uint8Array.from([ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255])
    : Uint8Array.from(ip, (c) => c.charCodeAt(0));
/** The network of an address: its prefix, and zeros. */
const networkOf = ({ ip, prefix }: DeviceAddress): Uint8Array =>
  networkOrder(ip).map((octet, i) => octet & ~(255 >> Math.min(8, Math.max(0, prefix - 8 * i))));

/** The device that a request names. */
const deviceOf = (net: NetNamespace, { bytes }: NetlinkRequest): Device | undefined => {
  if (bytes.length < HEADER + INFO) return undefined;
  const index = view(bytes).getInt32(HEADER + 4, true);
  if (index !== 0) return devicesOf(net).find((device) => device.index === index);
  const name = attribute(bytes, HEADER + INFO, IFLA.IFNAME);
  return name && deviceNamed(net, ofBytes(name).split("\0", 1)[0] as string);
};

const link = (net: NetNamespace, device: Device): Uint8Array => {
  const info = new Uint8Array(INFO);
  const v = view(info);
  const flags = device.flags(net);
  v.setUint16(2, device.hardware, true);
  v.setInt32(4, device.index, true);
  v.setUint32(8, flags, true);
  const up = (flags & UP) !== 0;
  // IF_OPER_UNKNOWN, IF_OPER_DOWN, IF_OPER_UP.
  const state = !up ? 2 : device === lo ? 0 : 6;
  return body(info, [
    [IFLA.IFNAME, cString(device.name)],
    [IFLA.TXQLEN, u32(device.queue)],
    [IFLA.OPERSTATE, Uint8Array.of(state)],
    [IFLA.LINKMODE, Uint8Array.of(0)],
    [IFLA.MTU, u32(device === lo ? net.mtu : device.mtu)],
    [IFLA.GROUP, u32(0)],
    [IFLA.QDISC, cString(up ? "noqueue" : "noop")],
    [IFLA.ADDRESS, Uint8Array.from(device.mac)],
    [IFLA.BROADCAST, Uint8Array.from(device.broadcast)],
    // Packets are not counted, as in /proc/net/dev.
    [IFLA.STATS64, new Uint8Array(STATS * 8)],
    [IFLA.STATS, new Uint8Array((STATS - 1) * 4)],
  ]);
};
const links = (net: NetNamespace, request: NetlinkRequest): NetlinkReply | number => {
  const one = deviceOf(net, request);
  if (isDump(request)) return devicesOf(net).map((device) => [RTM.NEWLINK, link(net, device)]);
  return one ? [[RTM.NEWLINK, link(net, one)]] : -E.ENODEV;
};
/** RTM_NEWLINK and RTM_SETLINK. Without flags and a mask of changes the flags stay. Linux do_setlink(). */
const setLink = (net: NetNamespace, request: NetlinkRequest): number => {
  if (deviceOf(net, request) !== lo) return -E.EOPNOTSUPP;
  const v = view(request.bytes);
  const mtu = attribute(request.bytes, HEADER + INFO, IFLA.MTU);
  if (mtu) {
    const wanted = view(mtu).getUint32(0, true);
    if (mtu.length !== 4 || wanted >= 2 ** 31) return -E.EINVAL;
    net.mtu = wanted;
  }
  const [flags, change] = [v.getUint32(HEADER + 8, true), v.getUint32(HEADER + 12, true)];
  if ((flags !== 0 || change !== 0) && (change === 0 || change & UP)) net.setUp((flags & UP) !== 0);
  return 0;
};

const addr = (device: Device, address: DeviceAddress): Uint8Array => {
  const { prefix, scope } = address;
  const v4 = typeof address.ip === "number";
  const head = Uint8Array.from([v4 ? AF.INET : AF.INET6, prefix, PERMANENT, scope, ...u32(device.index)]);
  const ip = networkOrder(address.ip);
  const broadcast = networkOf(address).map((octet, i) => octet | (255 >> Math.min(8, Math.max(0, prefix - 8 * i))));
  const labels = [
    [IFA.LOCAL, ip] as const,
    ...(device === lo ? [] : [[IFA.BROADCAST, broadcast] as const]),
    [IFA.LABEL, cString(device.name)] as const,
  ];
  return body(head, [[IFA.ADDRESS, ip], ...(v4 ? labels : []), [IFA.FLAGS, u32(PERMANENT)]]);
};
/** The addresses of the family that is asked for, or of both. Linux inet_dump_ifaddr(), inet6_dump_addr(). */
const addresses = (net: NetNamespace, { bytes }: NetlinkRequest): NetlinkReply => {
  const family = bytes[HEADER];
  return ([AF.INET, AF.INET6] as const)
    .filter((f) => family === AF.UNSPEC || family === f)
    .flatMap((f) =>
      devicesOf(net).flatMap((device) =>
        device
          .addresses(net)
          .filter(({ ip }) => (typeof ip === "number") === (f === AF.INET))
          .map((address) => [RTM.NEWADDR, addr(device, address)] as const),
      ),
    );
};
/**
 * The addresses that programs may give the loopback device of a namespace. `sizes.netNamespace` has their
 * room.
 */
const MOST_GIVEN = 32;
/**
 * The address in a request for the loopback device, or -errno. Linux rtm_to_ifaddr(), inet6_rtm_newaddr().
 */
const addressIn = ({ bytes }: NetlinkRequest): DeviceAddress | number => {
  if (bytes.length < HEADER + ADDR) return -E.EINVAL;
  const [family, prefix = 0, , scope = 0] = bytes.subarray(HEADER);
  const most = family === AF.INET ? 32 : family === AF.INET6 ? 128 : -1;
  if (most < 0) return -E.EOPNOTSUPP;
  const local = attribute(bytes, HEADER + ADDR, IFA.LOCAL) ?? attribute(bytes, HEADER + ADDR, IFA.ADDRESS);
  if (!local || prefix > most) return -E.EINVAL;
  if (local.length < most / 8) return -E.ERANGE;
  const index = view(bytes).getInt32(HEADER + 4, true);
  if (index !== lo.index) return index === ethernet.index ? -E.EOPNOTSUPP : -E.ENODEV;
  const ip = family === AF.INET ? view(local).getUint32(0) : ofBytes(local);
  return { ip, prefix, scope: family === AF.INET ? scope : 0 };
};
const isMain = ({ ip, prefix }: DeviceAddress): boolean => ip === LOOPBACK && prefix === 8;
/** RTM_NEWADDR. An address that is there is refused, or with NLM_F_REPLACE stays. */
const newAddr = (net: NetNamespace, request: NetlinkRequest): number => {
  const address = addressIn(request);
  if (typeof address === "number") return address;
  const { ip, prefix } = address;
  const there = lo.addresses(net).some((each) => each.ip === ip && (typeof ip === "string" || each.prefix === prefix));
  if (there) return request.flags & NLM_F.REPLACE && !(request.flags & NLM_F.EXCL) ? 0 : -E.EEXIST;
  if (isMain(address)) net.addressed = true;
  else if (net.given.length >= MOST_GIVEN) return -E.ENOBUFS;
  else net.given.push(address);
  return 0;
};
/** RTM_DELADDR. */
const deleteAddr = (net: NetNamespace, request: NetlinkRequest): number => {
  const address = addressIn(request);
  if (typeof address === "number") return address;
  // The prefix counts for IPv6 only. Linux inet_rtm_deladdr(), inet6_addr_del().
  const isIt = ({ ip, prefix }: DeviceAddress): boolean => ip === address.ip && (typeof ip === "number" || prefix === address.prefix);
  const at = net.given.findIndex(isIt);
  if (at >= 0) net.given.splice(at, 1);
  else if (address.ip === LOOPBACK && net.addressed) net.addressed = false;
  else return -E.EADDRNOTAVAIL;
  return 0;
};

/** A route of the main table. */
const routeMessage = (length: number, protocol: number, scope: number, list: Parameters<typeof body>[1]): Uint8Array =>
  body(Uint8Array.from([AF.INET, length, 0, 0, RT_TABLE.MAIN, protocol, scope, RTN.UNICAST, ...u32(0)]), list);
/** The routes of the main table: the default one, and one for each network. Linux inet_dump_fib(). */
const routes = (net: NetNamespace, { bytes }: NetlinkRequest): NetlinkReply => {
  const family = bytes[HEADER];
  if (family !== AF.UNSPEC && family !== AF.INET) return [];
  return devicesOf(net)
    .filter((device) => device !== lo)
    .flatMap((device) => {
      const oif = [RTA.OIF, u32(device.index)] as const;
      const table = [RTA.TABLE, u32(RT_TABLE.MAIN)] as const;
      const gateway = device.gateway(net);
      const first = gateway === undefined ? [] : [routeMessage(0, RTPROT.BOOT, 0, [table, [RTA.GATEWAY, networkOrder(gateway)], oif])];
      const four = device.addresses(net).filter(({ ip }) => typeof ip === "number");
      const others = four.map((address) =>
        routeMessage(address.prefix, RTPROT.KERNEL, SCOPE_LINK, [
          table,
          [RTA.DST, networkOf(address)],
          [RTA.PREFSRC, networkOrder(address.ip)],
          oif,
        ]),
      );
      return [...first, ...others].map((message) => [RTM.NEWROUTE, message] as const);
    });
};
/**
 * The route to one address. Only those of the loopback device have one. Without RTM_F_LOOKUP_TABLE the answer
 * names the main table. Linux inet_rtm_getroute().
 */
const route = (task: Task, { bytes }: NetlinkRequest): NetlinkReply | number => {
  const to = attribute(bytes, HEADER + ROUTE, RTA.DST);
  if (bytes[HEADER] !== AF.INET || to?.length !== 4) return -E.EOPNOTSUPP;
  const { net } = task;
  const ip = view(to).getUint32(0);
  if (!net.up || !net.isOwn(ip) || (ethernet.addresses(net).some((each) => each.ip === ip) && net.uplink)) return -E.ENETUNREACH;
  const source = isLoopback(ip) ? to : networkOrder(net.sourceFor(ip));
  const head = new Uint8Array(ROUTE);
  head.set([AF.INET, 32, 0, 0, RT_TABLE.MAIN, 0, 0, RTN.LOCAL]);
  view(head).setUint32(8, (RTM_F_CLONED | RTCF_LOCAL) >>> 0, true);
  const cache = new Uint8Array(32);
  return [
    [
      RTM.NEWROUTE,
      body(head, [
        [RTA.TABLE, u32(RT_TABLE.MAIN)],
        [RTA.DST, to],
        [RTA.OIF, u32(lo.index)],
        [RTA.PREFSRC, source],
        [RTA.UID, u32(task.cred.fsuid)],
        [RTA.CACHEINFO, cache],
      ]),
    ],
  ];
};

/**
 * The initial rules of a namespace: priority and table. Linux fib_default_rules_init(),
 * fib6_rules_net_init().
 */
const rules = {
  [AF.INET]: [
    [0, RT_TABLE.LOCAL],
    [32766, RT_TABLE.MAIN],
    [32767, RT_TABLE.DEFAULT],
  ],
  [AF.INET6]: [
    [0, RT_TABLE.LOCAL],
    [32766, RT_TABLE.MAIN],
  ],
} as const;
const rule = (family: InetFamily, priority: number, table: number): Uint8Array => {
  const head = new Uint8Array(ROUTE);
  head.set([family, 0, 0, 0, table, 0, 0, FR_ACT_TO_TBL]);
  return body(head, [
    [FRA.TABLE, u32(table)],
    [FRA.SUPPRESS_PREFIXLEN, u32(0xffff_ffff)],
    [FRA.PROTOCOL, Uint8Array.of(RTPROT.KERNEL)],
    ...(priority === 0 ? [] : ([[FRA.PRIORITY, u32(priority)]] as const)),
  ]);
};
const rulesOf = ({ bytes }: NetlinkRequest): NetlinkReply => {
  const family = bytes[HEADER];
  return ([AF.INET, AF.INET6] as const)
    .filter((f) => family === AF.UNSPEC || family === f)
    .flatMap((f) => rules[f].map(([priority, table]) => [RTM.NEWRULE, rule(f, priority, table)] as const));
};

/** Serves a request about devices, addresses and routes. */
export const rtnetlink: Service = (task, request) => {
  const { net } = task;
  const dump = isDump(request);
  switch (request.type) {
    case RTM.GETLINK:
      return links(net, request);
    case RTM.GETADDR:
      return dump ? addresses(net, request) : -E.EOPNOTSUPP;
    case RTM.GETROUTE:
      return dump ? routes(net, request) : route(task, request);
    case RTM.GETRULE:
      return dump ? rulesOf(request) : -E.EOPNOTSUPP;
    case RTM.GETNEIGH:
      return dump ? [] : -E.EOPNOTSUPP;
  }
  if (request.type < RTM.NEWLINK) return 0;
  if (!capableIn(task.cred, net.owner, CAP.NET_ADMIN)) return -E.EPERM;
  if (request.type === RTM.NEWADDR) return newAddr(net, request);
  if (request.type === RTM.DELADDR) return deleteAddr(net, request);
  return request.type === RTM.NEWLINK || request.type === RTM.SETLINK ? setLink(net, request) : -E.EOPNOTSUPP;
};
