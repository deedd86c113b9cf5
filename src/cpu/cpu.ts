// A processor: its registers, code caches and engines, as the kernel and the helper functions see it. The
// dispatcher is run-loop.ts.

import { Baseline } from "./baseline/policy.ts";
import type { InstructionRows } from "./decode/instructions.ts";
import type { Engine } from "./engine.ts";
import type { GeneratedModule, HandlerStore } from "./handler-store.ts";
import { helpers } from "./helpers/helpers.ts";
import { MemorySlowPath, unmapped } from "./helpers/memory-slow-path.ts";
import { type InstanceOwner, Instances, leaveInstances, takeInstances } from "./instances.ts";
import { Blocks } from "./interp/block-cache.ts";
import type { CodeEvents } from "./interp/code-events.ts";
import type { PredecodeRoutines, Preload } from "./interp/predecode.ts";
import { kindCode, signParitySource, zeroSource } from "./isa/flags.ts";
import { integers } from "./isa/integers.ts";
import { helperNames, type RoutineType } from "./isa/routine-types.ts";
import type { CodeFile } from "./jit/cache/format.ts";
import { slowPathCounts } from "./jit/emit/slow-path-counts.ts";
import { Jit } from "./jit/runtime/policy.ts";
import type { AccessWatch } from "./machine/access-watch.ts";
import type { Breakpoint } from "./machine/breakpoints.ts";
import { Budget } from "./machine/budget.ts";
import type { Deadline } from "./machine/deadline.ts";
import type { DebugStops } from "./machine/debug-stops.ts";
import { type Exit, exitCode } from "./machine/exit.ts";
import { HostClock } from "./machine/host-clock.ts";
import { layout } from "./machine/layout.ts";
import type { Mmu, TranslationListener } from "./machine/mmu.ts";
import { cpuModel, defaultModel, type Model } from "./machine/model.ts";
import { Segments } from "./machine/segments.ts";
import { at, STATUS_FLAGS, State } from "./machine/state.ts";
import { Tlb } from "./machine/tlb.ts";
import type { OracleContext } from "./oracle/context.ts";
import { Stepping } from "./oracle/stepping.ts";
import { fetchFault, type HandlerExports, RunLoop } from "./run-loop.ts";

/** A WebAssembly module of interpreter handlers. */
export interface HandlerModule {
  /** Table index of its first handler. */
  readonly first: number;
  /** Its name for the store. */
  readonly name: string;
  readonly module: () => WebAssembly.Module;
  /** Predecode cache entries, for processors of the default model. */
  readonly preload?: Preload;
}
/** The code that the build generates (handlers.ts, routines). */
export interface CpuCode {
  readonly instructions: InstructionRows;
  /** The first module is always loaded, the others on demand. */
  readonly handlers: readonly HandlerModule[];
  readonly routines: GeneratedRoutines;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  /** Keeps the host's code for these modules between runs. */
  readonly store: HandlerStore | undefined;
}
type GeneratedRoutines = Pick<GeneratedModule, "name" | "module">;

/** The most instructions between two checks of the clock in compiled code. */
const MOST_IN_REGIONS = 1 << 21;
/** Samples of a run whose handlers are worth keeping: after a shorter run they were compiled for little. */
const samplesWorthKeeping = 100;
/** Pages that are flushed one by one. After a flush of all pages, all of them are entered again. */
const mostFlushed = 512;

/**
 * A processor: its registers, its code caches and its engines. Owners of memory talk to it as a
 * `TranslationListener`, helper functions as a `HelperContext`.
 */
export class Cpu implements TranslationListener, OracleContext {
  readonly state: State;
  readonly segments: Segments;
  readonly blocks: Blocks;
  readonly jit: Jit;
  readonly baseline: Baseline;
  readonly codeFrames: Uint8Array;
  readonly #handlers: HandlerExports;
  readonly #loop: RunLoop;
  readonly routines: WebAssembly.Exports;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  readonly #tlb: Tlb;
  readonly #slowPath: MemorySlowPath;
  /**
   * The time-stamp counter of RDTSC. The owner of time replaces it; the default is the count of instructions.
   */
  timeStamp: () => bigint = () => BigInt(this.retired);
  timeStampDisabled = false;
  /** IA32_TSC_AUX. */
  number = 0;
  random: (() => bigint) | undefined;
  /**
   * Serves the call of a door inside compiled code, so that the code need not exit. Returns the most
   * instructions that may follow. 0 ends the run with `exit.served`. Undefined: the call is not served here,
   * and the run ends at the door.
   */
  serve: ((why: Exit) => number | undefined) | undefined;
  /**
   * The address at which code continues after a served call, if it is not the address after the door.
   * Compiled code is made for it and checks it.
   */
  landing: ((why: Exit) => number | undefined) | undefined;
  /** The files whose code the current address space has mapped, for the code cache. */
  codeFiles: (() => readonly CodeFile[]) | undefined;
  readonly #clock = new HostClock(MOST_IN_REGIONS);
  readonly #budget: Budget;
  /** The object with the number of retired instructions: a read of its property is no call. */
  readonly progress: { readonly instructions: number };
  readonly #stepping: Stepping;
  readonly model: Model;

