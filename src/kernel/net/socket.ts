// The common part of all sockets. man 7 socket; Linux include/linux/net.h struct socket, struct proto_ops.

import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E, restart } from "../../abi/errno.ts";
import { O_NONBLOCK, O_RDWR } from "../../abi/uapi/fcntl.ts";
import { SOCK, type SocketType } from "../../abi/uapi/socket.ts";
import type { Account } from "../../memory/account.ts";
import { sizes } from "../base/sizes.ts";
import type { Timespec } from "../base/time.ts";
import type { WaitQueue } from "../base/wait.ts";
import type { Result } from "../core/result.ts";
import type { Task } from "../core/task.ts";
import { AnonInode } from "../fs/vfs/anon.ts";
import { FileDescription, POLLIN } from "../fs/vfs/file.ts";
import type { Or } from "../fs/vfs/inode.ts";
import { S_IFSOCK } from "../fs/vfs/mode.ts";
import type { AddressUse } from "./address.ts";
import { SocketFilters } from "./filter/filters.ts";
import type { HeaderRequest } from "./header-notes.ts";
import type { Ip } from "./inet-address.ts";
import { interfaceIoctl } from "./interface.ts";
import type { NetNamespace } from "./namespace.ts";
import { SO, SOL } from "./options/numbers.ts";
import { type Levels, Options } from "./options/options.ts";
import { INT, type OptionSet } from "./options/row.ts";
import type { SendBuffer } from "./send-buffer.ts";
import { getSocketOption, type OptionAnswer, type OptionBuffer, setSocketOption } from "./socket-level.ts";
import { Stamps } from "./stamps.ts";

/** SIOC*: bytes that are not received yet, or not sent yet; urgent data come next. man 7 tcp, unix, udp. */
export const SIOC_QUEUE = { OUTQ: 0x5411, OUTQNSD: 0x894b, ATMARK: 0x8905 } as const;
/** SIOCGSTAMP*: the time of the last message, by the form of the time. man 7 socket. */
const SIOC_STAMP: Readonly<Record<number, { readonly unit: "us" | "ns"; readonly wide: boolean }>> = {
  0x8906: { unit: "us", wide: false },
  0x8907: { unit: "ns", wide: false },
  0x8010_8906: { unit: "us", wide: true },
  0x8010_8907: { unit: "ns", wide: true },
};
/** net.core.rmem_default and wmem_default, in bytes. */
export const DEFAULT_BUFFER = 212_992;

