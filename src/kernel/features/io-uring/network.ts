// The operations of io_uring on sockets: messages with provided buffers, bundles and repetition, connections,
// and commands. Linux io_uring/net.c, uring_cmd.c.

import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { ACCEPT, CQE_F, FILE_INDEX_ALLOC, OP, RECVSEND, SOCKET_COMMAND } from "../../../abi/uapi/io-uring.ts";
import { importIovec, type Segment } from "../../calls/file/iovec.ts";
import { type Msghdr, readMsghdr } from "../../calls/net/msghdr.ts";
import { type Described, messageCalls, receiveMessage, receiveSegments, sendSegments, tellHeader } from "../../calls/net/sendmsg.ts";
import { optionOf, setsockopt, socketCalls } from "../../calls/net/socket.ts";
import type { Result } from "../../core/result.ts";
import { POLLIN } from "../../fs/vfs/file.ts";
import { SOL } from "../../net/options/numbers.ts";
import { SIOC_QUEUE, Socket } from "../../net/socket.ts";
import { TcpSocket } from "../../net/tcp.ts";
import type { Syscall } from "../../syscall/declaration.ts";
import type { Area } from "./buffers.ts";
import type { OperationWork, UringOperation } from "./operation.ts";
import type { UringRequest } from "./request.ts";
import { type Arguments, callAs, direct, fdOf, multishot, selects, withBuffer, withBuffers } from "./work.ts";

const calls = new Map<string, Syscall>([...messageCalls, ...socketCalls].map((call) => [call.name, call]));
const callWith = (r: UringRequest, name: string, args: readonly (number | bigint)[]): Result => callAs(r, calls.get(name) as Syscall, args);
const as =
  (name: string, args: Arguments): OperationWork =>
  (r) =>
    callWith(r, name, args(r.sqe, fdOf(r)));

const MSG_NOSIGNAL = 0x4000;
const MSG_WAITALL = 0x100;
const segmentsOf = (buffers: readonly Area[]): Segment[] => buffers.map(({ at, length }) => ({ base: at as VAddr, length }));
const total = (buffers: readonly Area[]): number => buffers.reduce((sum, { length }) => sum + length, 0);
const isUserAddress = (at: bigint): boolean => at < 2n ** 47n;
const isMore = (n: number): boolean => n > 0;

const sendOnce = (r: UringRequest, bundle: boolean): Result => {
  const { sqe } = r;
  if (!isUserAddress(sqe.addr)) return -E.EFAULT;
  return withBuffers(r, sqe.len, bundle, 1, (buffers) => {
    const result = sendSegments(
      r.worker,
      fdOf(r),
      segmentsOf(buffers),
      sqe.rw_flags | MSG_NOSIGNAL,
      Number(sqe.off) as VAddr,
      sqe.file_index & 0xffff,
    );
    if (typeof result === "number" && result < total(buffers) && (sqe.rw_flags & MSG_WAITALL) !== 0) r.failed = true;
    return result;
  });
};
/** A bundle is sent until no buffer of its group is left. Linux io_send_finish(). */
const sendBuffer: OperationWork = (r) => {
  const { sqe, ring } = r;
  if ((sqe.ioprio & RECVSEND.BUNDLE) === 0) return sendOnce(r, false);
  if (!selects(r)) return -E.EINVAL;
  const hasBuffers = (): boolean => ring.groups !== undefined && ring.groups.peek(sqe.buf_index, 1).length > 0;
  return multishot(
    r,
    (n) => isMore(n) && hasBuffers(),
    () => sendOnce(r, true),
  );
};
const sendMessage: OperationWork = (r) => callWith(r, "sendmsg", [fdOf(r), r.sqe.addr, r.sqe.rw_flags | MSG_NOSIGNAL]);
/** A zero-copy send has a second completion, which says that its buffer is free. */
const zeroCopy =
  (work: OperationWork): OperationWork =>
  (r) => {
    const result = work(r);
    if (typeof result !== "number" || result < 0) return result;
    r.ring.post(r.user, result, CQE_F.MORE);
    r.flags = CQE_F.NOTIF;
    return 0;
  };

/** IORING_CQE_F_SOCK_NONEMPTY: more is there. Linux msg_inq of TCP; accept(2) of all listeners. */
const tellMore = (r: UringRequest, result: Result, isThere: () => boolean): Result => {
  if (typeof result === "number" && result >= 0 && isThere()) r.flags |= CQE_F.SOCK_NONEMPTY;
  return result;
};
const hasQueuedBytes = ({ file }: UringRequest): boolean => file instanceof TcpSocket && file.connected && file.waitingBytes > 0;

