// How often regions have called each of the functions that look up what is not at home (slow-path.ts).
import { at, type State } from "../../machine/state.ts";

export const lookupNames = ["acrossHomes", "lookUp", "lookUpForStore", "missedRun"] as const;
export type Lookup = (typeof lookupNames)[number];
export const counterOf = (name: Lookup): number => at.slowPathCounts + 8 * lookupNames.indexOf(name);

export const lookupCounts = ({ u64 }: State): Readonly<Record<Lookup, number>> =>
  Object.fromEntries(lookupNames.map((name) => [name, Number(u64[counterOf(name) / 8])])) as Record<Lookup, number>;
