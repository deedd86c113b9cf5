// A filter as lines for a systemd unit, as near as they come: calls as a whole, one list for all
// architectures. man systemd.exec(5)
import { type Abi, i386, x32, x64 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { actionOf, compare, type Diagram, type Difference, dataOf, isUndecided, upstream } from "../../../seccomp/index.ts";
import { Source } from "../../input/source.ts";
import { isKnownName, knownNames, numberOf } from "../../names.ts";
import { compileSystemd } from "./compile.ts";
import { systemdGroups } from "./groups.ts";
import { readSystemd } from "./systemd.ts";

const ABIS = [x64, i386, x32];
const WIDTH = 100;
const ENOSYS = 38;
/** No ABI has a call of this number. */
const UNKNOWN = 0x3000_0000;

/**
 * The outcomes that lines can express: the call passes, passes and is logged, ends the process, or gives an
 * error.
 */
type Outcome = "allow" | "log" | "kill" | number;

/** The most restrictive outcome of a call over all arguments. */
const outcomeOf = (diagram: Diagram, arch: number, sys_number: number): Outcome => {
  const values = diagram.restrict({ arch, sys_number }).values();
  const lowest = Math.min(...values.decided.filter((value) => !isUndecided(value)).map((value) => value | 0));
  if (values.undecided.length > 0) return "kill";
  const action = actionOf(upstream.returns, lowest);
  return action === "allow" || action === "log" ? action : action === "errno" ? dataOf(lowest) : "kill";
};
/** True if calls behind a multiplexer of i386 have different verdicts: they have names of their own. */
const isMixed = (diagram: Diagram, name: string, { auditArch: arch }: Abi, sys_number: number): boolean =>
  (name === "socketcall" || name === "ipc") && diagram.restrict({ arch, sys_number }).values().decided.length > 1;
const order = (outcome: Outcome): number => ["kill", "", "log", "allow"].indexOf(typeof outcome === "number" ? "" : outcome);

const errorText = (outcome: Outcome): string =>
  typeof outcome === "number" ? (Object.keys(E).find((name) => E[name as keyof typeof E] === outcome) ?? String(outcome)) : "kill";

const lines = (key: string, words: readonly string[], sign = ""): string => {
  const list: string[] = [];
  for (const word of words) {
    const last = list.at(-1);
    if (last !== undefined && key.length + sign.length + last.length + word.length + 2 <= WIDTH) list[list.length - 1] = `${last} ${word}`;
    else list.push(word);
  }
  return list.map((line) => `${key}=${sign}${line}\n`).join("");
};
const mostCommon = (outcomes: Iterable<Outcome>): Outcome | undefined => {
  const counts = new Map<Outcome, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
};
const groupMembers = (group: string): readonly string[] =>
  (systemdGroups[group] as readonly string[]).flatMap((name) => (name.startsWith("@") ? groupMembers(name) : name)).filter(isKnownName);

const textOf = (diagram: Diagram): string => {
  const outcomes = (abi: Abi): ReadonlyMap<string, Outcome> =>
    new Map(
      knownNames().flatMap((name) => {
        const number = numberOf(name, abi);
        if (number === undefined || isMixed(diagram, name, abi, number)) return [];
        return [[name, outcomeOf(diagram, abi.auditArch, number)]];
      }),
    );
  const byAbi = new Map(ABIS.map((abi) => [abi, outcomes(abi)]));
  const open = ABIS.filter((abi) => abi === x64 || [...(byAbi.get(abi)?.values() ?? [])].some((outcome) => outcome !== "kill"));
  const merged = new Map<string, Outcome>();
  for (const abi of open) {
    for (const [name, outcome] of byAbi.get(abi) ?? []) {
      const there = merged.get(name);
      if (there === undefined || order(outcome) < order(there)) merged.set(name, outcome);
    }
  }
  const passes = (outcome: Outcome | undefined): boolean => outcome === "allow" || outcome === "log";
  const refused = [...merged].filter(([, outcome]) => !passes(outcome));
  const allows = !passes(outcomeOf(diagram, x64.auditArch, UNKNOWN));
  const native = refused.filter(([name]) => numberOf(name, x64) !== undefined);
  const refusal = mostCommon((allows ? native : refused).flatMap(([, outcome]) => (outcome === 0 ? [] : outcome))) ?? "kill";
  const byDefault = new Set(groupMembers("@default"));
  const known = new Set(systemdGroups["@known"]);
  const own = refused.filter(([name, outcome]) => {
    if (!allows) return true;
    const otherwise = known.has(name) && numberOf(name, x64) !== undefined ? refusal : ENOSYS;
    return byDefault.has(name) || (outcome !== otherwise && outcome !== ENOSYS);
  });
  const without = allows ? own.filter(([, outcome]) => outcome === refusal || outcome === ENOSYS) : [];
  const words = own
    .filter(([name]) => !without.some(([other]) => other === name && byDefault.has(other)))
    .map(([name, outcome]) => (outcome === refusal && !allows ? name : `${name}:${errorText(outcome)}`));
  const logs = outcomeOf(diagram, x64.auditArch, UNKNOWN) === "log";
  const logged = [...merged].flatMap(([name, outcome]) => (outcome === (logs ? "allow" : "log") ? [name] : []));
  return [
    open.length === ABIS.length
      ? ""
      : lines("SystemCallArchitectures", ["native", ...open.flatMap((abi) => (abi === x64 ? [] : abi === i386 ? ["x86"] : ["x32"]))]),
    refusal === "kill" ? "" : lines("SystemCallErrorNumber", [errorText(refusal)]),
    allows
      ? lines("SystemCallFilter", [
          "write",
          ...[...merged].flatMap(([name, o]) => (passes(o) && !byDefault.has(name) && name !== "write" ? [name] : [])),
        ])
      : "",
    lines(
      "SystemCallFilter",
      without.filter(([name]) => byDefault.has(name)).map(([name]) => name),
      "~",
    ),
    lines("SystemCallFilter", allows ? words.filter((word) => !word.startsWith("write:")) : words, "~"),
    lines("SystemCallLog", logged, logs ? "~" : ""),
  ].join("");
};

/** The lines, and how the filters that systemd makes of them compare with the one that is to be written. */
export const systemdLines = (diagram: Diagram): { readonly text: string; readonly difference: Difference } => {
  const text = textOf(diagram) || "SystemCallFilter=\n";
  const written = compileSystemd(readSystemd(new Source("systemd", text)), diagram.nodes);
  return { text, difference: compare(diagram, written) };
};
