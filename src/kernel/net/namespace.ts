// Network namespaces: each has its own loopback device. The first one may be connected to the host. man 7
// network_namespaces.

import { EPHEMERAL } from "../../abi/uapi/socket.ts";
import type { Kernel } from "../core/kernel.ts";
import type { UserNamespace } from "../cred/user-namespace.ts";
import { type Device, type DeviceAddress, deviceNamed, deviceNumbered, givenFor, isOwn } from "./devices.ts";
import type { HostLink, HostNetwork, NetworkEvent } from "./host-network.ts";
import { type Endpoint, type Ip, isLoopback, loopbackFor } from "./inet-address.ts";
import type { Groups } from "./multicast.ts";
import { plan } from "./plan.ts";
import { Ports } from "./ports.ts";
import type { Hearer, Tap } from "./taps.ts";

/** An empty range of groups. */
export const NO_GROUPS: readonly [number, number] = [1, 0];

/** The way out of the machine (outside/uplink.ts), as sockets see it. */
export interface NetworkUplink {
  network: HostNetwork;
  /** Connections with the outside world, in words. */
  readonly connections: readonly string[];
  /** The host's ends of all connections are gone. */
  lost(): void;
  open(tell: (event: NetworkEvent) => void): Promise<void>;
  /** Uses a link that is open. */
  attach(link: HostLink): void;
  close(flush: boolean): Promise<void>;
  reaches(to: Ip): boolean;
  /** A connection of a TCP socket that is being made, or -errno. */
  connect(socket: object, to: Endpoint): Connecting | number;
  /** Sends a datagram of a UDP socket: 0 or -errno. */
  datagram(socket: object, to: Endpoint, bytes: Uint8Array): number;
  /** A UDP socket has ended. */
  forget(socket: object): void;
  deliver(event: NetworkEvent): void;
}
/** A connection that was requested outside of the machine. */
export interface Connecting {
  cancel(): void;
}

/** A network namespace: the state of its device, its port tables and its abstract socket names. */
export class NetNamespace {
  readonly owner: UserNamespace | undefined;
  /** SO_NETNS_COOKIE: its number among all namespaces. */
  readonly cookie: number;
  /** True if the loopback device is up. In a namespace of unshare(2) it is down at first. */
  up = false;
  /** True if the device has 127.0.0.1/8. Linux assigns the address when the device first comes up. */
  addressed = false;
  /** Addresses that programs gave the loopback device, besides 127.0.0.1 and ::1. */
  readonly given: DeviceAddress[] = [];
  /** Raw sockets and packet sockets: they see datagrams and frames of other sockets. */
  readonly raw = new Set<Hearer>();
  readonly taps = new Set<Tap>();
  parts: Map<string, unknown> | undefined = undefined;
  /** The way out of the machine, if it has a network. */
  uplink: NetworkUplink | undefined = undefined;
  readonly tcp: Ports;
  readonly udp: Ports;
  readonly udplite: Ports;
  /** The identifiers of ping sockets, and the groups that may make them: net.ipv4.ping_group_range. */
  readonly pings: Ports;
  pingGroups: readonly [low: number, high: number] = NO_GROUPS;
  /** An upper bound below the lower one makes the range empty. */
  setPingGroups(low: number, high: number): void {
    this.pingGroups = high < low ? NO_GROUPS : [low, high];
  }
  /** Ports from this one on need no privilege: net.ipv4.ip_unprivileged_port_start. */
  firstFreePort = 1024;
  /** The ports that the kernel chooses: net.ipv4.ip_local_port_range. */
  localPorts: { readonly first: number; readonly last: number } = EPHEMERAL;
  /** 1: addresses that this machine does not have can be bound, by IP version. net.ipv4.ip_nonlocal_bind */
  readonly foreignBind = { four: 0, six: 0 };
  /** IPV6_V6ONLY of new sockets: net.ipv6.bindv6only. */
  only6 = 0;
  /** The longest queue of connections: net.core.somaxconn. */
  maxBacklog = 4096;
  /** Settings of /proc/sys/net that a guest has written and that change nothing, by name. */
  readonly sysctls = new Map<string, string | readonly number[]>();
  /** The memberships of sockets in multicast groups. */
  readonly groups = new Set<Groups>();

  constructor(kernel: Kernel, owner: UserNamespace | undefined, up: boolean) {
    this.owner = owner;
    this.cookie = kernel.nextCookie();
    this.setUp(up);
    this.tcp = new Ports(kernel, this);
    this.udp = new Ports(kernel, this);
    this.udplite = new Ports(kernel, this);
    this.pings = new Ports(kernel, this);
  }
  /** The MTU of the loopback device. It limits nothing. */
  mtu = 65536;
  /** True for an address of this machine: the loopback addresses, and those of the link to the host. */
  isOwn(ip: Ip): boolean {
    return isLoopback(ip) || isOwn(this, ip);
  }
  /** The device with a name. */
  named(name: string): Device | undefined {
    return deviceNamed(this, name);
  }
  /** The device with a number. */
  numbered(index: number): Device | undefined {
    return deviceNumbered(this, index);
  }
  /** The own address from which packets to an address go. */
  sourceFor(to: Ip): Ip {
    if (isLoopback(to)) return loopbackFor(to);
    const given = givenFor(this, to);
    if (given) return given.ip;
    return typeof to === "number" ? plan.own.four.ip : plan.own.six.ip;
  }
  /** Sets IFF_UP. */
  setUp(up: boolean): void {
    this.up = up;
    if (up) this.addressed = true;
  }
}
