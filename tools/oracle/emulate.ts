// Run a case on this project's CPU, and report in the silicon oracle's own words.
import { Cpu, type CpuCode } from "../../src/cpu/cpu.ts";
import { rep } from "../../src/cpu/isa/ops.ts";
import { type Exit, exit } from "../../src/cpu/machine/exit.ts";
import { directAddress, layout } from "../../src/cpu/machine/layout.ts";
import { type Access, access, cacheWrite, type Mmu } from "../../src/cpu/machine/mmu.ts";
import { cpuModel } from "../../src/cpu/machine/model.ts";
import { at, EF, PF, S, type State, vector } from "../../src/cpu/machine/state.ts";
import { Batch, Case, fxAt, type Registers, Result, resultAt, stateAt } from "./case.ts";
import { descriptorTables } from "./descriptors.ts";
import { ALIAS, CODE, DATA, PAGE, selector, WINDOW } from "./world.ts";

/** Linux's signals that end a case. arch/x86/kernel/traps.c */
export const signals = { ILL: 4, TRAP: 5, BUS: 7, FPE: 8, SEGV: 11, ALRM: 14, SYS: 31 } as const;
// biome-ignore format: table
const signalOf: Readonly<Record<number, number>> = {
  [vector.DE]: signals.FPE, [vector.DB]: signals.TRAP, [vector.BP]: signals.TRAP, [vector.UD]: signals.ILL, [vector.NP]: signals.BUS, [vector.SS]: signals.BUS,
  [vector.AC]: signals.BUS, [vector.MF]: signals.FPE, [vector.XM]: signals.FPE,
};

/** 64 KiB each: just beyond layout.frames. */
export const MEMORY_PAGES = Math.ceil(layout.frames / 65536) + 0x30;
const frames = { code: layout.frames, data: layout.frames + 2 * PAGE } as const;
/** With this color the data pages are at home (layout.ts), and their aliases are not. */
const color = (directAddress(DATA, 0) - layout.window) ^ (frames.data - layout.window);

interface Page {
  readonly frame: number;
  readonly rights: ReadonlySet<Access>;
}
const all = new Set<Access>([access.read, access.write, access.execute]);
const writable = new Set<Access>([access.read, access.write]);
const readable = new Set<Access>([access.read]);
const pages = new Map<number, Page>([
  [CODE, { frame: frames.code, rights: all }],
  [DATA, { frame: frames.data, rights: writable }],
  [DATA + PAGE, { frame: frames.data + PAGE, rights: writable }],
  [ALIAS, { frame: frames.data, rights: writable }],
  [ALIAS + PAGE, { frame: frames.data + PAGE, rights: readable }],
]);

/**
 * The last page of the user's half is unused. Linux hides addresses above it by reporting them as present.
 * arch/x86/mm/fault.c set_signal_archinfo()
 */
const TASK_SIZE_MAX = 2 ** 47 - PAGE;

/** The world's pages, and nothing else. */
const mmu: Mmu = {
  color,
  translate: (address, how) => {
    const page = pages.get(address - (address % PAGE));
    if (address >= TASK_SIZE_MAX)
      return -1 - (PF.USER | PF.PRESENT | (how === access.write ? PF.WRITE : how === access.execute ? PF.INSTRUCTION : 0));
    if (page?.rights.has(how)) return page.frame + (how === access.write ? cacheWrite : 0);
    const error = PF.USER | (page ? PF.PRESENT : 0) | (how === access.write ? PF.WRITE : how === access.execute ? PF.INSTRUCTION : 0);
    return -1 - error;
  },
};

const zeros = new Uint8Array(2 * PAGE);
const isDirty = (bytes: Uint8Array, from: number, to: number): boolean =>
  Buffer.compare(bytes.subarray(from, to), zeros.subarray(0, to - from)) !== 0;

/**
 * An int3 must come within this many instructions, or rounds of a string instruction: it leaves the data
 * pages in fewer.
 */
const RUN_LIMIT = 20_000;

/**
 * The executor of the instructions: the bigint oracle, the interpreter's handlers, functions of the baseline
 * tier (where a form has a template), or compiled regions (where the JIT compiles them).
 */
