// Sockets: creation, addresses, connections and options. man 2 socket, bind, listen, accept, connect,
// getsockopt; Linux net/socket.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { AF, IPPROTO, SHUT, SOCK, type SocketType } from "../../../abi/uapi/socket.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { mayUseAddress } from "../../cred/security.ts";
import { type FileDescription, POLLIN } from "../../fs/vfs/file.ts";
import { install } from "../../fs/vfs/install.ts";
import type { AddressUse } from "../../net/address.ts";
import type { NewSocket, SocketFamily } from "../../net/family.ts";
import type { InetFamily } from "../../net/inet-address.ts";
import type { Told } from "../../net/options/row.ts";
import { Socket } from "../../net/socket.ts";
import { TcpSocket } from "../../net/tcp.ts";
import { UdpSocket } from "../../net/udp.ts";
import { UnixSocket } from "../../net/unix/unix.ts";
import { fd, int, ptr } from "../../syscall/arg.ts";
import { choice, flags } from "../../syscall/arg-flags.ts";
import { changedLength, filled, given } from "../../syscall/arg-struct.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { finish } from "../file/transfer.ts";

const TYPE_MASK = 0xf;
const SOCK_CLOEXEC = O_CLOEXEC;
const SOCK_NONBLOCK = O_NONBLOCK;
const MAX_DOMAIN = 46;

/** Linux unix_create(): SOCK_RAW means SOCK_DGRAM. */
const unixFamily: SocketFamily = (t, type, protocol, nonblock) => {
  if (protocol !== 0 && protocol !== AF.UNIX) return -E.EPROTONOSUPPORT;
  const socketType = type === SOCK.RAW ? SOCK.DGRAM : (type as SocketType);
  if (socketType !== SOCK.STREAM && socketType !== SOCK.DGRAM && socketType !== SOCK.SEQPACKET) return -E.ESOCKTNOSUPPORT;
  return { make: () => new UnixSocket(t, socketType, nonblock), pair: () => UnixSocket.pair(t, socketType, nonblock) };
};

const IPPROTO_MAX = 263;
/** Linux inet_create(), inet6_create(). */
const inetFamily =
  (domain: InetFamily): SocketFamily =>
  (t, type, protocol, nonblock) => {
    if (protocol < 0 || protocol >= IPPROTO_MAX) return -E.EINVAL;
    const is = (number: number): boolean => protocol === 0 || protocol === number;
    if (type === SOCK.STREAM) return is(IPPROTO.TCP) ? { make: () => new TcpSocket(t, { domain, nonblock }) } : -E.EPROTONOSUPPORT;
    if (type === SOCK.DGRAM && protocol === IPPROTO.UDPLITE) return { make: () => new UdpSocket(t, { domain, nonblock }, protocol) };
    if (type === SOCK.DGRAM && is(IPPROTO.UDP)) return { make: () => new UdpSocket(t, { domain, nonblock }) };
    for (const { inetSockets } of t.kernel.features) {
      const created = inetSockets?.(t, type, protocol, { domain, nonblock });
      if (created !== undefined) return created;
    }
    return type === SOCK.DGRAM ? -E.EPROTONOSUPPORT : -E.ESOCKTNOSUPPORT;
  };

const families: Readonly<Record<number, SocketFamily>> = {
  [AF.UNIX]: unixFamily,
  [AF.INET]: inetFamily(AF.INET),
  [AF.INET6]: inetFamily(AF.INET6),
};

