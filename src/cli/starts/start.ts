// Starts that are not run twice. The machine behind a start is kept in the cache, and a later run with the
// same options goes on there, if the host would answer all questions as it did.
import type { OpenBytes } from "../../host/node-bytes.ts";
import { backlog } from "../../host/node-sink.ts";
import { type KeptRun, StartFile } from "../../host/node-start-store.ts";
import { fileMemory } from "../../host/tree-notes.ts";
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { BootOptions } from "../../machine/boot.ts";
import type { StartWatch } from "../../machine/machine.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import type { Sinks } from "../../machine/session.ts";
import { builtFrom } from "../../machine/snapshot/file/build-id.ts";
import { machineFacts, policyFacts, programFacts } from "../../machine/starts/run-facts.ts";
import { answerAs, type SourceMemory, type TreeMemory } from "../../machine/starts/tree-memory.ts";
import { type EndedRun, type EndedStart, StartWatcher, treeMemoriesOf, type WrittenBytes } from "../../machine/starts/watcher.ts";
import { endOf } from "../../machine/tracing/status.ts";
import type { Continued } from "./kept.ts";
import { lazyKept } from "./lazy.ts";

/** To keep a shorter start costs more than several runs gain. A whole run is kept however short it is. */
const LEAST_INSTRUCTIONS = 700_000;
/**
 * Runs that did not fit the kept start, one after the other: its files change all the time. From then on a
 * start is kept after each run whose number of misses is a power of two.
 */
const MANY_MISSES = 4;
const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** The run whose start is kept, or was. */
export interface StartedRun {
  readonly folder: string;
  readonly boot: BootOptions;
  readonly path: string;
  readonly program: ProgramOptions;
  readonly nulls: readonly number[];
  readonly sinks: Sinks;
  /** The program, if it is a file of the host in no tree. Its whole run is kept, and no start. */
  readonly file: OpenBytes | undefined;
}
/** A run that is watched: its options, its sinks, and the watch. */
interface WatchedRun {
  readonly boot: BootOptions;
  readonly sinks: Sinks;
  readonly start: StartWatch;
}

/** A whole run that needs no machine: its output is written. */
export type Repeated = Pick<KeptRun, "status" | "stats">;

/** Keeps the start of a run, or continues the one that an earlier run has kept. */
export class RunStart {
  readonly #run: StartedRun;
  readonly #trees: readonly TreeMemory[];
  /** The program's own file, if it is in no tree. */
  readonly #others: readonly SourceMemory[];
  readonly #file: StartFile;
  /** Bytes that the run has written before it runs. */
  readonly #ahead = { stdout: 0, stderr: 0, terminal: 0 };
  #misses = 0;

