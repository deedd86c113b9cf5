// The types of all that a snapshot's file holds, checked as TypeScript has them: each field of each class has
// a
// value of its declared type. The table is types.ts. A type says nothing about numbers; validate.ts does.

import { classes } from "../classes.ts";
import type { Item } from "../graph.ts";
import { badFile } from "./binary.ts";
import { VIEWS } from "./format.ts";
import { types } from "./types.ts";

/**
 * A type. Texts: `u` undefined, `0` null, `b` boolean, `n` number, `i` bigint, `s` text, `f` a function of
 * the
 * program, `B` an ArrayBuffer, `v:NAME` a typed array, `h:KIND` an object of the host, `@ROW` a row of the
 * table,
 * `?` anything, `x` nothing that a file can hold. Lists: union, literals, array, tuple, map, set, dictionary.
 * `c`: an object of this class, whose fields have the types of row `o`.
 */
export type Expression =
  | string
  | readonly ["|" | "t", ...Expression[]]
  | readonly ["l", ...(string | number | boolean)[]]
  | readonly ["a" | "S" | "d", Expression]
  | readonly ["m", Expression, Expression]
  | { readonly c: string; readonly o: string };
/** The types of fields. Of an interface, with the classes that have it. */
export type FieldTypes = Readonly<Record<string, Expression>>;
/** A row of the table: of a class, or of an interface. */
export type TypeRow = FieldTypes | readonly [fields: FieldTypes, classes: readonly string[]];

/** Objects of the host that a file names. */
export interface Hosts {
  node(value: unknown): boolean;
  tree(value: unknown): boolean;
  /** Contents of a file that the owner gave. */
  bytes(value: unknown): boolean;
  /** The network and the store that the owner gave. */
  network(value: unknown): boolean;
  store(value: unknown): boolean;
}

const rows = new Map(types);
const constructors = new Map([...classes].map(([name, made]) => [name, made() as new () => object]));
/** A class and all that extend it. */
const kinds = new Map(
  [...constructors].map(([name, made]) => {
    const isKind = ([, other]: readonly [string, new () => object]): boolean =>
      other === made || Object.prototype.isPrototypeOf.call(made.prototype as object, other.prototype as object);
    return [name, new Set([...constructors].filter(isKind).map(([each]) => each))] as const;
  }),
);

/** Where a type is wrong: a path is made only then. */
type Test = (ref: number, value: unknown) => boolean;
type Values = { readonly length: number; ref(i: number): number; value(i: number): unknown };

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";
/** Text of a number that no state has: NaN, or a fraction where there is none. */
const isNumber = (value: unknown): boolean => typeof value === "number" && !Number.isNaN(value);
/** Kernel.objectNumber() gives it to objects of all classes. */
const NUMBER = "objectNumber";
const plain = new Set<object | null>([Object.prototype, null]);

class TypeCheck {
  private readonly _items: readonly Item[];
  private readonly _hosts: Hosts;
  private readonly _tests = new Map<string, Test>();
  /** Answers for pairs of a type and an item or a constant; a pair in progress counts as right. */
  private readonly _answers = new Map<string, Map<number | object, boolean>>();
  private readonly _trail: [Map<number | object, boolean>, number | object][] = [];

  constructor(items: readonly Item[], hosts: Hosts) {
    this._items = items;
    this._hosts = hosts;
  }

  /** The objects that are wrong, in words. */
  *run(): Generator<string, void> {
    for (let n = 0; n < this._items.length; n++) {
      const item = this._items[n] as Item;
      if (item.kind !== "object") continue;
      const name = this._nameOf(n);
      if (!constructors.has(name)) continue;
      const wrong = this._whole(item, n, rows.get(name) as FieldTypes);
      if (wrong !== undefined) yield `${name}.${wrong}`;
    }
  }
  /** An object of a class has the fields of its class, and no others. */
  private _whole(item: Extract<Item, { kind: "object" }>, n: number, fields: FieldTypes): string | undefined {
    const others = Object.keys(item.template).filter((key) => !Object.hasOwn(fields, key));
    const more = others.find(
      (key) => !item.supplied.includes(key) && item.template[key] !== undefined && !(key === NUMBER && isNumber(item.template[key])),
    );
    return more === undefined ? this._wrongField(n, fields, typeof item.proto === "number") : `${more} is no field`;
  }
  /** The first field with a wrong value. */
  private _wrongField(n: number, fields: FieldTypes, isPart = false): string | undefined {
    const item = this._items[n] as Extract<Item, { kind: "object" }>;
    const { keys, refs, template } = item;
    const refOf = new Map<string, number>();
    for (let i = 0; i < keys.length; i++) refOf.set(keys[i] as string, refs[i] as number);
    return Object.keys(fields).find((key) => {
      // An object over another one has that one's fields.
      if (isPart && !Object.hasOwn(template, key)) return false;
      const value = Object.hasOwn(template, key) ? template[key] : undefined;
      return !this._of(fields[key] as Expression)(refOf.get(key) ?? -1, value);
    });
  }

