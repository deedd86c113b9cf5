// Socket addresses, messages and options as strace shows them. man 7 socket, ip, unix, netlink; strace
// src/sockaddr.c, msghdr.c, net.c.

import { AF, MSG } from "../../abi/uapi/socket.ts";
import { ofBytes } from "../base/byte-string.ts";
import { msghdr } from "../calls/net/msghdr.ts";
import { SO, SOL } from "../net/options/numbers.ts";
import { flagText } from "../syscall/arg-flags.ts";
import { bufferText, cutText, quote, quoteHex } from "../syscall/arg-string.ts";
import type { ShowContext, Text } from "../syscall/declaration.ts";
import { address, array, braces, bytesAt, decimal, hex, oneOf, read } from "./print.ts";

const named = (prefix: string, table: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(table).map(([name, n]) => [prefix + name, n]));
const family = oneOf(named("AF_", AF), "AF_???");

/** The text of an IPv6 address: `::1`. RFC 5952. */
export const inet6 = (b: Uint8Array): string => {
  const words = Array.from({ length: 8 }, (_, i) => (((b[2 * i] as number) << 8) | (b[2 * i + 1] as number)).toString(16));
  const runs = [...words.join(":").matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, c) => c[0].length - a[0].length);
  const run = runs[0];
  if (!run) return words.join(":");
  const text = words.join(":");
  return `${text.slice(0, run.index)}::${text.slice(run.index + run[0].length).replace(/^:/, "")}`;
};

/** The text of the bytes of a socket address. */
export const addressText = (b: Uint8Array, ctx: ShowContext): string => {
  const v = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const kind = v.getUint16(0, true);
  const head = `{sa_family=${family(kind)}`;
  if (kind === AF.UNIX) {
    if (b.length <= 2) return `${head}}`;
    const abstract = b[2] === 0;
    const name = ofBytes(b.subarray(abstract ? 3 : 2));
    return `${head}, sun_path=${abstract ? `@${quote(name)}` : quote(name.replace(/\0.*$/s, ""))}}`;
  }
  if (kind === AF.INET && b.length >= 16)
    return `${head}, sin_port=htons(${v.getUint16(2)}), sin_addr=inet_addr("${[...b.subarray(4, 8)].join(".")}")}`;
  if (kind === AF.INET6 && b.length >= 24) {
    const scope = b.length >= 28 ? `, sin6_scope_id=${v.getUint32(24, true)}` : "";
    const flow = `sin6_flowinfo=htonl(${v.getUint32(4)})`;
    return `${head}, sin6_port=htons(${v.getUint16(2)}), ${flow}, inet_pton(AF_INET6, "${inet6(b.subarray(8, 24))}", &sin6_addr)${scope}}`;
  }
  if (kind === AF.NETLINK && b.length >= 12)
    return `${head}, nl_pid=${v.getUint32(4, true)}, nl_groups=${v.getUint32(8, true).toString(16).padStart(8, "0")}}`;
  return b.length <= 2 ? `${head}}` : `${head}, sa_data=${cutText(ofBytes(b.subarray(2)), ctx.style)}}`;
};

const MOST_ADDRESS = 128;
const sockaddr: Text = (ctx, at, size) => {
  if (size < 2) return undefined;
  const bytes = bytesAt(ctx, at, size, MOST_ADDRESS);
  return bytes && addressText(bytes, ctx);
};
/** An address whose length the kernel has stored in the argument after it. */
const namedSockaddr: Text = (ctx, at) => {
  const { addrlen } = ctx.all as { addrlen: number };
  const size = addrlen === 0 ? -1 : ctx.task.mem.u32(addrlen);
  return size < 0 ? undefined : sockaddr(ctx, at, size);
};

