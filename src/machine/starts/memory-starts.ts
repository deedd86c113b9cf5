// Runs of the library: the machines behind starts are kept in the memory of this process, and a run that is
// equal goes on behind its start.
import type { CodeStore } from "../../cpu/jit/cache/format.ts";
import { Problem } from "../../problem.ts";
import { type BootOptions, pagesOf } from "../boot.ts";
import { Machine } from "../machine.ts";
import { keepMemory, takeMemory } from "../memory-pool.ts";
import type { Program, ProgramOptions } from "../options.ts";
import { MAX_OUTPUT } from "../output-buffer.ts";
import type { Run } from "../run.ts";
import type { Started } from "../session.ts";
import { machineOf } from "../snapshot/copy.ts";
import { type SavedState, saveState } from "../snapshot/snapshot.ts";
import { filesFacts, policyFacts, runFacts } from "./run-facts.ts";
import { answerAs } from "./tree-memory.ts";
import { type EndedStart, StartWatcher, treeMemoriesOf } from "./watcher.ts";

type RunOptions = BootOptions & ProgramOptions;

/** A shorter start takes about as long as a copy of its machine. */
const LEAST_INSTRUCTIONS = 2_000_000;
/** Pages of one kept machine, and of all, at most: 32 and 64 MiB. */
const MOST_PAGES = 8192;
const MOST_IN_ALL = 16384;

interface KeptStart extends Pick<EndedStart, "notes"> {
  readonly state: SavedState;
  readonly output: Started["output"];
}

/** Starts by their keys; the one that was not used for longest goes first. */
class MemoryStarts {
  private readonly _kept = new Map<string, KeptStart>();
  private _pages = 0;

  get(key: string): KeptStart | undefined {
    const found = this._kept.get(key);
    if (found) {
      this._kept.delete(key);
      this._kept.set(key, found);
    }
    return found;
  }
  set(key: string, start: KeptStart): void {
    this.delete(key);
    this._kept.set(key, start);
    this._pages += start.state.pages.numbers.length;
    for (const oldest of this._kept.keys()) {
      if (this._pages <= MOST_IN_ALL) break;
      this.delete(oldest);
    }
  }
  delete(key: string): void {
    this._pages -= this._kept.get(key)?.state.pages.numbers.length ?? 0;
    this._kept.delete(key);
  }
}
const startsOf = new WeakMap<CodeStore, MemoryStarts>();

/** Undefined: the run depends on more than data and files, or an observer sees its start. */
const keyOf = (program: Program, options: RunOptions): string | undefined => {
  const { hooks = {}, trace, schedule, network, overlay, engine = "auto", mounts = [], files, stdin, policy } = options;
  const others = [network, overlay, schedule, options.terminal, options.features];
  if (typeof program !== "string" || engine !== "auto" || trace || others.some((each) => each !== undefined)) return undefined;
  if (mounts.some(({ mode }) => mode === "rw")) return undefined;
  if (Object.entries(hooks).some(([name, hook]) => hook !== undefined && name !== "stdout" && name !== "stderr")) return undefined;
  const trees = treeMemoriesOf(options);
  const given = filesFacts(files);
  if (!trees || !given) return undefined;
  return JSON.stringify([
    program,
    runFacts(options),
    policyFacts(policy),
    trees.map(({ place }) => place),
    mounts.map(({ at, mode }) => [at, mode]),
    given,
    options.maxOutput ?? MAX_OUTPUT,
    typeof stdin === "string" || stdin === undefined ? [stdin] : [...stdin],
  ]);
};

/** The machine behind the start of an earlier run. Undefined: the host would answer otherwise now. */
const continued = ({ notes, state, output }: KeptStart, options: RunOptions): { machine: Machine; program: Started } | undefined => {
  const trees = treeMemoriesOf(options);
  if (!trees || !answerAs(trees, notes)) return undefined;
  try {
    const { machine, program } = machineOf(state, options, {});
    return { machine, program: { ...program, output } };
  } catch (error) {
    // A file that has changed just now.
    if (!(error instanceof Problem)) throw error;
    return undefined;
  }
};

/** Keeps the state behind a start, unless there was a denial, which only an observer has seen. */
const keep = (starts: MemoryStarts, key: string, { session, notes, output }: EndedStart): void => {
  const { frames, processor } = session.kernel;
  const isSmall = frames.total - frames.free <= MOST_PAGES;
  if (processor.instructions < LEAST_INSTRUCTIONS || !isSmall || session.hasDenials || output?.stream === "terminal") return;
  try {
    starts.set(key, { state: saveState(session.kernel, session, undefined), notes, output: output as Started["output"] });
  } catch (error) {
    // A machine that has no copy.
    if (!(error instanceof Problem)) throw error;
  }
};

/** Boots a machine, or takes one behind the start of an equal run, and runs a program to its end. */
export const runFromStart = async (program: Program, options: RunOptions): Promise<Run> => {
  const { code, signal, hooks = {} } = options;
  const key = code && keyOf(program, options);
  const trees = treeMemoriesOf(options);
  if (!code || key === undefined || !trees) return Machine.run(program, options);
  signal?.throwIfAborted();
  let starts = startsOf.get(code);
  if (!starts) startsOf.set(code, (starts = new MemoryStarts()));
  const all = starts;
  const kept = all.get(key);
  const again = kept && continued(kept, options);
  if (kept && !again) all.delete(key);
  const watcher = again ? undefined : new StartWatcher(trees, { start: (ended) => keep(all, key, ended) });
  const machine = again?.machine ?? new Machine(watcher?.noted(options) ?? options, takeMemory(pagesOf(options), false));
  const seen =
    (stream: "stdout" | "stderr") =>
    (bytes: Uint8Array): unknown => {
      watcher?.wrote(stream, bytes, bytes.length);
      return hooks[stream]?.(bytes);
    };
  const watched = again ? options : { ...options, hooks: { ...hooks, stdout: seen("stdout"), stderr: seen("stderr") } };
  const run = await machine.run(again?.program ?? program, watched, undefined, watcher);
  keepMemory(machine, false);
  return run;
};
