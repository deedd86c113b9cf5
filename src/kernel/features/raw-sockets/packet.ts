// Packet sockets: frames of the network devices. man 7 packet; Linux net/packet/af_packet.c.

import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { AF, SOCK, type SocketType } from "../../../abi/uapi/socket.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import { ofBytes } from "../../base/byte-string.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { deviceNumbered, lo, UP } from "../../net/devices.ts";
import { workOfPacket } from "../../net/filter/program.ts";
import { SOL } from "../../net/options/numbers.ts";
import { INT } from "../../net/options/row.ts";
import { type ControlNote, type ReceiveResult, Socket, type SocketMessage } from "../../net/socket.ts";
import type { OptionAnswer, OptionBuffer } from "../../net/socket-level.ts";
import { ETH_HEADER, ETH_P, type LinkFrame, PACKET, seenFrame, type Tap } from "../../net/taps.ts";
import { deliverFrame } from "./deliver.ts";
import { PACKET_OPTION, packetOptions } from "./options.ts";
import { PacketQueue } from "./queue.ts";
import { headerSize, makeRing, type PacketRing, VERSION } from "./ring.ts";

/** struct sockaddr_ll { u16 family; be16 protocol; s32 ifindex; u16 hatype; u8 pkttype, halen, addr[8]; } */
const SIZE = 20;
const HEAD = 12;
const HARDWARE_ADDRESS = 6;
/** PACKET_*: options. Linux uapi linux/if_packet.h. */
const OPTION = {
  ADD_MEMBERSHIP: 1,
  DROP_MEMBERSHIP: 2,
  RX_RING: 5,
  STATISTICS: 6,
  VERSION: 10,
  HDRLEN: 11,
  RESERVE: 12,
  VNET_HDR: 15,
  VNET_HDR_SZ: 24,
} as const;
/** The size of struct packet_mreq, and the kinds of membership. */
const MREQ = 16;
const KINDS = 4;

/** The fields of an address. */
interface Link {
  readonly protocol: number;
  readonly index: number;
  readonly hardware: number;
  readonly kind: number;
  readonly mac: Uint8Array;
}
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const encode = ({ protocol, index, hardware, kind, mac }: Link, length: number): string => {
  const bytes = new Uint8Array(length);
  const v = view(bytes);
  v.setUint16(0, AF.PACKET, true);
  v.setUint16(2, protocol);
  v.setInt32(4, index, true);
  v.setUint16(8, hardware, true);
  bytes.set([kind, mac.length], 10);
  bytes.set(mac, HEAD);
  return ofBytes(bytes);
};
const chars = (address: string): Uint8Array => Uint8Array.from(address, (c) => c.charCodeAt(0));
const decode = (address: string): Link => {
  const bytes = chars(address);
  const v = view(bytes);
  const mac = bytes.slice(HEAD, HEAD + HARDWARE_ADDRESS);
  return { protocol: v.getUint16(2), index: v.getInt32(4, true), hardware: 0, kind: 0, mac };
};
/** struct virtio_net_hdr { u8 flags, gso_type; u16 hdr_len, gso_size, csum_start, csum_offset; } */
const VIRTIO_HEADER = 10;
const NEEDS_CHECKSUM = 1;
const NOTHING = new Uint8Array(0);
const virtioHeader = (sum: LinkFrame["sum"]): Uint8Array => {
  const bytes = new Uint8Array(VIRTIO_HEADER);
  if (!sum) return bytes;
  bytes[0] = NEEDS_CHECKSUM;
  view(bytes).setUint16(6, sum.start, true);
  view(bytes).setUint16(8, sum.offset, true);
  return bytes;
};
const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
};
/**
 * The control message of PACKET_AUXDATA, struct tpacket_auxdata { u32 status, len, snaplen; u16 mac, net,
 * tci, tpid; }: the frame is there, and its checksum may be missing.
 */
