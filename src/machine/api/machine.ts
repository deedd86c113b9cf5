// The library's machine: options are checked, internals stay inside.
import { Problem } from "../../problem.ts";
import { Machine as Emulator } from "../machine.ts";
import type { MachineOptions, Program, ProgramOptions } from "../options.ts";
import type { Run } from "../run.ts";
import type { Live } from "../snapshot/live.ts";
import type { ForkOptions, ReadOptions, RunLimits, StartOptions, Until } from "../snapshot/options.ts";
import {
  checkForkOptions,
  checkForkRunOptions,
  checkLimits,
  checkMachineOptions,
  checkProgram,
  checkProgramOptions,
  checkReadOptions,
  checkRunOptions,
  checkStartOptions,
  checkUntil,
} from "./check.ts";
import { type Parts, partsOfSnapshot, setParts } from "./parts.ts";
import { bootOptions } from "./stores.ts";

/**
 * One virtual machine: x86 processor, Linux-compatible kernel, file system. It runs one program with its
 * children to the end.
 *
 * @throws {Problem} An option is unknown or has a wrong value; the host has too little memory.
 *
 * @example
 * const machine = new Machine({ kernel: "v6", files: { "/etc/motd": "hello\n" } });
 * const run = await machine.run(readFileSync("hello"), { args: ["-v"], trace: true });
 * console.log(run.status, run.stdout.text);
 */
export class Machine {
  private _machine: Emulator;
  /** The program that runs in steps. */
  private _live: Live | undefined;
  /** Of a copy: the snapshot, which gets its memory and its compiled code when the program has ended. */
  private readonly _origin: Parts | undefined;
  /** The moment at which a copy's program has ended and its memory was given back. */
  private _end: string | undefined;

  /** Boots: allocates guest memory, mounts the file systems, adds `files`. */
  constructor(options: MachineOptions = {}) {
    checkMachineOptions(options);
    this._machine = new Emulator(bootOptions(options));
  }

  /**
   * Boots a machine, runs one program to its end and reports.
   *
   * @throws {Problem} An option, the ELF file, the policy or the schedule is wrong.
   *
   * @example
   * const run = await Machine.run(readFileSync("guest/bin/a1"), { kernel: "upstream", trace: true });
   * run.status;             // { exit: 0 }
   * run.trace;              // lines in strace's format
   */
  static async run(program: Program, options: MachineOptions & ProgramOptions = {}): Promise<Run> {
    checkProgram(program);
    checkRunOptions(options);
    const given = bootOptions(options);
    if (typeof program !== "string" || !options.root) return Emulator.run(program, given);
    const { runFromStart } = await import("../starts/memory-starts.ts");
    return runFromStart(program, given);
  }

  /**
   * Runs a program to its end and reports. The promise is rejected with the reason of `signal` if it aborts,
   * with `InternalError` if the machine itself fails, and with the exception of a hook that throws.
   *
   * @throws {Problem} An option, the ELF file, the policy or the schedule is wrong.
   *
   * @example
   * const { status } = await new Machine().run("/bin/true", { timeout: 10 });
   * if ("timeout" in status) console.log("the program did not end in 10 s");
   */
  async run(program: Program, options: ProgramOptions = {}): Promise<Run> {
    checkProgram(program);
    checkProgramOptions(options);
    if (this._live) throw new Problem("started", "the machine has started a program: `finish` runs it to its end");
    return this._machine.run(program, options);
  }

