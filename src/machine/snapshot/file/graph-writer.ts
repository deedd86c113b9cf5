// The objects of a snapshot as bytes of its file.
import type { HostNode, HostTree } from "../../../kernel/fs/types/host-tree.ts";
import type { FileBytes } from "../../options.ts";
import { type Item, refused } from "../graph.ts";
import type { Slots } from "../slots.ts";
import type { SavedState } from "../snapshot.ts";
import { Writer } from "./binary.ts";
import { checksum } from "./checksum.ts";
import { type HostFile, KINDS, protoTag, tag, VIEW_NAMES, type VIEWS } from "./format.ts";
import type { Names } from "./names.ts";

const BASE = "kernel/fs/types/host-fs.ts:HostBase";
/** Bytes that are hashed at a time. */
const PIECE = 2 ** 20;
/** A hash of the content of a file of the host. */
export const hashOf = (node: HostNode, size: number): string => {
  const sums: string[] = [];
  for (let at = 0; at < size; at += PIECE) {
    const bytes = new Uint8Array(Math.min(PIECE, size - at));
    if (node.read(at, bytes) !== bytes.length) return "";
    sums.push(checksum(bytes));
  }
  return checksum(new TextEncoder().encode(sums.join()));
};

/** Writes items, and collects the tables of the header. */
export class GraphWriter {
  readonly out = new Writer();
  readonly hosts: HostFile[] = [];
  readonly constants: string[] = [];
  readonly classes: string[] = [];
  private readonly _shapes = new Map<string, number>();
  private readonly _numbers = new Map<unknown, number>();
  private readonly _names: Names;
  private readonly _trees: ReadonlyMap<HostTree, string>;
  private readonly _treeNames: readonly string[];

  private readonly _slots: Slots;
  /** Files of the host whose content the machine has read. */
  private readonly _read: ReadonlySet<HostNode>;

  constructor(names: Names, trees: ReadonlyMap<HostTree, string>, { graph, slots }: Pick<SavedState, "graph" | "slots">, hashes: boolean) {
    this._names = names;
    this._trees = trees;
    this._slots = slots;
    const bases = graph.items.filter((item) => item.kind === "object" && item.name === BASE && item.template["wasRead"] === true);
    this._read = new Set(
      (hashes ? bases : []).map((item) => (item as { readonly template: Record<string, unknown> }).template["_host"] as HostNode),
    );
    this._treeNames = [...new Set(trees.values())];
  }
  private _index<T>(key: unknown, list: T[], make: () => T): number {
    let n = this._numbers.get(key);
    if (n === undefined) {
      n = list.push(make()) - 1;
      this._numbers.set(key, n);
    }
    return n;
  }
  private _isHost(value: object): value is HostNode {
    return "stat" in value && "readdir" in value;
  }
  private _host(node: HostNode): HostFile {
    const { path } = node;
    const slot = this._slots.files.find((each) => each.node === node);
    const stat = slot ? slot.was : node.stat;
    if (!stat)
      throw refused("a file of a writable mount has lost its name on the host, and a program uses it", "let the program close it first");
    const tree = [...this._trees].find(([{ root }]) => this._leads(root, path, node));
    if (!path || !tree) throw refused("the tree of a file of the host knows no paths", "trees of hostTree() have them");
    return {
      tree: tree[1],
      path,
      type: stat.mode & 0o170000,
      size: stat.size,
      mtime: [stat.mtime.sec, stat.mtime.nsec],
      ctime: [stat.ctime.sec, stat.ctime.nsec],
      ...(node.identity === undefined ? {} : { identity: node.identity }),
      ...(this._read.has(node) ? { hash: hashOf(node, stat.size) } : {}),
      ...(slot ? { isWritable: true } : {}),
    };
  }
  /** True if the node belongs to a tree: nodes of two trees can have equal paths. */
  private _leads(root: HostNode, path: readonly string[] | undefined, node: HostNode): boolean {
    if (!path) return false;
    const treeOf = (of: HostNode): unknown => (of as { readonly tree?: unknown }).tree;
    return treeOf(root) !== undefined && treeOf(root) === treeOf(node);
  }

