// Options of level SOL_SOCKET, for sockets of all families. man 7 socket; Linux net/core/sock.c
// sk_getsockopt(), sk_setsockopt().

import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { ofBytes } from "../base/byte-string.ts";
import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { shownGid, shownUid } from "../cred/user-namespace.ts";
import { pidfdFor } from "../task/pidfd.ts";
import { SO, SOL } from "./options/numbers.ts";
import { INT, type Told } from "./options/row.ts";
import type { Socket } from "./socket.ts";

/** net.core.rmem_max and wmem_max, in bytes. */
const MAX_BUFFER = 212_992;
/** The smallest buffers, in bytes: SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF. */
const MIN_RECEIVE = 2304;
const MIN_SEND = 4608;
/** The longest name of a device, without its NUL. */
const DEVICE_NAME = 15;

/** The buffer of getsockopt(2). */
export interface OptionBuffer {
  /** Its length in bytes. */
  readonly length: number;
  /** Its first bytes, at most four. */
  readonly bytes: () => Uint8Array;
  readonly abi: Abi;
}
/** A value, -errno, or a value that is told in another way. */
export type OptionAnswer = Uint8Array | number | Told;

const int = INT.write;
const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const u64 = (value: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);

/** SO_RCVTIMEO and SO_SNDTIMEO: struct timeval of the ABI, or with 64 bits. Linux sock_set_timeout(). */
const timeoutOf = (option: number, abi: Abi): { readonly key: "receiveTimeout" | "sendTimeout"; readonly word: 4 | 8 } | undefined => {
  if (option === SO.RCVTIMEO || option === SO.SNDTIMEO)
    return { key: option === SO.RCVTIMEO ? "receiveTimeout" : "sendTimeout", word: abi.long };
  if (option === SO.RCVTIMEO_NEW || option === SO.SNDTIMEO_NEW)
    return { key: option === SO.RCVTIMEO_NEW ? "receiveTimeout" : "sendTimeout", word: 8 };
  return undefined;
};
const timevalBytes = (ns: number, word: 4 | 8): Uint8Array => {
  const bytes = new Uint8Array(2 * word);
  const v = new DataView(bytes.buffer);
  v.setUint32(0, Math.floor(ns / 1e9), true);
  v.setUint32(word, Math.floor((ns % 1e9) / 1000), true);
  return bytes;
};
/** A timeout in nanoseconds, or -errno. A negative time is the shortest possible one. */
const fromTimeval = (bytes: Uint8Array, word: 4 | 8): number => {
  if (bytes.length < 2 * word) return -E.EINVAL;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const read = (at: number): number => (word === 8 ? Number(v.getBigInt64(at, true)) : v.getInt32(at, true));
  const [seconds, micros] = [read(0), read(word)];
  if (micros < 0 || micros >= 1e6) return -E.EDOM;
  return seconds < 0 ? 1 : Math.min(seconds * 1e9 + micros * 1000, Number.MAX_SAFE_INTEGER);
};

/** struct ucred of the peer, in the namespaces of the caller. Linux cred_to_ucred(). */
const peerCred = (task: Task, { peerCred: { pid, uid, gid }, peerGroups: known }: Socket): Uint8Array => {
  const { userNs } = task.cred;
  return known ? words(task.pidNs.numberOf(pid), shownUid(userNs, uid), shownGid(userNs, gid)) : words(pid, uid, gid);
};
/** SO_PEERGROUPS: the supplementary groups of the peer. */
const peerGroups = ({ peerGroups: groups }: Socket, length: number): OptionAnswer => {
  if (!groups) return -E.ENODATA;
  const bytes = new Uint8Array(Uint32Array.from(groups).buffer);
  return length < bytes.length ? { bytes: new Uint8Array(0), length: bytes.length, errno: E.ERANGE } : bytes;
};
/** SO_PEERPIDFD: a descriptor for the process of the peer. */
const peerPidfd = (task: Task, { peerCred, peerGroups: known }: Socket): number | Uint8Array => {
  if (!known) return -E.ENODATA;
  const fd = pidfdFor(task, peerCred.pid);
  return fd < 0 ? fd : int(fd);
};
/** The options that are not numbers of a table; undefined for others. */
const special = (s: Socket, task: Task, option: number, { length }: OptionBuffer): OptionAnswer | undefined => {
  switch (option) {
    case SO.TYPE:
      return int(s.type);
    case SO.DOMAIN:
      return int(s.domain);
    case SO.PROTOCOL:
      return int(s.protocol);
    case SO.ERROR:
      return int(-s.takeError());
    case SO.ACCEPTCONN:
      return int(Number(s.listening));
    case SO.SNDBUF:
      return int(s.sendBuffer);
    case SO.RCVBUF:
      return int(s.receiveBuffer);
    case SO.LINGER:
      return words(Number(s.linger !== undefined), s.lingerShown);
    case SO.BINDTODEVICE: {
      const device = s.net.numbered(s.options.get(SOL.SOCKET, SO.BINDTOIFINDEX) ?? 0);
      if (device && length <= DEVICE_NAME) return -E.EINVAL;
      return new TextEncoder().encode(device ? `${device.name}\0` : "");
    }
    case SO.PEERCRED:
      return peerCred(task, s);
    case SO.PEERGROUPS:
      return peerGroups(s, length);
    case SO.PEERPIDFD:
      return peerPidfd(task, s);
    case SO.PEERNAME: {
      const name = s.peerAddress === undefined ? undefined : s.addressBytes(s.peerAddress);
      return !name ? -E.ENOTCONN : name.length < length ? -E.EINVAL : name;
    }
    case SO.COOKIE:
      return length < 8 ? -E.EINVAL : u64(s.cookie(task));
    case SO.NETNS_COOKIE:
      return length === 8 ? u64(s.net.cookie) : -E.EINVAL;
    // Received bytes, their most, sent bytes and their most; the rest is not counted.
    case SO.MEMINFO:
      return words(Math.max(0, s.waitingBytes ?? 0), s.receiveBuffer, 0, s.sendBuffer, 0, 0, 0, 0, s.lost);
  }
  return undefined;
};
/** getsockopt(2) of this level. */
export const getSocketOption = (s: Socket, task: Task, option: number, asked: OptionBuffer): OptionAnswer => {
  const timeout = timeoutOf(option, asked.abi);
  if (timeout) return timevalBytes(s[timeout.key], timeout.word);
  const own = special(s, task, option, asked) ?? s.filters.get(option, asked.length) ?? s.stamps.get(option);
  return own ?? s.options.bytes(SOL.SOCKET, option) ?? -E.ENOPROTOOPT;
};

