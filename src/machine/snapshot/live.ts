// A program that has been started and runs in steps: its machine can be saved, taken back and copied.

import type { Kernel } from "../../kernel/core/kernel.ts";
import type { SchedulerResult } from "../../kernel/core/scheduling.ts";
import { observe } from "../../kernel/observer.ts";
import { Problem } from "../../problem.ts";
import { lazyObservers } from "../lazy.ts";
import type { Machine } from "../machine.ts";
import { momentOf, momentText } from "../moment.ts";
import type { Hooks, Program } from "../options.ts";
import type { Run } from "../run.ts";
import { Session, type SessionOptions, type Started } from "../session.ts";
import { machineOf, prepare } from "./copy.ts";
import type { ForkOptions, RunLimits, StartOptions, Until } from "./options.ts";
import type { LiveObjects } from "./refill.ts";
import { type SavedState, saveState, takeBack } from "./snapshot.ts";
import { type Waiting, waitFor } from "./until.ts";

/** Milliseconds of real time between two looks at timers and signals of the host. */
const STRETCH = 30;

const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === "string" ? new TextEncoder().encode(text) : text);

/**
 * An exception in a machine of a file. The reader checks types, numbers and references; that the state as a
 * whole
 * is one of a run is found out only here.
 */
export const forged = (error: unknown): unknown =>
  error instanceof Error && !(error instanceof Problem)
    ? new Problem("bad-snapshot", `the snapshot's state is not one of a run: ${error.message}`, { cause: error })
    : error;

/** The reason for which a run in steps has come to rest. */
type Rest = "holds" | "ended" | "rests" | "timeout";

/** Options of a program that runs in steps. */
export type LiveOptions = StartOptions & Pick<SessionOptions, "replays">;

/** A started program in its machine. Nothing of the outside world reaches it but its input. */
export class Live {
  readonly machine: Machine;
  session: Session;
  private _options: LiveOptions;
  private _latest: SavedState | undefined = undefined;
  private _waiting: Waiting | undefined = undefined;
  private _aborted: { readonly reason: unknown } | undefined = undefined;
  /** In a step: the kernel works. */
  private _isRunning = false;
  /** Called about each 30 ms of real time of a run: for a watchdog. */
  onTurn: (() => void) | undefined = undefined;
  /** Its state came from a file, which can be forged. */
  private _isOfFile = false;
  /** The network is open; or it is being closed. */
  private _isOpen = false;
  private _closing: Promise<void> | undefined = undefined;
  /** Between the steps of `until` or `finish`. */
  private _isDriven = false;

  /** `options.stdin`: with its end; without it the input stays open. */
  constructor(machine: Machine, program: Program | Started, options: LiveOptions) {
    this.machine = machine;
    this._options = options;
    this.session = this._begin(program);
  }
  private _begin(program: Program | Started): Session {
    const { machine } = this;
    const { stdin, hooks = {}, ...others } = this._options;
    const seen =
      (hook: Hooks["stdout"]) =>
      (bytes: Uint8Array): unknown => {
        this._waiting?.output?.(bytes);
        return hook?.(bytes);
      };
    const watched = { ...hooks, stdout: seen(hooks.stdout), stderr: seen(hooks.stderr) };
    const abort = (reason: unknown): void => {
      this._aborted ??= { reason };
    };
    const session = new Session(
      machine.kernel,
      program,
      { ...others, hooks: watched, keepsInput: true },
      undefined,
      machine.terminal,
      abort,
    );
    if (stdin !== undefined) {
      session.streams.receive(bytesOf(stdin));
      session.streams.end();
    }
    return session;
  }
  get kernel(): Kernel {
    return this.machine.kernel;
  }

  /** The moment, as text. */
  get moment(): string {
    return momentText(momentOf(this.kernel));
  }
  /** The tasks that run programs. */
  get tasks(): (readonly [pid: number, name: string])[] {
    const { tasks, init } = this.kernel;
    return [...tasks.values()].filter(({ process }) => process !== init).map(({ pid, comm }) => [pid, comm] as const);
  }
  /** The program has written to its terminal. */
  saw(bytes: Uint8Array): void {
    this._waiting?.output?.(bytes);
  }
  /** Adds input. */
  write(bytes: string | Uint8Array): void {
    this.session.streams.receive(bytesOf(bytes));
  }

