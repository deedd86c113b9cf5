// The common part of `run` and `trace`: options, and the machine and the program that follow from them.
import { existsSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { E, type ErrnoName } from "../abi/errno.ts";
import { engines } from "../cpu/engine.ts";
import type { CodeStore } from "../cpu/jit/cache/format.ts";
import { hostCpu } from "../host/host-cpu.ts";
import { hostBytes, type OpenBytes, readRegular, standardInput } from "../host/node-bytes.ts";
import { nodeCodeStore } from "../host/node-code-store.ts";
import { nodeTree } from "../host/node-tree.ts";
import { cacheFolder } from "../host/user-cache.ts";
import { type Bug, bugs, type ProfileName, type Switches, vsyscallModes } from "../kernel/base/profile.ts";
import type { BootOptions } from "../machine/boot.ts";
import { lazyElfProblem } from "../machine/lazy.ts";
import type { Machine } from "../machine/machine.ts";
import type { MountOptions, ProgramOptions } from "../machine/options.ts";
import { PATH, type Started } from "../machine/session.ts";
import type { TerminalOptions } from "../machine/standard-streams.ts";
import { Problem } from "../problem.ts";
import { address, count, environment, integer, mount, oneOf, type parse, seconds, size, user } from "./arguments.ts";
import { newestTime } from "./clock.ts";
import { checkOutput } from "./save/output-file.ts";
import { lazyGuardedHeap, lazyHeapWarning } from "./starts/lazy.ts";

/** The options for the guest kernel's configuration. */
export const switchOptions = {
  x32: { type: "boolean" },
  "no-ia32": { type: "boolean" },
  vsyscall: { type: "string" },
  bug: { type: "string", multiple: true },
} as const;

/** The options that choose a machine and a program. */
export const programOptions = {
  root: { type: "string" },
  mount: { type: "string", multiple: true },
  env: { type: "string", multiple: true, short: "e" },
  "env-pass": { type: "string", multiple: true },
  hostname: { type: "string" },
  clock: { type: "string" },
  cpus: { type: "string" },
  cwd: { type: "string" },
  uid: { type: "string" },
  kernel: { type: "string" },
  cpu: { type: "string" },
  ...switchOptions,
  seed: { type: "string" },
  memory: { type: "string" },
  pids: { type: "string" },
  files: { type: "string" },
  "cpu-time": { type: "string" },
  "guarded-heap": { type: "boolean" },
  policy: { type: "string" },
  thread: { type: "string" },
  container: { type: "string" },
  engine: { type: "string" },
} as const;

/** The options of run and trace, for util.parseArgs. */
export const runOptions = {
  ...programOptions,
  overlay: { type: "string" },
  net: { type: "string" },
  publish: { type: "string", multiple: true },
  dns: { type: "string", multiple: true },
  image: { type: "string" },
  "image-size": { type: "string" },
  schedule: { type: "string" },
  why: { type: "boolean" },
  "why-json": { type: "string" },
  timeout: { type: "string" },
  "kernel-log": { type: "boolean" },
  crash: { type: "boolean" },
  stats: { type: "boolean" },
  "code-cache": { type: "string" },
  "dump-jit": { type: "string" },
  "record-on-failure": { type: "string" },
} as const;

/** The options --net, --publish and --dns. */
export interface NetworkWords {
  readonly net: string | undefined;
  readonly publish: readonly string[];
  readonly dns: readonly string[] | undefined;
}

/** Where a run is recorded. `onFailure`: the file stays only if the exit status is not 0. */
export interface RecordWords {
  readonly file: string;
  readonly option: string;
  readonly onFailure: boolean;
}

/** A run, ready to start: the options of machine and program, and the command's own. */
export interface PreparedRun {
  readonly machine: BootOptions;
  /** Absolute path in the guest. */
  readonly path: string;
  readonly program: ProgramOptions;
  readonly kernelLog: boolean;
  /** The option --overlay: `execute` opens it. */
  readonly overlay?: string;
  /** The options of the network: `execute` makes it. */
  readonly network?: NetworkWords;
  /** The option --image: `execute` opens it. */
  readonly image?: { readonly path: string; readonly most: number | undefined };
  /** The option --guarded-heap of a run with an image: its program is known when that is open. */
  readonly hasGuardedHeap?: boolean;
  readonly record?: RecordWords;
  /** Makes the machine of a snapshot's file, whose program goes on. */
  readonly continues?: (boot: BootOptions) => { readonly machine: Machine; readonly program: Started };
  /** The terminal of that program, from this process's. */
  readonly terminal?: (own: TerminalOptions | undefined) => TerminalOptions | undefined;
  /** All of standard input, in place of this process's. */
  readonly stdin?: Uint8Array;
  /** Ends the use of an opened image. */
  readonly closes?: () => void;
  readonly crash: boolean;
  readonly stats: boolean;
  /** The option --policy: `execute` reads it. */
  readonly policy?: { readonly file: string; readonly thread: string | undefined; readonly container: string | undefined };
  readonly why: boolean;
  readonly whyJson?: string;
  readonly dumpJit?: number;
  readonly code?: CodeStore;
  /** The folder for starts of runs. */
  readonly starts?: string | undefined;
  /** The program's file, if it is the host's own, to be closed. */
  readonly file?: OpenBytes;
}

type Values = ReturnType<typeof parse<typeof runOptions>>["values"];

/** The status of a path on the host. Undefined also if a parent is no folder or a name is too long. */
const statusOf = (path: string): Stats | undefined => (existsSync(path) ? statSync(path) : undefined);

/** A folder of the host. Throws a Problem if it is none. */
export const tree = (option: string, path: string, writable: boolean) => {
  if (!statusOf(path)?.isDirectory()) throw new Problem("bad-mount", `${option}: ${path} is not a folder`);
  return nodeTree(path, { writable });
};

/** The option --mount. */
export const mounts = (list: readonly string[]): MountOptions[] =>
  list.map((text) => {
    const { host, guest, mode } = mount(text);
    return { tree: tree("--mount", host, mode === "rw"), at: guest, mode };
  });

/** Without a root of its own: the host's file, at its own absolute path in the guest. */
const hostProgram = (name: string): { readonly path: string; readonly bytes: OpenBytes; readonly mode: number } => {
  const path = resolve(name);
  const stat = statusOf(path);
  if (!stat) throw lazyElfProblem().executionProblem(name, E.ENOENT);
  if (stat.isFile() && /\.zip$/i.test(name))
    throw new Problem("not-executable", `${name}: is an archive, not a program`, {
      help: "a saved run is opened in the page: trapgate lab, then Open…",
    });
  if (stat.isDirectory()) throw lazyElfProblem().executionProblem(name, E.EISDIR, { isDirectory: true });
  if (!stat.isFile()) throw lazyElfProblem().executionProblem(name, E.EACCES);
  if ((stat.mode & 0o111) === 0) throw lazyElfProblem().executionProblem(name, E.EACCES);
  try {
    return { path, bytes: hostBytes(path), mode: stat.mode & 0o777 };
  } catch (error) {
    throw lazyElfProblem().executionProblem(name, E[(error as NodeJS.ErrnoException).code as ErrnoName] ?? E.EIO);
  }
};

/** A schedule, or the file that holds one. */
export const scheduleOf = (text: string): string => (statusOf(text)?.isFile() ? readRegular(text).toString("utf8") : text);

const optional = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });

