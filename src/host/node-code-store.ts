// Compiled regions between runs: a file per unit (a file of code at a position) in the user's cache, with
// V8's code for them. V8 trusts the code in such a file. So the file is read only if it is whole and no other
// user can have written it. V8 refuses code of another version, for another processor, or under other flags.
import { lstatSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CachedRegion, CachedRegions, CodeStore, CodeUnit, CompiledRegion } from "../machine/code-memory.ts";
import { attempt, cacheFile, cachePath, type Label, late, noteUse, readCacheFile, readOwn, writeOwn } from "./node-cache-files.ts";
import { nodeHandlerStore } from "./node-handler-store.ts";
import { withNatives } from "./node-native-code.ts";
import { cacheFolder } from "./user-cache.ts";

/** Upper bounds of all files together: those that were not used for longest go. */
const room = { bytes: 256 * 2 ** 20, files: 4096 } as const;

/** Where bytes lie behind the text, and how many. */
type Place = readonly [from: number, length: number];
type PackedMade = Omit<CompiledRegion, "wasm" | "native"> & { readonly wasm: Place; readonly native?: Place };
type PackedRegion = Omit<CachedRegion, "compiled" | "code" | "landings"> & {
  readonly compiled: PackedMade;
  readonly code: readonly { readonly address: number; readonly bytes: Place }[];
  readonly landings: readonly (readonly [CachedRegion["landings"][number][0], number | null])[];
};
interface Packed extends Omit<CachedRegions, "regions"> {
  readonly regions: readonly PackedRegion[];
}

const pack = (kept: CachedRegions, label: Label): readonly Uint8Array[] => {
  const parts: Uint8Array[] = [];
  let end = 0;
  const place = (bytes: Uint8Array): Place => {
    parts.push(bytes);
    end += bytes.length;
    return [end - bytes.length, bytes.length];
  };
  const regions = kept.regions.map(
    ({ compiled: { wasm, native, ...made }, code, landings, ...region }): PackedRegion => ({
      ...region,
      compiled: { ...made, wasm: place(wasm), ...(native ? { native: place(native) } : {}) },
      code: code.map(({ address, bytes }) => ({ address, bytes: place(bytes) })),
      landings: landings.map(([door, landing]) => [door, landing ?? null]),
    }),
  );
  const packed: Packed = { ...kept, regions };
  return cacheFile(label, JSON.stringify(packed), parts);
};
const unpack = (file: Buffer, identity: string): CachedRegions | undefined => {
  const found = readCacheFile(file);
  if (found?.label.identity !== identity) return undefined;
  const { bytes: all } = found;
  const packed = JSON.parse(found.text) as Packed;
  const bytes = ([from, length]: Place) => new Uint8Array(all.buffer as ArrayBuffer, all.byteOffset + from, length);
  const regions = packed.regions.map(
    ({ compiled: { wasm, native, ...made }, code, landings, ...region }): CachedRegion => ({
      ...region,
      compiled: { ...made, wasm: bytes(wasm), ...(native ? { native: bytes(native) } : {}) },
      code: code.map(({ address, bytes: place }) => ({ address, bytes: bytes(place) })),
      landings: landings.map(([door, landing]) => [door, landing ?? undefined]),
    }),
  );
  const { called, jumped, debts, position } = packed;
  return { regions, called, jumped, debts, position };
};

/** Names of the cache's files, and of files that are being written. The folder may have others. */
const isName = (name: string): boolean => /^[0-9a-f]{8}(?:\.\d+)?$/.test(name);

interface CacheFile {
  readonly path: string;
  readonly bytes: number;
  /** The time of the last use, in milliseconds since 1970. */
  readonly used: number;
}
/** The files of the cache, the latest first. */
const filesOf = (folder: string): CacheFile[] =>
  readdirSync(folder)
    .filter(isName)
    .map((name) => ({ path: join(folder, name), status: lstatSync(join(folder, name), { throwIfNoEntry: false }) }))
    .flatMap(({ path, status }) => (status?.isFile() ? [{ path, bytes: status.size, used: status.mtimeMs }] : []))
    .sort((a, b) => b.used - a.used);

/** Removes files that were not used for longest, until the others are within the bounds. */
export const makeRoom = (folder: string): void => {
  let bytes = 0;
  for (const [n, file] of filesOf(folder).entries()) {
    bytes += file.bytes;
    if (bytes > room.bytes || n >= room.files) rmSync(file.path, { force: true });
  }
};

