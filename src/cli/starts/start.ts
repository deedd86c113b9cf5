// Starts that are not run twice. A start is what a program does before its first output, its first wait for
// input, or an event of the outside world. Until then a run is a function of its options and of the files of
// the host that it has asked for. So the machine behind a start is kept in the cache, and a later run with
// the same options goes on there, if the host would answer all questions as it did.
import { type FirstOutput, StartFile } from "../../host/node-start-store.ts";
import { NodeTree } from "../../host/node-tree.ts";
import { answersAs, type TreeNote, TreeNotes } from "../../host/tree-notes.ts";
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { BootOptions } from "../../machine/boot.ts";
import type { Machine, StartWatch } from "../../machine/machine.ts";
import { momentOf, momentText } from "../../machine/moment.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import type { Session, Sinks, Started } from "../../machine/session.ts";
import { builtHere, openParts, partsOf } from "../../machine/snapshot/file/file.ts";
import { machineOf } from "../../machine/snapshot/live.ts";
import { saveState } from "../../machine/snapshot/snapshot.ts";
import { Problem } from "../../problem.ts";
import { machineFacts, programFacts } from "./run-facts.ts";

/** A shorter start is as fast as the reading of its state. */
const LEAST_INSTRUCTIONS = 5_000_000;
/** Pages of a larger machine cost more than its start. */
const MOST_PAGES = 16384;
/**
 * Runs that did not fit the kept start, one after the other: its files change all the time. From then on a
 * start is kept after each run whose number of misses is a power of two.
 */
const MANY_MISSES = 4;
const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;

/** The run whose start is kept, or was. */
interface StartedRun {
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
      trees.map((tree) => tree.path.toString("latin1")),
      mounts.map(({ at, mode }) => [at, mode]),
      nulls,
      terminal && [terminal.columns, terminal.rows, terminal.uses],
    ]);
  }
  static of(run: StartedRun): RunStart | undefined {
    const trees = treesOf(run.boot);
    return trees && new RunStart(run, trees);
  }

  /** The machine behind the start of an earlier run, whose first output is written. */
  continued(): { readonly machine: Machine; readonly program: Started; readonly instructions: number } | undefined {
    const found = this.#file.read();
    const { boot, sinks } = this.#run;
    this.#misses = found?.misses ?? 0;
    const { start } = found ?? {};
    const parts = start && builtHere(start.header) && this.#fits(start) ? start.open() : undefined;
    if (!start || !parts) {
      this.#misses = found ? this.#misses + 1 : 0;
      return undefined;
    }
    const [root, ...mounts] = this.#trees;
    try {
      const given = { root: root as NodeTree, mounts: Object.fromEntries(mounts.map((tree, i) => [boot.mounts?.[i]?.at ?? "", tree])) };
      const { state, options } = openParts(parts, given, true);
      const made = machineOf(state, { ...boot, ...options }, {});
      const { output } = start;
      const to = output && (output.stream === "terminal" ? boot.terminal?.sink : sinks[output.stream]);
      if (output && to?.write(output.bytes) !== output.bytes.length) return undefined;
      this.#file.used(start.stored);
      return { ...made, instructions: state.instructions };
    } catch {
      // A file that has changed just now, or a cache that is damaged.
      return undefined;
    }
  }
  #fits({ clock, notes }: { readonly clock: unknown; readonly notes: readonly (readonly TreeNote[])[] }): boolean {
    return clock === this.#run.boot.clock && this.#trees.every((tree, i) => answersAs(tree, notes[i] ?? []));
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
    try {
      this.#keep(session, notes);
    } catch (error) {
      // A machine that has no copy.
      if (!(error instanceof Problem)) throw error;
    }
    return true;
  }
  #keep(session: Session, notes: readonly (readonly TreeNote[])[]): void {
    const { kernel } = session;
    const { boot } = this.#run;
    if (kernel.frames.total - kernel.frames.free > MOST_PAGES) return;
    if (this.#misses >= MANY_MISSES && !isPowerOfTwo(this.#misses)) return this.#file.writeMisses(this.#misses);
    const state = saveState(kernel, session, undefined);
    const moment = momentText(momentOf(kernel));
    const parts = partsOf(state, { moment, options: boot, tasks: [] }, false);
    this.#file.write({ clock: boot.clock, notes, output: this.#output, parts }, this.#misses, kernel.processor.instructions);
  }
}
