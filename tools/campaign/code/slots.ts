// Random code in slots of 16 bytes: instructions of both widths from the opcode maps, loops, calls, far jumps
// between the modes, and writes to the code itself. guest/src/slots.asm runs it.
import { FlowControl } from "iced-x86";
import { type Encoding, encodings } from "../../oracle/encodings.ts";
import { planOf } from "../../oracle/plan.ts";
import { Random } from "../../oracle/random.ts";

export const SLOT = 16;
export const at = { code: 0x1000_0000, alias: 0x1800_0000, data: 0x2000_0000, exit: 0x5000_2f00, counters: 0x5000_2d00 } as const;

type Bits = 64 | 32;
/** One set of encodings for all seeds of a build. */
const POOL_SEED = 1;
const pools = new Map<Bits, readonly Encoding[]>();
/** Instructions that go on to the next one, and are no system calls. */
const pool = (bits: Bits): readonly Encoding[] => {
  const known = pools.get(bits);
  if (known) return known;
  const all = [...encodings(bits, "amd", 2, new Random(POOL_SEED)).values()].flat();
  const list = all.filter((e) => {
    const { instruction } = planOf(e);
    return instruction.flowControl === FlowControl.Next && !instruction.isPrivileged && e.bytes.length <= SLOT;
  });
  pools.set(bits, list);
  return list;
};

const u32 = (v: number): number[] => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, (v >>> 24) & 255];
const selector = { 64: 0x33, 32: 0x23 } as const;
const NOP = 0x90;
const padded = (bytes: readonly number[] | Uint8Array): string =>
  Buffer.from([...bytes, ...new Array<number>(SLOT - bytes.length).fill(NOP)]).toString("hex");
export const EMPTY = padded([]);

class Writer {
  readonly random: Random;
  readonly count: number;
  bits: Bits = 64;
  /** Share of branches whose two targets are equal, in per cent. Each doubles the paths through the code. */
  readonly #equal: number;
  constructor(random: Random, count: number) {
    this.random = random;
    this.count = count;
    this.#equal = random.chance(0.1) ? 60 : 1;
  }
  #address(slot: number): number {
    return at.code + slot * SLOT;
  }
  #someData(): number {
    return at.data + this.random.pick([0, 8, 64, 0x7f0, 0xff8, 0xffd, 0x1000, 0x1ff8, this.random.below(0x2000)]);
  }
  /** A pointer in a register: most instructions with memory operands fault else. */
  #aim(): string {
    const register = this.random.pick([0, 1, 2, 3, 5, 6, 7]);
    return padded([0xb8 + register, ...u32(this.#someData())]);
  }
  #count(): string {
    return padded([0xb9, ...u32(this.random.below(20))]);
  }
  #jump(slot: number, opcode: readonly number[]): string {
    const distance = this.random.below(9) - (this.random.chance(0.2) ? 4 : 0);
    const target = Math.min(this.count - 1, Math.max(slot + 1, slot + distance));
    const from = this.#address(slot) + opcode.length + 4;
    return padded([...opcode, ...u32(this.#address(target) - from)]);
  }
  /** `sub dword [counter], 1; jg target`: the same bytes in both modes. */
  #loop(slot: number): string {
    const target = Math.max(0, slot - 1 - this.random.below(8));
    const counter = at.counters + 4 * this.random.below(4);
    return padded([0x83, 0x2c, 0x25, ...u32(counter), 1, 0x0f, 0x8f, ...u32(this.#address(target) - (this.#address(slot) + 14))]);
  }
  /** `mov byte [code], imm8`, to the code or its other mapping. */
  #modify(): string {
    const target = (this.random.chance(0.7) ? at.code : at.alias) + this.random.below(this.count * SLOT);
    return padded([0xc6, 0x04, 0x25, ...u32(target), this.random.below(256)]);
  }
  #switchMode(slot: number): string {
    const from = this.bits;
    this.bits = from === 64 ? 32 : 64;
    const next = u32(this.#address(slot + 1));
    if (from === 32) return padded([0xea, ...next, selector[64], 0]);
    const bytes = [0xff, 0x2c, 0x25, ...u32(this.#address(slot) + 8), NOP, ...next, selector[32], 0];
    return padded(bytes);
  }
  slot(slot: number): string {
    const r = this.random;
    if (r.below(100) < this.#equal) return padded([0x0f, 0x80 + r.below(16), ...u32(0)]);
    const roll = r.below(100);
    if (roll < 14) return this.#aim();
    if (roll < 17) return this.#count();
    if (roll < 24) return this.#jump(slot, [0x0f, 0x80 + r.below(16)]);
    if (roll < 27) return this.#loop(slot);
    if (roll < 29) return this.#jump(slot, [0xe8]);
    if (roll < 30) return padded([0xc3]);
    if (roll < 32) return this.#modify();
    if (roll < 36) return this.#switchMode(slot);
    return padded(r.pick(pool(this.bits)).bytes);
  }
}

/** The last slot leaves, in either mode: `jmp far [exit]`. */
const leave = padded([0xff, 0x2c, 0x25, ...u32(at.exit)]);

export const drawSlots = (random: Random, count: number): readonly string[] => {
  const writer = new Writer(random, count);
  return [...Array.from({ length: count - 1 }, (_, i) => writer.slot(i)), leave];
};

export interface SlotProgram {
  /** Hex, 16 bytes each. */
  readonly slots: readonly string[];
  readonly registers: readonly string[];
  /** Fills the data pages. */
  readonly data: number;
  /** Microseconds of a timer whose signals count; 0: none. */
  readonly timer: number;
}

/** The guest's input. */
export const encodeSlots = ({ slots, registers, data, timer }: SlotProgram, rounds: number): Uint8Array => {
  const code = Buffer.from(slots.join(""), "hex");
  const head = new Uint8Array(64);
  new Uint32Array(head.buffer).set([rounds, code.length, timer]);
  const values = BigUint64Array.from(registers, BigInt);
  const contents = new Uint8Array(0x2000);
  new Random(data).fill(contents);
  return Buffer.concat([head, new Uint8Array(values.buffer), contents, code]);
};

export const drawRegisters = (random: Random): readonly string[] =>
  Array.from({ length: 16 }, () => `0x${(random.chance(0.5) ? BigInt(at.data + random.below(0x2000)) : random.word()).toString(16)}`);