/** A new size of a buffer: 0 or -errno; undefined for another option. */
const setBuffer = (s: Socket, task: Task, option: number, value: number): number | undefined => {
  switch (option) {
    case SO.SNDBUF:
      s.sendBuffer = Math.max(2 * Math.min(value >>> 0, MAX_BUFFER), MIN_SEND);
      s.sendBufferChanged();
      return 0;
    case SO.RCVBUF:
      s.receiveBuffer = Math.max(2 * Math.min(value >>> 0, MAX_BUFFER), MIN_RECEIVE);
      return 0;
    // The sizes of these two have no upper limit but that of an int. Linux __sock_set_rcvbuf().
    case SO.SNDBUFFORCE:
    case SO.RCVBUFFORCE: {
      if (!capableIn(task.cred, s.net.owner, CAP.NET_ADMIN)) return -E.EPERM;
      const size = 2 * Math.min(Math.max(value, 0), 0x3fff_ffff);
      if (option === SO.SNDBUFFORCE) {
        s.sendBuffer = Math.max(size, MIN_SEND);
        s.sendBufferChanged();
      } else s.receiveBuffer = Math.max(size, MIN_RECEIVE);
      return 0;
    }
  }
  return undefined;
};
/** The change of an existing binding needs CAP_NET_RAW. Linux sock_setbindtodevice(). */
const mayRebind = (s: Socket, task: Task): boolean =>
  s.options.get(SOL.SOCKET, SO.BINDTOIFINDEX) === 0 || capableIn(task.cred, s.net.owner, CAP.NET_RAW);
const bindToDevice = (s: Socket, task: Task, value: Uint8Array): number => {
  const name = ofBytes(value.subarray(0, DEVICE_NAME)).split("\0", 1)[0] as string;
  const device = s.net.named(name);
  if (name !== "" && !device) return -E.ENODEV;
  if (!mayRebind(s, task)) return -E.EPERM;
  s.options.put(SOL.SOCKET, SO.BINDTOIFINDEX, device?.index ?? 0);
  return 0;
};
/** setsockopt(2) of this level. */
export const setSocketOption = (s: Socket, task: Task, option: number, value: Uint8Array, abi: Abi): number => {
  if (option === SO.BINDTODEVICE) return bindToDevice(s, task, value);
  const word = INT.read(value);
  if (word === undefined) return -E.EINVAL;
  const timeout = timeoutOf(option, abi);
  if (timeout) {
    const ns = fromTimeval(value, timeout.word);
    if (ns < 0) return ns;
    s[timeout.key] = ns;
    return 0;
  }
  const sized = setBuffer(s, task, option, word) ?? s.filters.set(task, option, value, abi) ?? s.stamps.set(task, option, value);
  if (sized !== undefined) return sized;
  if (option === SO.LINGER) {
    if (value.length < 8) return -E.EINVAL;
    s.linger = word === 0 ? undefined : (INT.read(value.subarray(4)) as number);
    s.lingerShown = s.linger ?? s.lingerShown;
    return 0;
  }
  if (option === SO.BINDTOIFINDEX && !mayRebind(s, task)) return -E.EPERM;
  return s.options.setBytes(task, SOL.SOCKET, option, value);
};