/** struct ucred. */
export interface Ucred {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The credentials of a peer. */
export interface Peer {
  readonly cred: Ucred;
  readonly groups: readonly number[];
}
/** Those of a task. */
export const peerOf = (task: Task): Peer => ({ cred: credOf(task), groups: task.cred.groups });
/** The credentials of no peer. */
export const NO_PEER: Ucred = { pid: 0, uid: 0xffff_ffff, gid: 0xffff_ffff };

/** The credentials of a task, for SO_PEERCRED and SCM_CREDENTIALS. */
export const credOf = (task: Task): Ucred => ({ pid: task.tgid, uid: task.cred.euid, gid: task.cred.egid });

/** The credentials of messages that no task of this machine has sent. */
export const NO_CRED: Ucred = { pid: 0, uid: 0, gid: 0 };

/** The fields of a datagram's header that control messages show. */
export interface DatagramHeader {
  readonly to: Ip;
  readonly ttl: number;
  readonly tos: number;
}
/** A control message besides those of Unix sockets. */
export interface ControlNote {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** The control messages of a sender besides those of Unix sockets. */
export interface SendRequest extends HeaderRequest {
  /** UDP_SEGMENT: the bytes of each packet that a send is cut into. */
  readonly segment?: number;
}

/**
 * A message in transit. A receive returns it whole for packets, in pieces for a stream. The bytes of a send
 * are the caller's after it: a queue copies them.
 */
export interface SocketMessage {
  bytes: Uint8Array;
  /** The file descriptions of SCM_RIGHTS, which are held in transit. */
  rights: readonly FileDescription[];
  readonly cred: Ucred;
  /** The user whose descriptors in flight it counts among. */
  owner?: number;
  /** The sender's address: empty if it has none. */
  readonly from: string;
  /** The header of the datagram that had it. */
  readonly header?: DatagramHeader;
  /** The time of its arrival, if the receiver asks for it. */
  readonly time?: Timespec | undefined;
  /** The packets that the receiver has lost before it (SO_RXQ_OVFL). */
  readonly lost?: number;
  /** What the sender's control messages ask of the network. */
  readonly request?: SendRequest | undefined;
  /** The control messages besides those of Unix sockets and of the header. */
  readonly notes?: readonly ControlNote[];
  /** MSG_MORE: a UDP socket keeps the bytes for the next message. */
  more?: boolean;
  /** The charged bytes while it is queued. */
  weight?: number;
  /** A Unix socket's account, and what it is charged until the message has been read. */
  sender?: { readonly buffer: SendBuffer; readonly bytes: number };
}
/** The host memory of a message in bytes. */
export const weightOf = ({ bytes, rights }: SocketMessage): number => sizes.message + bytes.length + rights.length * sizes.descriptor;

/** The result of a receive. */
export interface ReceiveResult extends SocketMessage {
  /** The whole length of a packet, which may be greater than the received part. */
  readonly length: number;
}

/** The maker of a socket: a task, or the way out of a machine. */
export type SocketOwner = Pick<Task, "kernel" | "cred" | "net">;

/** A socket. Calls return -EAGAIN if they would wait. */
export abstract class Socket extends FileDescription {
  readonly type: SocketType;
  readonly net: NetNamespace;
  /** The address family of a TCP socket. Security modules restrict its ports. */
  get family(): number | undefined {
    return undefined;
  }
  /** AF_*. */
  abstract domain: number;
  /** The protocol as socket(2) chose it. */
  readonly protocol: number = 0;
  get listening(): boolean {
    return false;
  }
  /** Options that are numbers, the times of messages, and the filter. */
  readonly options: Options;
  readonly stamps: Stamps;
  readonly filters: SocketFilters;
  /** SO_SNDBUF and SO_RCVBUF, in bytes. */
  sendBuffer: number;
  receiveBuffer: number;
  /** SO_LINGER in seconds; undefined if off. */
  linger: number | undefined = undefined;
  /** The seconds of the last SO_LINGER that was on. */
  lingerShown = 0;
  /** SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds; 0: no timeout. */
  receiveTimeout = 0;
  sendTimeout = 0;
  /** SO_ERROR: the pending error number, or 0. */
  error = 0;
  /** Packets that were dropped because the buffer was full. */
  lost = 0;
  /** SO_PEERCRED, and SO_PEERGROUPS: undefined without a peer that has credentials. */
  peerCred: Ucred = NO_PEER;
  private _peerGroups: readonly number[] | undefined = undefined;

