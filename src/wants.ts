// Checks of the arguments of exported functions, before any work: the first mistake becomes a Problem that
// names it. The types of TypeScript find most of them earlier; JavaScript and generated lists have none.
// See docs/decisions/0059-checks-of-arguments.md for the reasons against zod.
import { didYouMean } from "./nearest.ts";
import { Problem } from "./problem.ts";
import type { ProblemKind } from "./problem-table.ts";

/** What is wrong with a value, and where in it. */
interface Fault {
  /** Keys and indices that lead to the wrong part. */
  readonly path: readonly (string | number)[];
  /** The rest of the sentence behind the path. */
  readonly text: string;
  readonly help?: string | undefined;
  readonly kind?: ProblemKind | undefined;
}
/** A requirement: undefined if the value meets it. `args`: all arguments of the call. */
export type Want = (value: unknown, args: readonly unknown[]) => Fault | undefined;

/** Characters of a value that a message shows. */
const SHOWN = 60;
/** A value of a caller in a message. */
export const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) {
    const name: unknown = value.constructor?.name;
    return `an object of class ${typeof name === "string" ? name : "null"}`;
  }
  return String(value);
};
/** Keys and indices as people write them: `options.arch[1]`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((before, key) => {
    if (typeof key === "number" || !/^[A-Za-z_]\w*$/.test(String(key))) return `${before}[${JSON.stringify(key)}]`;
    return before === "" ? String(key) : `${before}.${String(key)}`;
  }, "");

const must = (what: string, value: unknown, help?: string): Fault => ({ path: [], text: `must be ${what}, not ${shown(value)}`, help });
const below = (key: string | number, fault: Fault): Fault => ({ ...fault, path: [key, ...fault.path] });
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Any value for which a test holds. `what`: a noun for the message. */
export const wants =
  (what: string, test: (value: unknown, args: readonly unknown[]) => boolean, help?: string): Want =>
  (value, args) =>
    test(value, args) ? undefined : must(what, value, help);

/** No requirement. */
export const anything: Want = () => undefined;
/** A string. */
export const aText = wants("a string", (value) => typeof value === "string");
/** A boolean. */
export const aFlag = wants("true or false", (value) => typeof value === "boolean");
/** A function. */
export const aFunction = wants("a function", (value) => typeof value === "function");
/** By its tag: `instanceof` is false for arrays of another realm, as test runners have them. */
const isTyped = (value: unknown, tag: string): boolean =>
  ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === `[object ${tag}]`;
/** A Uint8Array. */
export const someBytes = wants("a Uint8Array", (value) => isTyped(value, "Uint8Array"));
/** True for a Uint32Array of any realm with at least so many words. */
export const hasWords = (value: unknown, count: number): boolean => isTyped(value, "Uint32Array") && (value as Uint32Array).length >= count;
/** A Uint32Array of so many words. */
export const wordsOfCount = (count: number): Want => wants(`a Uint32Array of ${count} words`, (value) => hasWords(value, count));
/** A whole number between two, both included. */
export const wholeNumber = (least: number, most: number): Want =>
  wants(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  );
/** 32 bits without a sign, as return values, numbers and addresses of instructions are. */
export const word32 = wholeNumber(0, 0xffff_ffff);
/** A number of at most 64 bits. A negative one stands for its two's complement. */
export const aNumber = wants("a whole number or a bigint of at most 64 bits", (value) => {
  if (typeof value === "number") return Number.isSafeInteger(value);
  return typeof value === "bigint" && value >= -(2n ** 63n) && value < 2n ** 64n;
});
/** A bigint of 64 bits without a sign. */
export const unsigned64 = wants("a bigint from 0 to 2^64 - 1", (value) => typeof value === "bigint" && value >= 0n && value < 2n ** 64n);

/** A name out of a list. */
export const oneOf = (names: readonly string[], kind?: ProblemKind): Want => {
  const known = new Set<unknown>(names);
  return (value) => {
    if (known.has(value)) return undefined;
    const near = typeof value === "string" ? didYouMean(value, names) : undefined;
    return {
      path: [],
      text: `cannot be ${shown(value)}`,
      help: near ?? (names.length < 40 ? `there are ${names.join(", ")}` : undefined),
      kind,
    };
  };
};
/** An object that only the library makes. */
export const instanceOf = (what: string, ofClass: () => abstract new (...args: never[]) => object): Want =>
  wants(what, (value) => value instanceof ofClass());
/** undefined, or a value that meets the requirement. */
export const optional =
  (want: Want): Want =>
  (value, args) =>
    value === undefined ? undefined : want(value, args);
/** One of several requirements. `what` names them all. */
export const either = (what: string, ...some: readonly Want[]): Want =>
  wants(what, (value, args) => some.some((want) => want(value, args) === undefined));
/** Each item of an array meets the requirement. */
export const listOf =
  (item: Want, least = 0): Want =>
  (value, args) => {
    if (!Array.isArray(value)) return must("an array", value);
    if (value.length < least) return { path: [], text: `must have at least ${least} item${least === 1 ? "" : "s"}` };
    for (let i = 0; i < value.length; i++) {
      const fault = item(value[i], args);
      if (fault) return below(i, fault);
    }
    return undefined;
  };

/** A requirement for each member of an interface: a new member must be added to its shape. */
export type Members<T> = { readonly [K in keyof Required<T>]: Want };
const memberFault = (
  value: Record<string, unknown>,
  members: Readonly<Record<string, Want>>,
  args: readonly unknown[],
): Fault | undefined => {
  for (const key of Object.keys(members)) {
    const fault = (members[key] as Want)(value[key], args);
    if (fault) return below(key, fault);
  }
  return undefined;
};
/** An object with these members, and perhaps others. */
export const shapeOf =
  <T>(what: string, members: Members<T>): Want =>
  (value, args) =>
    isObject(value) && !Array.isArray(value) ? memberFault(value, members, args) : must(what, value);
/** An object of options, that the caller writes: other members are mistakes. */
export const optionsOf =
  <T>(members: Members<T>): Want =>
  (value, args) => {
    if (!isObject(value) || Array.isArray(value)) return must("an object", value);
    const names = Object.keys(members);
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(members, key)) continue;
      const help = didYouMean(key, names) ?? `there are ${names.join(", ")}`;
      return { path: [key], text: `is no option (its value is ${shown(value[key])})`, help, kind: "unknown-property" };
    }
    return memberFault(value, members, args);
  };

/** Checks the arguments of a function by their parameters. @throws {Problem} The first that is wrong. */
export const check = (name: string, parameters: Readonly<Record<string, Want>>, args: readonly unknown[]): void => {
  let at = 0;
  for (const parameter in parameters) {
    const fault = (parameters[parameter] as Want)(args[at++], args);
    if (!fault) continue;
    const { path, text: rest, help, kind = "bad-property-value" } = fault;
    throw new Problem(kind, `${name}: ${pathText([parameter, ...path])} ${rest}`, { help });
  }
};
/** The functions behind checks. */
const checked = new WeakMap<object, unknown>();
/** The function `f` with a check of its arguments. */
export const takes = <F extends (...args: never[]) => unknown>(name: string, parameters: Readonly<Record<string, Want>>, f: F): F => {
  const made = ((...args: never[]) => {
    check(name, parameters, args);
    return f(...args);
  }) as F;
  checked.set(made, f);
  return made;
};
/** The function behind the check, for callers whose values are their own. */
export const unchecked = <F extends (...args: never[]) => unknown>(f: F): F => (checked.get(f) as F | undefined) ?? f;
