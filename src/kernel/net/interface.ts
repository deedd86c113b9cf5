// The network devices in ioctl(2) on a socket. man 7 netdevice;
// Linux net/core/dev_ioctl.c, net/ipv4/devinet.c.

import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { SIOC } from "../../abi/uapi/ioctl.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { ofBytes } from "../base/byte-string.ts";
import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { type Device, deviceNamed, deviceNumbered, devicesOf, lo, maskOf, UP } from "./devices.ts";
import { toAddress } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";

/** SIOCETHTOOL: no device has a driver with such requests. Linux dev_ethtool(). */
const ETHTOOL = 0x8946;
/** Requests that only other sockets know: like all of these they read the name of a device first. */
const OF_QUEUES = [0x8905, 0x894b];
const known: ReadonlySet<number> = new Set<number>([...Object.values(SIOC), ...OF_QUEUES, ETHTOOL]);

/** The length of the name in struct ifreq. The struct has 40 bytes for 64-bit programs, 32 for others. */
const NAME = 16;
const reqSize = (abi: Abi): number => (abi.long === 8 ? 40 : 32);
const ipSockaddr = (ip: number): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes[0] = AF.INET;
  bytes.set(
    Array.from(toAddress({ ip, port: 0 }), (c) => c.charCodeAt(0)),
    2,
  );
  return bytes;
};

/** The IPv4 address of a device with the length of its prefix. */
const address4 = (device: Device, net: NetNamespace): { readonly ip: number; readonly prefix: number } | undefined => {
  for (const { ip, prefix } of device.addresses(net)) if (typeof ip === "number") return { ip, prefix };
  return undefined;
};

/** SIOCGIFCONF with its struct ifconf { int length; struct ifreq *buffer; }. */
const configuration = (t: Task, net: NetNamespace, arg: VAddr, abi: Abi): number => {
  const length = t.mem.u32(arg);
  const buffer = t.mem.word(arg + abi.long, abi.long);
  if (length < 0) return -E.EFAULT;
  const size = reqSize(abi);
  const rows = devicesOf(net).flatMap((device) => {
    const address = address4(device, net);
    if (!address) return [];
    const row = new Uint8Array(size);
    row.set(new TextEncoder().encode(device.name));
    row.set(ipSockaddr(address.ip), NAME);
    return [row];
  });
  if (buffer === 0) return t.mem.setU32(arg, rows.length * size) ? 0 : -E.EFAULT;
  const fitting = rows.slice(0, Math.max(0, Math.floor((length | 0) / size)));
  const written = fitting.every((row, i) => t.mem.write(buffer + i * size, row));
  return written && t.mem.setU32(arg, fitting.length * size) ? 0 : -E.EFAULT;
};

/**
 * An ioctl(2) on a socket of namespace `net`: 0 or -errno. -ENOTTY: not an interface request; -ENODEV: no
 * such device.
 */
export const interfaceIoctl = (t: Task, net: NetNamespace, request: number, arg: VAddr, abi: Abi): number => {
  if (request === SIOC.GIFCONF) return configuration(t, net, arg, abi);
  if (!known.has(request)) return -E.ENOTTY;
  const name = t.mem.read(arg, NAME);
  if (!name) return -E.EFAULT;
  if (OF_QUEUES.includes(request)) return -E.ENOTTY;
  const at = arg + NAME;
  const word = (value: number): number => (t.mem.setU32(at, value) ? 0 : -E.EFAULT);
  if (request === SIOC.GIFNAME) {
    const index = t.mem.u32(at);
    const found = deviceNumbered(net, index);
    if (!found) return -E.ENODEV;
    return t.mem.write(arg, new TextEncoder().encode(found.name.padEnd(NAME, "\0"))) ? 0 : -E.EFAULT;
  }
  const device = deviceNamed(net, ofBytes(name).split("\0", 1)[0] as string);
  if (!device) return -E.ENODEV;
  const address = address4(device, net);
  switch (request) {
    case ETHTOOL:
      return -E.EOPNOTSUPP;
    case SIOC.GIFFLAGS:
      return t.mem.setU16(at, device.flags(net) & 0xffff) ? 0 : -E.EFAULT;
    case SIOC.SIFFLAGS: {
      if (!capableIn(t.cred, net.owner, CAP.NET_ADMIN)) return -E.EPERM;
      const flags = t.mem.u16(at);
      if (flags < 0) return -E.EFAULT;
      if (device !== lo) return flags & UP ? 0 : -E.EOPNOTSUPP;
      net.setUp((flags & UP) !== 0);
      return 0;
    }
    case SIOC.GIFADDR:
      return !address ? -E.EADDRNOTAVAIL : t.mem.write(at, ipSockaddr(address.ip)) ? 0 : -E.EFAULT;
    case SIOC.GIFBRDADDR: {
      if (!address) return -E.EADDRNOTAVAIL;
      const broadcast = device === lo ? 0 : (address.ip | ~maskOf(address.prefix)) >>> 0;
      return t.mem.write(at, ipSockaddr(broadcast)) ? 0 : -E.EFAULT;
    }
    case SIOC.GIFNETMASK:
      return !address ? -E.EADDRNOTAVAIL : t.mem.write(at, ipSockaddr(maskOf(address.prefix))) ? 0 : -E.EFAULT;
    case SIOC.GIFMTU:
      return word(device === lo ? net.mtu : device.mtu);
    case SIOC.SIFMTU: {
      if (!capableIn(t.cred, net.owner, CAP.NET_ADMIN)) return -E.EPERM;
      const mtu = t.mem.u32(at);
      if (mtu < 0) return -E.EFAULT;
      if (device !== lo) return mtu === device.mtu ? 0 : -E.EOPNOTSUPP;
      // The loopback device has no limits of its own. Linux dev_validate_mtu().
      if (mtu >= 2 ** 31) return -E.EINVAL;
      net.mtu = mtu;
      return 0;
    }
    case SIOC.GIFTXQLEN:
      return word(device.queue);
    case SIOC.GIFINDEX:
      return word(device.index);
    case SIOC.GIFHWADDR: {
      const hardware = new Uint8Array(16);
      new DataView(hardware.buffer).setUint16(0, device.hardware, true);
      hardware.set(device.mac, 2);
      return t.mem.write(at, hardware) ? 0 : -E.EFAULT;
    }
  }
  return -E.ENOTTY;
};
