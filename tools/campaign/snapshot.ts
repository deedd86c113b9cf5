// Files of snapshots that were changed: bytes, bytes with a right checksum, values and references of objects,
// pages. Each is refused, or runs as some guest could run: in its time and its memory, with no other files of
// the
// host than those of the given tree.

import type { HostNode, HostTree } from "../../src/kernel/fs/types/host-tree.ts";
import type { BootOptions } from "../../src/machine/boot.ts";
import { Machine } from "../../src/machine/machine.ts";
import { keepMemory } from "../../src/machine/memory-pool.ts";
import { inflated, openFile, readFile, wholeFile, writeFile } from "../../src/machine/snapshot/file/file.ts";
import type { Item } from "../../src/machine/snapshot/graph.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import type { SavedState } from "../../src/machine/snapshot/snapshot.ts";
import { Problem } from "../../src/problem.ts";
import { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { guestFile } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

/** A change. `how`: what is changed. All else is drawn from `seed`. */
interface Change {
  readonly how: "raw" | "body" | "header" | "value" | "reference" | "kind" | "view" | "pages" | "elements";
  readonly seed: number;
}
interface Input {
  readonly base: number;
  readonly changes: readonly Change[];
}
const WAYS = ["raw", "body", "header", "value", "reference", "kind", "view", "pages", "elements"] as const;
/** Structure finds more than noise. */
const weights = [1, 1, 1, 10, 8, 2, 2, 3, 4] as const;
const way = (r: Random): Change["how"] => {
  let n = r.below(weights.reduce((sum: number, one) => sum + one, 0));
  for (let i = 0; ; i++) {
    n -= weights[i] as number;
    if (n < 0) return WAYS[i] as Change["how"];
  }
};

const MEMORY = 16 * 2 ** 20;
/** Virtual nanoseconds, and seconds of real time, that a changed machine runs. */
const LIMIT = 2e7;
const SECONDS = 0.3;
/** Seconds of real time in which an input is over: those of its run, and work of one call. */
const OVER = 2;
const MOST_OUTPUT = 2 ** 16;
/** Inputs of one seed. */
const BATCH = 20;

// The tree of the host: it says each name that is looked up.
const asked = new Set<string>();
const notThere = -2;
const isFolder = -21;
const stat = (mode: number, size: number): HostNode["stat"] =>
  ({
    dev: 1,
    ino: size + 1,
    mode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size,
    blocks: 1,
    atime: at,
    mtime: at,
    ctime: at,
  }) as unknown as HostNode["stat"];
const at = { sec: 1, nsec: 0 };
const refuse = (): number => -30;
const writes = Object.fromEntries(
  ["create", "mkdir", "symlink", "link", "unlink", "rmdir", "rename", "write", "truncate", "chmod", "chown", "utimes"].map((name) => [
    name,
    () => {
      asked.add(`${name}()`);
      return -30;
    },
  ]),
);
const newTree = (files: Readonly<Record<string, Uint8Array>>): HostTree => {
  const file = (name: string, bytes: Uint8Array): HostNode =>
    ({
      ...writes,
      path: [name],
      stat: stat(0o100755, bytes.length),
      lookup: () => -20,
      readdir: () => -20,
      readlink: () => -22,
      read(offset: number, into: Uint8Array) {
        const part = bytes.subarray(offset, offset + into.length);
        into.set(part);
        return part.length;
      },
      hold: () => 0,
      release: () => undefined,
    }) as unknown as HostNode;
  const nodes = new Map(Object.entries(files).map(([name, bytes]) => [name, file(name, bytes)]));
  const tree = { writable: false } as { root: HostNode; writable: boolean };
  tree.root = {
    ...writes,
    path: [],
    stat: stat(0o40755, 0),
    lookup(name: string) {
      if (/^\.{0,2}$|[/\0]/.test(name)) asked.add(`lookup(${JSON.stringify(name)})`);
      return nodes.get(name) ?? notThere;
    },
    readdir: () => [...nodes.keys()].map((name) => ({ name, type: 8, ino: 1 })),
    readlink: () => -22,
    read: () => isFolder,
    hold: refuse,
    release: () => undefined,
  } as unknown as HostNode;
  for (const node of [tree.root, ...nodes.values()]) Object.assign(node, { tree });
  return tree;
};

interface Base {
  readonly state: SavedState;
  readonly moment: string;
  readonly options: BootOptions;
  readonly tasks: Live["tasks"];
  readonly tree: HostTree;
  readonly bytes: Uint8Array;
}
/** Guests that fork, wait, have filters, threads and files, at a moment at which most of it is there. */
const guests = ["hello-syscall", "a1", "b3", "c5", "c6", "d4", "script"] as const;
const made: (Base | undefined)[] = [];
const baseOf = (n: number): Base => {
  const known = made[n];
  if (known) return known;
  const name = guests[n] as string;
  const tree = newTree({ [name]: guestFile(name), data: new Uint8Array(5000).fill(65) });
  const options: BootOptions = { memory: MEMORY, root: tree };
  const live = new Live(new Machine(options), `/${name}`, { stdin: "some input\n" });
  live.step(n === 0 ? 800 : 20_000);
  const [state, moment, { tasks }] = [live.save(), live.moment, live];
  const base = { state, moment, options, tasks, tree, bytes: writeFile(state, moment, options, tasks) };
  made[n] = base;
  return base;
};

// biome-ignore format: table
const nasty = [0, 1, -1, 2, 3, 7, 255, 4095, 4096, 65535, 65536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 47, Number.MAX_SAFE_INTEGER,
  -Number.MAX_SAFE_INTEGER, Infinity, -Infinity, NaN, 0.5, 1e300];
const value = (r: Random, before: unknown): unknown => {
  if (r.chance(0.7)) {
    if (typeof before === "number") return r.chance(0.3) ? before + r.pick([1, -1, 2, 4096, -4096]) : r.pick(nasty);
    if (typeof before === "boolean") return !before;
    if (typeof before === "bigint") return r.pick([0n, 1n, -1n, 1n << 63n, 1n << 64n, (1n << 64n) - 1n, 1n << 200n, before + 1n]);
    if (typeof before === "string") return r.pick(["", "\0", "..", "/", "x".repeat(5000), before.slice(1), `${before}x`]);
  }
  return r.pick([undefined, null, true, false, 0, 1, -1, 2 ** 40, "", "x", 1n, ...nasty]);
};

type Loose = { -readonly [K in keyof Extract<Item, { kind: "object" }>]: never } & Record<string, never>;
/** Items that can be changed: all lists are copies. */
const changeable = (items: readonly Item[]): Item[] =>
  items.map((item) =>
    item.kind === "object"
      ? { ...item, template: { ...item.template }, keys: [...item.keys], refs: [...item.refs] }
      : item.kind === "array"
        ? { ...item, template: item.template.slice(), keys: [...item.keys], refs: [...item.refs] }
        : item.kind === "map" || item.kind === "set"
          ? { ...item, elements: [...item.elements], refs: [...item.refs] }
          : item,
  );
const changeItem = (r: Random, items: Item[], how: Change["how"]): void => {
  for (let tries = 0; tries < 50; tries++) {
    const at = r.below(items.length);
    const item = items[at] as Item;
    const any = (): number => r.below(items.length);
    if (how === "value" && item.kind === "object") {
      const names = Object.keys(item.template).filter((key) => !item.keys.includes(key) && typeof item.template[key] !== "object");
      if (names.length === 0) continue;
      const name = r.pick(names);
      (item.template as Record<string, unknown>)[name] = value(r, item.template[name]);
      return;
    }
    if (how === "reference" && (item.kind === "object" || item.kind === "array") && item.refs.length > 0) {
      const n = r.below(item.refs.length);
      const before = items[item.refs[n] as number] as Item;
      // Mostly another object of the same class: the type is right then.
      const alike = items.flatMap((each, i) => (each.kind === before.kind && (each as Loose).name === (before as Loose).name ? [i] : []));
      (item.refs as number[])[n] = r.chance(0.7) ? r.pick(alike) : any();
      return;
    }
    if (how === "elements" && (item.kind === "map" || item.kind === "set" || item.kind === "array")) {
      if (item.kind === "array") {
        if (item.template.length === 0) continue;
        const n = r.below(item.template.length);
        if (r.chance(0.3)) item.template.length = r.chance(0.5) ? n : item.template.length + r.pick([1, 100, 65536]);
        else if (!item.keys.includes(n)) item.template[n] = value(r, item.template[n]);
        else continue;
        const [keys, refs] = [item.keys as number[], item.refs as number[]];
        for (let i = keys.length - 1; i >= 0; i--) if ((keys[i] as number) >= item.template.length) keys.splice(i, 1), refs.splice(i, 1);
        return;
      }
      if (item.elements.length === 0) continue;
      const n = r.below(item.elements.length);
      const [elements, refs] = [item.elements as unknown[], item.refs as number[]];
      if (r.chance(0.2)) {
        const step = item.kind === "map" ? 2 : 1;
        const from = n - (n % step);
        elements.splice(from, step);
        refs.splice(from, step);
      } else if ((refs[n] as number) >= 0) refs[n] = any();
      else elements[n] = value(r, elements[n]);
      return;
    }
    if (how === "view" && item.kind === "buffer" && item.bytes.byteLength > 0) {
      const bytes = new Uint8Array(item.bytes.slice(0));
      const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
      for (let n = 1 + r.below(4); n > 0; n--)
        if (words.length > 0 && r.chance(0.7)) words[r.below(words.length)] = r.chance(0.5) ? r.u32() : (r.pick(nasty) as number);
        else bytes[r.below(bytes.length)] = r.below(256);
      items[at] = { kind: "buffer", bytes: r.chance(0.1) ? bytes.buffer.slice(0, r.below(bytes.length)) : bytes.buffer };
      return;
    }
    if (how === "view" && item.kind === "view" && r.chance(0.3)) {
      items[at] = {
        ...item,
        offset: r.pick([0, item.offset, item.offset + 8]),
        length: r.pick([0, 1, item.length - 1, item.length + 1, 2 ** 31]),
      };
      return;
    }
    if (how === "kind" && item.kind === "object") {
      const other = items[any()] as Item;
      items[at] = r.chance(0.5) ? other : other.kind === "object" ? { ...item, name: other.name, proto: other.proto } : item;
      return;
    }
  }
};
const changePages = (r: Random, { pages }: SavedState): SavedState["pages"] => {
  const copy = { ...pages, numbers: pages.numbers.slice(), refs: pages.refs.slice(), next: pages.next.slice(), state: pages.state.slice() };
  const list = r.pick([copy.numbers, copy.refs, copy.next, copy.state]);
  const n = r.below(list.length);
  list[n] = r.chance(0.5) ? (list[r.below(list.length)] as number) : (r.pick(nasty) as number);
  return copy;
};
const changeHeader = (r: Random, header: Record<string, unknown>): void => {
  const name = r.pick(Object.keys(header));
  const old = header[name];
  if (Array.isArray(old) && old.length > 0 && r.chance(0.8)) {
    const list = old.slice();
    const n = r.below(list.length);
    list[n] = r.chance(0.5) ? list[r.below(list.length)] : value(r, list[n]);
    if (r.chance(0.3) && typeof list[n] === "object" && list[n] !== null)
      list[n] = { ...list[n], path: r.pick([[".."], ["..", "..", "etc", "passwd"], ["a/b"], [""], ["data", "x"], [7]]) };
    header[name] = list;
  } else if (name === "options" && r.chance(0.8))
    header[name] = {
      ...(old as object),
      [r.pick(["memory", "cpu", "kernel", "x32", "bugs", "overlay", "network", "__proto__"])]: value(r, ""),
    };
  else header[name] = value(r, old);
};
const changeBytes = (r: Random, bytes: Uint8Array): Uint8Array => {
  const copy = bytes.slice();
  for (let n = 1 + r.below(3); n > 0; n--) {
    const at = r.below(copy.length);
    copy[at] = r.chance(0.5) ? r.below(256) : (copy[at] as number) ^ (1 << r.below(8));
  }
  return r.chance(0.1) ? copy.subarray(0, r.below(copy.length)) : copy;
};

/** The file with its changes; undefined if it cannot be written. */
const changed = (base: Base, changes: readonly Change[]): Uint8Array | undefined => {
  const { state, moment, options, tasks } = base;
  const structural = changes.filter(({ how }) => !["raw", "body", "header"].includes(how));
  let { bytes } = base;
  if (structural.length > 0) {
    const items = changeable(state.graph.items);
    let { pages } = state;
    for (const { how, seed } of structural) {
      const r = new Random(seed);
      if (how === "pages") pages = changePages(r, state);
      else changeItem(r, items, how);
    }
    try {
      bytes = writeFile({ ...state, graph: { ...state.graph, items }, pages }, moment, options, tasks);
    } catch {
      return undefined;
    }
  }
  for (const { how, seed } of changes) {
    const r = new Random(seed);
    if (how === "raw") bytes = changeBytes(r, bytes);
    else if (how === "body" || how === "header") {
      let header: Record<string, unknown>;
      let body: Uint8Array;
      try {
        const parts = openFile(bytes);
        header = JSON.parse(JSON.stringify(parts.header)) as Record<string, unknown>;
        body = inflated(parts.body, parts.header.length);
      } catch {
        continue;
      }
      if (how === "header") changeHeader(r, header);
      else header["length"] = (body = changeBytes(r, body)).length;
      bytes = wholeFile(JSON.parse(JSON.stringify(header, (_, v: unknown) => (typeof v === "bigint" ? `${v}` : v))), body);
    }
  }
  return bytes;
};

/** Reads a file and runs it. The result in words. */
const tried = async (bytes: Uint8Array, tree: HostTree): Promise<string> => {
  let read: ReturnType<typeof readFile>;
  try {
    read = readFile(bytes, { root: tree });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return `refused: ${error.kind}`;
  }
  let live: Live | undefined;
  try {
    live = Live.copy(read.state, read.options, { maxOutput: MOST_OUTPUT });
    const until = Math.min(live.kernel.now, 1e15) + LIMIT;
    const end = Date.now() + SECONDS * 1000;
    while (live.kernel.now < until && Date.now() < end) {
      const { deadline } = live.kernel;
      deadline.until = deadline.clock() + 100;
      if (live.step(1e6) !== "limit") break;
    }
    return `ran`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return `ended: ${error.kind}`;
  } finally {
    if (live) keepMemory(live.machine, false);
  }
};

const check = async ({ base: n, changes }: Input): Promise<{ result: string; finding?: Finding }> => {
  const base = baseOf(n);
  const bytes = changed(base, changes);
  if (!bytes) return { result: "not written" };
  asked.clear();
  const since = performance.now();
  let result: string;
  try {
    result = await tried(bytes, base.tree);
  } catch (error) {
    const seen = error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 12).join("\n") : String(error);
    return { result: "", finding: { rule: "nothing throws", expected: "a run or a Problem", seen } };
  }
  const took = (performance.now() - since) / 1000;
  if (took > OVER) return { result, finding: { rule: "it ends in its time", expected: `${OVER} s`, seen: `${took} s` } };
  if (asked.size > 0) return { result, finding: { rule: "it stays in its tree", expected: "names of the tree", seen: [...asked].join() } };
  return { result };
};

export const snapshot = kind<readonly Input[]>({
  summary: "files of snapshots with changed bytes, values, references and pages: refused, or a run in bounds",
  bounds: { seconds: 25, megabytes: 1500 },
  draw: (r) =>
    Array.from({ length: BATCH }, () => ({
      base: r.below(guests.length),
      changes: Array.from({ length: r.chance(0.8) ? 1 : 1 + r.below(4) }, () => ({ how: way(r), seed: r.u32() >>> 0 })),
    })),
  async check(inputs) {
    const results: string[] = [];
    for (const input of inputs) {
      const { result, finding } = await check(input);
      results.push(result);
      if (finding) return { inputs: results.length, digest: digestOf(results.join()), finding: { ...finding, input: [input] } };
    }
    return noFinding(inputs.length, digestOf(results.join()));
  },
  parts: {
    // Of a batch that hangs: its inputs.
    of: (inputs) => (inputs.length === 1 ? (inputs[0] as Input).changes : inputs),
    with: (inputs, parts) =>
      inputs.length === 1 ? [{ ...(inputs[0] as Input), changes: parts as readonly Change[] }] : (parts as readonly Input[]),
  },
});
