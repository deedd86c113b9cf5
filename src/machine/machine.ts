// One machine: boots it, loads a program, runs it, and reports. The library's front door.

import type { Cpu } from "../cpu/cpu.ts";
import type { BlockGraph } from "../cpu/jit/cfg/graph.ts";
import { exitCode } from "../cpu/machine/exit.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Process } from "../kernel/core/process.ts";
import type { Chooser, SchedulerResult } from "../kernel/core/scheduling.ts";
import type { ByteFile, ByteSink } from "../kernel/fs/files/stream.ts";
import { SIG } from "../kernel/signal/state/set.ts";
import { type Booted, type BootOptions, boot, pagesOf, reclaim } from "./boot.ts";
import { deliver, type GivenUp, type InputEvent, Inputs, type TakenInput } from "./inputs.ts";
import { keepMemory, takeMemory } from "./memory-pool.ts";
import { NEVER } from "./moment.ts";
import type { Program, ProgramOptions } from "./options.ts";

import type { Run } from "./run.ts";
import { Session, type Started } from "./session.ts";
import type { Waiting } from "./snapshot/until.ts";
import type { StandardStreams } from "./standard-streams.ts";

/**
 * Milliseconds of real time between two looks at the outside world. The end of a segment is expensive, and
 * browsers delay a task that yields by four milliseconds.
 */
const STRETCH = 30;
/** The same, if a recording waits for a place at which input can come. */
const SHORT = 1;
/** Virtual nanoseconds between two looks at how a closed run stands. */
export const CLOSED_STRETCH = 1_000_000;
/** A host that is connected while the program runs. */
export interface Connection {
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Called when all tasks sleep: from now on the host must push its input into `inputs`. */
  readonly wanted: () => void;
  /** Standard input, if it is a file. */
  readonly stdin?: ByteFile | undefined;
  /** The standard streams that are /dev/null. */
  readonly nulls?: readonly number[];
  readonly backlog?: Backlog;
  /** All processes of the first group have stopped: it stops the host's job until that continues. */
  readonly stopped?: () => void;
  readonly recorder?: RunRecorder;
}

/** Sees how far a run has come while nothing of the outside world has reached it. */
export interface StartWatch {
  /**
   * The machine stands between two slices. `waits`: for the outside world, or it has ended. True: it wants to
   * see no more.
   */
  stands(session: Session, waits: boolean): boolean;
  /** An event of the outside world is about to take effect. */
  disturbed(): void;
}

/** Sees all that comes from outside into a run, so that it can be run once more. */
export interface RunRecorder {
  /** Resolves when the run can begin. */
  begin(kernel: Kernel): Promise<void>;
  /** An event is about to take effect. */
  taken(taken: TakenInput): void;
  /** The machine rests. `waits`: for the outside world. */
  rests(waits: boolean): void;
}

/**
 * Output that the host has taken but cannot pass on. The machine stands still meanwhile, so that no guest can
 * measure a reader.
 */
export interface Backlog {
  readonly full: boolean;
  onFull: (() => void) | undefined;
  drained(): Promise<void>;
}

/** `limit`: its virtual time was used up. `stuck`: every task waits, and nothing can wake one. */
export interface ClosedRun {
  readonly run: Run;
  readonly end: "ended" | "limit" | "stuck";
}

const isStopped = ({ processes }: Kernel, pgid: number): boolean =>
  [...processes.values()].every((p) => p.pgid !== pgid || p.ended !== undefined || p.stopped !== undefined);

/** A running machine: kernel, processor, inputs from the host, and outputs to it. */
export class Machine {
  /** Another one after a snapshot has been restored. */
  kernel: Kernel;
  readonly inputs = new Inputs();
  readonly options: BootOptions;

  private readonly _processor: Cpu;
  /** Instructions of the state with which it began. */
  private readonly _before: number;
  /** The use of the network that is open. */
  private _network: object | undefined = undefined;
  /** The host's terminal, if it is one of the standard streams. */
  readonly terminal: ConstructorParameters<typeof StandardStreams>[2];

