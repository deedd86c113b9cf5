// Sockets: making, naming and connecting them. man 2 socket, bind, listen, accept, connect, getsockopt; Linux net/socket.c.
import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { fd, int, ptr } from "../arg.ts";
import { choice } from "../arg-flags.ts";
import { type FileDescription, POLLIN } from "../fs/file.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../fs/open-flags.ts";
import { SOCK, Socket, type SocketType } from "../net/socket.ts";
import { AF_UNIX, UnixSocket } from "../net/unix.ts";
import { type Arg, type Result, type Syscall, syscall } from "../syscall.ts";
import type { Task } from "../task.ts";
import { wait } from "../wait.ts";
import { install } from "./path.ts";
import { finish } from "./transfer.ts";

const TYPE_MASK = 0xf;
const SOCK_CLOEXEC = O_CLOEXEC;
const SOCK_NONBLOCK = O_NONBLOCK;
const MAX_DOMAIN = 46;

interface Wanted {
  readonly type: SocketType;
  readonly cloexec: boolean;
  readonly nonblock: boolean;
}
/** Domain, type and protocol, in Linux's order of checks. */
const wanted = (domain: number, word: number, protocol: number): Wanted | number => {
  if ((word & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -E.EINVAL;
  if (domain < 0 || domain >= MAX_DOMAIN) return -E.EAFNOSUPPORT;
  const type = word & TYPE_MASK;
  if (type > 10) return -E.EINVAL;
  if (domain !== AF_UNIX) return -E.EAFNOSUPPORT;
  if (protocol !== 0 && protocol !== AF_UNIX) return -E.EPROTONOSUPPORT;
  // SOCK_RAW is taken for SOCK_DGRAM: unix_create().
  const known = type === SOCK.RAW ? SOCK.DGRAM : type;
  if (known !== SOCK.STREAM && known !== SOCK.DGRAM && known !== SOCK.SEQPACKET) return -E.ESOCKTNOSUPPORT;
  return { type: known, cloexec: (word & SOCK_CLOEXEC) !== 0, nonblock: (word & SOCK_NONBLOCK) !== 0 };
};

export const socket = (t: Task, domain: number, type: number, protocol: number): number => {
  const w = wanted(domain, type, protocol);
  return typeof w === "number" ? w : install(t, new UnixSocket(t, w.type, w.nonblock), w.cloexec);
};

export const socketpair = (t: Task, domain: number, type: number, protocol: number, at: VAddr): number => {
  const w = wanted(domain, type, protocol);
  if (typeof w === "number") return w;
  const fds = UnixSocket.pair(t, w.type, w.nonblock).map((s) => install(t, s, w.cloexec));
  const [a, b] = fds as [number, number];
  const bad = a < 0 ? a : b < 0 ? b : t.mem.setU32(at, a) && t.mem.setU32(at + 4, b) ? 0 : -E.EFAULT;
  if (bad < 0) for (const n of fds) if (n >= 0) t.files.close(n);
  return bad;
};

/** The socket of a call that may have waited. */
export const socketOf = (t: Task, n: number): Socket | number => {
  const file: FileDescription | undefined = (t.waited.held as FileDescription | undefined) ?? t.files.get(n);
  if (!file) return -E.EBADF;
  return file instanceof Socket ? file : -E.ENOTSOCK;
};
const withSocket = (t: Task, n: number, use: (s: Socket) => Result): Result => {
  const s = socketOf(t, n);
  return typeof s === "number" ? s : use(s);
};
/** Hold the socket while its call waits. */
export const waitFor = (t: Task, s: Socket, events: number): Result => {
  t.waited.held ??= s.hold();
  return wait(s.queues(events));
};

/** struct sockaddr_un { u16 family; char path[108]; } */
const PATH_SIZE = 108;
export const readAddress = (t: Task, at: VAddr, length: number): string | number => {
  if (length < 0 || length > 128) return -E.EINVAL;
  if (length < 2) return -E.EINVAL;
  const bytes = t.mem.read(at, length);
  if (!bytes) return -E.EFAULT;
  if ((bytes[0] as number) + ((bytes[1] as number) << 8) !== AF_UNIX || length > 2 + PATH_SIZE) return -E.EINVAL;
  const path = String.fromCharCode(...bytes.subarray(2));
  return path.startsWith("\0") ? path : (path.split("\0", 1)[0] ?? "");
};
/** `length` is a value-result argument: room in, whole length out. */
export const writeAddress = (t: Task, at: VAddr, lengthAt: VAddr, address: string): number => {
  if (at === 0) return 0;
  const room = t.mem.u32(lengthAt);
  if (room < 0) return -E.EFAULT;
  if (room > 0x7fff_ffff) return -E.EINVAL;
  const all = addressBytes(address);
  return t.mem.write(at, all.subarray(0, room)) && t.mem.setU32(lengthAt, all.length) ? 0 : -E.EFAULT;
};
export const addressBytes = (address: string): Uint8Array => {
  const tail = address === "" || address.startsWith("\0") ? address : `${address}\0`;
  return Uint8Array.from([AF_UNIX, 0, ...Array.from(tail, (c) => c.charCodeAt(0))]);
};

export const bind = (t: Task, n: number, at: VAddr, length: number): Result =>
  withSocket(t, n, (s) => {
    const address = readAddress(t, at, length);
    return typeof address === "number" ? address : s.bind(t, address);
  });
export const listen = (t: Task, n: number, backlog: number): Result => withSocket(t, n, (s) => s.listen(t, backlog));
export const connect = (t: Task, n: number, at: VAddr, length: number): Result =>
  withSocket(t, n, (s) => {
    const address = readAddress(t, at, length);
    return typeof address === "number" ? address : s.connect(t, address, (s.flags & O_NONBLOCK) !== 0);
  });
export const accept = (t: Task, n: number, at: VAddr, lengthAt: VAddr, how: number): Result =>
  withSocket(t, n, (s) => {
    if ((how & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -E.EINVAL;
    const end = s.accept(t, (how & SOCK_NONBLOCK) !== 0);
    if (end === -E.EAGAIN && (s.flags & O_NONBLOCK) === 0) return waitFor(t, s, POLLIN);
    if (typeof end === "number") return finish(t, end);
    const made = install(t, end, (how & SOCK_CLOEXEC) !== 0);
    if (made < 0) return finish(t, made);
    const named = writeAddress(t, at, lengthAt, end.peerAddress ?? "");
    if (named < 0) t.files.close(made);
    return finish(t, named < 0 ? named : made);
  });
export const getsockname = (t: Task, n: number, at: VAddr, lengthAt: VAddr): Result =>
  withSocket(t, n, (s) => (at === 0 ? -E.EFAULT : writeAddress(t, at, lengthAt, s.address)));
export const getpeername = (t: Task, n: number, at: VAddr, lengthAt: VAddr): Result =>
  withSocket(t, n, (s) => {
    const { peerAddress } = s;
    if (peerAddress === undefined) return -E.ENOTCONN;
    return at === 0 ? -E.EFAULT : writeAddress(t, at, lengthAt, peerAddress);
  });
export const shutdown = (t: Task, n: number, how: number): Result => withSocket(t, n, (s) => s.shutdown(how));

export const getsockopt = (t: Task, n: number, level: number, option: number, at: VAddr, lengthAt: VAddr): Result =>
  withSocket(t, n, (s) => {
    const room = t.mem.u32(lengthAt);
    if (room < 0) return -E.EFAULT;
    if (room > 0x7fff_ffff) return -E.EINVAL;
    const value = s.getOption(t, level, option);
    if (typeof value === "number") return value;
    const shown = value.subarray(0, room);
    return t.mem.write(at, shown) && t.mem.setU32(lengthAt, shown.length) ? 0 : -E.EFAULT;
  });
const MAX_OPTION = 64;
export const setsockopt = (t: Task, n: number, level: number, option: number, at: VAddr, length: number): Result =>
  withSocket(t, n, (s) => {
    if (length < 0) return -E.EINVAL;
    const value = t.mem.read(at, Math.min(length, MAX_OPTION));
    return value ? s.setOption(t, level, option, value) : -E.EFAULT;
  });

const domainArg = choice("int", { AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16, AF_PACKET: 17 }, "AF_???");
const typeArg: Arg<number> = {
  ...int,
  show: (v) => {
    const name = Object.entries(SOCK).find(([, n]) => n === (v & TYPE_MASK))?.[0];
    const parts = [name ? `SOCK_${name}` : `${v & TYPE_MASK} /* SOCK_??? */`];
    if ((v & SOCK_CLOEXEC) !== 0) parts.push("SOCK_CLOEXEC");
    if ((v & SOCK_NONBLOCK) !== 0) parts.push("SOCK_NONBLOCK");
    return parts.join("|");
  },
};
const pairOut: Arg<VAddr> = {
  ...ptr,
  out: true,
  show: (v, ctx) => (ctx.ret < 0 ? ptr.show(v, ctx) : `[${ctx.task.mem.u32(v)}, ${ctx.task.mem.u32(v + 4)}]`),
};

const NOTE = { note: "local sockets (AF_UNIX) only" } as const;
const CYCLES = { note: "local sockets (AF_UNIX) only; descriptors that hold each other in flight are never freed" } as const;
export const socketCalls: readonly Syscall[] = [
  syscall("socket", { domain: domainArg, type: typeArg, protocol: int }, (t, a) => socket(t, a.domain, a.type, a.protocol), NOTE),
  syscall(
    "socketpair",
    { domain: domainArg, type: typeArg, protocol: int, sv: pairOut },
    (t, a) => socketpair(t, a.domain, a.type, a.protocol, a.sv),
    CYCLES,
  ),
  syscall("bind", { sockfd: fd, addr: ptr, addrlen: int }, (t, a) => bind(t, a.sockfd, a.addr, a.addrlen)),
  syscall("listen", { sockfd: fd, backlog: int }, (t, a) => listen(t, a.sockfd, a.backlog)),
  syscall("connect", { sockfd: fd, addr: ptr, addrlen: int }, (t, a) => connect(t, a.sockfd, a.addr, a.addrlen)),
  syscall("accept", { sockfd: fd, addr: ptr, addrlen: ptr }, (t, a) => accept(t, a.sockfd, a.addr, a.addrlen, 0)),
  syscall("accept4", { sockfd: fd, addr: ptr, addrlen: ptr, flags: int }, (t, a) => accept(t, a.sockfd, a.addr, a.addrlen, a.flags)),
  syscall("getsockname", { sockfd: fd, addr: ptr, addrlen: ptr }, (t, a) => getsockname(t, a.sockfd, a.addr, a.addrlen)),
  syscall("getpeername", { sockfd: fd, addr: ptr, addrlen: ptr }, (t, a) => getpeername(t, a.sockfd, a.addr, a.addrlen)),
  syscall("shutdown", { sockfd: fd, how: int }, (t, a) => shutdown(t, a.sockfd, a.how)),
  syscall("getsockopt", { sockfd: fd, level: int, optname: int, optval: ptr, optlen: ptr }, (t, a) =>
    getsockopt(t, a.sockfd, a.level, a.optname, a.optval, a.optlen),
  ),
  syscall("setsockopt", { sockfd: fd, level: int, optname: int, optval: ptr, optlen: int }, (t, a) =>
    setsockopt(t, a.sockfd, a.level, a.optname, a.optval, a.optlen),
  ),
];