export type Tier = "evaluate" | "handlers" | "baseline" | "regions";
export const tiers: readonly Tier[] = ["handlers", "baseline", "regions", "evaluate"];

/** Instructions until a case that changes modes has done so. */
const LONGEST_WAY = 16;

/**
 * V8 keeps every instance that imports a table as long as the table, and each makes setting an entry slower:
 * so many, and a new CPU.
 */
const COMPILED_BY_ONE = 1000;

export class Emulator {
  readonly tier: Tier;
  readonly #code: CpuCode;
  readonly #model: string;
  #cpu: Cpu;

  constructor(code: CpuCode, tier: Tier, model = "max:amd") {
    this.tier = tier;
    this.#code = code;
    this.#model = model;
    this.#cpu = this.#freshCpu();
  }
  #freshCpu(): Cpu {
    const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), this.#code, cpuModel(this.#model));
    cpu.segments.tables = descriptorTables;
    cpu.setAddressSpace(mmu);
    return cpu;
  }
  get cpu(): Cpu {
    return this.#cpu;
  }

  /** One result a case, as runOracle() gives, or one each so many cases. It holds until the next batch. */
  runAll(cases: Batch, every = 1): Batch {
    if (this.#results.count < cases.count) this.#results = new Batch(resultAt.size, cases.count);
    const results = this.#results;
    if (this.contexts.length < cases.count) this.contexts = new Uint8Array(cases.count);
    for (let n = 0; n < cases.count; n += every) this.contexts[n] = this.run(new Case(cases, n), new Result(results, n));
    return results;
  }

  #results = new Batch(resultAt.size, 0);
  /** The context (src/cpu/machine/context.ts) in which each case of the last batch began. */
  contexts = new Uint8Array(0);

  run(c: Case, r: Result): number {
    if (this.#due) {
      this.#cpu = this.#freshCpu();
      this.#due = false;
    }
    this.#load(c);
    const context = this.cpu.state.u32[at.context >> 2] as number;
    const count = c.run ? RUN_LIMIT : c.steps;
    const why =
      this.tier === "handlers" ? this.cpu.run(count) : this.tier === "evaluate" ? this.#evaluate(count) : this.#compiled(c, count);
    this.#save(c, r, why);
    return context;
  }

  /**
   * Compiled code is entered only where the budget covers it, so an instruction that silicon steps over runs
   * on into the int3 that fill the page; the trap is then taken for the step's.
   */
  #compiled(c: Case, count: number): Exit {
    const { cpu } = this;
    const s = cpu.state;
    // In a case with a far transfer to other code, the target is compiled.
    if (this.follows) {
      const first = s.selector(S.cs);
      let why: Exit = exit.budget;
      for (let n = 0; n < LONGEST_WAY && why === exit.budget && s.selector(S.cs) === first; n++) why = cpu.evaluate();
      if (why !== exit.budget) return why;
    }
    const start = s.rip;
    // Silicon steps through the rounds of a repeated string instruction, and PUSHF shows the flag that steps.
    const d = cpu.blocks.decodeOne(start);
    const steps = d !== undefined && (d.rep !== rep.none || d.row.name === "pushf");
    if ((!c.run && (count > 1 || steps)) || !this.#compile(start)) return cpu.run(count);
    cpu.flags &= ~EF.TF;
    if (++this.compiled % COMPILED_BY_ONE === 0) this.#due = true;
    const before = cpu.instructions;
    const why = cpu.run(RUN_LIMIT);
    if (c.run) return why;
    const retired = cpu.instructions - before;
    const v = s.u32[at.exitVector >> 2];
    const written = this.#wroteCode(c);
    if (why !== exit.budget && !written) {
      if (why !== exit.fault || (s.rip === start && v !== vector.BP && retired === 0)) return why;
      // A trap belongs to the instruction. Other faults past it do not, such as in an int3 or where there is
      // no code.
      if (retired === 1 && v === vector.OF) return why;
    }
    // An instruction that faults past the case may have done a part of its work: a call has pushed
    // (Rules.pushesFirst).
    const intoItself = s.rip >= start && s.rip < start + c.code.length;
    const stepped = why === exit.fault && !written && (v === vector.BP ? retired === 2 : retired === 1 && !intoItself);
    if (!stepped) {
      // The run went on: into the instruction itself, or into bytes that it had written.
      this.#load(c);
      return cpu.run(count);
    }
    if (s.u32[at.exitVector >> 2] === vector.BP) s.rip -= 1;
    cpu.raise(vector.DB, 0);
    s.view.setBigUint64(at.exitAddress, 0n, true);
    return exit.fault;
  }
  #compile(ip: number): boolean {
    return this.tier === "baseline" ? this.cpu.baseline.compile(ip) : this.cpu.jit.compile(ip);
  }
  readonly #page = new Uint8Array(PAGE);
  #wroteCode(c: Case): boolean {
    this.#page.fill(0xcc).set(c.code, c.codeOffset);
    return Buffer.compare(this.#page, this.cpu.state.u8.subarray(frames.code, frames.code + PAGE)) !== 0;
  }
  /** Set for cases that change modes. */
  follows = false;
  /** Cases that compiled code ran. */
  compiled = 0;
  #due = false;

  #evaluate(count: number): Exit {
    let why: Exit = exit.budget;
    for (let n = 0; n < count && why === exit.budget; n++) why = this.cpu.evaluate();
    return why;
  }

  #load(c: Case): void {
    const { cpu } = this;
    const s = cpu.state;
    cpu.invalidateFrame(frames.code);
    s.u8.fill(0xcc, frames.code, frames.code + PAGE);
    s.u8.set(c.code, frames.code + c.codeOffset);
    s.u8.fill(0, frames.data, frames.data + 2 * PAGE);
    s.u8.set(c.window, frames.data + WINDOW.offset);
    const b = c.before;
    copyWords(c.batch.words, b.at + stateAt.gpr, s.u32, at.gpr, 128);
    s.rip = Number(b.rip);
    cpu.flags = b.rflags | (c.traps ? EF.TF : 0);
    // Loads that change nothing are dear; bases of FS and GS are not their selectors' alone.
    if (s.selector(S.cs) !== b.selector(S.cs)) cpu.segments.loadCode(b.selector(S.cs));
    for (const n of plainSegments) if (s.selector(n) !== b.selector(n)) cpu.segments.load(n, b.selector(n));
    for (const n of basedSegments) cpu.segments.load(n, b.selector(n));
    if (s.mode !== 64) s.narrowStack();
    if (b.selector(S.cs) === selector.userCode64) {
      s.u64[(at.segBase >> 3) + S.fs] = b.fsBase;
      s.u64[(at.segBase >> 3) + S.gs] = b.gsBase;
    }
    loadFloats(s, c.batch.words, b);
  }

  #save(c: Case, r: Result, why: Exit): void {
    const s = this.cpu.state;
    const v = r.batch.view;
    const fault = why === exit.fault;
    const trap = fault ? (s.u32[at.exitVector >> 2] as number) : vector.DB;
    const signal = fault ? (signalOf[trap] ?? signals.SEGV) : why === exit.budget ? (c.run ? signals.ALRM : signals.TRAP) : signals.SYS;
    v.setUint32(r.at + resultAt.id, c.id, true);
    v.setUint8(r.at + resultAt.signal, signal);
    v.setUint8(r.at + resultAt.trap, trap);
    v.setUint32(r.at + resultAt.error, fault ? (s.u32[at.exitError >> 2] as number) : 0, true);
    v.setBigUint64(r.at + resultAt.cr2, s.view.getBigUint64(at.exitAddress, true), true);
    const a = r.after;
    copyWords(s.u32, at.gpr, r.batch.words, a.at + stateAt.gpr, 128);
    a.rip = s.view.getBigUint64(at.rip, true);
    a.rflags = this.cpu.flags & ~EF.TF;
    for (let n = 0; n < 6; n++) a.setSelector(n, s.selector(n));
    a.fsBase = s.u64[(at.segBase >> 3) + S.fs] as bigint;
    a.gsBase = s.u64[(at.segBase >> 3) + S.gs] as bigint;
    saveFloats(s, r.batch.words, a);
    const window = frames.data + WINDOW.offset;
    r.window.set(s.u8.subarray(window, window + WINDOW.size));
    const spilled = isDirty(s.u8, frames.data, window) || isDirty(s.u8, window + WINDOW.size, frames.data + 2 * PAGE);
    v.setUint8(r.at + resultAt.spilled, Number(spilled));
  }
}

