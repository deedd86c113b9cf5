// Runs that need a look at each instruction, all in the oracle: single steps, breakpoints, alignment checks,
// and the engine `evaluate`. SDM Vol. 3B 18.3.1

import { registerOffset } from "../decode/instance.ts";
import { iterationsLeft, repeatCost } from "../decode/operand-slots.ts";
import { guestFault, type MemorySlowPath } from "../helpers/memory-slow-path.ts";
import { type Breakpoint, codeHits, DR6_STEP } from "../machine/breakpoints.ts";
import type { Budget } from "../machine/budget.ts";
import type { DebugStops } from "../machine/debug-stops.ts";
import { type Exit, exit, exitCode, exitOf } from "../machine/exit.ts";
import type { HostClock } from "../machine/host-clock.ts";
import { at, EF, R, S, vector } from "../machine/state.ts";
import type { OracleContext } from "./context.ts";
import { lazyEvaluate } from "./lazy.ts";

/** Executes instructions one by one. */
export class Stepping {
  /** DR6 of the last debug exception, without the bits that are always set. */
  debugStatus = 0;
  /** The breakpoints of the debug registers for the code that runs. */
  breakpoints: readonly Breakpoint[] = [];
  debug: DebugStops | undefined;
  readonly #cpu: OracleContext;
  readonly #slowPath: MemorySlowPath;
  readonly #budget: Budget;
  readonly #clock: HostClock;

  constructor(cpu: OracleContext, parts: { readonly slowPath: MemorySlowPath; readonly budget: Budget; readonly clock: HostClock }) {
    this.#cpu = cpu;
    this.#slowPath = parts.slowPath;
    this.#budget = parts.budget;
    this.#clock = parts.clock;
  }