  private _of(type: Expression): Test {
    const key = typeof type === "string" ? type : JSON.stringify(type);
    let test = this._tests.get(key);
    if (!test) this._tests.set(key, (test = this._make(type, key)));
    return test;
  }
  /** The answer for a pair. A wrong one takes back what was concluded from its being right. */
  private _answer(key: string, subject: number | object, find: () => boolean): boolean {
    let answers = this._answers.get(key);
    if (!answers) this._answers.set(key, (answers = new Map()));
    const known = answers.get(subject);
    if (known !== undefined) return known;
    const before = this._trail.length;
    answers.set(subject, true);
    this._trail.push([answers, subject]);
    if (find()) return true;
    while (this._trail.length > before) {
      const [of, each] = this._trail.pop() as (typeof this._trail)[number];
      of.delete(each);
    }
    answers.set(subject, false);
    return false;
  }
  private _make(type: Expression, key: string): Test {
    if (typeof type === "string") return this._simple(type);
    if (!Array.isArray(type)) {
      const { c, o } = type as { readonly c: string; readonly o: string };
      const isOf = this._class(c);
      const fields = rows.get(o) as FieldTypes;
      return (ref, value) => isOf(ref, value) && (ref < 0 || this._answer(key, ref, () => this._wrongField(ref, fields) === undefined));
    }
    const [how, ...rest] = type as readonly [string, ...Expression[]];
    if (how === "l") return (ref, value) => ref < 0 && (rest as readonly unknown[]).includes(value);
    if (how === "|") {
      const tests = rest.map((each) => this._of(each));
      return (ref, value) => tests.some((test) => test(ref, value));
    }
    const inner = rest.map((each) => () => this._of(each));
    return (ref, value) => {
      const subject = ref >= 0 ? ref : value;
      if (!isObject(subject) && ref < 0) return false;
      return this._answer(key, subject as number | object, () => this._collection(how, inner, ref, value));
    };
  }
  /** The elements of an item or of a constant. */
  private _elements(kind: "array" | "map" | "set", ref: number, value: unknown): Values | undefined {
    const none = () => -1;
    if (ref >= 0) {
      const item = this._items[ref] as Item;
      if (item.kind !== kind) return undefined;
      if (item.kind !== "array") {
        const { elements, refs } = item as Extract<Item, { kind: "map" | "set" }>;
        return { length: elements.length, ref: (i) => refs[i] as number, value: (i) => elements[i] };
      }
      const refOf = new Map(item.keys.map((at, i) => [at, item.refs[i] as number]));
      return { length: item.template.length, ref: (i) => refOf.get(i) ?? -1, value: (i) => item.template[i] };
    }
    const list =
      kind === "array" && Array.isArray(value)
        ? value
        : kind === "map" && value instanceof Map
          ? [...value].flat(1)
          : kind === "set" && value instanceof Set
            ? [...value]
            : undefined;
    return list && { length: list.length, ref: none, value: (i) => list[i] };
  }
  private _collection(how: string, inner: readonly (() => Test)[], ref: number, value: unknown): boolean {
    if (how === "d") return this._dictionary(inner[0]?.() as Test, ref, value);
    const elements = this._elements(how === "m" ? "map" : how === "S" ? "set" : "array", ref, value);
    if (!elements || (how === "t" && elements.length !== inner.length)) return false;
    const tests = inner.map((make) => make());
    const step = how === "m" ? 2 : how === "t" ? inner.length : 1;
    for (let i = 0; i < elements.length; i++) {
      const test = tests[i % step] as Test;
      const [at, one] = [elements.ref(i), elements.value(i)];
      // A hole, or a place that is free.
      if (
        how === "a" &&
        at < 0 &&
        one === undefined &&
        ref >= 0 &&
        !(i in ((this._items[ref] as { readonly template: unknown[] }).template ?? []))
      )
        continue;
      if (!test(at, one)) return false;
    }
    return true;
  }
  private _dictionary(test: Test, ref: number, value: unknown): boolean {
    if (ref < 0) return isObject(value) && Object.values(value).every((each) => test(-1, each));
    const item = this._items[ref] as Item;
    if (item.kind !== "object" || !(item.proto === null || item.proto === Object.prototype)) return false;
    const refOf = new Map(item.keys.map((key, i) => [key, item.refs[i] as number]));
    return Object.keys(item.template).every((key) => test(refOf.get(key) ?? -1, item.template[key]));
  }