/** Variables of the host's environment. */
const passed = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      if (name === "" || name.includes("="))
        throw new Problem("bad-value", `--env-pass wants the name of a variable, not ${JSON.stringify(name)}`, {
          help: "--env NAME=VALUE sets one",
        });
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
const policyOf = ({ policy: file, thread, container }: Values) => {
  if (file !== undefined) return { file, thread, container };
  const option = thread !== undefined ? "--thread" : container !== undefined ? "--container" : undefined;
  if (option) throw new Problem("usage", `${option} selects a part of a policy: it needs --policy FILE`);
  return undefined;
};
/** The options of the network; undefined: no option says anything. */
export const networkOf = ({ net, publish = [], dns }: Values): NetworkWords | undefined =>
  (net === undefined || net === "none") && publish.length === 0 && dns === undefined ? undefined : { net, publish, dns };
const recordOf = ({ "record-on-failure": file }: Values): RecordWords | undefined =>
  file === undefined ? undefined : { file, option: "--record-on-failure", onFailure: true };
const dumpOf = (values: Values) =>
  optional("dumpJit", values["dump-jit"] === undefined ? undefined : address(values["dump-jit"], "--dump-jit"));

/** The guest kernel's configuration from the options of the same names. */
export const switchesOf = (values: Pick<Values, "x32" | "no-ia32" | "vsyscall" | "bug">): Partial<Switches> => ({
  ...optional("x32", values.x32),
  ...optional("ia32", values["no-ia32"] ? false : undefined),
  ...optional("vsyscall", values.vsyscall === undefined ? undefined : oneOf(values.vsyscall, vsyscallModes, "--vsyscall")),
  ...optional(
    "bugs",
    values.bug?.map((name) => oneOf(name, Object.keys(bugs) as Bug[], "--bug")),
  ),
});

