// Values that are made again from data when they are needed. An object with functions (the content of a file
// in /proc) would hide state from snapshots; its recipe does not. A recipe is a named function of the program
// text and its arguments, which are objects of the machine.

type Make<A extends readonly unknown[], T> = (...args: A) => T;

const names = new Map<unknown, string>();
const made = new WeakMap<object, unknown>();

/** The name of a function that recipes use. */
export const makerName = (make: unknown): string | undefined => names.get(make);

/** All functions that recipes use, with their names. */
export const makers = (): ReadonlyMap<unknown, string> => names;

/** A recipe. `value` is made at the first use. A copy of the recipe makes its own. */
export class Derived<T> {
  private readonly _make: Make<readonly unknown[], T>;
  private readonly _args: readonly unknown[];
  constructor(make: Make<readonly unknown[], T>, args: readonly unknown[]) {
    this._make = make;
    this._args = args;
  }
  get value(): T {
    const known = made.get(this) as T | undefined;
    if (known !== undefined) return known;
    const value = this._make(...this._args);
    made.set(this, value);
    return value;
  }
}

/** Makes recipes with a function. `name` is unique in the program. The function keeps no state of its own. */
export const recipe = <A extends readonly unknown[], T>(name: string, make: Make<A, T>): ((...args: A) => Derived<T>) => {
  names.set(make, name);
  return (...args) => new Derived(make as unknown as Make<readonly unknown[], T>, args);
};
