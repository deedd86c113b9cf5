// Starts that are not run twice. The machine behind a start is kept in the cache, and a later run with the
// same options goes on there, if the host would answer all questions as it did.
import { StartFile } from "../../host/node-start-store.ts";
import type { BootOptions } from "../../machine/boot.ts";
import type { StartWatch } from "../../machine/machine.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import type { Sinks } from "../../machine/session.ts";
import { machineFacts, policyFacts, programFacts } from "../../machine/starts/run-facts.ts";
import type { TreeMemory } from "../../machine/starts/tree-memory.ts";
import { type EndedStart, StartWatcher, treeMemoriesOf } from "../../machine/starts/watcher.ts";
import type { Continued } from "./kept.ts";
import { lazyKept } from "./lazy.ts";

/** To keep a shorter start costs more than several runs gain. */
const LEAST_INSTRUCTIONS = 700_000;
/**
 * Runs that did not fit the kept start, one after the other: its files change all the time. From then on a
 * start is kept after each run whose number of misses is a power of two.
 */
const MANY_MISSES = 4;
const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;

/** The run whose start is kept, or was. */
export interface StartedRun {
  readonly folder: string;
  readonly boot: BootOptions;
  readonly path: string;
  readonly program: ProgramOptions;
  readonly nulls: readonly number[];
  readonly sinks: Sinks;
}
/** A run that is watched: its options, its sinks, and the watch. */
interface WatchedRun {
  readonly boot: BootOptions;
  readonly sinks: Sinks;
  readonly start: StartWatch;
}

/** Keeps the start of a run, or continues the one that an earlier run has kept. */
export class RunStart {
  readonly #run: StartedRun;
  readonly #trees: readonly TreeMemory[];
  readonly #file: StartFile;
  #misses = 0;

  private constructor(run: StartedRun, trees: readonly TreeMemory[]) {
    const { boot, program, path, folder, nulls } = run;
    const { clock: _, ...machine } = machineFacts(boot);
    const { terminal, mounts = [] } = boot;
    this.#run = run;
    this.#trees = trees;
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
    const trees = Object.keys(run.boot.files ?? {}).length > 0 ? undefined : treeMemoriesOf(run.boot);
    return trees && new RunStart(run, trees);
  }

  /** The machine behind the start of an earlier run, whose first output is written. */
  continued(): Continued | undefined {
    const found = this.#file.read();
    if (!found) return undefined;
    const { start, misses } = found;
    const continued = start ? lazyKept().continueStart(this.#run, this.#trees, start) : "misfit";
    this.#misses = continued === "misfit" ? misses + 1 : misses;
    if (!start || !continued || continued === "misfit") return undefined;
    this.#file.used(start.stored);
    return continued;
  }

  /** Begins to watch. */
  watch(): WatchedRun {
    const { boot, sinks } = this.#run;
    const start = new StartWatcher(this.#trees, (ended) => this.#keep(ended, noted));
    const noted = start.noted(boot);
    return {
      start,
      boot: boot.terminal ? { ...noted, terminal: { ...boot.terminal, sink: start.watched("terminal", boot.terminal.sink) } } : noted,
      sinks: { stdout: start.watched("stdout", sinks.stdout), stderr: start.watched("stderr", sinks.stderr) },
    };
  }
  #keep({ session, notes, output }: EndedStart, boot: BootOptions): void {
    const misses = this.#misses;
    const { instructions } = session.kernel.processor;
    if (instructions < LEAST_INSTRUCTIONS) return;
    if (misses >= MANY_MISSES && !isPowerOfTwo(misses)) return this.#file.writeMisses(misses);
    const parts = lazyKept().partsBehind(session, boot);
    if (parts) this.#file.write({ clock: boot.clock, notes, output }, parts, misses, instructions);
  }
}