/** A file of the cache, for users. */
export interface CacheEntry extends CacheFile {
  /** Undefined: the file is damaged, or others may write it. It is not used. */
  readonly label: Omit<Label, "identity"> | undefined;
}
/** The files of a cache folder, the latest first; none if there is no folder. */
export const codeCacheFiles = (folder: string): CacheEntry[] =>
  (attempt(() => filesOf(folder)) ?? []).map((file) => ({ ...file, label: attempt(() => readCacheFile(readOwn(file.path))?.label) }));
/** Removes the files of a cache folder. Returns those that it removed. */
export const clearCodeCache = (folder: string): CacheFile[] => {
  const files = attempt(() => filesOf(folder)) ?? [];
  for (const { path } of files) rmSync(path, { force: true });
  // Compiled forms of our own scripts (bin/caches.js).
  if (folder === cacheFolder()) rmSync(join(folder, "scripts"), { recursive: true, force: true });
  return files;
};

/** Regions with equal keys are alternatives to each other. */
const keyOf = ({ roots, entries, context, compiled: { machine, color } }: CachedRegion): string =>
  JSON.stringify([roots[0], entries, context, machine, color]);
/** Adds regions of a run that has saved the same unit meanwhile. */
const merged = (ours: CachedRegions, theirs: CachedRegions): CachedRegions => {
  const known = new Set(ours.regions.map(keyOf));
  const by = (ours.position ?? 0) - (theirs.position ?? 0);
  const both = (own: readonly number[], others: readonly number[]) => [...new Set([...own, ...others.map((ip) => ip + by)])];
  return {
    ...ours,
    regions: [...ours.regions, ...theirs.regions.filter((region) => !known.has(keyOf(region)))],
    called: both(ours.called, theirs.called),
    jumped: both(ours.jumped, theirs.jumped),
  };
};

/** `conditions`: the settings that regions depend on, besides the host's. */
export const nodeCodeStore = (folder: string, conditions: readonly unknown[]): CodeStore => {
  /** Code is for the build that made it; a build that is not complete keeps none. */
  const host = late(() => {
    const build = attempt(() => readFileSync(new URL("../.stamp", import.meta.url), "utf8"));
    return build ? [build, process.version, process.arch, process.execArgv, process.env["NODE_OPTIONS"]] : undefined;
  });
  const identityOf = (unit: CodeUnit): string | undefined => {
    const known = host();
    return known && JSON.stringify([known, conditions, unit.id]);
  };
  const fileOf = (identity: string): string => cachePath(folder, identity);
  const inodeOf = (file: string): number => attempt(() => statSync(file, { throwIfNoEntry: false })?.ino) ?? 0;
  /** The inodes of loaded files by identity: another run makes a new one. */
  const loaded = new Map<string, number>();
  return {
    load: (unit) => {
      const identity = identityOf(unit);
      if (identity === undefined) return undefined;
      const file = fileOf(identity);
      const inode = inodeOf(file);
      loaded.set(identity, inode);
      // Most units have no file, and an error costs more than the call.
      if (inode === 0) return undefined;
      const cached = attempt(() => unpack(readOwn(file), identity));
      if (cached) noteUse(file);
      return cached;
    },
    save: (units) => {
      for (const [unit, cached] of units) {
        const identity = identityOf(unit);
        if (identity === undefined) return;
        const file = fileOf(identity);
        const theirs = loaded.get(identity) === inodeOf(file) ? undefined : attempt(() => unpack(readOwn(file), identity));
        const all = theirs ? merged(cached, theirs) : cached;
        attempt(() => writeOwn(folder, file, pack(all, { identity, name: unit.name, regions: all.regions.length })));
      }
      attempt(() => makeRoom(folder));
    },
    module: ({ native, wasm }: CompiledRegion) => native && withNatives(({ deserialize }) => deserialize(native.slice().buffer, wasm)),
    native: (_made, module, region) =>
      typeof region === "function"
        ? withNatives(({ isOptimised, serialize }) => (isOptimised(region) ? new Uint8Array(serialize(module)) : undefined))
        : undefined,
    handlers: nodeHandlerStore(folder, host),
  };
};
