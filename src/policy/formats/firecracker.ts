// Firecracker's filters, as its seccompiler gives them to libseccomp: x86-64 alone, a dword's equality on 32
// bits, other comparisons on 64.
import { x64 } from "../../abi/abi.ts";
import { didYouMean } from "../../nearest.ts";
import { returnValue, upstream } from "../../seccomp/index.ts";
import { checked } from "../input/checked.ts";
import { parseJson } from "../input/json.ts";
import type { Source } from "../input/source.ts";
import { isKnownName, knownNames } from "../names.ts";
import type { Comparison, Operator, Profile, Rule } from "../profile.ts";
import type { FirecrackerAction, FirecrackerCondition } from "./firecracker-schema.ts";

const actionOf = (action: FirecrackerAction): number => {
  if (typeof action === "string") return returnValue(upstream.returns, action) as number;
  if ("errno" in action) return returnValue(upstream.returns, "errno", action.errno) as number;
  return returnValue(upstream.returns, "trace", action.trace) as number;
};

const comparisonOf = ({ index, type, op, val }: FirecrackerCondition): Comparison => {
  const at = index as Comparison["index"];
  if (typeof op !== "string") return { index: at, op: "MASKED_EQ", value: op.masked_eq, valueTwo: val };
  if (op === "eq" && type === "dword") return { index: at, op: "MASKED_EQ", value: 0xffff_ffffn, valueTwo: val };
  return { index: at, op: op.toUpperCase() as Operator, value: val, valueTwo: 0n };
};

/** The filter of one thread, which must be named if there are several. Throws a Problem. */
export const readFirecracker = async (source: Source, thread: string | undefined): Promise<Profile> => {
  const document = parseJson(source);
  const { firecrackerFilters } = await import("./firecracker-schema.ts");
  const filters = checked(firecrackerFilters, document, source);
  const names = Object.keys(filters);
  const name = thread ?? (names.length === 1 ? (names[0] as string) : undefined);
  const filter = name === undefined ? undefined : filters[name];
  if (!filter) {
    const message = name === undefined ? "there are filters of several threads" : `there is no thread "${name}"`;
    throw source.problem(document.placeOf([]), message, `one of ${names.join(", ")} is meant`);
  }
  const rules = filter.filter.map(({ syscall, args }, n): Rule => {
    const place = document.placeOf([name as string, "filter", n, "syscall"]);
    if (!isKnownName(syscall))
      throw source.problem(place, `there is no system call "${syscall}"`, didYouMean(syscall, knownNames()), "policy-call");
    const list = args ?? [];
    if (list.some((a, i) => list.findIndex((b) => b.index === a.index) !== i)) {
      throw source.problem(place, `${syscall}: several conditions on one argument`, "libseccomp takes one for each argument of a rule");
    }
    return { names: [syscall], action: actionOf(filter.filter_action), args: list.map(comparisonOf), places: [place], place };
  });
  const defaultAction = actionOf(filter.default_action);
  if (rules.some(({ action }) => action === defaultAction)) {
    throw source.problem(
      document.placeOf([name as string, "filter_action"]),
      "filter_action is the default_action",
      "libseccomp refuses such rules",
    );
  }
  return { source, defaultAction, abis: [x64], rules, warnings: [] };
};
