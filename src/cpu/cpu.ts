// The CPU executes code from rip until an event that the kernel must handle. It dispatches between decoded
// blocks. The handlers do the work and return only in cases that they do not handle.

import { Baseline } from "./baseline/policy.ts";
import type { Instructions } from "./decode/instructions.ts";
import { repeatCost } from "./decode/operand-slots.ts";
import type { Engine } from "./engine.ts";
import { helpers } from "./helpers/helpers.ts";
import { guestFault, MemorySlowPath, unmapped } from "./helpers/memory-slow-path.ts";
import { Instances, leaveInstances, type Owner, takeInstances } from "./instances.ts";
import { Blocks } from "./interp/block-cache.ts";
import { longest } from "./interp/block-decoder.ts";
import type { CodeEvents } from "./interp/code-events.ts";
import type { PredecodeRoutines, Preload } from "./interp/predecode.ts";
import { kindCode, signParitySource, zeroSource } from "./isa/flags.ts";
import { integers } from "./isa/integers.ts";
import { helperNames, type RoutineType } from "./isa/routine-types.ts";
import type { CodeFile } from "./jit/cache/format.ts";
import { slowPathCounts } from "./jit/emit/slow-path-counts.ts";
import { Jit } from "./jit/runtime/policy.ts";
import type { Step } from "./jit/tracing/trace-recorder.ts";
import type { Breakpoint } from "./machine/breakpoints.ts";
import { Budget } from "./machine/budget.ts";
import type { Deadline } from "./machine/deadline.ts";
import { type Exit, exit, exitCode, settled } from "./machine/exit.ts";
import { HostClock } from "./machine/host-clock.ts";
import { layout } from "./machine/layout.ts";
import type { Mmu, TranslationListener } from "./machine/mmu.ts";
import { cpuModel, defaultModel, type Model } from "./machine/model.ts";
import { Segments } from "./machine/segments.ts";
import { at, EF, STATUS_FLAGS, State, vector } from "./machine/state.ts";
import { Tlb } from "./machine/tlb.ts";
import type { OracleContext } from "./oracle/context.ts";
import { Stepping } from "./oracle/stepping.ts";

/** A WebAssembly module of interpreter handlers. */
export interface HandlerModule {
  /** Table index of its first handler. */
  readonly first: number;
  readonly module: () => WebAssembly.Module;
  /** Predecode cache entries, for processors of the default model. */
  readonly preload?: Preload;
}
/** The code that the build generates (handlers.ts, routines). */
export interface CpuCode {
  readonly instructions: Instructions;
  /** The first module is always loaded, the others on demand. */
  readonly handlers: readonly HandlerModule[];
  readonly routines: WebAssembly.Module;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
}
interface HandlerExports {
  enter(record: number, budget: number): number;
  flagsWord32(): number;
}

