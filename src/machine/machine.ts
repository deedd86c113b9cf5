// One machine: boot it, load a program, run it, look at what is left. The library's front door.

import type { Cpu } from "../cpu/cpu.ts";
import type { Graph } from "../cpu/jit/cfg/graph.ts";
import { exitCode } from "../cpu/machine/exit.ts";
import { ownersOwn } from "../kernel/base/internal-error.ts";
import { logLine } from "../kernel/base/log.ts";
import { credOf } from "../kernel/cred/cred.ts";
import { type ByteSink, sink } from "../kernel/fs/files/stream.ts";
import type { FileDescription } from "../kernel/fs/vfs/file.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { kernelSignal } from "../kernel/signal/info.ts";
import { sendToGroup } from "../kernel/signal/send.ts";
import type { Process } from "../kernel/task/process.ts";
import { encodeProgram } from "../seccomp/bpf/insn.ts";
import { boot, reclaim } from "./boot.ts";
import { type InputEvent, Inputs } from "./inputs.ts";
import { lazyElfProblem, lazyPolicy, lazySchedule, lazyTrace } from "./lazy.ts";
import type { Hooks, MachineOptions, Program, ProgramOptions } from "./options.ts";
import { Output, type Run } from "./run.ts";
import type { Follower } from "./schedule.ts";
import { StandardStreams } from "./standard-streams.ts";
import { endOf } from "./status.ts";
import type { Trace } from "./trace.ts";
import { lookAt, putFile } from "./tree.ts";

/**
 * Milliseconds of real time between two looks at the world outside. The end of a stretch costs as much as tens of thousands of instructions, and browsers let
 * whoever gives way wait for four milliseconds.
 */
const STRETCH = 30;
/** Virtual nanoseconds between two looks at how a closed run stands. */
const CLOSED_STRETCH = 5_000_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Byte strings are what the core calls names: one character a byte. */
const byteString = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));

const ownersHooks = (hooks: Hooks = {}): Hooks =>
  Object.fromEntries(Object.entries(hooks).flatMap(([name, hook]) => (hook ? [[name, ownersOwn(hook)]] : [])));

/** What a stream was given, and whoever listens. */
class Collector {
  readonly #chunks: Uint8Array[] = [];
  readonly sink: ByteSink;
  constructor(listen: ((bytes: Uint8Array) => void) | undefined) {
    this.sink = sink((bytes) => {
      const copy = bytes.slice();
      this.#chunks.push(copy);
      listen?.(copy);
    });
  }
  output(): Output {
    const all = new Uint8Array(this.#chunks.reduce((n, c) => n + c.length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return new Output(all);
  }
}

/** A host that is connected while the program runs. */
export interface Connection {
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Called when every task sleeps, so somebody may wait for the world outside: input is to be pushed into `inputs` from now on. */
  readonly wanted: () => void;
}

/** `limit`: its virtual time was used up. `stuck`: every task waits, and nothing can wake one. */
export interface ClosedRun {
  readonly run: Run;
  readonly end: "ended" | "limit" | "stuck";
}

export class Machine {
  readonly kernel: Kernel;
  readonly inputs = new Inputs();

  readonly #processor: Cpu;
  readonly #terminal: ConstructorParameters<typeof StandardStreams>[2];

  /** `memory`: of a machine with the same options that has been given up. */
  constructor(options: MachineOptions = {}, memory?: WebAssembly.Memory) {
    const { kernel, processor, console } = boot(options, memory);
    this.kernel = kernel;
    this.#processor = processor;
    this.#terminal = console && options.terminal && { tty: console, uses: options.terminal.uses };
  }

  /** Give the machine up: its memory, for another one. */
  giveUp(): WebAssembly.Memory {
    return reclaim(this.kernel);
  }

  /** Sees each region that the JIT compiles. */
  set onRegion(see: (graph: Graph, wasm: Uint8Array) => void) {
    this.#processor.jit.onRegion = see;
  }

