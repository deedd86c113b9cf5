// The object graph of a machine, from the kernel: what a snapshot would copy. An object is plain data, an
// instance of a registered class, or a constant, which all machines share. A host handle ends the walk: its
// owner supplies it again. Anything else is an offence, reported with its path.

import { isBuiltIn } from "./graph.ts";

/** The names of classes and constants; see registry.ts. */
export interface Registry {
  /** `file:Class`. */
  classOf(constructor: object): string | undefined;
  /** True for an object or function that belongs to the program text, not to a machine. */
  isConstant(value: object): boolean;
  /** True for a field with an object of the host or of the processor, which the owner of a copy supplies. */
  isHandle(className: string, field: string): boolean;
  /** True for a field that is computed again. */
  isDerived(className: string, field: string): boolean;
}

/** A value that no snapshot can copy. */
export interface Offence {
  /** The shortest path from the root: `kernel.tasks.get(2).files`. */
  readonly path: string;
  readonly what: string;
}

/** The result of a walk. */
export interface Walk {
  readonly offences: readonly Offence[];
  /** Instances by the name of their class, or of the built-in one. */
  readonly counts: ReadonlyMap<string, number>;
  /** The objects of the machine, handles and constants not included. */
  readonly own: ReadonlySet<object>;
  /** The path of an object. */
  pathOf(value: object): string;
}

const BUILT_IN: ReadonlyMap<object | null, string> = new Map<object | null, string>([
  [Object.prototype, "object"],
  [null, "object"],
  [Array.prototype, "Array"],
  [Map.prototype, "Map"],
  [Set.prototype, "Set"],
  [ArrayBuffer.prototype, "ArrayBuffer"],
  [DataView.prototype, "DataView"],
  ...[Uint8Array, Uint16Array, Uint32Array, Int8Array, Int16Array, Int32Array, Float64Array, BigInt64Array, BigUint64Array].map(
    (array): [object, string] => [array.prototype, array.name],
  ),
]);

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";
const keyText = (key: unknown): string =>
  isObject(key) ? `(${key.constructor?.name ?? "object"})` : JSON.stringify(key, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
const isIndex = (name: string): boolean => /^\d+$/.test(name);

/** Walks all that can be reached from `root`. `name` begins the paths. */
export const walk = (root: object, name: string, registry: Registry): Walk => {
  /** How an object was reached first: from which one, by which step. */
  const reached = new Map<object, { readonly from: object | undefined; readonly step: string }>();
  const own = new Set<object>();
  const counts = new Map<string, number>();
  const offences: Offence[] = [];
  const pathOf = (value: object): string => {
    const steps: string[] = [];
    for (let at: object | undefined = value; at; ) {
      const way = reached.get(at);
      steps.unshift(way?.step ?? "?");
      at = way?.from;
    }
    return steps.join("");
  };
  const queue: object[] = [];
  const reach = (value: unknown, from: object | undefined, step: string): void => {
    if (typeof value === "symbol") offences.push({ path: `${from ? pathOf(from) : ""}${step}`, what: String(value) });
    if (!isObject(value) || reached.has(value)) return;
    reached.set(value, { from, step });
    if (!registry.isConstant(value)) queue.push(value);
  };
  const offend = (value: object, what: string): void => void offences.push({ path: pathOf(value), what });

  reach(root, undefined, name);
  for (let i = 0; i < queue.length; i++) {
    const value = queue[i] as object;
    if (typeof value === "function") {
      offend(value, `function ${value.name || "without a name"}`);
      continue;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    const builtIn = BUILT_IN.get(prototype);
    const constructor = prototype?.constructor;
    const base = constructor && registry.classOf(constructor);
    const isOver = base !== undefined && constructor?.prototype !== prototype;
    const className = builtIn ?? (isOver ? `over ${base}` : base);
    if (className === undefined) {
      offend(value, `instance of ${constructor?.name ?? "an unknown prototype"}, which is not registered`);
      continue;
    }
    if (builtIn === undefined && isBuiltIn(value)) offend(value, `instance of ${className}, which extends a built-in class`);
    own.add(value);
    // An object over another one: what it does not have itself, the other has.
    if (isOver) reach(prototype, value, ".(prototype)");
    counts.set(className, (counts.get(className) ?? 0) + 1);
    if (value instanceof Map) {
      for (const [key, item] of value) {
        reach(key, value, `.key(${keyText(key)})`);
        reach(item, value, `.get(${keyText(key)})`);
      }
    } else if (value instanceof Set) for (const item of value) reach(item, value, `.has(${keyText(item)})`);
    else if (ArrayBuffer.isView(value)) {
      reach(value.buffer, value, ".buffer");
      continue;
    } else if (value instanceof ArrayBuffer) continue;
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === "string" && (registry.isHandle(className, key) || registry.isDerived(className, key))) continue;
      const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
      const step = typeof key === "symbol" ? `[${String(key)}]` : isIndex(key) ? `[${key}]` : `.${key}`;
      if (typeof key === "symbol") offences.push({ path: pathOf(value) + step, what: "property named by a symbol" });
      if (property.get || property.set) offences.push({ path: pathOf(value) + step, what: "getter or setter" });
      else reach(property.value, value, step);
    }
  }
  return { offences, counts, own, pathOf };
};
