// The first difference between two machines: both graphs are walked in parallel. A machine and its copy have
// none, at the same moment of their runs.
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { TableEntry } from "../../kernel/syscall/declaration.ts";
import type { Facts } from "./graph.ts";
import { savePages } from "./pages.ts";
import { storeRegisters } from "./processor-state.ts";
import { facts as allFacts } from "./registry.ts";

/** Fields that follow the host's clock or the engine, by `file:Class`. */
const ofHost: Readonly<Record<string, readonly string[]>> = {
  "kernel/sched/scheduler.ts:Scheduler": ["_isLate", "_lookAt", "_lookAfter", "_lastLook", "_until"],
  "kernel/sched/context-switch.ts:ContextSwitch": ["_space"],
  "kernel/core/task.ts:Task": ["registers"],
  // The last search. A page that comes at its first use is one more.
  "memory/areas.ts:Areas": ["_hit", "_c", "_i"],
  // The last search, which a leaf that was used last makes needless.
  "memory/ordered-map.ts:OrderedMap": ["at"],
  // Leaves that were used last. Ended tables leave theirs to those of other machines.
  "memory/page-table.ts:PageTable": ["_last", "_lastBase", "_other", "_otherBase"],
};
const NOTHING: readonly string[] = [];

/** The parts of a task's registers that all engines have alike: not lazy flags, budgets and records. */
const REGISTERS: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x88],
  [0xa4, 0xa8],
  [0xb0, 0xb8],
  [0xc0, 0x178],
  [0x180, 0x400],
];

/** A difference, with its path: `kernel.tasks.get(2).files`. */
export interface StateDifference {
  readonly path: string;
  readonly first: string;
  readonly second: string;
}

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";
const isTableEntry = (value: object): value is TableEntry => "syscall" in value && "decode" in value;
const text = (value: unknown): string => {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  return isObject(value) ? (value.constructor?.name ?? "object") : String(value);
};

interface Pair {
  readonly a: object;
  readonly b: object;
  readonly from: Pair | undefined;
  readonly step: string;
}
const pathOf = (pair: Pair | undefined, step: string): string => (pair ? pathOf(pair.from, pair.step) + step : step);

class Comparison {
  private readonly _facts: Facts;
  private readonly _other = new Map<object, object>();
  private readonly _queue: Pair[] = [];
  found: StateDifference | undefined;

  constructor(facts: Facts) {
    this._facts = facts;
  }
  run(a: object, b: object, name: string): StateDifference | undefined {
    this._value(a, b, undefined, name);
    for (let i = 0; i < this._queue.length && !this.found; i++) this._objects(this._queue[i] as Pair);
    return this.found;
  }
  private _differ(a: unknown, b: unknown, from: Pair | undefined, step: string): void {
    this.found ??= { path: pathOf(from, step), first: text(a), second: text(b) };
  }
  private _value(a: unknown, b: unknown, from: Pair | undefined, step: string): void {
    if (!isObject(a) || !isObject(b)) {
      if (!Object.is(a, b)) this._differ(a, b, from, step);
      return;
    }
    const known = this._other.get(a);
    if (known !== undefined) {
      if (known !== b) this._differ("one object", "another one", from, step);
      return;
    }
    this._other.set(a, b);
    // A kernel that had rare calls has a larger table, with entries of its own.
    if (isTableEntry(a) && isTableEntry(b)) return this._value(a.syscall, b.syscall, from, `${step}.syscall`);
    if (a !== b || !this._facts.isConstant(a)) this._queue.push({ a, b, from, step });
  }
  private _objects(pair: Pair): void {
    const { a, b } = pair;
    const proto = Object.getPrototypeOf(a) as object | null;
    if (typeof a === "function") return a === b ? undefined : this._differ(a, b, pair, "");
    const other = Object.getPrototypeOf(b) as object | null;
    if (proto !== other) {
      // An object over another one.
      if (!proto || !other || this._facts.of(proto) || !this._facts.of(Object.getPrototypeOf(proto) as object))
        return this._differ(a, b, pair, "");
      this._value(proto, other, pair, ".(prototype)");
    }
    if (a instanceof Map && b instanceof Map) {
      if (a.size !== b.size) return this._differ(a.size, b.size, pair, ".size");
      const others = [...b];
      let i = 0;
      for (const [key, value] of a) {
        const [otherKey, otherValue] = others[i++] as [unknown, unknown];
        this._value(key, otherKey, pair, `.key(${i - 1})`);
        this._value(value, otherValue, pair, `.get(${text(key)})`);
      }
      return;
    }
    if (a instanceof Set && b instanceof Set) {
      if (a.size !== b.size) return this._differ(a.size, b.size, pair, ".size");
      const others = [...b];
      [...a].forEach((value, i) => this._value(value, others[i], pair, `.has(${i})`));
      return;
    }
    if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
      this._bytes(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), new Uint8Array(b.buffer, b.byteOffset, b.byteLength), pair);
      return;
    }
    this._fields(a as Record<string, unknown>, b as Record<string, unknown>, pair, proto);
  }
  private _bytes(a: Uint8Array, b: Uint8Array, pair: Pair): void {
    if (a.length !== b.length) return this._differ(a.length, b.length, pair, ".byteLength");
    const at = a.findIndex((byte, i) => byte !== b[i]);
    if (at >= 0) this._differ(a[at], b[at], pair, `[byte ${at}]`);
  }
  private _fields(a: Record<string, unknown>, b: Record<string, unknown>, pair: Pair, proto: object | null): void {
    const facts = proto ? this._facts.of(proto) : undefined;
    const isHost = new Set(ofHost[facts?.name ?? ""] ?? NOTHING);
    const keys = Object.keys(a);
    const others = Object.keys(b);
    if (keys.length !== others.length) return this._differ(keys.join(), others.join(), pair, ".(names)");
    for (const key of keys) {
      if (facts?.handles?.[key] || facts?.derived?.has(key) || isHost.has(key)) continue;
      if (!Object.hasOwn(b, key)) return this._differ(key, undefined, pair, `.${key}`);
      this._value(a[key], b[key], pair, Array.isArray(a) ? `[${key}]` : `.${key}`);
    }
    if (facts?.name !== "kernel/core/task.ts:Task" || a["state"] === "dead") return;
    for (const [from, to] of REGISTERS) {
      const step = { a, b, from: pair, step: `.registers[${from}..]` };
      this._bytes((a["registers"] as Uint8Array).subarray(from, to), (b["registers"] as Uint8Array).subarray(from, to), step);
    }
  }
}

/**
 * The first difference between two machines of one process, between two slices. Undefined: they are equal.
 */
export const difference = (a: Kernel, b: Kernel): StateDifference | undefined => {
  for (const kernel of [a, b]) storeRegisters(kernel);
  const found = new Comparison(allFacts()).run(a, b, "kernel");
  if (found) return found;
  if (a.processor.instructions !== b.processor.instructions)
    return { path: "processor.instructions", first: text(a.processor.instructions), second: text(b.processor.instructions) };
  const [first, second] = [savePages(a.frames, undefined), savePages(b.frames, undefined)];
  return new Comparison(allFacts()).run(first, second, "frames");
};
