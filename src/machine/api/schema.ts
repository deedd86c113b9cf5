// Schemas of library users' options. A name added to an interface in options.ts must be added here too; the
// types demand it.
import { z } from "zod";
import { engines } from "../../cpu/engine.ts";
import { cpuModel, modelNames } from "../../cpu/machine/model.ts";
import { bugs, vsyscallModes } from "../../kernel/base/profile.ts";
import type { HostTreeOptions } from "../../kernel/fs/types/host-tree.ts";
import { ipOf } from "../../kernel/net/address-text.ts";
import type { HostNetwork } from "../../kernel/net/host-network.ts";
import type { HostNetworkOptions, PublishedPort } from "../../kernel/net/outside/network-options.ts";
import { seccompProfileNames } from "../../seccomp/profile/profiles.ts";
import { type ExploreOptions, memoryModels, type Properties, pointsNames, searchNames } from "../explore/options.ts";
import type { FileBytes, FileOptions, Hooks, MachineOptions, MountOptions, ProgramOptions, TraceOptions } from "../options.ts";
import type { Shard } from "../shard.ts";
import { bytesOf, MAX_MEMORY, MIN_MEMORY } from "../size.ts";
import type { ForkOptions, ReadOptions, RunLimits, StartOptions } from "../snapshot/options.ts";
import { bootTimeOf, isHostname, MAX_CPUS } from "../world.ts";
import { CodeMemory } from "./code-memory.ts";

/** One schema for each member. */
type Shape<T> = { readonly [K in keyof Required<T>]: z.ZodType };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
/** By its tag: `instanceof` is false for arrays of another realm, as test runners have them. */
const isBytes = (value: unknown): boolean => ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
const hasMethods =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    isObject(value) && names.every((name) => typeof value[name] === "function");

