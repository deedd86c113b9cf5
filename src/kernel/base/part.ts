// Parts of objects: state that only some have, stored by key. A feature declares its parts where its state
// is;
// the object itself names none.

/** An object with parts: a task, a kernel, a namespace, an address space. */
export interface Parted {
  parts: Map<string, unknown> | undefined;
}

/** A part: its values are stored in owners by its key. */
export class Part<O extends Parted, T> {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  /** The value of an owner. */
  of(owner: O): T | undefined {
    return owner.parts?.get(this.key) as T | undefined;
  }
  set(owner: O, value: T | undefined): void {
    if (value !== undefined) (owner.parts ??= new Map()).set(this.key, value);
    else owner.parts?.delete(this.key);
  }
  /** The value of an owner, made if it has none. */
  make(owner: O, value: () => T): T {
    const present = this.of(owner);
    if (present !== undefined) return present;
    const made = value();
    this.set(owner, made);
    return made;
  }
}