  /** `kind`: its options, its family and, if they are not the usual ones, the sizes of its buffers. */
  constructor(
    task: SocketOwner,
    type: SocketType,
    nonblock: boolean,
    kind: {
      readonly set: OptionSet;
      readonly levels?: Levels;
      readonly domain: number;
      readonly buffers?: { readonly send: number; readonly receive: number };
    },
  ) {
    const { sockfs } = task.kernel.vfs;
    const inode = new AnonInode(sockfs, S_IFSOCK | 0o777);
    inode.uid = task.cred.fsuid;
    inode.gid = task.cred.fsgid;
    super(
      inode,
      O_RDWR | (nonblock ? O_NONBLOCK : 0),
      sockfs.path(inode, (ino) => `socket:[${ino}]`),
    );
    this.type = type;
    this.net = task.net;
    this.options = new Options(kind.set, kind.domain, kind.levels);
    this.stamps = new Stamps(this.options, this);
    this.filters = new SocketFilters(this);
    this.sendBuffer = kind.buffers?.send ?? DEFAULT_BUFFER;
    this.receiveBuffer = kind.buffers?.receive ?? DEFAULT_BUFFER;
  }
  /**
   * What a control message of a level other than SOL_SOCKET asks for, or -errno. `to`: the address of the
   * message, if it has one. A socket ignores levels that are not its own.
   */
  sendRequest(_level: number, _type: number, _data: DataView, _to: string | undefined): SendRequest | number {
    return {};
  }
  /** Its host memory without what programs have attached. */
  protected get ownWeight(): number {
    return sizes.socket;
  }
  override get weight(): number {
    return this.ownWeight + this.filters.weight + sizes.group * (this._peerGroups?.length ?? 0);
  }
  /** Charges a change of its weight, which is charged as a whole when it opens. */
  chargeFilters(bytes: number): boolean {
    return this.refs === 0 || this.account.resize(0, bytes);
  }
  get peerGroups(): readonly number[] | undefined {
    return this._peerGroups;
  }
  /** Keeps the credentials of the peer. */
  know(peer: Peer): void {
    if (this.refs > 0) this.account.force(sizes.group * (peer.groups.length - (this._peerGroups?.length ?? 0)));
    this.peerCred = peer.cred;
    this._peerGroups = peer.groups;
  }
  /** What a message that arrives is marked with: the time, and the number of lost packets. */
  protected marks(): { readonly time?: Timespec | undefined; readonly lost?: number } {
    const time = this.stamps.arrival();
    return { ...(time ? { time } : {}), ...(this.lost > 0 && this.options.on(SO.RXQ_OVFL) ? { lost: this.lost } : {}) };
  }
  /** True if its messages have times of arrival. */
  get stampsMessages(): boolean {
    return this.type !== SOCK.STREAM;
  }
  /** The control messages of a received message for every family. Linux __sock_recv_cmsgs(). */
  notesFor({ time, lost, notes }: ReceiveResult, abi: Abi): readonly ControlNote[] {
    const overflow = lost === undefined ? [] : [{ level: SOL.SOCKET, type: SO.RXQ_OVFL, data: INT.write(lost) }];
    return [...(this.stampsMessages ? this.stamps.notes(time, abi) : []), ...overflow, ...(notes ?? [])];
  }
  /** SO_SNDBUF has changed. */
  sendBufferChanged(): void {}
  private _cookie = 0;
  /** SO_COOKIE: a number that no other socket of the machine has. */
  cookie(task: Task): number {
    this._cookie ||= task.kernel.nextCookie();
    return this._cookie;
  }
  protected get account(): Account {
    return this.inode.fs.account;
  }
  /** The own address: a byte string in the form of the family. "" is none. */
  abstract readonly address: string;
  abstract readonly peerAddress: string | undefined;
  /** The -errno of getpeername(2) without a peer. */
  get withoutPeer(): number {
    return -E.ENOTCONN;
  }
  /** The internal form of a struct sockaddr, or -errno. */
  abstract parseAddress(bytes: Uint8Array, use: AddressUse): string | number;
  /** The struct sockaddr of an address. */
  abstract addressBytes(address: string): Uint8Array;
  abstract bind(task: Task, address: string): number;
  abstract connect(task: Task, address: string, nonblock: boolean): Result;
  abstract listen(task: Task, backlog: number): number;
  /** A socket of the oldest pending connection, or -EAGAIN. */
  abstract accept(task: Task, nonblock: boolean): Socket | number;
  /**
   * Sends to `address`, or to the peer if undefined. Returns the number of bytes. -EAGAIN: the buffer is
   * full.
   */
  abstract send(task: Task, message: SocketMessage, address: string | undefined): number;
  /**
   * Receives up to `n` bytes, which may lie in `into`. -EAGAIN: the queue is empty. Undefined: the end of the
   * stream.
   */
  abstract receive(task: Task, n: number, peek: boolean, into?: Uint8Array): ReceiveResult | number | undefined;
  abstract shutdown(how: number): number;
  /** True if SO_PASSCRED gives messages the credentials of their senders. */
  get passesCredentials(): boolean {
    return false;
  }
  /** The text of strace -yy for sockets of features. */
  get traceName(): string | undefined {
    return undefined;
  }
  /** Queues a message of another part of the kernel, as SIGEV_THREAD of mq_notify(3) asks for. */
  deliverNotice?(bytes: Uint8Array): void;
  abstract override queues(events: number): readonly WaitQueue[];
  /** Returns the pending error as -errno or 0, and clears it. Linux sock_error(). */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error === 0 ? 0 : -error;
  }
  /** The value of FIONREAD, if the socket supports it. */
  override get waitingBytes(): number | undefined {
    return undefined;
  }
  /** getsockopt(2). */
  getOption(task: Task, level: number, option: number, asked: OptionBuffer): OptionAnswer {
    return level === SOL.SOCKET ? getSocketOption(this, task, option, asked) : this.getOwnOption(task, level, option, asked);
  }
  /** setsockopt(2): 0 or -errno. */
  setOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    return level === SOL.SOCKET ? setSocketOption(this, task, option, value, abi) : this.setOwnOption(task, level, option, value, abi);
  }
  /** An option of the family or the protocol. */
  protected getOwnOption(_task: Task, level: number, option: number, _asked: OptionBuffer): OptionAnswer {
    return this.options.bytes(level, option) ?? -E.ENOPROTOOPT;
  }
  /** Sets one: 0 or -errno. */
  protected setOwnOption(task: Task, level: number, option: number, value: Uint8Array, _abi: Abi): number {
    return this.options.hasLevel(level) ? this.options.setBytes(task, level, option, value) : -E.ENOPROTOOPT;
  }

