// The internals behind a Snapshot and a Machine of the library. Maps, so that no published type names them.
import { Problem } from "../../problem.ts";
import type { BootOptions } from "../boot.ts";
import type { Live } from "../snapshot/live.ts";
import type { ForkOptions } from "../snapshot/options.ts";
import type { SavedState } from "../snapshot/snapshot.ts";

/** The parts of a snapshot. */
export interface Parts {
  readonly state: SavedState;
  /** Of its machine, which are the same for its copies. */
  readonly options: BootOptions;
  readonly moment: string;
  /** The tasks that run programs, for the header of a file. */
  readonly tasks: readonly (readonly [pid: number, name: string])[];
  /** Makes a machine of it. */
  readonly copy: (options: ForkOptions) => Live;
  /** Machines of `Snapshot.run` that wait for the next call. */
  readonly idle: Live[];
}
const partsOf = new WeakMap<object, Parts>();
/** Gives a snapshot its parts. */
export const setParts = <T extends object>(snapshot: T, parts: Parts): T => {
  partsOf.set(snapshot, parts);
  return snapshot;
};
/** The parts of a snapshot. Throws a Problem for another value. */
export const partsOfSnapshot = (snapshot: object): Parts => {
  const parts = partsOf.get(snapshot);
  if (!parts) throw new Problem("bad-property-value", "the argument must be a Snapshot, as machine.snapshot() returns it");
  return parts;
};
