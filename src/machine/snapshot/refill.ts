// A live graph that takes its state again and again: its objects stay, and only what differs is written. A
// search that goes back for each of thousands of short runs spends a third of its time on new objects.
import { derived } from "./fields.ts";
import { type Graph, type Item, rebuild, type Supply, shellOf } from "./graph.ts";

type Fields = Record<string, unknown>;

/** An object's fields in their order. `refs`: the item of a reference; `OWN`, or `KEPT`. */
interface Plan {
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  readonly refs: Int32Array;
}
/** The value is in the plan. */
const OWN = -1;
/** The field is computed from others: it stays. */
const KEPT = -2;

const SPACE = "memory/space.ts:AddressSpace";

const planOf = ({ name, template, keys, refs }: Extract<Item, { readonly kind: "object" }>): Plan => {
  const names = Object.keys(template);
  const computed = derived[name] ?? [];
  const items = Int32Array.from(names, (key) => {
    const at = keys.indexOf(key);
    return at >= 0 ? (refs[at] as number) : computed.includes(key) ? KEPT : OWN;
  });
  return { names, values: names.map((key) => template[key]), refs: items };
};
const hasFields = (object: object, names: readonly string[]): boolean => {
  const own = Object.keys(object);
  if (own.length !== names.length) return false;
  for (let i = 0; i < own.length; i++) if (own[i] !== names[i]) return false;
  return true;
};

/**
 * What is made anew: the arrays of numbers in a graph with their buffers, because a page table that ends
 * leaves its arrays to those of other machines (memory/page-table.ts); and address spaces, by which the
 * processor counts the heat of code: all schedules in one space would be one long run, whose code is compiled
 * again and again.
 */
const givenAway = ({ items }: Graph): Uint8Array => {
  const given = new Uint8Array(items.length);
  items.forEach((item, n) => {
    if (item.kind === "view" && item.make === Uint32Array) given[n] = given[item.buffer] = 1;
    if (item.kind === "object" && item.name === SPACE) given[n] = 1;
  });
  return given;
};

/** The live objects of one graph. Only one machine uses them, and no object of the host keeps one of them. */
export class LiveObjects {
  private readonly _graph: Graph;
  private _made: (object | undefined)[] = [];
  private readonly _plans: (Plan | undefined)[];
  private readonly _given: Uint8Array;

  constructor(graph: Graph) {
    this._graph = graph;
    this._given = givenAway(graph);
    this._plans = graph.items.map((item) => (item.kind === "object" && typeof item.proto !== "number" ? planOf(item) : undefined));
  }

  /** As `rebuild`. */
  back(supply: Supply, derives: (className: string) => boolean): object {
    const { items, root } = this._graph;
    if (this._made.length === 0) {
      const made: (object | undefined)[] = [];
      const object = rebuild(this._graph, supply, derives, made);
      this._made = made;
      return object;
    }
    const made = this._made as object[];
    const fresh = this._replace(supply);
    const late: number[] = [];
    for (let n = 0; n < items.length; n++) {
      const item = items[n] as Item;
      this._fill(item, n);
      if (item.kind !== "object") continue;
      if (item.supplied.length > 0) supply.fields(item.name, made[n] as object, item.supplied);
      if (derives(item.name) && (fresh.has(n) || derived[item.name] === undefined)) late.push(n);
    }
    for (const n of late) supply.derive((items[n] as Item & { readonly name: string }).name, made[n] as object);
    return made[root] as object;
  }
  /** Makes those objects anew that have other fields by now or cannot stay. Returns their numbers. */
  private _replace(supply: Supply): ReadonlySet<number> {
    const { items } = this._graph;
    const made = this._made;
    const fresh = new Set<number>();
    for (let n = 0; n < items.length; n++) {
      const { kind } = items[n] as Item;
      const plan = this._plans[n];
      const stays = kind === "object" ? plan && hasFields(made[n] as object, plan.names) : kind !== "port";
      if (stays && this._given[n] === 0) continue;
      fresh.add(n);
      made[n] = undefined;
    }
    const make = (n: number): object => (made[n] ??= shellOf(items[n] as Item, supply, make));
    for (const n of fresh) make(n);
    return fresh;
  }
  private _fill(item: Item, n: number): void {
    const made = this._made as object[];
    const object = made[n] as object;
    switch (item.kind) {
      case "object": {
        const plan = this._plans[n];
        if (plan) this._fields(object as Fields, plan);
        else item.keys.forEach((key, i) => ((object as Fields)[key] = made[item.refs[i] as number]));
        return;
      }
      case "array": {
        const array = object as unknown[];
        const { template, keys, refs } = item;
        array.length = template.length;
        for (let i = 0, k = 0; i < template.length; i++) {
          const value = keys[k] === i ? made[refs[k++] as number] : template[i];
          if (!Object.is(array[i], value)) array[i] = value;
        }
        return;
      }
      case "map":
        if (!this._hasPairs(object as Map<unknown, unknown>, item)) {
          (object as Map<unknown, unknown>).clear();
          for (let i = 0; i < item.elements.length; i += 2)
            (object as Map<unknown, unknown>).set(this._element(item, i), this._element(item, i + 1));
        }
        return;
      case "set":
        if (!this._hasElements(object as Set<unknown>, item)) {
          (object as Set<unknown>).clear();
          for (let i = 0; i < item.elements.length; i++) (object as Set<unknown>).add(this._element(item, i));
        }
        return;
      case "buffer":
        if (this._given[n] === 0) new Uint8Array(object as ArrayBuffer).set(new Uint8Array(item.bytes));
        return;
      default:
    }
  }
  private _fields(object: Fields, { names, values, refs }: Plan): void {
    const made = this._made;
    // V8 reads all fields at once much faster than each by a computed name.
    const now = Object.values(object);
    for (let i = 0; i < now.length; i++) {
      const ref = refs[i] as number;
      const value = ref === OWN ? values[i] : made[ref];
      if (!Object.is(now[i], value) && ref !== KEPT) object[names[i] as string] = value;
    }
  }
  private _element({ elements, refs }: Extract<Item, { readonly kind: "map" | "set" }>, i: number): unknown {
    const number = refs[i] as number;
    return number < 0 ? elements[i] : this._made[number];
  }
  private _hasPairs(map: ReadonlyMap<unknown, unknown>, item: Extract<Item, { readonly kind: "map" | "set" }>): boolean {
    if (map.size * 2 !== item.elements.length) return false;
    let i = 0;
    for (const [key, value] of map) {
      if (!Object.is(key, this._element(item, i)) || !Object.is(value, this._element(item, i + 1))) return false;
      i += 2;
    }
    return true;
  }
  private _hasElements(set: ReadonlySet<unknown>, item: Extract<Item, { readonly kind: "map" | "set" }>): boolean {
    if (set.size !== item.elements.length) return false;
    let i = 0;
    for (const value of set) if (!Object.is(value, this._element(item, i++))) return false;
    return true;
  }
}
