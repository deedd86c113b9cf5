// Rings of packet sockets: frames are put into memory that the program has mapped. man 7 packet; Linux
// Documentation/networking/packet_mmap.rst, net/packet/af_packet.c packet_set_ring(), tpacket_rcv().
import { E } from "../../../abi/errno.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import { isPageAligned, PAGE_SIZE } from "../../../memory/frames.ts";
import { cost } from "../../base/cost.ts";
import type { Timespec } from "../../base/time.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import { SharedPages } from "../../fs/files/shared-pages.ts";
import { ETH_HEADER } from "../../net/taps.ts";
import type { Timer } from "../../timer/timers.ts";

/** TPACKET_V1, V2 and V3. */
export const VERSION = { V1: 0, V2: 1, V3: 2 } as const;
/** TP_STATUS_*. Zero: the kernel owns the frame or block. */
const STATUS = { USER: 1, LOSING: 4, TIMEOUT: 1 << 5 } as const;
const ALIGNMENT = 16;
/** struct sockaddr_ll, and the least room for the header of the link layer. */
const ADDRESS = 20;
const LINK_ROOM = 16;
/** The header of a block of version 3. */
const BLOCK_HEADER = 48;
/** Rings are not longer, in bytes. */
const MOST = 256 << 20;
/** The time after which a block is given to the program if it asks for none, in nanoseconds. */
const DEFAULT_RETIRE = 8_000_000;
const MS = 1_000_000;

const align = (n: number, to: number): number => Math.ceil(n / to) * to;
/** The size of struct tpacket_hdr, tpacket2_hdr or tpacket3_hdr. The first is the same in all ABIs. */
export const headerSize = (version: number): number => (version === VERSION.V3 ? 48 : 32);
/** The size of tp_status. */
const statusSize = (version: number): number => (version === VERSION.V1 ? 8 : 4);

/** struct tpacket_req and tpacket_req3. */
interface Request {
  readonly blockSize: number;
  readonly blocks: number;
  readonly frameSize: number;
  readonly frames: number;
  /** Version 3: the program's own bytes in a block, and the time until it is given to the program, in ms. */
  readonly own: number;
  readonly retire: number;
}
const REQUEST = { short: 16, long: 28 } as const;
const requestOf = (value: Uint8Array, version: number): Request | undefined => {
  const long = version === VERSION.V3;
  if (value.length < (long ? REQUEST.long : REQUEST.short)) return undefined;
  const v = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const [blockSize, blocks, frameSize, frames] = [0, 4, 8, 12].map((at) => v.getUint32(at, true)) as [number, number, number, number];
  return { blockSize, blocks, frameSize, frames, retire: long ? v.getUint32(16, true) : 0, own: long ? v.getUint32(20, true) : 0 };
};

/** The form of a socket's rings. */
export interface RingForm {
  readonly version: number;
  /** PACKET_RESERVE: bytes before each frame. */
  readonly reserve: number;
  /** True if frames have their Ethernet header. */
  readonly withHeader: boolean;
}
/** A frame for a ring. */
interface Packet {
  /** Bytes before the frame: a struct virtio_net_hdr, or nothing. */
  readonly prefix: Uint8Array;
  /** The shown bytes, with or without the Ethernet header. */
  readonly bytes: Uint8Array;
  /** The length of the frame before a filter cut it. */
  readonly length: number;
  /** struct sockaddr_ll. */
  readonly address: Uint8Array;
  readonly time: Timespec;
}

/** A ring for received frames. */
export abstract class PacketRing {
  protected readonly pages: SharedPages;
  protected readonly request: Request;
  protected readonly form: RingForm;
  /** True after a frame was lost, until the program reads the statistics. */
  losing = false;

  constructor(pages: SharedPages, request: Request, form: RingForm) {
    this.pages = pages;
    this.request = request;
    this.form = form;
  }
  /** The object for mmap(2). */
  get file(): MappedFile {
    return this.pages.file;
  }
  get size(): number {
    return this.request.blockSize * this.request.blocks;
  }
  /** Puts a frame. False: the program owns all places. */
  abstract put(packet: Packet): boolean;
  /** True if the program has something to read. */
  abstract readonly readable: boolean;
  end(): void {
    this.pages.end();
  }
  /** The offsets of the frame and of its network header, after the frame's header. */
  protected offsets(prefix: number): { readonly mac: number; readonly net: number } {
    const { version, reserve, withHeader } = this.form;
    const head = align(headerSize(version), ALIGNMENT) + ADDRESS;
    if (!withHeader) {
      const at = align(head, ALIGNMENT) + LINK_ROOM + reserve + prefix;
      return { mac: at, net: at };
    }
    const net = align(head + LINK_ROOM, ALIGNMENT) + reserve + prefix;
    return { mac: net - ETH_HEADER, net };
  }
}

