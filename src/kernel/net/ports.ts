// The port numbers of one protocol and their holders. man 7 ip; Linux net/ipv4/inet_connection_sock.c
// inet_csk_get_port(), inet_bind_conflict(), net/ipv4/udp.c udp_lib_get_port().
import { E } from "../../abi/errno.ts";
import { EPHEMERAL } from "../../abi/uapi/socket.ts";
import type { Kernel } from "../core/kernel.ts";
import { type Ip, receives } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";

/** A holder of a port: an end of a connection, a bound socket, or a connection in TIME_WAIT. */
export interface Holder {
  /** The address, or that for all addresses. */
  readonly ip: Ip;
  /** IPV6_V6ONLY: the address :: does not include IPv4. */
  readonly only6: boolean;
  readonly port: number;
  /** SO_REUSEADDR. */
  readonly reuse: boolean;
  /** SO_REUSEPORT. */
  readonly reusePort: boolean;
  /** The user. With SO_REUSEPORT only sockets of one user share a port. */
  readonly uid: number;
  readonly listening: boolean;
  /** The end of TIME_WAIT in monotonic nanoseconds. */
  readonly until?: number;
}

/** net.ipv4.tcp_max_tw_buckets, with 1 GiB of memory. */
const MOST_MEMORIES = 8192;

const conflict = (a: Holder, b: Holder): boolean => {
  if (!receives(a.ip, a.only6, b.ip) && !receives(b.ip, b.only6, a.ip)) return false;
  if (a.reuse && b.reuse && !b.listening) return false;
  return !(a.reusePort && b.reusePort && a.uid === b.uid);
};

/** The ports of one protocol in one network namespace. */
export class Ports {
  private readonly _kernel: Kernel;
  private readonly _holders = new Map<number, Set<Holder>>();
  private readonly _net: Pick<NetNamespace, "localPorts">;
  private _next: number = EPHEMERAL.first;
  /** The bytes that were sent and not read yet, in all sockets of the protocol. */
  inFlight = 0;

  constructor(kernel: Kernel, net: Pick<NetNamespace, "localPorts">) {
    this._kernel = kernel;
    this._net = net;
  }

  get now(): number {
    return this._kernel.now;
  }
  /** The current holders of a port, in the order of their registration. */
  at(port: number): readonly Holder[] {
    const all = this._holders.get(port);
    if (!all) return [];
    for (const h of all) if (h.until !== undefined && h.until <= this.now) this._expire(h);
    return [...all];
  }
  /** Removes a holder after its TIME_WAIT. */
  private _expire(memory: Holder): void {
    this.drop(memory);
    this._memories--;
  }
  private _memories = 0;
  /** All holders but those in TIME_WAIT. */
  *sockets(): Generator<Holder> {
    for (const all of this._holders.values()) for (const holder of all) if (holder.until === undefined) yield holder;
  }
  /** 0, or -EADDRINUSE if a holder conflicts with `wanted`. Linux inet_bind_conflict(). */
  check(wanted: Holder): number {
    return this.at(wanted.port).some((h) => h !== wanted && conflict(wanted, h)) ? -E.EADDRINUSE : 0;
  }
  /** Registers a holder. */
  hold(holder: Holder): void {
    const all = this._holders.get(holder.port);
    if (all) all.add(holder);
    else this._holders.set(holder.port, new Set([holder]));
  }
  /** Registers a connection in TIME_WAIT. One of several that conflict with the same sockets is enough. */
  remember(memory: Holder & { readonly until: number }): void {
    const same = this.at(memory.port).find(
      (h) =>
        h.until !== undefined &&
        h.ip === memory.ip &&
        h.only6 === memory.only6 &&
        h.reuse === memory.reuse &&
        h.reusePort === memory.reusePort &&
        h.uid === memory.uid,
    );
    if (same) this.drop(same);
    else if (this._memories >= MOST_MEMORIES) return;
    else this._memories++;
    this.hold(memory);
  }
  /** Removes a holder. */
  drop(holder: Holder): void {
    const all = this._holders.get(holder.port);
    if (all?.delete(holder) && all.size === 0) this._holders.delete(holder.port);
  }
  /**
   * A free port, or undefined. Ports are given in ascending order, so that runs are deterministic. The limits
   * are those of the socket (IP_LOCAL_PORT_RANGE), inside of the namespace's; 0 is none.
   */
  free(low: number, high: number): number | undefined {
    const { first: least, last: most } = this._net.localPorts;
    const first = low < least || low > most ? least : low;
    const last = high < first || high > most ? most : high;
    for (let tried = first; tried <= last; tried++) {
      const port = this._next < first || this._next > last ? first : this._next;
      this._next = port + 1;
      if (this.at(port).length === 0) return port;
    }
    return undefined;
  }
}
