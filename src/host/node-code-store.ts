// Compiled regions of a program between its runs: a file per program in the user's cache, with V8's code for
// them. V8 trusts the code in such a file. So the file is read only if it is whole and no other user can have
// written it. V8 refuses code of another version, for another processor, or under other flags.
import {
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import vm from "node:vm";
import type { CachedRegion, CachedRegions, CodeStore, CompiledRegion } from "../machine/code-memory.ts";
import { readRegular } from "./node-bytes.ts";
import { failure } from "./node-errno.ts";
import { crc32, setFlagsFromString } from "./node-internals.ts";

/** Bytes of all files together: the oldest go. */
const room = 256 * 2 ** 20;
/** The greatest size of one file in bytes. To read more would cost a run more than it saves. */
const most = 64 * 2 ** 20;

/** As os.homedir() has it, which Node loads when it is first asked to. */
const homeOf = (): string => process.env["HOME"] ?? process.getBuiltinModule("node:os").homedir();

/** Where the XDG base directory specification has it, which wants paths that are not absolute ignored. */
export const cacheFolder = (): string => {
  const { XDG_CACHE_HOME: base = "" } = process.env;
  return join(isAbsolute(base) ? base : join(homeOf(), ".cache"), "trapgate");
};

interface Natives {
  serialize(module: WebAssembly.Module): ArrayBuffer;
  deserialize(code: ArrayBuffer, wasm: Uint8Array): WebAssembly.Module | undefined;
  isOptimised(region: unknown): boolean;
}
/**
 * V8 keeps modules for browsers, and shows no more of that to Node than to its own tests:
 * https://v8.dev/blog/wasm-code-caching. Its flag is set for each call: V8 compiles a function anew that has
 * not been called for long, and compares all flags with those that code was made under.
 */
const withNatives = <T>(use: (natives: Natives) => T): T | undefined => {
  setFlagsFromString("--allow-natives-syntax");
  try {
    natives ??= vm.runInThisContext(`({
      serialize: (module) => %SerializeWasmModule(module),
      deserialize: (code, wasm) => %DeserializeWasmModule(code, wasm),
      isOptimised: (region) => %IsTurboFanFunction(region),
    })`) as Natives;
    return use(natives);
  } catch {
    // Another V8.
    return undefined;
  } finally {
    setFlagsFromString("--no-allow-natives-syntax");
  }
};
let natives: Natives | undefined;

/**
 * The head of a file, u32 each: a checksum of the rest, and the length of its text. Then come JSON and the
 * bytes that it refers to.
 */
const header = 8;
/** Where bytes lie behind the text, and how many. */
type Place = readonly [from: number, length: number];
type PackedMade = Omit<CompiledRegion, "wasm" | "native"> & { readonly wasm: Place; readonly native?: Place };
type PackedRegion = Omit<CachedRegion, "compiled" | "code" | "landings"> & {
  readonly compiled: PackedMade;
  readonly code: readonly { readonly address: number; readonly bytes: Place }[];
  readonly landings: readonly (readonly [CachedRegion["landings"][number][0], number | null])[];
};
/** `identity`: of the program, and of the machine and settings that the regions fit. */
interface Packed extends Omit<CachedRegions, "regions"> {
  readonly identity: string;
  readonly regions: readonly PackedRegion[];
}

const pack = (kept: CachedRegions, identity: string): Buffer => {
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
  const packed: Packed = { ...kept, identity, regions };
  const text = Buffer.from(JSON.stringify(packed));
  const head = Buffer.alloc(header);
  head.writeUInt32LE(text.length, 4);
  const file = Buffer.concat([head, text, ...parts]);
  file.writeUInt32LE(crc32(file.subarray(4)), 0);
  return file;
};
const unpack = (file: Buffer, identity: string): CachedRegions | undefined => {
  if (file.length < header || crc32(file.subarray(4)) !== file.readUInt32LE(0)) return undefined;
  const behind = header + file.readUInt32LE(4);
  const packed = JSON.parse(file.toString("utf8", header, behind)) as Packed;
  if (packed.identity !== identity) return undefined;
  const bytes = ([from, length]: Place) => new Uint8Array(file.buffer as ArrayBuffer, file.byteOffset + behind + from, length);
  const regions = packed.regions.map(
    ({ compiled: { wasm, native, ...made }, code, landings, ...region }): CachedRegion => ({
      ...region,
      compiled: { ...made, wasm: bytes(wasm), ...(native ? { native: bytes(native) } : {}) },
      code: code.map(({ address, bytes: place }) => ({ address, bytes: bytes(place) })),
      landings: landings.map(([door, landing]) => [door, landing ?? undefined]),
    }),
  );
  return { regions, called: packed.called, jumped: packed.jumped };
};

/** The content of a file, if it is regular, whole and this user's. */
const read = (file: string, identity: string): CachedRegions | undefined => {
  const isOurs = ({ size, uid, mode }: Stats): void => {
    if (size > most || uid !== process.getuid?.() || (mode & 0o022) !== 0) throw failure("EPERM");
  };
  return unpack(readRegular(file, constants.O_NOFOLLOW, isOurs), identity);
};

const makeRoom = (folder: string): void => {
  const files = readdirSync(folder)
    .map((name) => ({ name, status: lstatSync(join(folder, name)) }))
    .filter(({ status }) => status.isFile());
  let all = files.reduce((sum, { status }) => sum + status.size, 0);
  for (const { name, status } of files.sort((a, b) => a.status.mtimeMs - b.status.mtimeMs)) {
    if (all <= room) return;
    rmSync(join(folder, name), { force: true });
    all -= status.size;
  }
};

/**
 * The recursive mkdir of Node.js does not end on a file system where no directory can be made, such as /proc.
 */
const makeFolder = (folder: string): void => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
};