const repeats = ({ sqe }: UringRequest): boolean => (sqe.ioprio & RECVSEND.MULTISHOT) !== 0;
const receiveBuffer: OperationWork = (r) => {
  const { sqe } = r;
  const bundle = (sqe.ioprio & RECVSEND.BUNDLE) !== 0;
  if (!selects(r) && (repeats(r) || bundle)) return -E.EINVAL;
  if (!isUserAddress(sqe.addr)) return -E.EFAULT;
  const step = (): Result =>
    tellMore(
      r,
      withBuffers(r, sqe.len, bundle, 1, (buffers) =>
        receiveSegments(r.worker, fdOf(r), segmentsOf(buffers), sqe.rw_flags, 0 as VAddr, 0 as VAddr),
      ),
      () => hasQueuedBytes(r),
    );
  return repeats(r) ? multishot(r, isMore, step) : step();
};

/** sizeof(struct io_uring_recvmsg_out): namelen, controllen, payloadlen, flags. */
const OUT_SIZE = 16;
/** A message in a provided buffer: a header, then places for the name, control messages and the bytes. */
const receiveDescribed = (r: UringRequest, s: Socket, h: Msghdr, at: number, length: number): Result => {
  const head = OUT_SIZE + h.msg_namelen + h.msg_controllen;
  if (head > length) return -E.EFAULT;
  const { mem } = r.worker;
  const name = at + OUT_SIZE;
  const inner = { ...h, msg_name: h.msg_namelen > 0 ? name : 0, msg_control: name + h.msg_namelen };
  let results: Described = { nameLength: 0, controlLength: 0, flags: 0 };
  const bytes = [{ base: (at + head) as VAddr, length: length - head }];
  const got = receiveMessage(r.worker, s, inner, bytes, r.sqe.rw_flags, r.ring.abi, (told) => {
    results = told;
    return true;
  });
  if (typeof got !== "number" || got <= 0) return got;
  const { nameLength, controlLength, flags } = results;
  const written = mem.write(at, new Uint8Array(new Uint32Array([nameLength, controlLength, got, flags]).buffer));
  return written ? head + Math.min(got, length - head) : -E.EFAULT;
};
const receiveIntoBuffer = (r: UringRequest, s: Socket, h: Msghdr): Result => {
  if (h.msg_iovlen > 1) return -E.EINVAL;
  const vectors = importIovec(r.worker, Number(h.msg_iov) as VAddr, Number(h.msg_iovlen), r.ring.abi);
  if (typeof vectors === "number") return vectors;
  const most = vectors[0]?.length ?? 0;
  const header = Number(r.sqe.addr);
  return withBuffer(r, repeats(r) ? 0 : most, 1, (at, space) => {
    if (repeats(r)) return receiveDescribed(r, s, h, Number(at), space);
    const bytes = [{ base: Number(at) as VAddr, length: space }];
    const { abi } = r.ring;
    return receiveMessage(r.worker, s, h, bytes, r.sqe.rw_flags, abi, (told) => tellHeader(r.worker, header, h, told, abi));
  });
};
const receiveWhole: OperationWork = (r) => {
  const { file, worker, ring, sqe } = r;
  if (!selects(r)) return repeats(r) ? -E.EINVAL : callWith(r, "recvmsg", [fdOf(r), sqe.addr, sqe.rw_flags]);
  if (!(file instanceof Socket)) return -E.ENOTSOCK;
  const h = readMsghdr(worker, Number(sqe.addr) as VAddr, ring.abi);
  if (typeof h === "number") return h;
  const step = (): Result => tellMore(r, receiveIntoBuffer(r, file, h), () => hasQueuedBytes(r));
  return repeats(r) ? multishot(r, isMore, step) : step();
};

const SOCK_CLOEXEC = 0o2000000;
const accept: OperationWork = (r) => {
  const { sqe, file, worker } = r;
  if (sqe.file_index !== 0 && sqe.rw_flags & SOCK_CLOEXEC) return -E.EINVAL;
  if (sqe.ioprio & ACCEPT.MULTISHOT && sqe.file_index !== 0 && sqe.file_index !== FILE_INDEX_ALLOC) return -E.EINVAL;
  const isReady = (): boolean => file !== undefined && (file.poll(worker) & POLLIN) !== 0;
  if ((sqe.ioprio & ACCEPT.DONTWAIT) !== 0 && !isReady()) return -E.EAGAIN;
  const one = direct(as("accept4", (s, fd) => [fd, s.addr, s.off, s.rw_flags]));
  const step = (): Result => tellMore(r, one(r), isReady);
  return (sqe.ioprio & ACCEPT.MULTISHOT) !== 0 ? multishot(r, (fd) => fd >= 0, step) : step();
};

