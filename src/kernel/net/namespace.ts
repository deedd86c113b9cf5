// Network namespaces: each has its own loopback device and no other. man 7 network_namespaces.

import type { UserNamespace } from "../cred/user-namespace.ts";
import type { Kernel } from "../kernel.ts";
import { Ports } from "./ports.ts";
import type { UnixSocket } from "./unix.ts";

/** A network namespace: the state of its device, its port tables and its abstract socket names. */
export class NetNamespace {
  readonly owner: UserNamespace | undefined;
  /** True if the loopback device is up. In a namespace of unshare(2) it is down at first. */
  up = false;
  /** True if the device has 127.0.0.1/8. Linux assigns the address when the device first comes up. */
  addressed = false;
  /** Unix sockets in the abstract namespace, by type and name. man 7 unix. */
  readonly abstractSockets = new Map<string, UnixSocket>();
  /** All Unix sockets that are open, for /proc/net/unix. */
  readonly unixSockets = new Set<UnixSocket>();
  readonly netlinkPorts = new Set<number>();
  readonly tcp: Ports;
  readonly udp: Ports;

  constructor(kernel: Kernel, owner: UserNamespace | undefined, up: boolean) {
    this.owner = owner;
    this.setUp(up);
    this.tcp = new Ports(kernel);
    this.udp = new Ports(kernel);
  }
  /** The MTU of the loopback device. It limits nothing. */
  mtu = 65536;
  /** Sets IFF_UP. */
  setUp(up: boolean): void {
    this.up = up;
    if (up) this.addressed = true;
  }
}
