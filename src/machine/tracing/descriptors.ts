// The text of a descriptor with -y and -yy: `3</etc/passwd>`, `4<TCP:[127.0.0.1:80->127.0.0.1:4711]>`. strace
// src/util.c, printfd(); src/socketutils.c.

import { AF, SOCK } from "../../abi/uapi/socket.ts";
import { major, minor, S_IFBLK, S_IFCHR, S_IFMT } from "../../abi/uapi/stat.ts";
import type { Task } from "../../kernel/core/task.ts";
import { EventFile } from "../../kernel/fs/files/eventfd.ts";
import { SignalFile } from "../../kernel/fs/files/signalfd.ts";
import { Master } from "../../kernel/fs/tty/pty.ts";
import { type Path, pathName } from "../../kernel/fs/vfs/dentry.ts";
import type { FileDescription } from "../../kernel/fs/vfs/file.ts";
import { InetSocket } from "../../kernel/net/inet.ts";
import { toEndpoint } from "../../kernel/net/inet-address.ts";
import { Socket } from "../../kernel/net/socket.ts";
import { TcpSocket } from "../../kernel/net/tcp.ts";
import { UdpSocket } from "../../kernel/net/udp.ts";
import { UnixSocket } from "../../kernel/net/unix/unix.ts";
import { inet6 } from "../../kernel/show/socket.ts";
import { AT_FDCWD } from "../../kernel/syscall/arg-file.ts";
import { setText } from "../../kernel/syscall/arg-signal.ts";
import { escaped, quote } from "../../kernel/syscall/arg-string.ts";
import { Pidfd } from "../../kernel/task/pidfd.ts";

const octets = (ip: number): string => [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255].join(".");
const endpoint = (address: string): string => {
  const { ip, port } = toEndpoint(address);
  return `${typeof ip === "number" ? octets(ip) : `[${inet6(Uint8Array.from(ip, (c) => c.charCodeAt(0)))}]`}:${port}`;
};

/** The name of a file: its path, or `pipe:[7]`, `socket:[7]`, `anon_inode:[eventfd]`. */
export const nameOfFile = (task: Task, file: FileDescription): string => pathName(file.path, task.fs.root).name;

const DELETED = " (deleted)";
/** The name in angle brackets, in which no character ends the brackets or reaches the terminal. */
const bracketed = (task: Task, { dentry, mount }: Path, more = ""): string => {
  const { name } = pathName({ dentry, mount }, task.fs.root);
  const gone = name.endsWith(DELETED) && (dentry.deleted || dentry.label !== undefined);
  const text = escaped(gone ? name.slice(0, -DELETED.length) : name, "<>");
  return gone ? `<${text}${more}>(deleted)` : `<${text}${more}>`;
};

/** A socket of the internet as strace's -yy names it, without its protocol. */
const addresses = ({ inode, address, peerAddress }: InetSocket): string =>
  address && toEndpoint(address).port !== 0 ? `${endpoint(address)}${peerAddress ? `->${endpoint(peerAddress)}` : ""}` : `${inode.ino}`;
const internet = (socket: InetSocket): string | undefined => {
  const v6 = socket.domain === AF.INET6 ? "v6" : "";
  if (socket instanceof TcpSocket) return `TCP${v6}:[${addresses(socket)}]`;
  if (socket instanceof UdpSocket) return `UDP${v6}:[${addresses(socket)}]`;
  return socket.traceName;
};
const unix = ({ type, inode, peer, address }: UnixSocket): string => {
  const name = address && (address[0] === "\0" ? `,@${quote(address.slice(1))}` : `,${quote(address)}`);
  return `UNIX${type === SOCK.STREAM ? "-STREAM" : ""}:[${inode.ino}${peer ? `->${peer.inode.ino}` : ""}${name}]`;
};
const eventCounter = ({ count, id, semaphore }: EventFile): string =>
  `{eventfd-count=${count === 0n ? 0 : `0x${count.toString(16)}`}, eventfd-id=${id}, eventfd-semaphore=${Number(semaphore)}}`;

/** What -yy shows in place of the path; undefined for a file that has a path. */
const details = (file: FileDescription): string | undefined => {
  if (file instanceof InetSocket) return internet(file);
  if (file instanceof UnixSocket) return unix(file);
  if (file instanceof Socket) return file.traceName;
  if (file instanceof EventFile) return eventCounter(file);
  if (file instanceof SignalFile) return `signalfd:${setText(file.mask)}`;
  return file instanceof Pidfd ? `pid:${file.process.pid}` : undefined;
};
/** The device of a special file, as -yy shows it after the path. */
const device = (file: FileDescription): string => {
  const { mode, rdev } = file.inode;
  const type = mode & S_IFMT;
  if (type !== S_IFCHR && type !== S_IFBLK) return "";
  const slave = file instanceof Master ? ` @/dev/pts/${file.pty.index}` : "";
  return `<${type === S_IFCHR ? "char" : "block"} ${major(rdev)}:${minor(rdev)}${slave}>`;
};

/** The text of descriptors: numbers, with paths (-y), with protocols and devices (-yy). */
export const descriptorText =
  (level: 0 | 1 | 2) =>
  (task: Task, fd: number): string => {
    const name = fd === AT_FDCWD ? "AT_FDCWD" : String(fd | 0);
    if (level === 0) return name;
    if (fd === AT_FDCWD) return `${name}${bracketed(task, task.fs.cwd)}`;
    const file = task.files.getRaw(fd | 0);
    if (!file) return name;
    const special = level === 2 ? details(file) : undefined;
    return `${name}${special === undefined ? bracketed(task, file.path, level === 2 ? device(file) : "") : `<${special}>`}`;
  };
