// The objects of a snapshot from the bytes of its file. Nothing is trusted: each reference, name and size is
// checked.
import type { HostNode, HostTree } from "../../../kernel/fs/types/host-tree.ts";
import type { UpperStore } from "../../../kernel/fs/types/upper-store.ts";
import type { HostNetwork } from "../../../kernel/net/host-network.ts";
import { classes } from "../classes.ts";
import { type Item, withFields } from "../graph.ts";
import { badFile, type Reader } from "./binary.ts";
import { KINDS, protoTag, tag, VIEW_NAMES, VIEWS } from "./format.ts";
import type { Hosts } from "./type-check.ts";

const prototypeOf = (name: string): object | undefined => (classes.get(name)?.() as { readonly prototype: object } | undefined)?.prototype;
const NAME = /^[\w$]+$/;

/** The tables of a header, resolved. */
export interface Tables {
  readonly classes: readonly string[];
  readonly constants: readonly object[];
  readonly hosts: readonly HostNode[];
  readonly trees: readonly HostTree[];
  readonly network: HostNetwork | undefined;
  readonly store: UpperStore | undefined;
}

/** Reads items. */
export class GraphReader {
  private readonly _in: Reader;
  private readonly _tables: Tables;
  private readonly _count: number;
  /** Contents of files of the owner. */
  private readonly _given = new Set<unknown>();
  readonly hosts: Hosts;
  constructor(from: Reader, tables: Tables, count: number) {
    this._in = from;
    this._tables = tables;
    this._count = count;
    const [nodes, trees] = [new Set<unknown>(tables.hosts), new Set<unknown>(tables.trees)];
    this.hosts = {
      node: (value) => nodes.has(value),
      tree: (value) => trees.has(value),
      bytes: (value) => this._given.has(value),
      network: (value) => value !== undefined && value === tables.network,
      store: (value) => value !== undefined && value === tables.store,
    };
  }
  private _own<T>(value: T): T {
    this._given.add(value);
    return value;
  }
  private _ref(): number {
    const n = this._in.count();
    if (n >= this._count) throw badFile("a reference leads to no object");
    return n;
  }
  private _of<T>(list: readonly T[]): T {
    const found = list[this._in.count()];
    if (found === undefined) throw badFile("an object is in no table");
    return found;
  }
  private _value(): unknown {
    const from = this._in;
    switch (from.byte()) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.true:
        return true;
      case tag.false:
        return false;
      case tag.count:
        return from.count();
      case tag.double:
        return from.double();
      case tag.bigint: {
        const text = from.text();
        if (!/^-?\d{1,400}$/.test(text)) throw badFile("a number is none");
        return BigInt(text);
      }
      case tag.text: {
        const units = Array.from({ length: from.countOf(1) }, () => from.count());
        if (units.some((unit) => unit > 0xffff)) throw badFile("a text is none");
        return units.map((unit) => String.fromCharCode(unit)).join("");
      }
      case tag.constant:
        return this._of(this._tables.constants);
      case tag.host:
        return this._of(this._tables.hosts);
      case tag.tree:
        return this._of(this._tables.trees);
      case tag.network:
        return this._tables.network ?? this._lacks("network");
      case tag.store:
        return this._tables.store ?? this._lacks("overlay");
      case tag.bytes:
        return this._own(from.block().slice());
      case tag.supplied: {
        const bytes = from.block().slice();
        const read = (offset: number, into: Uint8Array): number => {
          const part = bytes.subarray(offset, offset + into.length);
          into.set(part);
          return part.length;
        };
        return this._own({ size: bytes.length, read });
      }
      default:
        throw badFile("a value has no known type");
    }
  }
  private _lacks(what: string): never {
    throw badFile(`it uses an ${what} that its header does not name`);
  }
  private _key(): string {
    const key = this._in.text();
    if (key === "__proto__") throw badFile("a field has no name");
    return key;
  }

  item(): Item {
    const from = this._in;
    const kind = KINDS[from.byte()];
    switch (kind) {
      case "object":
        return this._object();
      case "array": {
        const template: unknown[] = [];
        const length = from.countOf(1);
        template.length = length;
        for (let i = 0; i < length; i++) {
          const value = this._hole();
          if (value !== HOLE) template[i] = value;
        }
        const count = from.countOf(2);
        const keys = Array.from({ length: count }, () => from.count());
        if (keys.some((key) => key >= length)) throw badFile("an array is too short");
        return { kind, template, keys, refs: Array.from({ length: count }, () => this._ref()) };
      }
      case "map":
      case "set": {
        const count = from.countOf(1);
        if (kind === "map" && count % 2 !== 0) throw badFile("a map has a key without a value");
        const elements: unknown[] = [];
        const refs: number[] = [];
        for (let i = 0; i < count; i++) {
          const ref = from.count() - 1;
          if (ref >= this._count) throw badFile("a reference leads to no object");
          refs.push(ref);
          elements.push(ref < 0 ? this._value() : undefined);
        }
        return { kind, elements, refs };
      }
      case "buffer":
        return { kind, bytes: from.block().slice().buffer };
      case "view": {
        const name = VIEW_NAMES[from.byte()];
        if (name === undefined) throw badFile("an array has no type");
        return { kind, make: VIEWS[name], buffer: this._ref(), offset: from.count(), length: from.count() };
      }
      case "port":
        return { kind, name: from.text(), queue: this._ref() };
      default:
        throw badFile("an object has no kind");
    }
  }
  private _hole(): unknown {
    if (this._in.peek() !== tag.hole) return this._value();
    this._in.byte();
    return HOLE;
  }
  /** The shapes so far: each is in full before its first object. */
  private readonly _shapes: Shape[] = [];
  private _shape(): Shape {
    const n = this._in.count();
    if (n > 0) {
      const known = this._shapes[n - 1];
      if (!known) throw badFile("an object has no shape");
      return known;
    }
    const shape = this._newShape();
    this._shapes.push(shape);
    return shape;
  }
  private _newShape(): Shape {
    const from = this._in;
    const how = from.byte();
    if (how !== protoTag.plain && how !== protoTag.null && how !== protoTag.class && how !== protoTag.item)
      throw badFile("an object has no prototype");
    const name = how === protoTag.class ? this._of(this._tables.classes) : how === protoTag.item ? "over" : "object";
    const proto = how === protoTag.class ? (prototypeOf(name) ?? null) : how === protoTag.plain ? Object.prototype : null;
    const [names, supplied] = [this._names(), this._names()];
    if (how === protoTag.class && !names.every((each) => NAME.test(each))) throw badFile("a field has no name");
    return { how, name, proto, names, supplied };
  }
  private _names(): string[] {
    const names = Array.from({ length: this._in.countOf(1) }, () => this._key());
    if (new Set(names).size !== names.length) throw badFile("two fields have one name");
    return names;
  }
  private _object(): Item {
    const from = this._in;
    const { how, name, proto, names, supplied } = this._shape();
    const over = how === protoTag.item ? this._ref() : proto;
    const template = withFields(Object.prototype, {}, names.length);
    const keys: string[] = [];
    const refs: number[] = [];
    for (const key of names) {
      const ref = from.count();
      if (ref > this._count) throw badFile("a reference leads to no object");
      if (ref > 0) {
        keys.push(key);
        refs.push(ref - 1);
        template[key] = undefined;
      } else template[key] = this._value();
    }
    return { kind: "object", name, proto: over, template, count: names.length, keys, refs, supplied };
  }
}
/** The class of objects, and the names of their fields. */
interface Shape {
  readonly how: number;
  readonly name: string;
  readonly proto: object | null;
  readonly names: readonly string[];
  readonly supplied: readonly string[];
}
const HOLE = Symbol("hole");