const plainSegments = [S.ss, S.ds, S.es] as const;
const basedSegments = [S.fs, S.gs] as const;

const copyWords = (from: Uint32Array, at: number, to: Uint32Array, toAt: number, bytes: number): void => {
  for (let n = 0, a = at >> 2, b = toAt >> 2; n < bytes >> 2; n++) to[b + n] = from[a + n] as number;
};

// FXSAVE keeps ST(i), the state page the physical registers. SDM Vol. 1 10.5.1, 8.1.2
const physical = (status: number, i: number): number => at.fpuRegs + ((((status >> 11) & 7) + i) & 7) * 16;

const loadFloats = (s: State, words: Uint32Array, b: Registers): void => {
  const fx = new DataView(b.view.buffer, b.view.byteOffset + b.at + stateAt.fxsave, 512);
  const state = s.view;
  const status = fx.getUint16(fxAt.status, true);
  state.setUint16(at.fpuControl, fx.getUint16(fxAt.control, true), true);
  state.setUint16(at.fpuStatus, status, true);
  state.setUint8(at.fpuEmpty, ~fx.getUint8(fxAt.tag));
  state.setUint16(at.fpuOpcode, fx.getUint16(fxAt.opcode, true), true);
  state.setBigUint64(at.fpuIp, fx.getBigUint64(fxAt.ip, true), true);
  // A 64-bit kernel restores pointers of 64 bits, without selectors.
  state.setUint16(at.fpuCs, 0, true);
  state.setUint16(at.fpuDs, 0, true);
  state.setBigUint64(at.fpuDp, fx.getBigUint64(fxAt.dp, true), true);
  state.setUint32(at.mxcsr, fx.getUint32(fxAt.mxcsr, true), true);
  const from = b.at + stateAt.fxsave;
  for (let i = 0; i < 8; i++) copyWords(words, from + fxAt.st + i * 16, s.u32, physical(status, i), 16);
  for (let n = 0; n < 16; n++) {
    copyWords(words, from + fxAt.xmm + n * 16, s.u32, at.ymm + n * 32, 16);
    copyWords(words, b.at + stateAt.ymmHigh + n * 16, s.u32, at.ymm + n * 32 + 16, 16);
  }
};

