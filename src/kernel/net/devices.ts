// The network devices of a namespace: the loopback, and the link to the host if the machine has a network.
// man 7 netdevice; Linux net/core/dev.c, drivers/net/loopback.c.
import type { Ip } from "./inet-address.ts";
import { LOOPBACK, LOOPBACK6 } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";
import { plan } from "./plan.ts";

/** IFF_UP. */
export const UP = 1;
/** IFF_BROADCAST, IFF_LOOPBACK, IFF_RUNNING, IFF_MULTICAST. */
const BROADCAST = 2;
const LOOPBACK_FLAG = 8;
const RUNNING = 64;
const MULTICAST = 0x1000;
/** IFF_LOWER_UP. struct ifreq has no room for it. */
const LOWER_UP = 0x10000;
/** RT_SCOPE_UNIVERSE, RT_SCOPE_HOST. */
const UNIVERSE = 0;
const HOST = 254;

/** An address of a device. */
export interface DeviceAddress {
  readonly ip: Ip;
  /** The length of the network's prefix in bits. */
  readonly prefix: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
}
/** A network device. */
export interface Device {
  readonly name: string;
  readonly index: number;
  /** The MTU at boot. */
  readonly mtu: number;
  /** The length of its queue in packets. */
  readonly queue: number;
  /** ARPHRD_*. */
  readonly hardware: number;
  readonly mac: readonly number[];
  readonly broadcast: readonly number[];
  /** The IFF_* flags. */
  readonly flags: (net: NetNamespace) => number;
  readonly addresses: (net: NetNamespace) => readonly DeviceAddress[];
  /** The gateway of the default route. */
  readonly gateway: (net: NetNamespace) => Ip | undefined;
}

/** The loopback device. Its hardware is ARPHRD_LOOPBACK. */
export const lo: Device = {
  name: "lo",
  index: 1,
  mtu: 65536,
  queue: 1000,
  hardware: 772,
  mac: [0, 0, 0, 0, 0, 0],
  broadcast: [0, 0, 0, 0, 0, 0],
  flags: (net) => LOOPBACK_FLAG | (net.up ? UP | RUNNING | LOWER_UP : 0),
  // A device that is set down keeps its IPv4 addresses.
  addresses: (net) => {
    const four = net.addressed ? [{ ip: LOOPBACK, prefix: 8, scope: HOST }] : [];
    const six = [{ ip: LOOPBACK6, prefix: 128, scope: HOST }];
    return [...four, ...net.given, ...six].filter(({ ip }) => net.up || typeof ip === "number");
  },
  gateway: () => undefined,
};

/** The link to the host. Its hardware is ARPHRD_ETHER, the address one of the locally administered ones. */
export const ethernet: Device = {
  name: "eth0",
  index: 2,
  mtu: 1500,
  queue: 1000,
  hardware: 1,
  mac: [0x52, 0x54, 0, 0x12, 0x34, 0x56],
  broadcast: [255, 255, 255, 255, 255, 255],
  flags: () => UP | BROADCAST | RUNNING | MULTICAST | LOWER_UP,
  addresses: ({ uplink }) => [
    { ...plan.own.four, scope: UNIVERSE },
    ...(uplink?.network.six ? [{ ...plan.own.six, scope: UNIVERSE }] : []),
  ],
  gateway: ({ uplink }) => (uplink?.network.reaches ? plan.host : undefined),
};

/** The devices of a namespace in the order of their indexes. */
export const devicesOf = (net: NetNamespace): readonly Device[] => (net.uplink ? [lo, ethernet] : [lo]);
/** The device with a name. */
export const deviceNamed = (net: NetNamespace, name: string): Device | undefined => devicesOf(net).find((each) => each.name === name);
/** The device with a number. */
export const deviceNumbered = (net: NetNamespace, index: number): Device | undefined => devicesOf(net).find((each) => each.index === index);
/** True for an address of this machine. */
export const isOwn = (net: NetNamespace, ip: Ip): boolean =>
  givenFor(net, ip) !== undefined || (net.uplink !== undefined && ethernet.addresses(net).some((address) => address.ip === ip));
/**
 * The address of the loopback device to whose network an address belongs: all of an IPv4 network is local.
 * Linux fib_add_ifaddr().
 */
export const givenFor = ({ given }: NetNamespace, ip: Ip): DeviceAddress | undefined => {
  if (given.length === 0) return undefined;
  const same = (a: Ip, prefix: number): boolean =>
    typeof a === "number" && typeof ip === "number" ? ((a ^ ip) & maskOf(prefix)) === 0 : a === ip;
  return given.find((each) => each.ip === ip) ?? given.find((each) => same(each.ip, each.prefix));
};
/** The IPv4 mask of a prefix. */
export const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0);
