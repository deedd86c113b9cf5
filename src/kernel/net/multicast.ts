// Membership of a socket in multicast groups, and its choice of a device. man 7 ip, ipv6; RFC 3678; Linux
// net/ipv4/igmp.c, net/ipv6/mcast.c.

import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { ofBytes } from "../base/byte-string.ts";
import { sizes } from "../base/sizes.ts";
import { type Device, deviceNumbered, devicesOf } from "./devices.ts";
import { ANY, type Ip, isLoopback, isMulticast } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";

/** Options of level IPPROTO_IP. Linux uapi linux/in.h. */
export const IP_MULTICAST = {
  IF: 32,
  ADD: 35,
  DROP: 36,
  UNBLOCK_SOURCE: 37,
  BLOCK_SOURCE: 38,
  ADD_SOURCE: 39,
  DROP_SOURCE: 40,
} as const;
/** Options of level IPPROTO_IPV6. */
export const IPV6_MULTICAST = { IF: 17, JOIN: 20, LEAVE: 21 } as const;
/** Options of both levels, with struct group_req and struct group_source_req. */
export const MCAST = { JOIN: 42, BLOCK_SOURCE: 43, UNBLOCK_SOURCE: 44, LEAVE: 45, JOIN_SOURCE: 46, LEAVE_SOURCE: 47 } as const;

/** net.ipv4.igmp_max_memberships, igmp_max_msf. */
const MOST_GROUPS = 20;
const MOST_SOURCES = 10;
/** The size of struct sockaddr_storage. */
const STORAGE = 128;

/** The request of a socket. */
interface Wish {
  readonly group: Ip;
  /** The number of the device, or its address, or neither (0). */
  readonly index: number;
  readonly local: Ip;
  readonly source?: Ip;
}
/** A joined group. Sources are those that are blocked, or the only ones if `includes`. */
interface Membership {
  readonly group: Ip;
  readonly index: number;
  readonly includes: boolean;
  readonly sources: Set<Ip>;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const six = (bytes: Uint8Array, at: number): string => ofBytes(bytes.subarray(at, at + 16));
/** The address in a struct sockaddr_storage, or -errno. */
const stored = (bytes: Uint8Array, at: number, family: number): Ip | undefined => {
  const v = view(bytes);
  if (v.getUint16(at, true) !== family) return undefined;
  return family === AF.INET ? v.getUint32(at + 4) : six(bytes, at + 8);
};
/** struct group_req { u32 interface; struct sockaddr_storage group; }, or with a source after it. */
const groupRequest = (bytes: Uint8Array, family: number, abi: Abi, withSource: boolean): Wish | number => {
  const at = abi.long;
  if (bytes.length < at + STORAGE * (withSource ? 2 : 1)) return -E.EINVAL;
  const group = stored(bytes, at, family);
  const source = withSource ? stored(bytes, at + STORAGE, family) : undefined;
  if (group === undefined || (withSource && source === undefined)) return withSource ? -E.EADDRNOTAVAIL : -E.EINVAL;
  return { group, index: view(bytes).getInt32(0, true), local: ANY, ...(source === undefined ? {} : { source }) };
};
/** struct ip_mreqn { u32 group, local; int interface; }: without the last member, or with a source. */
const ip4Request = (bytes: Uint8Array, withSource: boolean): Wish | number => {
  if (bytes.length < (withSource ? 12 : 8)) return -E.EINVAL;
  const v = view(bytes);
  const common = { group: v.getUint32(0), local: v.getUint32(4) };
  return withSource ? { ...common, index: 0, source: v.getUint32(8) } : { ...common, index: bytes.length >= 12 ? v.getInt32(8, true) : 0 };
};
/** struct ipv6_mreq { struct in6_addr group; int interface; } */
const ip6Request = (bytes: Uint8Array): Wish | number =>
  bytes.length < 20 ? -E.EINVAL : { group: six(bytes, 0), index: view(bytes).getInt32(16, true), local: ANY };

/** The device of a number or an address; without both that of the route to groups. Linux ip_mc_find_dev(). */
export const deviceFor = (net: NetNamespace, index: number, local: Ip): Device | undefined => {
  if (index !== 0) return deviceNumbered(net, index);
  const devices = devicesOf(net);
  if (local !== ANY) return devices.find((d) => d.addresses(net).some(({ ip }) => ip === local || (isLoopback(ip) && isLoopback(local))));
  return devices.find((d) => d.gateway(net) !== undefined);
};

/** The groups of one socket. */
export class Groups {
  private _joined: Membership[] = [];
  /** IP_MULTICAST_IF: the device of sent datagrams and its address, as the program gave them. */
  outgoing: { readonly index: number; readonly address: number } = { index: 0, address: ANY };