/** struct iovec: `{iov_base="…", iov_len=5}`. At most `most` bytes of all of them are data. */
const iovecs = (ctx: ShowContext, at: number, count: number, most: number): string | undefined => {
  const { long } = ctx.abi;
  let left = most;
  return array(ctx, at, count, 2 * long, (_ctx, element) => {
    const [base, length] = [ctx.task.mem.word(element, long), ctx.task.mem.word(element + long, long)];
    if (base < 0 || length < 0) return undefined;
    const size = Math.min(length, left);
    left -= size;
    return `{iov_base=${base === 0 ? "NULL" : bufferText(ctx, base as never, size)}, iov_len=${length}}`;
  });
};
const iovec: Text = (ctx, at, count) => iovecs(ctx, at, count, Number.POSITIVE_INFINITY);
/** The same with as many bytes as the result. */
const filledIovec: Text = (ctx, at, count) => iovecs(ctx, at, count, ctx.ret);
/** Ranges of memory that are not read: vmsplice, process_vm_readv. */
const ranges: Text = (ctx, at, count) =>
  array(ctx, at, count, 2 * ctx.abi.long, (_ctx, element) => {
    const [base, length] = [0, ctx.abi.long].map((i) => ctx.task.mem.word(element + i, ctx.abi.long)) as [number, number];
    return base < 0 || length < 0 ? undefined : `{iov_base=${address(base)}, iov_len=${length}}`;
  });

const levels = {
  SOL_IP: 0,
  SOL_SOCKET: 1,
  SOL_TCP: 6,
  SOL_UDP: 17,
  SOL_IPV6: 41,
  SOL_ICMPV6: 58,
  SOL_UDPLITE: 136,
  SOL_RAW: 255,
  SOL_PACKET: 263,
  SOL_NETLINK: 270,
};
/** Of an option, and of a control message: strace's comments differ. */
const level = oneOf(levels, "SOL_??");
const controlLevel = oneOf(levels, "SOL_???");
// biome-ignore format: table
const SCM: Readonly<Record<number, string>> = {
  1: "SCM_RIGHTS", 2: "SCM_CREDENTIALS", 3: "SCM_SECURITY", 4: "SCM_PIDFD", 29: "SO_TIMESTAMP_OLD", 35: "SO_TIMESTAMPNS_OLD",
  37: "SO_TIMESTAMPING_OLD", 63: "SO_TIMESTAMP_NEW", 64: "SO_TIMESTAMPNS_NEW", 65: "SO_TIMESTAMPING_NEW",
};

const control = (ctx: ShowContext, at: number, length: number): string => {
  const { long } = ctx.abi;
  const head = long === 8 ? 16 : 12;
  const all = bytesAt(ctx, at, length, 20_480);
  if (!all || length < head) return address(at);
  const v = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const parts: string[] = [];
  for (let i = 0; i + head <= all.length; ) {
    const size = long === 8 ? Number(v.getBigUint64(i, true)) : v.getUint32(i, true);
    const [solLevel, type] = [v.getInt32(i + long, true), v.getInt32(i + long + 4, true)];
    const data = all.subarray(i + head, Math.min(all.length, i + size));
    const words = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let shown: string | undefined = data.length === 0 ? undefined : quoteHex(data);
    if (solLevel === SOL.SOCKET && type === 1)
      shown = `[${Array.from({ length: data.length >> 2 }, (_, n) => ctx.style.fd(ctx.task, words.getInt32(4 * n, true))).join(", ")}]`;
    if (solLevel === SOL.SOCKET && type === 4 && data.length >= 4) shown = ctx.style.fd(ctx.task, words.getInt32(0, true));
    if (solLevel === SOL.SOCKET && type === 2 && data.length >= 12)
      shown = `{pid=${words.getInt32(0, true)}, uid=${words.getUint32(4, true)}, gid=${words.getUint32(8, true)}}`;
    const kind = solLevel === SOL.SOCKET ? (SCM[type] ?? `${hex(type)} /* SCM_??? */`) : hex(type);
    parts.push(
      braces([
        ["cmsg_len", decimal(size)],
        ["cmsg_level", controlLevel(solLevel)],
        ["cmsg_type", kind],
        ["cmsg_data", shown],
      ]),
    );
    if (size < head) break;
    i += Math.ceil(size / long) * long;
  }
  return `[${parts.join(", ")}]`;
};