  /** `memory`: of a machine with the same options that has been given up. `booted`: of a snapshot. */
  constructor(options: BootOptions = {}, memory?: WebAssembly.Memory, booted?: Booted) {
    const { kernel, processor, console } = booted ?? boot(options, memory);
    this.options = options;
    this.kernel = kernel;
    this._processor = processor;
    this._before = processor.instructions;
    this.terminal = console && options.terminal && { tty: console, uses: options.terminal.uses, sink: options.terminal.sink };
  }

  /** Give the machine up: its memory, for another one. */
  giveUp(): WebAssembly.Memory {
    return reclaim(this.kernel, this._processor);
  }

  /** Bytes of the host's memory that the machine's memory occupies: frames and decoded instructions. */
  get touchedBytes(): number {
    return this.kernel.frames.touchedBytes + this._processor.blocks.recordBytes;
  }

  /** Sees each region that the JIT compiles. */
  set onRegion(see: (graph: BlockGraph, wasm: Uint8Array) => void) {
    this._processor.jit.onRegion = see;
  }

  /** True if a program waits for input of the host's terminal, in read(2), poll(2) or the like. */
  get terminalAwaited(): boolean {
    return this.terminal?.tty.readQueue.isAwaited === true;
  }

  /**
   * Figures of the execution that differ from host to host: blocks decoded, regions compiled and dropped,
   * their bytes and time.
   */
  get engineStats(): Readonly<Record<string, number>> {
    const { blocks, jit, baseline, exitCounts, slowPathCounts, instructions, interpreted } = this._processor;
    const inRegions = instructions - this._before - interpreted;
    const lookedUp = slowPathCounts.lookUp + slowPathCounts.lookUpForStore;
    const perMillion = (n: number): number => Math.round((n / Math.max(1, inRegions)) * 1e6);
    return {
      "instructions in regions": inRegions,
      "instructions interpreted": interpreted,
      ...Object.fromEntries(
        Object.entries(exitCode).map(([name, code]) => [`back to the dispatcher: ${name}`, exitCounts[code] as number]),
      ),
      "accesses looked up in the TLB": lookedUp,
      "accesses looked up there for each million instructions in regions": perMillion(lookedUp),
      "accesses looked up on two pages": slowPathCounts.acrossPages,
      "accesses on two pages for each million instructions in regions": perMillion(slowPathCounts.acrossPages),
      "side exits for each million instructions in regions": perMillion(exitCounts[exitCode.sideExit] as number),
      "accesses outside of a loop's run of pages": slowPathCounts.outsideRange,
      "invalidations of code": blocks.invalidations,
      "blocks decoded": blocks.decoded,
      "baseline: functions": baseline.stats.functions,
      "baseline: instructions compiled": baseline.stats.instructions,
      "baseline: instructions without a template": baseline.stats.refused,
      "baseline: modules": baseline.stats.modules,
      "baseline: bytes": baseline.stats.bytes,
      "baseline: milliseconds compiling": Math.round(baseline.stats.milliseconds),
      "samples of heat": jit.stats.samples,
      "regions compiled": jit.stats.regions,
      "instructions compiled in regions": jit.stats.instructions,
      "trace trees compiled": jit.stats.trees,
      "regions of earlier runs": jit.stats.loaded,
      "regions of other processes": jit.stats.reused,
      "handlers of earlier runs": this._processor.handlersReused,
      "regions dropped": jit.stats.dropped,
      "regions refused": jit.stats.refused,
      "regions written anew": jit.stats.recompiled,
      "regions put off": jit.stats.postponed,
      "bytes of regions": jit.stats.wasmBytes,
      "milliseconds compiling": Math.round(jit.stats.milliseconds),
    };
  }

  /**
   * Boots a machine, runs one program to its end and reports. The machine's memory is kept for the next one.
   */
  static async run(program: Program, options: BootOptions & ProgramOptions = {}): Promise<Run> {
    const { sharedMemory = false } = options;
    const machine = new Machine(options, takeMemory(pagesOf(options), sharedMemory));
    const run = await machine.run(program, options);
    keepMemory(machine, sharedMemory);
    return run;
  }