  /**
   * Runs for so many virtual nanoseconds. `idle`: the program waits for input, and for nothing else.
   * `mayPass`: all tasks sleep until then; true by default: time passes at once.
   */
  step(nanoseconds: number, mayPass?: (until: number) => boolean): SchedulerResult["reason"] {
    const { kernel } = this;
    const until = kernel.now + nanoseconds;
    this._isRunning = true;
    try {
      for (;;) {
        const result = this.session.step(until - kernel.now);
        if (result.reason !== "idle") return result.reason;
        if (result.until === undefined) return "idle";
        if (mayPass && !mayPass(result.until)) return "limit";
        kernel.advance(result.until);
        if (kernel.now >= until) return "limit";
      }
    } catch (error) {
      throw this._isOfFile ? forged(error) : error;
    } finally {
      this._isRunning = false;
    }
  }

  /** Runs until a condition holds. False: the program has ended before, or waits for ever. */
  async until(condition: Until, limits: RunLimits = {}): Promise<boolean> {
    this._mustRest();
    if (typeof condition === "object" && ("address" in condition || "main" in condition || "exit" in condition)) {
      const { instructionsBefore } = await import("./scout.ts");
      const instructions = await instructionsBefore(this, condition, limits);
      return instructions !== undefined && this.until({ instructions }, limits);
    }
    const { kernel } = this;
    const waiting = waitFor(condition, kernel);
    if (waiting.isNow) return true;
    const before = kernel.observer;
    const { observer } = waiting;
    kernel.scheduler.pauseAt = waiting.pauseAt;
    if (observer) observe(kernel, before ? lazyObservers().all([before, observer]) : observer);
    this._waiting = waiting;
    try {
      const end = await this._drive(limits, waiting);
      return end === "holds";
    } finally {
      this._waiting = undefined;
      kernel.scheduler.pauseAt = undefined;
      if (observer) observe(kernel, before);
    }
  }
  /** A copy that runs ahead. Its output is dropped. Throws a Problem for a machine that has no copy. */
  scout(): Live {
    try {
      return Live.copy(this.save(), this.machine.options);
    } catch (error) {
      if (!(error instanceof Problem) || error.kind !== "no-snapshot") throw error;
      throw new Problem("no-snapshot", `the moment is found by a copy that runs ahead, and ${error.sentence}`, {
        help: "name a moment that needs no copy: a call, output, a time, or instructions and steps",
      });
    }
  }
  /** Runs until all tasks wait for ever, or a condition holds. */
  async rest(limits: RunLimits, holds: () => boolean): Promise<void> {
    await this._drive(limits, { time: Infinity, observer: undefined, output: undefined, pauseAt: undefined, holds });
  }
  /** Runs the program to its end. Its input ends if it has not. */
  async finish(limits: RunLimits = {}): Promise<Run> {
    this._mustRest();
    const { streams } = this.session;
    if (!streams.hasEnded) streams.end();
    const end = await this._drive(limits, undefined);
    await this.session.owners.settled();
    if (end === "ended") await this.leave(true);
    return this.session.report(end === "ended" ? undefined : { timeout: limits.timeout ?? 0 });
  }

