// What the types of a snapshot's file do not say: numbers, orders and circles that the kernel relies on. With
// a
// wrong one it would work for ever or reach frames that no guest can have. Everything else that is wrong ends
// the
// machine with an exception.
import { kindNames } from "../../../cpu/isa/flags.ts";
import { contexts } from "../../../cpu/machine/context.ts";
import { layout } from "../../../cpu/machine/layout.ts";
import { at } from "../../../cpu/machine/state.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Item } from "../graph.ts";
import type { Pages } from "../pages.ts";
import { badFile } from "./binary.ts";
import { fieldsToSelf } from "./type-check.ts";

type ObjectItem = Extract<Item, { kind: "object" }>;

/** Fields that lead to the same class and to and fro: the other ends of connections. */
const PAIRS: ReadonlySet<string> = new Set(["kernel/net/tcp.ts:TcpSocket._other", "kernel/net/unix/unix.ts:UnixSocket.peer"]);
const LEAF = 1024;
/** Bits of a page table's entry beside the frame: permissions. */
const PTE_BITS = 7;
/** The first address behind user space, and the first virtual time that no run reaches. */
const USER_END = 2 ** 47;
const MOST_TIME = 2 ** 52;

/** The objects of a file, by class and field. */
class Objects {
  private readonly _items: readonly Item[];
  private readonly _of = new Map<string, number[]>();
  constructor(items: readonly Item[]) {
    this._items = items;
    items.forEach((item, n) => {
      if (item.kind !== "object") return;
      const list = this._of.get(item.name);
      if (list) list.push(n);
      else this._of.set(item.name, [n]);
    });
  }
  of(name: string): readonly number[] {
    return this._of.get(name) ?? [];
  }
  item(n: number): Item {
    const item = this._items[n];
    if (!item) throw badFile("an object is not there");
    return item;
  }
  private _object(n: number): ObjectItem {
    const item = this._items[n];
    if (item?.kind !== "object") throw badFile("an object is not there");
    return item;
  }
  /** The item that a field leads to; -1 if it leads to none. */
  ref(n: number, key: string): number {
    const { keys, refs } = this._object(n);
    const found = keys.indexOf(key);
    return found < 0 ? -1 : (refs[found] as number);
  }
  value(n: number, key: string): unknown {
    return this._object(n).template[key];
  }
  number(n: number, key: string): number {
    return this.value(n, key) as number;
  }
  /** The whole numbers of a field from `least` to `most`. */
  whole(n: number, key: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.number(n, key);
    if (!Number.isSafeInteger(value) || value < least || value > most) throw badFile(`${this._object(n).name}.${key} is ${value}`);
    return value;
  }
  /** The elements of an array; `undefined` for a place that holds no object. */
  array(n: number, key: string): { readonly length: number; ref(i: number): number; value(i: number): unknown } {
    const item = this._items[this.ref(n, key)];
    if (item?.kind !== "array") throw badFile(`${key} is no array`);
    const refs = new Map(item.keys.map((place, i) => [place, item.refs[i] as number]));
    return { length: item.template.length, ref: (i) => refs.get(i) ?? -1, value: (i) => item.template[i] };
  }
  /** The bytes of a typed array; undefined if it is a constant of the program. */
  bytes(n: number): Uint8Array | undefined {
    const item = this._items[n];
    if (item?.kind !== "view") return undefined;
    const buffer = this._items[item.buffer] as Extract<Item, { kind: "buffer" }>;
    const size = (item.make as unknown as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    if (item.offset % size !== 0 || item.offset + item.length * size > buffer.bytes.byteLength) throw badFile("an array has too few bytes");
    return new Uint8Array(buffer.bytes, item.offset, item.length * size);
  }
}

/** No chain of a field that leads to its own class comes back, but for an object that leads to itself. */
const checkChains = (objects: Objects): void => {
  const over = new Set<number>();
  for (const [name, key, classes] of fieldsToSelf()) {
    if (PAIRS.has(`${name}.${key}`)) continue;
    over.clear();
    for (const first of classes.flatMap((each) => objects.of(each))) {
      const chain = new Set<number>();
      for (let n = first; n >= 0 && !over.has(n); ) {
        chain.add(n);
        const next = objects.item(n).kind === "object" ? objects.ref(n, key) : -1;
        // The root of a file system is its own parent; nothing else is.
        if (next === n && name === "kernel/fs/vfs/dentry.ts:Dentry") break;
        if (chain.has(next)) throw badFile(`${name}.${key} leads in a circle`);
        n = next;
      }
      for (const n of chain) over.add(n);
    }
  }
};

/** Keys ascend, and have a value each. memory/ordered-map.ts */
const checkOrderedMaps = (objects: Objects): void => {
  for (const n of objects.of("memory/ordered-map.ts:OrderedMap")) {
    const chunks = objects.array(n, "_chunks");
    let [size, last] = [0, -Infinity];
    for (let i = 0; i < chunks.length; i++) {
      const [keys, values] = [objects.array(chunks.ref(i), "keys"), objects.array(chunks.ref(i), "values")];
      if (keys.length !== values.length || keys.length === 0) throw badFile("an ordered map has keys without values");
      for (let k = 0; k < keys.length; k++) {
        const key = keys.value(k) as number;
        if (!(key > last)) throw badFile("an ordered map has no order");
        last = key;
      }
      size += keys.length;
    }
    if (objects.number(n, "_size") !== size) throw badFile("an ordered map has another size");
  }
};

/** The binary heap of timers. kernel/timer/timers.ts */
const checkTimers = (objects: Objects): void => {
  for (const n of objects.of("kernel/timer/timers.ts:Timers")) {
    const heap = objects.array(n, "_heap");
    const slots = objects.item(objects.ref(n, "_slots"));
    if (slots.kind !== "map") throw badFile("a timer is lost");
    const slotOf = new Map<number, number>();
    for (let i = 0; i < slots.refs.length; i += 2) slotOf.set(slots.refs[i] as number, slots.refs[i + 1] as number);
    if (slotOf.size !== heap.length) throw badFile("a timer is lost");
    for (let i = 0; i < heap.length; i++) {
      const slot = heap.ref(i);
      const time = objects.number(slot, "at");
      if (!(time >= 0) || objects.number(slot, "index") !== i || slotOf.get(objects.ref(slot, "timer")) !== slot)
        throw badFile("a timer is lost");
      const parent = heap.ref((i - 1) >> 1);
      if (i > 0 && objects.number(parent, "at") > time) throw badFile("timers have no order");
    }
    if (objects.number(n, "next") !== (heap.length === 0 ? Infinity : objects.number(heap.ref(0), "at"))) throw badFile("a timer is lost");
  }
};

/** Queues. kernel/base/fifo.ts */
const checkFifos = (objects: Objects): void => {
  for (const n of objects.of("kernel/base/fifo.ts:Fifo")) objects.whole(n, "_first", 0, objects.array(n, "_items").length);
};

/** Registers of tasks: the mode and the context belong together; numbers are those of tables. */
const checkRegisters = (objects: Objects): void => {
  for (const n of objects.of("kernel/core/task.ts:Task")) {
    const bytes = objects.bytes(objects.ref(n, "registers"));
    if (bytes?.length !== at.size) throw badFile("a task has no registers");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const word = (offset: number): number => view.getUint32(offset, true);
    const context = contexts[word(at.context)];
    const isEmpty = bytes.every((byte) => byte === 0);
    if (isEmpty) continue;
    if (context?.mode !== word(at.mode)) throw badFile("a task has no mode");
    if (word(at.flagKind) >= kindNames.length) throw badFile("a task has no flags");
    if (word(at.zero) !== 0 || word(at.zero + 4) !== 0) throw badFile("a task has a segment too many");
  }
};

/** Instructions of classic BPF are struct sock_filter: jumps go forward. */
const checkPrograms = (objects: Objects): void => {
  const isWithin = (value: unknown, most: number): boolean =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
  for (const n of objects.of("object")) {
    const { template } = objects.item(n) as ObjectItem;
    if (!("jt" in template && "jf" in template)) continue;
    const { code, jt, jf, k } = template;
    if (!isWithin(code, 0xffff) || !isWithin(jt, 0xff) || !isWithin(jf, 0xff) || !isWithin(k, 0xffff_ffff))
      throw badFile("a filter has no such instruction");
  }
};

/** Areas are in order; page tables have frames in use. `frames`: whether a frame is in use. */
const checkSpaces = (objects: Objects, inUse: (frame: number) => boolean): void => {
  for (const n of objects.of("memory/areas.ts:Areas")) {
    const chunks = objects.array(n, "_chunks");
    if (chunks.length === 0) throw badFile("an address space has no areas");
    let [last, count] = [0, 0];
    for (let i = 0; i < chunks.length; i++) {
      const list = objects.array(chunks.ref(i), "list");
      if (list.length === 0 && chunks.length > 1) throw badFile("an address space has no areas");
      for (let k = 0; k < list.length; k++, count++) {
        const [start, end] = [objects.number(list.ref(k), "start"), objects.number(list.ref(k), "end")];
        const isRange = start % PAGE_SIZE === 0 && end % PAGE_SIZE === 0 && start >= last && end > start && end <= USER_END;
        if (!isRange) throw badFile("areas have no order");
        last = end;
      }
    }
    if (objects.number(n, "_count") !== count) throw badFile("an address space has areas that are not there");
  }
  for (const n of objects.of("memory/page-table.ts:PageTable")) {
    const chunks = objects.array(objects.ref(n, "_leaves"), "_chunks");
    const leaves = new Map<number, number>();
    for (let i = 0; i < chunks.length; i++) {
      const [keys, values] = [objects.array(chunks.ref(i), "keys"), objects.array(chunks.ref(i), "values")];
      for (let k = 0; k < keys.length; k++) {
        const key = keys.value(k) as number;
        if (!Number.isSafeInteger(key) || key < 0 || key * PAGE_SIZE * LEAF >= USER_END) throw badFile("a page table has no such page");
        leaves.set(key * PAGE_SIZE * LEAF, values.ref(k));
        const bytes = objects.bytes(values.ref(k));
        if (bytes?.length !== LEAF * 4 || bytes.byteOffset % 4 !== 0) throw badFile("a page table has a leaf of another size");
        const leaf = new Uint32Array(bytes.buffer, bytes.byteOffset, LEAF);
        for (const entry of leaf)
          if (entry !== 0 && ((entry & 0xfff & ~PTE_BITS) !== 0 || !inUse(entry >>> 12)))
            throw badFile("a page table has a frame that is not used");
      }
    }
    // The leaves that were used last.
    for (const [leaf, base] of [
      ["_last", "_lastBase"],
      ["_other", "_otherBase"],
    ] as const) {
      const first = objects.number(n, base);
      if (first !== Infinity && leaves.get(first) !== objects.ref(n, leaf)) throw badFile("a page table has a leaf that is not there");
    }
  }
};

/** The books of the frames agree with each other. memory/frames.ts. Returns whether a frame is in use. */
const checkFrames = (objects: Objects, pages: Pages, count: number): ((frame: number) => boolean) => {
  const [n, ...others] = objects.of("memory/frames.ts:Frames");
  if (n === undefined || others.length > 0) throw badFile("it has no memory");
  const first = Math.max(1, Math.ceil(layout.frames / PAGE_SIZE));
  const refs = new Map<number, number>();
  const next = new Map<number, number>();
  let used = 0;
  for (let i = 0; i < pages.numbers.length; i++) {
    const frame = pages.numbers[i] as number;
    if (frame < first) throw badFile("it has a page of the processor");
    refs.set(frame, pages.refs[i] as number);
    next.set(frame, pages.next[i] as number);
    if (pages.refs[i] !== 0) used++;
  }
  if (objects.number(n, "_first") !== first || objects.number(n, "_end") !== count) throw badFile("it has another memory");
  const total = objects.whole(n, "total", 1, count - first);
  const [free, taken, aside] = [objects.whole(n, "free", -count), objects.whole(n, "_taken", 0), objects.whole(n, "_aside", 0)];
  if (total - free - taken - aside !== used) throw badFile("pages are lost");
  if (objects.number(n, "_touched") !== pages.numbers.length) throw badFile("pages are lost");
  objects.whole(n, "_fresh", first, count);
  objects.whole(n, "_windowEnd", first, count);
  objects.whole(n, "_half", 0, count - first);
  const zero = objects.whole(n, "zero", first * PAGE_SIZE);
  if (zero % PAGE_SIZE !== 0 || !refs.get(zero / PAGE_SIZE)) throw badFile("it has no page of zeros");
  const seen = new Set<number>();
  for (let frame = objects.whole(n, "_head", 0, count); frame !== 0; frame = next.get(frame) as number) {
    if (seen.has(frame) || !next.has(frame)) throw badFile("free pages lead in a circle");
    seen.add(frame);
  }
  const account = objects.ref(n, "account");
  const covered = objects.whole(account, "_covered", 0);
  if (covered !== taken * PAGE_SIZE || objects.whole(account, "charged", 0) > covered) throw badFile("the account is wrong");
  return (frame) => (refs.get(frame) ?? 0) > 0;
};

const checkTime = (objects: Objects): void => {
  for (const n of objects.of("kernel/core/kernel.ts:Kernel")) {
    objects.whole(n, "now", 0, MOST_TIME);
    objects.whole(n, "syscalls", 0);
  }
};

/** Throws a Problem unless numbers and orders are those of a run. `frames`: the frames of the memory. */
export const checkState = (items: readonly Item[], pages: Pages, frames: number): void => {
  const objects = new Objects(items);
  checkChains(objects);
  checkOrderedMaps(objects);
  checkTimers(objects);
  checkFifos(objects);
  checkRegisters(objects);
  checkPrograms(objects);
  checkTime(objects);
  checkSpaces(objects, checkFrames(objects, pages, frames));
};
