// Classic BPF on packets. Documentation/networking/filter.rst; Linux net/core/filter.c bpf_check_classic(),
// bpf_convert_filter().
import { socketCodes } from "../../../seccomp/bpf/codes.ts";
import { BPF, decodeProgram, MEM_WORDS } from "../../../seccomp/bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "../../../seccomp/bpf/ops.ts";
import { checkProgram } from "../../../seccomp/check.ts";

/** SKF_*: places below the packet, as words: values of the kernel, and the headers. uapi linux/filter.h. */
const SKF = { AD: 0xffff_f000, NET: 0xfff0_0000, LINK: 0xffe0_0000 } as const;
const AD = {
  PROTOCOL: 0,
  KIND: 4,
  DEVICE: 8,
  NLATTR: 12,
  NLATTR_NEST: 16,
  MARK: 20,
  QUEUE: 24,
  HARDWARE: 28,
  RXHASH: 32,
  CPU: 36,
  XOR_X: 40,
  VLAN_TAG: 44,
  VLAN_PRESENT: 48,
  PAYLOAD: 52,
  RANDOM: 56,
  VLAN_TPID: 60,
} as const;
const known: ReadonlySet<number> = new Set(Object.values(AD));
const RULES = { socket: socketCodes, seccomp: null, shiftRange: true } as const;

/**
 * The work that the filters of one packet may still do, in instructions. Each filter is bounded, and the
 * number of sockets is not: when the work is used up, the other filters drop the packet, as full queues do.
 */
export interface Work {
  left: number;
}
/** The work for a packet that arrives: some hundredths of a second. */
export const workOfPacket = (): Work => ({ left: 1 << 22 });
/** The work of SKF_AD_PAY_OFFSET, which decodes the headers. */
const DECODING = 16;

/** A packet as a filter sees it. */
export interface Seen {
  /** The bytes from the first header on that a filter can reach. */
  readonly bytes: Uint8Array;
  /** The offset of the packet's first byte for the filter; those of the network and the link header. */
  readonly at: number;
  readonly network?: number;
  readonly link?: number;
  /** The protocol of the frame (ETH_P_*), for whom it is (PACKET_*), and the device with its ARPHRD_*. */
  readonly protocol?: number;
  readonly kind?: number;
  readonly device?: { readonly index: number; readonly hardware: number } | undefined;
  /** The offset of the data after the headers, from `at` on. */
  readonly payload?: () => number;
  readonly random?: () => number;
  /** The work of all the filters that see the packet, if more than one does. */
  readonly work?: Work;
}

/** A checked program: two words an instruction, as in memory. */
export class PacketProgram {
  /** struct sock_filter, little endian. */
  readonly bytes: Uint8Array;
  private readonly _words: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice();
    this._words = new Uint32Array(this.bytes.buffer);
  }
  /** The program of `bytes`, or undefined if Linux refuses it. */
  static checked(bytes: Uint8Array): PacketProgram | undefined {
    const program = decodeProgram(bytes);
    if (checkProgram(RULES, program, 0)) return undefined;
    const loads = program.filter(({ code }) => (code & 0xe7) === (BPF.LD | BPF.ABS));
    return loads.some(({ k }) => k >= SKF.AD && !known.has(k - SKF.AD)) ? undefined : new PacketProgram(bytes);
  }
  /** The number of instructions. */
  get length(): number {
    return this._words.length / 2;
  }

  /** The number of bytes to keep; 0 drops the packet. */
  run(packet: Seen, work: Work): number {
    if (work.left < this.length) return 0;
    work.left -= this.length;
    const words = this._words;
    const size = packet.bytes.length - packet.at;
    const mem = new Uint32Array(MEM_WORDS);
    let a = 0;
    let x = 0;
    for (let pc = 0; ; pc++) {
      const head = words[2 * pc] as number;
      const k = words[2 * pc + 1] as number;
      const code = head & 0xffff;
      const operand = usesX(code) ? x : k;
      const alu = aluByCode[code];
      const test = jumpByCode[code];
      if (alu) {
        if (alu.divides && operand === 0) return 0;
        a = alu.apply(a, operand);
        continue;
      }
      if (test) {
        pc += test.holds(a, operand) ? (head >>> 16) & 0xff : head >>> 24;
        continue;
      }
      switch (code) {
        case BPF.LD | BPF.W | BPF.ABS:
        case BPF.LD | BPF.H | BPF.ABS:
        case BPF.LD | BPF.B | BPF.ABS: {
          const value = k >= SKF.AD ? ancillary(packet, { what: k - SKF.AD, a, x, work }) : load(packet, k, code);
          if (value === undefined) return 0;
          a = value;
          break;
        }
        case BPF.LD | BPF.W | BPF.IND:
        case BPF.LD | BPF.H | BPF.IND:
        case BPF.LD | BPF.B | BPF.IND: {
          const value = load(packet, (x + k) >>> 0, code);
          if (value === undefined) return 0;
          a = value;
          break;
        }
        case BPF.LDX | BPF.B | BPF.MSH: {
          const value = load(packet, k, code);
          if (value === undefined) return 0;
          x = (value & 15) << 2;
          break;
        }
        case BPF.LD | BPF.W | BPF.LEN:
          a = size;
          break;
        case BPF.LDX | BPF.W | BPF.LEN:
          x = size;
          break;
        case BPF.LD | BPF.IMM:
          a = k;
          break;
        case BPF.LDX | BPF.IMM:
          x = k;
          break;
        case BPF.LD | BPF.MEM:
          a = mem[k] as number;
          break;
        case BPF.LDX | BPF.MEM:
          x = mem[k] as number;
          break;
        case BPF.ST:
          mem[k] = a;
          break;
        case BPF.STX:
          mem[k] = x;
          break;
        case BPF.MISC | BPF.TAX:
          x = a;
          break;
        case BPF.MISC | BPF.TXA:
          a = x;
          break;
        case BPF.ALU | BPF.NEG:
          a = -a >>> 0;
          break;
        case BPF.JMP | BPF.JA:
          pc += k;
          break;
        case BPF.RET | BPF.K:
          return k;
        case BPF.RET | BPF.A:
          return a;
      }
    }
  }
}

