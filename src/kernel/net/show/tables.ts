// The files of /proc/PID/net: devices, addresses, routes and sockets of a network namespace. man 5
// proc_pid_net; Linux net/ipv4/tcp_ipv4.c tcp4_seq_show(), net/ipv4/udp.c, net/ipv6/tcp_ipv6.c,
// net/unix/af_unix.c.
import { AF, SOCK } from "../../../abi/uapi/socket.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { devicesOf, maskOf } from "../devices.ts";
import { ANY, ANY6, type InetFamily, type Ip } from "../inet-address.ts";
import type { NetNamespace } from "../namespace.ts";
import { TcpSocket } from "../tcp.ts";
import { UdpSocket } from "../udp.ts";
import { unixTable } from "../unix/table.ts";
import type { UnixSocket } from "../unix/unix.ts";

declare module "../../core/feature.ts" {
  interface Feature {
    /** Files of /proc/net, with their content for a task of the namespace. */
    readonly netFiles?: Readonly<Record<string, (task: Task) => string>>;
  }
}

const hex = (n: number, digits: number): string => n.toString(16).toUpperCase().padStart(digits, "0");
const chars = (ip: Ip, six: boolean): number[] => {
  if (typeof ip === "string") return Array.from(ip, (c) => c.charCodeAt(0));
  const four = [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255];
  return six ? [...new Array<number>(10).fill(0), 255, 255, ...four] : four;
};
/** `0100007F:1F90`: words of the address in the order of the host's bytes, and the port. */
const endpoint = (ip: Ip, port: number, six: boolean): string => {
  const bytes = chars(ip, six);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4) for (let j = 3; j >= 0; j--) text += hex(bytes[i + j] as number, 2);
  return `${text}:${hex(port, 4)}`;
};

type InetSocket = TcpSocket | UdpSocket;
/** TCP_CLOSE: the state of an unconnected datagram socket. TCP_ESTABLISHED is 1. */
const CLOSE = 7;
const stateOf = (socket: InetSocket): number => (socket instanceof TcpSocket ? socket.stateNumber : socket.peerName ? 1 : CLOSE);

const row = (socket: InetSocket, slot: number, v6: boolean): string => {
  const { peerName, ip, port, uid, inode, refs } = socket;
  const any = v6 ? ANY6 : ANY;
  const queued = socket instanceof TcpSocket && socket.listening ? socket.pendingConnections : socket.waitingBytes;
  const tail = socket instanceof TcpSocket ? " 100 0 0 10 0" : " 0";
  const remote = endpoint(peerName?.ip ?? any, peerName?.port ?? 0, v6);
  const number = String(slot).padStart(socket instanceof TcpSocket ? 4 : 5);
  return (
    `${number}: ${endpoint(ip, port, v6)} ${remote} ${hex(stateOf(socket), 2)} 00000000:${hex(queued, 8)} 00:00000000 ` +
    `00000000 ${String(uid).padStart(5)} ${"0".padStart(8)} ${inode.ino} ${refs} 0000000000000000${tail}`
  );
};

/** The headings, and the width of lines for IPv4. Linux TMPSZ. */
const COLUMNS = "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const four = `local_address rem_address   ${COLUMNS}`;
const six = `${"local_address".padEnd(38)}${"remote_address".padEnd(38)}${COLUMNS}`;
const POINTERS = " ref pointer drops";
const heads = { tcp: [`  sl  ${four}`, `  sl  ${six}`], udp: [`   sl  ${four}${POINTERS}`, `  sl  ${six}${POINTERS}`] } as const;
const widths = { tcp: 149, udp: 127 } as const;

/** The sockets of one protocol and family that hold a port. */
const inetText = (task: Task, protocol: "tcp" | "udp", domain: InetFamily): string => {
  const v6 = domain === AF.INET6;
  const rows = [...task.net[protocol].sockets()]
    .filter((holder): holder is InetSocket => holder instanceof TcpSocket || holder instanceof UdpSocket)
    .filter((socket) => socket.domain === domain)
    .map((socket, slot) => row(socket, slot, v6));
  task.kernel.charge(rows.length * cost.mapping);
  return [heads[protocol][v6 ? 1 : 0], ...rows].map((line) => `${line.padEnd(v6 ? 0 : widths[protocol])}\n`).join("");
};

/** Flags of a listening socket, and socket states: Linux __SO_ACCEPTCON, enum socket_state. */
const ACCEPTS = 0x10000;
const unixText = (task: Task): string => {
  const rows = [...unixTable(task.net).all].map((socket: UnixSocket) => {
    const state = socket.connected || (socket.type === SOCK.DGRAM && socket.peer) ? 3 : 1;
    const name = socket.address.startsWith("\0") ? socket.address.replaceAll("\0", "@") : socket.address;
    const flags = hex(socket.backlog ? ACCEPTS : 0, 8);
    const line = `0000000000000000: ${hex(socket.refs + 1, 8)} 00000000 ${flags} ${hex(socket.type, 4)} ${hex(state, 2)} ${String(socket.inode.ino).padStart(5)}`;
    return `${line}${name === "" ? "" : ` ${name}`}\n`;
  });
  task.kernel.charge(rows.length * cost.mapping);
  return `Num       RefCount Protocol Flags    Type St Inode Path\n${rows.join("")}`;
};

