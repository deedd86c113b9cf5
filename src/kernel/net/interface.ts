// The loopback device, the only network device, in ioctl(2) on a socket. man 7 netdevice;
// Linux net/core/dev_ioctl.c, net/ipv4/devinet.c.
import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { AF } from "../../abi/uapi/socket.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import type { Task } from "../task/task.ts";
import { LOOPBACK, toAddress } from "./inet-address.ts";
import type { NetNamespace } from "./namespace.ts";

/** uapi linux/sockios.h */
const SIOC = {
  GIFNAME: 0x8910,
  GIFCONF: 0x8912,
  GIFFLAGS: 0x8913,
  SIFFLAGS: 0x8914,
  GIFADDR: 0x8915,
  GIFNETMASK: 0x891b,
  GIFMTU: 0x8921,
  SIFMTU: 0x8922,
  GIFHWADDR: 0x8927,
  GIFINDEX: 0x8933,
  GIFTXQLEN: 0x8942,
} as const;

/** The properties of the loopback device. `hardware` is ARPHRD_LOOPBACK, `queue` the length of its queue. */
export const lo = { name: "lo", index: 1, mtu: 65536, netmask: 0xff00_0000, queue: 1000, hardware: 772 } as const;
/** IFF_UP. */
export const UP = 1;
/** IFF_LOOPBACK. */
const LOOPBACK_FLAG = 8;
/** IFF_RUNNING. */
const RUNNING = 64;
/** The IFF_* flags of the loopback device in a namespace. */
export const flagsOf = (net: NetNamespace): number => LOOPBACK_FLAG | (net.up ? UP | RUNNING : 0);

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

/** SIOCGIFCONF with its struct ifconf { int length; struct ifreq *buffer; }. */
const configuration = (t: Task, net: NetNamespace, arg: VAddr, abi: Abi): number => {
  const length = t.mem.u32(arg);
  const buffer = t.mem.word(arg + abi.long, abi.long);
  if (length < 0) return -E.EFAULT;
  const size = reqSize(abi);
  const rows = net.up ? 1 : 0;
  if (buffer === 0) return t.mem.setU32(arg, rows * size) ? 0 : -E.EFAULT;
  if (rows * size > (length | 0)) return t.mem.setU32(arg, 0) ? 0 : -E.EFAULT;
  const row = new Uint8Array(size);
  row.set(new TextEncoder().encode(lo.name));
  row.set(ipSockaddr(LOOPBACK), NAME);
  return (rows === 0 || t.mem.write(buffer, row)) && t.mem.setU32(arg, rows * size) ? 0 : -E.EFAULT;
};

/**
 * An ioctl(2) on a socket of namespace `net`: 0 or -errno. -ENOTTY: not an interface request; -ENODEV: not
 * "lo".
 */
export const interfaceIoctl = (t: Task, net: NetNamespace, request: number, arg: VAddr, abi: Abi): number => {
  if (request === SIOC.GIFCONF) return configuration(t, net, arg, abi);
  if (!(Object.values(SIOC) as number[]).includes(request)) return -E.ENOTTY;
  const name = t.mem.read(arg, NAME);
  if (!name) return -E.EFAULT;
  const at = arg + NAME;
  const word = (value: number): number => (t.mem.setU32(at, value) ? 0 : -E.EFAULT);
  if (request === SIOC.GIFNAME) {
    if (t.mem.u32(at) !== lo.index) return -E.ENODEV;
    return t.mem.write(arg, new TextEncoder().encode(lo.name.padEnd(NAME, "\0"))) ? 0 : -E.EFAULT;
  }
  if (String.fromCharCode(...name).split("\0", 1)[0] !== lo.name) return -E.ENODEV;
  switch (request) {
    case SIOC.GIFFLAGS:
      return t.mem.setU16(at, flagsOf(net)) ? 0 : -E.EFAULT;
    case SIOC.SIFFLAGS: {
      if (!capableIn(t.cred, net.owner, CAP.NET_ADMIN)) return -E.EPERM;
      const flags = t.mem.u16(at);
      if (flags < 0) return -E.EFAULT;
      net.setUp((flags & UP) !== 0);
      return 0;
    }
    case SIOC.GIFADDR:
      return !net.up ? -E.EADDRNOTAVAIL : t.mem.write(at, ipSockaddr(LOOPBACK)) ? 0 : -E.EFAULT;
    case SIOC.GIFNETMASK:
      return !net.up ? -E.EADDRNOTAVAIL : t.mem.write(at, ipSockaddr(lo.netmask)) ? 0 : -E.EFAULT;
    case SIOC.GIFMTU:
      return word(net.mtu);
    case SIOC.SIFMTU: {
      if (!capableIn(t.cred, net.owner, CAP.NET_ADMIN)) return -E.EPERM;
      const mtu = t.mem.u32(at);
      if (mtu < 0) return -E.EFAULT;
      // The loopback device has no limits of its own. Linux dev_validate_mtu().
      if (mtu >= 2 ** 31) return -E.EINVAL;
      net.mtu = mtu;
      return 0;
    }
    case SIOC.GIFTXQLEN:
      return word(lo.queue);
    case SIOC.GIFINDEX:
      return word(lo.index);
    case SIOC.GIFHWADDR: {
      const hardware = new Uint8Array(16);
      new DataView(hardware.buffer).setUint16(0, lo.hardware, true);
      return t.mem.write(at, hardware) ? 0 : -E.EFAULT;
    }
  }
  return -E.ENOTTY;
};