const msgFlags = named("MSG_", MSG);
const message = (ctx: ShowContext, at: number, data: number): string | undefined => {
  const h = read(msghdr, ctx, at);
  if (!h) return undefined;
  const name = h.msg_name === 0 ? "NULL" : (sockaddr(ctx, h.msg_name, h.msg_namelen) ?? address(h.msg_name));
  const changed = ctx.before === undefined || ctx.before === String(h.msg_namelen) ? "" : `${ctx.before} => `;
  return braces([
    ["msg_name", name],
    ["msg_namelen", `${changed}${h.msg_namelen}`],
    ["msg_iov", h.msg_iov === 0 ? "NULL" : (iovecs(ctx, h.msg_iov, h.msg_iovlen, data) ?? address(h.msg_iov))],
    ["msg_iovlen", decimal(h.msg_iovlen)],
    ["msg_control", h.msg_controllen === 0 ? undefined : control(ctx, h.msg_control, h.msg_controllen)],
    ["msg_controllen", decimal(h.msg_controllen)],
    ["msg_flags", flagText(h.msg_flags, msgFlags)],
  ]);
};
const sent: Text = (ctx, at) => message(ctx, at, Number.POSITIVE_INFINITY);
const received: Text = (ctx, at) => message(ctx, at, ctx.ret);
/** struct mmsghdr: a message and its length. */
const messages: Text = (ctx, at, count) => {
  const [inner, size] = [msghdr.size(ctx.abi), msghdr.size(ctx.abi) + ctx.abi.long];
  return array(ctx, at, count, size, (_ctx, element) => {
    const length = ctx.task.mem.u32(element + inner);
    const text = message(ctx, element, length > 0 ? length : Number.POSITIVE_INFINITY);
    return text && `{msg_hdr=${text}${ctx.ret > 0 ? `, msg_len=${length}` : ""}}`;
  });
};

/** The value of a socket option: an int, a struct timeval, linger or ucred. */
const optionValue: Text = (ctx, at) => {
  const { level: solLevel, optname, optlen } = ctx.all as Record<string, number>;
  // getsockopt has the address of the length.
  const given = (optlen as number) > 4096 ? ctx.task.mem.u32(optlen as number) : (optlen as number);
  const bytes = bytesAt(ctx, at, given, 256);
  if (!bytes) return undefined;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (solLevel === SOL.SOCKET) {
    if (optname === SO.LINGER && given >= 8) return `{l_onoff=${v.getInt32(0, true)}, l_linger=${v.getInt32(4, true)}}`;
    if (optname === SO.PEERCRED && given >= 12)
      return `{pid=${v.getInt32(0, true)}, uid=${v.getInt32(4, true)}, gid=${v.getInt32(8, true)}}`;
    if ((optname === SO.RCVTIMEO || optname === SO.SNDTIMEO) && ctx.abi.long === 8 && given >= 16)
      return `"${quoteHex(bytes).slice(1, -1)}"`;
    if (optname === SO.ERROR && given === 4) return `[${v.getInt32(0, true)}]`;
  }
  return given === 4 ? `[${v.getInt32(0, true)}]` : quote(bytes);
};