const auxData = (length: number, kept: number, network: number, sum: LinkFrame["sum"]): ControlNote => {
  const data = new Uint8Array(AUX_DATA);
  const v = view(data);
  v.setUint32(0, sum ? STATUS.USER | STATUS.CSUMNOTREADY : STATUS.USER, true);
  v.setUint32(4, length, true);
  v.setUint32(8, kept, true);
  v.setUint16(14, network, true);
  return { level: SOL.PACKET, type: PACKET_OPTION.AUXDATA, data };
};
const AUX_DATA = 20;
/** TP_STATUS_*. */
const STATUS = { USER: 1, CSUMNOTREADY: 8 } as const;
const NO_MAC = new Uint8Array(HARDWARE_ADDRESS);
/** For whom a frame to an address is. The broadcast address of the loopback is 0. Linux eth_type_trans(). */
const kindOf = (frame: Uint8Array): number => {
  const to = frame.subarray(0, HARDWARE_ADDRESS);
  if (to.every((octet) => octet === 0)) return PACKET.HOST;
  return ((to[0] as number) & 1) === 0 ? PACKET.OTHERHOST : PACKET.MULTICAST;
};

/** A packet socket. With SOCK_DGRAM it has no Ethernet headers. Only the loopback has frames. */
export class PacketSocket extends Socket implements Tap {
  private _protocol: number;
  /** The device; 0 for all. */
  private _index = 0;
  override readonly domain = AF.PACKET;
  private readonly _withHeader: boolean;
  private readonly _queue: PacketQueue;
  /** PACKET_VERSION and PACKET_RESERVE: the form of a ring. */
  private _version: number = VERSION.V1;
  private _reserve = 0;
  /** PACKET_VNET_HDR: a struct virtio_net_hdr is before each frame. */
  private _virtio = false;
  private _ring: PacketRing | undefined = undefined;
  private readonly _readQueue = new WaitQueue();

  /** `protocol` in the order of the host; 0 receives nothing. */
  constructor(task: Task, type: SocketType, protocol: number, nonblock: boolean) {
    super(task, type, nonblock, { set: "other", levels: packetOptions, domain: AF.PACKET });
    this._protocol = protocol;
    this._withHeader = type === SOCK.RAW;
    this._queue = new PacketQueue(this.account);
    this.net.taps.add(this);
  }
  override get waitingBytes(): number {
    return this._queue.firstLength;
  }
  get address(): string {
    const device = deviceNumbered(this.net, this._index);
    const mac = device ? Uint8Array.from(device.mac) : new Uint8Array(0);
    return encode({ protocol: this._protocol, index: this._index, hardware: device?.hardware ?? 0, kind: 0, mac }, HEAD + mac.length);
  }
  get peerAddress(): undefined {
    return undefined;
  }
  override get withoutPeer(): number {
    return -E.EOPNOTSUPP;
  }
  parseAddress(bytes: Uint8Array): string | number {
    if (bytes.length < SIZE || view(bytes).getUint16(0, true) !== AF.PACKET) return -E.EINVAL;
    return ofBytes(bytes);
  }
  addressBytes(address: string): Uint8Array {
    return chars(address);
  }

  bind(_task: Task, address: string): number {
    const { protocol, index } = decode(address);
    const device = index === 0 ? undefined : deviceNumbered(this.net, index);
    if (index !== 0 && !device) return -E.ENODEV;
    this._index = index;
    if (protocol !== 0) this._protocol = protocol;
    if (device && (device.flags(this.net) & UP) === 0) this.error = E.ENETDOWN;
    return 0;
  }
  connect(): number {
    return -E.EOPNOTSUPP;
  }
  listen(): number {
    return -E.EOPNOTSUPP;
  }
  accept(): number {
    return -E.EOPNOTSUPP;
  }
  shutdown(): number {
    return -E.EOPNOTSUPP;
  }