  /** How the code was run, in figures that differ from host to host: blocks decoded, regions compiled and dropped, bytes and time that took. */
  get engineStats(): Readonly<Record<string, number>> {
    const { blocks, jit, exitCounts, slowPathCounts, instructions, interpreted } = this.#processor;
    const inRegions = instructions - interpreted;
    const lookedUp = slowPathCounts.lookUp + slowPathCounts.lookUpForStore;
    return {
      "instructions in regions": inRegions,
      "instructions interpreted": interpreted,
      ...Object.fromEntries(
        Object.entries(exitCode).map(([name, code]) => [`back to the dispatcher: ${name}`, exitCounts[code] as number]),
      ),
      "accesses looked up in the TLB": lookedUp,
      "accesses looked up there for each million instructions in regions": Math.round((lookedUp / Math.max(1, inRegions)) * 1e6),
      "accesses looked up on two pages": slowPathCounts.acrossHomes,
      "accesses outside of a loop's run of pages": slowPathCounts.missedRun,
      "invalidations of code": blocks.invalidations,
      "blocks decoded": blocks.decoded,
      "samples of heat": jit.stats.samples,
      "regions compiled": jit.stats.regions,
      "trace trees compiled": jit.stats.trees,
      "regions of earlier runs": jit.stats.reopened,
      "regions dropped": jit.stats.dropped,
      "regions refused": jit.stats.refused,
      "regions written anew": jit.stats.rewritten,
      "bytes of regions": jit.stats.wasmBytes,
      "milliseconds compiling": Math.round(jit.stats.milliseconds),
    };
  }

  /** Boot, run one program to its end, and report. */
  static run(program: Program, options: MachineOptions & ProgramOptions = {}): Promise<Run> {
    return new Machine(options).run(program, options);
  }

  async run(program: Program, options: ProgramOptions = {}, connection?: Connection): Promise<Run> {
    const started = this.#start(program, options, connection);
    const inTime = await this.#pump(started.process, started.streams, options.timeout, connection?.wanted);
    this.#processor.jit.keep();
    return started.report(inTime ? undefined : { timeout: options.timeout ?? 0 });
  }

  /** Run with no world outside, and no host that waits: a guest that does is stuck. At most so many virtual nanoseconds. */
  runClosed(program: Program, options: ProgramOptions, nanoseconds: number): ClosedRun {
    const { kernel } = this;
    const { process, report } = this.#start(program, options, undefined);
    for (;;) {
      const { reason } = kernel.run(CLOSED_STRETCH);
      if (process.ended !== undefined || reason === "ended") return { run: report(undefined), end: "ended" };
      if (reason !== "limit" || kernel.now > nanoseconds)
        return { run: report({ timeout: 0 }), end: reason === "limit" ? "limit" : "stuck" };
    }
  }

  /** Let the scheduler follow a schedule, with slices of so many instructions. */
  follow(follower: Follower, slice: number | undefined): void {
    const { scheduler } = this.kernel;
    scheduler.chooser = follower;
    if (slice !== undefined) scheduler.slice = () => slice;
  }