const WIDTHS = [7, 7, 4, 4, 4, 5, 10, 9, 8, 7, 4, 4, 4, 5, 7, 10];
const devText = ({ net }: Task): string =>
  "Inter-|   Receive                                                |  Transmit\n" +
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
  devicesOf(net)
    .map(({ name }) => `${name.padStart(6)}: ${WIDTHS.map((width) => "0".padStart(width)).join(" ")}\n`)
    .join("");

const inuse = (task: Task, protocol: "tcp" | "udp", domain: number): number =>
  [...task.net[protocol].sockets()].filter((h) => (h as Partial<InetSocket>).domain === domain).length;
const sockstat = (task: Task): string => {
  const [tcp, udp] = [inuse(task, "tcp", AF.INET), inuse(task, "udp", AF.INET)];
  const used = tcp + udp + unixTable(task.net).all.size;
  return `sockets: used ${used}\nTCP: inuse ${tcp} orphan 0 tw 0 alloc ${tcp} mem 0\nUDP: inuse ${udp} mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n`;
};
const sockstat6 = (task: Task): string =>
  `TCP6: inuse ${inuse(task, "tcp", AF.INET6)}\nUDP6: inuse ${inuse(task, "udp", AF.INET6)}\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n`;

/** Counters of protocols: only open connections are counted. Linux net/ipv4/proc.c snmp_seq_show(). */
const COUNTERS = {
  Ip: "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits",
  Icmp: "InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps",
  Tcp: "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors",
  Udp: "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors",
  UdpLite: "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors",
} as const;
const snmp = (task: Task): string => {
  const open = [...task.net.tcp.sockets()].filter((s) => s instanceof TcpSocket && s.stateNumber === 1).length;
  const known: Readonly<Record<string, number>> = {
    Forwarding: 2,
    DefaultTTL: 64,
    RtoAlgorithm: 1,
    RtoMin: 200,
    RtoMax: 120000,
    MaxConn: -1,
    CurrEstab: open,
  };
  return Object.entries(COUNTERS)
    .map(
      ([protocol, names]) =>
        `${protocol}: ${names}\n${protocol}: ${names
          .split(" ")
          .map((name) => known[name] ?? 0)
          .join(" ")}\n`,
    )
    .join("");
};

/** IFA_F_PERMANENT, and the scopes of Linux's IPv6 addresses: IPV6_ADDR_LOOPBACK, and global. */
const inSix = (net: NetNamespace): string =>
  devicesOf(net)
    .flatMap((device) =>
      device.addresses(net).flatMap(({ ip, prefix, scope }) => {
        if (typeof ip === "number") return [];
        const text = chars(ip, true).map((octet) => octet.toString(16).padStart(2, "0"));
        const [index, length] = [device.index, prefix].map((n) => n.toString(16).padStart(2, "0"));
        return [`${text.join("")} ${index} ${length} ${scope === 0 ? "00" : "10"} 80 ${device.name.padStart(8)}\n`];
      }),
    )
    .join("");
/** RTF_UP, RTF_GATEWAY. */
const routeLine = (device: string, to: number, gateway: number, flags: number, mask: number): string => {
  const word = (ip: number): string => endpoint(ip, 0, false).slice(0, 8);
  return `${[device, word(to), word(gateway), flags.toString(16).padStart(4, "0"), 0, 0, 0, word(mask), 0, 0, 0].join("\t").padEnd(127)}\n`;
};
const routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT".padEnd(127);
/** The routes of the main table. Linux fib_route_seq_show(). */
const routeText = (net: NetNamespace): string => {
  const lines = devicesOf(net)
    .slice(1)
    .flatMap((device) => {
      const gateway = device.gateway(net);
      const networks = device
        .addresses(net)
        .flatMap(({ ip, prefix }) =>
          typeof ip === "number" ? [routeLine(device.name, (ip & maskOf(prefix)) >>> 0, 0, 1, maskOf(prefix))] : [],
        );
      return [...(typeof gateway === "number" ? [routeLine(device.name, 0, gateway, 3, 0)] : []), ...networks];
    });
  return `${routes}\n${lines.join("")}`;
};

/** The files by name, with their content for a task of the namespace. */
export const netFiles: Readonly<Record<string, (task: Task) => string>> = {
  arp: () => "IP address       HW type     Flags       HW address            Mask     Device\n",
  dev: devText,
  if_inet6: (task) => inSix(task.net),
  route: (task) => routeText(task.net),
  snmp,
  sockstat,
  sockstat6,
  tcp: (task) => inetText(task, "tcp", AF.INET),
  tcp6: (task) => inetText(task, "tcp", AF.INET6),
  udp: (task) => inetText(task, "udp", AF.INET),
  udp6: (task) => inetText(task, "udp", AF.INET6),
  unix: unixText,
};
