// Families of sockets: what socket(2) and socketpair(2) make.

import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import type { InetFamily } from "./inet-address.ts";
import type { Socket } from "./socket.ts";

declare module "../core/feature.ts" {
  interface Feature {
    /** Families for socket(2), by AF_*. */
    readonly socketFamilies?: Readonly<Record<number, SocketFamily>>;
    /** Sockets of AF_INET and AF_INET6 besides TCP and UDP. */
    readonly inetSockets?: InetSockets;
  }
}

/** A new socket. */
export interface NewSocket {
  readonly cloexec: boolean;
  readonly make: () => Socket;
  /** Two connected sockets, if the family supports pairs. */
  readonly pair?: () => readonly [Socket, Socket];
}
/** The socket of a family, or -errno. */
export type CreatedSocket = Omit<NewSocket, "cloexec"> | number;
/** Creates the socket of a domain, in the domain's order of checks. */
export type SocketFamily = (t: Task, type: number, protocol: number, nonblock: boolean) => CreatedSocket;

/** Creates a socket of IP that the core does not have; undefined: it is of another type. */
export type InetSockets = (
  t: Task,
  type: number,
  protocol: number,
  how: { readonly domain: InetFamily; readonly nonblock: boolean },
) => CreatedSocket | undefined;

/** True if the task may make raw and packet sockets. */
export const mayBeRaw = (t: Task): boolean => capableIn(t.cred, t.net.owner, CAP.NET_RAW);