  /**
   * Starts a program that runs in steps: by `runUntil`, and by `finish` to its end. No time of the host
   * passes
   * for it: while all tasks sleep, the clock jumps. Between two steps the machine can be saved.
   *
   * @throws {Problem} An option, the ELF file, the policy or the schedule is wrong; the machine has a network
   * or a program.
   *
   * @example
   * await machine.start("/bin/sh", { args: ["-s"] });
   */
  async start(program: Program, options: StartOptions = {}): Promise<void> {
    checkProgram(program);
    checkStartOptions(options);
    if (this._live) throw new Problem("started", "the machine has started a program already");
    const { Live } = await import("../snapshot/live.ts");
    this._live = new Live(this._machine, program, options);
  }
  /** Adds standard input of the program that was started. */
  write(input: string | Uint8Array): void {
    if (this._end === undefined) this._started().write(input);
  }
  /**
   * Runs the program that was started until a condition holds. False: it has ended before, or waits for ever.
   * The run is the one that did not stop: no guest can see it.
   *
   * @throws {Problem} The condition is none, or is a moment that this run does not have; it did not hold
   * within
   * `timeout` seconds.
   *
   * @example
   * await machine.runUntil({ output: "ready\n" });
   */
  async runUntil(until: Until, limits: RunLimits = {}): Promise<boolean> {
    checkUntil(until);
    checkLimits(limits);
    return this._end === undefined && this._started().until(until, limits);
  }
  /**
   * Runs the program that was started to its end and reports. Its standard input ends, if it has not. A
   * program
   * that waits for ever has the status `{ timeout: 0 }`. A copy whose program has ended gives its memory to
   * the next
   * copy of its snapshot; `restore` makes it anew.
   */
  async finish(limits: RunLimits = {}): Promise<Run> {
    checkLimits(limits);
    const live = this._started();
    const run = await live.finish(limits);
    const idle = this._origin?.idle;
    if (idle && live.session.ended && idle.length < MOST_IDLE) {
      this._end = live.moment;
      this._live = undefined;
      idle.push(live);
    }
    return run;
  }
  /**
   * Instructions since boot, and transitions of the kernel since the last of them: `INSTRUCTIONS:STEPS`.
   */
  get moment(): string {
    return this._end ?? this._started().moment;
  }

  /**
   * The state of the machine, between two steps of a program that was started. Snapshots of one machine share
   * the pages that are equal.
   *
   * @throws {Problem} The machine runs (the call is one of a hook), or it has parts of the host that no copy
   * can
   * have: a mount of the mode rw, an overlay, a network.
   */
  snapshot(): Snapshot {
    const live = this._started();
    const { options } = this._machine;
    const { state, copy } = live.saved();
    return newSnapshot({ state, options, moment: live.moment, tasks: live.tasks, idle: [], copy });
  }
  /**
   * Takes the machine back, or forward, to a snapshot of itself or of a copy. Compiled code is kept. Its
   * `Run`
   * has the output after that moment.
   *
   * @throws {Problem} The snapshot is one of a machine with other options.
   */
  restore(snapshot: Snapshot, options: ForkOptions = {}): void {
    checkForkOptions(options);
    const { state, options: of, copy } = partsOfSnapshot(snapshot);
    if (of !== this._machine.options)
      throw new Problem("foreign-snapshot", "the snapshot is one of another machine", { help: "its fork() makes a machine of it" });
    if (this._end === undefined) return this._started().restore(state, options);
    this._live = copy(options);
    this._machine = this._live.machine;
    this._end = undefined;
  }
  private _started(): Live {
    if (this._end !== undefined)
      throw new Problem("started", "the program of this copy has ended", {
        help: "restore() takes it back, and fork() makes another copy",
      });
    if (!this._live) throw new Problem("started", "the machine has no program yet: `start` starts one");
    return this._live;
  }
}

/** A machine that exists, for a library user. */
const wrapped = (live: Live, origin: Parts): Machine =>
  Object.assign(Object.create(Machine.prototype) as Machine, { _machine: live.machine, _live: live, _origin: origin, _end: undefined });
