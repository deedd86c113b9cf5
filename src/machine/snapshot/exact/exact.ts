// Fork anywhere, rewind anywhere: a program runs undisturbed; runs again and is saved at several moments; and
// goes on from each of them, in copies and in place. All must be equal, to the last call and number.
import type { Engine } from "../../../cpu/engine.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { type BootOptions, pagesOf } from "../../boot.ts";
import { Machine } from "../../machine.ts";
import { keepMemory, takeMemory } from "../../memory-pool.ts";
import type { Program, ProgramOptions } from "../../options.ts";
import { difference } from "../difference.ts";
import { checksum } from "../file/checksum.ts";
import { checkTypes, type Hosts } from "../file/type-check.ts";
import { checkState } from "../file/validate.ts";
import { Live } from "../live.ts";
import { verification } from "../pages.ts";
import { LiveObjects } from "../refill.ts";
import type { SavedState } from "../snapshot.ts";

/** A guest and the way that it is run. */
export interface CheckSubject {
  readonly program: Program;
  readonly boot: BootOptions;
  readonly options?: ProgramOptions;
}
/** How much is checked. */
export interface Effort {
  /** Moments at which the program is saved. */
  readonly cuts: number;
  /** Virtual nanoseconds after which a run is over. */
  readonly most?: number;
  /** Times that each moment is gone back to in place. */
  readonly rewinds?: number;
  /** The engine of copies. Default: that of the original. */
  readonly engine?: Engine;
}

/** The calls, signals and ends that a run had, each as a line. */
class Log {
  readonly lines: string[] = [];
  constructor(live: Live) {
    const { lines } = this;
    const digest = (bytes: Uint8Array): string => checksum(bytes).slice(0, 8);
    live.session.observe({
      enter: (task) => void lines.push(`${task.pid} enter ${task.origAx} ${task.args.join()} at ${task.kernel.now}`),
      leave: (task, call, result) =>
        void lines.push(
          `${task.pid} leave ${call === undefined ? "" : task.origAx} = ${result} ${digest(task.kernel.processor.state.u8.subarray(0, 0x88))}`,
        ),
      signal: (task, { signo }) => void lines.push(`${task.pid} signal ${signo} at ${task.kernel.now}`),
      ended: (task, status) => void lines.push(`${task.pid} ended ${status} at ${task.kernel.now}`),
      started: (task, parent) => void lines.push(`${task.pid} started by ${parent?.pid}`),
    });
  }
}

/** What a run came to. */
const outcome = (live: Live, end: string) => {
  const { kernel } = live;
  const { status, stdout, stderr, kernelLog } = live.report();
  const { frames } = kernel;
  return {
    end,
    status,
    now: kernel.now,
    instructions: kernel.processor.instructions,
    calls: kernel.syscalls,
    framesInUse: frames.inUse,
    free: frames.free,
    charged: frames.account.charged,
    random: [...(kernel.random as unknown as { readonly _s: Uint32Array })._s],
    tasks: [...kernel.tasks.keys()],
    kernelLog,
    stdout: stdout.bytes,
    stderr: stderr.bytes,
  };
};
type Outcome = ReturnType<typeof outcome>;

const begin = ({ program, boot, options = {} }: CheckSubject): Live =>
  new Live(new Machine(boot, takeMemory(pagesOf(boot), false)), program, options);
const STEP = 5_000_000;

/** Runs on to the end, or to a virtual time. */
const toEnd = (live: Live, most: number): string => {
  for (;;) {
    const reason = live.step(Math.min(STEP, most - live.kernel.now));
    if (reason !== "limit" || live.kernel.now >= most) return reason;
  }
};

const rest = (bytes: Uint8Array, from: number): string => Array.from(bytes.subarray(from), (byte) => String.fromCharCode(byte)).join("");
const firstOther = (a: readonly string[], b: readonly string[], from: number): string | undefined => {
  for (let i = 0; i < Math.max(a.length - from, b.length); i++)
    if (a[from + i] !== b[i]) return `event ${i}: undisturbed "${a[from + i]}", here "${b[i]}"`;
  return undefined;
};

/** A moment: the state, and the lines and bytes before it. */
interface Cut {
  readonly state: SavedState;
  readonly now: number;
  readonly lines: number;
  readonly out: number;
  readonly err: number;
}