/** The most instructions between two checks of the clock, in compiled code and in the interpreter. */
const MOST_IN_REGIONS = 1 << 21;
const MOST_INTERPRETED = 1 << 16;
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
  readonly #run: HandlerExports;
  readonly routines: WebAssembly.Exports;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  readonly #tlb: Tlb;
  readonly #slowPath: MemorySlowPath;
  /** Returns of generated code to the dispatcher, counted per exit code (exit.ts). */
  readonly exitCounts = new Float64Array(64);
  /**
   * The time-stamp counter of RDTSC. The owner of time replaces it; the default is the count of instructions.
   */
  timeStamp: () => bigint = () => BigInt(this.retired);
  timeStampDisabled = false;
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
  readonly #stepping: Stepping;
  readonly model: Model;

  readonly #instances: Instances<Cpu>;

  /** The functions that handlers call. */
  static #calls(owner: Owner<Cpu>): WebAssembly.ModuleImports {
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
    this.model = model;
    this.routineTypes = code.routineTypes;
    const instances = takeInstances<Cpu>(memory, code) ?? new Instances(memory, code, Cpu.#calls);
    this.#instances = instances;
    instances.owner.cpu = this;
    const { handlers, routines } = instances;
    this.routines = routines;
    (routines["transcendental_intel"] as WebAssembly.Global).value = Number(model.smallAnglesExact);
    this.#run = handlers as unknown as HandlerExports;
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
      serve: (code) => this.#serve(code),
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
    this.#slowPath = new MemorySlowPath({ state: s, model, tlb: this.#tlb, blocks: this.blocks, segments: this.segments });
    this.#stepping = new Stepping(this, { slowPath: this.#slowPath, budget: this.#budget, clock: this.#clock });
  }

  /** The reactions of the tiers and the TLB to changes of code. */
  #codeEvents(): CodeEvents {
    return {
      reset: () => {
        this.jit.reset();
        this.baseline.reset();
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

  // Address translation.
  setAddressSpace(mmu: Mmu): void {
    this.#slowPath.mmu = mmu;
    this.blocks.addresses.setMmu(mmu);
    const color = mmu.color ?? 0;
    this.#tlb.color = color;
    this.jit.enterSpace(mmu, color);
    this.#tlb.flush();
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

  /**
   * A region has reached a door; all state is in the state page. Returns 0 if the region continues after the
   * call, else the region's exit code.
   */
  #serve(code: number): number {
    const { serve, state: s } = this;
    const left = this.#budget.settle(s.i32[at.budget >> 2] as number);
    const { mmu } = this.#slowPath;
    const { drops } = this.blocks.addresses;
    const context = s.u32[at.context >> 2];
    const { invalidations } = this.blocks;
    const granted = serve?.(code as Exit);
    if (granted === undefined) return settled + code;
    const system = s.u32[at.systemFlags >> 2] as number;
    // A timer that the call has set, and the call's cost, limit the whole run, not only this part of it.
    this.#isShortened = true;
    // The code of this region or of its callers may have changed.
    const changed = this.#slowPath.mmu !== mmu || this.blocks.addresses.drops !== drops || this.blocks.invalidations !== invalidations;
    if (granted <= this.#budget.granted || changed || s.u32[at.context >> 2] !== context || (system & (EF.TF | EF.AC)) !== 0)
      return settled + exit.served;
    s.u32[at.systemFlags >> 2] = system & ~EF.RF;
    if (granted < left) this.#budget.shorten(granted, left);
    return 0;
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
    return this.#run.flagsWord32() | (this.state.u32[at.systemFlags >> 2] as number) | 2;
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
   * may end it before. The interpreter's part of the limit (budget.ts) is small: at its end the JIT samples
   * interpreted code. A repeated string instruction may exceed the limit by `repeatCost`.
   */
  run(limit: number): Exit {
    const { sampler, enabled } = this.jit;
    this.#clock.begin();
    this.#isShortened = false;
    if (!enabled) return this.#runPlainly(limit);
    const { instructions } = this.#budget;
    const due = sampler.next - instructions;
    if (due <= 0) return this.#runWatched(instructions + limit);
    // Most runs end at a call, before the next window.
    const code = this.#runPlainly(Math.min(limit, due));
    if (limit <= due || code !== exit.budget || this.#clock.isLate || this.#isShortened) return code;
    return this.#runWatched(instructions + limit);
  }
  /** A call was served in this run. Its cost and its timers have made the limit an earlier one. */
  #isShortened = false;
  /** The same, with sampling windows in which the JIT records the control flow. */
  #runWatched(end: number): Exit {
    const { sampler } = this.jit;
    while (this.instructions < end) {
      const left = end - this.instructions;
      const due = sampler.next - this.instructions;
      const code = due > 0 ? this.#runPlainly(Math.min(left, due)) : this.#window(Math.min(left, sampler.length));
      if (code !== exit.budget || this.#clock.isLate || this.#isShortened) return code;
    }
    return exit.budget;
  }
  #window(length: number): Exit {
    const { blocks, state } = this;
    const end = this.instructions + length;
    const steps: Step[] = [];
    const unsampled = this.#budget.unsampled;
    let code: Exit = exit.budget;
    while (code === exit.budget && !this.#clock.isLate && !this.#isShortened) {
      const left = end - this.instructions;
      if (left <= 0) break;
      const ip = state.rip;
      const count = Math.min(blocks.lengthAt(ip), left);
      steps.push({ ip, count });
      code = this.#runPlainly(count);
    }
    this.#budget.unsampled = unsampled;
    this.jit.addWindow(steps, this.instructions);
    return code;
  }
  #runPlainly(limit: number): Exit {
    const s = this.state;
    if (this.#stops) return this.#stepping.runWithBreakpoints(limit);
    // Any completed instruction clears RF.
    s.u32[at.systemFlags >> 2] = (s.u32[at.systemFlags >> 2] as number) & ~EF.RF;
    if (this.#engine === "evaluate") return this.#stepping.run(limit);
    const { blocks } = this;
    let budget = this.#begin(limit);
    let rec = blocks.next();
    let lean = false;
    for (;;) {
      let code: number;
      const system = s.u32[at.systemFlags >> 2] as number;
      if (system & EF.TF) return this.#stepping.singleStep(budget);
      if (system & EF.AC) {
        const rest = budget + this.#budget.rest();
        this.#budget.finish(budget, exit.budget);
        const { left, code } = this.#stepping.checkAlignment(rest);
        if (left <= 0 || this.#clock.isLate || code !== exit.budget) return code;
        budget = this.#begin(left);
        rec = blocks.next();
        continue;
      }
      if (rec === 0) {
        if (budget + this.#budget.rest() <= 0) return this.#budget.finish(budget, exit.budget);
        code = this.fetchFault();
      } else {
        let left = blocks.records.remainingOf(rec);
        if (left > budget && this.#budget.rest() > 0) {
          budget += this.#grantMore(budget);
          if (this.#clock.isLate) return this.#budget.finish(budget, exit.budget);
          rec = blocks.find(s.rip);
          continue;
        }
        if (left > budget) {
          if (budget <= 0) return this.#budget.finish(budget, exit.budget);
          rec = blocks.bounded(s.rip, budget);
          if (rec === 0) {
            s.i32[at.budget >> 2] = budget;
            this.fetchFault();
            return this.#budget.finish(budget, exit.fault);
          }
          left = blocks.records.remainingOf(rec);
        }
        try {
          code = this.#run.enter(rec, budget - left);
        } catch (e) {
          if (e !== guestFault) throw e;
          code = exitCode.fault;
        }
        budget = s.i32[at.budget >> 2] as number;
        rec = s.u32[at.record >> 2] as number;
        (this.exitCounts[code] as number)++;
        // A bound for exits that use little or no budget for much work.
        this.#clock.turn();
      }
      switch (code) {
        case exitCode.fault:
          if (rec !== 0) {
            budget += blocks.records.remainingOf(rec);
            s.rip = blocks.records.ipOf(rec);
          }
          if (this.#slowPath.isWatched) {
            this.#slowPath.isWatched = false;
            this.#budget.finish(budget, exit.budget);
            return this.#stepping.stepWatched();
          }
          return this.#budget.finish(budget, exit.fault);
        case exitCode.trap:
          budget += blocks.records.remainingOf(rec) - 1;
          s.rip = blocks.records.nextIpOf(rec);
          return this.#budget.finish(budget, exit.fault);
        case exitCode.int80:
        case exitCode.sysenter:
        case exitCode.syscall:
          s.rip = blocks.records.nextIpOf(rec);
          return this.#budget.finish(budget, code as Exit);
        case exitCode.taken: {
          const from = rec;
          s.rip = blocks.records.targetOf(from);
          this.jit.recordTransfer(from, s.rip);
          rec = blocks.find(s.rip);
          if (rec !== 0) blocks.link(from, rec);
          break;
        }
        case exitCode.next: {
          const ip: number = blocks.records.nextIpOf(rec);
          s.rip = ip;
          rec = blocks.follow(rec, ip);
          break;
        }
        case exitCode.jumped:
          this.jit.recordTransfer(rec, s.rip);
          // Regions come here for each block that is not compiled.
          rec = blocks.cached() || blocks.displaced(s.rip);
          if (rec !== 0) break;
          rec = blocks.find(s.rip);
          if (rec !== 0) blocks.addJumpTarget(rec);
          break;
        case exitCode.changed:
          rec = blocks.find(s.rip);
          break;
        case exitCode.again:
          budget += blocks.records.remainingOf(rec) - 1 - this.#budget.charge(repeatCost - 1);
          s.rip = blocks.records.ipOf(rec);
          rec = blocks.find(s.rip);
          break;
        case exitCode.iterations:
          budget -= this.#budget.charge(repeatCost - 1);
          rec = blocks.find(s.rip);
          break;
        case exitCode.stop:
        case exitCode.stale:
          budget += blocks.records.remainingOf(rec);
          s.rip = blocks.records.ipOf(rec);
          rec = blocks.next();
          break;
        case exitCode.sideExit:
        case exitCode.upper:
          if (code === exitCode.sideExit) this.jit.noteSideExit(s.rip);
          if (budget <= 0) budget += this.#grantMore(budget);
          rec = blocks.bounded(s.rip, 1);
          break;
        case exitCode.lowBudget: {
          this.#budget.giveTimeBack();
          if (this.#budget.held > 0) {
            this.#clock.look();
            this.#budget.grantRegions();
            this.jit.noteShortage(s.rip);
            rec = blocks.find(s.rip);
            break;
          }
          // The regions get all but a block's length first, then that, too. The interpreter executes the
          // remainder.
          const spare: number = budget > longest ? budget - longest : lean ? 0 : budget;
          if (spare > 0) {
            lean = spare === budget;
            budget += this.#budget.move(-spare);
            rec = blocks.find(s.rip);
            break;
          }
          budget += this.#budget.move(s.i32[at.regionBudget >> 2] as number);
          if (budget <= 0) return this.#budget.finish(budget, exit.budget);
          rec = blocks.bounded(s.rip, budget);
          break;
        }
        case exitCode.unverified:
          budget += blocks.records.remainingOf(rec);
          s.rip = blocks.records.ipOf(rec);
          if (this.jit.verify(blocks.regionWordOf(rec))) blocks.revalidateRegion(rec);
          else blocks.poison(rec);
          rec = blocks.find(s.rip);
          break;
        case settled + exitCode.int80:
        case settled + exitCode.sysenter:
        case settled + exitCode.syscall:
        case settled + exit.served:
          return this.#budget.finish(budget, (code - settled) as Exit);
        default:
          throw new Error(`generated code exited with ${code}`);
      }
      if (this.#clock.isLate) return this.#budget.finish(budget, exit.budget);
      if (rec === 0) s.i32[at.budget >> 2] = budget;
    }
  }
  #engine: Engine = "auto";
  /** Selects the engine. No guest can see it. */
  set engine(engine: Engine) {
    this.#engine = engine;
    this.jit.enabled = engine === "auto" || engine === "jit";
    if (engine === "baseline") this.baseline.enable();
    if (engine === "jit") this.jit.eager();
  }
  /** A breakpoint that only the oracle can find is among them. */
  #stops = false;
  /** The breakpoints of the debug registers for the code that runs. */
  set breakpoints(list: readonly Breakpoint[]) {
    if (list === this.#stepping.breakpoints) return;
    this.#stepping.breakpoints = this.#slowPath.breakpoints = list;
    this.#stops = list.some((b) => b.on === "execute" || this.#engine === "evaluate");
    this.flushWrites();
  }
  fetchFault(): number {
    const s = this.state;
    const { kind, error, address } = this.blocks.decoder.fault;
    s.u32[at.exitVector >> 2] = kind === "page" ? vector.PF : kind === "long" ? vector.GP : vector.UD;
    s.u32[at.exitError >> 2] = kind === "page" ? error : 0;
    s.view.setBigUint64(at.exitAddress, BigInt.asUintN(64, BigInt(address)), true);
    return exitCode.fault;
  }
  /** Divides a limit into its first parts. Returns the interpreter's. */
  #begin(limit: number): number {
    // A run that the limit ended is no sampling point, so a block at least is executed. A run that an exit
    // ended is a valid one.
    const budget = this.#budget;
    return budget.begin(limit, Math.min(MOST_INTERPRETED, Math.max(budget.unsampled, budget.endedByLimit ? longest : 1)));
  }
  #sample(): void {
    this.jit.sample(this.state.rip);
    this.#budget.unsampled = this.jit.interval;
  }
  /**
   * The interpreter has used its part. Grants another one, after a sample if the sampling interval is over.
   * The length of the part does not depend on the clock.
   */
  #grantMore(left: number): number {
    const budget = this.#budget;
    const ran = budget.granted - left;
    if (ran >= budget.unsampled) {
      this.#sample();
      // `Budget.settle` subtracts all executed instructions, including those before this sample.
      budget.unsampled += ran;
    }
    this.#clock.look();
    this.baseline.ran(budget.unreported(ran));
    return budget.grant(Math.min(budget.rest(), budget.unsampled - ran, MOST_INTERPRETED));
  }
}