const wants = (what: string) => ({ error: what });
const text = z.string(wants("a string"));
const flag = z.boolean(wants("true or false"));
const bytes = z.custom<string | Uint8Array>((value) => typeof value === "string" || isBytes(value), wants("a string or a Uint8Array"));
const call = z.custom((value) => typeof value === "function", wants("a function"));
const whole = (what: string, least: number, most: number = Number.MAX_SAFE_INTEGER) => {
  const error = `${what} from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
};
/** Node's timers take at most 2^31 - 1 ms. */
const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);
const seconds = z.custom<number>(
  (value) => typeof value === "number" && value > 0 && value <= MOST_SECONDS,
  wants(`seconds, more than 0 and at most ${MOST_SECONDS}`),
);
const absolute = z.custom<string>((value) => typeof value === "string" && value.startsWith("/"), wants("an absolute path in the guest"));
const address = z.custom<string>((value) => typeof value === "string" && ipOf(value) !== undefined, wants("an address such as 127.0.0.1"));
const list = <T extends z.ZodType>(item: T) => z.array(item, wants("an array")).readonly();
const record = <T extends z.ZodType>(key: z.ZodString | z.ZodCustom<string, string>, item: T) =>
  z.record(key, item, wants("an object whose keys are names"));
/** A name out of a list; `also` accepts more spellings of them. */
const name = (names: readonly string[]) => z.enum(names as [string, ...string[]]);

const fileBytes = z.custom<FileBytes>((value) => hasMethods("read")(value) && typeof (value as FileBytes).size === "number");
const fileShape = {
  content: z.custom(
    (value) => bytes.safeParse(value).success || fileBytes.safeParse(value).success,
    wants("a string, a Uint8Array or { size, read }"),
  ),
  mode: whole("permission bits", 0, 0o7777).optional(),
} satisfies Shape<FileOptions>;
const file = z
  .custom((value) => typeof value === "string" || isBytes(value))
  .or(z.strictObject(fileShape, wants("a string, a Uint8Array or { content, mode }")));

const tree = z.custom(
  (value) => isObject(value) && isObject(value["root"]) && typeof value["writable"] === "boolean",
  wants("a host tree: { root, writable }"),
);
const mountShape = { tree, at: absolute, mode: name(["ro", "cow", "rw"]) } satisfies Shape<MountOptions>;

/** zod's shape of `MachineOptions`. */
export const machineShape = {
  kernel: name(seccompProfileNames).optional(),
  x32: flag.optional(),
  ia32: flag.optional(),
  vsyscall: name(vsyscallModes).optional(),
  bugs: list(name(Object.keys(bugs))).optional(),
  cpu: z
    .custom((value) => typeof value === "string" && cpuModel(value) !== undefined)
    .or(name(modelNames))
    .optional(),
  hostname: z
    .custom<string>((value) => typeof value === "string" && isHostname(value), wants("a host name of 1 to 64 ASCII characters"))
    .optional(),
  clock: z
    .custom<string | number>(
      (value) => (typeof value === "string" || typeof value === "number") && bootTimeOf(value) !== undefined,
      wants('"now", seconds since 1970 or a text such as 2025-01-01T12:00:00Z'),
    )
    .optional(),
  cpus: whole("a number of processors", 1, MAX_CPUS).optional(),
  seed: whole("a whole number", 0).optional(),
  memory: z
    .custom(
      (value) => {
        const size = typeof value === "number" || typeof value === "string" ? bytesOf(value) : undefined;
        return Number.isInteger(size) && (size as number) >= MIN_MEMORY && (size as number) <= MAX_MEMORY;
      },
      wants(`bytes from ${MIN_MEMORY} to ${MAX_MEMORY}, or a size such as "256M"`),
    )
    .optional(),
  root: tree.optional(),
  overlay: z.custom(hasMethods("begin", "append"), wants('an upper layer, such as hostOverlay("folder") of trapgate/node')).optional(),
  mounts: list(z.strictObject(mountShape, wants("{ tree, at, mode }"))).optional(),
  network: z
    .custom(
      (value) => hasMethods("open")(value) && typeof (value as HostNetwork).reaches === "boolean",
      wants('a network, such as hostNetwork({ reach: "host" }) of trapgate/node'),
    )
    .optional(),
  files: record(absolute, file).optional(),
  engine: name(engines).optional(),
  code: z.custom((value) => value === "off" || value instanceof CodeMemory, wants('a CodeMemory or "off"')).optional(),
  randomizeLayout: flag.optional(),
  pids: whole("a number of threads and processes", 1).optional(),
  openFiles: whole("a number of open files", 1).optional(),
  cpuTime: seconds.optional(),
} satisfies Shape<MachineOptions>;

const treeShape = { writable: flag.optional() } satisfies Shape<HostTreeOptions>;

const port = (least: number) => whole("a port", least, 65535);
const publishedShape = {
  host: port(0),
  guest: port(1),
  protocol: name(["tcp", "udp"]).optional(),
  address: address.optional(),
} satisfies Shape<PublishedPort>;
const networkShape = {
  reach: name(["none", "host"]).optional(),
  loopback: flag.optional(),
  publish: list(z.strictObject(publishedShape, wants("{ host, guest }"))).optional(),
  dns: list(text).optional(),
  listening: call.optional(),
} satisfies Shape<HostNetworkOptions>;

const hooksShape = {
  stdout: call,
  stderr: call,
  trace: call,
  kernelLog: call,
  event: call,
  filter: call,
  crash: call,
  denied: call,
  logged: call,
} satisfies Shape<Hooks>;
const either = <T>(values: readonly T[]) =>
  z.custom<T>((value) => values.includes(value as T), wants(values.map((v) => JSON.stringify(v)).join(" or ")));
const traceShape = {
  follow: flag.optional(),
  column: whole("a column", 0, 1000).optional(),
  calls: text.optional(),
  status: text.optional(),
  signals: text.optional(),
  files: list(text).optional(),
  inject: list(text).optional(),
  read: text.optional(),
  write: text.optional(),
  strings: whole("a number of bytes", 0).optional(),
  verbose: flag.optional(),
  abbrev: text.optional(),
  structures: text.optional(),
  raw: text.optional(),
  hex: either([1, 2]).optional(),
  paths: either([1, 2]).optional(),
  time: name(["seconds", "microseconds", "epoch"]).optional(),
  relative: flag.optional(),
  duration: flag.optional(),
  realTime: flag.optional(),
  numbers: flag.optional(),
  instruction: flag.optional(),
  stack: flag.optional(),
  summary: name(["only", "also"]).optional(),
  sort: name(["instructions", "time", "calls", "errors", "name", "nothing"]).optional(),
  json: flag.optional(),
  pids: list(whole("a process id", 1)).optional(),
  quiet: flag.optional(),
  everyPid: flag.optional(),
  separate: flag.optional(),
} satisfies Shape<TraceOptions>;

/** zod's shape of `ProgramOptions`. */
export const programShape = {
  args: list(text).optional(),
  argv0: text.optional(),
  env: record(text, text).optional(),
  cwd: absolute.optional(),
  uid: whole("a user id", 0, 2 ** 32 - 2).optional(),
  gid: whole("a group id", 0, 2 ** 32 - 2).optional(),
  stdin: bytes.optional(),
  policy: z
    .custom(
      (value) => bytes.safeParse(value).success || hasMethods("bpf")(value),
      wants("filter text, BPF instructions as a Uint8Array, or a policy of trapgate/policy"),
    )
    .optional(),
  trace: z
    .boolean(wants("true, false or trace options such as { follow: true }"))
    .or(z.strictObject(traceShape, wants("true, false or trace options such as { follow: true }")))
    .optional(),
  schedule: text.optional(),
  timeout: seconds.optional(),
  maxOutput: whole("bytes", 0).optional(),
  signal: z.custom(hasMethods("throwIfAborted", "addEventListener", "removeEventListener"), wants("an AbortSignal")).optional(),
  hooks: z.strictObject(hooksShape, wants("an object with functions")).partial().optional(),
} satisfies Shape<ProgramOptions>;

const propertiesShape = {
  never: list(text).optional(),
  pairs: list(text).optional(),
  neverOutput: list(text).optional(),
  exit: whole("an exit status", 0, 255).optional(),
} satisfies Shape<Properties>;
const shardShape = { number: whole("a number", 1), of: whole("a number", 1) } satisfies Shape<Shard>;

const { schedule, timeout, trace, hooks, ...explored } = programShape;
const { network, overlay, ...repeatable } = machineShape;
/** zod's shape of `ExploreOptions`. */
export const exploreShape = {
  ...repeatable,
  ...explored,
  ...propertiesShape,
  departures: whole("a whole number", 0).optional(),
  schedules: whole("a whole number", 1).optional(),
  seconds: seconds.optional(),
  shard: z
    .strictObject(shardShape, wants("{ number, of }"))
    .refine(({ number, of }) => number <= of, wants("{ number, of } with number at most of"))
    .optional(),
  slice: whole("instructions", 1, 999_999_999).optional(),
  search: name(searchNames).optional(),
  atomic: text.optional(),
  depth: whole("a depth", 1, 100).optional(),
  searchSeed: whole("a seed", 0, 2 ** 31 - 1).optional(),
  points: name(pointsNames).optional(),
  minimise: flag.optional(),
  memoryModel: name(memoryModels).optional(),
  splitReads: z.boolean().optional(),
  races: z.union([flag, z.strictObject({ ignore: text.optional() })]).optional(),
} satisfies Shape<ExploreOptions>;

const { timeout: _timeout, signal: _signal, ...startShape } = programShape;
const untilShape = z.union([
  text,
  z.strictObject({ call: text }),
  z.strictObject({ output: text }),
  z.strictObject({ idle: z.literal(true) }),
  z.strictObject({ time: z.number().min(0) }),
  z.strictObject({ instructions: whole("instructions", 0) }),
  z.strictObject({ address: whole("an address", 0) }),
  z.strictObject({ main: z.literal(true) }),
  z.strictObject({ exit: z.literal(true) }),
]);
const forkShape = {
  args: programShape.args,
  env: programShape.env,
  stdin: programShape.stdin,
  files: machineShape.files,
  seed: machineShape.seed,
  hooks: programShape.hooks,
  trace: programShape.trace,
  maxOutput: programShape.maxOutput,
  changed: name(["refuse", "accept"]).optional(),
  connections: name(["refuse", "reset"]).optional(),
} satisfies Shape<ForkOptions>;
const readShape = {
  root: machineShape.root,
  mounts: record(absolute, tree).optional(),
  overlay: machineShape.overlay,
  network: z.union([z.literal("none"), machineShape.network.unwrap()]).optional(),
  changed: name(["refuse", "accept"]).optional(),
} satisfies Shape<ReadOptions>;
const limitsShape = { timeout: programShape.timeout, signal: programShape.signal } satisfies Shape<RunLimits>;

/** The schema of each function's options. Unknown properties are errors. */
export const schemas = {
  machine: z.strictObject(machineShape),
  program: z.strictObject(programShape),
  run: z.strictObject({ ...machineShape, ...programShape }),
  explore: z.strictObject(exploreShape),
  tree: z.strictObject(treeShape),
  network: z.strictObject(networkShape),
  replay: z.strictObject({ ...exploreShape, schedule: text }),
  start: z.strictObject(startShape satisfies Shape<StartOptions>),
  fork: z.strictObject(forkShape),
  forkRun: z.strictObject({ ...forkShape, ...limitsShape }),
  limits: z.strictObject(limitsShape),
  read: z.strictObject(readShape),
  until: z.strictObject({ until: untilShape }),
};
