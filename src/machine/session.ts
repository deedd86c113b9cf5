// One program's run in a machine: its process, its standard streams, its observers, and the collectors of its
// output.

import type { Cpu } from "../cpu/cpu.ts";
import { ofText } from "../kernel/base/byte-string.ts";
import { logLine } from "../kernel/base/log.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Process } from "../kernel/core/process.ts";
import type { SchedulerResult } from "../kernel/core/scheduling.ts";
import type { Task } from "../kernel/core/task.ts";
import { credOf } from "../kernel/cred/cred.ts";
import type { ByteSink } from "../kernel/fs/files/stream.ts";
import type { FileDescription } from "../kernel/fs/vfs/file.ts";
import { candidates, spawn } from "../kernel/lifecycle/spawn.ts";
import type { FilteredCall, Observer } from "../kernel/observer.ts";
import { observe } from "../kernel/observer.ts";
import { endProcess } from "../kernel/signal/send.ts";
import { SIG } from "../kernel/signal/state/set.ts";
import { encodeProgram } from "../seccomp/bpf/insn.ts";
import type { Filter } from "../seccomp/filter.ts";
import { visible } from "../visible.ts";
import type { Denial } from "./denial.ts";
import type { Denials } from "./denials.ts";
import {
  lazyCrashes,
  lazyDenials,
  lazyElfProblem,
  lazyLateStores,
  lazyObservers,
  lazyPolicy,
  lazyRecorder,
  lazySchedule,
  lazyTrace,
} from "./lazy.ts";
import type { Connection } from "./machine.ts";
import type { Hooks, Program, ProgramOptions } from "./options.ts";
import { Lines, MAX_OUTPUT, OutputBuffer } from "./output-buffer.ts";
import type { Run, Stats } from "./run.ts";
import type { Follower } from "./schedule.ts";
import { StandardStreams } from "./standard-streams.ts";
import { RunHooks } from "./tracing/hooks.ts";
import { endOf } from "./tracing/status.ts";
import type { Trace } from "./tracing/strace/trace.ts";
import { lookAt, putFile } from "./tree.ts";

/** The folders in which a program is looked up if it has no other PATH. */
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A program that runs already, in a machine that a snapshot has made. */
export interface Started {
  readonly process: Process;
  readonly streams: StandardStreams;
  /** All tasks that run programs, that of the process first. */
  readonly tasks: readonly Task[];
  /** Output that it has written, which its new run has, too. */
  readonly output?: { readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array } | undefined;
  /** Connects the ends of its streams to sinks. Returns these ends, as the machine has them. */
  connect(sinks: Sinks, terminal?: ByteSink): Sinks;
}
/** The host's side of a recorded run. Output is passed on, without a limit, and none is kept. */
export interface ReplayedHost {
  /** The standard streams that are /dev/null. */
  readonly nulls: readonly number[];
  /** The host's job stops with the first group of processes. */
  readonly hasJob: boolean;
  /** The streams with the results that writes had. */
  sinks(own: Sinks): Sinks;
}
/**
 * `keepsInput`: standard input stays as it is, and bytes may come later. `replays`: the host is that of a
 * recording.
 */
export type SessionOptions = ProgramOptions & { readonly keepsInput?: boolean; readonly replays?: ReplayedHost };
/** The host's ends of standard output and error. */
export type Sinks = Pick<Connection, "stdout" | "stderr">;

/** The filter under which a program was started. */
const oldestFilter = ({ leader }: Process): Filter | undefined => {
  let filter = leader.seccomp?.filter ?? undefined;
  while (filter?.prev) filter = filter.prev;
  return filter;
};

/** Starts a program, or continues one, and runs it step by step. */
export class Session {
  readonly kernel: Kernel;
  readonly process: Process;
  readonly streams: StandardStreams;
  /** The ends of its output streams, as the machine has them. */
  readonly sinks: Sinks;
  private readonly _options: ProgramOptions;
  readonly owners: RunHooks;
  private readonly _hooks: Hooks;
  private readonly _stdout: OutputBuffer;
  private readonly _stderr: OutputBuffer;
  private readonly _lines: Lines;
  private readonly _observers: Observer[] = [];
  private readonly _trace: Trace | undefined;
  private readonly _follower: Follower | undefined;
  private readonly _denials: Denial[] = [];
  /** The filter of the option `policy`. */
  private _own: Filter | undefined = undefined;

