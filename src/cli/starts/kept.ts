// The machine behind a start, as parts of a snapshot's file, and from them.
import type { StoredStart } from "../../host/node-start-store.ts";
import type { BootOptions } from "../../machine/boot.ts";
import type { Machine } from "../../machine/machine.ts";
import { momentOf, momentText } from "../../machine/moment.ts";
import type { Session, Started } from "../../machine/session.ts";
import { machineOf } from "../../machine/snapshot/copy.ts";
import { builtHere, openParts, partsOf, type WrittenParts } from "../../machine/snapshot/file/file.ts";
import { saveState } from "../../machine/snapshot/snapshot.ts";
import { answerAs, type TreeMemory } from "../../machine/starts/tree-memory.ts";
import { Problem } from "../../problem.ts";
import type { StartedRun } from "./start.ts";

/** Pages of a larger machine cost more than its start. */
const MOST_PAGES = 16384;

/** A machine that goes on behind a start. */
export interface Continued {
  readonly machine: Machine;
  readonly program: Started;
  /** Of the start. */
  readonly instructions: number;
}

/**
 * The machine behind the start of an earlier run, whose first output is written. "misfit": the host would
 * answer otherwise now. Undefined: the state cannot be used.
 */
export const continueStart = (
  { boot, sinks }: StartedRun,
  trees: readonly TreeMemory[],
  { clock, notes, parts, output }: StoredStart,
): Continued | "misfit" | undefined => {
  const fits = clock === boot.clock && answerAs(trees, notes);
  if (!fits || !builtHere(parts.header)) return "misfit";
  const { root, mounts = [] } = boot;
  try {
    const given = { ...(root ? { root } : {}), mounts: Object.fromEntries(mounts.map(({ at, tree }) => [at, tree])) };
    const { state, options } = openParts(parts, given, true);
    const made = machineOf(state, { ...boot, ...options }, {});
    const to = output && (output.stream === "terminal" ? boot.terminal?.sink : sinks[output.stream]);
    if (output && to?.write(output.bytes) !== output.bytes.length) return undefined;
    return { ...made, instructions: state.instructions };
  } catch {
    // A file that has changed just now, or a cache that is damaged.
    return undefined;
  }
};

/** The state behind a start. Undefined: the machine is large, or has no copy. */
export const partsBehind = (session: Session, options: BootOptions): WrittenParts | undefined => {
  const { kernel } = session;
  if (kernel.frames.total - kernel.frames.free > MOST_PAGES) return undefined;
  try {
    const state = saveState(kernel, session, undefined);
    return partsOf(state, { moment: momentText(momentOf(kernel)), options, tasks: [] }, false);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return undefined;
  }
};
