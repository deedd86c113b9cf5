// NETLINK_SOCK_DIAG: the sockets of a network namespace, as ss(8) lists them. man 7 sock_diag; Linux
// net/core/sock_diag.c, net/ipv4/inet_diag.c, net/unix/diag.c.
import { E } from "../../../abi/errno.ts";
import { AF, IPPROTO } from "../../../abi/uapi/socket.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { ANY, ANY6, type Endpoint, type InetFamily, type Ip } from "../../net/inet-address.ts";
import { TcpSocket } from "../../net/tcp.ts";
import { UdpSocket } from "../../net/udp.ts";
import { unixTable } from "../../net/unix/table.ts";
import type { UnixSocket } from "../../net/unix/unix.ts";
import { type Broken, body, HEADER, isDump, type NetlinkReply, type NetlinkRequest, type Service, u32, view } from "./message.ts";

const SOCK_DIAG_BY_FAMILY = 20;
/** struct inet_diag_req_v2, inet_diag_msg; unix_diag_req, unix_diag_msg. */
const INET_REQUEST = 56;
const INET_MESSAGE = 72;
const UNIX_REQUEST = 24;
const UNIX_MESSAGE = 16;
/** States of sockets. Linux net/tcp_states.h. */
const STATE = { ESTABLISHED: 1, CLOSE: 7, LISTEN: 10 } as const;
/** Attributes and the flags that ask for them. Linux uapi linux/inet_diag.h, linux/unix_diag.h. */
const INET_DIAG = { SHUTDOWN: 8, SKV6ONLY: 11 } as const;
const UNIX_DIAG = { NAME: 0, VFS: 1, PEER: 2, RQLEN: 4, SHUTDOWN: 6 } as const;
const UDIAG_SHOW = { NAME: 1, VFS: 2, PEER: 4, RQLEN: 0x10 } as const;

type InetSocket = TcpSocket | UdpSocket;
const stateOf = (socket: InetSocket): number =>
  socket instanceof TcpSocket ? socket.stateNumber : socket.peerName ? STATE.ESTABLISHED : STATE.CLOSE;

/** Port in network order, then sixteen bytes of address, of which IPv4 has four. */
const ipBytes = (ip: Ip, v6: boolean): number[] => {
  if (typeof ip === "string") return Array.from(ip, (c) => c.charCodeAt(0));
  const four = [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255];
  return v6 ? [...new Array<number>(10).fill(0), 255, 255, ...four] : four;
};

const inetMessage = (socket: InetSocket): Uint8Array => {
  const v6 = socket.domain === AF.INET6;
  const peer: Endpoint = socket.peerName ?? { ip: v6 ? ANY6 : ANY, port: 0 };
  const out = new Uint8Array(INET_MESSAGE);
  const v = view(out);
  const listens = socket instanceof TcpSocket && socket.listening;
  out.set([socket.domain, stateOf(socket), 0, 0]);
  v.setUint16(4, socket.port);
  v.setUint16(6, peer.port);
  out.set(ipBytes(socket.ip, v6), 8);
  out.set(ipBytes(peer.ip, v6), 24);
  v.setUint32(44, socket.inode.ino, true);
  v.setUint32(56, listens ? socket.pendingConnections : socket.waitingBytes, true);
  v.setUint32(60, listens ? socket.mostPending : 0, true);
  v.setUint32(64, socket.uid, true);
  v.setUint32(68, socket.inode.ino, true);
  const only6 = [INET_DIAG.SKV6ONLY, Uint8Array.of(Number(socket.only6))] as const;
  return body(out, [[INET_DIAG.SHUTDOWN, Uint8Array.of(0)], ...(v6 && (listens || stateOf(socket) === STATE.CLOSE) ? [only6] : [])]);
};

/** The sockets of a protocol and family whose state is in the mask. */
const inetSockets = (task: Task, { bytes }: NetlinkRequest, family: InetFamily): NetlinkReply | Broken | number => {
  if (bytes.length < HEADER + INET_REQUEST) return -E.EINVAL;
  const protocol = bytes[HEADER + 1];
  if (protocol !== IPPROTO.TCP && protocol !== IPPROTO.UDP) return { ended: -E.ENOENT };
  const states = view(bytes).getUint32(HEADER + 4, true);
  const found = [...task.net[protocol === IPPROTO.TCP ? "tcp" : "udp"].sockets()]
    .filter((holder): holder is InetSocket => holder instanceof TcpSocket || holder instanceof UdpSocket)
    .filter((socket) => socket.domain === family && (states & (1 << stateOf(socket))) !== 0);
  task.kernel.charge(found.length * cost.mapping);
  return found.map((socket) => [SOCK_DIAG_BY_FAMILY, inetMessage(socket)]);
};

const unixState = ({ backlog, connected, peer }: UnixSocket): number =>
  backlog ? STATE.LISTEN : connected || peer ? STATE.ESTABLISHED : STATE.CLOSE;
const unixMessage = (socket: UnixSocket, show: number): Uint8Array => {
  const out = new Uint8Array(UNIX_MESSAGE);
  const v = view(out);
  out.set([AF.UNIX, socket.type, unixState(socket), 0]);
  v.setUint32(4, socket.inode.ino, true);
  v.setUint32(8, socket.inode.ino, true);
  const { address, backlog, peer } = socket;
  const name = Uint8Array.from(address, (c) => c.charCodeAt(0));
  const queued = backlog ? [backlog.length, socket.backlogMax] : [socket.waitingBytes, 0];
  return body(out, [
    ...((show & UDIAG_SHOW.NAME) !== 0 && name.length > 0 ? ([[UNIX_DIAG.NAME, name]] as const) : []),
    ...((show & UDIAG_SHOW.PEER) !== 0 && peer ? ([[UNIX_DIAG.PEER, u32(peer.inode.ino)]] as const) : []),
    ...((show & UDIAG_SHOW.RQLEN) !== 0 ? ([[UNIX_DIAG.RQLEN, new Uint8Array(Uint32Array.from(queued).buffer)]] as const) : []),
    [UNIX_DIAG.SHUTDOWN, Uint8Array.of(Number(socket.readShut) | (Number(socket.writeShut) << 1))],
  ]);
};
const unixSockets = (task: Task, { bytes }: NetlinkRequest): NetlinkReply | number => {
  if (bytes.length < HEADER + UNIX_REQUEST) return -E.EINVAL;
  const v = view(bytes);
  const [states, show] = [v.getUint32(HEADER + 4, true), v.getUint32(HEADER + 12, true)];
  const found = [...unixTable(task.net).all].filter((socket) => (states & (1 << unixState(socket))) !== 0);
  task.kernel.charge(found.length * cost.mapping);
  return found.map((socket) => [SOCK_DIAG_BY_FAMILY, unixMessage(socket, show)]);
};

/** Serves a dump of sockets. Single sockets and other families are not served. */
export const sockDiag: Service = (task, request) => {
  if (request.type !== SOCK_DIAG_BY_FAMILY) return -E.EINVAL;
  if (request.bytes.length < HEADER + 4) return -E.EINVAL;
  const family = request.bytes[HEADER];
  if (family !== AF.INET && family !== AF.INET6 && family !== AF.UNIX) return family !== undefined && family < 46 ? -E.ENOENT : -E.EINVAL;
  if (!isDump(request)) return -E.EOPNOTSUPP;
  return family === AF.UNIX ? unixSockets(task, request) : inetSockets(task, request, family);
};