// biome-ignore format: table
const optionNames: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [SOL.SOCKET]: {
    1: "SO_DEBUG", 2: "SO_REUSEADDR", 3: "SO_TYPE", 4: "SO_ERROR", 5: "SO_DONTROUTE", 6: "SO_BROADCAST", 7: "SO_SNDBUF", 8: "SO_RCVBUF",
    9: "SO_KEEPALIVE", 10: "SO_OOBINLINE", 11: "SO_NO_CHECK", 12: "SO_PRIORITY", 13: "SO_LINGER", 14: "SO_BSDCOMPAT", 15: "SO_REUSEPORT",
    16: "SO_PASSCRED", 17: "SO_PEERCRED", 18: "SO_RCVLOWAT", 19: "SO_SNDLOWAT", 20: "SO_RCVTIMEO_OLD", 21: "SO_SNDTIMEO_OLD",
    25: "SO_BINDTODEVICE", 26: "SO_ATTACH_FILTER", 27: "SO_DETACH_FILTER", 28: "SO_PEERNAME", 29: "SO_TIMESTAMP_OLD", 30: "SO_ACCEPTCONN",
    31: "SO_PEERSEC", 32: "SO_SNDBUFFORCE", 33: "SO_RCVBUFFORCE", 34: "SO_PASSSEC", 35: "SO_TIMESTAMPNS_OLD", 36: "SO_MARK",
    38: "SO_PROTOCOL", 39: "SO_DOMAIN", 46: "SO_BUSY_POLL", 59: "SO_PEERGROUPS", 66: "SO_RCVTIMEO_NEW", 67: "SO_SNDTIMEO_NEW",
    76: "SO_PASSPIDFD", 77: "SO_PEERPIDFD",
  },
  [SOL.IP]: {
    1: "IP_TOS", 2: "IP_TTL", 3: "IP_HDRINCL", 4: "IP_OPTIONS", 6: "IP_RECVOPTS", 8: "IP_PKTINFO", 10: "IP_MTU_DISCOVER", 11: "IP_RECVERR",
    12: "IP_RECVTTL", 13: "IP_RECVTOS", 14: "IP_MTU", 15: "IP_FREEBIND", 19: "IP_TRANSPARENT", 24: "IP_BIND_ADDRESS_NO_PORT",
    32: "IP_MULTICAST_IF", 33: "IP_MULTICAST_TTL", 34: "IP_MULTICAST_LOOP", 35: "IP_ADD_MEMBERSHIP", 36: "IP_DROP_MEMBERSHIP",
  },
  [SOL.TCP]: {
    1: "TCP_NODELAY", 2: "TCP_MAXSEG", 3: "TCP_CORK", 4: "TCP_KEEPIDLE", 5: "TCP_KEEPINTVL", 6: "TCP_KEEPCNT", 7: "TCP_SYNCNT",
    8: "TCP_LINGER2", 9: "TCP_DEFER_ACCEPT", 10: "TCP_WINDOW_CLAMP", 11: "TCP_INFO", 12: "TCP_QUICKACK", 13: "TCP_CONGESTION",
    18: "TCP_USER_TIMEOUT", 23: "TCP_FASTOPEN", 30: "TCP_FASTOPEN_CONNECT",
  },
  41: { 26: "IPV6_V6ONLY", 16: "IPV6_UNICAST_HOPS", 25: "IPV6_RECVERR", 49: "IPV6_RECVPKTINFO", 66: "IPV6_RECVTCLASS", 67: "IPV6_TCLASS" },
  270: { 1: "NETLINK_ADD_MEMBERSHIP", 3: "NETLINK_PKTINFO", 11: "NETLINK_EXT_ACK", 12: "NETLINK_GET_STRICT_CHK" },
};
/** The name of a level. */
export const levelText = level;
/** The name of an option of a level. */
export const optionText = (solLevel: number, option: number): string => optionNames[solLevel]?.[option] ?? hex(option);

// biome-ignore format: table
const protocols = {
  IPPROTO_IP: 0, IPPROTO_ICMP: 1, IPPROTO_TCP: 6, IPPROTO_UDP: 17, IPPROTO_IPV6: 41, IPPROTO_ICMPV6: 58, IPPROTO_UDPLITE: 136,
  IPPROTO_SCTP: 132, IPPROTO_RAW: 255, IPPROTO_MPTCP: 262,
};
// biome-ignore format: table
const netlinks = {
  NETLINK_ROUTE: 0, NETLINK_USERSOCK: 2, NETLINK_SOCK_DIAG: 4, NETLINK_XFRM: 6, NETLINK_SELINUX: 7, NETLINK_AUDIT: 9,
  NETLINK_FIB_LOOKUP: 10, NETLINK_CONNECTOR: 11, NETLINK_NETFILTER: 12, NETLINK_KOBJECT_UEVENT: 15, NETLINK_GENERIC: 16, NETLINK_CRYPTO: 21,
};
/** The protocol of socket(2), whose names depend on the domain. */
export const protocolText = (domain: number, protocol: number): string => {
  if (domain === AF.INET || domain === AF.INET6) return oneOf(protocols, "IPPROTO_???")(protocol);
  return domain === AF.NETLINK ? oneOf(netlinks, "NETLINK_???")(protocol) : decimal(protocol);
};

/** struct sockaddr and its relatives. */
export const socketTexts = {
  sockaddr,
  namedSockaddr,
  iovec,
  filledIovec,
  ranges,
  msghdr: sent,
  receivedMsghdr: received,
  mmsghdr: messages,
  optionValue,
} satisfies Record<string, Text>;