  /**
   * `terminal`: the host's, if it is one of the standard streams. `abort`: called if a hook fails while the
   * guest runs.
   */
  constructor(
    kernel: Kernel,
    program: Program | Started,
    options: SessionOptions,
    connection: Connection | undefined,
    terminal: ConstructorParameters<typeof StandardStreams>[2],
    abort: (reason: unknown) => void,
  ) {
    this.kernel = kernel;
    this._options = options;
    this.owners = new RunHooks(options.hooks, abort);
    this._hooks = this.owners.hooks;
    const { maxOutput = MAX_OUTPUT, replays } = options;
    const full = replays ? () => {} : () => this._full();
    this._stdout = new OutputBuffer(this._hooks.stdout, replays ? 0 : maxOutput, full);
    this._stderr = new OutputBuffer(this._hooks.stderr, replays ? 0 : maxOutput, full);
    // The command line prints them and keeps none.
    this._lines = new Lines(connection || replays ? 0 : maxOutput);
    this._trace = this._newTrace();
    const recorder = this._hooks.event && new (lazyRecorder().EventRecorder)(this._hooks.event, kernel);
    for (const observer of [this._trace, recorder, this._hookObserver(connection === undefined && !options.replays)])
      if (observer) this.observe(observer);
    this._follower = options.schedule === undefined ? undefined : this._followText(options.schedule, this._trace, recorder);
    const own = { stdout: this._stdout.sink, stderr: this._stderr.sink };
    const sinks = connection ?? replays?.sinks(own) ?? own;
    this.sinks = sinks;
    if (typeof program === "object" && "streams" in program) {
      this.streams = program.streams;
      this.process = program.process;
      this.sinks = program.connect(sinks, terminal?.sink);
      if (options.policy !== undefined) this._own = oldestFilter(program.process);
      if (program.output) sinks[program.output.stream].write(program.output.bytes);
      for (const task of program.tasks) kernel.observer?.started?.(task, undefined);
      return;
    }
    this.streams = new StandardStreams(kernel, sinks, terminal, connection?.stdin, connection?.nulls ?? replays?.nulls);
    if ((options.stdin !== undefined || !connection) && !options.keepsInput) {
      const { stdin = new Uint8Array(0) } = options;
      this.streams.receive(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin);
      this.streams.end();
    }
    this.process = this._spawn(program, this.streams.files);
    kernel.first = this.process;
    kernel.endsAt = Infinity;
    if (options.policy !== undefined) this._own = lazyPolicy().confine(this.process, options.policy);
    this.streams.control(this.process);
    if (connection?.stopped ?? replays?.hasJob) kernel.hostJob = this.process.pgid;
  }

  /** Adds an observer. It sees all tasks from now on. */
  observe(observer: Observer): void {
    const { kernel } = this;
    this._observers.push(...(this._observers.length === 0 && kernel.observer ? [kernel.observer] : []), observer);
    observe(kernel, this._observers.length === 1 ? observer : lazyObservers().all(this._observers));
  }

  /** Runs guests for at most so many nanoseconds of virtual time. */
  step(nanoseconds: number): SchedulerResult {
    return this.kernel.run(nanoseconds);
  }
  /** True if a filter has kept a call from running. */
  get hasDenials(): boolean {
    return this._denials.length > 0;
  }
  /** True if the run is over: the first process has ended, and others have had their time. */
  get ended(): boolean {
    const { programs, scheduler } = this.kernel;
    return this.process.ended !== undefined && (programs === 0 || scheduler.isOver);
  }