  readonly #instances: Instances<Cpu>;

  /** The functions that handlers call. */
  static #calls(owner: InstanceOwner<Cpu>): WebAssembly.ModuleImports {
    return {
      miss: (address: number, bytes: number, how: number, rec: number, budget: number) =>
        owner.cpu!.#slowPath.missed(address, bytes, how, rec, budget),
      commit: () => owner.cpu!.#slowPath.commit(),
      checkSegment: (segment: number, offset: number, bytes: number, how: number, rec: number, budget: number) =>
        owner.cpu!.#slowPath.checkSegmentOf(segment, offset, bytes, how, rec, budget),
      act: (id: number, rec: number, budget: number, a: bigint, b: bigint) => {
        const cpu = owner.cpu!;
        const { state } = cpu;
        state.u32[at.record >> 2] = rec;
        state.i32[at.budget >> 2] = budget;
        return helpers[helperNames[id]!](cpu, rec, a, b);
      },
    };
  }

  constructor(memory: WebAssembly.Memory, code: CpuCode, model: Model = cpuModel(defaultModel)!) {
    const s = new State(memory, model);
    this.state = s;
    this.#tlb = new Tlb(s);
    this.#budget = new Budget(s, this.#clock);
    this.progress = this.#budget;
    this.model = model;
    this.routineTypes = code.routineTypes;
    const instances = takeInstances<Cpu>(memory, code) ?? new Instances(memory, code, Cpu.#calls);
    this.#instances = instances;
    instances.owner.cpu = this;
    const { handlers, routines } = instances;
    this.routines = routines;
    (routines["transcendental_intel"] as WebAssembly.Global).value = Number(model.smallAnglesExact);
    this.#handlers = handlers as unknown as HandlerExports;
    const [base, ...parts] = code.handlers;
    const know = ({ preload }: HandlerModule): void => {
      if (preload && model.name === defaultModel) this.blocks.decoder.preload(preload);
    };
    const more = parts.map((part) => ({
      first: part.first,
      load: () => {
        instances.load(part);
        know(part);
      },
    }));
    const { instructions } = code;
    const blockCode = { instructions, routines: this.routines as unknown as PredecodeRoutines, model, more };
    this.blocks = new Blocks(s, blockCode, unmapped, this.#codeEvents());
    know(base!);
    this.jit = new Jit(this.blocks, {
      memory,
      handlers,
      routines: this.routines,
      routineTypes: code.routineTypes,
      slowPath: (address, bytes, how) => (this.#clock.turn() ? 0 : this.#slowPath.missedInRegion(address, bytes, how)),
      findPageRange: (address, how, slot) => this.#tlb.showRange(address, how, slot),
      enableAccessMap: () => this.#tlb.keepAccessMap(),
      slowPathStore: (address, bytes, low, high) => (this.#clock.turn() ? 0 : this.#slowPath.missedStore(address, bytes, low, high)),
      serve: (code) => this.#loop.serve(code, this.serve),
      landing: (door) => this.landing?.(door),
      codeFiles: () => this.codeFiles?.() ?? [],
      addressOf: (linear) => this.#tlb.find(linear),
      model,
    });
    this.baseline = new Baseline(this.blocks, {
      state: s,
      instructions: code.instructions,
      table: handlers["table"] as WebAssembly.Table,
      link: (module, more) => instances.link(module, more),
    });
    this.codeFrames = this.blocks.codeFrames;
    const contextChanged = (): void => {
      this.blocks.addresses.flushPages();
      this.#tlb.flush();
    };
    this.segments = new Segments(s, contextChanged, () => this.#narrow());
    this.#slowPath = new MemorySlowPath({
      state: s,
      model,
      tlb: this.#tlb,
      blocks: this.blocks,
      segments: this.segments,
      budget: this.#budget,
    });
    const run = { slowPath: this.#slowPath, budget: this.#budget, clock: this.#clock };
    this.#stepping = new Stepping(this, run);
    const { blocks, jit, baseline } = this;
    this.#loop = new RunLoop({ ...run, state: s, blocks, jit, baseline, stepping: this.#stepping, handlers: this.#handlers });
  }

  /** The reactions of the tiers and the TLB to changes of code. */
  #codeEvents(): CodeEvents {
    return {
      reset: (pages) => {
        this.jit.reset(pages);
        if (!pages) this.baseline.reset();
      },
      frameChanged: (frame) => this.jit.invalidateFrame(frame),
      frameUnmapped: (frame) => this.jit.frameUnmapped(frame),
      codeFound: (frame) => this.#tlb.protect(frame),
      classifyBytes: (frame, uses) => this.jit.classifyBytes(frame, uses),
      blockMissing: (ip, location) => this.jit.revalidate(ip, location),
    };
  }

  /** The number of calls of each slow path of memory accesses in compiled code. */
  get slowPathCounts(): ReturnType<typeof slowPathCounts> {
    return slowPathCounts(this.state);
  }

  /** Clears guests' data in the processor, and leaves its tables to the next processor in this memory. */
  giveUp(): void {
    this.blocks.addresses.flushPages();
    this.blocks.giveUp();
    this.#tlb.giveUp();
    const { u8 } = this.state;
    // Clears the registers, the scratch page, and the predecoded records of a model. The routines' data are
    // constants. Other areas are written before they are read: see the constructors of Blocks and its parts.
    u8.fill(0, layout.state, layout.routines);
    u8.fill(0, layout.opcodeKinds, layout.directTags);
    u8.fill(0, layout.scratch, layout.frames);
    if (this.jit.stats.regions + this.jit.stats.loaded + this.baseline.stats.modules === 0)
      leaveInstances(this.state.memory, this.#instances);
  }

  /** Handlers and routines whose machine code came from the code cache. */
  get handlersReused(): number {
    return this.#instances.code.store?.reused ?? 0;
  }
  /**
   * Keeps compiled code for the next run: regions, and the host's code of handlers that were called often.
   */
  saveCode(): void {
    this.jit.saveCached();
    if (this.jit.stats.samples >= samplesWorthKeeping) this.#instances.save();
  }

  // Address translation.
  setAddressSpace(mmu: Mmu): void {
    this.#slowPath.mmu = mmu;
    this.blocks.addresses.setMmu(mmu);
    const color = mmu.color ?? 0;
    this.#tlb.color = color;
    this.jit.enterSpace(mmu, color);
    this.#tlb.flush();
  }
  /** By frame: the count of TLB flushes (`flushes`) at which guest code last could write it. */
  get lastWritable(): Uint32Array {
    return this.#tlb.lastWritable;
  }
  get flushes(): number {
    return this.#tlb.flushes;
  }
  flushTlb(): void {
    this.#slowPath.translationsDropped();
    this.#tlb.flush();
    this.blocks.addresses.flushPages();
  }
  flushWrites(): void {
    this.#slowPath.translationsDropped();
    this.#tlb.flush();
  }
  flushTlbPages(start: number, end: number): void {
    this.#flushEntries(start, end);
    this.blocks.addresses.flushRange(start / 4096, end / 4096);
  }
  flushWritesTo(start: number, end: number): void {
    this.#flushEntries(start, end);
  }
  #flushEntries(start: number, end: number): void {
    this.#slowPath.translationsDropped();
    if (end - start > mostFlushed * 4096) this.#tlb.flush();
    else for (let page = start / 4096; page < end / 4096; page++) this.#tlb.flushPage(page);
  }
  /**
   * The four bytes at a 32-bit address, if code could read them now and its page is direct-mapped. -1: the
   * caller must ask the address space.
   */
  directWord(address: number): number {
    return this.#tlb.directWord(address);
  }
  invalidateFrame(frame: number): void {
    this.blocks.invalidateFrame(frame);
  }

  /** For helper functions: a fault at the current instruction. Returns the exit code. */
  raise(v: number, error: number): number {
    this.state.u32[at.exitVector >> 2] = v;
    this.state.u32[at.exitError >> 2] = error;
    return exitCode.fault;
  }
  /** Checks limit and rights of an access outside 64-bit mode. */
  checkSegment(segment: number, offset: number, bytes: number, write: boolean): void {
    this.#slowPath.checkSegment(segment, offset, bytes, write);
  }
  isMisaligned(address: number, bytes: number): boolean {
    return this.#slowPath.isMisaligned(address, bytes);
  }
  /** Guest memory for helper functions, by linear address. A fault is the current instruction's. */
  readLinear(address: number, bytes: number): number {
    return this.#slowPath.readLinear(address, bytes);
  }
  writeLinear(address: number, bytes: number): number {
    return this.#slowPath.writeLinear(address, bytes);
  }
  commitLinear(pointer: number): void {
    this.#slowPath.commitLinear(pointer);
  }
  /** rip of the instruction in progress and of the one after it. */
  get instructionIp(): number {
    return this.#slowPath.evaluated ? this.#slowPath.evaluated.ip : this.blocks.records.ipOf(this.state.u32[at.record >> 2] as number);
  }
  get nextIp(): number {
    return this.#slowPath.evaluated
      ? this.#slowPath.evaluated.ip + this.#slowPath.evaluated.length
      : this.blocks.records.nextIpOf(this.state.u32[at.record >> 2] as number);
  }
  /** Guest instructions retired since boot, before the current `run`. */
  get instructions(): number {
    return this.#budget.instructions;
  }
  set instructions(count: number) {
    this.#budget.instructions = count;
  }
  /** The instructions among them that the interpreter executed. */
  get interpreted(): number {
    return this.#budget.interpreted;
  }
  /** The time at which the current `run` ends, independent of its limit. */
  get deadline(): Deadline {
    return this.#clock.deadline;
  }
  set deadline(deadline: Deadline) {
    this.#clock.deadline = deadline;
  }
  /** DR6 of the last debug exception, without the bits that are always set. */
  get debugStatus(): number {
    return this.#stepping.debugStatus;
  }
  set debugStatus(status: number) {
    this.#stepping.debugStatus = status;
  }
  /**
   * Runs one instruction in the oracle, with at most `rounds` iterations of a repeated one. State and exits
   * are those of the other engines. Returns `exit.budget` if the instruction completed.
   */
  evaluate(rounds = 1): Exit {
    return this.#stepping.evaluate(rounds);
  }
  /** Instructions retired. Also valid in the middle of `run` (at a block's end). */
  get retired(): number {
    return this.#budget.retired;
  }
  /**
   * Compiled code outside 64-bit mode assumes that the operands of lazy flags are sign-extended from 32 bits.
   */
  #narrow(): void {
    const { i32 } = this.state;
    const isLow = (part: number): boolean => i32[(part >> 2) + 1] === (i32[part >> 2] as number) >> 31;
    if (!isLow(at.flagResult) || !isLow(at.flagA) || !isLow(at.flagB)) this.flags = this.flags;
  }
  get flags(): number {
    return this.#handlers.flagsWord32() | (this.state.u32[at.systemFlags >> 2] as number) | 2;
  }
  set flags(word: number) {
    const s = this.state;
    const status = BigInt(word & STATUS_FLAGS);
    s.u32[at.flagKind >> 2] = kindCode.split;
    s.u64[at.flagResult >> 3] = zeroSource(integers, status);
    s.u64[at.flagA >> 3] = status;
    s.u64[at.flagB >> 3] = signParitySource(integers, status);
    s.u32[at.systemFlags >> 2] = word & ~(STATUS_FLAGS | 2);
  }

  /**
   * Runs until an exit, for at most `limit` instructions (below 2^31), or until the deadline. A served call
   * may end it before. A repeated string instruction may exceed the limit by `repeatCost`.
   */
  run(limit: number): Exit {
    return this.#loop.run(limit);
  }
  /** Returns of generated code to the dispatcher, counted per exit code (exit.ts). */
  get exitCounts(): Float64Array {
    return this.#loop.exitCounts;
  }
  fetchFault(): number {
    return fetchFault(this);
  }
  /** Selects the engine. No guest can see it. */
  set engine(engine: Engine) {
    this.#loop.evaluates = engine === "evaluate";
    this.jit.enabled = engine === "auto" || engine === "jit";
    if (engine === "baseline") this.baseline.enable();
    if (engine === "jit") this.jit.eager();
  }
  /** Sees accesses before they happen. No guest can see it. */
  set accessWatch(watch: AccessWatch | undefined) {
    this.#slowPath.watch = watch;
    this.flushWrites();
  }
  /** True while the oracle executes an instruction. */
  get isEvaluating(): boolean {
    return this.#slowPath.evaluated !== undefined;
  }
  /**
   * For the watch: instructions retired before the one in progress, by the record and budget of its access.
   */
  startOf(rec: number, budget: number): number {
    return this.#budget.before(rec === 0 ? 0 : budget + this.blocks.records.remainingOf(rec));
  }
  /** The breakpoints of the debug registers for the code that runs. */
  set breakpoints(list: readonly Breakpoint[]) {
    if (list === this.#stepping.breakpoints) return;
    this.#stepping.breakpoints = this.#slowPath.breakpoints = list;
    this.#loop.stops = list.some((b) => b.on === "execute" || this.#loop.evaluates);
    this.flushWrites();
  }
  /**
   * The stops of a debugger. Set another object after each change: blocks and compiled regions end before
   * them.
   */
  set debugStops(stops: DebugStops | undefined) {
    const code = stops && stops.code.size > 0 ? stops.code : undefined;
    if (this.blocks.stops !== code) this.blocks.stops = code;
    this.#loop.debug = this.#stepping.debug = this.#slowPath.debug = stops;
    this.flushWrites();
  }
}