const saveFloats = (s: State, words: Uint32Array, a: Registers): void => {
  const to = a.at + stateAt.fxsave;
  const fx = new DataView(a.view.buffer, a.view.byteOffset + to, 512);
  const state = s.view;
  const status = state.getUint16(at.fpuStatus, true);
  fx.setUint16(fxAt.control, state.getUint16(at.fpuControl, true), true);
  fx.setUint16(fxAt.status, status, true);
  fx.setUint8(fxAt.tag, ~state.getUint8(at.fpuEmpty));
  fx.setUint16(fxAt.opcode, state.getUint16(at.fpuOpcode, true), true);
  fx.setBigUint64(fxAt.ip, state.getBigUint64(at.fpuIp, true), true);
  fx.setBigUint64(fxAt.dp, state.getBigUint64(at.fpuDp, true), true);
  fx.setUint32(fxAt.mxcsr, state.getUint32(at.mxcsr, true), true);
  // Ten bytes of each: FXSAVE leaves the other six zero.
  for (let i = 0; i < 8; i++) {
    copyWords(s.u32, physical(status, i), words, to + fxAt.st + i * 16, 8);
    words[(to + fxAt.st + i * 16 + 8) >> 2] = (s.u32[(physical(status, i) + 8) >> 2] as number) & 0xffff;
  }
  for (let n = 0; n < 16; n++) {
    copyWords(s.u32, at.ymm + n * 32, words, to + fxAt.xmm + n * 16, 16);
    copyWords(s.u32, at.ymm + n * 32 + 16, words, a.at + stateAt.ymmHigh + n * 16, 16);
  }
};
