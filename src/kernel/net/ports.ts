// The port numbers of one protocol, and who holds them. man 7 ip; Linux net/ipv4/inet_connection_sock.c inet_csk_get_port(),
// inet_bind_conflict(), net/ipv4/udp.c udp_lib_get_port().
import { E } from "../../abi/errno.ts";
import type { Kernel } from "../kernel.ts";

/** An end of a connection, a socket that waits for some, or the memory of a connection that has ended. */
export interface Holder {
  /** Address, 0 for all of them. */
  readonly ip: number;
  readonly port: number;
  /** SO_REUSEADDR and SO_REUSEPORT, and whose: sockets of one user may share. */
  readonly reuse: boolean;
  readonly reusePort: boolean;
  readonly uid: number;
  readonly listening: boolean;
  /** Of a memory: when it fades. */
  readonly until?: number;
}

/** net.ipv4.ip_local_port_range */
const FIRST = 32768;
const LAST = 60999;

/** net.ipv4.tcp_max_tw_buckets, with 1 GiB of memory. */
const MOST_MEMORIES = 8192;

const conflict = (a: Holder, b: Holder): boolean => {
  if (a.ip !== 0 && b.ip !== 0 && a.ip !== b.ip) return false;
  if (a.reuse && b.reuse && !b.listening) return false;
  return !(a.reusePort && b.reusePort && a.uid === b.uid);
};

export class Ports {
  readonly #kernel: Kernel;
  readonly #holders = new Map<number, Set<Holder>>();
  #next = FIRST;
  /** Bytes that were sent and not read, in all sockets of the protocol. */
  inFlight = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get now(): number {
    return this.#kernel.now;
  }
  /** Who holds a port now, in the order in which they came. */
  at(port: number): readonly Holder[] {
    const all = this.#holders.get(port);
    if (!all) return [];
    for (const h of all) if (h.until !== undefined && h.until <= this.now) this.#fade(h);
    return [...all];
  }
  #fade(memory: Holder): void {
    this.drop(memory);
    this.#memories--;
  }
  #memories = 0;
  /** 0, or -EADDRINUSE if somebody objects. */
  check(wanted: Holder): number {
    return this.at(wanted.port).some((h) => h !== wanted && conflict(wanted, h)) ? -E.EADDRINUSE : 0;
  }
  hold(holder: Holder): void {
    const all = this.#holders.get(holder.port);
    if (all) all.add(holder);
    else this.#holders.set(holder.port, new Set([holder]));
  }
  /** Keep a memory; one is enough of all that would object to the same. */
  remember(memory: Holder & { readonly until: number }): void {
    const same = this.at(memory.port).find(
      (h) =>
        h.until !== undefined && h.ip === memory.ip && h.reuse === memory.reuse && h.reusePort === memory.reusePort && h.uid === memory.uid,
    );
    if (same) this.drop(same);
    else if (this.#memories >= MOST_MEMORIES) return;
    else this.#memories++;
    this.hold(memory);
  }
  drop(holder: Holder): void {
    const all = this.#holders.get(holder.port);
    if (all?.delete(holder) && all.size === 0) this.#holders.delete(holder.port);
  }
  /** A port that nobody holds, or undefined. Given in turn, so that runs are the same. */
  free(): number | undefined {
    for (let tried = FIRST; tried <= LAST; tried++) {
      const port = this.#next;
      this.#next = port === LAST ? FIRST : port + 1;
      if (this.at(port).length === 0) return port;
    }
    return undefined;
  }
}
