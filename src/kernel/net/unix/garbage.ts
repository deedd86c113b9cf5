// Descriptors in flight: files in the queues of Unix sockets, and sockets that only such messages hold. Linux
// net/unix/garbage.c, net/core/scm.c too_many_unix_fds().
import { cost } from "../../base/cost.ts";
import { Part } from "../../base/part.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { Timer } from "../../timer/timers.ts";
import type { SocketMessage } from "../socket.ts";
import type { UnixSocket } from "./unix.ts";

/** A search begins after so much time at least, and takes at most this part of the time. */
const SOON = 1000;
const PART = 10;

/** A Unix socket. Only it has messages with descriptors; its class needs this file. */
const isUnix = (file: FileDescription): file is UnixSocket => "carriers" in file;

/** A socket and its pending connections. */
function* withPending(socket: UnixSocket): Generator<UnixSocket> {
  yield socket;
  yield* socket.backlog ?? [];
}

/** The descriptors in flight of a machine. */
export class Flight implements Timer {
  private readonly _kernel: Kernel;
  /** The sockets in flight, with the number of messages that hold them. */
  private readonly _sockets = new Map<UnixSocket, number>();
  /** The descriptors in flight by the user who sent them. */
  private readonly _users = new Map<number, number>();
  private _isWaiting = false;
  /** The time that the last search took, in nanoseconds. */
  private _lastCost = 0;

  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }
  /** True if a task has more descriptors in flight than it may have open: its sends of others fail. */
  tooMany({ cred, process }: Task): boolean {
    const many = (this._users.get(cred.uid) ?? 0) > process.limit(RLIMIT.NOFILE);
    return many && !capable(cred, CAP.SYS_RESOURCE) && !capable(cred, CAP.SYS_ADMIN);
  }
  /** The descriptors of a message are in flight, or no longer. */
  count({ rights, owner = 0 }: SocketMessage, change: 1 | -1): void {
    const all = (this._users.get(owner) ?? 0) + change * rights.length;
    if (all > 0) this._users.set(owner, all);
    else this._users.delete(owner);
    for (const file of rights) {
      if (!isUnix(file)) continue;
      const messages = (this._sockets.get(file) ?? 0) + change;
      if (messages > 0) this._sockets.set(file, messages);
      else this._sockets.delete(file);
    }
  }
  /** A socket has lost a holder: sockets in flight may be garbage now. */
  suspect(): void {
    if (this._isWaiting || this._sockets.size === 0) return;
    this._isWaiting = true;
    this._kernel.timers.set(this, this._kernel.now + SOON + PART * this._lastCost);
  }
  fire(): void {
    this._isWaiting = false;
    this._collect();
  }
  /** The sockets in flight in the queue of a socket, and in those of its pending connections. */
  private *_children(socket: UnixSocket): Generator<UnixSocket> {
    // One queue may hold millions: they are not copied into a list.
    for (const each of withPending(socket)) for (const { rights } of each.carriers) for (const file of rights) if (isUnix(file)) yield file;
  }
  /** Ends all sockets that only messages in their own queues hold. Linux unix_gc(). */
  private _collect(): void {
    // The messages from outside of the candidates that hold each.
    const outside = new Map([...this._sockets].filter(([socket, messages]) => socket.refs === messages));
    let visited = this._sockets.size;
    for (const socket of [...outside.keys()])
      for (const child of this._children(socket)) {
        visited++;
        const messages = outside.get(child);
        if (messages !== undefined) outside.set(child, messages - 1);
      }
    const reachable = [...outside].filter(([, messages]) => messages > 0).map(([socket]) => socket);
    for (const socket of reachable) outside.delete(socket);
    for (let socket = reachable.pop(); socket; socket = reachable.pop())
      for (const child of this._children(socket)) {
        visited++;
        if (outside.delete(child)) reachable.push(child);
      }
    this._lastCost = visited * cost.entry;
    this._kernel.charge(this._lastCost);
    const garbage = [...outside.keys()].flatMap((socket) => [...withPending(socket)]);
    // A drop may end sockets of the list, and those their queues: the descriptors are taken out before.
    const given = garbage.map((socket) => socket.giveUpRights());
    for (const lists of given) for (const rights of lists) for (const file of rights) file.drop();
  }
}

const part = new Part<Kernel, Flight>("unix sockets in flight");
/** Descriptors in the queues of a kernel's Unix sockets. */
export const flightOf = (kernel: Kernel): Flight => part.make(kernel, () => new Flight(kernel));