/** Under the host's own root a program starts where the user is, as with env(1) or strace(1). */
const cwdOf = ({ cwd, root }: Values): string | undefined => {
  if (cwd !== undefined || root === undefined) return cwd;
  try {
    return resolve(root) === "/" ? process.cwd() : undefined;
  } catch {
    // The user's folder was removed.
    return undefined;
  }
};

/**
 * The time of the newest of the host's files that the guest sees (clock.ts); it is rounded if the run leaves
 * no file behind, whose time would be that of the guest. Without files of the host, and in a run by a
 * schedule, which repeats another one, it is the machine's own day.
 */
const clockOf = (values: Values): number | string | undefined => {
  const { clock, root, mount: mounted = [], overlay, schedule } = values;
  if (clock !== undefined || schedule !== undefined) return clock;
  if (root === undefined && mounted.length === 0 && overlay === undefined) return undefined;
  const mounts = mounted.map(mount);
  const folders = [root, cwdOf(values), overlay, ...mounts.map(({ host }) => host)];
  const isRound = overlay === undefined && mounts.every(({ mode }) => mode !== "rw");
  return newestTime(
    folders.filter((one) => one !== undefined),
    isRound,
  );
};

const machineOptions = (values: Values): BootOptions => ({
  // The machine reports an unknown name.
  ...optional("kernel", values.kernel as ProfileName | undefined),
  ...switchesOf(values),
  ...optional("cpu", values.cpu === "host" ? hostCpu() : values.cpu),
  ...optional("engine", values.engine === undefined ? undefined : oneOf(values.engine, engines, "--engine")),
  ...optional("hostname", values.hostname),
  ...optional("clock", clockOf(values)),
  ...optional("cpus", values.cpus === undefined ? undefined : count(values.cpus, "--cpus")),
  ...optional("seed", values.seed === undefined ? undefined : integer(values.seed, "--seed")),
  ...optional("memory", values.memory === undefined ? undefined : size(values.memory, "--memory")),
  ...optional("pids", values.pids === undefined ? undefined : count(values.pids, "--pids")),
  ...optional("openFiles", values.files === undefined ? undefined : count(values.files, "--files")),
  ...optional("cpuTime", values["cpu-time"] === undefined ? undefined : seconds(values["cpu-time"], "--cpu-time")),
  ...optional("root", values.root === undefined ? undefined : tree("--root", values.root, false)),
  mounts: mounts(values.mount ?? []),
});

/** The folder of the cache. None with --dump-jit, so that the region is compiled in this run. */
const cacheOf = (values: Values): string | undefined => {
  const { "code-cache": folder = cacheFolder() ?? "off", engine = "auto" } = values;
  if (folder === "" || (folder !== "off" && statusOf(folder)?.isDirectory() === false))
    throw new Problem("bad-value", `--code-cache wants a folder or off, not ${JSON.stringify(folder)}`);
  if (folder === "off" || engine !== "auto" || values["dump-jit"] !== undefined) return undefined;
  // The files of the cache are code to the host, so no guest may write them.
  const writable = (values.mount ?? []).map(mount).filter(({ mode }) => mode === "rw");
  return writable.some(({ host }) => isWithin(folder, host)) ? undefined : folder;
};
/** Compiled code between runs. */
export const codeStoreOf = (values: Values): CodeStore | undefined => {
  const folder = cacheOf(values);
  return folder === undefined ? undefined : nodeCodeStore(folder, [values.cpu, values.memory]);
};
/**
 * The folder for starts of runs: none for a run that is observed, is no function of its files, or reads
 * standard input from a file.
 */