  #start(program: Program, options: ProgramOptions, connection: Connection | undefined) {
    const { kernel } = this;
    const hooks: Hooks = ownersHooks(options.hooks);
    const stdout = new Collector(hooks.stdout);
    const stderr = new Collector(hooks.stderr);
    const lines: string[] = [];
    const emit = (line: string): void => {
      lines.push(line);
      hooks.trace?.(line);
    };
    const trace = options.trace ? new (lazyTrace().Trace)(emit, options.trace === true ? {} : options.trace) : undefined;
    if (trace) kernel.observer = trace;
    const follower = options.schedule === undefined ? undefined : this.#followText(options.schedule, trace);
    if (hooks.kernelLog) kernel.log.onRecord = (record) => hooks.kernelLog?.(logLine(record));
    const { filter } = hooks;
    if (filter) {
      kernel.onFilter = (task, { arch, program: insns, depth }) =>
        filter({ pid: task.pid, comm: task.comm, arch, program: encodeProgram(insns), depth });
    }
    const sinks = connection ?? { stdout: stdout.sink, stderr: stderr.sink };
    const streams = new StandardStreams(kernel, sinks, this.#terminal);
    if (options.stdin !== undefined || !connection) {
      streams.receive(typeof options.stdin === "string" ? new TextEncoder().encode(options.stdin) : (options.stdin ?? new Uint8Array(0)));
      streams.end();
    }
    const process = this.#spawn(program, options, streams.files);
    streams.control(process);
    const report = (status: Run["status"] | undefined): Run => {
      follower?.check();
      return {
        status: status ?? endOf(process.ended ?? 0),
        stdout: stdout.output(),
        stderr: stderr.output(),
        trace: lines,
        kernelLog: kernel.log.records.map(logLine),
        stats: { instructions: kernel.processor.instructions, syscalls: kernel.syscalls, nanoseconds: kernel.now },
      };
    };
    return { process, streams, report };
  }

  #followText(text: string, trace: Trace | undefined): Follower {
    const { Follower, parseSchedule } = lazySchedule();
    const { departures, slice } = parseSchedule(text);
    const follower = new Follower(departures);
    if (trace) follower.onDeparture = (what) => trace.remark(what);
    this.follow(follower, slice);
    return follower;
  }

  #spawn(program: Program, options: ProgramOptions, files: readonly FileDescription[]): Process {
    const { kernel } = this;
    const path = typeof program === "string" ? program : "/program";
    if (typeof program !== "string") putFile(kernel.vfs, path, program, 0o755);
    const env = { PATH, ...options.env };
    const process = kernel.spawn({
      path: byteString(path),
      argv: [options.argv0 ?? path, ...(options.args ?? [])].map(byteString),
      envp: Object.entries(env).map(([name, value]) => byteString(`${name}=${value}`)),
      files,
      cwd: byteString(options.cwd ?? "/"),
      cred: credOf(options.uid ?? 0, options.gid ?? options.uid ?? 0),
    });
    if (typeof process === "number") throw lazyElfProblem().executionProblem(path, -process, lookAt(kernel.vfs, path));
    if (options.policy !== undefined) lazyPolicy().confine(process, options.policy);
    return process;
  }

  /** Run until the first process has ended. False: its time was up before. */
  async #pump(process: Process, streams: StandardStreams, timeout: number | undefined, wanted: (() => void) | undefined): Promise<boolean> {
    const { kernel, inputs } = this;
    const timer = timeout === undefined ? undefined : setTimeout(() => inputs.push({ kind: "timeout" }), timeout * 1000);
    try {
      for (;;) {
        kernel.deadline.until = kernel.deadline.clock() + STRETCH;
        const result = kernel.run(Infinity);
        if (process.ended !== undefined || result.reason === "ended") return true;
        // Nothing can ever wake anybody: as on Linux, that lasts until somebody loses patience.
        const sleeps = result.reason === "idle" || result.reason === "stuck";
        if (sleeps) {
          wanted?.();
          const until = result.reason === "idle" ? result.until : undefined;
          await inputs.arrival(until === undefined ? undefined : (until - kernel.now) / 1e6);
          if (until !== undefined && inputs.idle) inputs.push({ kind: "time", until });
        } else await inputs.turn();
        for (const event of inputs.take(kernel.now)) if (!this.#deliver(event, process, streams)) return false;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** False: give up. */
  #deliver(event: InputEvent, process: Process, streams: StandardStreams): boolean {
    switch (event.kind) {
      case "bytes":
        streams.receive(event.bytes);
        return true;
      case "end":
        streams.end();
        return true;
      case "signal":
        sendToGroup(this.kernel, process.pgid, kernelSignal(event.signal));
        return true;
      case "time":
        this.kernel.advance(event.until);
        return true;
      case "resize":
        streams.resize(event.columns, event.rows);
        return true;
      case "timeout":
        return false;
    }
  }
}