  private constructor(run: StartedRun, trees: readonly TreeMemory[]) {
    const { boot, program, path, folder, nulls } = run;
    const { clock: _, ...machine } = machineFacts(boot);
    const { terminal, mounts = [] } = boot;
    this.#run = run;
    this.#trees = trees;
    this.#others = run.file ? [fileMemory(path, run.file.fd)] : [];
    this.#file = new StartFile(folder, path, [
      path,
      machine,
      programFacts(program),
      policyFacts(program.policy),
      trees.map(({ place }) => place),
      mounts.map(({ at, mode }) => [at, mode]),
      nulls,
      terminal && [terminal.columns, terminal.rows, terminal.uses],
    ]);
  }
  /** Undefined: the run depends on more than data and files, such as a program from standard input. */
  static of(run: StartedRun): RunStart | undefined {
    const isKnown = Object.keys(run.boot.files ?? {}).length === (run.file ? 1 : 0);
    const trees = isKnown ? treeMemoriesOf(run.boot) : undefined;
    return trees && new RunStart(run, trees);
  }

  /** The earlier run, or the machine behind its start, whose first output is written. */
  continued(): Continued | Repeated | undefined {
    const found = this.#file.read();
    if (!found) return undefined;
    const { start, whole, misses, stored } = found;
    const continued = start ? lazyKept().continueStart(this.#run, this.#trees, start) : whole ? this.#repeated(whole) : "misfit";
    this.#misses = continued === "misfit" ? misses + 1 : misses;
    if (!continued || continued === "misfit") return undefined;
    this.#file.used(stored);
    return continued;
  }
  /**
   * Writes what an earlier run has written. Undefined: the host does not take all of it at once. The run runs
   * then, because its program can notice, or a signal can come in meanwhile.
   */
  #repeated({ clock, notes, build, outputs, status, stats }: KeptRun): Repeated | "misfit" | undefined {
    const { boot, sinks } = this.#run;
    const isSame = clock === boot.clock && build === builtFrom && answerAs([...this.#trees, ...this.#others], notes);
    if (!isSame) return "misfit";
    for (const { stream, bytes } of outputs) {
      const taken = (stream === "terminal" ? boot.terminal?.sink : sinks[stream])?.write(bytes) ?? 0;
      this.#ahead[stream] += Math.max(0, taken);
      if (taken !== bytes.length || backlog.full) return undefined;
    }
    return { status, stats };
  }

  /** Begins to watch. */
  watch(): WatchedRun {
    const { boot, sinks } = this.#run;
    // Sources without a build may differ from those of the earlier run.
    const build = builtFrom;
    const told = {
      start: (ended: EndedStart) => this.#keep(ended, noted),
      ...(build === undefined ? {} : { whole: (ended: EndedRun) => this.#keepWhole(ended, build) }),
    };
    const start = new StartWatcher(this.#trees, told, this.#others);
    const noted = start.noted(boot);
    const watched = (stream: WrittenBytes["stream"], sink: ByteSink): ByteSink => start.watched(stream, behind(sink, this.#ahead[stream]));
    return {
      start,
      boot: boot.terminal ? { ...noted, terminal: { ...boot.terminal, sink: watched("terminal", boot.terminal.sink) } } : noted,
      sinks: { stdout: watched("stdout", sinks.stdout), stderr: watched("stderr", sinks.stderr) },
    };
  }
  #keep({ session, notes, output }: EndedStart, boot: BootOptions): void {
    const { instructions } = session.kernel.processor;
    if (this.#run.file || instructions < LEAST_INSTRUCTIONS || !this.#fits()) return;
    const parts = lazyKept().partsBehind(session, boot);
    if (parts) this.#file.write({ clock: boot.clock, notes, output }, parts, this.#misses, instructions);
  }
  #keepWhole({ session, notes, outputs }: EndedRun, build: string): void {
    const { stats, process } = session;
    if (!outputs.every(isUsual) || !this.#fits()) return;
    const { clock } = this.#run.boot;
    this.#file.writeRun({ clock, notes, outputs, build, status: endOf(process.ended ?? 0), stats }, this.#misses);
  }
  /** False for one of many runs that did not fit, which is noted. */
  #fits(): boolean {
    if (this.#misses < MANY_MISSES || isPowerOfTwo(this.#misses)) return true;
    this.#file.writeMisses(this.#misses);
    return false;
  }
}
/**
 * True for output that shows the same on a terminal of the host with its usual settings: it puts a carriage
 * return before each newline, as the guest's did.
 */
const isUsual = ({ stream, bytes }: WrittenBytes): boolean =>
  stream !== "terminal" || bytes.every((byte, i) => byte !== LINE_FEED || bytes[i - 1] === RETURN);
/** A sink whose first bytes are written already. */
const behind = (to: ByteSink, written: number): ByteSink => {
  let left = written;
  return {
    queue: to.queue,
    write(bytes) {
      const old = Math.min(left, bytes.length);
      left -= old;
      if (old === bytes.length) return old;
      const taken = to.write(bytes.subarray(old));
      return taken < 0 && old > 0 ? old : old + taken;
    },
  };
};