  private _value(value: unknown): void {
    const { out } = this;
    if (value === undefined) out.byte(tag.undefined);
    else if (value === null) out.byte(tag.null);
    else if (typeof value === "boolean") out.byte(value ? tag.true : tag.false);
    else if (typeof value === "number") {
      if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) {
        out.byte(tag.count);
        out.count(value);
      } else {
        out.byte(tag.double);
        out.double(value);
      }
    } else if (typeof value === "bigint") {
      out.byte(tag.bigint);
      out.text(value.toString());
    } else if (typeof value === "string") {
      out.byte(tag.text);
      // Names in the guest are byte strings, and others have any UTF-16 units.
      out.count(value.length);
      for (let i = 0; i < value.length; i++) out.count(value.charCodeAt(i));
    } else this._shared(value as object);
  }
  private _shared(value: object): void {
    const { out } = this;
    const tree = this._trees.get(value as HostTree);
    if (tree !== undefined) {
      out.byte(tag.tree);
      out.count(this._treeNames.indexOf(tree));
    } else if (this._isHost(value)) {
      out.byte(tag.host);
      out.count(this._index(value, this.hosts, () => this._host(value)));
    } else if (value === this._slots.network) out.byte(tag.network);
    else if (value === this._slots.overlay?.store) out.byte(tag.store);
    else if (value instanceof Uint8Array) {
      out.byte(tag.bytes);
      out.block(value);
    } else if ("size" in value && "read" in value) {
      const { size } = value as FileBytes;
      const bytes = new Uint8Array(size);
      if ((value as FileBytes).read(0, bytes) !== size) throw refused("a file of the options cannot be read");
      out.byte(tag.supplied);
      out.block(bytes);
    } else {
      const name = this._names.of(value);
      if (name === undefined) throw refused(`a constant has no name: ${value.constructor?.name}`);
      out.byte(tag.constant);
      out.count(this._index(value, this.constants, () => name));
    }
  }
  private _refs(refs: readonly number[]): void {
    for (const ref of refs) this.out.count(ref);
  }

  /** The class of an object and the names of its fields: in full for the first object that has them. */
  private _shape({ name, proto, supplied }: Extract<Item, { kind: "object" }>, names: readonly string[]): void {
    const { out } = this;
    const how = typeof proto === "number" ? "item" : proto === null ? "null" : name === "object" ? "plain" : "class";
    const key = `${how} ${name} ${names.length} ${names.join()} ${supplied.join()}`;
    const known = this._shapes.get(key);
    out.count(known ?? 0);
    if (known !== undefined) return;
    this._shapes.set(key, this._shapes.size + 1);
    out.byte(protoTag[how]);
    if (how === "class") out.count(this._index(name, this.classes, () => name));
    for (const list of [names, supplied]) {
      out.count(list.length);
      for (const each of list) out.text(each);
    }
  }

  item(item: Item): void {
    const { out } = this;
    out.byte(KINDS.indexOf(item.kind));
    switch (item.kind) {
      case "object": {
        const { proto, template, keys, refs } = item;
        const names = Object.keys(template);
        this._shape(item, names);
        if (typeof proto === "number") out.count(proto);
        let next = 0;
        for (const key of names) {
          // References are in the order of the names, but for fields that were added later.
          const at = keys[next] === key ? next : keys.indexOf(key);
          if (at === next) next++;
          out.count(at < 0 ? 0 : (refs[at] as number) + 1);
          if (at < 0) this._value(template[key]);
        }
        return;
      }
      case "array":
        out.count(item.template.length);
        for (let i = 0; i < item.template.length; i++)
          if (i in item.template) this._value(item.template[i]);
          else out.byte(tag.hole);
        out.count(item.keys.length);
        this._refs(item.keys);
        this._refs(item.refs);
        return;
      case "map":
      case "set":
        out.count(item.elements.length);
        item.elements.forEach((element, i) => {
          const ref = item.refs[i] as number;
          out.count(ref + 1);
          if (ref < 0) this._value(element);
        });
        return;
      case "buffer":
        out.block(new Uint8Array(item.bytes));
        return;
      case "view":
        out.byte(VIEW_NAMES.indexOf(item.make.name as keyof typeof VIEWS));
        out.count(item.buffer);
        out.count(item.offset);
        out.count(item.length);
        return;
      case "port":
        out.text(item.name);
        out.count(item.queue);
    }
  }
}