  send(task: Task, message: SocketMessage, address: string | undefined): number {
    const to = address === undefined ? { protocol: this._protocol, index: this._index, mac: NO_MAC } : decode(address);
    const device = deviceNumbered(this.net, to.index);
    if (!device) return -E.ENXIO;
    if ((device.flags(this.net) & UP) === 0) return -E.ENETDOWN;
    if (this._virtio && (message.bytes.length < VIRTIO_HEADER || message.bytes[1] !== 0)) return -E.EINVAL;
    const data = this._virtio ? message.bytes.subarray(VIRTIO_HEADER) : message.bytes;
    const mtu = device === lo ? this.net.mtu : device.mtu;
    if (this._withHeader) {
      if (data.length > mtu + ETH_HEADER) return -E.EMSGSIZE;
      if (data.length < ETH_HEADER) return -E.EINVAL;
    } else if (data.length > mtu) return -E.EMSGSIZE;
    const bytes = this._withHeader ? data.slice() : new Uint8Array(ETH_HEADER + data.length);
    if (!this._withHeader) {
      bytes.set(to.mac);
      view(bytes).setUint16(2 * HARDWARE_ADDRESS, to.protocol);
      bytes.set(data, ETH_HEADER);
    }
    // The link to the host carries connections and not frames: they are lost.
    if (device !== lo) return message.bytes.length;
    const frame: LinkFrame = { bytes, protocol: view(bytes).getUint16(2 * HARDWARE_ADDRESS), kind: kindOf(bytes), work: workOfPacket() };
    deliverFrame(task.kernel, this.net, frame, this);
    return message.bytes.length;
  }
  seize(frame: LinkFrame, kind: number): void {
    const { bytes, protocol, sum } = frame;
    const outgoing = kind === PACKET.OUTGOING;
    // Only sockets for all protocols see frames that leave. Linux ptype_all.
    if (this._protocol !== ETH_P.ALL && (outgoing || this._protocol !== protocol)) return;
    if ((this._index !== 0 && this._index !== lo.index) || (outgoing && this.options.get(SOL.PACKET, PACKET_OPTION.IGNORE_OUTGOING) === 1))
      return;
    const from = encode({ protocol, index: lo.index, hardware: lo.hardware, kind, mac: bytes.slice(6, 12) }, SIZE);
    const whole = this._withHeader ? bytes : bytes.subarray(ETH_HEADER);
    const at = this._withHeader ? 0 : ETH_HEADER;
    const kept = this.filters.keeps(() => seenFrame(frame, at, kind, lo));
    if (kept === 0) return;
    const shown = whole.subarray(0, kept);
    const prefix = this._virtio ? virtioHeader(sum) : NOTHING;
    if (this._ring) {
      const time = this.inode.fs.clock.realtime();
      const put = this._ring.put({ prefix, bytes: shown, length: whole.length, address: chars(from), time });
      this._queue.counts[put ? "received" : "dropped"]++;
      if (put && this._ring.readable) this._readQueue.wake();
      return;
    }
    const auxiliary =
      this.options.get(SOL.PACKET, PACKET_OPTION.AUXDATA) === 1 ? [auxData(whole.length, shown.length, ETH_HEADER - at, sum)] : [];
    const more = { notes: auxiliary, ...this.marks() };
    if (this._queue.put(prefix.length === 0 ? shown : joined(prefix, shown), from, this.receiveBuffer, more)) this._readQueue.wake();
    else this.lost++;
  }
  receive(_task: Task, n: number, peek: boolean): ReceiveResult | number {
    if (this.error !== 0) return this.takeError();
    return this._queue.take(n, peek) ?? -E.EAGAIN;
  }
  override poll(): number {
    const readable = this._queue.length > 0 || this._ring?.readable ? POLLIN | POLLRDNORM : 0;
    return POLLOUT | POLLWRNORM | POLLWRBAND | readable | (this.error !== 0 ? POLLERR : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this._readQueue];
  }

