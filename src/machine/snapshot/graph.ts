// An object graph as a value: each object of a machine is an item, and references between items are numbers.
// `capture` makes it from a live graph, `rebuild` makes new live graphs from it. Nothing in it aliases a live
// object, except constants of the program and objects of the host, which copies share.
import { Problem } from "../../problem.ts";
import type { Handle } from "./fields.ts";

type Fields = Record<string, unknown>;
/** Numbers of items by the key or index of a reference. */
type Refs<K> = readonly K[];

/** One object. `keys` and `refs` are parallel: the references of the object. */
export type Item =
  | {
      readonly kind: "object";
      readonly name: string;
      /** The prototype, or the item that is the prototype. */
      readonly proto: object | null | number;
      /** A shallow copy without its references. */
      readonly template: Fields;
      /** The number of its fields. */
      readonly count: number;
      readonly keys: Refs<string>;
      readonly refs: Refs<number>;
      /** Fields that the owner of a copy supplies. */
      readonly supplied: Refs<string>;
    }
  | { readonly kind: "array"; readonly template: unknown[]; readonly keys: Refs<number>; readonly refs: Refs<number> }
  /** The elements of a set, or keys and values of a map in turn. `refs`: -1 for an element without one. */
  | { readonly kind: "map" | "set"; readonly elements: readonly unknown[]; readonly refs: Refs<number> }
  | { readonly kind: "buffer"; readonly bytes: ArrayBuffer }
  | { readonly kind: "view"; readonly make: ViewMaker; readonly buffer: number; readonly offset: number; readonly length: number }
  /** An end of a stream: the owner supplies its other side. */
  | { readonly kind: "port"; readonly name: string; readonly queue: number };

type ViewMaker = new (buffer: ArrayBuffer, offset: number, length: number) => object;

/** A graph as a value. */
export interface Graph {
  readonly items: readonly Item[];
  readonly root: number;
}

/** The facts about one class. */
export interface ClassFacts {
  /** `file:Class`. */
  readonly name: string;
  /** By field. */
  readonly handles: Readonly<Record<string, Handle>> | undefined;
  /** Fields that are computed again. */
  readonly derived: ReadonlySet<string> | undefined;
}
/** The names of classes and constants; see registry.ts. */
export interface Facts {
  of(prototype: object): ClassFacts | undefined;
  isConstant(value: object): boolean;
}

const PLAIN: ClassFacts = { name: "object", handles: undefined, derived: undefined };
const VIEWS: ReadonlySet<object> = new Set(
  [Uint8Array, Uint16Array, Uint32Array, Int8Array, Int16Array, Int32Array, Float64Array, BigInt64Array, BigUint64Array, DataView].map(
    (view) => view.prototype,
  ),
);
const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";

type Maker = new () => Fields;
type Letter = "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l";
type Places = Record<Letter | `${Letter}${1 | 2 | 3}`, number>;
/**
 * V8 counts the fields that a function assigns, and gives its objects so many places. An object with fewer
 * places that gets many fields by computed names becomes a hash table: five to twenty times as slow to copy,
 * and slow for the kernel that uses it.
 */
const makerOf = (proto: object): Maker => {
  function Wide(this: Places, never?: boolean): void {
    if (!never) return;
    // biome-ignore format: 48 places
    this.a = this.b = this.c = this.d = this.e = this.f = this.g = this.h = this.i = this.j = this.k = this.l =
      this.a1 = this.b1 = this.c1 = this.d1 = this.e1 = this.f1 = this.g1 = this.h1 = this.i1 = this.j1 = this.k1 = this.l1 =
      this.a2 = this.b2 = this.c2 = this.d2 = this.e2 = this.f2 = this.g2 = this.h2 = this.i2 = this.j2 = this.k2 = this.l2 =
      this.a3 = this.b3 = this.c3 = this.d3 = this.e3 = this.f3 = this.g3 = this.h3 = this.i3 = this.j3 = this.k3 = this.l3 = 0;
  }
  Wide.prototype = proto;
  return Wide as unknown as Maker;
};
const makers = new WeakMap<object, Maker>();
/** Objects with so few fields have the places anyway. */
const FEW = 12;
/** An object with these fields, and places for `count`. */
export const withFields = (proto: object | null, fields: Fields, count: number): Fields => {
  if (proto === null || count <= FEW) return Object.assign(Object.create(proto) as Fields, fields);
  let maker = makers.get(proto);
  if (!maker) makers.set(proto, (maker = makerOf(proto)));
  return Object.assign(new maker(), fields);
};

/** True for an object with elements or bytes beside its fields. */
export const isBuiltIn = (value: object): boolean =>
  value instanceof Map || value instanceof Set || Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

