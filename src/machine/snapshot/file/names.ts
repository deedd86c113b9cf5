// Names of the constants that a machine's objects point at, for files. The process that reads a file has the
// same constants under the same names.
import { type Abi, i386, x32, x64 } from "../../../abi/abi.ts";
import type { KernelProfile } from "../../../kernel/base/profile.ts";
import type { Feature } from "../../../kernel/core/feature.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import { callTables, Gate } from "../../../kernel/entry/gate.ts";
import { makers } from "../../../kernel/fs/proc/tree/derived.ts";
import { classes } from "../classes.ts";
import { constantOf, constants } from "../constants.ts";

/** Numbers of x32 have it. */
const X32_BIT = 0x4000_0000;

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";

/** Objects and functions by their names, and the names. */
interface Named {
  readonly names: Map<object, string>;
  readonly values: Map<string, object>;
}
/** Tables that grow have no stable names inside. */
const hasParts = (value: object): boolean => !(value instanceof Map || value instanceof Set || ArrayBuffer.isView(value));

/** Constants by name and names by constant. To find a few names costs less than the table of all. */
export class Names {
  private readonly _profile: KernelProfile;
  private readonly _features: readonly Feature[];
  private _known: Named | undefined;
  private _calls: Gate | undefined;

  /** Of a kernel with this profile and these features. */
  constructor(profile: KernelProfile, features: readonly Feature[]) {
    this._profile = profile;
    this._features = features;
  }
  /** It finds the entries of calls, and reads no more of its kernel. */
  private _gate(): Gate {
    return (this._calls ??= new Gate({ profile: this._profile, features: this._features } as Kernel));
  }
  private _all(): Named {
    if (this._known) return this._known;
    const [names, values] = [new Map<object, string>(), new Map<string, object>()];
    const add = (name: string, value: object): void => {
      names.set(value, name);
      values.set(name, value);
    };
    for (const [name, constructor] of classes) add(`class:${name}`, constructor());
    // Constants first: they load the modules with recipes.
    const queue: [name: string, value: unknown][] = [["profile", this._profile], ...Object.entries(constants())];
    for (const [make, name] of makers()) add(`recipe:${name}`, make as object);
    for (let i = 0; i < queue.length; i++) {
      const [name, value] = queue[i] as [string, unknown];
      if (!isObject(value) || value instanceof Map || value instanceof Set || names.has(value)) continue;
      add(name, value);
      if (hasParts(value)) for (const [key, inner] of Object.entries(value)) queue.push([`${name}.${key}`, inner]);
    }
    this._known = { names, values };
    return this._known;
  }
  /** A constant by a name without the table; undefined if only the table knows it. */
  private _found(name: string): object | undefined {
    const [kind = "", rest] = /^(class|recipe):(.*)$/s.exec(name)?.slice(1) ?? [];
    if (rest !== undefined && kind === "class") return classes.get(rest)?.();
    if (rest !== undefined) return [...makers()].find(([, each]) => each === rest)?.[0] as object | undefined;
    const [first = "", ...keys] = name.split(".");
    let value: unknown = first === "profile" ? this._profile : constantOf(first);
    for (const key of keys) {
      if (!isObject(value) || !hasParts(value) || !Object.hasOwn(value, key)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    return isObject(value) && !(value instanceof Map || value instanceof Set) ? value : undefined;
  }
  /** All tables of the process: the first ones hold the usual calls only, and later ones have them again. */
  private _addEntries({ names }: Named): void {
    const profile = this._profile;
    const add = (abi: Abi, table: readonly (object | undefined)[] = []): void =>
      table.forEach((entry, nr) => {
        if (entry && !names.has(entry)) names.set(entry, `call:${abi.name}:${nr}`);
      });
    for (const { native, compat, x32: both } of Object.values(callTables.get(this._features) ?? [])) {
      const own = both.get(profile);
      add(x64, native);
      add(i386, compat);
      add(x64, own?.native);
      add(x32, own?.own);
    }
  }

  /** The name of a constant; undefined if it has none. */
  of(value: object): string | undefined {
    const all = this._all();
    if (!all.names.has(value)) this._addEntries(all);
    return all.names.get(value);
  }
  /** The constant with a name. */
  value(name: string): object | undefined {
    const [, abiName, nr] = /^call:(\w+):(\d{1,3})$/.exec(name) ?? [];
    if (nr === undefined) return this._found(name) ?? this._all().values.get(name);
    const abi = [x64, i386, x32].find((each) => each.name === abiName);
    return abi && (this._gate().entryOf(abi, abi === x32 ? Number(nr) + X32_BIT : Number(nr)) as object | undefined);
  }
}