const newSocket = (t: Task, domain: number, word: number, protocol: number): NewSocket | number => {
  if ((word & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -E.EINVAL;
  if (domain < 0 || domain >= MAX_DOMAIN) return -E.EAFNOSUPPORT;
  const type = word & TYPE_MASK;
  if (type > 10) return -E.EINVAL;
  const family = families[domain] ?? t.kernel.features.find((feature) => feature.socketFamilies?.[domain])?.socketFamilies?.[domain];
  const made = family?.(t, type, protocol, (word & SOCK_NONBLOCK) !== 0) ?? -E.EAFNOSUPPORT;
  return typeof made === "number" ? made : { ...made, cloexec: (word & SOCK_CLOEXEC) !== 0 };
};

/** socket(2): a descriptor, or -errno. */
export const socket = (t: Task, domain: number, type: number, protocol: number): number => {
  const w = newSocket(t, domain, type, protocol);
  return typeof w === "number" ? w : install(t, w.make(), w.cloexec);
};

/** socketpair(2): 0 or -errno. */
export const socketpair = (t: Task, domain: number, type: number, protocol: number, at: VAddr): number => {
  const w = newSocket(t, domain, type, protocol);
  if (typeof w === "number") return w;
  if (!w.pair) return -E.EOPNOTSUPP;
  const fds = w.pair().map((s) => install(t, s, w.cloexec));
  const [a, b] = fds as [number, number];
  const bad = a < 0 ? a : b < 0 ? b : t.mem.setU32(at, a) && t.mem.setU32(at + 4, b) ? 0 : -E.EFAULT;
  if (bad < 0) for (const n of fds) if (n >= 0) t.files.close(n);
  return bad;
};

/** The socket of a call that may have waited, or -errno. */
export const socketOf = (t: Task, n: number): Socket | number => {
  const file: FileDescription | undefined = (t.waited.held as FileDescription | undefined) ?? t.files.get(n);
  if (!file) return -E.EBADF;
  return file instanceof Socket ? file : -E.ENOTSOCK;
};
const withSocket = (t: Task, n: number, use: (s: Socket) => Result): Result => {
  const s = socketOf(t, n);
  return typeof s === "number" ? s : use(s);
};
/** Waits for events of a socket and keeps it open meanwhile. */
export const waitFor = (t: Task, s: Socket, events: number): Result => {
  const until = s.waitUntil(t, events);
  if (until !== undefined && t.waited.expired) return finish(t, -E.EAGAIN);
  t.waited.held ??= s.hold();
  return wait(s.queues(events), { until, interrupted: s.interruptedWait(until) });
};

/** Size of struct sockaddr_storage in bytes. */
const MAX_ADDRESS = 128;
/** Linux move_addr_to_kernel(). */
const fetchAddress = (t: Task, at: VAddr, length: number): Uint8Array | number =>
  length < 0 || length > MAX_ADDRESS ? -E.EINVAL : (t.mem.read(at, length) ?? -E.EFAULT);
/** An address in user memory, as the key of the socket's family, or -errno. */
export const readAddress = (t: Task, s: Socket, at: VAddr, length: number, use: AddressUse): string | number => {
  const bytes = fetchAddress(t, at, length);
  return typeof bytes === "number" ? bytes : s.parseAddress(bytes, use);
};
/**
 * Writes an address. The length at `lengthAt` is the buffer size before and the full length after. 0 or
 * -errno.
 */
export const writeAddress = (t: Task, at: VAddr, lengthAt: VAddr, all: Uint8Array): number => {
  if (at === 0) return 0;
  const capacity = t.mem.u32(lengthAt);
  if (capacity < 0) return -E.EFAULT;
  if (capacity > 0x7fff_ffff) return -E.EINVAL;
  return t.mem.write(at, all.subarray(0, capacity)) && t.mem.setU32(lengthAt, all.length) ? 0 : -E.EFAULT;
};

/** bind(2): 0 or -errno. */
export const bind = (t: Task, n: number, at: VAddr, length: number): Result =>
  withSocket(t, n, (s) => {
    const bytes = fetchAddress(t, at, length);
    if (typeof bytes === "number") return bytes;
    const guarded = s.family === undefined ? 0 : mayUseAddress(t, s.family, bytes, "bind");
    if (guarded < 0) return guarded;
    const address = s.parseAddress(bytes, "bind");
    return typeof address === "number" ? address : s.bind(t, address);
  });
/** listen(2): 0 or -errno. */
export const listen = (t: Task, n: number, backlog: number): Result => withSocket(t, n, (s) => s.listen(t, backlog));
/** connect(2): 0, -errno or a wait. */
export const connect = (t: Task, n: number, at: VAddr, length: number): Result => {
  const held = socketOf(t, n);
  if (held === -E.EBADF) return held;
  // Linux __sys_connect(): the address is copied before the descriptor is checked for a socket.
  const fetched = fetchAddress(t, at, length);
  if (typeof fetched === "number") return finish(t, fetched);
  return withSocket(t, n, (s) => {
    const guarded = s.family === undefined ? 0 : mayUseAddress(t, s.family, fetched, "connect");
    if (guarded < 0) return finish(t, guarded);
    const address = s.parseAddress(fetched, "connect");
    if (typeof address === "number") return finish(t, address);
    const result = s.connect(t, address, (s.flags & O_NONBLOCK) !== 0);
    if (typeof result === "number") return finish(t, result);
    t.waited.held ??= s.hold();
    return result;
  });
};
/** accept(2), accept4(2): a descriptor, -errno or a wait. */
export const accept = (t: Task, n: number, at: VAddr, lengthAt: VAddr, how: number): Result => {
  if (socketOf(t, n) === -E.EBADF) return -E.EBADF;
  // Linux do_accept(): the flags are checked before the file.
  if ((how & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -E.EINVAL;
  return withSocket(t, n, (s) => {
    const end = s.accept(t, (how & SOCK_NONBLOCK) !== 0);
    if (end === -E.EAGAIN && (s.flags & O_NONBLOCK) === 0) return waitFor(t, s, POLLIN);
    if (typeof end === "number") return finish(t, end);
    const made = install(t, end, (how & SOCK_CLOEXEC) !== 0);
    if (made < 0) return finish(t, made);
    const named = writeAddress(t, at, lengthAt, end.addressBytes(end.peerAddress ?? ""));
    if (named < 0) t.files.close(made);
    return finish(t, named < 0 ? named : made);
  });
};
/** getsockname(2): 0 or -errno. */
export const getsockname = (t: Task, n: number, at: VAddr, lengthAt: VAddr): Result =>
  withSocket(t, n, (s) => (at === 0 ? -E.EFAULT : writeAddress(t, at, lengthAt, s.addressBytes(s.address))));
/** getpeername(2): 0 or -errno. */
export const getpeername = (t: Task, n: number, at: VAddr, lengthAt: VAddr): Result =>
  withSocket(t, n, (s) => {
    const { peerAddress } = s;
    if (peerAddress === undefined) return s.withoutPeer;
    return at === 0 ? -E.EFAULT : writeAddress(t, at, lengthAt, s.addressBytes(peerAddress));
  });
/** shutdown(2): 0 or -errno. */
export const shutdown = (t: Task, n: number, how: number): Result => withSocket(t, n, (s) => s.shutdown(how));

/** The value of an option for a buffer of `capacity` bytes at `at`: bytes and their length, or -errno. */
export const optionOf = (t: Task, s: Socket, level: number, option: number, at: VAddr, capacity: number, abi: Abi): Told | number => {
  const bytes = (): Uint8Array => t.mem.read(at, Math.min(capacity, 4)) ?? new Uint8Array(0);
  const shown = s.getOption(t, level, option, { length: capacity, bytes, abi });
  if (typeof shown === "number" || !(shown instanceof Uint8Array)) return shown;
  const cut = shown.subarray(0, capacity);
  return { bytes: cut, length: cut.length, errno: 0 };
};
/** getsockopt(2): 0 or -errno. */
export const getsockopt = (t: Task, n: number, level: number, option: number, at: VAddr, lengthAt: VAddr, abi: Abi): Result =>
  withSocket(t, n, (s) => {
    const capacity = t.mem.u32(lengthAt);
    if (capacity < 0) return -E.EFAULT;
    if (capacity > 0x7fff_ffff) return -E.EINVAL;
    const shown = optionOf(t, s, level, option, at, capacity, abi);
    if (typeof shown === "number") return shown;
    return t.mem.write(at, shown.bytes) && t.mem.setU32(lengthAt, shown.length) ? -shown.errno : -E.EFAULT;
  });
/** The longest value: struct group_source_req. */
const MAX_OPTION = 264;
/** setsockopt(2): 0 or -errno. */
export const setsockopt = (t: Task, n: number, level: number, option: number, at: VAddr, length: number, abi: Abi): Result =>
  withSocket(t, n, (s) => {
    if (length < 0) return -E.EINVAL;
    const value = t.mem.read(at, Math.min(length, MAX_OPTION));
    if (!value) return -E.EFAULT;
    return s.setOption(t, level, option, value, abi);
  });

const domainArg = choice("int", Object.fromEntries(Object.entries(AF).map(([name, n]) => [`AF_${name}`, n])), "AF_???");
const typeArg: ArgType<number> = {
  ...int,
  names: SOCK,
  show: (v) => {
    const name = Object.entries({ ...SOCK, RDM: 4, DCCP: 6, PACKET: 10 }).find(([, n]) => n === (v & TYPE_MASK))?.[0];
    const names = [name ? `SOCK_${name}` : `0x${(v & TYPE_MASK).toString(16)} /* SOCK_??? */`];
    if ((v & SOCK_CLOEXEC) !== 0) names.push("SOCK_CLOEXEC");
    if ((v & SOCK_NONBLOCK) !== 0) names.push("SOCK_NONBLOCK");
    return names.join("|");
  },
};
const pairOut: ArgType<VAddr> = {
  ...ptr,
  out: true,
  show: (v, ctx) =>
    ctx.ret < 0 ? ptr.show(v, ctx) : `[${[v, v + 4].map((at) => ctx.style.fd(ctx.task, ctx.task.mem.u32(at))).join(", ")}]`,
};

const acceptFlags = flags("int", { SOCK_NONBLOCK, SOCK_CLOEXEC }, "SOCK_???");
const how = choice("int", { SHUT_RD: SHUT.RD, SHUT_WR: SHUT.WR, SHUT_RDWR: SHUT.RDWR }, "SHUT_???");
const protocol: ArgType<number> = { ...int, show: (v, ctx) => ctx.style.texts.names.protocol(ctx.all["domain"], v) };
const named = { sockfd: fd, addr: filled("namedSockaddr"), addrlen: changedLength };
const option = {
  sockfd: fd,
  level: { ...int, show: (v, ctx) => ctx.style.texts.names.level(v) } satisfies ArgType<number>,
  optname: { ...int, show: (v, ctx) => ctx.style.texts.names.option(ctx.all["level"], v) } satisfies ArgType<number>,
};

const NOTE = {
  note:
    "AF_UNIX; AF_INET and AF_INET6: TCP, UDP and UDP-Lite over the loopback, and outside with --net; raw and packet sockets see the loopback, without TCP and rings for sending; filters are run for all sockets but those of TCP, with 4 million instructions at most for all that see one packet; of AF_NETLINK routing messages, lists of sockets, and lists of nftables, which has no rules; " +
    "no MSG_OOB; a connection to oneself is refused, one that finds the backlog full waits without end",
} as const;
/** Calls on sockets but those that transfer data. man 2 socket, bind, connect, getsockopt. */
export const socketCalls: readonly Syscall[] = [
  syscall("socket", { domain: domainArg, type: typeArg, protocol }, (t, a) => socket(t, a.domain, a.type, a.protocol), NOTE),
  syscall("socketpair", { domain: domainArg, type: typeArg, protocol, sv: pairOut }, (t, a) =>
    socketpair(t, a.domain, a.type, a.protocol, a.sv),
  ),
  syscall("bind", { sockfd: fd, addr: given("sockaddr", "addrlen"), addrlen: int }, (t, a) => bind(t, a.sockfd, a.addr, a.addrlen)),
  syscall("listen", { sockfd: fd, backlog: int }, (t, a) => listen(t, a.sockfd, a.backlog)),
  syscall("connect", { sockfd: fd, addr: given("sockaddr", "addrlen"), addrlen: int }, (t, a) => connect(t, a.sockfd, a.addr, a.addrlen)),
  syscall("accept", named, (t, a) => accept(t, a.sockfd, a.addr, a.addrlen, 0)),
  syscall("accept4", { ...named, flags: acceptFlags }, (t, a) => accept(t, a.sockfd, a.addr, a.addrlen, a.flags)),
  syscall("getsockname", named, (t, a) => getsockname(t, a.sockfd, a.addr, a.addrlen)),
  syscall("getpeername", named, (t, a) => getpeername(t, a.sockfd, a.addr, a.addrlen)),
  syscall("shutdown", { sockfd: fd, how }, (t, a) => shutdown(t, a.sockfd, a.how)),
  syscall("getsockopt", { ...option, optval: filled("optionValue"), optlen: changedLength }, (t, a, abi) =>
    getsockopt(t, a.sockfd, a.level, a.optname, a.optval, a.optlen, abi),
  ),
  syscall(
    "setsockopt",
    { ...option, optval: given("optionValue"), optlen: int },
    (t, a, abi) => setsockopt(t, a.sockfd, a.level, a.optname, a.optval, a.optlen, abi),
    {
      note:
        "no errors are queued (IP_RECVERR, SO_TIMESTAMPING of sent packets); of TCP no times of arrival; no SO_ATTACH_REUSEPORT_CBPF, " +
        "no programs of bpf(2) for sockets, no TCP_REPAIR and TCP_ULP",
    },
  ),
];
