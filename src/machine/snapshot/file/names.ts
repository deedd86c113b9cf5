// Names of the constants that a machine's objects point at, for files. The process that reads a file has the
// same constants under the same names.
import { type Abi, i386, x32, x64 } from "../../../abi/abi.ts";
import type { KernelProfile } from "../../../kernel/base/profile.ts";
import type { Feature } from "../../../kernel/core/feature.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import { callTables, Gate } from "../../../kernel/entry/gate.ts";
import { makers } from "../../../kernel/fs/proc/tree/derived.ts";
import { classes } from "../classes.ts";
import { constants } from "../constants.ts";

/** Numbers of x32 have it. */
const X32_BIT = 0x4000_0000;

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";

/** Constants by name and names by constant. */
export class Names {
  private readonly _names = new Map<object, string>();
  private readonly _values = new Map<string, object>();
  private readonly _gate: Gate;

  /** Of a kernel with this profile and these features. */
  constructor(profile: KernelProfile, features: readonly Feature[]) {
    // It finds the entries of calls, and reads no more of its kernel.
    this._gate = new Gate({ profile, features } as Kernel);
    for (const [name, constructor] of classes) this._add(`class:${name}`, constructor);
    // Constants first: they load the modules with recipes.
    const queue: [name: string, value: unknown][] = [["profile", profile], ...Object.entries(constants)];
    for (const [make, name] of makers()) this._add(`recipe:${name}`, make as object);
    for (let i = 0; i < queue.length; i++) {
      const [name, value] = queue[i] as [string, unknown];
      // Tables that grow have no stable names inside.
      if (!isObject(value) || value instanceof Map || value instanceof Set || this._names.has(value)) continue;
      this._add(name, value);
      if (!ArrayBuffer.isView(value)) for (const [key, inner] of Object.entries(value)) queue.push([`${name}.${key}`, inner]);
    }
  }
  private _add(name: string, value: object): void {
    this._names.set(value, name);
    this._values.set(name, value);
  }
  /** All tables of the process: the first ones hold the usual calls only, and later ones have them again. */
  private _entries(): void {
    const { profile, features } = this._gate.kernel;
    for (const { native, compat, x32: both } of Object.values(callTables.get(features) ?? [])) {
      const own = both.get(profile);
      this._table(x64, native);
      this._table(i386, compat);
      this._table(x64, own?.native);
      this._table(x32, own?.own);
    }
  }
  private _table(abi: Abi, table: readonly (object | undefined)[] = []): void {
    table.forEach((entry, nr) => {
      if (entry && !this._names.has(entry)) this._names.set(entry, `call:${abi.name}:${nr}`);
    });
  }
  private _entry(abi: Abi, nr: number): object | undefined {
    return this._gate.entryOf(abi, abi === x32 ? nr + X32_BIT : nr) as object | undefined;
  }

  /** The name of a constant; undefined if it has none. */
  of(value: object): string | undefined {
    const known = this._names.get(value);
    if (known !== undefined) return known;
    this._entries();
    return this._names.get(value);
  }
  /** The constant with a name. */
  value(name: string): object | undefined {
    const [, abiName, nr] = /^call:(\w+):(\d{1,3})$/.exec(name) ?? [];
    if (nr === undefined) return this._values.get(name);
    const abi = [x64, i386, x32].find((each) => each.name === abiName);
    return abi && this._entry(abi, Number(nr));
  }
}