/** A copy: of a machine that waits for the next use, or in a memory of its own. */
const copyOf = ({ state, copy, idle }: Parts, options: ForkOptions): Live => {
  const live = idle.pop();
  live?.restore(state, options);
  return live ?? copy(options);
};
const newSnapshot = (parts: Parts): Snapshot => setParts(Object.create(Snapshot.prototype) as Snapshot, parts);
/** The machines of `Snapshot.run` and ended copies that wait for the next call. */
const MOST_IDLE = 2;

/**
 * The state of a machine at one moment, as a value: it never changes. Any number of machines can be made from
 * it, also at once. They go on exactly as the original does, unless `stdin`, `files` or `seed` change it.
 *
 * Machines of one snapshot share nothing that a guest can change. Files of the host are read from the same
 * trees as in the original.
 *
 * @example
 * const machine = new Machine({ root: hostTree("/") });
 * await machine.start("/usr/bin/python3", { args: ["-"] });
 * await machine.runUntil({ idle: true });
 * const snapshot = machine.snapshot();
 * const run = await snapshot.run({ stdin: "print(6 * 7)\n" });
 * run.stdout.text;   // "42\n"
 */
export class Snapshot {
  private constructor() {}

  /**
   * Instructions since boot, and transitions of the kernel since the last of them: `INSTRUCTIONS:STEPS`.
   */
  get moment(): string {
    return partsOfSnapshot(this).moment;
  }

  /**
   * A machine in this state, with a memory of its own. Its `Run` has the output after this moment.
   *
   * @throws {Problem} An option is unknown or has a wrong value; the host has too little memory.
   */
  fork(options: ForkOptions = {}): Machine {
    checkForkOptions(options);
    const parts = partsOfSnapshot(this);
    return wrapped(copyOf(parts, options), parts);
  }

  /**
   * The snapshot as the bytes of a file. They belong to this build of trapgate; `Snapshot.read` opens them,
   * also
   * in another process. Files of the host are named in it, and are not part of it.
   *
   * @throws {Problem} A file of the host that the machine uses has no path.
   */
  async bytes(): Promise<Uint8Array> {
    const { state, moment, options, tasks } = partsOfSnapshot(this);
    const { writeFile } = await import("../snapshot/file/file.ts");
    return writeFile(state, moment, options, tasks);
  }
  /**
   * Opens the bytes of a file. All that it holds is checked: types, numbers, references. It reaches no more
   * of the
   * host than the given trees. A file that was made to deceive can still keep the process busy in rare cases:
   * open files of others in a worker that can be ended.
   *
   * @throws {Problem} The bytes are damaged or of another build; a tree is missing; a file of the host has
   * changed.
   *
   * @example
   * const snapshot = await Snapshot.read(readFileSync("python.snapshot"), { root: hostTree("/") });
   */
  static async read(bytes: Uint8Array, options: ReadOptions = {}): Promise<Snapshot> {
    checkReadOptions(options);
    const [{ readFile }, { Live }] = await Promise.all([import("../snapshot/file/file.ts"), import("../snapshot/live.ts")]);
    const { state, moment, tasks, options: read } = readFile(bytes, options);
    const boot = bootOptions(read as Omit<typeof read, "code">);
    return newSnapshot({ state, moment, tasks, options: boot, idle: [], copy: (changes) => Live.copy(state, boot, changes) });
  }

  /**
   * Runs a copy to its end and reports, like `fork` and `finish`. The copy's memory and its compiled code are
   * kept for the next call, so a second run is faster. No guest can see the difference.
   *
   * @throws {Problem} An option is unknown or has a wrong value.
   */
  async run(options: ForkOptions & RunLimits = {}): Promise<Run> {
    checkForkRunOptions(options);
    const { timeout, signal, ...copied } = options;
    const parts = partsOfSnapshot(this);
    const { idle: waiting } = parts;
    const used = copyOf(parts, copied);
    const run = await used.finish({ ...(timeout === undefined ? {} : { timeout }), ...(signal ? { signal } : {}) });
    if (waiting.length < MOST_IDLE) waiting.push(used);
    return run;
  }
}
