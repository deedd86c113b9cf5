// How often regions have called each of the functions that look up what is not at home (slow-path.ts).
import { at, type State } from "../../machine/state.ts";

export const slowPathNames = ["acrossHomes", "lookUp", "lookUpForStore", "missedRun"] as const;
export type SlowPath = (typeof slowPathNames)[number];
export const counterOf = (name: SlowPath): number => at.lookups + 8 * slowPathNames.indexOf(name);

export const slowPathCounts = ({ u64 }: State): Readonly<Record<SlowPath, number>> =>
  Object.fromEntries(slowPathNames.map((name) => [name, Number(u64[counterOf(name) / 8])])) as Record<SlowPath, number>;