  /** read(2): received descriptors are closed. */
  override read(task: Task, n: number, _at: number, into?: Uint8Array): Or<Uint8Array> {
    if (n === 0 && this.type === SOCK.STREAM) return new Uint8Array(0);
    const got = this.receive(task, n, false, into);
    if (got === undefined) return new Uint8Array(0);
    if (typeof got === "number") return got;
    for (const file of got.rights) file.drop();
    return got.bytes;
  }
  override get copies(): boolean {
    return true;
  }
  override write(task: Task, bytes: Uint8Array): number {
    return this.send(task, { bytes, rights: [], cred: credOf(task), from: this.address }, undefined);
  }
  /** The result of a request about queues, or -errno; undefined for others. Sent bytes arrive at once. */
  queueState(request: number): number | undefined {
    return request === SIOC_QUEUE.OUTQ ? 0 : undefined;
  }
  override ioctl(task: Task, request: number, arg: VAddr, abi: Abi): Result {
    const state = this.queueState(request);
    const stamp = SIOC_STAMP[request];
    if (stamp) {
      const time = this.stamps.lastTime(stamp.unit, stamp.wide ? 8 : abi.long);
      return typeof time === "number" ? time : task.mem.write(arg, time) ? 0 : -E.EFAULT;
    }
    if (state !== undefined) return state < 0 ? state : task.mem.setU32(arg, state) ? 0 : -E.EFAULT;
    return interfaceIoctl(task, this.net, request, arg, abi);
  }
  override waitUntil(task: Task, events: number): number | undefined {
    const ns = (events & POLLIN) !== 0 ? this.receiveTimeout : this.sendTimeout;
    if (ns === 0) return undefined;
    task.waited.deadline ??= task.kernel.now + ns;
    return task.waited.deadline;
  }
  /** A wait with a timeout is not restarted after a signal. Linux sock_intr_errno(). */
  override interruptedWait(until: number | undefined): number {
    return until === undefined ? restart.ERESTARTSYS : E.EINTR;
  }
}
