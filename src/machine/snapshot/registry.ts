// The registry of a walk: classes, constants, and fields that end it.
import { makerName } from "../../kernel/fs/proc/tree/derived.ts";
import { classes } from "./classes.ts";
import { constants } from "./constants.ts";
import { derived, handles } from "./fields.ts";
import type { ClassFacts, Facts } from "./graph.ts";
import type { Registry } from "./walk.ts";

const known = new WeakMap<object, string | undefined>();
const namesakes = new Map<string, string[]>();
for (const name of classes.keys()) {
  const own = name.slice(name.lastIndexOf(":") + 1);
  const same = namesakes.get(own);
  if (same) same.push(name);
  else namesakes.set(own, [name]);
}
const isClass = (value: object): boolean =>
  typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
/** Names of a class in our text. esbuild puts `_` before a name, or a number behind it, to tell two apart. */
export const ownNames = (name: string): readonly string[] => {
  const own = name.replace(/^_/, "");
  return [own, own.replace(/\d+$/, "")];
};
const nameIn = (made: object | undefined): string => (made as { readonly name: string } | undefined)?.name ?? "";
let areNamesKept: boolean | undefined;
/** A page has short names in the place of ours. */
const keepsNames = (): boolean =>
  (areNamesKept ??= [...namesakes].slice(0, 1).every(([own, [name = ""]]) => ownNames(nameIn(classes.get(name)?.())).includes(own)));
/** The name of a class. Only those with its own name are looked at, so that a bundle loads no others. */
const nameOfClass = (made: object): string | undefined => {
  if (!isClass(made) || known.has(made)) return known.get(made);
  const names = keepsNames() ? ownNames(nameIn(made)).flatMap((own) => namesakes.get(own) ?? []) : [...classes.keys()];
  const found = names.find((name) => classes.get(name)?.() === made);
  known.set(made, found);
  return found;
};

/** All objects and functions of the constants. */
const reachable = (): ReadonlySet<object> => {
  const found = new Set<object>();
  const queue: unknown[] = Object.values(constants());
  for (let i = 0; i < queue.length; i++) {
    const value = queue[i];
    if ((typeof value !== "object" || value === null) && typeof value !== "function") continue;
    if (found.has(value)) continue;
    found.add(value);
    // What a class holds for all of its objects is no part of a table.
    if (isClass(value)) continue;
    if (value instanceof Map) queue.push(...value.keys(), ...value.values());
    else if (value instanceof Set) queue.push(...value);
    else if (!ArrayBuffer.isView(value)) queue.push(...Object.values(value));
  }
  return found;
};

/** The registry, with the constants of now. */
export const registry = (): Registry => {
  const constant = reachable();
  return {
    classOf: nameOfClass,
    isConstant: (value) => constant.has(value) || nameOfClass(value) !== undefined || makerName(value) !== undefined,
    isHandle: (className, field) => handles[className]?.[field] !== undefined,
    isDerived: (className, field) => derived[className]?.includes(field) ?? false,
  };
};

const factsByPrototype = new WeakMap<object, ClassFacts | undefined>();
/** The facts about a class by its prototype. */
const factsOf = (prototype: object | null): ClassFacts | undefined => {
  if (prototype === null) return undefined;
  if (factsByPrototype.has(prototype)) return factsByPrototype.get(prototype);
  const name = Object.hasOwn(prototype, "constructor") ? nameOfClass(prototype.constructor) : undefined;
  const found = name === undefined ? undefined : { name, handles: handles[name], derived: derived[name] && new Set(derived[name]) };
  factsByPrototype.set(prototype, found);
  return found;
};

/** The same for copies of a machine, with the constants of now. */
export const facts = (): Facts => {
  const constant = reachable();
  return {
    of: factsOf,
    isConstant: (value) =>
      constant.has(value) || (typeof value === "function" && (nameOfClass(value) !== undefined || makerName(value) !== undefined)),
  };
};
