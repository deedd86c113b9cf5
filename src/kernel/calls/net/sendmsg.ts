// Sending and receiving. man 2 send, recv, sendmsg, recvmsg; Linux net/socket.c ____sys_sendmsg(),
// ____sys_recvmsg().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { MSG, SOCK } from "../../../abi/uapi/socket.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { POLLIN, POLLOUT } from "../../fs/vfs/file.ts";
import { InetSocket } from "../../net/inet.ts";
import { SO } from "../../net/options/numbers.ts";
import { credOf, type ReceiveResult, type Socket } from "../../net/socket.ts";
import { TcpSocket } from "../../net/tcp.ts";
import { UnixSocket } from "../../net/unix/unix.ts";
import { sendToTask } from "../../signal/send.ts";
import { userSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { fd, size, uint } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { inBuffer, outBuffer } from "../../syscall/arg-string.ts";
import { changedLength, filled, given } from "../../syscall/arg-struct.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { CHUNK, gather, importIovec, lent, oneSegment, type Segment, scatter, totalLength } from "../file/iovec.ts";
import { finish } from "../file/transfer.ts";
import { type Ancillary, type Msghdr, msghdr, readControl, readMsghdr, writeControl } from "./msghdr.ts";
import { readAddress, socketOf, writeAddress } from "./socket.ts";

const blocks = (s: Socket, how: number): boolean => (how & MSG.DONTWAIT) === 0 && (s.flags & O_NONBLOCK) === 0;
/** Waits for the socket. `done` bytes are the result if a signal interrupts the call. */
const pause = (t: Task, s: Socket, events: number, done: number): Result => {
  const until = s.waitUntil(t, events);
  if (until !== undefined && t.waited.expired) return finish(t, done > 0 ? done : -E.EAGAIN);
  t.waited.held ??= s.hold();
  t.waited.data = { done };
  return wait(s.queues(events), { until, interrupted: done > 0 ? -done : s.interruptedWait(until) });
};
const progress = (t: Task): number => (t.waited.data as { done: number } | undefined)?.done ?? 0;

/**
 * MSG_FASTOPEN: connects first. There are no cookies of servers, so the SYN carries no data. Linux
 * tcp_sendmsg_fastopen().
 */
const fastOpen = (t: Task, s: TcpSocket, to: string | undefined): Result => {
  if (to === undefined) return finish(t, s.connected ? -E.EISCONN : -E.EINVAL);
  const opened = s.connect(t, to, (s.flags & O_NONBLOCK) !== 0);
  if (typeof opened === "number") return opened === 0 ? 0 : finish(t, opened);
  t.waited.held ??= s.hold();
  return opened;
};
/**
 * Sends to a stream until all bytes are sent, descriptors with the first byte. A packet is sent as a whole or
 * not.
 */
const send = (t: Task, s: Socket, segments: readonly Segment[], extra: Ancillary, to: string | undefined, how: number): Result => {
  if ((how & MSG.OOB) !== 0) return -E.EOPNOTSUPP;
  const total = totalLength(segments);
  let done = progress(t);
  if ((how & MSG.FASTOPEN) !== 0 && s instanceof TcpSocket && t.waited.data === undefined) {
    const opened = fastOpen(t, s, to);
    if (opened !== 0) return opened;
  }
  do {
    const bytes = gather(t, segments, done, Math.min(total - done, CHUNK), lent());
    if (bytes.length === 0 && total > done) return finish(t, done > 0 ? done : -E.EFAULT);
    const rights = done === 0 ? extra.rights : [];
    const n = s.send(t, { bytes, rights, cred: extra.cred, request: extra.request, from: s.address, more: (how & MSG.MORE) !== 0 }, to);
    if (n === -E.EAGAIN) return blocks(s, how) ? pause(t, s, POLLOUT, done) : finish(t, done > 0 ? done : n);
    if (n === -E.EPIPE && s.signalsPipe && (how & MSG.NOSIGNAL) === 0) sendToTask(t, userSignal(SIG.SIGPIPE, t.tgid, t.cred.uid));
    if (n < 0) return finish(t, done > 0 ? done : n);
    done += n;
  } while (s.type === SOCK.STREAM && done < total);
  return finish(t, done);
};

/**
 * Takes a message or waits for one. `use` copies it after the `from` bytes that are already there and returns
 * the result. MSG_WAITALL continues until the buffer is full.
 */
const receive = (
  t: Task,
  s: Socket,
  capacity: number,
  how: number,
  use: (got: ReceiveResult | undefined, from: number) => number,
): Result => {
  if ((how & MSG.OOB) !== 0) return -E.EINVAL;
  // No errors are queued for the socket (IP_RECVERR).
  if ((how & MSG.ERRQUEUE) !== 0 && s instanceof InetSocket) return -E.EAGAIN;
  const peek = (how & MSG.PEEK) !== 0;
  const all = (how & MSG.WAITALL) !== 0 && !peek && s.type === SOCK.STREAM;
  let done = progress(t);
  do {
    const got = s.receive(t, Math.min(capacity - done, CHUNK), peek, lent());
    if (got === -E.EAGAIN && blocks(s, how)) return pause(t, s, POLLIN, done);
    if (typeof got === "number" || (got === undefined && done > 0)) return finish(t, done > 0 ? done : (got as number));
    const result = use(got, done);
    if (got && !peek) for (const file of got.rights) file.drop();
    if (result < 0 || !got) return finish(t, done > 0 ? done : result);
    done += result;
  } while (all && done < capacity);
  return finish(t, done);
};
/** The result for a message. MSG_TRUNC returns the whole length of a packet. */
const lengthOf = (got: ReceiveResult, how: number, s: Socket): number =>
  (how & MSG.TRUNC) !== 0 && s.type !== SOCK.STREAM ? got.length : got.bytes.length;

/** sendto(2): the number of sent bytes, or -errno. */
export const sendto = (t: Task, n: number, at: VAddr, length: number, how: number, to: VAddr, toLength: number, abi: Abi): Result => {
  const segments = oneSegment(at, length, abi);
  return typeof segments === "number" ? segments : sendSegments(t, n, segments, how, to, toLength);
};
/** The same from several buffers. */
export const sendSegments = (t: Task, n: number, segments: readonly Segment[], how: number, to: VAddr, toLength: number): Result => {
  const s = socketOf(t, n);
  if (typeof s === "number") return s;
  const address = to === 0 ? undefined : readAddress(t, s, to, toLength, "send");
  return typeof address === "number" ? address : send(t, s, segments, { rights: [], cred: credOf(t) }, address, how);
};

/** recvfrom(2): the number of received bytes, or -errno. */
export const recvfrom = (t: Task, n: number, at: VAddr, length: number, how: number, from: VAddr, fromLength: VAddr, abi: Abi): Result => {
  const segments = oneSegment(at, length, abi);
  return typeof segments === "number" ? segments : receiveSegments(t, n, segments, how, from, fromLength);
};
/** The same into several buffers. */
export const receiveSegments = (t: Task, n: number, segments: readonly Segment[], how: number, from: VAddr, fromLength: VAddr): Result => {
  const s = socketOf(t, n);
  if (typeof s === "number") return s;
  return receive(t, s, totalLength(segments), how, (got, start) => {
    if (!got) return 0;
    if (scatter(t, segments, start, got.bytes) < got.bytes.length) return -E.EFAULT;
    s.stamps.seen(got.time);
    const written = from === 0 ? 0 : writeFrom(t, from, fromLength, got, s);
    return written < 0 ? written : lengthOf(got, how, s);
  });
};
/** Writes the sender's address. A stream has none, so its length is 0. */
const writeFrom = (t: Task, at: VAddr, lengthAt: VAddr, got: ReceiveResult, s: Socket): number => {
  if (s.type !== SOCK.STREAM && got.from !== "") return writeAddress(t, at, lengthAt, s.addressBytes(got.from));
  const capacity = t.mem.u32(lengthAt);
  if (capacity >= 2 ** 31) return -E.EINVAL;
  return capacity >= 0 && t.mem.setU32(lengthAt, 0) ? 0 : -E.EFAULT;
};

const withMessage = (t: Task, n: number, at: VAddr, abi: Abi, use: (s: Socket, h: Msghdr, segments: Segment[]) => Result): Result => {
  const s = socketOf(t, n);
  if (typeof s === "number") return s;
  const h = readMsghdr(t, at, abi);
  if (typeof h === "number") return h;
  if (h.msg_iovlen > 1024) return -E.EMSGSIZE;
  const segments = importIovec(t, h.msg_iov as VAddr, h.msg_iovlen, abi);
  return typeof segments === "number" ? segments : use(s, h, segments);
};

/** sendmsg(2): the number of sent bytes, or -errno. */
export const sendmsg = (t: Task, n: number, at: VAddr, how: number, abi: Abi): Result =>
  withMessage(t, n, at, abi, (s, h, segments) => {
    const address = h.msg_name === 0 || h.msg_namelen === 0 ? undefined : readAddress(t, s, h.msg_name as VAddr, h.msg_namelen, "send");
    if (typeof address === "number") return address;
    const extra = readControl(t, s, h, address, abi);
    return typeof extra === "number" ? extra : send(t, s, segments, extra, address, how);
  });

/** The results of a received message beside its bytes. */
export interface Described {
  readonly nameLength: number;
  readonly controlLength: number;
  readonly flags: number;
}
/**
 * Receives a message into the places that a header names. `tell` writes the results into the header (false:
 * EFAULT). The number of received bytes, or -errno.
 */
export const receiveMessage = (
  t: Task,
  s: Socket,
  h: Msghdr,
  segments: readonly Segment[],
  how: number,
  abi: Abi,
  tell: (results: Described) => boolean,
): Result =>
  receive(t, s, totalLength(segments), how, (got, start) => {
    if (got && scatter(t, segments, start, got.bytes) < got.bytes.length) return -E.EFAULT;
    const isUnix = s instanceof UnixSocket;
    const passes = {
      cred: s.passesCredentials && s.options.on(SO.PASSCRED),
      pidfd: isUnix && s.options.on(SO.PASSPIDFD),
    };
    const control = got ? writeControl(t, h, { ...got, notes: s.notesFor(got, abi) }, passes, how, abi) : { length: 0, flags: 0 };
    const cut = got && got.bytes.length < got.length && s.type !== SOCK.STREAM ? MSG.TRUNC : 0;
    const from = got && s.type !== SOCK.STREAM && got.from !== "" ? s.addressBytes(got.from) : new Uint8Array(0);
    if (h.msg_name !== 0 && !t.mem.write(h.msg_name, from.subarray(0, h.msg_namelen))) return -E.EFAULT;
    const word = control.flags | cut | (how & MSG.CMSG_CLOEXEC);
    if (!tell({ nameLength: from.length, controlLength: control.length, flags: word })) return -E.EFAULT;
    return got ? lengthOf(got, how, s) : 0;
  });

/** Writes the results of a message into its header. False: EFAULT. */
export const tellHeader = (t: Task, at: number, h: Msghdr, results: Described, abi: Abi): boolean => {
  const offset = (member: keyof Msghdr): number => at + msghdr.offset(abi, member);
  return (
    (h.msg_name === 0 || t.mem.setU32(offset("msg_namelen"), results.nameLength)) &&
    t.mem.setU32(offset("msg_flags"), results.flags) &&
    t.mem.setLong(offset("msg_controllen"), results.controlLength, abi.long)
  );
};
/** recvmsg(2): the number of received bytes, or -errno. */
export const recvmsg = (t: Task, n: number, at: VAddr, how: number, abi: Abi): Result =>
  withMessage(t, n, at, abi, (s, h, segments) =>
    receiveMessage(t, s, h, segments, how, abi, (results) => tellHeader(t, at, h, results, abi)),
  );

/** MSG_* flags. */
export const flagArg = flags("int", Object.fromEntries(Object.entries(MSG).map(([k, v]) => [`MSG_${k}`, v])), "MSG_???");
/** The length of the address before the call: it is shown if the kernel changes it. */
const receivedArg: ArgType<VAddr> = {
  ...filled("receivedMsghdr"),
  before: (v, ctx) => String(ctx.task.mem.u32(v + msghdr.offset(ctx.abi, "msg_namelen"))),
};

/** Calls that send and receive. man 2 send, recv, sendmsg, recvmsg. */
export const messageCalls: readonly Syscall[] = [
  syscall(
    "sendto",
    { sockfd: fd, buf: inBuffer("len"), len: size, flags: flagArg, dest_addr: given("sockaddr", "addrlen"), addrlen: uint },
    (t, a, abi) => sendto(t, a.sockfd, a.buf, a.len, a.flags, a.dest_addr, a.addrlen, abi),
  ),
  syscall(
    "recvfrom",
    { sockfd: fd, buf: outBuffer, len: size, flags: flagArg, addr: filled("namedSockaddr"), addrlen: changedLength },
    (t, a, abi) => recvfrom(t, a.sockfd, a.buf, a.len, a.flags, a.addr, a.addrlen, abi),
  ),
  syscall("sendmsg", { sockfd: fd, msg: given("msghdr"), flags: flagArg }, (t, a, abi) => sendmsg(t, a.sockfd, a.msg, a.flags, abi)),
  syscall("recvmsg", { sockfd: fd, msg: receivedArg, flags: flagArg }, (t, a, abi) => recvmsg(t, a.sockfd, a.msg, a.flags, abi)),
];