/** The graph must have the form that `rebuild` relies on. */
export const checkGraph = (items: readonly Item[], root: number): void => {
  const kindOf = (n: number, kind: Item["kind"], name?: string): boolean => {
    const item = items[n];
    return item?.kind === kind && (name === undefined || (item.kind === "object" && item.name === name));
  };
  const fieldOf = (n: number, key: string): number => {
    const item = items[n];
    const at = item?.kind === "object" ? item.keys.indexOf(key) : -1;
    return at < 0 ? -1 : ((item as Extract<Item, { kind: "object" }>).refs[at] as number);
  };
  for (const item of items) {
    if (item.kind === "view" && !kindOf(item.buffer, "buffer")) throw badFile("an array has no bytes");
    if (
      item.kind === "port" &&
      !(/^(std(out|err)|terminal)$/.test(item.name) && kindOf(item.queue, "object", "kernel/base/wait.ts:WaitQueue"))
    )
      throw badFile("a stream has no queue");
    if (item.kind === "object" && typeof item.proto === "number") {
      const under = items[item.proto];
      if (under?.kind !== "object" || typeof under.proto === "number" || !classes.has(under.name)) throw badFile("an object is over none");
    }
  }
  const kernel = fieldOf(root, "kernel");
  const isOf = (n: number, name: string): boolean => kindOf(n, "object", name);
  const isWhole =
    isOf(kernel, "kernel/core/kernel.ts:Kernel") &&
    isOf(fieldOf(kernel, "frames"), "memory/frames.ts:Frames") &&
    isOf(fieldOf(kernel, "scheduler"), "kernel/sched/scheduler.ts:Scheduler") &&
    isOf(fieldOf(root, "process"), "kernel/core/process.ts:Process") &&
    isOf(fieldOf(root, "streams"), "machine/standard-streams.ts:StandardStreams");
  if (!isWhole) throw badFile("it holds no machine");
  const supplied = items.flatMap((item) => (item.kind === "object" ? item.supplied.map((key) => `${item.name}.${key}`) : []));
  if (new Set(supplied).size !== supplied.length) throw badFile("it holds two machines");
};
