// Two processors that run the same code in the same parts: one only interprets, the other compiles everything
// that it can. After every part nothing may differ: registers, flags, memory, the fault, and the instruction
// count.
import { expect } from "vitest";
import { Cpu, type CpuCode } from "../../../src/cpu/cpu.ts";
import { type Exit, exit } from "../../../src/cpu/machine/exit.ts";
import { directAddress, layout } from "../../../src/cpu/machine/layout.ts";
import { type Access, access, cacheWrite, type Mmu } from "../../../src/cpu/machine/mmu.ts";
import { cpuModel } from "../../../src/cpu/machine/model.ts";
import { at, PF, vector } from "../../../src/cpu/machine/state.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

/** Bytes of a page. */
export const PAGE = 4096;
/** The address of the first code page. */
export const CODE = 0x1000_0000;
/** Pages of code. */
export const CODE_PAGES = 4;
/** The address of the first data page. */
export const DATA = 0x2000_0000;
/** Pages of data, the stack among them. */
export const DATA_PAGES = 16;
/** Frames that belong to no page at the start. */
const SPARE = 4;
/**
 * A multiple of all data pages from the start of the window, so that they can be direct-mapped in sequence.
 */
const data = layout.window + 16 * DATA_PAGES * PAGE + 0x10_0000;
const frames = { code: data - CODE_PAGES * PAGE, data, spare: data + DATA_PAGES * PAGE } as const;
/** With this color the data pages are direct-mapped (layout.ts). */
const color = DATA ^ (frames.data - layout.window);

/** The mapping of a data page; frames count from `frames.data`. */
export interface Mapping {
  readonly frame: number;
  readonly writable: boolean;
  readonly executable?: boolean;
}
/** Direct-mapped and writable. */
export const plain = (page: number): Mapping => ({ frame: page, writable: true });
/** Frame numbers beyond the pages' own. */
export const spareFrame = (n: number): number => DATA_PAGES + n;
/** The frame of a code page, for data to share. */
export const codeFrame = (n: number): number => n - CODE_PAGES;

class Twin {
  readonly cpu: Cpu;
  readonly mappings = new Map<number, Mapping>();
  constructor(code: CpuCode, mode: 32 | 64) {
    this.cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code, cpuModel("x86-64-v1:amd"));
    this.cpu.segments.tables = descriptorTables;
    this.cpu.segments.loadCode(mode === 64 ? selector.userCode64 : selector.userCode32);
    for (const s of [0, 2, 3]) this.cpu.segments.load(s, selector.userData);
    this.cpu.setAddressSpace(this.#mmu);
    for (let n = 0; n < DATA_PAGES; n++) expect(directAddress(DATA + n * PAGE, color)).toBe(frames.data + n * PAGE);
    // As FNINIT leaves it, and MXCSR as Linux does.
    this.cpu.state.u16[at.fpuControl >> 1] = 0x37f;
    this.cpu.state.u8[at.fpuEmpty] = 0xff;
    this.cpu.state.u32[at.mxcsr >> 2] = 0x1f80;
  }
  readonly #mmu: Mmu = {
    color,
    present: (address: number): number => Math.max(this.#mmu.translate(address, access.read), this.#mmu.translate(address, access.write)),
    translate: (address: number, how: Access): number => {
      const page = Math.floor(address / PAGE);
      const code = page - CODE / PAGE;
      if (code >= 0 && code < CODE_PAGES) return how === access.write ? -1 - (PF.USER | PF.WRITE | PF.PRESENT) : frames.code + code * PAGE;
      const there = this.mappings.get(page - DATA / PAGE);
      const error = PF.USER | (how === access.write ? PF.WRITE : how === access.execute ? PF.INSTRUCTION : 0);
      if (!there || (how === access.execute && !there.executable)) return -1 - error;
      if (how === access.write && !there.writable) return -1 - (error | PF.PRESENT);
      return frames.data + there.frame * PAGE + (how === access.write ? cacheWrite : 0);
    },
  };
  /** Everything that a program could see. */
  get sees(): Buffer {
    const { state } = this.cpu;
    const registers = state.u8.slice(at.gpr, at.rip + 8);
    const rest = state.u8.slice(at.ymm, at.ymm + 16 * 32);
    const fpu = state.u8.slice(at.fpuRegs, at.fpuRegs + 8 * 16);
    const words = Float64Array.of(
      this.cpu.flags,
      this.cpu.instructions,
      state.u32[at.mxcsr >> 2] as number,
      state.u16[at.fpuStatus >> 1] as number,
      state.u8[at.fpuEmpty] as number,
    );
    return Buffer.concat([registers, rest, fpu, new Uint8Array(words.buffer)]);
  }
  get memory(): Uint8Array {
    return this.cpu.state.u8.subarray(frames.code, frames.spare + SPARE * PAGE);
  }
}

