// Transfers of bytes between memory and descriptors: which bytes of a file or stream went where. A stream's
// bytes are counted from its beginning, so that a byte that was read is found where it was written.
import type { Abi } from "../../abi/abi.ts";
import { SOCK } from "../../abi/uapi/socket.ts";
import { S_IFMT, S_IFREG } from "../../abi/uapi/stat.ts";
import type { Task } from "../../kernel/core/task.ts";
import { StreamInput } from "../../kernel/fs/files/stream-file.ts";
import { TtyFile } from "../../kernel/fs/tty/tty-file.ts";
import type { FileDescription } from "../../kernel/fs/vfs/file.ts";
import { InetSocket } from "../../kernel/net/inet.ts";
import { UnixSocket } from "../../kernel/net/unix/unix.ts";
import type { Observer } from "../../kernel/observer.ts";
import type { PendingCall } from "../../kernel/syscall/call.ts";
import type { Moment } from "../../machine/moment.ts";
import { callName } from "../../machine/tracing/call-text.ts";
import { nameOfFile } from "../../machine/tracing/descriptors.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { peek } from "../memory.ts";
import type { History } from "./history.ts";

/** What a descriptor leads to. */
export type Channel =
  | { readonly kind: "file"; readonly name: string }
  /** `key`: the bytes that are read from it are those that are written to this key. */
  | { readonly kind: "stream"; readonly name: string; readonly key: string }
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "other"; readonly name: string };

/** A part of a transfer in memory. */
export interface TransferPiece {
  readonly address: number;
  readonly length: number;
}
/** A call that has moved bytes. */
export interface DataTransfer {
  readonly way: "in" | "out";
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly call: string;
  readonly fd: number;
  readonly channel: Channel;
  /** Where the first byte is: in the file, or counted from the stream's beginning. */
  readonly offset: number;
  readonly length: number;
  /** In memory; none: between two descriptors, as sendfile(2) does. */
  readonly pieces: readonly TransferPiece[];
  /** The other descriptor of sendfile(2) and splice(2). */
  readonly from: { readonly channel: Channel; readonly offset: number } | undefined;
  /** The moment after the transition in which the call returned. */
  readonly after: Moment;
}

const word = (mem: AddressSpace, at: number, size: number): number | undefined => {
  const bytes = new Uint8Array(size);
  if (peek(mem, at, bytes) !== size) return undefined;
  const view = new DataView(bytes.buffer);
  return size === 8 ? Number(view.getBigUint64(0, true)) : view.getUint32(0, true);
};
/** man 2 readv, struct iovec. */
const MOST_PARTS = 1024;
const vectorAt = (mem: AddressSpace, at: number, count: number, { long }: Abi): TransferPiece[] =>
  Array.from({ length: Math.min(MOST_PARTS, count) }, (_, i) => ({
    address: word(mem, at + 2 * i * long, long) ?? 0,
    length: word(mem, at + (2 * i + 1) * long, long) ?? 0,
  }));

/** The buffers of a call, in order; undefined: it moves no bytes between memory and a descriptor. */
const buffersOf = (task: Task, call: PendingCall): readonly TransferPiece[] | undefined => {
  const { args, abi } = call;
  const n = (name: string): number => Number(args[name] ?? 0);
  const { mem } = task;
  switch (call.entry.syscall.name) {
    case "read":
    case "write":
    case "pread64":
    case "pwrite64":
      return [{ address: n("buf"), length: n("count") }];
    case "readv":
    case "writev":
    case "preadv":
    case "pwritev":
    case "preadv2":
    case "pwritev2":
      return vectorAt(mem, n("vec"), n("vlen"), abi);
    case "recvfrom":
    case "sendto":
      return [{ address: n("buf"), length: n("len") }];
    case "recvmsg":
    case "sendmsg":
      // man 2 recvmsg, struct msghdr: msg_name, msg_namelen, msg_iov, msg_iovlen.
      return vectorAt(mem, word(mem, n("msg") + 2 * abi.long, abi.long) ?? 0, word(mem, n("msg") + 3 * abi.long, abi.long) ?? 0, abi);
    default:
      return undefined;
  }
};
const outward = /^(p?write|send)/;
/** The descriptor of a call. */
const fdOf = ({ args }: PendingCall): number => Number(args["fd"] ?? args["sockfd"] ?? -1) | 0;
/** The descriptors of calls that move bytes between two. */
const betweenOf = ({ entry, args }: PendingCall): { readonly from: number; readonly to: number } | undefined => {
  const n = (name: string): number => Number(args[name] ?? -1) | 0;
  switch (entry.syscall.name) {
    case "sendfile":
    case "sendfile64":
      return { from: n("in_fd"), to: n("out_fd") };
    case "splice":
    case "tee":
    case "copy_file_range":
      return { from: n("fd_in"), to: n("fd_out") };
    default:
      return undefined;
  }
};