const write = (folder: string, file: string, content: Buffer): void => {
  if (content.length > most) return;
  makeFolder(folder);
  // A concurrent reader reads the old file.
  const beside = `${file}.${process.pid}`;
  rmSync(beside, { force: true });
  try {
    // "wx": nothing that lies there is opened.
    writeFileSync(beside, content, { mode: 0o600, flag: "wx" });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  makeRoom(folder);
};

/** A cache that cannot be read or written is none. */
const attempt = <T>(action: () => T): T | undefined => {
  try {
    return action();
  } catch {
    return undefined;
  }
};

/** Computed when it is first asked for. */
const late = <T>(compute: () => T): (() => T) => {
  let known: { readonly value: T } | undefined;
  return () => {
    known ??= { value: compute() };
    return known.value;
  };
};

/** `program`: the values that identify a program and the conditions of its regions. */
export const nodeCodeStore = (folder: string, program: readonly unknown[]): CodeStore => {
  /** Code is for the build that made it; a build that is not complete keeps none. */
  const place = late(() => {
    const build = attempt(() => readFileSync(new URL("../.stamp", import.meta.url), "utf8"));
    if (build === undefined) return undefined;
    const identity = JSON.stringify([build, process.version, process.arch, process.execArgv, process.env["NODE_OPTIONS"], program]);
    return { identity, file: join(folder, crc32(Buffer.from(identity)).toString(16).padStart(8, "0")) };
  });
  return {
    load: () => {
      const known = place();
      return known && attempt(() => read(known.file, known.identity));
    },
    save: (kept) => {
      const known = place();
      if (known) attempt(() => write(folder, known.file, pack(kept, known.identity)));
    },
    module: ({ native, wasm }: CompiledRegion) => native && withNatives(({ deserialize }) => deserialize(native.slice().buffer, wasm)),
    native: (_made, module, region) =>
      typeof region === "function"
        ? withNatives(({ isOptimised, serialize }) => (isOptimised(region) ? new Uint8Array(serialize(module)) : undefined))
        : undefined,
  };
};