/** Loads big-endian bytes; undefined outside of the packet. Linux bpf_internal_load_pointer_neg_helper(). */
const load = ({ bytes, at, network, link }: Seen, k: number, code: number): number | undefined => {
  const width = (code & 0x18) === BPF.W ? 4 : (code & 0x18) === BPF.H ? 2 : 1;
  let from = at + k;
  if (k >= 2 ** 31) {
    const [header, base] = k >= SKF.NET ? [network, SKF.NET] : [k >= SKF.LINK ? link : undefined, SKF.LINK];
    if (header === undefined) return undefined;
    from = header + k - base;
  }
  if (from + width > bytes.length) return undefined;
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[from + i] as number);
  return value;
};
/** A value of the kernel; undefined ends the program with 0. */
const ancillary = (
  packet: Seen,
  { what, a, x, work }: { readonly what: number; readonly a: number; readonly x: number; readonly work: Work },
): number | undefined => {
  switch (what) {
    case AD.PROTOCOL:
      return packet.protocol ?? 0;
    case AD.KIND:
      return packet.kind ?? 0;
    case AD.DEVICE:
      return packet.device?.index;
    case AD.HARDWARE:
      return packet.device?.hardware;
    case AD.XOR_X:
      return (a ^ x) >>> 0;
    case AD.PAYLOAD:
      work.left -= DECODING;
      return packet.payload?.() ?? 0;
    case AD.RANDOM:
      return packet.random?.() ?? 0;
    case AD.NLATTR:
      return attributeAt(packet, a, x, work);
    case AD.NLATTR_NEST:
      return nestedAttribute(packet, a, x, work);
  }
  // Marks, queues, hashes, processors and VLANs are all the first or none.
  return 0;
};
/**
 * The offset of the first attribute of a type from an offset on, or 0; undefined if the work is used up.
 * Linux bpf_skb_get_nlattr().
 */
const attributeAt = ({ bytes, at }: Seen, from: number, wanted: number, work: Work, until?: number): number | undefined => {
  const end = until ?? bytes.length - at;
  const v = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  for (let place = from; place + 4 <= end; ) {
    if (--work.left < 0) return undefined;
    const length = v.getUint16(place, true);
    if (length < 4 || place + length > end) return 0;
    if ((v.getUint16(place + 2, true) & 0x3fff) === wanted) return place;
    place += (length + 3) & ~3;
  }
  return 0;
};
/** The same inside of the attribute at an offset. Linux bpf_skb_get_nlattr_nest(). */
const nestedAttribute = (packet: Seen, from: number, wanted: number, work: Work): number | undefined => {
  const { bytes, at } = packet;
  if (from + 4 > bytes.length - at) return 0;
  const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint16(from, true);
  if (length < 4 || length > bytes.length - at - from) return 0;
  return attributeAt(packet, from + 4, wanted, work, from + length);
};