  /** Sets an option of membership: 0 or -errno; undefined if it is none. */
  set(net: NetNamespace, family: number, option: number, value: Uint8Array, abi: Abi): number | undefined {
    const four = family === AF.INET;
    switch (option) {
      case MCAST.JOIN:
        return this._with(groupRequest(value, family, abi, false), (w) => this._join(net, w));
      case MCAST.LEAVE:
        return this._with(groupRequest(value, family, abi, false), (w) => this._leave(net, w));
      case MCAST.JOIN_SOURCE:
        return this._with(groupRequest(value, family, abi, true), (w) => this._join(net, w));
      case MCAST.LEAVE_SOURCE:
        return this._with(groupRequest(value, family, abi, true), (w) => this._leave(net, w));
      case MCAST.BLOCK_SOURCE:
      case MCAST.UNBLOCK_SOURCE:
        return this._with(groupRequest(value, family, abi, true), (w) => this._block(net, w, option === MCAST.BLOCK_SOURCE));
    }
    if (!four) {
      if (option === IPV6_MULTICAST.JOIN) return this._with(ip6Request(value), (w) => this._join(net, w));
      return option === IPV6_MULTICAST.LEAVE ? this._with(ip6Request(value), (w) => this._leave(net, w)) : undefined;
    }
    switch (option) {
      case IP_MULTICAST.ADD:
        return this._with(ip4Request(value, false), (w) => this._join(net, w));
      case IP_MULTICAST.DROP:
        return this._with(ip4Request(value, false), (w) => this._leave(net, w));
      case IP_MULTICAST.ADD_SOURCE:
        return this._with(ip4Request(value, true), (w) => this._join(net, w));
      case IP_MULTICAST.DROP_SOURCE:
        return this._with(ip4Request(value, true), (w) => this._leave(net, w));
      case IP_MULTICAST.BLOCK_SOURCE:
      case IP_MULTICAST.UNBLOCK_SOURCE:
        return this._with(ip4Request(value, true), (w) => this._block(net, w, option === IP_MULTICAST.BLOCK_SOURCE));
      case IP_MULTICAST.IF:
        return this._choose(net, value);
    }
    return undefined;
  }
  private _with(wish: Wish | number, use: (wish: Wish) => number): number {
    if (typeof wish === "number") return wish;
    return isMulticast(wish.group) ? use(wish) : -E.EINVAL;
  }
  private _find(group: Ip, index: number): Membership | undefined {
    return this._joined.find((m) => m.group === group && m.index === index);
  }
  private _join(net: NetNamespace, { group, index, local, source }: Wish): number {
    const device = deviceFor(net, index, local);
    if (!device) return -E.ENODEV;
    const known = this._find(group, device.index);
    if (source === undefined) {
      if (known) return -E.EADDRINUSE;
      if (this._joined.length >= MOST_GROUPS) return -E.ENOBUFS;
      this._joined.push({ group, index: device.index, includes: false, sources: new Set() });
      return 0;
    }
    if (known && !known.includes) return -E.EINVAL;
    if (!known && this._joined.length >= MOST_GROUPS) return -E.ENOBUFS;
    if (known?.sources.has(source)) return -E.EADDRNOTAVAIL;
    if (known && known.sources.size >= MOST_SOURCES) return -E.ENOBUFS;
    if (known) known.sources.add(source);
    else this._joined.push({ group, index: device.index, includes: true, sources: new Set([source]) });
    return 0;
  }
  private _leave(net: NetNamespace, { group, index, local, source }: Wish): number {
    const device = deviceFor(net, index, local);
    // Without any device the group alone decides. Linux ip_mc_leave_group().
    if (!device && (index !== 0 || local !== ANY)) return -E.ENODEV;
    const known = device ? this._find(group, device.index) : this._joined.find((m) => m.group === group);
    if (!known) return source === undefined ? -E.EADDRNOTAVAIL : -E.EINVAL;
    if (source !== undefined) {
      if (!known.includes) return -E.EINVAL;
      if (!known.sources.delete(source)) return -E.EADDRNOTAVAIL;
      if (known.sources.size > 0) return 0;
    }
    this._joined = this._joined.filter((m) => m !== known);
    return 0;
  }
  private _block(net: NetNamespace, { group, index, local, source }: Wish, on: boolean): number {
    const device = deviceFor(net, index, local);
    if (!device) return -E.ENODEV;
    const known = this._find(group, device.index);
    if (!known || source === undefined) return -E.EINVAL;
    if (known.includes) return -E.EINVAL;
    if (known.sources.has(source) === on) return -E.EADDRNOTAVAIL;
    if (!on) known.sources.delete(source);
    else if (known.sources.size >= MOST_SOURCES) return -E.ENOBUFS;
    else known.sources.add(source);
    return 0;
  }
  /** IP_MULTICAST_IF: an address, struct ip_mreq or struct ip_mreqn. */
  private _choose(net: NetNamespace, value: Uint8Array): number {
    if (value.length < 4) return -E.EINVAL;
    const v = view(value);
    const [address, index] = value.length >= 12 ? [v.getUint32(4), v.getInt32(8, true)] : [v.getUint32(value.length >= 8 ? 4 : 0), 0];
    if (index === 0 && address === ANY) {
      this.outgoing = { index: 0, address: ANY };
      return 0;
    }
    const device = deviceFor(net, index, address);
    if (!device) return -E.EADDRNOTAVAIL;
    this.outgoing = { index: device.index, address };
    return 0;
  }
  /** The charge in bytes. */
  get weight(): number {
    return this._joined.reduce((sum, { sources }) => sum + sizes.membership + sources.size * sizes.source, 0);
  }
  /** The value of IP_MULTICAST_IF. */
  outgoingBytes(): Uint8Array {
    const bytes = new Uint8Array(4);
    view(bytes).setUint32(0, this.outgoing.address);
    return bytes;
  }
  /** True if a datagram to a group is for the socket; undefined: no member. Linux ip_mc_sf_allow(). */
  allows(group: Ip, index: number, source: Ip): boolean | undefined {
    const known = this._find(group, index);
    return known && known.sources.has(source) === known.includes;
  }
}
