// The dispatcher: runs code from rip until an event that the kernel must handle. It chooses between decoded
// blocks. The handlers do the work and return only in cases that they do not handle.

import type { Baseline } from "./baseline/policy.ts";
import { repeatCost } from "./decode/operand-slots.ts";
import { guestFault, type MemorySlowPath } from "./helpers/memory-slow-path.ts";
import type { Blocks } from "./interp/block-cache.ts";
import { longest } from "./interp/block-decoder.ts";
import type { Jit } from "./jit/runtime/policy.ts";
import type { TraceStep } from "./jit/tracing/trace-recorder.ts";
import type { Budget } from "./machine/budget.ts";
import type { DebugStops } from "./machine/debug-stops.ts";
import { type Exit, exit, exitCode, settled } from "./machine/exit.ts";
import type { HostClock } from "./machine/host-clock.ts";
import { record } from "./machine/layout.ts";
import { at, EF, type State, vector } from "./machine/state.ts";
import type { Stepping } from "./oracle/stepping.ts";

/** The most instructions that the interpreter executes between two checks of the clock. */
const MOST_INTERPRETED = 1 << 16;

/** The exports of the module of handlers. */
export interface HandlerExports {
  enter(record: number, budget: number): number;
  flagsWord32(): number;
}

/** The parts of a processor that the dispatcher uses. */
export interface RunLoopParts {
  readonly state: State;
  readonly blocks: Blocks;
  readonly jit: Jit;
  readonly baseline: Baseline;
  readonly clock: HostClock;
  readonly budget: Budget;
  readonly slowPath: MemorySlowPath;
  readonly stepping: Stepping;
  readonly handlers: HandlerExports;
}

/** Raises the fault of a fetch at rip. Returns its exit code. */
export const fetchFault = ({ blocks, state: s }: Pick<RunLoopParts, "blocks" | "state">): number => {
  const { kind, error, address } = blocks.decoder.fault;
  s.u32[at.exitVector >> 2] = kind === "page" ? vector.PF : kind === "long" ? vector.GP : vector.UD;
  s.u32[at.exitError >> 2] = kind === "page" ? error : 0;
  s.view.setBigUint64(at.exitAddress, BigInt.asUintN(64, BigInt(address)), true);
  return exitCode.fault;
};

/** The dispatcher of one processor. */
export class RunLoop {
  readonly #state: State;
  readonly #blocks: Blocks;
  readonly #jit: Jit;
  readonly #baseline: Baseline;
  readonly #clock: HostClock;
  readonly #budget: Budget;
  readonly #slowPath: MemorySlowPath;
  readonly #stepping: Stepping;
  readonly #run: HandlerExports;
  /** Returns of generated code to the dispatcher, counted per exit code (exit.ts). */
  readonly exitCounts = new Float64Array(64);
  /** The oracle executes all instructions. */
  evaluates = false;
  /** A breakpoint that only the oracle can find is among them. */
  stops = false;
  debug: DebugStops | undefined;

  constructor({ state, blocks, jit, baseline, clock, budget, slowPath, stepping, handlers }: RunLoopParts) {
    this.#state = state;
    this.#blocks = blocks;
    this.#jit = jit;
    this.#baseline = baseline;
    this.#clock = clock;
    this.#budget = budget;
    this.#slowPath = slowPath;
    this.#stepping = stepping;
    this.#run = handlers;
  }