/** Versions 1 and 2: frames of one size, each with a status. */
export class FrameRing extends PacketRing {
  private _head = 0;

  /** The place of a frame. */
  private _at(index: number): number {
    const perBlock = Math.floor(this.request.blockSize / this.request.frameSize);
    return Math.floor(index / perBlock) * this.request.blockSize + (index % perBlock) * this.request.frameSize;
  }
  put({ prefix, bytes, length, address, time }: Packet): boolean {
    const at = this._at(this._head);
    const { mac, net } = this.offsets(prefix.length);
    if (this.pages.u32(at) !== 0 || net > 0xffff) {
      this.losing = true;
      return false;
    }
    const { version } = this.form;
    const shown = Math.max(0, Math.min(bytes.length, this.request.frameSize - mac));
    const size = headerSize(version);
    const first = statusSize(version);
    const header = new Uint8Array(align(size, ALIGNMENT) + ADDRESS);
    const v = new DataView(header.buffer);
    v.setUint32(first, length, true);
    v.setUint32(first + 4, shown, true);
    v.setUint16(first + 8, mac, true);
    v.setUint16(first + 10, net, true);
    v.setUint32(first + 12, time.sec, true);
    v.setUint32(first + 16, version === VERSION.V1 ? Math.floor(time.nsec / 1000) : time.nsec, true);
    header.set(address, align(size, ALIGNMENT));
    this.pages.write(at + 4, header.subarray(4));
    if (shown > 0) this.pages.write(at + mac - prefix.length, prefix);
    this.pages.write(at + mac, bytes.subarray(0, shown));
    // The status is last: the program reads the frame as soon as it sees it.
    this.pages.setU32(at, STATUS.USER | (this.losing ? STATUS.LOSING : 0));
    this._head = (this._head + 1) % this.request.frames;
    return true;
  }
  get readable(): boolean {
    return this.pages.u32(this._at((this._head + this.request.frames - 1) % this.request.frames)) !== 0;
  }
}

/** The places in the header of a block: struct tpacket_block_desc. */
const BLOCK = { version: 0, own: 4, status: 8, count: 12, first: 16, length: 20, sequence: 24, firstTime: 32, lastTime: 40 } as const;

/** Version 3: frames of any size in blocks, which the program gets when they are full or old. */
export class BlockRing extends PacketRing implements Timer {
  private readonly _kernel: Kernel;
  private readonly _readers: WaitQueue;
  private _block = 0;
  /** The place of the next frame in the block, and of the last one. Undefined: the block is not open. */
  private _next: number | undefined;
  private _last = 0;
  private _sequence = 1n;

