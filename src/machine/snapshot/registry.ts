// The registry of a walk: classes, constants, and fields that end it.
import { makerName } from "../../kernel/fs/proc/tree/derived.ts";
import { classes } from "./classes.ts";
import { constants } from "./constants.ts";
import { derived, handles } from "./fields.ts";
import type { ClassFacts, Facts } from "./graph.ts";
import type { Registry } from "./walk.ts";

let named: ReadonlyMap<object, string> | undefined;
/** The names of all classes. */
const classNames = (): ReadonlyMap<object, string> => (named ??= new Map([...classes].map(([name, constructor]) => [constructor(), name])));

/** All objects and functions of the constants. */
const reachable = (): ReadonlySet<object> => {
  const names = classNames();
  const found = new Set<object>();
  const queue: unknown[] = Object.values(constants());
  for (let i = 0; i < queue.length; i++) {
    const value = queue[i];
    if ((typeof value !== "object" || value === null) && typeof value !== "function") continue;
    if (found.has(value) || names.has(value)) continue;
    found.add(value);
    if (value instanceof Map) queue.push(...value.keys(), ...value.values());
    else if (value instanceof Set) queue.push(...value);
    else if (!ArrayBuffer.isView(value)) queue.push(...Object.values(value));
  }
  return found;
};

/** The registry, with the constants of now. */
export const registry = (): Registry => {
  const known = reachable();
  const names = classNames();
  return {
    classOf: (constructor) => names.get(constructor),
    isConstant: (value) => known.has(value) || names.has(value) || makerName(value) !== undefined,
    isHandle: (className, field) => handles[className]?.[field] !== undefined,
    isDerived: (className, field) => derived[className]?.includes(field) ?? false,
  };
};

let byPrototype: ReadonlyMap<object, ClassFacts> | undefined;
/** The facts about classes by their prototypes. */
const factsOf = (): ReadonlyMap<object, ClassFacts> =>
  (byPrototype ??= new Map(
    [...classNames()].map(([constructor, name]) => [
      (constructor as { readonly prototype: object }).prototype,
      { name, handles: handles[name], derived: derived[name] && new Set(derived[name]) },
    ]),
  ));

/** The same for copies of a machine, with the constants of now. */
export const facts = (): Facts => {
  const known = reachable();
  const [names, ofPrototype] = [classNames(), factsOf()];
  return {
    of: (prototype) => ofPrototype.get(prototype),
    isConstant: (value) => known.has(value) || (typeof value === "function" && (names.has(value) || makerName(value) !== undefined)),
  };
};
