// Starts that are not run twice. A start is what a program does before its first output, its first wait for
// input, or an event of the outside world. Until then a run is a function of its options and of the files of
// the host that it has asked for. So the machine behind a start is kept in the cache, and a later run with
// the same options goes on there, if the host would answer all questions as it did.
import { type FirstOutput, StartFile } from "../../host/node-start-store.ts";
import { NodeTree } from "../../host/node-tree.ts";
import { type TreeNote, TreeNotes } from "../../host/tree-notes.ts";
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { BootOptions } from "../../machine/boot.ts";
import type { StartWatch } from "../../machine/machine.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import type { Session, Sinks } from "../../machine/session.ts";
import type { Continued } from "./kept.ts";
import { lazyKept } from "./lazy.ts";
import { machineFacts, policyFacts, programFacts } from "./run-facts.ts";

/** A shorter start is as fast as the reading of its state. */
const LEAST_INSTRUCTIONS = 200_000;
/** To keep a shorter start costs more than one run gains. So it is kept when it comes for the second time. */
const SHORT_START = 1_000_000;

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

/**
 * The trees that a run asks, the root first. Undefined: one is none of this host's, or the run has other
 * files, such as a program from standard input.
 */
const treesOf = ({ root, mounts = [], files = {} }: BootOptions): readonly NodeTree[] | undefined => {
  if (Object.keys(files).length > 0) return undefined;
  const trees = [root, ...mounts.map(({ tree }) => tree)];
  return trees.every((tree) => tree instanceof NodeTree) ? trees : undefined;
};

/** Keeps the start of a run, or continues the one that an earlier run has kept. */
export class RunStart implements StartWatch {
  readonly #run: StartedRun;
  readonly #trees: readonly NodeTree[];
  readonly #file: StartFile;
  #misses = 0;
  /** An equal run came before. */
  #isKnown = false;
  #notes: readonly TreeNotes[] = [];
  #output: FirstOutput | undefined;
  #isDisturbed = false;
  #session: Session | undefined;

  private constructor(run: StartedRun, trees: readonly NodeTree[]) {
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
      trees.map((tree) => tree.path.toString("latin1")),
      mounts.map(({ at, mode }) => [at, mode]),
      nulls,
      terminal && [terminal.columns, terminal.rows, terminal.uses],
    ]);
  }
  /** Undefined: the run depends on more than data and files, such as the host's time. */
  static of(run: StartedRun): RunStart | undefined {
    const trees = run.boot.clock === "now" ? undefined : treesOf(run.boot);
    return trees && new RunStart(run, trees);
  }

  /** The machine behind the start of an earlier run, whose first output is written. */
  continued(): Continued | undefined {
    const found = this.#file.read();
    if (!found) return undefined;
    this.#isKnown = true;
    const { start, misses } = found;
    const continued = start && lazyKept().continueStart(this.#run, this.#trees, start);
    if (continued === "misfit") this.#misses = misses + 1;
    else if (continued) {
      this.#file.used(start.stored);
      return continued;
    } else this.#misses = misses;
    return undefined;
  }

  /** Begins to watch. Returns the sinks of the run. */
  watch(): { readonly sinks: Sinks; readonly terminal: BootOptions["terminal"] } {
    this.#notes = this.#trees.map((tree) => (tree.notes = new TreeNotes(tree.root)));
    const { boot, sinks } = this.#run;
    return {
      sinks: { stdout: this.#watched("stdout", sinks.stdout), stderr: this.#watched("stderr", sinks.stderr) },
      terminal: boot.terminal && { ...boot.terminal, sink: this.#watched("terminal", boot.terminal.sink) },
    };
  }
  #watched(stream: FirstOutput["stream"], to: ByteSink): ByteSink {
    return {
      queue: to.queue,
      write: (bytes) => {
        const taken = to.write(bytes);
        if (this.#notes.length > 0) this.#wrote(stream, bytes, taken);
        return taken;
      },
    };
  }
  #wrote(stream: FirstOutput["stream"], bytes: Uint8Array, taken: number): void {
    if (taken !== bytes.length || (this.#output && this.#output.stream !== stream)) this.#isDisturbed = true;
    else this.#output = { stream, bytes: Buffer.concat([this.#output?.bytes ?? new Uint8Array(0), bytes]) };
    this.#session?.kernel.scheduler.endRun();
  }
  disturbed(): void {
    this.#isDisturbed = true;
  }
  stands(session: Session, waits: boolean): boolean {
    this.#session = session;
    if (!waits && !this.#output && !this.#isDisturbed) return false;
    const notes = this.#trees.map((tree) => {
      const all = tree.notes?.notes();
      tree.notes = undefined;
      return all;
    });
    this.#notes = [];
    const { instructions } = session.kernel.processor;
    if (this.#isDisturbed || instructions < LEAST_INSTRUCTIONS || !notes.every((each) => each !== undefined)) return true;
    this.#keep(session, notes, instructions);
    return true;
  }
  #keep(session: Session, notes: readonly (readonly TreeNote[])[], instructions: number): void {
    const misses = this.#misses;
    if (instructions < SHORT_START && !this.#isKnown) return this.#file.writeMisses(0);
    if (misses >= MANY_MISSES && !isPowerOfTwo(misses)) return this.#file.writeMisses(misses);
    const { boot } = this.#run;
    const parts = lazyKept().partsBehind(session, boot);
    if (parts) this.#file.write({ clock: boot.clock, notes, output: this.#output, parts }, misses, instructions);
  }
}