export const startsFolderOf = (values: Values): string | undefined => {
  const { mount: mounted = [], "cpu-time": time, overlay, schedule, image, why } = values;
  const words = [
    time,
    overlay,
    schedule,
    image,
    why,
    values["why-json"],
    values.crash,
    values["kernel-log"],
    values["dump-jit"],
    networkOf(values),
    recordOf(values),
  ];
  if (words.some((word) => word !== undefined)) return undefined;
  return mounted.map(mount).some(({ mode }) => mode === "rw") ? undefined : cacheOf(values);
};
/** Is a path, which need not exist yet, that of a folder or in it? */
const isWithin = (path: string, folder: string): boolean => {
  const real = (p: string): string => (existsSync(p) ? realpathSync(p) : join(real(dirname(p)), basename(p)));
  const from = relative(real(resolve(folder)), real(resolve(path)));
  return !isAbsolute(from) && from.split(sep)[0] !== "..";
};

/** An option before the end of the command line that may have taken PROG as its value. */
const swallowed = (values: Values): string | undefined => {
  const [option, value] = Object.entries(values).at(-1) ?? [];
  const text = Array.isArray(value) ? value.at(-1) : value;
  return typeof text === "string" ? `${JSON.stringify(text)} is the value of --${option}` : undefined;
};
/** A program from standard input (`-`) is read whole. */
const MOST_STDIN = 2 ** 30;

/** Checks the options of a run and opens its files. Throws a Problem for a mistake of the user. */
export const prepare = (values: Values, rest: readonly string[]): PreparedRun => {
  const { image } = values;
  if (image !== undefined && values.root !== undefined) throw new Problem("usage", "--image and --root are two roots: only one can be");
  // An image has a program, so all words after it are arguments.
  const [name, ...args] = image === undefined ? rest : [image, ...rest];
  if (name === undefined) throw new Problem("missing-argument", "which program?", { help: swallowed(values) });
  const variables = { ...passed(values["env-pass"] ?? []), ...environment(values.env ?? []) };
  const { files, env } = values["guarded-heap"] ? lazyGuardedHeap().guardedHeap(variables) : { env: variables, files: undefined };
  const machine = { ...machineOptions(values), ...optional("files", files) };
  const uid = values.uid === undefined ? undefined : user(values.uid, "--uid");
  checkOutput(values["why-json"], "--why-json");
  const program: ProgramOptions = {
    args,
    argv0: name,
    env,
    ...optional("cwd", cwdOf(values)),
    ...optional("uid", uid),
    ...optional("timeout", values.timeout === undefined ? undefined : seconds(values.timeout, "--timeout")),
    ...optional("schedule", values.schedule === undefined ? undefined : scheduleOf(values.schedule)),
  };
  const common = {
    program,
    kernelLog: values["kernel-log"] ?? false,
    crash: values.crash ?? false,
    stats: values.stats ?? false,
    why: values.why ?? false,
    ...optional("whyJson", values["why-json"]),
    ...optional("policy", policyOf(values)),
    ...optional("network", networkOf(values)),
    ...optional("overlay", values.overlay),
    ...optional("record", recordOf(values)),
    ...dumpOf(values),
    ...optional("code", codeStoreOf(values)),
  };
  if (image !== undefined) {
    const most = values["image-size"] === undefined ? undefined : size(values["image-size"], "--image-size");
    return { ...common, machine, path: name, image: { path: image, most }, hasGuardedHeap: files !== undefined };
  }
  if (name === "-") {
    // /dev/shm is in memory for every kind of root.
    const path = values.root === undefined ? "/program" : "/dev/shm/program";
    const content = standardInput(MOST_STDIN);
    if (content === undefined) throw new Problem("usage", "the program on standard input has more than 1 GiB");
    if (files) lazyHeapWarning().warnWithoutHeap(machine, path, program, { searched: PATH, content });
    return { ...common, machine: { ...machine, files: { ...files, [path]: { content, mode: 0o755 } } }, path };
  }
  if (values.root !== undefined) {
    if (files) lazyHeapWarning().warnWithoutHeap(machine, name, program, { searched: PATH });
    return { ...common, machine, path: name };
  }
  if (files) throw lazyGuardedHeap().withoutLibraries();
  const file = hostProgram(name);
  return {
    ...common,
    machine: { ...machine, files: { [file.path]: { content: file.bytes, mode: file.mode } } },
    path: file.path,
    file: file.bytes,
  };
};

/** The bytes of --stdin. Throws a Problem for a file that cannot be read. */
export const inputFile = (file: string): Uint8Array => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `--stdin: cannot read ${file}`, { cause });
  }
};