/** The objects of the host in a snapshot that was not in a file. */
const ofHost: Hosts = {
  node: (value) => typeof value === "object" && value !== null && "readdir" in value && "stat" in value,
  tree: (value) => typeof value === "object" && value !== null && "root" in value,
  bytes: (value) => value instanceof Uint8Array || (typeof value === "object" && value !== null && "size" in value && "read" in value),
  network: () => false,
  store: () => false,
};

/** The differences that were found: none, if snapshots are right. */
export const forkCheck = (subject: CheckSubject, { cuts, most = 2e9, rewinds = 5, engine }: Effort): string[] => {
  verification.isOn = true;
  const found: string[] = [];
  const judge = (what: string, one: Outcome, other: Outcome, cut: Cut | undefined, log: Log, lines: readonly string[]): void => {
    const part = { ...one, stdout: rest(one.stdout, cut?.out ?? 0), stderr: rest(one.stderr, cut?.err ?? 0) };
    const here = { ...other, stdout: rest(other.stdout, 0), stderr: rest(other.stderr, 0) };
    for (const key of Object.keys(part) as (keyof typeof part)[]) {
      const [a, b] = [JSON.stringify(part[key]), JSON.stringify(here[key])];
      if (a !== b) found.push(`${what}: ${key} is ${b}, and ${a} in the undisturbed machine`);
    }
    const event = firstOther(lines, log.lines, cut?.lines ?? 0);
    if (event) found.push(`${what}: ${event}`);
  };

  const undisturbed = begin(subject);
  const lines = new Log(undisturbed).lines;
  const whole = outcome(undisturbed, toEnd(undisturbed, most));
  const length = undisturbed.kernel.now;

  const original = begin(subject);
  const originalLog = new Log(original);
  const taken: Cut[] = [];
  for (let i = 1; i <= cuts; i++) {
    // Dense at the beginning and over all of the run: short programs do most of their work early.
    const target = Math.floor(length * (i / (cuts + 1)));
    if (target > original.kernel.now && original.step(target - original.kernel.now) !== "limit") break;
    const { stdout, stderr } = original.report();
    taken.push({
      state: original.save(),
      now: original.kernel.now,
      lines: originalLog.lines.length,
      out: stdout.bytes.length,
      err: stderr.bytes.length,
    });
  }
  judge("the machine that was saved", whole, outcome(original, toEnd(original, most)), undefined, originalLog, lines);

  for (const { state, now } of taken) {
    try {
      checkTypes(state.graph.items, ofHost);
      checkState(state.graph.items, state.pages, pagesOf(subject.boot) * (65536 / PAGE_SIZE));
    } catch (error) {
      found.push(`at ${now} ns: the reader of files would refuse it: ${error}`);
    }
  }
  for (const cut of taken) {
    const at = `at ${cut.now} ns`;
    const fork = Live.copy(cut.state, { ...subject.boot, ...(engine ? { engine } : {}) });
    const log = new Log(fork);
    const end = toEnd(fork, most);
    judge(`a copy ${at}`, whole, outcome(fork, end), cut, log, lines);
    const graph = difference(undisturbed.kernel, fork.kernel);
    if (graph) found.push(`a copy ${at}: ${graph.path} is ${graph.second}, and ${graph.first} in the undisturbed machine`);
    keepMemory(fork.machine, false);
    for (const [objects, how] of [
      [undefined, ""],
      [new LiveObjects(cut.state.graph), " with the same objects"],
    ] as const)
      for (let i = 0; i < rewinds; i++) {
        original.restore(cut.state, {}, objects);
        const again = new Log(original);
        // All but the last are given up on the way.
        if (i < rewinds - 1) toEnd(original, cut.now + (length - cut.now) * (i / rewinds));
        else {
          const last = toEnd(original, most);
          judge(`taken back ${i + 1} times ${at}${how}`, whole, outcome(original, last), cut, again, lines);
          const other = difference(undisturbed.kernel, original.kernel);
          if (other) found.push(`taken back ${at}${how}: ${other.path} is ${other.second}, and ${other.first} in the undisturbed machine`);
        }
      }
  }
  keepMemory(undisturbed.machine, false);
  keepMemory(original.machine, false);
  return found;
};