  private _simple(type: string): Test {
    switch (type) {
      case "?":
        return () => true;
      case "x":
        return () => false;
      case "u":
        return (ref, value) => ref < 0 && value === undefined;
      case "0":
        return (ref, value) => ref < 0 && value === null;
      case "b":
        return (ref, value) => ref < 0 && typeof value === "boolean";
      case "n":
        return (ref, value) => ref < 0 && isNumber(value);
      case "i":
        return (ref, value) => ref < 0 && typeof value === "bigint";
      case "s":
        return (ref, value) => ref < 0 && typeof value === "string";
      case "f":
        return (ref, value) => ref < 0 && typeof value === "function";
      case "B":
        return (ref, value) => (ref < 0 ? value instanceof ArrayBuffer : this._items[ref]?.kind === "buffer");
      case "h:node":
        return (ref, value) => ref < 0 && this._hosts.node(value);
      case "h:tree":
        return (ref, value) => ref < 0 && this._hosts.tree(value);
      case "h:bytes":
        return (ref, value) => ref < 0 && this._hosts.bytes(value);
      case "h:network":
        return (ref, value) => ref < 0 && this._hosts.network(value);
      case "h:store":
        return (ref, value) => ref < 0 && this._hosts.store(value);
      case "h:sink":
        return (ref) => ref >= 0 && this._items[ref]?.kind === "port";
    }
    if (type.startsWith("v:")) {
      const make = VIEWS[type.slice(2) as keyof typeof VIEWS] as new () => object;
      return (ref, value) => {
        const item = this._items[ref];
        return ref < 0 ? value instanceof make : item?.kind === "view" && item.make === (make as unknown);
      };
    }
    const name = type.slice(1);
    const row = rows.get(name) as TypeRow;
    if (!Array.isArray(row)) return this._class(name);
    return this._interface(row as readonly [FieldTypes, readonly string[]], name);
  }
  /** An object of a class, or of one that extends it; or an object over one. */
  private _class(name: string): Test {
    const wanted = kinds.get(name) as ReadonlySet<string>;
    const make = constructors.get(name) as new () => object;
    return (ref, value) => (ref < 0 ? value instanceof make : wanted.has(this._nameOf(ref)));
  }
  private _nameOf(ref: number): string {
    const item = this._items[ref] as Item;
    if (item.kind !== "object") return "";
    return typeof item.proto === "number" ? this._nameOf(item.proto) : item.name;
  }
  private _interface([fields, having]: readonly [FieldTypes, readonly string[]], name: string): Test {
    const wanted = new Set(having.flatMap((each) => [...(kinds.get(each) ?? [])]));
    return (ref, value) => {
      if (ref < 0) {
        if (!isObject(value) || this._isHost(value)) return false;
        return this._answer(name, value, () => this._constant(fields, value));
      }
      const item = this._items[ref] as Item;
      if (item.kind !== "object") return false;
      const of = this._nameOf(ref);
      if (constructors.has(of)) return wanted.has(of);
      return plain.has(item.proto as object | null) && this._answer(name, ref, () => this._wrongField(ref, fields) === undefined);
    };
  }
  private _isHost(value: unknown): boolean {
    return this._hosts.node(value) || this._hosts.tree(value) || this._hosts.bytes(value);
  }
  private _constant(fields: FieldTypes, value: object): boolean {
    return Object.keys(fields).every((key) => this._of(fields[key] as Expression)(-1, (value as Record<string, unknown>)[key]));
  }
}

/** The fields with a value of another type than their class declares. */
export const wrongTypes = (items: readonly Item[], hosts: Hosts): Iterable<string> => new TypeCheck(items, hosts).run();
/** Throws a Problem if an object has a field of another type than its class declares. */
export const checkTypes = (items: readonly Item[], hosts: Hosts): void => {
  try {
    for (const wrong of wrongTypes(items, hosts)) throw badFile(`${wrong} has another type`);
  } catch (error) {
    if (error instanceof RangeError) throw badFile("its objects are nested too deep");
    throw error;
  }
};

/**
 * The fields of classes that lead to an object of the same class: the class, the field, and all classes with
 * it.
 */
export const fieldsToSelf = (): readonly (readonly [name: string, field: string, classes: readonly string[]])[] =>
  [...kinds].flatMap(([name, own]) =>
    Object.entries(rows.get(name) as FieldTypes).flatMap(([field, type]) => {
      const parts = Array.isArray(type) && type[0] === "|" ? (type.slice(1) as readonly unknown[]) : [type];
      const leads = parts.some((part) => typeof part === "string" && part.startsWith("@") && kinds.get(part.slice(1))?.has(name));
      return leads ? [[name, field, [...own]] as const] : [];
    }),
  );
