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
  /** The address of its first root, or, for a region with a base, its distance from the base. */
  readonly root: number;
  /** The unit of a region with a base, else undefined. */
  readonly content: string | undefined;
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
  constructor(
    { root, base }: { readonly root: number; readonly base: number | undefined },
    file: CodeFile | undefined,
    from: { readonly data?: CachedRegion; readonly make?: () => CachedRegion },
  ) {
    this.root = root - (base ?? 0);
    this.content = base === undefined ? undefined : file?.content;
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
  /**
   * An instance ends. `data`: the region as it was at the end, with its module. Another instance of the same
   * entry may have been compiled anew, to another module.
   */
  settle(data: CachedRegion, module: WebAssembly.Module): void {
    this.isNew ||= data.compiled.native !== this.#data?.compiled.native;
    this.module = module;
    this.#data = data;
    this.#make = undefined;
  }
  /** The id of its unit. */
  get unit(): string | undefined {
    return this.content ?? this.file?.id;
  }
  /** False while its data are made from an instance. */
  get isSettled(): boolean {
    return this.#make === undefined;
  }
}

/** The greatest number of regions that wait for pages of their code. */
const mostRetried = 1024;

const sizeOf = ({ compiled: { wasm, native } }: CachedRegion): number => wasm.length + (native?.length ?? 0);

/** An entry whose root has been decoded, and the position of its file if it has a base. */
export interface ReachedEntry {
  readonly entry: LibraryEntry;
  readonly position: number | undefined;
}
type ByRoot = Map<number, LibraryEntry[]>;

/** Regions by their first root, and those whose roots have been decoded since they were last asked for. */
export class RegionLibrary {
  /** Regions without a base. */
  readonly #fixed: ByRoot = new Map();
  /** Regions with a base, by content of their file. */
  readonly #positioned = new Map<string, ByRoot>();
  /** Settled entries, the oldest first. */
  readonly #settled = new Set<LibraryEntry>();
  #bytes = 0;
  #decoded: ReachedEntry[] = [];
  /** The code files of the current address space. */
  files: readonly CodeFile[] = [];

  get isEmpty(): boolean {
    return this.#fixed.size + this.#positioned.size === 0;
  }
  /** Adds the regions of earlier runs. */
  load(file: CodeFile, { regions }: CachedRegions): void {
    for (const data of regions) {
      const at = { root: data.roots[0] as number, base: data.compiled.base };
      this.#settle(this.#put(new LibraryEntry(at, file, { data })));
    }
  }
  /** Adds a region of this run. */
  add(root: number, base: number | undefined, file: CodeFile | undefined, make: () => CachedRegion): LibraryEntry {
    return this.#put(new LibraryEntry({ root, base }, file, { make }));
  }
  #of({ content }: LibraryEntry): ByRoot {
    if (content === undefined) return this.#fixed;
    let roots = this.#positioned.get(content);
    if (!roots) this.#positioned.set(content, (roots = new Map()));
    return roots;
  }
  #put(entry: LibraryEntry): LibraryEntry {
    const roots = this.#of(entry);
    const there = roots.get(entry.root);
    if (!there) roots.set(entry.root, [entry]);
    else if (there.push(entry) > most.ofOneRoot) this.forget(there[0] as LibraryEntry);
    return entry;
  }
  /** The instance of an entry has ended, or the host has compiled it. */
  settle(entry: LibraryEntry, data: CachedRegion, module: WebAssembly.Module): void {
    if (!this.has(entry)) return;
    this.#unsettle(entry);
    entry.settle(data, module);
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
    return this.#of(entry).get(entry.root)?.includes(entry) === true;
  }
  /** Removes a region for ever, for example because a better one replaces it. */
  forget(entry: LibraryEntry): void {
    this.#unsettle(entry);
    const roots = this.#of(entry);
    const others = (roots.get(entry.root) ?? []).filter((e) => e !== entry);
    if (others.length > 0) roots.set(entry.root, others);
    else roots.delete(entry.root);
  }

  /** Reports that the interpreter has decoded a block. */
  blockDecoded(ip: number): void {
    const fixed = this.#fixed.get(ip);
    if (fixed) for (const entry of fixed) this.#decoded.push({ entry, position: undefined });
    if (this.#positioned.size === 0) return;
    for (const { start, end, content, position } of this.files) {
      if (ip < start || ip >= end) continue;
      const there = this.#positioned.get(content)?.get(ip - position);
      if (there) for (const entry of there) this.#decoded.push({ entry, position });
    }
  }
  /** Reports the roots that the current address space has decoded already, as far as `isDecoded` says so. */
  noteDecoded(isDecoded: (ip: number) => boolean): void {
    for (const root of this.#fixed.keys()) if (isDecoded(root)) this.blockDecoded(root);
    for (const { start, end, content, position } of this.files)
      for (const [root, entries] of this.#positioned.get(content) ?? []) {
        const ip = position + root;
        if (start <= ip && ip < end && isDecoded(ip)) for (const entry of entries) this.#decoded.push({ entry, position });
      }
  }
  /** Makes a region come again in `reached`, the next time that it is called. */
  retry(reached: ReachedEntry): void {
    this.#retried.push(reached);
    if (this.#retried.length > mostRetried) this.#retried.shift();
  }
  #retried: ReachedEntry[] = [];
  /** Regions whose roots have been decoded. */
  *reached(): Iterable<ReachedEntry> {
    this.#decoded.push(...this.#retried);
    this.#retried = [];
    while (this.#decoded.length > 0) {
      const decoded = this.#decoded;
      this.#decoded = [];
      for (const reached of decoded) if (this.has(reached.entry)) yield reached;
    }
  }
  /** The regions of files by unit; without those that were not used in this run and too many earlier ones. */
  get lasting(): ReadonlyMap<string, readonly LibraryEntry[]> {
    const units = new Map<string, LibraryEntry[]>();
    for (const roots of [this.#fixed, ...this.#positioned.values()])
      for (const entry of [...roots.values()].flat()) {
        const { unit } = entry;
        if (unit === undefined || (!entry.used && entry.data.idle + 1 >= maxIdle)) continue;
        const there = units.get(unit);
        if (there) there.push(entry);
        else units.set(unit, [entry]);
      }
    return units;
  }
}