  async run(program: Program | Started, options: ProgramOptions = {}, connection?: Connection, start?: StartWatch): Promise<Run> {
    options.signal?.throwIfAborted();
    const { vfs } = this.kernel;
    vfs.rootFs.begin();
    await this.openNetwork();
    try {
      return await this._run(program, options, connection, start);
    } finally {
      vfs.rootFs.finish();
      await this.kernel.namespaces.net.uplink?.close(false);
    }
  }
  /** Connects the machine to its network, if it has one. */
  async openNetwork(): Promise<void> {
    // A network that was left can have events still.
    const use = (this._network = {});
    await this.kernel.namespaces.net.uplink?.open((event) => {
      if (use === this._network) this.inputs.push({ kind: "network", event });
    });
  }
  private async _run(program: Program | Started, options: ProgramOptions, connection?: Connection, start?: StartWatch): Promise<Run> {
    const session = this._start(program, options, connection);
    const gaveUp = await this.drive(session, { ...options, ...(start ? { start } : {}) }, connection);
    if (!gaveUp) await session.owners.settled();
    if (!gaveUp) await this.kernel.namespaces.net.uplink?.close(true);
    this._processor.saveCode();
    return session.report(gaveUp && { timeout: options.timeout ?? 0 });
  }
  /**
   * Runs with the outside world, in real time: to the end of the first process (undefined), to a condition
   * (`holds`), or until the time limit has passed.
   */
  async drive(
    session: Session,
    { signal, timeout, start }: Pick<ProgramOptions, "signal" | "timeout"> & { readonly start?: StartWatch },
    connection?: Connection,
    waiting?: Waiting,
  ): Promise<"holds" | "timeout" | undefined> {
    const timer = timeout === undefined ? undefined : setTimeout(() => this.inputs.push({ kind: "timeout" }), timeout * 1000);
    const abort = (): void => this.inputs.push({ kind: "abort", reason: signal?.reason });
    signal?.addEventListener("abort", abort);
    try {
      const gaveUp = await this._pump(session, connection, waiting, start);
      if (gaveUp === "holds") return gaveUp;
      if (gaveUp?.kind === "abort") throw gaveUp.reason;
      return gaveUp && "timeout";
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Runs without an outside world and without real waits, for at most so many virtual nanoseconds. A guest
   * that waits is stuck. `first`: the time to its first look. `isLate`: asked at each look, it ends the run.
   */
  runClosed(
    program: Program | Started,
    options: ProgramOptions,
    nanoseconds: number,
    first = CLOSED_STRETCH,
    isLate = (): boolean => false,
  ): ClosedRun {
    const session = this._start(program, options, undefined);
    for (let stretch = first; ; stretch = CLOSED_STRETCH) {
      const { reason } = session.step(stretch);
      if (reason === "ended") return { run: session.report(undefined), end: "ended" };
      if (reason !== "limit" || this.kernel.now - this.kernel.scheduler.passed > nanoseconds || isLate())
        return { run: session.report({ timeout: 0 }), end: reason === "limit" ? "limit" : "stuck" };
    }
  }

  /**
   * Runs without an outside world up to a virtual time, and stops for a look at the kernel. False if the
   * program ended before.
   */
  runTo(program: Program, options: ProgramOptions, nanoseconds: number): boolean {
    const { kernel } = this;
    const session = this._start(program, options, undefined);
    while (kernel.now < nanoseconds) if (session.step(nanoseconds - kernel.now).reason !== "limit") return false;
    return true;
  }

  /** Lets a chooser of schedules decide, with slices of so many instructions. */
  follow<T extends Chooser>(make: (kernel: Kernel, processor: Cpu) => T, slice: number | undefined): T {
    const chooser = make(this.kernel, this._processor);
    this.kernel.scheduler.follow(chooser, slice);
    return chooser;
  }

  private _start(program: Program | Started, options: ProgramOptions, connection: Connection | undefined): Session {
    return new Session(this.kernel, program, options, connection, this.terminal, (reason) => this.inputs.push({ kind: "abort", reason }));
  }

  /** Run until the first process has ended and its output has gone, or why not. */
  private async _pump(
    session: Session,
    connection: Connection | undefined,
    waiting: Waiting | undefined,
    watch: StartWatch | undefined,
  ): Promise<GivenUp | "holds" | undefined> {
    const { kernel, inputs } = this;
    const { deadline } = kernel;
    const { process } = session;
    const { backlog, recorder } = connection ?? {};
    let start = watch;
    if (recorder) await this._record(recorder);
    if (start?.stands(session, false)) start = undefined;
    if (backlog) backlog.onFull = () => void (deadline.until = 0);
    // A signal has come while output stood: a guest that it ends does not wait for its reader.
    let urged = false;
    let suspended: Process["stopped"];
    // Input comes where a replay can pause: the moment and the time say how far the machine has come.
    let isAtMoment = true;
    for (let ended = session.ended; ; ) {
      if (backlog?.full && !urged && isAtMoment) await Promise.race([backlog.drained(), inputs.arrival(undefined)]);
      else if (ended) return undefined;
      else {
        deadline.until = deadline.clock() + (isAtMoment ? STRETCH : SHORT);
        const result = session.step(waiting ? Math.max(0, waiting.time - kernel.now) : Infinity);
        ended = result.reason === "ended";
        const isAtRest = result.reason === "stuck" || (result.reason === "idle" && result.until === undefined);
        if (waiting?.holds(isAtRest && inputs.idle)) return "holds";
        if (start?.stands(session, ended || isAtRest || result.reason === "idle")) start = undefined;
        isAtMoment = ended || !recorder || result.reason !== "limit" || kernel.scheduler.isAtMoment;
        if (ended || !isAtMoment) continue;
        recorder?.rests(result.reason !== "limit");
        urged = false;
        if (connection?.stopped && process.stopped && process.stopped !== suspended && isStopped(kernel, process.pgid)) {
          suspended = process.stopped;
          connection.stopped();
          inputs.push({ kind: "signal", signal: SIG.SIGCONT });
        }
        if (backlog?.full) continue;
        await this._look(result, connection);
      }
      for (const event of inputs.take(kernel.now)) {
        start?.disturbed();
        const why = this._deliver(event, session);
        if (why) return why;
        if (event.kind === "signal") urged = backlog?.full === true;
      }
    }
  }

  private _record(recorder: RunRecorder): Promise<void> {
    // A replay pauses at the moments of its events; then the kernel ends its work at the same places.
    this.kernel.scheduler.pauseAt = NEVER;
    this.inputs.onTaken = (taken) => recorder.taken(taken);
    return recorder.begin(this.kernel);
  }
  /** Lets pending events of the outside world arrive, or waits for one if the guest does nothing else. */
  private async _look(result: SchedulerResult, connection: Connection | undefined): Promise<void> {
    const { kernel, inputs } = this;
    // If no event can wake a task, the run waits until a timeout or a signal of the host, as on Linux.
    if (result.reason !== "idle" && result.reason !== "stuck") return inputs.turn();
    connection?.wanted();
    const until = result.reason === "idle" ? result.until : undefined;
    const since = kernel.deadline.clock();
    await inputs.arrival(until === undefined ? undefined : (until - kernel.now) / 1e6);
    if (until !== undefined && inputs.idle) inputs.push({ kind: "time", until });
    else if (kernel.idlesInRealTime) inputs.pass(Math.min(until ?? Infinity, kernel.now + (kernel.deadline.clock() - since) * 1e6));
  }

  /** Why to give up. */
  private _deliver(event: InputEvent, session: Session): GivenUp | undefined {
    if (event.kind === "timeout" || event.kind === "abort") return event;
    deliver(event, this.kernel, session);
    return undefined;
  }
}