  constructor(kernel: Kernel, pages: SharedPages, request: Request, form: RingForm, readers: WaitQueue) {
    super(pages, request, form);
    this._kernel = kernel;
    this._readers = readers;
    for (let i = 0; i < request.blocks; i++) {
      pages.setU32(i * request.blockSize + BLOCK.version, VERSION.V3);
      pages.setU32(i * request.blockSize + BLOCK.own, BLOCK_HEADER);
    }
  }
  /** The place of a word of the block. */
  private _word(place: number): number {
    return this._block * this.request.blockSize + place;
  }
  private _time(place: number, { sec, nsec }: Timespec): void {
    this.pages.setU32(this._word(place), sec);
    this.pages.setU32(this._word(place) + 4, nsec);
  }
  /** Opens the block. False: the program owns it. */
  private _open(time: Timespec): boolean {
    if (this.pages.u32(this._word(BLOCK.status)) !== 0) return false;
    const first = BLOCK_HEADER + align(this.request.own, 8);
    this.pages.setU32(this._word(BLOCK.count), 0);
    this.pages.setU32(this._word(BLOCK.first), first);
    this.pages.setU32(this._word(BLOCK.length), first);
    this.pages.setU64(this._word(BLOCK.sequence), this._sequence++);
    this._time(BLOCK.firstTime, time);
    this._next = first;
    const after = this.request.retire === 0 ? DEFAULT_RETIRE : this.request.retire * MS;
    this._kernel.timers.set(this, this._kernel.now + after);
    return true;
  }
  /** Gives the block to the program, and goes on to the next one. */
  private _close(status: number): void {
    if (this._next === undefined) return;
    this._kernel.timers.cancel(this);
    this.pages.setU32(this._word(this._last), 0);
    this.pages.setU32(this._word(BLOCK.status), STATUS.USER | status | (this.losing ? STATUS.LOSING : 0));
    this._next = undefined;
    this._block = (this._block + 1) % this.request.blocks;
    this._readers.wake();
  }
  fire(): void {
    this._close(STATUS.TIMEOUT);
  }
  put({ prefix, bytes, length, address, time }: Packet): boolean {
    const { mac, net } = this.offsets(prefix.length);
    if (net > 0xffff) {
      this.losing = true;
      return false;
    }
    const most = this.request.blockSize - BLOCK_HEADER - align(this.request.own, 8);
    const shown = Math.max(0, Math.min(bytes.length, most - mac));
    const whole = align(mac + shown, 8);
    if (this._next !== undefined && this._next + whole > this.request.blockSize) this._close(0);
    if (this._next === undefined && !this._open(time)) {
      this.losing = true;
      return false;
    }
    const at = this._next as number;
    const header = new Uint8Array(48 + ADDRESS);
    const v = new DataView(header.buffer);
    [whole, time.sec, time.nsec, shown, length, STATUS.USER].forEach((word, i) => {
      v.setUint32(4 * i, word, true);
    });
    v.setUint16(24, mac, true);
    v.setUint16(26, net, true);
    header.set(address, 48);
    this.pages.write(this._word(at), header);
    if (shown > 0) this.pages.write(this._word(at + mac - prefix.length), prefix);
    this.pages.write(this._word(at + mac), bytes.subarray(0, shown));
    this.pages.setU32(this._word(BLOCK.count), this.pages.u32(this._word(BLOCK.count)) + 1);
    this.pages.setU32(this._word(BLOCK.length), at + whole);
    this._time(BLOCK.lastTime, time);
    this._last = at;
    this._next = at + whole;
    return true;
  }
  get readable(): boolean {
    const before = (this._block + this.request.blocks - 1) % this.request.blocks;
    return this.pages.u32(before * this.request.blockSize + BLOCK.status) !== 0;
  }
  override end(): void {
    this._kernel.timers.cancel(this);
    super.end();
  }
}

/**
 * The ring of PACKET_RX_RING: -errno, or undefined for the end of a ring. `readers` wake when a block is
 * given to the program. Linux packet_set_ring().
 */
export const makeRing = (
  kernel: Kernel,
  value: Uint8Array,
  form: RingForm,
  exists: boolean,
  readers: WaitQueue,
): PacketRing | number | undefined => {
  const request = requestOf(value, form.version);
  if (!request) return -E.EINVAL;
  const { blockSize, blocks, frameSize, frames, own } = request;
  if (blocks === 0) return frames === 0 ? undefined : -E.EINVAL;
  if (exists) return -E.EBUSY;
  if (blockSize === 0 || blockSize > 0x7fff_ffff || !isPageAligned(blockSize)) return -E.EINVAL;
  const least = align(headerSize(form.version), ALIGNMENT) + ADDRESS + form.reserve;
  if (form.version === VERSION.V3 && blockSize < BLOCK_HEADER + align(own, 8) + least) return -E.EINVAL;
  if (frameSize < least || frameSize % ALIGNMENT !== 0) return -E.EINVAL;
  const perBlock = Math.floor(blockSize / frameSize);
  if (perBlock === 0 || perBlock * blocks !== frames) return -E.EINVAL;
  if (blockSize * blocks > MOST) return -E.ENOMEM;
  kernel.charge(((blockSize * blocks) / PAGE_SIZE) * cost.page);
  const pages = new SharedPages(kernel.frames, blockSize * blocks, "socket:[packet]");
  if (!pages.fill()) return -E.ENOMEM;
  return form.version === VERSION.V3 ? new BlockRing(kernel, pages, request, form, readers) : new FrameRing(pages, request, form);
};
