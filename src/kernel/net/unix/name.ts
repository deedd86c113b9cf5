// Names of Unix sockets: in the file tree, or abstract. man 7 unix, "Address format"; Linux unix_bind_bsd(),
// unix_bind_abstract(), unix_find_other().
import { E } from "../../../abi/errno.ts";
import type { SocketType } from "../../../abi/uapi/socket.ts";
import { own } from "../../base/byte-string.ts";
import type { Task } from "../../core/task.ts";
import { mknod } from "../../fs/vfs/create.ts";
import { may, S_IFSOCK } from "../../fs/vfs/mode.ts";
import { permission } from "../../fs/vfs/permission.ts";
import { unlink } from "../../fs/vfs/remove.ts";
import { resolve } from "../../fs/vfs/resolve.ts";
import { unixTable } from "./table.ts";
import type { UnixSocket } from "./unix.ts";

const isAbstract = (address: string): boolean => address.startsWith("\0");
/** The key of an abstract name. Each type has its own names. */
const keyOf = (type: SocketType, name: string): string => `${type}${name}`;
/** The name in an address: a path up to its first NUL, or all bytes of an abstract name. */
export const nameOf = (address: string): string => (isAbstract(address) ? address : (address.split("\0", 1)[0] ?? ""));

/** Binds to a free abstract name of five hexadecimal digits. Linux unix_autobind(). */
const autobind = (socket: UnixSocket, names: Map<string, UnixSocket>): number => {
  if (socket.address !== "") return 0;
  for (let n = 0; ; n++) {
    const name = `\0${n.toString(16).padStart(5, "0")}`;
    if (!names.has(keyOf(socket.type, name))) return bindAbstract(socket, name, names);
  }
};
const bindAbstract = (socket: UnixSocket, name: string, names: Map<string, UnixSocket>): number => {
  if (socket.address !== "") return -E.EINVAL;
  const key = keyOf(socket.type, name);
  const old = names.get(key);
  if (old && !old.closed) return -E.EADDRINUSE;
  names.set(own(key), socket);
  socket.address = own(name);
  return 0;
};

/** Frees the abstract name of a closed socket. */
export const releaseName = (socket: UnixSocket): void => {
  const { abstract } = unixTable(socket.net);
  const key = keyOf(socket.type, socket.address);
  if (abstract.get(key) === socket) abstract.delete(key);
};

/** Binds a socket to a name: 0 or -errno. */
export const bindName = (task: Task, socket: UnixSocket, address: string): number => {
  const names = unixTable(socket.net).abstract;
  if (address === "") return autobind(socket, names);
  if (isAbstract(address)) return bindAbstract(socket, address, names);
  const name = nameOf(address);
  const made = mknod(task, task.fs.cwd, name, S_IFSOCK | (socket.inode.mode & 0o777), 0);
  if (made < 0) return made === -E.EEXIST ? -E.EADDRINUSE : made;
  if (socket.address !== "") {
    unlink(task, task.fs.cwd, name);
    return -E.EINVAL;
  }
  const path = resolve(task, task.fs.cwd, name);
  if (typeof path === "number") return path;
  path.dentry.inode.socket = socket;
  socket.bound = path.dentry.inode;
  socket.address = own(name);
  return 0;
};

/** The socket of this type that is bound to a name, or -errno. */
export const findBound = (task: Task, address: string, type: SocketType): UnixSocket | number => {
  const found = isAbstract(address) ? unixTable(task.net).abstract.get(keyOf(type, address)) : byPath(task, nameOf(address));
  if (typeof found === "number") return found;
  if (!found || found.closed) return -E.ECONNREFUSED;
  return found.type === type ? found : -E.EPROTOTYPE;
};
const byPath = (task: Task, name: string): UnixSocket | undefined | number => {
  const path = resolve(task, task.fs.cwd, name);
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  const denied = permission(task, inode, may.write);
  if (denied < 0) return denied;
  return inode.type === S_IFSOCK ? (inode.socket as UnixSocket | undefined) : -E.ECONNREFUSED;
};