/** The key of the bytes that a file is read from (`in`) or written to (`out`). */
const channelOf = (task: Task, file: FileDescription, way: "in" | "out"): Channel => {
  const name = nameOfFile(task, file);
  if (file instanceof StreamInput) return { kind: "input", name: "standard input" };
  if (file instanceof TtyFile) return { kind: "input", name: `terminal ${name}` };
  if (file instanceof UnixSocket) {
    const { peer } = file;
    if (file.type !== SOCK.STREAM && !peer) return { kind: "other", name };
    return { kind: "stream", name, key: `unix ${way === "in" ? file.inode.ino : (peer?.inode.ino ?? "?")}` };
  }
  if (file instanceof InetSocket) {
    const { address, peerAddress } = file;
    if (!address || !peerAddress || file.type !== SOCK.STREAM) return { kind: "other", name };
    return { kind: "stream", name, key: way === "in" ? `inet ${peerAddress}>${address}` : `inet ${address}>${peerAddress}` };
  }
  if (file.inode.pipe) return { kind: "stream", name, key: `pipe ${file.inode.ino}` };
  return { kind: (file.inode.mode & S_IFMT) === S_IFREG ? "file" : "other", name };
};

interface Begun {
  readonly call: PendingCall;
  readonly name: string;
  readonly fd: number;
  readonly file: FileDescription;
  readonly buffers: readonly TransferPiece[];
  readonly from: FileDescription | undefined;
}
const cut = (buffers: readonly TransferPiece[], length: number): readonly TransferPiece[] => {
  let left = length;
  return buffers.flatMap(({ address, length: size }) => {
    const taken = Math.min(left, size);
    left -= taken;
    return taken > 0 ? [{ address, length: taken }] : [];
  });
};
/** MSG_PEEK: the bytes stay in the socket. man 2 recv */
const MSG_PEEK = 2;

/** All transfers of a run before a moment, in order. */
export const findTransfers = async (history: History, until: Moment = history.end): Promise<readonly DataTransfer[]> => {
  const found: DataTransfer[] = [];
  const begun = new Map<Task, Begun>();
  const counts = new Map<string, number>();
  /** The place of the next bytes of a stream; it moves on by `length`. */
  const place = (
    way: "in" | "out",
    channel: Channel,
    file: FileDescription,
    length: number,
    at: number | undefined,
    stays: boolean,
  ): number => {
    if (channel.kind === "file") return at ?? Math.max(0, file.offset - length);
    const key = `${way} ${channel.kind === "stream" ? channel.key : channel.name}`;
    const before = counts.get(key) ?? 0;
    if (!stays) counts.set(key, before + length);
    return before;
  };
  const observer: Observer = {
    enter: (task, call) => {
      begun.delete(task);
      if (!call) return;
      const between = betweenOf(call);
      const buffers = between ? [] : buffersOf(task, call);
      const fd = between ? between.to : fdOf(call);
      const file = buffers && task.files.get(fd);
      if (file) begun.set(task, { call, name: callName(task, call), fd, file, buffers, from: between && task.files.get(between.from) });
    },
    leave: (task, _call, result) => {
      const open = begun.get(task);
      if (!open) return;
      begun.delete(task);
      if (result <= 0) return;
      const { call, name, fd, file, buffers } = open;
      const way = open.from || outward.test(name) ? "out" : "in";
      const channel = channelOf(task, file, way);
      const position = Number(call.args["pos"] ?? call.args["pos_l"] ?? -1);
      const isPlaced = /^p(read|write)/.test(name) && position >= 0;
      const stays = way === "in" && (Number(call.args["flags"] ?? 0) & MSG_PEEK) !== 0 && name.startsWith("recv");
      const source = open.from && channelOf(task, open.from, "in");
      found.push({
        way,
        pid: task.process.pid,
        tid: task.pid,
        comm: task.comm,
        call: name,
        fd,
        channel,
        offset: place(way, channel, file, result, isPlaced ? position : undefined, stays),
        length: result,
        pieces: cut(buffers, result),
        from: open.from && source && { channel: source, offset: place("in", source, open.from, result, undefined, name === "tee") },
        after: history.after(),
      });
    },
    ended: (task) => void begun.delete(task),
  };
  await history.sweep(observer, until);
  return found;
};