/**
 * True for an object of the host in a replay: it answers by virtual time, and has no state. Copies of the
 * machine share it.
 */
export const isReplayed = (value: object): boolean => (value as { readonly isReplayed?: true }).isReplayed === true;
/** True if the host's objects of a field, or of its owner, are those of a replay. */
const isOfReplay = (field: object, owner: Fields): boolean =>
  isReplayed(field) ||
  (field instanceof Map && [...field.keys()].some((key) => isObject(key) && isReplayed(key))) ||
  Object.values(owner).some((other) => isObject(other) && isReplayed(other));

/** An object that no snapshot can hold, and the reason. */
export const refused = (what: string, help?: string): Problem =>
  new Problem("no-snapshot", `this machine has no snapshot: ${what}`, help === undefined ? {} : { help });

/** An object of the live graph under its number, with the class of its first visit. */
interface Pending {
  readonly value: object;
  readonly facts: ClassFacts | undefined;
  readonly proto: object | null;
}

/** Copies all that can be reached from `root`. `ports`: the ends of streams by their names. */
class Capture {
  private readonly _facts: Facts;
  private readonly _ports: ReadonlyMap<object, string>;
  private readonly _memory: ArrayBufferLike;
  private readonly _numbers = new Map<object, number>();
  private readonly _pending: Pending[] = [];
  readonly items: Item[] = [];

  constructor(facts: Facts, ports: ReadonlyMap<object, string>, memory: ArrayBufferLike) {
    this._facts = facts;
    this._ports = ports;
    this._memory = memory;
  }

  run(root: object): Graph {
    const first = this._number(root);
    for (let i = 0; i < this._pending.length; i++) this.items.push(this._item(this._pending[i] as Pending));
    return { items: this.items, root: first };
  }

  /** The number of an object; -1 for a constant. */
  private _number(value: object): number {
    const known = this._numbers.get(value);
    if (known !== undefined) return known;
    let number = -1;
    if (!this._facts.isConstant(value) && !isReplayed(value)) {
      number = this._pending.length;
      const proto = Object.getPrototypeOf(value) as object | null;
      this._pending.push({ value, proto, facts: proto === null || proto === Object.prototype ? PLAIN : this._facts.of(proto) });
    }
    this._numbers.set(value, number);
    return number;
  }

  private _item({ value, facts, proto }: Pending): Item {
    const name = this._ports.get(value);
    if (name !== undefined) return { kind: "port", name, queue: this._number((value as { readonly queue: object }).queue) };
    // Its elements would be lost.
    if (facts && isBuiltIn(value)) throw refused(`the class ${facts.name} extends a built-in one`);
    if (facts) return this._object(value as Fields, facts, proto);
    if (Array.isArray(value)) return this._array(value);
    if (proto === Map.prototype) return this._elements("map", [...(value as Map<unknown, unknown>)].flat(1));
    if (proto === Set.prototype) return this._elements("set", [...(value as Set<unknown>)]);
    if (proto === ArrayBuffer.prototype) return { kind: "buffer", bytes: (value as ArrayBuffer).slice(0) };
    if (proto !== null && VIEWS.has(proto)) {
      const view = value as Uint8Array;
      if (view.buffer === this._memory) throw refused("an object has a view of the machine's memory");
      const make = view.constructor as unknown as ViewMaker;
      return {
        kind: "view",
        make,
        buffer: this._number(view.buffer),
        offset: view.byteOffset,
        length: view.length ?? view.byteLength,
      };
    }
    // An object over another one, which is its prototype.
    const above = typeof value === "object" && proto ? this._facts.of(Object.getPrototypeOf(proto) as object) : undefined;
    if (above && proto) return this._object(value as Fields, { ...PLAIN, name: "over" }, this._number(proto));
    const what = typeof value === "function" ? `the function ${value.name}` : `an object of the class ${value.constructor?.name}`;
    throw refused(`it holds ${what}`);
  }

  private _object(value: Fields, { name, handles, derived }: ClassFacts, proto: object | null | number): Item {
    const template = withFields(Object.prototype, value, FEW + 1);
    const keys: string[] = [];
    const refs: number[] = [];
    const supplied: string[] = [];
    for (const key of Object.keys(value)) {
      const field = value[key];
      if (!isObject(field)) continue;
      if (derived?.has(key)) template[key] = undefined;
      else {
        const handle = handles?.[key]?.as;
        const isCopied = handle === "refused" && isOfReplay(field, value);
        if (handle !== undefined && !isCopied && !this._ports.has(field) && !this._facts.of(Object.getPrototypeOf(field) as object)) {
          if (handle === "shared" || (handle === "dropped" && isReplayed(field))) continue;
          template[key] = undefined;
          if (handle === "dropped") continue;
          if (handle === "supplied") supplied.push(key);
          else if (handle === "keys") {
            keys.push(key);
            refs.push(this._shared(field as Map<object, unknown>));
          } else throw refused(handles?.[key]?.what ?? key, handles?.[key]?.help);
          continue;
        }
        const number = this._number(field);
        if (number < 0) continue;
        template[key] = undefined;
        keys.push(key);
        refs.push(number);
      }
    }
    return { kind: "object", name, proto, template, count: Object.keys(template).length, keys, refs, supplied };
  }
  /** A map whose keys belong to the host: copies share them. */
  private _shared(map: Map<object, unknown>): number {
    for (const key of map.keys()) this._numbers.set(key, -1);
    return this._number(map);
  }

