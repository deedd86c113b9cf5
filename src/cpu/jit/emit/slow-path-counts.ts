// Counters of the slow paths that regions have called (slow-path.ts), for `--stats`.
import { at, type State } from "../../machine/state.ts";

/** The slow paths, in the order of their counters. */
export const slowPathNames = ["acrossPages", "lookUp", "lookUpForStore", "outsideRange"] as const;
/** The name of a slow path. */
export type SlowPath = (typeof slowPathNames)[number];
/** The offset of a slow path's counter in the state page. */
export const counterOf = (name: SlowPath): number => at.slowPathCounts + 8 * slowPathNames.indexOf(name);

/** The number of calls of each slow path. */
export const slowPathCounts = ({ u64 }: State): Readonly<Record<SlowPath, number>> =>
  Object.fromEntries(slowPathNames.map((name) => [name, Number(u64[counterOf(name) / 8])])) as Record<SlowPath, number>;