/** The end of a run. */
export interface Ended {
  readonly why: Exit;
  readonly rip: number;
  /** The vector of a fault. */
  readonly vector: number;
  readonly error: number;
  readonly address: bigint;
}

/** The two processors. */
export class Twins {
  readonly #both: readonly [Twin, Twin];
  /** The number of compiled regions. */
  regions = 0;
  constructor(code: CpuCode, mode: 32 | 64) {
    this.#both = [new Twin(code, mode), new Twin(code, mode)];
    const [compiles, interprets] = this.#both;
    compiles.cpu.engine = "jit";
    compiles.cpu.jit.onRegion = () => this.regions++;
    interprets.cpu.engine = "interpret";
  }
  /** The share of instructions that compiled code ran. */
  get compiledShare(): number {
    const { cpu } = this.#both[0];
    return 1 - cpu.interpreted / cpu.instructions;
  }
  /** A property of both, of the compiling processor first. */
  both<T>(of: (cpu: Cpu) => T): readonly [T, T] {
    const [compiles, interprets] = this.#both;
    return [of(compiles.cpu), of(interprets.cpu)];
  }
  /** Does the same to both. */
  each(does: (cpu: Cpu) => void): void {
    for (const { cpu } of this.#both) does(cpu);
  }
  /** Loads new code, from the first code page on. */
  load(bytes: Uint8Array): void {
    this.each((cpu) => {
      for (let n = 0; n < CODE_PAGES; n++) cpu.invalidateFrame(frames.code + n * PAGE);
      cpu.state.u8.fill(0xf4, frames.code, frames.code + CODE_PAGES * PAGE);
      cpu.state.u8.set(bytes, frames.code);
    });
  }
  /** Maps a data page; unmaps it if the mapping is undefined. */
  map(page: number, mapping: Mapping | undefined): void {
    for (const twin of this.#both) {
      if (mapping) twin.mappings.set(page, mapping);
      else twin.mappings.delete(page);
      twin.cpu.flushTlbPages(DATA + page * PAGE, DATA + (page + 1) * PAGE);
    }
  }
  /** Fills the frames of all data. */
  fill(bytes: (n: number) => number): void {
    this.each(({ state }) => {
      for (let n = frames.data; n < frames.spare + SPARE * PAGE; n++) state.u8[n] = bytes(n - frames.data);
    });
  }
  compile(ip: number): boolean {
    return this.#both[0].cpu.jit.compile(ip);
  }
  /** Runs so many instructions, unless it ends before. `what` describes the case if they differ. */
  run(count: number, what: () => string): Ended {
    const ends = this.#both.map(({ cpu }): Ended => {
      const why = cpu.run(count);
      const { u32, view, rip } = cpu.state;
      const fault = why === exit.fault;
      const v = fault ? (u32[at.exitVector >> 2] as number) : 0;
      return {
        why,
        rip,
        vector: v,
        error: fault ? (u32[at.exitError >> 2] as number) : 0,
        address: v === vector.PF ? view.getBigUint64(at.exitAddress, true) : 0n,
      };
    }) as [Ended, Ended];
    const [a, b] = this.#both;
    if (
      Buffer.compare(a.sees, b.sees) !== 0 ||
      Buffer.compare(a.memory, b.memory) !== 0 ||
      told(a, ends[0]).join() !== told(b, ends[1]).join()
    ) {
      const interpreted = told(b, ends[1]);
      const differences = told(a, ends[0]).flatMap((text, n) =>
        text === interpreted[n] ? [] : [`${text}; interpreted: ${interpreted[n]}`],
      );
      expect.fail(`${differences.join("\n")}\n${what()}`);
    }
    return ends[1];
  }
}

/** A description of the differences. */
const told = ({ cpu, memory }: Twin, ended: Ended): string[] => {
  const { state, flags, instructions } = cpu;
  const hex = (from: number, size: number): string => Buffer.from(state.u8.subarray(from, from + size)).toString("hex");
  return [
    `ended: ${Object.values(ended)
      .map((v) => v.toString(16))
      .join(" ")}`,
    `flags: ${flags.toString(16)}`,
    `instructions: ${instructions}`,
    ...Array.from({ length: 16 }, (_, r) => `r${r}: ${(state.u64[r] as bigint).toString(16)}`),
    ...Array.from({ length: 16 }, (_, r) => `xmm${r}: ${hex(at.ymm + r * 32, 16)}`),
    ...Array.from({ length: 8 }, (_, r) => `st${r}: ${hex(at.fpuRegs + r * 16, 10)}`),
    ...Array.from(
      { length: memory.length / 64 },
      (_, n) => `memory ${(n * 64).toString(16)}: ${Buffer.from(memory.subarray(n * 64, n * 64 + 64)).toString("hex")}`,
    ),
  ];
};