  get stats(): Stats {
    const { processor, syscalls, now } = this.kernel;
    return { instructions: processor.instructions, syscalls, nanoseconds: now };
  }
  /** The result. `status`: why the run has ended before the process. */
  report(status: Run["status"] | undefined): Run {
    const { kernel } = this;
    this._follower?.check();
    this._trace?.finish();
    return {
      status: status ?? endOf(this.process.ended ?? 0),
      stdout: this._stdout.output(),
      stderr: this._stderr.output(),
      trace: this._lines.kept,
      kernelLog: kernel.log.records.map((record) => visible(logLine(record))),
      denials: this._denials,
      stats: this.stats,
    };
  }

  /** A stream has more than `maxOutput` bytes. */
  private _full(): void {
    for (const each of this.kernel.processes.values()) endProcess(each, SIG.SIGKILL);
  }
  private _newTrace(): Trace | undefined {
    const { trace } = this._options;
    if (!trace) return undefined;
    const emit = (line: string, pid: number): void => {
      this._lines.add(line);
      this._hooks.trace?.(line, pid);
    };
    return new (lazyTrace().Trace)(emit, trace === true ? {} : trace);
  }
  /** `keeps`: for the result of the run. */
  private _hookObserver(keeps: boolean): Observer | undefined {
    const { filter, crash, denied, logged, kernelLog } = this._hooks;
    const watchesFilters = keeps || denied || logged;
    if (!watchesFilters && !filter && !crash && !kernelLog) return undefined;
    let denials: Denials | undefined;
    const decided = (call: FilteredCall): void => {
      denials ??= new (lazyDenials().Denials)({ denied, logged, keeps, own: this._own }, this._denials);
      denials.add(call);
    };
    return {
      checksCalls: false,
      ...(watchesFilters ? { decided } : {}),
      ...(kernelLog ? { logged: (record) => kernelLog(visible(logLine(record))) } : {}),
      ...(crash ? { crashed: (task, info) => crash(lazyCrashes().crashOf(task, info)) } : {}),
      ...(filter
        ? {
            attached: (task, { arch, program: insns, depth }) =>
              filter({ pid: task.pid, comm: task.comm, arch, program: encodeProgram(insns), depth }),
          }
        : {}),
    };
  }
  private _followText(text: string, ...tellers: readonly (Pick<Trace, "remark"> | undefined)[]): Follower {
    const { Follower, parseSchedule } = lazySchedule();
    const { departures, delays, slice } = parseSchedule(text);
    const { kernel } = this;
    const follower = delays
      ? new (lazyLateStores().TsoFollower)(departures, { delays, kernel, cpu: kernel.processor as Cpu })
      : new Follower(departures);
    follower.onDeparture = (what) => {
      for (const teller of tellers) teller?.remark(what);
    };
    this.kernel.scheduler.follow(follower, slice);
    return follower;
  }

  private _spawn(program: Program, files: readonly FileDescription[]): Process {
    const { kernel, _options: options } = this;
    const path = typeof program === "string" ? program : "/program";
    if (typeof program !== "string") putFile(kernel.vfs, path, program, 0o755);
    const env = { PATH, ...options.env };
    const process = spawn(kernel, {
      path: ofText(path),
      argv: [options.argv0 ?? path, ...(options.args ?? [])].map(ofText),
      envp: Object.entries(env).map(([name, value]) => ofText(`${name}=${value}`)),
      files,
      cwd: ofText(options.cwd ?? "/"),
      cred: credOf(options.uid ?? 0, options.gid ?? options.uid ?? 0),
    });
    if (typeof process === "number") {
      if (options.cwd !== undefined && !lookAt(kernel.vfs, options.cwd)?.isDirectory) throw lazyElfProblem().folderProblem(options.cwd);
      const { cwd = "/" } = options;
      const files = candidates(path, env["PATH"]).map((name) => lookAt(kernel.vfs, name.startsWith("/") ? name : `${cwd}/${name}`));
      throw lazyElfProblem().executionProblem(path, -process, files.find((file) => file?.bytes) ?? files[0], cwd);
    }
    return process;
  }
}