  /** One run at a time: another one would find a machine that moves. */
  private _mustRest(): void {
    if (this._isDriven)
      throw new Problem("started", "the machine runs: the promise of runUntil or finish must have resolved first", {
        help: "await it, or make a machine of your own by fork",
      });
  }
  private async _drive(limits: RunLimits, waiting: Waiting | undefined): Promise<Rest> {
    this._isDriven = true;
    try {
      return await (this.machine.options.network ? this._outside(limits, waiting) : this._steps(limits, waiting));
    } finally {
      this._isDriven = false;
    }
  }
  /** With a network of the host the machine runs in real time. */
  private async _outside(limits: RunLimits, waiting: Waiting | undefined): Promise<Rest> {
    const { machine, session } = this;
    if (session.ended) return "ended";
    await this._closing;
    if (!this._isOpen) await machine.openNetwork();
    this._isOpen = true;
    const end = await machine.drive(session, limits, undefined, waiting);
    if (this._aborted) throw this._aborted.reason;
    if (end === "timeout" && waiting) throw new Problem("time-limit", `the condition did not hold within ${limits.timeout} s`);
    return end ?? "ended";
  }
  /** Ends the use of the host's parts. `flush`: bytes that programs have sent reach the other side. */
  async leave(flush: boolean): Promise<void> {
    const { kernel } = this;
    kernel.vfs.rootFs.finish();
    this._isOpen = false;
    this._closing = Promise.resolve(kernel.namespaces.net.uplink?.close(flush));
    await this._closing;
  }
  private async _steps({ timeout, signal }: RunLimits, waiting: Waiting | undefined): Promise<Rest> {
    signal?.throwIfAborted();
    const { deadline } = this.kernel;
    const end = timeout === undefined ? Infinity : deadline.clock() + timeout * 1000;
    if (this.session.ended) return "ended";
    for (;;) {
      this.onTurn?.();
      deadline.until = Math.min(end, deadline.clock() + STRETCH);
      const reason = this.step(waiting ? Math.max(0, waiting.time - this.kernel.now) : Infinity);
      if (this._aborted) throw this._aborted.reason;
      if (waiting?.holds(reason === "idle" || reason === "stuck")) return "holds";
      if (reason === "ended") return "ended";
      if (reason !== "limit") return "rests";
      signal?.throwIfAborted();
      if (deadline.clock() >= end) {
        if (waiting) throw new Problem("time-limit", `the condition did not hold within ${timeout} s`);
        return "timeout";
      }
      if (deadline.clock() >= deadline.until) await this.machine.inputs.turn();
    }
  }

  /** The result so far, or the end. */
  report(status?: Run["status"]): Run {
    return this.session.report(status);
  }

  /** The state of now. `allowed`: the machine may have parts of the host. */
  save(allowed = false): SavedState {
    if (this._isRunning)
      throw new Problem("no-snapshot", "the machine runs: a snapshot is possible between two slices only", {
        help: "take it after runUntil, not in a hook",
      });
    const { rootFs } = this.kernel.vfs;
    if (allowed) {
      // Times of files that its overlay has not got yet.
      rootFs.finish();
      rootFs.begin();
    }
    return (this._latest = saveState(this.kernel, this.session, this._latest, allowed));
  }
  /** The state of now, and the way to make copies of it. */
  saved(): { readonly state: SavedState; readonly copy: (options: ForkOptions) => Live } {
    const { options } = this.machine;
    const state = this.save(true);
    return { state, copy: (changes) => Live.copy(state, options, changes) };
  }
  /** Takes the machine back to a state of it. `objects`: as for `takeBack`. */
  restore(state: SavedState, options: ForkOptions & Pick<SessionOptions, "replays"> = {}, objects?: LiveObjects): void {
    this._mustRest();
    this._aborted = undefined;
    const { machine } = this;
    const { uplink } = machine.kernel.namespaces.net;
    const { kernel, started } = takeBack(state, machine.kernel, options, objects);
    if (uplink && this._isOpen) {
      this._closing = uplink.close(false);
      machine.inputs.take(0);
    }
    this._isOpen = false;
    machine.kernel = kernel;
    this._latest = state;
    this._options = options;
    prepare(kernel, started, options);
    this.session = this._begin(started as Started);
  }
  /** A copy in a memory of its own, in a state of this machine. */
  static copy(state: SavedState, boot: Machine["options"], options: ForkOptions = {}): Live {
    try {
      const { machine, program } = machineOf(state, boot, options);
      const live = new Live(machine, program, options);
      live._isOfFile = state.isOfFile ?? false;
      return live;
    } catch (error) {
      throw state.isOfFile ? forged(error) : error;
    }
  }
}
