// The profiles by name. Each is the fold of the history up to it.
import { type Change, changes, ground, unknownVersions } from "./history.ts";
import type { SeccompProfile, SeccompRules, Source } from "./profile.ts";

type Sources = Record<keyof SeccompRules, Source>;

const sourcesOf = ({ at, cite, grade, grades, rules }: Change): Partial<Sources> =>
  Object.fromEntries((Object.keys(rules) as (keyof SeccompRules)[]).map((rule) => [rule, { at, cite, grade: grades?.[rule] ?? grade }]));

/** The sources of the rules after some changes. Computed on demand, because most users never read them. */
const sourcesAfter = (made: number): Sources =>
  Object.assign({}, ...[ground, ...(changes as readonly Change[]).slice(0, made)].map(sourcesOf)) as Sources;

const fold = (): ReadonlyMap<string, SeccompProfile> => {
  let rules = ground.rules;
  const all = new Map<string, SeccompProfile>();
  const add = (name: string, made: number): void => {
    let sources: Sources | undefined;
    all.set(name, {
      name,
      ...rules,
      get sources() {
        return (sources ??= sourcesAfter(made));
      },
    });
  };
  add(ground.at, 0);
  (changes as readonly Change[]).forEach((change, n) => {
    rules = { ...rules, ...change.rules };
    add(change.at, n + 1);
  });
  return all;
};
const byName = fold();

/** Common names of points in the history. */
const aliases = { v6: "patch:v6", merged: "3.5", upstream: "6.12" } as const;

/** The name of a profile: a version of Linux, a version of the patch series, or an alias. */
export type SeccompProfileName = typeof ground.at | (typeof changes)[number]["at"] | keyof typeof aliases;

/** All names that `seccompProfile` accepts, oldest first, then the aliases. */
export const seccompProfileNames = [...byName.keys(), ...Object.keys(aliases)] as readonly SeccompProfileName[];

/**
 * A profile by name; undefined if there is none.
 *
 * @example
 * seccompProfile("4.8")?.returns.maxErrno;   // 4095
 */
export const seccompProfile = (name: string): SeccompProfile | undefined =>
  byName.get((aliases as Readonly<Record<string, string>>)[name] ?? name);

/**
 * Why there is no profile of that name, when the reason is that its text is lost.
 *
 * @example
 * whyNoProfile("patch:v1");
 */
export const whyNoProfile = (name: string): string | undefined => unknownVersions[name];

const known = (name: string): SeccompProfile => {
  const found = seccompProfile(name);
  if (!found) throw new Error(`the history has no ${name}`);
  return found;
};
/** The profile of version 6 of the patch, of February 2012. */
export const v6 = known("v6");
/** The profile of Linux 6.12. */
export const upstream = known("upstream");