/** A connection that is in progress is waited for. Linux io_connect(). */
const connect: OperationWork = (r) => {
  const result = callWith(r, "connect", [fdOf(r), r.sqe.addr, r.sqe.off]);
  if (result === -E.EINPROGRESS || result === -E.EALREADY) {
    r.shots = 1;
    return -E.EAGAIN;
  }
  return result === -E.EISCONN && r.shots > 0 ? 0 : result;
};

/** A command for a socket. Its members lie where other operations have an address and an offset. */
const command: OperationWork = (r) => {
  const { sqe, file, worker, ring } = r;
  if (!(file instanceof Socket)) return -E.EOPNOTSUPP;
  const [level, option] = [Number(sqe.addr & 0xffff_ffffn) | 0, Number(sqe.addr >> 32n) | 0];
  const [length, at] = [sqe.file_index | 0, Number(sqe.addr3) as VAddr];
  switch (Number(sqe.off & 0xffff_ffffn)) {
    case SOCKET_COMMAND.SIOCINQ:
      return file.waitingBytes ?? -E.EOPNOTSUPP;
    case SOCKET_COMMAND.SIOCOUTQ:
      return file.queueState(SIOC_QUEUE.OUTQ) ?? -E.EOPNOTSUPP;
    case SOCKET_COMMAND.GETSOCKOPT: {
      if (level !== SOL.SOCKET) return -E.EOPNOTSUPP;
      if (length < 0) return -E.EINVAL;
      const value = optionOf(worker, file, level, option, at, length, x64);
      if (typeof value === "number") return value;
      if (!worker.mem.write(at, value.bytes)) return -E.EFAULT;
      return value.errno !== 0 ? -value.errno : value.length;
    }
    case SOCKET_COMMAND.SETSOCKOPT:
      return setsockopt(worker, fdOf(r), level, option, at, length, ring.abi);
  }
  return -E.EOPNOTSUPP;
};
const URING_CMD_FIXED = 1;
const commandChecked: OperationWork = (r) => {
  const { sqe } = r;
  return sqe.off >> 32n !== 0n || sqe.rw_flags & ~URING_CMD_FIXED ? -E.EINVAL : command(r);
};

const BUFFERS = ["buf_index", "file_index"] as const;
/** These operations, by number. */
export const networkOperations: Readonly<Record<number, UringOperation>> = {
  [OP.SENDMSG]: { polls: "out", work: sendMessage, file: true, ioprio: 31, zero: ["off", "file_index"] },
  [OP.RECVMSG]: { polls: "in", work: receiveWhole, file: true, ioprio: 31, selects: true, zero: ["off", "file_index"] },
  [OP.SEND]: { polls: "out", work: sendBuffer, file: true, ioprio: 31, selects: true },
  [OP.RECV]: { polls: "in", work: receiveBuffer, file: true, ioprio: 31, selects: true, zero: ["off", "file_index"] },
  [OP.SEND_ZC]: { polls: "out", work: zeroCopy((r) => sendOnce(r, false)), file: true, ioprio: 31 },
  [OP.SENDMSG_ZC]: { polls: "out", work: zeroCopy(sendMessage), file: true, ioprio: 31 },
  [OP.ACCEPT]: { polls: "in", work: accept, file: true, ioprio: 7, zero: ["len", "buf_index"] },
  [OP.CONNECT]: { polls: "out", work: connect, file: true, zero: ["len", "rw_flags", ...BUFFERS] },
  [OP.SHUTDOWN]: { async: true, work: as("shutdown", (s, fd) => [fd, s.len]), file: true, zero: ["off", "addr", "rw_flags", ...BUFFERS] },
  [OP.SOCKET]: { work: direct(as("socket", (s) => [s.fd, s.off, s.len])), zero: ["addr", "rw_flags", "buf_index"] },
  [OP.BIND]: { work: as("bind", (s, fd) => [fd, s.addr, s.off]), file: true, zero: ["len", "rw_flags", ...BUFFERS] },
  [OP.LISTEN]: { work: as("listen", (s, fd) => [fd, s.len]), file: true, zero: ["addr", "off", "rw_flags", ...BUFFERS] },
  [OP.URING_CMD]: { work: commandChecked, file: true },
};
