// What every kind of socket has. man 7 socket; Linux include/linux/net.h struct socket, struct proto_ops.

import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E, restart } from "../../abi/errno.ts";
import { SOCK, type SocketType } from "../../abi/uapi/socket.ts";
import type { Account } from "../../memory/account.ts";
import { sizes } from "../base/sizes.ts";
import type { WaitQueue } from "../base/wait.ts";
import { AnonInode } from "../fs/vfs/anon.ts";
import { FileDescription, POLLIN } from "../fs/vfs/file.ts";
import type { Or } from "../fs/vfs/inode.ts";
import { S_IFSOCK } from "../fs/vfs/mode.ts";
import { O_NONBLOCK, O_RDWR } from "../fs/vfs/open-flags.ts";
import type { Result } from "../syscall/declaration.ts";
import type { Task } from "../task/task.ts";
import type { AddressUse } from "./address.ts";
import { interfaceIoctl } from "./interface.ts";
import type { NetNamespace } from "./namespace.ts";

/** struct ucred. */
export interface Ucred {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export const credOf = (task: Task): Ucred => ({ pid: task.tgid, uid: task.cred.euid, gid: task.cred.egid });

/** One thing sent: what a receive returns, whole for packets, in parts for a stream. */
export interface Message {
  bytes: Uint8Array;
  /** SCM_RIGHTS: held while they are on their way. */
  rights: readonly FileDescription[];
  readonly cred: Ucred;
  /** The sender's address: empty if it has none. */
  readonly from: string;
  /** Bytes that are charged for it while it waits. */
  weight?: number;
}
export const weightOf = ({ bytes, rights }: Message): number => sizes.message + bytes.length + rights.length * sizes.descriptor;

/** What a receive took. */
export interface Received extends Message {
  /** Of a packet: its whole length, which may be more than was taken. */
  readonly length: number;
}

export abstract class Socket extends FileDescription {
  readonly type: SocketType;
  readonly net: NetNamespace;
  /** SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds; 0: for ever. */
  receiveTimeout = 0;
  sendTimeout = 0;
  /** SO_ERROR: what happened and is still to be told. */
  error = 0;

  constructor(task: Task, type: SocketType, nonblock: boolean) {
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
  }
  override get weight(): number {
    return sizes.socket;
  }
  protected get account(): Account {
    return this.inode.fs.account;
  }
  /** Addresses are byte strings in a form of the family's own. "" is none. */
  abstract readonly address: string;
  abstract readonly peerAddress: string | undefined;
  /** From struct sockaddr, or -errno. */
  abstract parseAddress(bytes: Uint8Array, use: AddressUse): string | number;
  /** As struct sockaddr. */
  abstract addressBytes(address: string): Uint8Array;
  abstract bind(task: Task, address: string): number;
  abstract connect(task: Task, address: string, nonblock: boolean): Result;
  abstract listen(task: Task, backlog: number): number;
  /** A socket for the oldest connection, or -EAGAIN. */
  abstract accept(task: Task, nonblock: boolean): Socket | number;
  /** How many bytes were sent. `address`: undefined for the peer. -EAGAIN: there is no room now. */
  abstract send(task: Task, message: Message, address: string | undefined): number;
  /** -EAGAIN: there is nothing now; undefined: the end. */
  abstract receive(task: Task, n: number, peek: boolean): Received | number | undefined;
  abstract shutdown(how: number): number;
  abstract override queues(events: number): readonly WaitQueue[];
  /** It is told once: -errno or 0. Linux sock_error() */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error === 0 ? 0 : -error;
  }
  /** FIONREAD, where it is known. */
  get waitingBytes(): number | undefined {
    return undefined;
  }
  getOption(_task: Task, _level: number, _option: number): Uint8Array | number {
    return -E.ENOPROTOOPT;
  }
  setOption(_task: Task, _level: number, _option: number, _value: Uint8Array): number {
    return -E.ENOPROTOOPT;
  }

  /** read(2): descriptors that came along are closed. */
  override read(task: Task, n: number): Or<Uint8Array> {
    if (n === 0 && this.type === SOCK.STREAM) return new Uint8Array(0);
    const got = this.receive(task, n, false);
    if (got === undefined) return new Uint8Array(0);
    if (typeof got === "number") return got;
    for (const file of got.rights) file.drop();
    return got.bytes;
  }
  override write(task: Task, bytes: Uint8Array): number {
    return this.send(task, { bytes: bytes.slice(), rights: [], cred: credOf(task), from: this.address }, undefined);
  }
  override ioctl(task: Task, request: number, arg: VAddr, abi: Abi): Result {
    return interfaceIoctl(task, this.net, request, arg, abi);
  }
  override waitUntil(task: Task, events: number): number | undefined {
    const ns = (events & POLLIN) !== 0 ? this.receiveTimeout : this.sendTimeout;
    if (ns === 0) return undefined;
    task.waited.deadline ??= task.kernel.now + ns;
    return task.waited.deadline;
  }
  /** A wait that ends by itself is not begun again. Linux sock_intr_errno(). */
  override interruptedWait(until: number | undefined): number {
    return until === undefined ? restart.ERESTARTSYS : E.EINTR;
  }
}