  /**
   * Runs until an exit, for at most `limit` instructions (below 2^31), or until the deadline. A served call
   * may end it before. The interpreter's part of the limit (budget.ts) is small: at its end the JIT samples
   * interpreted code. A repeated string instruction may exceed the limit by `repeatCost`.
   */
  run(limit: number): Exit {
    const { sampler, enabled } = this.#jit;
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
    const { sampler } = this.#jit;
    while (this.#budget.instructions < end) {
      const left = end - this.#budget.instructions;
      const due = sampler.next - this.#budget.instructions;
      const code = due > 0 ? this.#runPlainly(Math.min(left, due)) : this.#window(Math.min(left, sampler.length));
      if (code !== exit.budget || this.#clock.isLate || this.#isShortened) return code;
    }
    return exit.budget;
  }
  #window(length: number): Exit {
    const state = this.#state;
    const blocks = this.#blocks;
    const end = this.#budget.instructions + length;
    const steps: TraceStep[] = [];
    const unsampled = this.#budget.unsampled;
    let code: Exit = exit.budget;
    while (code === exit.budget && !this.#clock.isLate && !this.#isShortened) {
      const left = end - this.#budget.instructions;
      if (left <= 0) break;
      const ip = state.rip;
      const count = Math.min(blocks.lengthAt(ip), left);
      steps.push({ ip, count });
      code = this.#runPlainly(count);
    }
    this.#budget.unsampled = unsampled;
    this.#jit.addWindow(steps, this.#budget.instructions);
    return code;
  }
  #runPlainly(limit: number): Exit {
    const s = this.#state;
    if (this.stops) return this.#stepping.runWithBreakpoints(limit);
    // Any completed instruction clears RF.
    s.u32[at.systemFlags >> 2] = (s.u32[at.systemFlags >> 2] as number) & ~EF.RF;
    if (this.evaluates) return this.#stepping.run(limit);
    const blocks = this.#blocks;
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
        code = this.#fetchFault();
      } else {
        let left = s.u16[(rec + record.remaining) >> 1] as number;
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
            this.#fetchFault();
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
      }
      switch (code) {
        case exitCode.fault:
          if (rec !== 0) {
            budget += blocks.records.remainingOf(rec);
            s.rip = blocks.records.ipOf(rec);
          }
          if (this.#slowPath.isHeld) {
            this.#slowPath.isHeld = false;
            return this.#budget.finish(budget, exit.held);
          }
          if (this.#slowPath.isHalted) {
            this.#slowPath.isHalted = false;
            return this.#halt(budget);
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
          this.#jit.recordTransfer(from, s.rip);
          rec = blocks.find(s.rip);
          if (rec !== 0) blocks.link(from, rec);
          break;
        }
        case exitCode.next: {
          const from: number = rec;
          rec = blocks.routine.behind(from);
          if (rec !== 0) break;
          const ip = blocks.records.nextIpOf(from);
          s.rip = ip;
          rec = blocks.follow(from, ip);
          break;
        }
        case exitCode.jumped: {
          const from: number = rec;
          // Regions come here for each block that is not compiled.
          rec = blocks.routine.jumped(from);
          if (rec !== 0) break;
          this.#jit.recordTransfer(from, s.rip);
          rec = blocks.cached() || blocks.displaced(s.rip);
          if (rec !== 0) break;
          rec = blocks.find(s.rip);
          if (rec !== 0) blocks.addJumpTarget(rec);
          break;
        }
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
          if (code === exitCode.stop && blocks.stops?.has(s.rip)) {
            if (budget <= 0 && this.#budget.rest() > 0) budget += this.#grantMore(budget);
            if (budget <= 0 || this.#clock.isLate) return this.#budget.finish(budget, exit.budget);
            if (this.debug?.onCode(s.rip, this.#budget.before(budget))) return this.#halt(budget);
            rec = blocks.bounded(s.rip, 1);
            break;
          }
          rec = blocks.next();
          break;
        case exitCode.sideExit:
        case exitCode.upper:
          if (code === exitCode.sideExit) this.#jit.noteSideExit(s.rip);
          if (budget <= 0) budget += this.#grantMore(budget);
          rec = blocks.bounded(s.rip, 1);
          break;
        case exitCode.lowBudget: {
          this.#budget.giveTimeBack();
          if (this.#budget.held > 0) {
            this.#clock.look();
            this.#budget.grantRegions();
            this.#jit.noteShortage(s.rip);
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
          if (this.#jit.verify(blocks.regionWordOf(rec))) blocks.revalidateRegion(rec);
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
      // A bound for exits that use little or no budget for much work.
      if (this.#clock.turn()) return this.#budget.finish(budget, exit.budget);
      if (rec === 0) s.i32[at.budget >> 2] = budget;
    }
  }
  /** A debugger stops the run before the next instruction. */
  #halt(budget: number): Exit {
    this.#clock.isLate = true;
    return this.#budget.finish(budget, exit.budget);
  }
  #fetchFault(): number {
    return fetchFault({ blocks: this.#blocks, state: this.#state });
  }
  /**
   * A region has reached a door; all state is in the state page. Returns 0 if the region continues after the
   * call, else the region's exit code.
   */
  serve(code: number, serve: ((why: Exit) => number | undefined) | undefined): number {
    const s = this.#state;
    const left = this.#budget.settle(s.i32[at.budget >> 2] as number);
    const { mmu } = this.#slowPath;
    const { drops } = this.#blocks.addresses;
    const context = s.u32[at.context >> 2];
    const { invalidations } = this.#blocks;
    const granted = serve?.(code as Exit);
    if (granted === undefined) return settled + code;
    const system = s.u32[at.systemFlags >> 2] as number;
    // A timer that the call has set, and the call's cost, limit the whole run, not only this part of it.
    this.#isShortened = true;
    // The code of this region or of its callers may have changed.
    const changed = this.#slowPath.mmu !== mmu || this.#blocks.addresses.drops !== drops || this.#blocks.invalidations !== invalidations;
    if (granted <= this.#budget.granted || changed || s.u32[at.context >> 2] !== context || (system & (EF.TF | EF.AC)) !== 0)
      return settled + exit.served;
    s.u32[at.systemFlags >> 2] = system & ~EF.RF;
    if (granted < left) this.#budget.shorten(granted, left);
    return 0;
  }
  /** Divides a limit into its first parts. Returns the interpreter's. */
  #begin(limit: number): number {
    // A run that the limit ended is no sampling point, so a block at least is executed. A run that an exit
    // ended is a valid one.
    const budget = this.#budget;
    return budget.begin(limit, Math.min(MOST_INTERPRETED, Math.max(budget.unsampled, budget.endedByLimit ? longest : 1)));
  }
  #sample(): void {
    this.#jit.sample(this.#state.rip);
    this.#budget.unsampled = this.#jit.interval;
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
    this.#baseline.ran(budget.unreported(ran));
    return budget.grant(Math.min(budget.rest(), budget.unsampled - ran, MOST_INTERPRETED));
  }
}
