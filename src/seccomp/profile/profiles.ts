// The profiles by name. Each is the fold of the history up to it.

import { didYouMean } from "../../nearest.ts";
import { aText, takes } from "../../wants.ts";
import { aliases, versionOfAlias } from "./aliases.ts";
import { changes, ground, type HistoryEntry, unknownVersions } from "./history.ts";
import type { SeccompProfile, SeccompRules, Source } from "./profile.ts";

type Sources = Record<keyof SeccompRules, Source>;

const sourcesOf = ({ at, cite, grade, grades, rules }: HistoryEntry): Partial<Sources> =>
  Object.fromEntries((Object.keys(rules) as (keyof SeccompRules)[]).map((rule) => [rule, { at, cite, grade: grades?.[rule] ?? grade }]));

const history: readonly HistoryEntry[] = [ground, ...changes];

/** The sources of the rules after these entries. Made on demand, because most users never read them. */
const sourcesAfter = (entries: readonly HistoryEntry[]): Sources => Object.assign({}, ...entries.map(sourcesOf)) as Sources;

const fold = (name: string, entries: readonly HistoryEntry[]): SeccompProfile => {
  let sources: Sources | undefined;
  return {
    name,
    ...(Object.assign({}, ...entries.map(({ rules }) => rules)) as SeccompRules),
    get sources() {
      return (sources ??= sourcesAfter(entries));
    },
  };
};

/** Each is made when it is first asked for: a run uses one, and a start pays for all that are made. */
const byName = new Map<string, SeccompProfile>();
const profileAt = (name: string): SeccompProfile | undefined => {
  const last = history.findLastIndex(({ at }) => at === name);
  if (last < 0) return undefined;
  const found = byName.get(name) ?? fold(name, history.slice(0, last + 1));
  byName.set(name, found);
  return found;
};

/** The name of a profile: a version of Linux, a version of the patch series, or an alias. */
export type SeccompProfileName = typeof ground.at | (typeof changes)[number]["at"] | keyof typeof aliases;

/** All names that `seccompProfile` accepts, oldest first, then the aliases. */
export const seccompProfileNames = [...history.map(({ at }) => at), ...Object.keys(aliases)] as readonly SeccompProfileName[];

/**
 * A profile by name; undefined if there is none.
 *
 * @example
 * seccompProfile("4.8")?.returns.maxErrno;   // 4095
 */
export const seccompProfile = takes("seccompProfile", { name: aText }, (name: string): SeccompProfile | undefined =>
  profileAt(versionOfAlias(name) ?? name),
);

/**
 * Why there is no profile of that name, when the reason is that its text is lost.
 *
 * @example
 * whyNoProfile("patch:v1");
 */
export const whyNoProfile = takes("whyNoProfile", { name: aText }, (name: string): string | undefined => unknownVersions[name]);

/** Help for an unknown name: the nearest one, or the newest version and all. */
export const profileHelp = (name: string): string => {
  const near = whyNoProfile(name) === undefined ? didYouMean(name, seccompProfileNames) : undefined;
  const newest = /^\d/.test(name) ? `the newest version is ${history.findLast(({ at }) => /^\d/.test(at))?.at}; ` : "";
  return near ?? `${newest}there are ${seccompProfileNames.join(", ")}`;
};

const known = (name: string): SeccompProfile => {
  const found = seccompProfile(name);
  if (!found) throw new Error(`the history has no ${name}`);
  return found;
};
/** The profile of version 6 of the patch, of February 2012. */
export const v6 = known("v6");
/** The profile of Linux 6.12. */
export const upstream = known("upstream");
