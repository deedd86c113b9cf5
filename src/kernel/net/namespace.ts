// Network namespaces: each has a loopback device of its own, and nothing else. man 7 network_namespaces.

import type { UserNamespace } from "../cred/user-namespace.ts";
import type { Kernel } from "../kernel.ts";
import { Ports } from "./ports.ts";
import type { UnixSocket } from "./unix.ts";

export class NetNamespace {
  readonly owner: UserNamespace | undefined;
  /** The loopback device is up. In a new namespace it is not. */
  up = false;
  /** It has 127.0.0.1/8, as it gets by itself when it comes up first. */
  addressed = false;
  /** Local sockets by type and name, if the name is outside of the file tree. */
  readonly abstractSockets = new Map<string, UnixSocket>();
  readonly netlinkPorts = new Set<number>();
  readonly tcp: Ports;
  readonly udp: Ports;

  constructor(kernel: Kernel, owner: UserNamespace | undefined, up: boolean) {
    this.owner = owner;
    this.setUp(up);
    this.tcp = new Ports(kernel);
    this.udp = new Ports(kernel);
  }
  setUp(up: boolean): void {
    this.up = up;
    if (up) this.addressed = true;
  }
}
