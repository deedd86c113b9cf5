// Compiled regions of a program between its runs, a file for each program in the user's cache, with V8's code for them. To V8 a file's code is its own: so
// it is read only if nobody but this user can have written it, and if it is whole. V8 refuses code that another version of it has made, for another
// processor, or under other flags.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import vm from "node:vm";
import type { CodeStore, Kept, Made } from "../machine/code-memory.ts";

/** Bytes of all files together: the oldest go. */
const room = 256 * 2 ** 20;
/** Bytes of one file: what a program's next run would not pay for reading. */
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
 * V8 keeps modules for browsers, and shows no more of that to Node than to its own tests: https://v8.dev/blog/wasm-code-caching. Its flag is set for each call: V8
 * compiles a function anew that has not been called for long, and compares all flags with those that code was made under.
 */
const withNatives = <T>(use: (natives: Natives) => T): T | undefined => {
  v8().setFlagsFromString("--allow-natives-syntax");
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
    v8().setFlagsFromString("--no-allow-natives-syntax");
  }
};
let natives: Natives | undefined;

/** Node loads these when it is first asked to: most programs end before that. */
const v8 = (): typeof import("node:v8") => process.getBuiltinModule("node:v8");
const digestOf = (bytes: Uint8Array): Buffer => process.getBuiltinModule("node:crypto").createHash("sha256").update(bytes).digest();
const digestLength = 32;

/** What is in a file, if it is whole and this user's. */
const read = (file: string): Kept | undefined => {
  const status = statSync(file, { throwIfNoEntry: false });
  if (!status || status.size > most || status.uid !== process.getuid?.() || (status.mode & 0o022) !== 0) return undefined;
  const bytes = readFileSync(file);
  const content = bytes.subarray(digestLength);
  if (!digestOf(content).equals(bytes.subarray(0, digestLength))) return undefined;
  return v8().deserialize(content) as Kept;
};

const makeRoom = (folder: string): void => {
  const files = readdirSync(folder).map((name) => ({ name, status: statSync(join(folder, name)) }));
  let all = files.reduce((sum, { status }) => sum + status.size, 0);
  for (const { name, status } of files.sort((a, b) => a.status.mtimeMs - b.status.mtimeMs)) {
    if (all <= room) return;
    rmSync(join(folder, name), { force: true });
    all -= status.size;
  }
};

/** Node's recursive mkdir does not end where a file system has folders but lets nobody make one, such as /proc. */
const makeFolder = (folder: string): void => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
};

const write = (folder: string, file: string, kept: Kept): void => {
  const content = v8().serialize(kept);
  if (content.length + digestLength > most) return;
  makeFolder(folder);
  // Whoever reads it meanwhile reads the old one.
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, Buffer.concat([digestOf(content), content]), { mode: 0o600 });
  renameSync(beside, file);
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

/** `program`: what tells one from another, and what its regions depend on. */
export const nodeCodeStore = (folder: string, program: readonly unknown[]): CodeStore => {
  /** Code is for the build that made it; a build that is not complete keeps none. */
  const file = late(() => {
    const build = attempt(() => readFileSync(new URL("../.stamp", import.meta.url), "utf8"));
    if (build === undefined) return undefined;
    const identity = [build, process.version, process.arch, process.execArgv, process.env["NODE_OPTIONS"], program];
    return join(
      folder,
      digestOf(Buffer.from(JSON.stringify(identity)))
        .toString("hex")
        .slice(0, 32),
    );
  });
  return {
    load: () => {
      const name = file();
      return name === undefined ? undefined : attempt(() => read(name));
    },
    save: (kept) => {
      const name = file();
      if (name !== undefined) attempt(() => write(folder, name, kept));
    },
    module: ({ native, wasm }: Made) => native && withNatives(({ deserialize }) => deserialize(native.slice().buffer, wasm)),
    native: (_made, module, region) =>
      typeof region === "function"
        ? withNatives(({ isOptimised, serialize }) => (isOptimised(region) ? new Uint8Array(serialize(module)) : undefined))
        : undefined,
  };
};
