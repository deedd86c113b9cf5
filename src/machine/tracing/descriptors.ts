// The text of a descriptor with -y and -yy: `3</etc/passwd>`, `4<TCP:[127.0.0.1:80->127.0.0.1:4711]>`.

import { S_IFBLK, S_IFCHR, S_IFMT } from "../../abi/uapi/stat.ts";
import { pathName } from "../../kernel/fs/vfs/dentry.ts";
import type { FileDescription } from "../../kernel/fs/vfs/file.ts";
import { toEndpoint } from "../../kernel/net/inet-address.ts";
import { Socket } from "../../kernel/net/socket.ts";
import { TcpSocket } from "../../kernel/net/tcp.ts";
import { UdpSocket } from "../../kernel/net/udp.ts";
import { UnixSocket } from "../../kernel/net/unix.ts";
import { inet6 } from "../../kernel/show/socket.ts";
import { AT_FDCWD } from "../../kernel/syscall/arg-file.ts";
import type { Task } from "../../kernel/task/task.ts";

const octets = (ip: number): string => [ip >>> 24, (ip >>> 16) & 255, (ip >>> 8) & 255, ip & 255].join(".");
const endpoint = (address: string): string => {
  const { ip, port } = toEndpoint(address);
  return `${typeof ip === "number" ? octets(ip) : `[${inet6(Uint8Array.from(ip, (c) => c.charCodeAt(0)))}]`}:${port}`;
};

/** The name of a file: its path, or `pipe:[7]`, `socket:[7]`, `anon_inode:[eventfd]`. */
export const nameOfFile = (task: Task, file: FileDescription): string => pathName(file.path, task.fs.root).name;

const details = (task: Task, file: FileDescription): string => {
  if (file instanceof TcpSocket || file instanceof UdpSocket) {
    const kind = file instanceof TcpSocket ? "TCP" : "UDP";
    const [own, peer] = [file.address, file.peerAddress];
    const family = typeof toEndpoint(own || (peer ?? "")).ip === "string" ? "v6" : "";
    if (!own) return `${kind}:[${file.inode.ino}]`;
    return `${kind}${family}:[${endpoint(own)}${peer ? `->${endpoint(peer)}` : ""}]`;
  }
  if (file instanceof UnixSocket) return `UNIX:[${file.inode.ino}${file.address ? `,"${file.address.replace(/^\0/, "@")}"` : ""}]`;
  if (file instanceof Socket) return nameOfFile(task, file);
  const { mode, rdev } = file.inode;
  const type = mode & S_IFMT;
  if (type !== S_IFCHR && type !== S_IFBLK) return nameOfFile(task, file);
  return `${nameOfFile(task, file)}<${type === S_IFCHR ? "char" : "block"} ${rdev >>> 8}:${rdev & 0xff}>`;
};

/** The text of descriptors: numbers, with paths (-y), with protocols and devices (-yy). */
export const descriptorText =
  (level: 0 | 1 | 2) =>
  (task: Task, fd: number): string => {
    const name = fd === AT_FDCWD ? "AT_FDCWD" : String(fd | 0);
    if (level === 0) return name;
    if (fd === AT_FDCWD) return `${name}<${pathName(task.fs.cwd, task.fs.root).name}>`;
    const file = task.files.getRaw(fd | 0);
    if (!file) return name;
    return `${name}<${level === 2 ? details(task, file) : nameOfFile(task, file)}>`;
  };