  protected override getOwnOption(task: Task, level: number, option: number, asked: OptionBuffer): OptionAnswer {
    if (level === SOL.PACKET)
      switch (option) {
        case OPTION.STATISTICS:
          return this._statistics();
        case OPTION.VERSION:
          return INT.write(this._version);
        case OPTION.HDRLEN:
          return this._headerLength(asked);
        case OPTION.RESERVE:
          return INT.write(this._reserve);
        case OPTION.VNET_HDR:
          return INT.write(Number(this._virtio));
        case OPTION.VNET_HDR_SZ:
          return INT.write(this._virtio ? VIRTIO_HEADER : 0);
      }
    return super.getOwnOption(task, level, option, asked);
  }
  /** struct tpacket_stats { u32 tp_packets, tp_drops; }, in version 3 with a third word. They are cleared. */
  private _statistics(): Uint8Array {
    const { received, dropped } = this._queue.counts;
    this._queue.counts = { received: 0, dropped: 0 };
    if (this._ring) this._ring.losing = false;
    const words = [received + dropped, dropped, ...(this._version === VERSION.V3 ? [0] : [])];
    return new Uint8Array(new Uint32Array(words).buffer);
  }
  /** PACKET_HDRLEN takes a version and gives the size of its header. */
  private _headerLength({ bytes }: OptionBuffer): Uint8Array | number {
    const version = INT.read(bytes());
    return version === undefined || version < VERSION.V1 || version > VERSION.V3 ? -E.EINVAL : INT.write(headerSize(version));
  }
  /** The options of rings: 0 or -errno; undefined if the option is none of them. */
  private _ringOption(task: Task, option: number, value: Uint8Array): number | undefined {
    if (option === OPTION.RX_RING) {
      const form = { version: this._version, reserve: this._reserve, withHeader: this._withHeader };
      const made = makeRing(task.kernel, value, form, this._ring !== undefined, this._readQueue);
      if (typeof made === "number") return made;
      this._ring?.end();
      this._ring = made;
      this._queue.clear();
      return 0;
    }
    if (option === OPTION.VNET_HDR) {
      if (!this._withHeader || value.length < 4) return -E.EINVAL;
      if (this._ring) return -E.EBUSY;
      this._virtio = view(value).getInt32(0, true) !== 0;
      return 0;
    }
    if (option !== OPTION.VERSION && option !== OPTION.RESERVE) return undefined;
    if (value.length !== 4) return -E.EINVAL;
    const word = view(value).getUint32(0, true);
    if (word > (option === OPTION.VERSION ? VERSION.V3 : 0x7fff_ffff)) return -E.EINVAL;
    if (this._ring) return -E.EBUSY;
    if (option === OPTION.VERSION) this._version = word;
    else this._reserve = word;
    return 0;
  }
  /** The whole ring. Linux packet_mmap(). */
  override mapping(_task: Task, offset = 0, length = 0): Or<MappedFile> {
    return this._ring && offset === 0 && length === this._ring.size ? this._ring.file : -E.EINVAL;
  }
  protected override setOwnOption(task: Task, level: number, option: number, value: Uint8Array, abi: Abi): number {
    if (level !== SOL.PACKET) return -E.ENOPROTOOPT;
    if (option === OPTION.ADD_MEMBERSHIP || option === OPTION.DROP_MEMBERSHIP) return this._member(value);
    return this._ringOption(task, option, value) ?? super.setOwnOption(task, level, option, value, abi);
  }
  /** struct packet_mreq { int ifindex; u16 type, alen; u8 address[8]; }: all frames are seen anyway. */
  private _member(value: Uint8Array): number {
    if (value.length < MREQ) return -E.EINVAL;
    const v = view(value);
    if (!deviceNumbered(this.net, v.getInt32(0, true))) return -E.ENODEV;
    return v.getUint16(4, true) < KINDS ? 0 : -E.EINVAL;
  }
  override release(): void {
    this.net.taps.delete(this);
    this._ring?.end();
    this._queue.clear();
  }
}