  /** Runs at most `limit` instructions in the oracle, outside of a divided run. */
  run(limit: number): Exit {
    const { state, blocks } = this.#cpu;
    const budget = this.#budget;
    const end = budget.instructions + limit;
    while (budget.instructions < end && !this.#clock.isLate) {
      if (this.#stopsHere()) return this.#halt();
      const before = budget.instructions;
      const stepped = ((state.u32[at.systemFlags >> 2] as number) & EF.TF) !== 0;
      const trap = stepped && !blocks.decodeOne(state.rip)?.row.holdsTrap;
      budget.limit = 0;
      const code = this.evaluate(trap ? 1 : undefined);
      if (this.#slowPath.isHalted) return this.#halt();
      if (code !== exit.budget) return code;
      this.#clock.evaluated(budget.instructions - before);
      if (!trap) continue;
      return this.#debugException(DR6_STEP);
    }
    return exit.budget;
  }
  /**
   * EFLAGS.TF is set at the start of an instruction: #DB after it, unless it faults or enters the kernel. SDM
   * Vol. 3B 18.3.1.4.
   */
  singleStep(part: number): Exit {
    const { state, blocks, model } = this.#cpu;
    let left = part + this.#budget.rest();
    this.#budget.finish(part, exit.budget);
    this.#slowPath.hits = 0;
    let again = false;
    for (let held: boolean | undefined = true; held; left--) {
      if (left === 0) return exit.budget;
      if (this.#stopsHere()) return this.#halt();
      const start = state.rip;
      const row = blocks.decodeOne(start)?.row;
      held = row?.holdsTrap;
      const code = this.evaluate(1);
      if (this.#slowPath.isHalted) return this.#halt();
      if (code !== exit.budget) return code;
      again = row?.repeat !== undefined && state.rip === start;
    }
    // SDM Vol. 3B 17.3.1.1: the image of RF is 1 between the iterations of a repeated string instruction.
    if (again && model.setsRfBetweenIterations) state.u32[at.systemFlags >> 2] = (state.u32[at.systemFlags >> 2] as number) | EF.RF;
    return this.#debugException(DR6_STEP | this.#slowPath.hits);
  }
  /**
   * Executes one instruction: a data breakpoint is #DB after it. After a load of SS the exception waits for
   * the end of the next instruction. SDM Vol. 3B 18.3.1.2
   */
  stepWatched(): Exit {
    const slowPath = this.#slowPath;
    slowPath.hits = 0;
    for (;;) {
      const isHeld = this.#cpu.blocks.decodeOne(this.#cpu.state.rip)?.row.holdsTrap;
      const code = this.evaluate(1);
      if (slowPath.isHalted) return this.#halt();
      if (code !== exit.budget || slowPath.hits === 0) return code;
      if (!isHeld) return this.#debugException(slowPath.hits);
    }
  }
  /** Looks at each instruction: for breakpoints on code. SDM Vol. 3B 18.3.1.1 */
  runWithBreakpoints(limit: number): Exit {
    const { state } = this.#cpu;
    const { u32, i64 } = state;
    const budget = this.#budget;
    const end = budget.instructions + limit;
    budget.limit = 0;
    while (budget.instructions < end && !this.#clock.isLate) {
      if (this.#stopsHere()) return this.#halt();
      const system = u32[at.systemFlags >> 2] as number;
      const address = state.rip + Number(i64[(at.segBase >> 3) + S.cs]);
      const hits = (system & EF.RF) === 0 ? codeHits(this.breakpoints, address) : 0;
      if (hits !== 0) return this.#debugException(hits);
      u32[at.systemFlags >> 2] = system & ~EF.RF;
      if (system & EF.TF) return this.singleStep(budget.begin(end - budget.instructions, 1));
      const code = this.stepWatched();
      if (code !== exit.budget || this.#clock.isLate) return code;
      this.#clock.evaluated(1);
    }
    return exit.budget;
  }
  /**
   * EFLAGS.AC is set. Only the oracle checks alignment, so it runs until the flag is clear. Returns the rest
   * of the limit. SDM Vol. 3A 6.15, interrupt 17.
   */
  checkAlignment(limit: number): { readonly left: number; readonly code: Exit } {
    const { u32 } = this.#cpu.state;
    const budget = this.#budget;
    const end = budget.instructions + limit;
    while (budget.instructions < end && !this.#clock.isLate) {
      const before = budget.instructions;
      if (((u32[at.systemFlags >> 2] as number) & (EF.AC | EF.TF)) !== EF.AC) return { left: end - before, code: exit.budget };
      if (this.#stopsHere()) return { left: end - before, code: this.#halt() };
      const code = this.evaluate(undefined);
      if (this.#slowPath.isHalted) return { left: end - before, code: this.#halt() };
      if (code !== exit.budget) return { left: end - budget.instructions, code };
      this.#clock.evaluated(budget.instructions - before);
    }
    return { left: end - budget.instructions, code: exit.budget };
  }
  /** True if a debugger stops the run before the next instruction. */
  #stopsHere(): boolean {
    const { debug } = this;
    const { rip } = this.#cpu.state;
    return debug?.code.has(rip) === true && debug.onCode(rip, this.#budget.instructions);
  }
  #halt(): Exit {
    this.#slowPath.isHalted = false;
    this.#clock.isLate = true;
    return exit.budget;
  }
  /**
   * Executes one instruction, with at most `rounds` iterations of a repeated one; undefined: as many as the
   * other engines. State and exits are theirs, too. Returns `exit.budget` if the instruction completed.
   */
  evaluate(rounds: number | undefined): Exit {
    const { state, blocks } = this.#cpu;
    const most = rounds ?? iterationsLeft(state.lo(R.cx));
    const d = blocks.decodeOne(state.rip);
    if (!d) {
      this.#cpu.fetchFault();
      return exit.fault;
    }
    this.#slowPath.evaluated = d;
    let code: number;
    const { Evaluator } = lazyEvaluate();
    let round = 0;
    try {
      do code = new Evaluator(this.#cpu, d, registerOffset).run();
      while (code === exitCode.again && ++round < most);
    } catch (e) {
      if (e !== guestFault) throw e;
      code = exitCode.fault;
    } finally {
      this.#slowPath.evaluated = undefined;
    }
    if (this.#slowPath.isHeld) {
      this.#slowPath.isHeld = false;
      return exit.held;
    }
    if (code === exitCode.fault) return exit.fault;
    this.#budget.instructions += rounds === undefined && code === exitCode.again ? repeatCost : 1;
    if (code === exitCode.again) return exit.budget;
    if (code !== exitCode.jumped) {
      const next = d.ip + d.length;
      state.rip = d.mode === 64 ? next : next % 0x1_0000_0000;
    }
    return exitOf(code) ?? exit.budget;
  }
  #debugException(status: number): Exit {
    this.debugStatus = status;
    this.#cpu.raise(vector.DB, 0);
    return exit.fault;
  }
}