  private _array(value: readonly unknown[]): Item {
    const template = value.slice();
    const keys: number[] = [];
    const refs: number[] = [];
    for (let i = 0; i < template.length; i++) {
      const element = template[i];
      if (!isObject(element)) continue;
      const number = this._number(element);
      if (number < 0) continue;
      template[i] = undefined;
      keys.push(i);
      refs.push(number);
    }
    return { kind: "array", template, keys, refs };
  }

  private _elements(kind: "map" | "set", elements: unknown[]): Item {
    const refs = elements.map((element, i) => {
      if (!isObject(element)) return -1;
      const number = this._number(element);
      if (number >= 0) elements[i] = undefined;
      return number;
    });
    return { kind, elements, refs };
  }
}

/** Copies all that can be reached from an object. `memory`: the machine's, of which no object has a view. */
export const capture = (root: object, facts: Facts, ports: ReadonlyMap<object, string>, memory: ArrayBufferLike): Graph =>
  new Capture(facts, ports, memory).run(root);

/** What the owner of a copy supplies. */
export interface Supply {
  /** The fields of an object of this class that belong to the host. */
  fields(className: string, object: object, names: readonly string[]): void;
  /** The other side of a stream's end. `queue` is the machine's. */
  port(name: string, queue: object): object;
  /** Called when all objects have their references, for fields that are computed again. */
  derive(className: string, object: object): void;
}

/** A new object of an item, without its references. `make`: makes those that its prototype and views need. */
export const shellOf = (item: Item, supply: Supply, make: (n: number) => object): object => {
  switch (item.kind) {
    case "object":
      return typeof item.proto === "number"
        ? Object.assign(Object.create(make(item.proto)) as object, item.template)
        : withFields(item.proto, item.template, item.count);
    case "array":
      return item.template.slice();
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "buffer":
      return item.bytes.slice(0);
    case "view":
      return new item.make(make(item.buffer) as ArrayBuffer, item.offset, item.length);
    case "port":
      return supply.port(item.name, make(item.queue));
  }
};

/** A live graph. Returns its root. `made` gets its objects. */
export const rebuild = (
  { items, root }: Graph,
  supply: Supply,
  derives: (className: string) => boolean,
  made: (object | undefined)[] = [],
): object => {
  made.length = items.length;
  const make = (n: number): object => {
    const known = made[n];
    if (known !== undefined) return known;
    const object = shellOf(items[n] as Item, supply, make);
    made[n] = object;
    return object;
  };
  for (let n = 0; n < items.length; n++) make(n);
  const late: number[] = [];
  for (let n = 0; n < items.length; n++) {
    const item = items[n] as Item;
    if (item.kind === "object") {
      const object = made[n] as Fields;
      const { keys, refs } = item;
      for (let i = 0; i < keys.length; i++) object[keys[i] as string] = made[refs[i] as number];
      if (item.supplied.length > 0) supply.fields(item.name, object, item.supplied);
      if (derives(item.name)) late.push(n);
    } else if (item.kind === "array") {
      const array = made[n] as unknown[];
      const { keys, refs } = item;
      for (let i = 0; i < keys.length; i++) array[keys[i] as number] = made[refs[i] as number];
    } else if (item.kind === "map") {
      const map = made[n] as Map<unknown, unknown>;
      const { elements } = item;
      for (let i = 0; i < elements.length; i += 2) map.set(element(item, i, made), element(item, i + 1, made));
    } else if (item.kind === "set") {
      const set = made[n] as Set<unknown>;
      for (let i = 0; i < item.elements.length; i++) set.add(element(item, i, made));
    }
  }
  for (const n of late) supply.derive((items[n] as Item & { readonly name: string }).name, made[n] as object);
  return made[root] as object;
};
const element = (item: Extract<Item, { readonly kind: "map" | "set" }>, i: number, made: readonly (object | undefined)[]): unknown => {
  const number = item.refs[i] as number;
  return number < 0 ? item.elements[i] : made[number];
};
