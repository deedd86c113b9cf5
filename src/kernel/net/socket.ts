// What every kind of socket has. man 7 socket; Linux include/linux/net.h struct socket, struct proto_ops.
import { E } from "../../abi/errno.ts";
import { AnonInode } from "../fs/anon.ts";
import { FileDescription } from "../fs/file.ts";
import { S_IFSOCK } from "../fs/mode.ts";
import { O_NONBLOCK, O_RDWR } from "../fs/open-flags.ts";
import type { Result } from "../syscall.ts";
import type { Task } from "../task.ts";

export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5 } as const;
export type SocketType = typeof SOCK.STREAM | typeof SOCK.DGRAM | typeof SOCK.SEQPACKET;
export const MSG = {
  OOB: 1,
  PEEK: 2,
  CTRUNC: 8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  NOSIGNAL: 0x4000,
  CMSG_CLOEXEC: 0x4000_0000,
} as const;

/** struct ucred. */
export interface Ucred {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** One thing sent: what a receive returns, whole for packets, in parts for a stream. */
export interface Message {
  bytes: Uint8Array;
  /** SCM_RIGHTS: held while they are on their way. */
  rights: readonly FileDescription[];
  readonly cred: Ucred;
  /** The sender's address: empty if it has none. */
  readonly from: string;
}

/** What a receive took. */
export interface Received extends Message {
  /** Of a packet: its whole length, which may be more than was taken. */
  readonly length: number;
}

export abstract class Socket extends FileDescription {
  readonly type: SocketType;
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
  }
  /** Addresses are struct sockaddr as bytes, without the family's own padding. */
  abstract readonly address: string;
  abstract readonly peerAddress: string | undefined;
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
  getOption(_task: Task, _level: number, _option: number): Uint8Array | number {
    return -E.ENOPROTOOPT;
  }
  setOption(_task: Task, _level: number, _option: number, _value: Uint8Array): number {
    return -E.ENOPROTOOPT;
  }
}
