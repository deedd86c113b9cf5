// The library of one run: all regions that were compiled or loaded, as data. A region is installed from here
// wherever its code is decoded again: in another process, or after its process has ended. The chapter
// docs/design/code-cache.md specifies it.
import type { CachedRegion, CachedRegions, CodeFile } from "./format.ts";

/**
 * Unused runs after which a region is removed. Other inputs of a program need other code, and code of other
 * addresses does not return.
 */
const maxIdle = 8;
/** Upper bounds of regions without an instance, and of those with one root. The oldest ones are removed. */
const most = { regions: 4096, bytes: 64 * 2 ** 20, ofOneRoot: 8 } as const;

/** A region of the library. */
export class LibraryEntry {
  /** The address of its first root. */
  readonly root: number;
  /** The file of the code at its root. Undefined: its code is of no file, and no later run has it. */
  readonly file: CodeFile | undefined;
  /** It, or the host's code for it, is not in the code cache yet. */
  isNew: boolean;
  /** Control has reached it in this run. */
  used: boolean;
  /** Its module, once it has been compiled. */
  module: WebAssembly.Module | undefined;
  #data: CachedRegion | undefined;
  /** Makes the data of an entry that has an instance. */
  #make: (() => CachedRegion) | undefined;
  constructor(root: number, file: CodeFile | undefined, from: { readonly data?: CachedRegion; readonly make?: () => CachedRegion }) {
    this.root = root;
    this.file = file;
    this.#data = from.data;
    this.#make = from.make;
    this.isNew = this.used = from.data === undefined;
  }
  /** The region as data. */
  get data(): CachedRegion {
    return (this.#data ??= this.#make!());
  }
  /** The instance has been compiled anew. */
  changed(make: () => CachedRegion, module: WebAssembly.Module): void {
    this.#data = undefined;
    this.#make = make;
    this.module = module;
    this.isNew = true;
  }
  /** The instance ends. `data`: the region as it was at the end. */
  settle(data: CachedRegion): void {
    this.isNew ||= data.compiled.native !== this.#data?.compiled.native;
    this.#data = data;
    this.#make = undefined;
  }
  /** False while its data are made from an instance. */
  get isSettled(): boolean {
    return this.#make === undefined;
  }
}

const sizeOf = ({ compiled: { wasm, native } }: CachedRegion): number => wasm.length + (native?.length ?? 0);

/** Regions by their first root, and those whose roots have been decoded since they were last asked for. */
export class RegionLibrary {
  readonly #byRoot = new Map<number, LibraryEntry[]>();
  /** Settled entries, the oldest first. */
  readonly #settled = new Set<LibraryEntry>();
  #bytes = 0;
  #decoded: number[] = [];
  readonly #retried = new Set<number>();

  /** Adds the regions of earlier runs. */
  load(file: CodeFile, { regions }: CachedRegions): void {
    for (const data of regions) this.#settle(this.#put(new LibraryEntry(data.roots[0] as number, file, { data })));
  }
  /** Adds a region of this run. */
  add(root: number, file: CodeFile | undefined, make: () => CachedRegion): LibraryEntry {
    return this.#put(new LibraryEntry(root, file, { make }));
  }
  #put(entry: LibraryEntry): LibraryEntry {
    const there = this.#byRoot.get(entry.root);
    if (!there) this.#byRoot.set(entry.root, [entry]);
    else if (there.push(entry) > most.ofOneRoot) this.forget(there[0] as LibraryEntry);
    return entry;
  }
  /** The instance of an entry has ended, or the host has compiled it. */
  settle(entry: LibraryEntry, data: CachedRegion): void {
    if (!this.has(entry)) return;
    this.#unsettle(entry);
    entry.settle(data);
    this.#settle(entry);
  }
  #settle(entry: LibraryEntry): void {
    this.#settled.add(entry);
    this.#bytes += sizeOf(entry.data);
    while (this.#settled.size > most.regions || this.#bytes > most.bytes) this.forget(this.#settled.values().next().value as LibraryEntry);
  }
  #unsettle(entry: LibraryEntry): void {
    if (this.#settled.delete(entry)) this.#bytes -= sizeOf(entry.data);
  }
  /** The instance of an entry has been compiled anew. */
  changed(entry: LibraryEntry, make: () => CachedRegion, module: WebAssembly.Module): void {
    this.#unsettle(entry);
    entry.changed(make, module);
  }
  has(entry: LibraryEntry): boolean {
    return this.#byRoot.get(entry.root)?.includes(entry) === true;
  }
  /** Removes a region for ever, for example because a better one replaces it. */
  forget(entry: LibraryEntry): void {
    this.#unsettle(entry);
    const others = (this.#byRoot.get(entry.root) ?? []).filter((e) => e !== entry);
    if (others.length > 0) this.#byRoot.set(entry.root, others);
    else this.#byRoot.delete(entry.root);
  }

  get roots(): Iterable<number> {
    return this.#byRoot.keys();
  }
  /** Reports that the interpreter has decoded a block. */
  blockDecoded(ip: number): void {
    if (this.#byRoot.has(ip)) this.#decoded.push(ip);
  }
  /** Makes a region come again in `reached`, the next time that it is called. */
  retry({ root }: LibraryEntry): void {
    this.#retried.add(root);
  }
  /** Regions whose roots have been decoded. */
  *reached(): Iterable<LibraryEntry> {
    this.#decoded.push(...this.#retried);
    this.#retried.clear();
    while (this.#decoded.length > 0) {
      const decoded = this.#decoded;
      this.#decoded = [];
      for (const root of decoded) yield* this.#byRoot.get(root) ?? [];
    }
  }
  /** The regions of files by unit; without those that were not used in this run and too many earlier ones. */
  get lasting(): ReadonlyMap<string, readonly LibraryEntry[]> {
    const units = new Map<string, LibraryEntry[]>();
    for (const entry of [...this.#byRoot.values()].flat()) {
      if (!entry.file || (!entry.used && entry.data.idle + 1 >= maxIdle)) continue;
      const there = units.get(entry.file.id);
      if (there) there.push(entry);
      else units.set(entry.file.id, [entry]);
    }
    return units;
  }
}
